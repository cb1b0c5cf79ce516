from __future__ import annotations

import numpy as np
import pytest

from alignlab.transparency.cards.deletion import deletion_truth
from alignlab.transparency.outputs import output_of

WEIGHTS = np.array([4.0, -3.0, 2.0, 1.0, 0.5])
PLAYERS = {name: (at,) for at, name in enumerate("abcde")}


def linear(rows):
    return rows @ WEIGHTS


@pytest.fixture
def cases():
    rng = np.random.default_rng(3)
    return np.ones((1, 5)), rng.normal(size=(20, 5)) * 0.1


def truth(values, cases, model=linear, **more):
    row, others = cases
    return deletion_truth(
        output_of(model, task="regression"), row, others, PLAYERS, np.asarray(values),
        generator=np.random.default_rng(0), **more,
    )  # fmt: skip


def test_the_curve_of_a_linear_model_by_hand(cases):
    found = truth(WEIGHTS, cases)
    means = cases[1].mean(axis=0)
    # Replacing feature j takes away w_j (1 - mean of the others): a, c, d, e, then b.
    steps = [WEIGHTS[j] * (1 - means[j]) for j in (0, 2, 3, 4, 1)]
    expected = WEIGHTS.sum() - np.cumsum([0, *steps])
    np.testing.assert_allclose(found.detail["curve"], expected, atol=1e-12)


def test_the_right_order_beats_chance_and_the_reverse_loses(cases):
    right, wrong = truth(WEIGHTS, cases), truth(-WEIGHTS, cases)
    assert right.score.value > 0.98
    assert right.holds
    assert wrong.score.value < 0.02
    assert not wrong.holds


def test_orders_that_say_nothing_score_one_half_on_average(cases):
    rng = np.random.default_rng(5)
    scores = [truth(rng.permutation(5), cases, orders=40).score.value for _ in range(60)]
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    assert abs(np.mean(scores) - 0.5) < 4 * error


def test_the_random_curve_is_the_straight_line_of_a_linear_model(cases):
    found = truth(WEIGHTS, cases, orders=2000)
    curve = np.array(found.detail["random_curve"])
    line = np.linspace(curve[0], curve[-1], 6)
    spread = np.abs(WEIGHTS).sum() / np.sqrt(2000)
    assert np.abs(curve - line).max() < 4 * spread


def test_where_nothing_moves_nothing_is_told(cases):
    found = truth(WEIGHTS, cases, model=lambda rows: np.full(len(rows), 2.0))
    assert found.score is None
    assert not found.holds
    assert found.to_dict()["score"] is None


def test_coalitions_that_orders_share_are_asked_for_once(cases):
    asked = []

    def counting(rows):
        asked.append(len(rows))
        return linear(rows)

    truth(WEIGHTS, cases, model=counting, orders=500)
    assert sum(asked) <= 2**5 * 20


def test_features_that_count_alike_need_no_order():
    """All features count the same, but for which cases happen to replace them."""
    rng = np.random.default_rng(8)
    row, others = np.ones((1, 5)), rng.normal(size=(24, 5))
    scores = []
    for _ in range(20):
        found = deletion_truth(
            output_of(lambda rows: rows.sum(axis=1), task="regression"),
            row, others, PLAYERS, rng.permutation(5).astype(float),
            generator=np.random.default_rng(0),
        )  # fmt: skip
        scores.append(found.score.value)
    assert min(scores) > 0.3
    assert max(scores) < 0.7


def test_of_two_features_nothing_is_told(cases):
    row, others = cases
    found = deletion_truth(
        output_of(lambda rows: rows.sum(axis=1), task="regression"),
        row[:, :2], others[:, :2], {"a": (0,), "b": (1,)}, np.array([1.0, 2.0]),
        generator=np.random.default_rng(0),
    )  # fmt: skip
    assert found.score is None
    assert "too few orders" in found.detail["why"]
