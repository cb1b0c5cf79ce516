"""Each different row is asked once, and every question gets its own answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.effects.questions import MANY, Questions
from alignlab.transparency.outputs import output_of
from alignlab.transparency.pool import Pool, players_of, value_codes


def study(X, model):
    players = players_of(X)
    frame = (
        X if isinstance(X, pd.DataFrame) else pd.DataFrame(X, columns=map(str, range(X.shape[1])))
    )
    codes = np.stack(
        [value_codes(frame, [str(c) for c in own]) for own in players.values()], axis=1
    )
    return Questions(Pool([X], players), codes), output_of(model, task="regression")


def test_answers_are_those_of_rows_built_one_by_one_and_equal_rows_are_asked_once():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (40, 3)).astype(float)
    asked = []

    def model(rows):
        asked.extend(map(tuple, rows))
        return rows @ [1.0, 10.0, 100.0]

    questions, output = study(X, model)
    rows, donors, others = rng.integers(0, 40, (3, 500))
    one = questions.add(rows, [(1, donors)])
    both = questions.add(rows, [(0, others), (2, donors)])
    plain = questions.add(np.arange(40))
    answers = questions.ask(output)[:, 0]
    made = X[rows].copy()
    made[:, 1] = X[donors, 1]
    assert np.array_equal(answers[one], made @ [1, 10, 100])
    made = X[rows].copy()
    made[:, 0], made[:, 2] = X[others, 0], X[donors, 2]
    assert np.array_equal(answers[both], made @ [1, 10, 100])
    assert np.array_equal(answers[plain], X @ [1, 10, 100])
    assert len(set(asked)) == len(asked) <= 27


def test_more_questions_than_fit_one_batch(monkeypatch):
    monkeypatch.setattr(Pool, "at_once", lambda self: 7)
    X = np.random.default_rng(1).normal(size=(30, 2))
    questions, output = study(X, lambda rows: rows[:, 0] * rows[:, 1])
    first = questions.add(np.arange(30), [(0, np.arange(30)[::-1])])
    second = questions.add(np.arange(30), [(1, np.zeros(30, dtype=int))])
    answers = questions.ask(output)[:, 0]
    assert np.array_equal(answers[first], X[::-1, 0] * X[:, 1])
    assert np.array_equal(answers[second], X[:, 0] * X[0, 1])


@pytest.mark.parametrize(("levels", "repeated"), [(0, False), (50, True)])
def test_of_many_questions_equal_ones_are_looked_for_where_there_are_some(levels, repeated):
    generator = np.random.default_rng(2)
    X = generator.integers(0, levels, (2000, 3)) if levels else generator.normal(size=(2000, 3))
    questions, output = study(X.astype(float), lambda rows: rows @ [1.0, 10.0, 100.0])
    rows, donors, others = generator.integers(0, 2000, (3, MANY))
    one = questions.add(rows, [(1, donors)])
    both = questions.add(rows, [(0, donors), (2, others)])
    answers = questions.ask(output)[:, 0]
    made = X[rows, 0] + 10 * X[donors, 1] + 100 * X[rows, 2]
    assert np.allclose(answers[one], made, rtol=1e-14)
    made = X[donors, 0] + 10 * X[rows, 1] + 100 * X[others, 2]
    assert np.allclose(answers[both], made, rtol=1e-14)
    assert (output.predictor.rows_evaluated < 2 * MANY) == repeated


def test_nothing_asked_is_nothing_answered():
    questions, output = study(np.ones((2, 2)), lambda rows: rows[:, 0])
    assert questions.ask(output).shape == (0, 1)
