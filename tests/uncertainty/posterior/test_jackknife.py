"""The infinitesimal jackknife beside enumeration, loops and simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.estimators import bootstrap_members, bootstrap_predictive
from alignlab.uncertainty.posterior.jackknife import forest_variance, infinitesimal_jackknife

Y = np.array([1.0, 2.0, 6.0, 3.0])
ALL = np.array([np.bincount(rows, minlength=4) for rows in product(range(4), repeat=4)])
LARGEST = np.array([Y[counts > 0].max() for counts in ALL])


def data(n=80, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 3))
    return X, X[:, 0] + generator.normal(size=n)


def test_over_all_redraws_a_mean_has_its_classical_variance():
    _, plug_in = infinitesimal_jackknife(ALL, ALL @ Y / 4)
    assert plug_in == pytest.approx(np.sum((Y - Y.mean()) ** 2) / 16, rel=1e-12)


def test_few_members_are_right_on_average():
    """The corrected estimate against the enumerated one; the plug-in is far off."""
    exact = infinitesimal_jackknife(ALL, LARGEST)[1]
    generator = np.random.default_rng(0)
    found = []
    for _ in range(3000):
        chosen = generator.integers(0, len(ALL), 60)
        found.append(infinitesimal_jackknife(ALL[chosen], LARGEST[chosen]))
    corrected, plug_in = np.array(found).T
    error = corrected.std() / np.sqrt(len(found))
    assert plug_in.mean() - exact > 8 * error
    assert abs(corrected.mean() - exact) < abs(plug_in.mean() - exact) / 3


def test_the_definition_by_loops():
    generator = np.random.default_rng(1)
    counts = generator.multinomial(7, np.ones(9) / 9, size=20)
    answers = generator.normal(size=(20, 2, 3))
    corrected, plug_in = infinitesimal_jackknife(counts, answers)
    for a, b in product(range(2), range(3)):
        t = answers[:, a, b]
        covariances = [np.mean((counts[:, i] - 7 / 9) * (t - t.mean())) for i in range(9)]
        assert plug_in[a, b] == pytest.approx(np.sum(np.square(covariances)))
        bias = 7 * (8 / 9) * np.mean((t - t.mean()) ** 2) / 20
        assert corrected[a, b] == pytest.approx(plug_in[a, b] - bias)


def test_blocks_of_rows_change_nothing(monkeypatch):
    whole = infinitesimal_jackknife(ALL, LARGEST)
    monkeypatch.setattr("alignlab.uncertainty.posterior.jackknife.ROWS_AT_ONCE", 3)
    np.testing.assert_allclose(infinitesimal_jackknife(ALL, LARGEST), whole, rtol=1e-12)


def test_the_variance_over_training_sets():
    """Bagged medians of fresh samples vary as each of them says, on average."""
    generator = np.random.default_rng(0)
    values, said, plugged = [], [], []
    for _ in range(500):
        ordered = np.sort(generator.normal(size=40))
        counts = generator.multinomial(40, np.ones(40) / 40, size=200)
        answers = ordered[(counts.cumsum(axis=1) > 20).argmax(axis=1)]
        corrected, plug_in = infinitesimal_jackknife(counts, answers)
        values.append(answers.mean())
        said.append(corrected)
        plugged.append(plug_in)
    truth = np.var(values, ddof=1)
    assert np.mean(said) == pytest.approx(truth, rel=4 * np.sqrt(2 / 500))
    assert np.mean(plugged) > 1.15 * np.mean(said)


def test_a_classifier_in_a_pipeline():
    X, y = data()
    names = np.where(y > 0, "up", "down")
    model = make_pipeline(
        StandardScaler(), RandomForestClassifier(150, min_samples_leaf=5, random_state=0)
    ).fit(X, names)
    found = forest_variance(model, X[:6])
    assert found.classes == ("down", "up")
    np.testing.assert_allclose(found.value, model.predict_proba(X[:6]), atol=1e-12)
    # The two probabilities of a row are one number.
    np.testing.assert_allclose(found.variance[:, 0], found.variance[:, 1], rtol=1e-9)
    frame = found.to_frame()
    assert list(frame)[:4] == ["p(down)", "p(down) standard_error", "p(down) low", "p(down) high"]
    assert found.to_dict()["members"] == 150


def test_too_few_trees_are_undecided_and_not_certain():
    X, y = data()
    forest = RandomForestRegressor(4, random_state=0).fit(X, y)
    found = forest_variance(forest, X)
    assert found.undecided > 0
    assert np.isnan(found.standard_error).mean() == found.undecided
    assert list(found.to_frame()) == ["prediction", "standard_error", "low", "high"]


def test_members_of_a_bootstrap_tell_their_counts():
    X, y = data(30)
    members = bootstrap_members(lambda X, y: y.mean(), X, y, members=400)
    means = np.array(members.models)
    corrected, _ = infinitesimal_jackknife(members, means)
    classical = np.sum((y - y.mean()) ** 2) / 30**2
    assert corrected == pytest.approx(classical, rel=0.4)
    with pytest.raises(InputError, match="function"):
        bootstrap_predictive([len, 3], X)


def test_bad_input():
    X, y = data()
    with pytest.raises(InputError, match="saw all rows each"):
        forest_variance(ExtraTreesRegressor(5).fit(X, y), X)
    with pytest.raises(InputError, match=r"counts have shape \(256, 4\) and answers \(3,\)"):
        infinitesimal_jackknife(ALL, [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="different numbers of rows"):
        infinitesimal_jackknife([[1, 1], [1, 2]], [1.0, 2.0])
    weighted = RandomForestRegressor(5, random_state=0).fit(X, y, sample_weight=np.arange(80) + 1.0)
    with pytest.raises(InputError, match="drawn by sample weights"):
        forest_variance(weighted, X)
