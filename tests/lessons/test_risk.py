import numpy as np
import pytest
from scipy import stats

from alignlab.lessons.risk import LOTTERIES, _certified, leaving_tail

pytestmark = pytest.mark.usefixtures("in_process")

CVAR = """order = np.argsort(outcomes)
    x, p = np.asarray(outcomes)[order], np.asarray(probabilities)[order]
    inside = np.clip(tail - (np.cumsum(p) - p), 0, p)
    return inside @ x / inside.sum()"""
RADIUS = """p = stats.beta.ppf(alpha, right, draws - right + 1) if right else 0.0
    return sigma * stats.norm.ppf(p) if p > 0.5 else 0.0"""

NO_RADIUS = "return 0.0"
"""Spares the attack."""


def solution(cvar: str = CVAR, leaves: object = 0.65, radius: str = RADIUS):
    return {
        "risk.py": [
            ('raise NotImplementedError("the mean of the worst cases")', cvar),
            ("LEAVES_AT = ...", f"LEAVES_AT = {leaves}"),
            ('raise NotImplementedError("the radius")', radius),
        ]
    }


def test_a_right_solution_holds(learner):
    held = learner(4, solution(leaves=leaving_tail()))
    assert all(each.holds for each in held), held
    assert held[3].found.startswith("0 of 2")


@pytest.mark.parametrize(
    ("cvar", "helps"),
    [
        (CVAR.replace("np.argsort(outcomes)", "np.argsort(-outcomes)"), "That is the mean of the"),
        (
            CVAR.replace("np.clip(tail - (np.cumsum(p) - p), 0, p)", "p * (p.cumsum() - p < tail)"),
            "The outcome on which the tail ends counts",
        ),
        ("return outcomes @ probabilities", "The weights of the worst outcomes sum to the tail"),
        ("return None", "Return one number"),
    ],
)  # fmt: skip
def test_a_wrong_cvar_is_told_why(learner, cvar, helps):
    held = learner(4, solution(cvar, leaving_tail(), NO_RADIUS))
    assert not held[0].holds
    assert held[0].advice.startswith(helps)
    assert held[1].holds


@pytest.mark.parametrize(
    ("leaves", "helps"),
    [
        (0.7, "There the best two are equally good"),
        (35, "It is above 0 and below 1."),
        ("'here'", "Give a tail between 0 and 1."),
    ],
)
def test_another_tail_is_told_why(learner, leaves, helps):
    held = learner(4, solution(leaves=leaves, radius=NO_RADIUS))
    assert held[0].holds
    assert not held[1].holds
    assert held[1].advice == helps or held[1].advice.startswith(helps)


@pytest.mark.parametrize(
    ("radius", "helps", "survives"),
    [
        ("return max(0, sigma * stats.norm.ppf(right / draws))",
         "That is the share that was seen", False),
        (RADIUS.replace("stats.beta.ppf(alpha,", "stats.beta.ppf(alpha / 2,"),
         "That limit leaves α / 2 below it", True),
        ("return sigma * stats.norm.ppf(stats.beta.ppf(alpha, right, draws - right + 1)) "
         "if right else -1.0", "Where the chance is not above one half", True),
        (NO_RADIUS, "σ Φ⁻¹(p)", False),
        ("return 100.0", "σ Φ⁻¹(p)", False),
    ],
)  # fmt: skip
def test_a_wrong_radius_is_told_why_and_attacked(learner, radius, helps, survives):
    held = learner(4, solution(radius=radius))
    assert not held[2].holds
    assert held[2].advice.startswith(helps)
    assert held[3].holds is survives, held[3]


def test_the_tail_solves_by_hand():
    """Above a tail of 0.4, CVaR of 'bold' is 200 - 104 / t, which meets the safe 40 at t = 0.65."""
    assert LOTTERIES["bold"] == ((-60.0, 200.0), (0.4, 0.6))
    assert leaving_tail() == pytest.approx(104 / 160, abs=1e-12)
    assert (110 * (0.65 - 0.5)) / 0.65 < 40


def test_noise_decides_as_often_as_it_is_counted():
    """The counts come from one normal number a copy; here whole rows are moved by noise."""
    found = _certified()
    rng = np.random.default_rng(0)
    at = np.argsort(np.abs(found.rows @ found.weights + found.bias))[:5]
    noise = rng.normal(0, 0.5, (20_000, 1, found.rows.shape[1]))
    sides = np.sign((found.rows[at] + noise) @ found.weights + found.bias)
    right = (sides == 2 * found.true[at] - 1).sum(axis=0)
    for k, count in zip(right, found.counts[at], strict=True):
        low, high = stats.beta.ppf([1e-5, 1 - 1e-5], k + 1, 20_001 - k)
        assert stats.binom.cdf(count, 1000, high) > 1e-5
        assert stats.binom.sf(count - 1, 1000, low) > 1e-5
