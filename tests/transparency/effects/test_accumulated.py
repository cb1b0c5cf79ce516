"""Accumulated local effects of known functions are their analytic effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.effects import accumulated_local_effects, partial_dependence


def correlated(n=4_000, rho=0.8, seed=0):
    a, e = np.random.default_rng(seed).standard_normal((2, n))
    return np.column_stack([a, rho * a + np.sqrt(1 - rho**2) * e])


def test_of_an_additive_function_each_curve_is_its_own_part_however_features_go_together():
    X = correlated()
    effects = accumulated_local_effects(
        lambda rows: np.sin(rows[:, 0]) + rows[:, 1] ** 3, X, task="regression"
    )
    for effect, part in zip(effects.effects, (np.sin, lambda x: x**3), strict=True):
        values = part(effect.at)
        assert np.diff(effect.values[:, 0]) == pytest.approx(np.diff(values), abs=1e-12)
    assert effects.evaluations <= 2 * 2 * len(X)


def test_of_a_product_it_is_the_integral_of_the_conditional_mean():
    """With f = x0 x1 and E[x1 | x0] = rho x0: ALE(x0) = rho (x0^2 - 1) / 2."""
    X = correlated(n=20_000)
    effect = accumulated_local_effects(lambda r: r[:, 0] * r[:, 1], X, "0", task="regression")["0"]
    inner = np.abs(effect.at) < 2
    truth = 0.8 * (effect.at[inner] ** 2 - 1) / 2
    found = effect.values[inner, 0]
    # The two outermost steps are long; the curve's level rests on them and its shape does not.
    assert found - found.mean() == pytest.approx(truth - truth.mean(), abs=0.02)
    assert np.abs(found - truth).max() < 0.1


def test_of_a_pair_it_is_the_interaction_alone():
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (40_000, 2))
    effects = accumulated_local_effects(
        lambda r: 3 * r[:, 0] + np.exp(r[:, 1]) + r[:, 0] * r[:, 1],
        X,
        pairs=[("0", "1")],
        task="regression",
    )
    pair = effects.pair("1", "0")
    assert effects.effects == ()
    assert pair.values[..., 0] == pytest.approx(np.outer(*pair.at), abs=0.05)
    additive = accumulated_local_effects(
        lambda r: 3 * r[:, 0] + np.exp(r[:, 1]), X[:2_000], pairs=[("0", "1")], task="regression"
    )
    assert additive.pairs[0].values == pytest.approx(np.zeros_like(additive.pairs[0].values))


def test_twins_ask_about_no_row_that_cannot_be():
    """Where x1 = x0, the mean answer at x0 = v asks about x1 far from v; local effects do not."""
    x = np.random.default_rng(2).normal(size=500)
    X = np.column_stack([x, x])
    farthest = []

    def model(rows):
        farthest.append(np.abs(rows[:, 0] - rows[:, 1]).max())
        return rows[:, 0]

    effect = accumulated_local_effects(model, X, "0", task="regression")["0"]
    assert max(farthest) <= np.diff(effect.at).max()
    farthest.clear()
    partial_dependence(model, X, "0", task="regression")
    assert max(farthest) > 3


def test_levels_are_stepped_through_by_likeness_and_centred_by_their_mass():
    rng = np.random.default_rng(3)
    size = rng.normal(size=3_000)
    kind = np.array(["low", "mid", "top"])[
        np.digitize(size + 0.4 * rng.normal(size=3_000), [-1, 0.7])
    ]
    X = pd.DataFrame({"kind": kind, "size": size})
    worth = {"low": 0.0, "mid": 5.0, "top": 6.0}
    effects = accumulated_local_effects(
        lambda rows: rows["kind"].map(worth).to_numpy(float), X, task="regression"
    )
    effect = effects["kind"]
    assert effect.labels in (("low", "mid", "top"), ("top", "mid", "low"))
    truth = np.array([worth[label] for label in effect.labels])
    mean = X["kind"].map(worth).mean()
    assert effect.values[:, 0] == pytest.approx(truth - mean)
    stated = accumulated_local_effects(
        lambda rows: rows["kind"].map(worth).to_numpy(float),
        X, "kind", grid={"kind": ["top", "low", "mid"]}, task="regression",
    )  # fmt: skip
    assert stated["kind"].labels == ("top", "low", "mid")
    assert stated["kind"].values[:, 0] == pytest.approx(np.array([6, 0, 5]) - mean)


def test_every_output_every_weight_and_the_order_of_rows():
    rng = np.random.default_rng(4)
    X, weights = rng.normal(size=(300, 2)), rng.integers(1, 4, 300)

    def model(rows):
        powers = np.exp(np.column_stack([rows[:, 0], rows[:, 1], rows[:, 0] * rows[:, 1]]))
        return powers / powers.sum(axis=1, keepdims=True)

    settings = {"task": "classification", "classes": ["a", "b", "c"], "grid": {"0": [-1, 0, 1]}}
    effects = accumulated_local_effects(model, X, "0", weights=weights, **settings)
    assert effects.outputs == ("a", "b", "c")
    assert effects["0"].values.sum(axis=1) == pytest.approx(np.zeros(3), abs=1e-12)
    repeated = accumulated_local_effects(model, np.repeat(X, weights, axis=0), "0", **settings)
    assert effects["0"].values == pytest.approx(repeated["0"].values)
    order = rng.permutation(300)
    shuffled = accumulated_local_effects(model, X[order], "0", weights=weights[order], **settings)
    assert effects["0"].values == pytest.approx(shuffled["0"].values)


def test_the_band_holds_the_truth_of_the_steps_as_often_as_it_says():
    grid = {"0": [-1.5, -0.5, 0.5, 1.5]}
    settings = {"grid": grid, "task": "regression", "redraws": 200, "max_rows": None}

    def model(rows):
        return rows[:, 0] * rows[:, 1] + rows[:, 1] ** 2

    truth = accumulated_local_effects(model, correlated(200_000, seed=99), "0", **settings)["0"]
    runs, held = 120, 0
    for seed in range(runs):
        found = accumulated_local_effects(model, correlated(300, seed=seed), "0", **settings)["0"]
        held += bool(((found.low <= truth.values) & (truth.values <= found.high)).all())
    assert abs(held / runs - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": "ago"}, "There is no feature 'ago'. Did you mean 'age'"),
        ({"pairs": [("age", "age")]}, "is not a pair of two features"),
        ({"pairs": [("age", "one")]}, "'one' holds one value"),
        ({"points": 1}, "points=1 is not a whole number from 2"),
        ({"band": "both"}, "band='both' is not one of"),
        ({"level": 95}, "level=95 is not between 0 and 1"),
        ({"grid": {"age": ["old"]}}, "holds what its column"),
        ({"grid": {"age": [90, 99]}}, "No row lies on the grid of 'age'"),
        ({"grid": {"age": []}}, "is not a list of values"),
        ({"grid": {"agee": [1]}}, "which X does not have. Did you mean 'age'"),
        ({"weights": [1.0]}, "weights of shape"),
        ({"weights": [1.0, -1.0, 1.0]}, "negative"),
        ({"weights": [1.0, 0.0, 0.0]}, "There are 1 rows to use"),
        ({"max_rows": 1}, "max_rows=1 is not a whole number from 2"),
    ],
)
def test_what_a_person_may_get_wrong(given, message):
    X = pd.DataFrame({"age": [20, 30, 40], "one": [1, 1, 1]})
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        accumulated_local_effects(lambda rows: rows["age"], X, **{"task": "regression"} | given)
