from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.datasets import PreferenceDataset, Trajectory, read_preferences, write_preferences
from alignlab.errors import InputError

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def trajectories(draw, n):
    vectors = draw(st.booleans())
    paid = draw(st.booleans())
    made = []
    for _ in range(n):
        steps = draw(st.integers(1, 4))
        state = st.lists(NUMBERS, min_size=2, max_size=2) if vectors else st.integers(0, 9)
        states = draw(st.lists(state, min_size=steps + 1, max_size=steps + 1))
        actions = draw(st.lists(st.integers(0, 3), min_size=steps, max_size=steps))
        rewards = draw(st.lists(NUMBERS, min_size=steps, max_size=steps)) if paid else None
        made.append(Trajectory(states, actions, rewards, ended=draw(st.booleans())))
    return tuple(made)


@st.composite
def datasets(draw):
    n = draw(st.integers(2, 5))
    kind = draw(st.sampled_from(["rows", "texts", "trajectories"]))
    if kind == "rows":
        items = np.array(draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=n, max_size=n)))
    elif kind == "texts":
        items = tuple(draw(st.lists(WORDS, min_size=n, max_size=n)))
    else:
        items = draw(trajectories(n))
    count = draw(st.integers(0, 5))
    shown = [draw(st.permutations(range(n)))[: draw(st.integers(2, n))] for _ in range(count)]
    ranks = [[draw(st.integers(1, 3)) for _ in each] for each in shown]
    names = WORDS.filter(bool)
    who = draw(st.none() | st.lists(names, min_size=count, max_size=count)) if count else None
    groups = draw(st.none() | st.lists(WORDS, min_size=n, max_size=n))
    known = draw(st.booleans())
    made = PreferenceDataset.from_rankings(items, shown, ranks, annotators=who, groups=groups)
    if not known and count:
        made = PreferenceDataset(
            made.items, made.members, made.ranks, made.starts, made.annotators, made.groups, False
        )
    return made


def same(one, two):
    assert one.kind == two.kind
    for name in ("members", "ranks", "starts", "annotators", "groups"):
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None) == (b is None)
        assert a is None or a.tolist() == b.tolist()
    assert one.order_known == two.order_known
    for a, b in zip(one.items, two.items, strict=True):
        if isinstance(a, Trajectory):
            assert json.dumps(a.to_dict()) == json.dumps(b.to_dict())
            assert a.states.dtype == b.states.dtype
        else:
            assert np.array_equal(a, b)


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(datasets())
def test_what_is_written_is_read(tmp_path, ending, data):
    path = tmp_path / f"said{ending}"
    write_preferences(data, path)
    same(data, read_preferences(path))
    before = path.read_bytes()
    write_preferences(read_preferences(path), path)
    assert path.read_bytes() == before


def test_an_answer_is_appended_as_a_line(tmp_path):
    path = tmp_path / "said.jsonl"
    write_preferences(PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1]), path)
    with path.open("a") as stream:
        stream.write('\n{"item": "new", "text": "c"}\n')
        stream.write('{"compared": ["new", 0], "ranks": [1, 1], "annotator": "ann"}\n')
    data = read_preferences(path)
    assert data.items == ("a", "b", "c")
    assert data.pairs().first.tolist() == [0, 2]
    assert data.pairs().preferred.tolist() == [1, 0.5]
    assert data.annotators.tolist() == ["", "ann"]


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_the_other_form_is_seen(tmp_path, ending):
    path = tmp_path / f"hh{ending}"
    if ending == ".jsonl":
        path.write_text('{"chosen": "yes", "rejected": "no"}\n')
    else:
        import pandas as pd

        pd.DataFrame({"chosen": ["yes"], "rejected": ["no"]}).to_parquet(path)
    data = read_preferences(path)
    assert data.items == ("yes", "no")
    assert not data.order_known


@pytest.mark.parametrize(
    ("text", "answers", "known"),
    [
        ("winner,loser,annotator\na,b,ann\nc,b,\n", [0, 0], False),
        ("first,second,preferred\na,b,first\nc,b,tie\n", [0, 0.5], True),
        ("first,second,preferred\na,b,b\nc,b,0.0\n", [1, 0], True),
        ("chosen,rejected,annotator\na,b,ann\nc,b,bob\n", [0, 0], False),
    ],
)
def test_pairs_of_names_are_read_from_a_table(tmp_path, text, answers, known):
    path = tmp_path / "said.csv"
    path.write_text(text)
    data = read_preferences(path)
    assert data.items == ("a", "b", "c")
    pairs = data.pairs()
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 2], [1, 1])
    assert pairs.preferred.tolist() == answers
    assert data.order_known == known
    assert (data.annotators is None) == ("annotator" not in text)
    if data.annotators is not None:
        assert data.annotators[0] == "ann"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("winner;loser\na;b\n", "separated by semicolons: save it with commas"),
        ("winner\tloser\na\tb\n", "separated by tabs"),
        ("winner,loser\na,a\n", "Row 1 of said.csv compares 'a' with itself"),
        ("winner,loser\na,b\nc,\n", "Row 2 of said.csv has no loser"),
        ("winner,loser\na,b,c\n", "Row 1 of said.csv has more cells"),
        ("first,second,preferred\na,b,secnd\n", "Did you mean 'second'"),
        ("one,two\na,b\n", "neither"),
        ("winner,loser\n", "holds no record"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path, text, says):
    path = tmp_path / "said.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_preferences(path)


def test_a_wrong_line_is_shown_a_right_one(tmp_path):
    path = tmp_path / "said.jsonl"
    path.write_text(ITEMS + '{"compared": [0, 1], "winner": 1}\n')
    with pytest.raises(InputError, match=r'\{"compared": \[0, 1\], "ranks": \[1, 2\]'):
        read_preferences(path)


ITEMS = '{"item": 0, "text": "a"}\n{"item": 1, "text": "b"}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no record"),
        ('{"item": 0, "text": "a"\n', "Line 1 of said.jsonl is not JSON"),
        ("[1]\n", "Line 1 of said.jsonl is not a JSON object"),
        ('{"item": 0}\n', 'Line 1 of said.jsonl must hold the item as "text"'),
        ('{"item": 0, "text": 3}\n', "the text is 3"),
        ('{"item": 0, "row": []}\n', "the row is"),
        ('{"item": 0, "row": ["a"]}\n', "not a list of numbers"),
        ('{"item": 0, "states": [0, 1], "actions": [0, 1]}\n', "Line 1 .* 2 states and 2 actions"),
        ('{"item": 0, "text": "a"}\n{"item": 0, "text": "b"}\n', "Line 2 .* the item 0 again"),
        (ITEMS + '{"compare": [0, 1]}\n', "Line 3 .* neither .* Did you mean 'compare'"),
        (ITEMS + '{"compared": [0, 2], "ranks": [1, 2]}\n', "Line 3 .* compares 2, which is no"),
        (ITEMS + '{"compared": [0, 0], "ranks": [1, 2]}\n', "two different items or more"),
        (ITEMS + '{"compared": [0], "ranks": [1]}\n', "two different items or more"),
        (ITEMS + '{"compared": [0, 1], "ranks": [1]}\n', "for 2 items"),
        (ITEMS + '{"compared": [0, 1]}\n', "has ranks None for 2 items"),
        (ITEMS + '{"compared": [0, 1], "ranks": ["x", 2]}\n', "they are numbers"),
        ('{"compared": [0, 1], "ranks": [1, 2]}\n', "has comparisons and no items"),
        (
            '{"item": 0, "row": [1]}\n{"item": 1, "row": [1, 2]}\n',
            "Line 2 of said.jsonl holds a row of 2, and the first",
        ),
        (
            '{"item": 0, "row": [1]}\n{"item": 1, "text": "x"}\n',
            "Line 2 .* holds a text, and the first item is a row",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, text, says):
    path = tmp_path / "said.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_preferences(path)


def test_other_endings_are_refused(tmp_path):
    data = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1])
    with pytest.raises(InputError, match=r"Write to .jsonl or .parquet"):
        write_preferences(data, tmp_path / "said.csv")
    with pytest.raises(InputError, match=r"Did you mean '.jsonl'"):
        read_preferences(tmp_path / "said.json")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"compared": [[0], [1]], "ranks": [1, 2]}', "items go by texts or whole numbers"),
        ('{"compared": [0, 1.0], "ranks": [1, 2]}', "items go by texts or whole numbers"),
        ('{"compared": [0, true], "ranks": [1, 2]}', "items go by texts or whole numbers"),
        ('{"compared": [0, 1], "ranks": [1, true]}', "they are numbers"),
        ('{"compared": [0, 1], "ranks": [1, 2], "order_known": "no"}', "order_known is 'no'"),
    ],
)
def test_what_names_no_item_is_said(line, says, tmp_path):
    path = tmp_path / "said.jsonl"
    path.write_text('{"item": 0, "text": "a"}\n{"item": 1, "text": "b"}\n' + line)
    with pytest.raises(InputError, match=rf"Line 3 of said.jsonl.*{says}"):
        read_preferences(path)


def test_annotators_that_are_numbers_have_names_and_gaps_have_none(tmp_path):
    path = tmp_path / "said.jsonl"
    said = '{"compared": [0, 1], "ranks": [1, 2], "annotator": %s}\n'
    items = '{"item": 0, "text": "a"}\n{"item": 1, "text": "b"}\n'
    path.write_text(items + said % "0" + said % "null")
    assert read_preferences(path).annotators.tolist() == ["0", ""]
    table = tmp_path / "said.csv"
    table.write_text("winner,loser,annotator\na,b,3\nb,c,\n")
    assert read_preferences(table).annotators.tolist() == ["3", ""]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_half_a_character_is_not_written(ending, tmp_path):
    path = tmp_path / f"said.{ending}"
    texts = ["a", "b\ud800"]
    with pytest.raises(InputError, match="Item 1 is no valid Unicode"):
        write_preferences(PreferenceDataset.from_pairs(texts, [0], [1], [0]), path)
    named = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [0], annotators=["\udfff"])
    with pytest.raises(InputError, match=r"annotators\[0\] is no valid Unicode"):
        write_preferences(named, path)
    assert not path.exists()
