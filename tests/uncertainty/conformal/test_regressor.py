from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.conformal import (
    ConformalRegressor,
    conformal_rank,
    conformal_threshold,
)


def draw(n, seed=0):
    """Return rows and values that scatter more where the first column is large."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2))
    return X, X[:, 1] + (0.1 + X[:, 0]) * rng.standard_t(4, n)


def model(rows):
    return 0.8 * np.asarray(rows)[:, 1] + 0.2


def spread(rows):
    return 0.2 + np.asarray(rows)[:, 0]


def lower(rows):
    return model(rows) - spread(rows)


def upper(rows):
    return model(rows) + 0.5 * spread(rows)


def both(rows):
    return np.column_stack([lower(rows), upper(rows)])


METHODS = {
    "absolute": ConformalRegressor(model),
    "normalised": ConformalRegressor(model, score="normalised", spread=spread),
    "cqr": ConformalRegressor((lower, upper), score="cqr"),
    "cqr of one model": ConformalRegressor(both, score="cqr"),
}


@pytest.mark.parametrize("name", METHODS)
def test_mean_coverage(name):
    """50 calibration sets of 39 rows, 2,000 test rows each: 100,000 draws in all."""
    n, level, tests, repeats = 39, 0.8, 2000, 50
    covered = []
    for repeat in range(repeats):
        X, y = draw(n + tests, repeat)
        calibrated = METHODS[name].calibrate(X[:n], y[:n])
        covered.append(calibrated.predict(X[n:], level=level).contain(y[n:]).mean())
    rank = conformal_rank(n, level)
    law = stats.betabinom(tests, rank, n + 1 - rank)
    error = law.std() / tests / np.sqrt(repeats)
    assert abs(np.mean(covered) - rank / (n + 1)) < 4 * error


@pytest.mark.parametrize("name", ["absolute", "normalised", "cqr"])
def test_mean_coverage_on_a_hundred_thousand_draws(name):
    n, level, draws = 9, 0.8, 100_000
    X, y = draw(draws * (n + 1), 1)
    scores = {
        "absolute": np.abs(y - model(X)),
        "normalised": np.abs(y - model(X)) / spread(X),
        "cqr": np.maximum(lower(X) - y, y - upper(X)),
    }[name]
    few = METHODS[name].calibrate(X[:50], y[:50])
    np.testing.assert_allclose(few.cells.scores, np.sort(scores[:50]), atol=1e-12)
    own = scores.reshape(draws, n + 1)
    rank = conformal_rank(n, level)
    cuts = np.partition(own[:, :n], rank - 1, axis=1)[:, rank - 1]
    covered = np.mean(own[:, n] <= cuts)
    assert abs(covered - 0.8) < 4 * np.sqrt(0.8 * 0.2 / draws)


def test_by_group_within_each_group():
    repeats, tests = 60, 1700
    off = {"a": [], "b": []}
    for repeat in range(repeats):
        X, y = draw(tests + 100, repeat)
        groups = np.where(X[:, 0] > 0.7, "b", "a")
        made = ConformalRegressor(model, by="group").calibrate(
            X[:100], y[:100], groups=groups[:100]
        )
        inside = made.predict(X[100:], groups=groups[100:]).contain(y[100:])
        for name, size in zip(made.cells.labels, made.cells.sizes.tolist(), strict=True):
            rank = conformal_rank(size, 0.9)
            member = groups[100:] == name
            law = stats.betabinom(member.sum(), rank, size + 1 - rank)
            off[name].append((inside[member].mean() - rank / (size + 1), law.std() / member.sum()))
    for each in off.values():
        difference, error = np.array(each).T
        assert abs(difference.mean()) < 4 * np.sqrt(np.mean(error**2) / repeats)


def test_by_hand():
    X = np.zeros((4, 1))
    made = ConformalRegressor(lambda rows: rows[:, 0]).calibrate(X, [1.0, -2.0, 3.0, -4.0])
    seen = made.predict([[10.0]], level=0.6)
    assert (seen.low.tolist(), seen.high.tolist()) == ([7], [13])
    assert seen.prediction.tolist() == [10]
    none = made.predict([[10.0]], level=0.9)
    assert (none.low.tolist(), none.high.tolist()) == ([-np.inf], [np.inf])
    assert none.prediction.tolist() == [10]
    assert none.too_small == ("all rows",)
    assert none.notes[0].endswith("all rows (4). Their intervals are infinite.")


def test_quantiles_by_hand():
    X = np.zeros((4, 1))
    wide = ConformalRegressor((lambda r: r[:, 0] - 5, lambda r: r[:, 0] + 5), score="cqr")
    made = wide.calibrate(X, [1.0, -2.0, 3.0, -4.0])  # scores -4, -3, -2, -1
    seen = made.predict([[0.0]], level=0.6)
    assert (seen.low.tolist(), seen.high.tolist()) == ([-3], [3])
    tight = ConformalRegressor((lambda r: r[:, 0] - 5, lambda r: r[:, 0] + 5), score="cqr")
    inside_out = tight.calibrate(X, [0.0, 0, 0, 0]).predict([[0.0]], level=0.6)
    assert inside_out.low[0] <= 0 <= inside_out.high[0]
    assert inside_out.widths[0] < 1e-14


def test_inside_out_is_the_middle_alone():
    narrow = ConformalRegressor((lambda r: r[:, 0] - 9 * r[:, 1], lambda r: r[:, 0]), score="cqr")
    X = np.column_stack([np.zeros(4), np.ones(4)])
    made = narrow.calibrate(X, [-4.0, -4.5, -5.0, -4.2])
    seen = made.predict([[0.0, 0.5]], level=0.6)
    assert seen.low.tolist() == seen.high.tolist() == [-2.25]


@pytest.mark.parametrize("name", METHODS)
@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 1000),
    levels=st.lists(
        st.sampled_from([0.05, 0.3, 0.5, 0.77, 0.9, 0.95, 0.99]), min_size=2, max_size=2
    ),
)
def test_intervals_at_a_higher_level_hold_those_at_a_lower_one(name, seed, levels):
    made = METHODS[name].calibrate(*draw(50, seed))
    X, _ = draw(40, seed + 1)
    inner, outer = (made.predict(X, level=each) for each in sorted(levels))
    assert (outer.low <= inner.low).all()
    assert (outer.high >= inner.high).all()


@pytest.mark.parametrize("middle", [-9.3, 0.7, 1 / 3, 1e6 + 0.3])
@pytest.mark.parametrize("unit", [None, 0.37])
def test_values_that_score_just_the_threshold_are_inside_whatever_is_rounded(middle, unit):
    """Sums and differences of floats round: unlucky ends would leave all equal values out."""
    y = np.random.default_rng(0).choice(np.arange(40) / 10, 200)
    extra = {} if unit is None else {"score": "normalised", "spread": lambda r: r[:, 0] * 0 + unit}
    made = ConformalRegressor(lambda rows: np.full(len(rows), middle), **extra)
    calibrated = made.calibrate(np.arange(200.0)[:, None], y)
    for level in np.arange(1, 200) / 201:
        inside = calibrated.predict(np.zeros((200, 1)), level=f"{round(level * 201)}/201")
        assert inside.contain(y).sum() >= round(level * 201)


def test_one_model_of_two_quantiles_is_the_pair():
    X, y = draw(100)
    pair, one = (METHODS[name].calibrate(X, y) for name in ("cqr", "cqr of one model"))
    assert (pair.predict(X).low == one.predict(X).low).all()
    assert (pair.evaluations, one.evaluations) == (200, 100)
    with pytest.raises(ModelError, match=r"answered with shape \(100,\) for 100 rows; \(100, 2\)"):
        ConformalRegressor(model, score="cqr").calibrate(X, y)


def test_real_quantile_regression():
    from sklearn.ensemble import GradientBoostingRegressor

    X, y = draw(900)
    models = [
        GradientBoostingRegressor(loss="quantile", alpha=alpha, n_estimators=40, random_state=0)
        for alpha in (0.05, 0.95)
    ]
    for each in models:
        each.fit(X[:300], y[:300])
    made = ConformalRegressor(tuple(models), score="cqr").calibrate(X[300:600], y[300:600])
    report = made.check(X[600:], y[600:])
    assert not report.surprising
    plain = ConformalRegressor(model).calibrate(X[300:600], y[300:600])
    quiet = X[600:, 0] < 0.2
    assert np.median(made.predict(X[600:][quiet]).widths) < 0.6 * plain.predict(X[:1]).widths[0]


def test_the_check_by_group():
    X, y = draw(3000)
    groups = np.where(X[:, 0] > 0.8, "loud", "quiet")
    seen = (
        METHODS["absolute"]
        .calibrate(X[:1000], y[:1000])
        .check(X[1000:], y[1000:], groups=groups[1000:])
    )
    assert seen.short == ("loud",)
    assert not seen.surprising
    mended = ConformalRegressor(model, by="group").calibrate(
        X[:1000], y[:1000], groups=groups[:1000]
    )
    report = mended.check(X[1000:], y[1000:], groups=groups[1000:])
    assert report.short == ()
    assert report.unit == "width"
    assert "The intervals held the truth in" in report.summary
    assert mended.expected_coverage().low < 0.9 < mended.expected_coverage().high
    unseen = mended.predict(X[:2], groups=["x", "loud"])
    assert np.isinf(unseen.widths[0])
    assert np.isfinite(unseen.widths[1])


@pytest.mark.parametrize("name", METHODS)
def test_answers_given_are_not_asked_for(name):
    X, y = draw(80)
    asked = METHODS[name].calibrate(X[:50], y[:50])
    models = METHODS[name].predictors
    said = [[each(rows) for each in models] for rows in (X[:50], X[50:])]
    known, new = (one[0] if len(models) == 1 else one for one in said)
    before = [each.rows_evaluated for each in models]
    told = METHODS[name].calibrate(X[:50], y[:50], answers=known)
    made = told.predict(X[50:], level=0.8, answers=new)
    assert [each.rows_evaluated for each in models] == before
    assert told.evaluations == made.evaluations == 0
    np.testing.assert_array_equal(made.high, asked.predict(X[50:], level=0.8).high)


def test_answers_of_another_number_of_models():
    X, y = draw(50)
    with pytest.raises(InputError, match="those of 1 models, and 2 are asked"):
        METHODS["cqr"].calibrate(X, y, answers=[lower(X)])


def test_calibration_rows_are_no_test():
    X, y = draw(60)
    made = METHODS["cqr"].calibrate(X[:50], y[:50])
    with pytest.raises(InputError, match="10 of the 20 test rows are also calibration rows"):
        made.check(X[40:], y[40:])


def test_the_threshold_is_that_of_the_scores():
    X, y = draw(77)
    made = METHODS["absolute"].calibrate(X, y)
    for level in np.arange(1, 100) / 100:
        wanted = conformal_threshold(np.abs(y - model(X)), level)
        reach = made.predict(X[:1], level=level).widths[0] / 2
        assert reach == pytest.approx(wanted, abs=1e-12)


X40, Y40 = draw(40)


@pytest.mark.parametrize(
    ("options", "arguments", "words"),
    [
        ({}, {"y": np.append(Y40[:-1], np.nan)}, "y is nan in row 39"),
        ({}, {"y": ["a"] * 40}, "y holds what is no number"),
        ({}, {"y": Y40[:30]}, r"y has shape \(30,\), and there are 40 rows"),
        ({}, {"X": X40[:0], "y": Y40[:0]}, "There is no calibration row"),
        ({}, {"groups": ["a"] * 40}, "state by='group'"),
        ({}, {"training": X40[:3]}, "3 of the 40 calibration rows are also training rows"),
        ({"by": "group"}, {}, "by='group' needs groups="),
    ],
)
def test_calibration_that_cannot_be(options, arguments, words):
    with pytest.raises(InputError, match=words):
        ConformalRegressor(model, **options).calibrate(**{"X": X40, "y": Y40, **arguments})


@pytest.mark.parametrize(
    ("given_model", "options", "words"),
    [
        (model, {"score": "absolut"}, "Did you mean 'absolute'"),
        (model, {"by": "class"}, "by='class' is not one of 'group'"),
        (model, {"score": "normalised"}, "belong together"),
        (model, {"spread": spread}, "belong together"),
        ((lower, upper), {}, "a pair is for score='cqr'"),
        ((lower, model, upper), {"score": "cqr"}, "A list of 3 models"),
    ],
)
def test_descriptions_that_cannot_be(given_model, options, words):
    with pytest.raises(InputError, match=words):
        ConformalRegressor(given_model, **options)


def test_models_that_cannot_be():
    with pytest.raises(InputError, match="predicts a class"):
        ConformalRegressor(as_predictor(both, classes=[0, 1])).calibrate(X40, Y40)
    zero = ConformalRegressor(model, score="normalised", spread=lambda rows: rows[:, 0] * 0)
    with pytest.raises(ModelError, match="spread answered 0 on row 0"):
        zero.calibrate(X40, Y40)
    assert repr(METHODS["absolute"].calibrate(X40, Y40)) == (
        "<CalibratedRegressor absolute of model: 40 rows>"
    )
