"""The game that a model plays on a row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.outputs import output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.shapley import games
from alignlab.transparency.shapley.games import RowGame


def model(rows):
    values = np.asarray(rows, dtype=float)
    return values[:, 0] * values[:, 1] + np.sin(values[:, 2])


def worth_of(model, X, background, coalition):
    """One coalition of one game, row by row."""
    answers = []
    for x in X:
        made = background.copy()
        made[:, coalition] = x[coalition]
        answers.append(model(made).mean())
    return np.array(answers)


@pytest.mark.parametrize("values", [2, 1000])
@pytest.mark.parametrize("size", [5, 150])
def test_worths_equal_those_computed_one_by_one(values, size):
    generator = np.random.default_rng(values)
    X = generator.integers(0, values, (3, 4)).astype(float)
    background = generator.integers(0, values, (size, 4)).astype(float)
    game = RowGame(output_of(model, task="regression"), X, background, players_of(X))
    coalitions = generator.random((7, 4)) < 0.5
    found = game.ask(coalitions, np.array([2, 0]))
    assert found.shape == (7, 2, 1, min(size, 128))
    for coalition, worth in zip(coalitions, found, strict=True):
        expected = worth_of(model, X[[2, 0]], background, coalition)
        np.testing.assert_allclose((worth @ game.mean)[:, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(game.empty @ game.mean, [model(background).mean()])
    np.testing.assert_allclose(game.full[:, 0], model(X))


def test_equal_rows_are_asked_for_once():
    generator = np.random.default_rng(0)
    X, background = generator.integers(0, 2, (4, 5)), generator.integers(0, 2, (300, 5))
    game = RowGame(output_of(model, task="regression"), X, background, players_of(X))
    before = game.evaluations
    every = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(bool)
    game.ask(every, np.arange(4))
    assert game.evaluations - before <= 32


def test_small_batches_change_nothing(monkeypatch):
    generator = np.random.default_rng(0)
    X, background = generator.normal(size=(4, 3)), generator.normal(size=(10, 3))
    coalitions = generator.random((9, 3)) < 0.5
    output = output_of(model, task="regression")
    whole = RowGame(output, X, background, players_of(X)).ask(coalitions, np.arange(4))
    game = RowGame(output, X, background, players_of(X))
    monkeypatch.setattr(game.pool, "at_once", lambda: 33)
    assert game.ask(coalitions, np.arange(4)).tobytes() == whole.tobytes()


def test_what_cannot_differ_from_the_background_is_no_player():
    X, background = np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([[1.0, 2.0], [1.0, 2.0]])
    output = output_of(lambda rows: rows.sum(axis=1), task="regression")
    game = RowGame(output, X, background, players_of(X))
    assert game.moved().tolist() == [[False, False], [False, True]]
    assert game.distinct_rows().tolist() == [1, 2]


def test_codes_tell_missing_values_and_groups_apart():
    frame = pd.DataFrame({"a": [1.0, None, 1.0, None], "b": ["x", "y", "y", None]})
    codes = games.codes_of(frame, {"a": ("a",), "both": ("a", "b")})
    assert codes[:, 0].tolist() == [0, 1, 0, 1]
    assert len(set(codes[:, 1])) == 4
