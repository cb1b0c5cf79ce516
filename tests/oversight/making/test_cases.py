from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import ImageData, load_example
from alignlab.errors import InputError
from alignlab.oversight.content import checked_item
from alignlab.oversight.items import Advice
from alignlab.oversight.making import case_items

SAID = [[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]]


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "loan_to_value": [0.8, 0.921875, 1.2],
            "year": [1987.0, np.nan, 1990.0],
            "amount": [1169, 5951, 250],
            "single": [True, False, True],
            "paid": ["no", "yes", "no"],
            "who": [17, 18, 19],
        }
    )


def test_a_case_by_hand(table):
    items = case_items(
        table,
        SAID,
        ["no", "yes"],
        columns=["loan_to_value", "year", "amount", "single"],
        labels={"no": "approve", "yes": "deny", "single": "unmarried"},
        key="who",
        called_case="Application",
        worth=[1, 2, 3],
        truth=table["paid"],
        group=["f", None, "m"],
        rows=[2, 1],
        wanted=2,
        name="loans.csv",
    )
    assert [each.key for each in items] == ["19", "18"]
    second = items[1]
    assert second.content == {
        "form": "row",
        "title": "Application 18",
        "cells": [
            ["loan to value", "0.922"], ["year", "missing"], ["amount", "5,951"],
            ["unmarried", "no"],
        ],
    }  # fmt: skip
    assert items[0].content["cells"][1] == ["year", "1990"]
    assert second.choices == ("approve", "deny")
    assert second.advice == Advice("deny", 0.6)
    assert (second.truth, second.stratum) == ("deny", "advice right, truth deny")
    assert (second.worth, second.group, second.wanted) == (2.0, "", 2)
    assert second.source == {
        "row": 1, "table": "loans.csv", "classes": {"approve": "no", "deny": "yes"},
    }  # fmt: skip


def test_a_class_that_is_also_a_cells_value_is_not_renamed_there(table):
    (item,) = case_items(
        table, [[1, 0]] * 3, ["no", "yes"], columns=["paid"], labels={"no": "approve"}, rows=[0]
    )
    assert item.content["cells"] == [["paid", "no"]]


def test_what_is_made_is_what_a_review_takes(table):
    texts = case_items(["a", "b"], None, ["spam", "fine"], truth=["spam", None])
    images = case_items(
        ImageData(np.zeros((2, 4, 4)), ["cat", "dog"]), ["cat", "cat"], ["cat", "dog"]
    )
    for item in (*case_items(table, SAID, ["no", "yes"]), *texts, *images):
        checked_item(item)
    assert texts[0].content == {"form": "text", "title": "Case 0", "text": "a"}
    assert texts[1].advice is None
    assert images[1].content["image"] == {"media": "row-1.png", "alt": "Case 1"}


def test_the_labels_of_a_card_do_for_its_case_too(table):
    labels = {"paid": "the loan", "no": "not repaid"}
    items = case_items(
        table, SAID, ["no", "yes"], columns=["year"], truth=table["paid"], labels=labels
    )
    assert items[0].choices == ("not repaid", "yes")
    with pytest.raises(InputError, match="no column and no class"):
        case_items(table[["year"]], SAID, ["no", "yes"], labels=labels)


def test_gold_is_planted_by_column_or_by_key(table):
    by_column = case_items(table, SAID, ["no", "yes"], gold=[None, "no", ""])
    by_key = case_items(table, SAID, ["no", "yes"], key="who", gold={"18": "no"})
    assert [each.gold for each in by_column] == [each.gold for each in by_key] == [None, "no", None]
    # Neither its looks nor its place tell that it is planted.
    assert set(by_column[1].content) == set(by_column[0].content)


def test_a_card_that_tells_what_happened_is_refused(table):
    card = {"row": 1, "happened": None}
    assert case_items(table, SAID, ["no", "yes"], cards={1: card})[1].card == card
    with pytest.raises(InputError, match=r"card for row 1 says what happened \(no\)"):
        case_items(table, SAID, ["no", "yes"], cards={1: {**card, "happened": "no"}})


def test_the_column_of_what_happened_is_never_shown(table):
    with pytest.raises(InputError, match="'paid' is what happened, and would be shown"):
        case_items(table, SAID, ["no", "yes"], truth=table["paid"])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"key": [1, 1, 2]}, "holds '1' twice, on rows 0 and 1"),
        ({"key": ["a", None, "b"]}, "is missing on row 1"),
        ({"key": ["a"]}, "1 values, and there are 3 cases"),
        ({"key": "whom"}, "no column 'whom' for key. Did you mean 'who'?"),
        ({"columns": ["yaer"]}, "Did you mean 'year'?"),
        ({"columns": []}, "columns is empty"),
        ({"labels": {"yeer": "x"}}, "no column and no class. Did you mean 'year'?"),
        ({"rows": [3]}, "rows are positions from 0 to 2"),
        ({"rows": [0, 0]}, "rows names a case twice"),
        ({"rows": [0.5]}, "rows are positions"),
        ({"worth": [1, 2]}, "worth is 3 finite numbers"),
        ({"worth": [1, 2, np.inf]}, "worth is 3 finite numbers"),
        ({"truth": ["no", "yes", "maybe"]}, "Row 2 of truth has 'maybe'"),
        ({"group": ["a"]}, "group has 1 entries"),
        ({"stratum": ["a"]}, "stratum has 1 entries"),
        ({"gold": {"x": "no"}}, "gold names the case 'x'"),
        ({"gold": [None, None, "perhaps"]}, "Row 2 of gold has 'perhaps'"),
        ({"cards": {7: {}}}, "card for row 7, which is no case"),
        ({"cards": {0: {"row": 2}}}, "card for row 0 explains row 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(table, wrong, told):
    with pytest.raises(InputError) as error:
        case_items(table, SAID, ["no", "yes"], **wrong)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_texts_have_no_columns():
    with pytest.raises(InputError, match="columns are those of a table"):
        case_items(["a"], None, ["x", "y"], columns=["a"])
    with pytest.raises(InputError, match="names a column, and texts have none"):
        case_items(["a"], None, ["x", "y"], key="a")


def test_real_rows_are_written_as_people_write_them():
    table = load_example("mortgage")
    items = case_items(table.features, None, ["no", "yes"], truth=table.outcomes, rows=range(50))
    cells = dict(items[0].content["cells"])
    assert cells["pirat"] == "0.221"  # the file has 0.2210000038146972
    assert cells["unemp"] == "3.9"
    assert max(len(text) for item in items for _, text in item.content["cells"]) <= 6
