"""The conditional game: unknown features as they go with the known ones."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.shapley import shapley_values

RNG = np.random.default_rng(0)
MIXING = RNG.normal(size=(4, 4))
BACKGROUND = RNG.normal(size=(300, 4)) @ MIXING + np.array([1.0, -2.0, 0.0, 3.0])
X = RNG.normal(size=(2, 4)) @ MIXING
SLOPES = np.array([1.0, -2.0, 0.5, 0.0])


def linear(rows):
    return np.asarray(rows, dtype=float) @ SLOPES


def conditional_mean(x, known, mean, covariance):
    """The mean of a Gaussian given some of its coordinates, from the textbook."""
    known, free = np.flatnonzero(known), np.flatnonzero(~known)
    filled = x.copy()
    filled[free] = mean[free]
    if len(known) and len(free):
        inner = covariance[np.ix_(known, known)]
        filled[free] += covariance[np.ix_(free, known)] @ np.linalg.solve(
            inner, x[known] - mean[known]
        )
    return filled


def by_orders(worth, players):
    values = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        known = np.zeros(players, dtype=bool)
        for player in order:
            before = worth(known)
            known[player] = True
            values[player] += (worth(known) - before) / len(orders)
    return values


def test_of_a_linear_model_the_values_are_the_closed_form():
    mean, covariance = BACKGROUND.mean(axis=0), np.cov(BACKGROUND.T)
    found = shapley_values(linear, X, BACKGROUND, game="conditional", task="regression")
    for x, values in zip(X, found.values[:, :, 0], strict=True):

        def worth(known, x=x):
            return linear(conditional_mean(x, known, mean, covariance))

        np.testing.assert_allclose(values, by_orders(worth, 4), atol=1e-10)
    # The model ignores the last feature, which tells of the others: that is the game's own answer.
    assert np.abs(found.values[:, 3]).min() > 1e-3
    assert found.gap < 1e-12
    assert found.game == "conditional"


def test_of_a_product_of_two_gaussians_the_values_are_near_their_closed_form():
    correlation, n = 0.8, 20_000
    generator = np.random.default_rng(1)
    first = generator.normal(size=n)
    second = correlation * first + np.sqrt(1 - correlation**2) * generator.normal(size=n)
    x = np.array([[1.5, -0.5]])
    found = shapley_values(
        lambda rows: rows[:, 0] * rows[:, 1],
        x,
        np.column_stack([first, second]),
        game="conditional",
        task="regression",
    ).values[0, :, 0]
    # E[X1 X2] = r, E[X1 X2 | x1] = r x1^2, E[X1 X2 | x2] = r x2^2.
    base, one, two, both = 0.8, 0.8 * 1.5**2, 0.8 * 0.5**2, -0.75
    expected = [(one - base + both - two) / 2, (two - base + both - one) / 2]
    # The sampling error of r x^2 with n = 20,000 is about 0.02.
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_frames_groups_and_sampling_play_the_same_game():
    frame, rows = (
        pd.DataFrame(BACKGROUND, columns=list("abcd")),
        pd.DataFrame(X, columns=list("abcd")),
    )
    groups = {"ends": ["a", "d"]}
    found = shapley_values(
        linear, rows, frame, game="conditional", task="regression", groups=groups
    )
    assert found.features == ("ends", "b", "c")
    mean, covariance = BACKGROUND.mean(axis=0), np.cov(BACKGROUND.T)

    def worth(known):
        return linear(conditional_mean(X[0], known[[0, 1, 2, 0]], mean, covariance))

    np.testing.assert_allclose(found.values[0, :, 0], by_orders(worth, 3), atol=1e-10)
    sampled = shapley_values(
        linear, X, BACKGROUND, game="conditional", task="regression", method="permutation"
    )
    exact = shapley_values(linear, X, BACKGROUND, game="conditional", task="regression")
    apart = np.abs(sampled.values - exact.values)
    assert (apart <= 4 * sampled.standard_errors + 1e-12).all()


def test_unrelated_features_make_it_the_interventional_game():
    # Columns whose sample covariance is 0 exactly, and a model without interactions.
    cube = np.array([[a, b, c] for a in (0.0, 1.0) for b in (0.0, 3.0) for c in (1.0, 2.0)])
    x = np.array([[2.0, 5.0, -1.0]])

    def model(rows):
        return np.exp(rows[:, 0]) + rows[:, 1] * rows[:, 2]

    conditional = shapley_values(model, x, cube, game="conditional", task="regression")
    plain = shapley_values(model, x, cube, task="regression")
    np.testing.assert_allclose(conditional.values, plain.values, atol=1e-12)


def test_what_is_known_is_as_given_to_the_last_digit():
    seen = []

    def model(rows):
        seen.append(rows)
        return linear(rows)

    shapley_values(model, X[:1], BACKGROUND, game="conditional", task="regression")
    asked = np.concatenate(seen)
    # Of the 14 coalitions between nobody and everybody, 7 know a feature; and the row itself.
    assert ((asked == X[0]).sum(axis=0) == 7 * len(BACKGROUND) + 1).all()


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pd.Categorical(["a", "b"] * 10), "'z' holds levels"),
        (np.array([True, False] * 10), "'z' holds levels"),
        (np.array([1.0, np.nan] * 10), "missing or infinite in z"),
    ],
)
def test_columns_without_numbers_are_refused(column, said):
    frame = pd.DataFrame({"y": np.arange(20.0), "z": column})
    with pytest.raises(InputError, match=said):
        shapley_values(len, frame[:1], frame, game="conditional", task="regression")


def test_too_few_rows_to_learn_from_are_refused():
    with pytest.raises(InputError, match="at least 8 rows"):
        shapley_values(linear, X, BACKGROUND[:7], game="conditional", task="regression")
