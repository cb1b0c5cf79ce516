from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.values.utility import CARA, PiecewiseLinear, Question, simulated_person


def share_of_gambles(utility, question, n=4000, **options):
    person = simulated_person(utility, **options)
    return np.mean([person(question) == "gamble" for _ in range(n)])


def test_they_gamble_as_often_as_the_model_says():
    question = Question(50.0, 0.7, 100.0, 0.0)
    worth = PiecewiseLinear([0, 50, 100], [0, 0.6, 1])
    expected = 0.01 + 0.98 / (1 + np.exp(-0.1 / 0.1))
    assert share_of_gambles(worth, question, noise=0.1) == pytest.approx(expected, abs=0.02)
    named = {"w": 5.0, "a": 11.0, "z": 15.0}  # 0.6 on the scale from 0 to 1
    share = share_of_gambles(named, Question("a", 0.7, "z", "w"), noise=0.1)
    assert share == pytest.approx(expected, abs=0.02)
    neutral = share_of_gambles(CARA(0.0), question, noise=0.1, lapse=0.0)
    assert neutral == pytest.approx(1 / (1 + np.exp(-0.2 / 0.1)), abs=0.02)


def test_the_same_seed_answers_alike():
    question = Question(50.0, 0.5, 100.0, 0.0)
    one, two = (simulated_person(CARA(0.0), noise=0.3, seed=4) for _ in range(2))
    assert [one(question) for _ in range(50)] == [two(question) for _ in range(50)]


def test_bad_noise_is_said():
    with pytest.raises(InputError, match="noise=0"):
        simulated_person(CARA(0.0), noise=0)
