"""What deferral is worth, as a table, a sentence, a chart and plain values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from alignlab.plain import to_json
from alignlab.uncertainty.deferral import fit_deferral


def fitted(knows=(0.95, 0.5), **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = (rng.random(400) < expit(X[:, 0])).astype(int)
    right = rng.random(400) < np.where(X[:, 1] > 0, *knows)
    person = np.where(right, y, 1 - y)
    return fit_deferral(
        lambda rows: expit(rows[:, 0]), X, y, person, budget=0.3, classes=[0, 1],
        method="post-hoc", groups=np.where(X[:, 1] > 0, "seen", "unseen"), **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return fitted()


def test_the_table_adds_up(result):
    frame = result.to_frame().set_index("who decides")
    for who, gain in (("model alone", "model"), ("people alone", "people")):
        apart = frame.loc["the pair", "accuracy"] - frame.loc[who, "accuracy"]
        assert apart == pytest.approx(result.gains[gain].value)
    at_random = frame.loc["people at random within the budget", "accuracy"]
    mixed = 0.7 * frame.loc["model alone", "accuracy"] + 0.3 * frame.loc["people alone", "accuracy"]
    assert at_random == pytest.approx(mixed)
    assert frame.loc["the pair", "accuracy"] <= frame.loc["oracle pair", "accuracy"]


def test_what_was_promised_was_kept(result):
    assert result.kept.low <= result.promised <= result.kept.high
    assert result.kept.value * result.asked.value == pytest.approx(result.gains["model"].value)


def test_the_headline_says_what_was_found(result):
    assert "sent to people by the rule (a gain of" in result.headline
    nothing = fitted((0.4, 0.4))
    assert nothing.headline.endswith("so the policy asks about no case.")
    assert np.isnan(nothing.promised) == (nothing.kept is None)
    worth = fitted(utilities=[[0, -5], [-1, 0]], asking_cost=0.01)
    assert worth.measure == "utility"
    assert "%" not in worth.headline.partition("with")[0]


def test_plain_values_are_json(result):
    back = json.loads(to_json(result.to_dict()))
    assert back["policy"]["rule"] == "post-hoc"
    assert len(back["groups"]) == 2
    assert set(back["rules"]) == {"post-hoc"}
    assert "<table" in result._repr_html_()


def test_the_charts_draw_the_curve_and_the_groups(result):
    chart = result.chart()
    assert chart.table.columns == ("order", "share", "earned", "low", "high")
    assert len(chart.table.rows) == 2 * len(result.curve.share)
    assert {row[0] for row in result.groups_chart().table.rows} == {"seen", "unseen"}
    assert chart.svg().startswith("<svg")
