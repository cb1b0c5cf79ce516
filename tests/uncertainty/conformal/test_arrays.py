from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.conformal import (
    ConformalClassifier,
    ConformalRegressor,
    conformal_intervals,
    conformal_sets,
)


def model(rows):
    said = np.exp(rows)
    return said / said.sum(1, keepdims=True)


X = np.random.default_rng(0).normal(size=(300, 3))
LABELS = np.random.default_rng(1).integers(0, 3, 300)


@pytest.mark.parametrize("level", [0.5, 0.85, 0.9, 0.995])
def test_sets_agree_with_the_classes(level):
    ready = ConformalClassifier(model, classes=range(3)).calibrate(X[:99], LABELS[:99])
    alone = conformal_sets(model(X[:99]), LABELS[:99], model(X[99:]), level=level)
    assert (alone == ready.predict(X[99:], level=level).members).all()


@pytest.mark.parametrize("level", [0.5, 0.9, 0.995])
def test_intervals_agree_with_the_classes(level):
    def value(rows):
        return rows[:, 0]

    def spread(rows):
        return 1 + rows[:, 1] ** 2

    y = X.sum(1)
    rest, seen = X[99:], X[:99]
    plain = ConformalRegressor(value).calibrate(seen, y[:99]).predict(rest, level=level)
    alone = conformal_intervals(y[:99] - value(seen), value(rest), level=level)
    np.testing.assert_allclose(alone.low, plain.low, atol=1e-12)
    scaled = ConformalRegressor(value, score="normalised", spread=spread).calibrate(seen, y[:99])
    alone = conformal_intervals(
        y[:99] - value(seen),
        value(rest),
        level=level,
        residual_spread=spread(seen),
        spread=spread(rest),
    )
    np.testing.assert_allclose(alone.high, scaled.predict(rest, level=level).high, atol=1e-12)


def test_by_hand():
    made = conformal_intervals([1, -2, 3, -4], [10.0], level=0.6)
    assert (made.low.tolist(), made.high.tolist()) == ([7], [13])
    said = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
    sets = conformal_sets(said, [0, 1, 0], [[0.7, 0.3], [0.95, 0.05]], level=0.75)
    assert sets.tolist() == [[True, False], [True, False]]
    assert conformal_sets(said, [0, 1, 0], [[0.7, 0.3]], level=0.8).all()


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (np.full(300, 3), "outcomes are column numbers from 0 to 2"),
        (np.full(300, -1), "outcomes are column numbers"),
        (np.full(300, 0.5), "outcomes has shape"),
        (np.zeros(3, int), "outcomes has shape"),
    ],
)
def test_outcomes_that_cannot_be(outcomes, words):
    with pytest.raises(InputError, match=words):
        conformal_sets(model(X), outcomes, model(X))


def test_spreads_that_cannot_be():
    with pytest.raises(InputError, match="belong together"):
        conformal_intervals([1.0], [1.0], spread=[1.0])
    with pytest.raises(InputError, match="A spread is not above 0"):
        conformal_intervals([1.0], [1.0], spread=[1.0], residual_spread=[0.0])
    with pytest.raises(InputError, match="calibration row 1 is nan"):
        conformal_intervals([1.0, np.nan], [1.0])
