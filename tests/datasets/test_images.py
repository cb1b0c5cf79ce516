import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.datasets import ImageData
from alignlab.errors import InputError


def eight(n=2, dtype=float):
    return np.zeros((n, 8, 8), dtype)


def test_pixels_are_floats_from_0_to_1_with_channels_first():
    bytes_ = np.arange(2 * 8 * 9 * 3, dtype=np.uint8).reshape(2, 8, 9, 3)
    data = ImageData(bytes_, [0, 1])
    assert data.images.shape == (2, 3, 8, 9)
    assert data.images.dtype == np.float32
    assert data.images.flags.c_contiguous
    np.testing.assert_array_equal(data.images[1, 2], bytes_[1, :, :, 2] / np.float32(255))
    assert ImageData(eight(), [0, 1]).images.shape == (2, 1, 8, 8)
    assert ImageData(eight(2, bool), [0, 1]).images.dtype == np.float32


def test_a_float_that_passes_1_by_rounding_is_brought_back():
    over = np.full((1, 8, 8), 1 + 1e-7)
    assert ImageData(over, [0]).images.max() == 1


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 8)), "have shape (2, 8)"),
        (np.zeros((2, 4, 8, 8)), "have shape (2, 4, 8, 8)"),
        (np.zeros((0, 8, 8)), "there is no image"),
        (np.zeros((2, 8, 0)), "there is no image"),
        (np.full((2, 8, 8), 200), "the pixels are int64 from 200 to 200. Give uint8"),
        (np.full((2, 8, 8), 1.5), "from 1.5 to 1.5"),
        (np.full((2, 8, 8), -0.1), "from -0.1"),
        (np.full((2, 8, 8), np.nan), "from nan to nan"),
        (np.full((2, 8, 8), "a"), "the pixels are <U1. Give uint8"),
    ],
)
def test_images_that_are_none(images, said):
    with pytest.raises(InputError) as error:
        ImageData(images, [0, 1][: len(images)])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("labels", "classes", "said"),
    [
        ([0], (), "the labels have shape (1,) and there are 2 images"),
        ([[0], [1]], (), "the labels have shape (2, 1)"),
        ([0, 2], ("a", "b"), "the label of image 1 is 2, and there are 2 classes"),
        ([-1, 0], (), "the label of image 0 is -1"),
        ([0.5, 1.0], (), "the labels are float64"),
        (["cat", "dgo"], ("cat", "dog"), "'dgo' is none of the classes cat, dog. Did you mean"),
        ([0, 1], ("a", "a"), "two classes are named 'a'"),
    ],
)
def test_labels_that_are_none(labels, classes, said):
    with pytest.raises(InputError) as error:
        ImageData(eight(), labels, classes)
    assert said in str(error.value)


def test_classes_have_names():
    assert ImageData(eight(), [0, 3]).classes == ("0", "1", "2", "3")
    data = ImageData(eight(3), np.array(["b", "a", "b"], object), ("b", "c", "a"))
    assert data.labels.tolist() == [0, 2, 0]
    assert data.label_names.tolist() == ["b", "a", "b"]


def test_columns_are_rows_of_the_images():
    columns = pd.DataFrame({"breed": ["pug", "boxer"]}, index=[7, 9])
    data = ImageData(eight(), [0, 0], columns=columns)
    assert data.columns.index.tolist() == [0, 1]
    assert data.take([1]).columns["breed"].tolist() == ["boxer"]
    assert len(ImageData(eight(), [0, 0]).columns) == 2
    with pytest.raises(InputError, match="the columns have 2 rows and there are 3 images"):
        ImageData(eight(3), [0, 0, 0], columns=columns)


def test_taken_rows_keep_the_classes():
    data = ImageData(np.arange(4)[:, None, None] * np.ones((4, 8, 8)) / 4, [0, 1, 2, 0], name="x")
    some = data.take(np.array([True, False, False, True]))
    assert some.images[:, 0, 0, 0].tolist() == [0, 0.75]
    assert (some.classes, some.name) == (("0", "1", "2"), "x")
    assert data.take([3, 0]).images[:, 0, 0, 0].tolist() == [0.75, 0]
    with pytest.raises(InputError, match="mask"):
        data.take([True])
    with pytest.raises(InputError, match="there is no image"):
        data.take([])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=60), st.floats(0.1, 0.9), st.integers(0, 9))
def test_each_part_of_a_split_has_its_share(labels, share, seed):
    n = len(labels)
    number = pd.DataFrame({"number": np.arange(n), "half": np.arange(n) % 2})
    data = ImageData(eight(n), labels, columns=number)
    try:
        train, held = data.split(share, seed=seed, by="half")
    except InputError:
        assert n * share < 1 or n * (1 - share) < 1
        return
    assert sorted([*train.columns["number"], *held.columns["number"]]) == list(range(n))
    assert abs(len(held) - share * n) < 1
    for label in set(labels):
        for half in (0, 1):
            cell = ((data.labels == label) & (data.columns["half"] == half)).sum()
            mine = ((held.labels == label) & (held.columns["half"] == half)).sum()
            assert abs(mine - share * cell) < 1
    again = data.split(share, seed=seed, by="half").held_out
    assert again.columns.equals(held.columns)


def test_splits_that_cannot_be_made():
    data = ImageData(eight(4), [0, 1, 0, 1])
    with pytest.raises(InputError, match="share=1 is not between 0 and 1"):
        data.split(1)
    with pytest.raises(InputError, match="no column 'breed' for by"):
        data.split(0.5, by="breed")
    with pytest.raises(InputError, match="of 1 image leaves one side empty"):
        data.take([0]).split(0.5)


def test_it_says_what_it_is():
    assert repr(ImageData(np.zeros((1, 3, 8, 10)), [0], name="pets")) == (
        "ImageData('pets': 1 image of 8×10 pixels, 3 channels, 1 class)"
    )
