"""Sentences that a person without statistics understands, and no more than the band shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.effects import accumulated_local_effects, partial_dependence
from alignlab.transparency.effects.words import amount, leaves_the_data

X = pd.DataFrame(
    {"income": np.linspace(0, 100_000, 1_001), "noise": np.tile([0.0, 1.0, 2.0], 334)[:1_001]}
)


def effects(function, method=partial_dependence, **settings):
    return method(
        function, X, grid={"income": list(range(0, 100_001, 5_000))}, task="classification",
        classes=["no", "yes"], **settings,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (
            lambda r: np.minimum(r["income"], 60_000) / 100_000,
            "The probability of yes rises with income up to 60,000 (from 0.0% to 60%) and is "
            "flat beyond.",
        ),
        (
            lambda r: 0.1 + 0.5 * (r["income"] > 32_000),
            "The probability of yes hardly changes with income up to 30,000, jumps up between "
            "30,000 and 35,000 (from 10% to 60%) and is flat beyond.",
        ),
        (
            lambda r: ((r["income"] - 50_000) / 50_000) ** 2,
            "The probability of yes falls with income up to 50,000 (from 100% to 0.0%) and rises "
            "beyond (from 0.0% to 100%).",
        ),
        (
            lambda r: 1 - r["income"] / 200_000,
            "The probability of yes falls with income (from 100% to 50%).",
        ),
        (lambda r: 0.3 + 0 * r["income"], "The probability of yes does not change with income."),
    ],
)  # fmt: skip
def test_the_course_of_a_curve(function, sentence):
    assert effects(function).sentence("income") == sentence


def test_many_turns_are_not_told_one_by_one():
    said = effects(lambda r: 0.5 + 0.4 * np.sin(r["income"] / 5_000)).sentence("income")
    assert said.startswith("The probability of yes goes up and down with income: it is lowest at")


def test_local_effects_speak_of_points_and_not_of_levels():
    said = effects(lambda r: r["income"] / 200_000, accumulated_local_effects).sentence("income")
    assert said == "The probability of yes rises with income (by 50 points)."


def test_levels_of_a_category():
    rows = pd.DataFrame({"job": ["nurse", "pilot", "clerk"] * 20})

    def model(r):
        return r["job"].map({"nurse": 0.2, "pilot": 0.5, "clerk": 0.05}).to_numpy(float)

    settings = {"task": "classification", "classes": ["no", "yes"]}
    said = partial_dependence(model, rows, **settings).sentence("job")
    assert said == (
        "The probability of yes is highest where job is pilot (50%) and lowest where it is clerk "
        "(5.0%)."
    )
    said = accumulated_local_effects(model, rows, **settings).sentence("job")
    assert (
        said == "The probability of yes is higher by 45 points where job is pilot than where it is "
        "clerk."
    )


def test_what_the_band_does_not_show_is_not_said():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60)})
    found = partial_dependence(
        lambda r: 10 * r["b"] + 0.1 * r["a"] * r["b"], rows, "a", task="regression"
    )
    assert found.sentence("a") == "The predicted value does not surely change with a."


def test_warnings_name_gaps_opposed_rows_and_missing_values():
    side = np.where(np.arange(201) % 10 < 7, 1.0, -1.0)
    rows = pd.DataFrame({"a": [*np.linspace(0, 1, 200), 5.0], "b": side})
    rows.loc[3, "a"] = np.nan
    lines = partial_dependence(
        lambda r: (r["a"] * r["b"]).fillna(0), rows, "a", task="regression"
    ).warnings
    assert lines == (
        "There are no rows with a between 1 and 5: don't read there.",
        "For 30% of rows the answer goes against the mean curve of a: look at the rows' own "
        "curves.",
        "1 row without a value of a has no place on its axis.",
    )


def test_when_rows_leave_the_data():
    assert leaves_the_data(0.9, np.zeros(3))
    assert leaves_the_data(float("nan"), np.array([0.0, 0.3]))
    assert not leaves_the_data(0.5, np.array([0.0, 0.1]))


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [(0.0213, "probability", "2.1%"), (0.5, "decision", "50%"), (1234.5, "value", "1,234"),
     (0.1234, "log odds", "0.123")],
)  # fmt: skip
def test_amounts(value, scale, text):
    assert amount(value, scale) == text


def test_gaps_that_meet_are_told_as_one():
    rows = pd.DataFrame({"a": [*np.linspace(0, 1, 200), 5.0, 9.0, 30.0, *np.linspace(30, 31, 50)]})
    lines = partial_dependence(lambda r: r["a"], rows, "a", task="regression").warnings
    assert lines == (
        "There are no rows with a between 1 and 30 (but for 5 and 9): don't read there.",
    )


def test_of_levels_it_is_said_where_their_local_effects_are():
    job = np.repeat(["nurse", "clerk", "pilot"], 100)
    rows = pd.DataFrame({"job": job, "town": job})
    found = partial_dependence(
        lambda asked: 1.0 * (asked["job"] == "pilot"), rows, "job", task="regression"
    )
    assert found.warnings[0].endswith(
        "so go by the accumulated local effects, which accumulated_local_effects draws."
    )
