from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.datasets import PreferenceDataset, chosen_rows, read_chosen
from alignlab.errors import InputError

ROWS = [
    {"prompt": "p", "chosen": "good", "rejected": "bad"},
    {"prompt": "q", "chosen": "good", "rejected": "worse"},
    {"prompt": "p", "chosen": "bad", "rejected": "worst"},
]


class Columns:
    """What answers like a dataset of the Hugging Face library."""

    column_names = ("prompt", "chosen", "rejected")

    def __getitem__(self, name):
        return [row[name] for row in ROWS]


@pytest.mark.parametrize(
    "source",
    [ROWS, pd.DataFrame(ROWS), pd.DataFrame(ROWS).to_dict("list"), Columns(), iter],
    ids=["dictionaries", "frame", "lists", "columns", "file"],
)
def test_every_source_gives_the_same(source, tmp_path):
    if source is iter:
        source = tmp_path / "rows.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    data = read_chosen(source)
    assert data.items == ("good", "bad", "good", "worse", "worst")
    assert data.groups.tolist() == ["p", "p", "q", "q", "p"]
    assert data.pairs().first.tolist() == [0, 2, 1]
    assert data.pairs().preferred.tolist() == [0, 0, 0]
    assert not data.order_known
    assert chosen_rows(data) == ROWS


@given(
    st.lists(
        st.tuples(st.sampled_from("pq"), st.permutations("abcd").map(lambda four: four[:2])),
        min_size=1,
    )
)
def test_rows_come_back(made):
    rows = [{"prompt": p, "chosen": one, "rejected": two} for p, (one, two) in made]
    assert chosen_rows(read_chosen(rows)) == rows


def test_names_annotators_and_messages():
    rows = [
        {
            "better": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}],
            "worse": "x",
            "who": "ann",
        }
    ]
    data = read_chosen(rows, chosen="better", rejected="worse", annotator="who")
    assert data.items == ("user: hi\n\nassistant: ho", "x")
    assert data.annotators.tolist() == ["ann"]
    assert data.groups is None


def test_ties_and_the_order_shown():
    data = PreferenceDataset.from_pairs(["a", "b"], [0, 1], [1, 0], [0.5, 1])
    assert chosen_rows(data) == [{"chosen": "a", "rejected": "b"}]


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        ([], {}, "0 rows"),
        ([{"chosen": "a", "rejected": None}], {}, "Row 1 has no text as 'rejected' but NoneType"),
        ([{"chosen": "a", "rejected": "a"}], {}, "Row 1 has the same text"),
        ([{"chosen": "a", "reject": "b"}], {}, "no column 'rejected' .* Did you mean 'reject'"),
        ([{"chosen": "a", "rejected": "b"}], {"prompt": "promt"}, "no column 'promt'"),
        (["a"], {}, "Row 1 is a str and not a dictionary"),
        ({"chosen": ["a"], "rejected": ["b", "c"]}, {}, "chosen: 1, rejected: 2"),
        (7, {}, "A value of type int has no single table of columns"),
        ({"train": [], "test": []}, {}, "There is no column 'chosen' among 'train', 'test'"),
    ],
)
def test_what_cannot_be_used_is_said(source, options, says):
    with pytest.raises(InputError, match=says):
        read_chosen(source, **options)


def test_only_texts_are_written_as_chosen():
    data = PreferenceDataset.from_pairs([[0.0], [1.0]], [0], [1], [1])
    with pytest.raises(InputError, match="The items are rows; chosen and rejected are texts"):
        chosen_rows(data)
