"""Explanations judged: truths come out true, what is upside down is seen, chance is one."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.quality import evaluate_explanations
from alignlab.transparency.shapley import shapley_values

SLOPES = np.array([4.0, -2.0, 1.0, 0.0, 0.0, 0.0])
RNG = np.random.default_rng(0)
X, BACKGROUND = RNG.normal(size=(30, 6)), RNG.normal(size=(20, 6))


def model():
    return Predictor(lambda rows: rows @ SLOPES, "regression")


def truth(rows):
    return (rows - BACKGROUND.mean(axis=0)) * SLOPES


EXPLANATIONS = {
    "true": truth,
    "doubled": lambda rows: 2 * truth(rows),
    "upside down": lambda rows: -truth(rows),
    "of decoys": lambda rows: rows * (SLOPES == 0),
}


@pytest.fixture(scope="module")
def quality():
    return evaluate_explanations(model(), X, EXPLANATIONS, background=BACKGROUND)


def test_the_truth_is_the_best_and_its_scale_does_not_matter_to_the_curves(quality):
    best = quality["true"]
    assert best.deletion.low > 1.3
    assert best.insertion.low > 1.3
    assert best.infidelity.value == pytest.approx(0, abs=1e-12)
    assert best.scaling == pytest.approx(1)
    assert best.incompleteness.value == pytest.approx(0, abs=1e-12)
    assert best.error.value == pytest.approx(0, abs=1e-9)
    assert quality["doubled"].deletion.value == pytest.approx(best.deletion.value, abs=0.02)
    assert quality["doubled"].scaling == pytest.approx(0.5)
    assert quality["doubled"].incompleteness.value == pytest.approx(1)


def test_what_is_upside_down_is_worse_than_random(quality):
    wrong = quality["upside down"]
    assert wrong.deletion.high < 1
    assert wrong.infidelity.value == pytest.approx(1)
    assert wrong.error.value == pytest.approx(2)
    assert "points at the wrong features" in quality.sentence("upside down")


def test_decoys_are_no_better_than_random(quality):
    assert quality["of decoys"].deletion.low < 1
    assert quality["random"].deletion.low < 1 < quality["random"].deletion.high
    assert "not shown to know more than chance" in quality.sentence("random")


def test_the_sentence_is_for_anybody(quality):
    said = quality.sentence("true")
    assert said.startswith("Removing what true calls important changes the answer ")
    assert "times as fast as removing features at random" in said


def test_the_control_covers_one_at_its_level():
    """Random attributions must be found better than chance as rarely as the level says."""
    inside = 0
    for seed in range(150):
        found = evaluate_explanations(
            model(), X, {"true": truth(X)}, background=BACKGROUND[:4], seed=seed,
            perturbations=0, exact_evaluations=0,
        )["random"].deletion  # fmt: skip
        inside += found.low < 1 < found.high
    assert inside / 150 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 150)


def test_the_infidelity_of_random_values_is_one_at_its_level():
    """A scaling fitted to the rows that it is judged by would always find random ones below 1."""
    inside = 0
    for seed in range(150):
        rows = np.random.default_rng([1, seed]).normal(size=(30, 6))
        found = evaluate_explanations(
            model(), rows, {"true": truth(rows)}, background=BACKGROUND[:4], seed=seed,
            perturbations=0, exact_evaluations=0,
        )["random"].infidelity  # fmt: skip
        inside += found.low <= 1 <= found.high
    assert inside / 150 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 150)


def test_areas_by_hand():
    """f = x0 + x1 at (2, 1) against zeros: true falls 2, 3; random falls 1.5, 3 on average."""
    adds = Predictor(lambda rows: rows.sum(axis=1), "regression")
    rows, zeros = np.array([[2.0, 1.0], [2.0, 1.0]]), np.zeros((2, 2))
    found = evaluate_explanations(
        adds, rows, {"true": rows}, background=zeros, orders=2, perturbations=0
    )
    curve = {each.name: each for each in found.curves}
    assert curve["true"].fall == (0, 2, 3)
    assert curve["true"].rise == (0, 2, 3)
    assert curve["random orders"].fall == (0, 1.5, 3)
    assert found["true"].deletion.value == pytest.approx(((0 + 2) / 2 + (2 + 3) / 2) / 3)


def test_rows_below_the_base_count_the_other_way_round():
    mirrored = Predictor(lambda rows: -(rows @ SLOPES), "regression")
    here = evaluate_explanations(
        mirrored, X, {"true": lambda r: -truth(r)}, background=BACKGROUND, perturbations=0
    )
    there = evaluate_explanations(
        model(), X, {"true": truth}, background=BACKGROUND, perturbations=0
    )
    assert here["true"].deletion == there["true"].deletion


def test_sensitivity_is_of_the_explanation_and_arrays_have_none():
    found = evaluate_explanations(
        model(), X, {"true": truth, "still": lambda r: np.ones(r.shape), "array": truth(X)},
        background=BACKGROUND, radius=0.01,
    )  # fmt: skip
    assert found["still"].largest_sensitivity.value == 0
    assert 0 < found["true"].sensitivity.value < found["true"].largest_sensitivity.value < 0.05
    assert found["array"].sensitivity is None
    assert found["random"].sensitivity.value > 1


def test_exact_values_stand_beside_where_they_are_affordable(quality):
    assert quality["exact Shapley"].error.value == 0
    dear = evaluate_explanations(
        model(), X, {"true": truth(X)}, background=BACKGROUND, exact_evaluations=100
    )
    assert dear["true"].error is None
    assert "not affordable" in dear.notes[0]


def test_agreement_is_with_chance_beside(quality):
    frame = quality.agreement_frame().set_index(["first", "second"])
    assert frame.loc[("true", "doubled"), "rank_correlation"] == pytest.approx(1)
    assert frame.loc[("true", "upside down"), "rank_correlation"] == pytest.approx(-1)
    assert frame.loc[("true", "exact Shapley"), "overlap"] == pytest.approx(1)
    assert (frame["overlap_by_chance"] == 0.5).all()


def test_every_evaluation_is_counted():
    asked = model()
    found = evaluate_explanations(asked, X, {"true": truth(X)}, background=BACKGROUND)
    assert found.evaluations == asked.rows_evaluated


def test_frames_one_hot_groups_and_results_of_the_room():
    rng = np.random.default_rng(1)
    race = rng.integers(0, 3, 60)
    frame = pd.DataFrame(
        {"age": rng.normal(size=60), "job": pd.Categorical(rng.choice(["x", "y"], 60))}
    )
    for level in range(3):
        frame[f"race_{level}"] = (race == level).astype(int)
    clf = Predictor(
        lambda r: 1 / (1 + np.exp(-(r["age"] + 2 * r["race_1"] - (r["job"] == "x")))),
        "classification",
        ("no", "yes"),
        features=tuple(frame.columns),
    )
    rows, background = frame[:30], frame[30:]
    found = evaluate_explanations(
        clf, rows, {"shapley": lambda r: shapley_values(clf, r, background)}, background=background,
        perturbations=2,
    )  # fmt: skip
    assert found.features == 3
    assert found["shapley"].deletion.low > 1
    assert found.output == "yes"


def test_the_same_seed_gives_the_same_bytes():
    first, second = (
        evaluate_explanations(model(), X, {"true": truth}, background=BACKGROUND).to_dict()
        for _ in range(2)
    )
    assert json.dumps(first) == json.dumps(second)


def test_charts_and_tables(quality):
    assert len(quality.to_frame()) == 6
    assert quality.chart().svg() == quality.chart().svg()
    assert "random orders" in {row[0] for row in quality.curves_chart().table.rows}


def test_answers_that_do_not_differ_say_so():
    flat = Predictor(lambda rows: np.ones(len(rows)), "regression")
    found = evaluate_explanations(flat, X, {"true": truth(X)}, background=BACKGROUND)
    assert "cannot be said" in found.sentence("true")
    assert "hardly change" in found.notes[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"orders": 3}, "orders=3"),
        ({"perturbations": -1}, "perturbations=-1"),
        ({"background": BACKGROUND[:1]}, "at least two of each"),
        ({"explanations": {"true": truth(X)[:, :2]}}, "is needed"),
        ({"explanations": {"exact Shapley": truth}}, "the control's"),
        ({"X": X[:, :1], "background": BACKGROUND[:, :1]}, "one feature"),
        ({"level": 2}, "level=2"),
        ({"radius": -1}, "radius=-1"),
        ({"radius": "a"}, "radius='a'"),
        ({"exact_evaluations": -1}, "exact_evaluations=-1"),
    ],
)
def test_what_cannot_be_done_is_refused(changes, said):
    given = {"X": X, "explanations": {"true": truth}, "background": BACKGROUND} | changes
    with pytest.raises(InputError) as caught:
        evaluate_explanations(model(), given.pop("X"), given.pop("explanations"), **given)
    assert said in str(caught.value)


def test_of_several_classes_one_must_be_named():
    three = Predictor(lambda rows: np.full((len(rows), 3), 1 / 3), "classification", "abc")
    with pytest.raises(InputError, match="3 classes: name the one explained"):
        evaluate_explanations(three, X, {"true": truth}, background=BACKGROUND)
