import time

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.predictors.labels import class_positions, class_text, sorted_classes


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([1, 0, 1], (0, 1)),
        (["1", "0", "1"], (0, 1)),
        (["1.0", "0.0", "1.0"], (0, 1)),
        ([1.0, 0.0, 1.0], ("0", "1")),
        ([True, False, True], (0, 1)),
        ([1, 0, 1], (False, True)),
        (["True", "False", "True"], (False, True)),
        (["yes", "no", "yes"], ("no", "yes")),
        (pd.Categorical(["yes", "no", "yes"], categories=["yes", "no"]), ("no", "yes")),
        (pd.Series(["1", "0", "1"], index=[5, 5, 5]), (np.int64(0), np.int64(1))),
        (np.array([1, 0, 1], dtype=object), (np.float32(0), np.float32(1))),
        (torch.tensor([1, 0, 1]), (0, 1)),
    ],
)
def test_one_class_in_all_its_spellings(labels, classes):
    assert class_positions(labels, classes).tolist() == [1, 0, 1]


def test_leading_zeros_are_another_class():
    with pytest.raises(InputError, match=r"Row 0 has the label '01', .* '1', '2'"):
        class_positions(["01"], (1, 2))


def test_a_class_of_its_own_is_not_taken_for_a_flag():
    assert class_positions(["True", "1"], (1, "True")).tolist() == [1, 0]


def test_an_unknown_label_is_named_with_its_row_and_the_nearest():
    with pytest.raises(InputError) as raised:
        class_positions(["no", "yess"], ("no", "yes"), where="column 'deny'")
    assert str(raised.value) == (
        "Row 1 of column 'deny' has the label 'yess', which is none of the classes 'no', 'yes'. "
        "Did you mean 'yes'?"
    )
    with pytest.raises(InputError) as raised:
        class_positions([2, 0], (0, 1), where="column 'deny'", of_model=True)
    assert str(raised.value) == (
        "Row 0 of column 'deny' has the label '2', which is none of the model's classes '0', '1'. "
        "Rename the labels in the data or, if the model has no labels of its own, name its outputs "
        "with --classes."
    )


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_label_is_named_with_its_row(missing):
    with pytest.raises(InputError, match="Row 2 has no label"):
        class_positions(["a", "b", missing], ("a", "b"))


def test_classes_sort_as_numbers_where_they_are_numbers():
    assert sorted_classes(["10", "9", 2.0]) == (2.0, "9", "10")
    assert sorted_classes([True, False]) == (False, True)
    assert sorted_classes(["no", "yes", "No"]) == ("No", "no", "yes")


@given(st.lists(st.integers(-5, 5), min_size=1), st.randoms())
def test_positions_lead_back_to_the_labels_in_any_spelling(numbers, random):
    spell = [int, float, str, np.int64, np.float32]
    labels = [random.choice(spell)(number) for number in numbers]
    classes = sorted_classes(numbers)
    positions = class_positions(labels, classes)
    assert [classes[position] for position in positions] == numbers
    assert list(classes) == sorted(set(numbers))


@given(st.lists(st.text(), min_size=1))
def test_any_text_is_a_class(texts):
    classes = sorted_classes(texts)
    assert [class_text(classes[at]) for at in class_positions(texts, classes)] == texts


def test_a_million_labels_take_less_than_a_second():
    labels = pd.Series(np.random.default_rng(0).choice(["no", "yes"], 1_000_000))
    start = time.perf_counter()
    class_positions(labels, ("no", "yes"))
    assert time.perf_counter() - start < 1
