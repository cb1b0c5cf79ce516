from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from alignlab.datasets import PreferenceDataset
from alignlab.values.preferences import choices_of, maximum_likelihood
from alignlab.values.preferences.maximum_likelihood import (
    ChoiceModel,
    inverse,
    maximise,
    sandwich,
)


def pairs(seed, n_items=8, n=200, ties=0.0, people=None):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_items, 3))
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    gap = (rows[first] - rows[second]) @ np.array([1.0, -0.5, 0.2])
    said = (rng.random(n) > 1 / (1 + np.exp(-gap))).astype(float)
    said[rng.random(n) < ties] = 0.5
    who = None if people is None else rng.integers(0, people, n)
    return PreferenceDataset.from_pairs(rows, first, second, said, annotators=who)


def rankings(seed, n_items=6, n=60, top=3):
    rng = np.random.default_rng(seed)
    shown = [rng.permutation(n_items)[: rng.integers(2, 6)].tolist() for _ in range(n)]
    ranks = [rng.integers(0, top, len(each)).tolist() for each in shown]
    return PreferenceDataset.from_rankings(rng.normal(size=(n_items, 3)), shown, ranks)


CASES = {
    "scores": lambda: ChoiceModel(choices_of(pairs(0)), None),
    "scores with ties": lambda: ChoiceModel(choices_of(pairs(1, ties=0.3)), None),
    "scores of rankings": lambda: ChoiceModel(choices_of(rankings(2)), None),
    "weights": lambda: ChoiceModel(choices_of(pairs(3)), pairs(3).items),
    "weights of rankings": lambda: ChoiceModel(choices_of(rankings(4)), rankings(4).items),
    "ridge": lambda: ChoiceModel(choices_of(pairs(5, ties=0.2)), pairs(5).items, None, 0.7),
    "reliabilities": lambda: ChoiceModel(
        choices_of(pairs(6, ties=0.2)), pairs(6).items, np.arange(200) % 4, 0.1
    ),
    "reliabilities of scores": lambda: ChoiceModel(
        choices_of(pairs(7)), None, np.arange(200) % 4, 0.1
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_derivatives_are_finite_differences(case):
    model = CASES[case]()
    rng = np.random.default_rng(0)
    at = model.start + rng.normal(size=len(model.start)) * 0.3
    _, loss = model.value(at)
    slope, curvature = model.gradient(at, loss), model.hessian(at, loss)
    times = model.product(at, loss)
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = 1e-5
        up, down = model.value(at + step), model.value(at - step)
        assert slope[k] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-6)
        bent = (model.gradient(at + step, up[1]) - model.gradient(at - step, down[1])) / 2e-5
        assert curvature[k] == pytest.approx(bent, abs=1e-5)
        if model.annotator is None:
            assert times(step / 1e-5) == pytest.approx(curvature[k], abs=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_the_maximum_is_the_one_of_a_general_optimiser(case):
    model = CASES[case]()
    found = maximise(model)
    assert found.converged
    assert found.gradient <= 1e-9
    general = minimize(
        lambda at: model.value(at)[0],
        model.start,
        jac=lambda at: model.gradient(at, model.value(at)[1]),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    assert model.value(found.parameters)[0] == pytest.approx(general.fun, abs=1e-8)
    eta = model.eta(found.parameters)
    begin = model.choices.starts[:-1][model.choices.choice]
    other = model.eta(general.x)
    assert eta - eta[begin] == pytest.approx(other - other[begin], abs=2e-4)


def test_weights_of_pairs_are_a_logistic_regression_of_differences():
    data = pairs(8)
    found = maximise(ChoiceModel(choices_of(data), data.items))
    said = data.pairs()
    gap = data.items[said.first] - data.items[said.second]
    regression = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, solver="newton-cg")
    regression.fit(gap, said.preferred == 0)
    assert found.parameters == pytest.approx(regression.coef_[0], abs=1e-6)


def test_scores_satisfy_the_likelihood_equations():
    data = pairs(9)
    u = maximise(ChoiceModel(choices_of(data), None)).parameters
    said = data.pairs()
    won = np.bincount(said.first, said.preferred == 0, 8) + np.bincount(
        said.second, said.preferred == 1, 8
    )
    chance = 1 / (1 + np.exp(u[said.second] - u[said.first]))
    expected = np.bincount(said.first, chance, 8) + np.bincount(said.second, 1 - chance, 8)
    assert won == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("make", [pairs, rankings])
def test_conjugate_gradients_come_to_the_same(make, monkeypatch):
    model = ChoiceModel(choices_of(make(10)), None)
    dense = maximise(model)
    monkeypatch.setattr(maximum_likelihood, "DENSE", 0)
    sparse = maximise(model)
    assert sparse.converged
    d = model.n_weights
    assert sparse.parameters[:d] - sparse.parameters[:d].mean() == pytest.approx(
        dense.parameters[:d] - dense.parameters[:d].mean(), abs=1e-8
    )


def test_the_order_of_comparisons_changes_nothing():
    data = pairs(11, ties=0.2)
    order = np.random.default_rng(0).permutation(len(data))
    one = maximise(ChoiceModel(choices_of(data), None))
    two = maximise(ChoiceModel(choices_of(data.at(order)), None))
    assert np.diff(one.parameters[:8]) == pytest.approx(np.diff(two.parameters[:8]), abs=1e-10)
    assert one.parameters[8] == pytest.approx(two.parameters[8], abs=1e-10)


def test_the_inverse_names_what_is_flat():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(20, 3))
    matrix = root.T @ root
    assert inverse(matrix)[0] == pytest.approx(np.linalg.inv(matrix), abs=1e-12)
    assert inverse(matrix)[1].shape == (3, 0)
    laplacian = np.array([[2.0, -1, -1, 0], [-1, 2, -1, 0], [-1, -1, 2, 0], [0, 0, 0, 0]])
    inverted, flat = inverse(laplacian)
    assert inverted == pytest.approx(np.linalg.pinv(laplacian), abs=1e-12)
    assert flat.shape == (4, 2)
    assert laplacian @ flat == pytest.approx(0, abs=1e-12)


def test_a_sandwich_of_scores_of_unit_size_is_by_hand():
    inverted = np.diag([1.0, 0.5])
    scores = np.array([[1.0, 0.0], [-1.0, 2.0], [0.0, -2.0]])
    expected = inverted @ (np.array([[2.0, -2.0], [-2.0, 8.0]]) * 1.5) @ inverted
    assert sandwich(inverted, scores) == pytest.approx(expected)


def test_the_scores_of_clusters_sum_to_the_gradient():
    model = CASES["weights of rankings"]()
    at = model.start + 0.1
    _, loss = model.value(at)
    cluster = np.arange(60) % 7
    assert model.scores(at, loss, cluster).sum(axis=0) == pytest.approx(model.gradient(at, loss))


def test_two_hundred_items_are_solved_to_rounding_error():
    data = pairs(12, n_items=200, n=20_000)
    found = maximise(ChoiceModel(choices_of(data), None))
    assert found.gradient < 1e-11
    assert found.iterations <= 8
