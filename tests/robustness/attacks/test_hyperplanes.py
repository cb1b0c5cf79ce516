"""The least move onto a hyperplane within a box, beside general-purpose optimisers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linprog, minimize

from alignlab.robustness.attacks.hyperplanes import least_move
from alignlab.robustness.threats import L1, L2, Linf

NORMS = pytest.mark.parametrize("ball", [Linf, L2, L1])


def problem(seed, d=6, share=0.6, zeros=False):
    """Return a point in the unit box, a slope, and a rise that is a share of the largest one."""
    random = np.random.default_rng(seed)
    x, slope = random.random(d), random.normal(size=d)
    if zeros:
        slope[:2] = 0
    sign = random.choice([-1, 1])
    most = np.where(slope * sign > 0, 1 - x, x) @ abs(slope)
    return x, slope, sign * share * most


def moved(ball, x, slope, rise, **box):
    """Return the least move of one row."""
    x, slope = (torch.as_tensor(each, dtype=torch.float64)[None] for each in (x, slope))
    return least_move(x, slope, torch.tensor([rise], dtype=torch.float64), ball(1.0, **box))[0]


def length_by_scipy(ball, x, slope, rise):
    """Return the length of the least move, by HiGHS for Linf and L1, by SLSQP for L2."""
    d = len(x)
    if ball is L2:
        best = minimize(
            lambda m: 0.5 * m @ m,
            rise * slope / (slope @ slope),
            jac=lambda m: m,
            bounds=list(zip(-x, 1 - x, strict=True)),
            constraints=LinearConstraint(slope[None], rise, rise),
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 1000},
        )
        return float(np.linalg.norm(best.x))
    # Variables: the moves up, the moves down, and for Linf what bounds them all.
    extra = 1 if ball is Linf else 0
    cost = np.r_[np.zeros(2 * d), 1.0] if extra else np.ones(2 * d)
    bounded = {}
    if extra:
        bounded = {
            "A_ub": np.c_[np.eye(d), np.eye(d), -np.ones(d)],
            "b_ub": np.zeros(d),
        }
    best = linprog(
        cost,
        A_eq=np.r_[slope, -slope, np.zeros(extra)][None],
        b_eq=[rise],
        bounds=[*zip(np.zeros(d), 1 - x, strict=True), *zip(np.zeros(d), x, strict=True)]
        + [(0, None)] * extra,
        **bounded,
    )
    return float(best.fun)


@pytest.mark.parametrize(
    ("ball", "slope", "rise", "expected"),
    [
        (Linf, [1.0, -3.0], 1.0, [0.25, -0.25]),
        (L2, [3.0, 4.0], -2.5, [-0.3, -0.4]),
        (L1, [1.0, 2.0], 0.8, [0.0, 0.4]),
    ],
)
def test_by_hand_where_no_number_meets_the_box(ball, slope, rise, expected):
    assert moved(ball, [0.5, 0.5], slope, rise).tolist() == pytest.approx(expected, rel=1e-12)


@NORMS
def test_by_hand_where_one_number_meets_the_box(ball):
    # 3 a + b = 2.5 with a <= 0.5: the second number makes the rest, 1, in every norm.
    move = moved(ball, [0.5, 0.0], [3.0, 1.0], 2.5)
    assert move.tolist() == pytest.approx([0.5, 1.0], rel=1e-12)


@NORMS
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 0.95), zeros=st.booleans())
def test_it_is_as_short_as_a_general_optimiser_finds(ball, seed, share, zeros):
    x, slope, rise = problem(seed, share=share, zeros=zeros)
    move = moved(ball, x, slope, rise)
    assert ((x + move.numpy() >= -1e-12) & (x + move.numpy() <= 1 + 1e-12)).all()
    assert float(move.numpy() @ slope) == pytest.approx(rise, rel=1e-10)
    length = float(move.norm(p=ball.norm))
    # SLSQP stops near the optimum, never below it.
    assert length == pytest.approx(length_by_scipy(ball, x, slope, rise), rel=1e-5)


@NORMS
def test_where_the_box_holds_all_of_it_back_all_room_is_used(ball):
    move = moved(ball, [0.25, 0.75, 0.5], [1.0, -2.0, 0.0], 10.0)
    assert move.tolist() == [0.75, -0.75, 0.0]


@NORMS
def test_without_a_box_it_is_the_distance_in_the_dual_norm(ball):
    x, slope, _ = problem(3, d=40)
    box = {"low": -float("inf"), "high": float("inf")}
    move = moved(ball, x, slope, -1.5, **box)
    dual = {Linf: 1, L2: 2, L1: np.inf}[ball]
    assert float(move.numpy() @ slope) == pytest.approx(-1.5)
    assert float(move.norm(p=ball.norm)) == pytest.approx(1.5 / np.linalg.norm(slope, dual))


@NORMS
def test_nothing_to_rise_and_nothing_to_climb_is_no_move(ball):
    assert moved(ball, [0.5, 0.5], [1.0, 2.0], 0.0).tolist() == [0, 0]
    assert moved(ball, [0.5, 0.5], [0.0, 0.0], 1.0).tolist() == [0, 0]
    box = {"low": -float("inf"), "high": float("inf")}
    assert moved(ball, [0.5, 0.5], [0.0, 2.0], 1.0, **box).tolist() == [0, 0.5]


@NORMS
def test_rows_do_not_know_of_each_other(ball):
    problems = [problem(seed, share=0.1 + 0.08 * seed) for seed in range(10)]
    x, slope, rise = (torch.as_tensor(np.array(each)) for each in zip(*problems, strict=True))
    together = least_move(x, slope, rise, ball(1.0))
    for row in range(10):
        alone = moved(ball, x[row], slope[row], float(rise[row]))
        assert torch.allclose(together[row], alone, rtol=1e-14, atol=0)
