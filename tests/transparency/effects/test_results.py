"""Results are values: frozen, plain when asked, and found by name."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.plain import plain
from alignlab.transparency.effects import accumulated_local_effects, partial_dependence


@pytest.fixture(scope="module")
def effects():
    X = np.random.default_rng(0).normal(size=(60, 2))
    return partial_dependence(
        lambda r: 1 / (1 + np.exp(-r[:, 0])), X, ["0", "1"], pairs=[("0", "1")], points=5,
        pair_points=3, task="classification", classes=["no", "yes"],
    )  # fmt: skip


def test_it_is_frozen_and_plain(effects):
    with pytest.raises(dataclasses.FrozenInstanceError):
        effects.level = 0.5
    text = json.dumps(plain(effects.to_dict()), allow_nan=False)
    assert json.loads(text)["effects"][0]["feature"] == "0"
    assert "individual" not in text


def test_the_frame_has_a_line_a_point(effects):
    frame = effects.to_frame()
    assert len(frame) == 10
    assert list(frame.columns)[:6] == ["feature", "output", "at", "effect", "low", "high"]
    assert (frame["low"] <= frame["effect"]).all()
    assert frame["rows"].sum() == 120
    assert "<table" in effects._repr_html_()


def test_curves_from_a_common_start_and_how_far_an_effect_moves(effects):
    effect = effects["0"]
    assert (effect.centred[:, 0] == 0).all()
    assert effect.range[0] == pytest.approx(np.ptp(effect.values))
    assert effects["0"].spread() > 0.1 > effects["1"].spread() == pytest.approx(0, abs=1e-12)


def test_names_that_are_not_there(effects):
    with pytest.raises(InputError, match="There is no effect of 'x'"):
        effects["x"]
    with pytest.raises(InputError, match=r"Ask for it: pairs=\[\('0', '2'\)\]"):
        effects.pair("0", "2")
    for several in (("0", "1", "2"), 7):
        with pytest.raises(InputError, match="There is no effect of"):
            effects.chart(several)
    for output in (1, -1, True, "yes"):
        with pytest.raises(InputError, match="output="):
            effects.sentence("0", output=output)


def test_charts_come_widest_first(effects):
    titles = [chart.question for chart in effects.charts()]
    assert titles == [
        "How do the answers change with 0?",
        "How do the answers change with 1?",
        "How do the answers change with 0 and 1?",
    ]


def test_one_result_for_both_methods():
    X = np.random.default_rng(0).normal(size=(60, 2))
    local = accumulated_local_effects(lambda r: r[:, 0], X, task="regression")
    assert local.method == "accumulated local effects"
    assert len(local["0"].individual) == 0
