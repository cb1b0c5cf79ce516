from __future__ import annotations

import pytest

from alignlab.study.plans.changes import changes_between
from alignlab.study.reading import parse_study

CODE, DATA = {"experiment.py": "a"}, {"data.csv": "b"}


def stated(text, code=CODE, data=DATA):
    return {"study": parse_study(text).to_dict(), "code": code, "data": data}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds: 5", "seeds: 7", ["The number of seeds was changed from 5 to 7."]),
        (
            "Does x raise the score?",
            "Does x lower it?",
            ["The question was changed from “Does x raise the score?” to “Does x lower it?”."],
        ),
        (
            "direction: greater",
            "direction: different",
            ["In hypothesis H1, the direction was changed from greater to different."],
        ),
        (
            "smallest-effect: 0.1",
            "smallest-effect: 0.05",
            ["In hypothesis H1, the smallest effect that matters was changed from 0.1 to 0.05."],
        ),
        (
            "spread: 0.1",
            "where: {data: a}",
            [
                "In hypothesis H1, what it is confined to was changed from nothing to data = a.",
                "In hypothesis H1, the spread expected was changed from 0.1 to nothing.",
            ],
        ),
        (
            "  H1:",
            "  H2:",
            [
                "Hypothesis H2 was not registered; what is found about it is exploratory.",
                "Hypothesis H1 was dropped: “Mending raises the score.”",
            ],
        ),
        ("[plain, mended]", "[plain, mended, new]", ["Level new was added to factor x."]),
        (
            "data: [a, b]",
            "data: [b, c, d]",
            ["Levels c and d were added to factor data.", "Level a was dropped from factor data."],
        ),
        ("data: [a, b]", "data: [b, a]", []),
        ("data: [a, b]", "data: [a, b]\n  n: [1, 2]", ["Factor n was added, with 1 and 2."]),
        ("primary: true", "primary: false", [
            "Of measure score, whether it is primary was changed from true to false."]),
        ("{unit: s}", "{unit: min, label: Cost}", []),
        ("cost: {unit: s}", "time: {}", [
            "Measure time was added.", "The measure cost was dropped."]),
        ("tasks: [data]", "correction: none", [
            "In the analysis, the correction was changed from holm to none.",
            "In the analysis, what counts as a task was changed from data to nothing."]),
        ("experiment:run", "experiment:other", [
            "The function that is run was changed from experiment:run to experiment:other."]),
        ("title: A small study", "title: Another", []),
    ],
)  # fmt: skip
def test_each_difference_is_a_sentence(small_text, old, new, said):
    assert old in small_text
    changed = small_text.replace(old, new, 1)
    assert list(changes_between(stated(small_text), stated(changed))) == said


def test_files_are_named(small_text):
    now = stated(small_text, {"experiment.py": "c", "more.py": "d"}, {})
    assert list(changes_between(stated(small_text), now)) == [
        "experiment.py (code) was changed after the registration.",
        "more.py was added to the code.",
        "data.csv no longer belongs to the data.",
    ]


def test_nothing_changed_is_nothing_said(small_text):
    assert list(changes_between(stated(small_text), stated(small_text))) == []
