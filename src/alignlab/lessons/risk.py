"""Step 4: where a cautious choice leaves the mean, and a radius inside which no attack succeeds.

    CVaR_t(X) = the mean of the worst share t of cases              [rockafellar2000optimization]
    radius    = σ Φ⁻¹(p),  p the lower limit of a class's chance    [cohen2019certified, theorem 1]

The model is a line between two classes of real tumours. Under Gaussian noise a line decides as
without it, so that the model attacked is the very model that is certified, and its exact distance
to the boundary is there for the attacks to find: a radius that is too large is shown to be so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from alignlab.lessons.form import Exercise, Files, Held
from alignlab.lessons.working import Answer, call, run, unanswered

__all__ = ["EXERCISE", "LOTTERIES", "leaving_tail"]

Floats = NDArray[np.float64]

FILE = "risk.py"
LOTTERIES = {
    "safe": ((40.0,), (1.0,)),
    "even": ((0.0, 110.0), (0.5, 0.5)),
    "bold": ((-60.0, 200.0), (0.4, 0.6)),
}
"""What can be chosen: outcomes and their probabilities."""

DRAWS, SIGMA, ALPHA = 1000, 0.5, 1e-6
"""Noisy copies of a row, their standard deviation, and the chance that one radius is too large."""

MOST_RADII = 40
"""So many different radii are attacked; rows between two are attacked at the smaller."""

CVAR = "CVaR of lotteries that you have not seen, to 1e-9"
LEAVES = "where the cautious choice leaves the mean, to 1e-6"
RADIUS = "the certified radius for counts that you have not seen, to 1e-9"
ATTACKED = "no attack succeeds inside your radius"

STARTER = f'''\
"""Step 4: a choice that minds the bad cases, and a promise that no attack may break."""

import numpy as np
from scipy import stats


def cvar(outcomes, probabilities, tail):
    """Return the mean of the worst share `tail` of cases; more is better.

    With a tail of 1 it is the mean; as the tail shrinks it tends to the worst outcome.

    Blank 1: sort the outcomes from the worst on. The outcome on which the tail ends counts with the
    part of its probability that lies inside the tail.
    """
    raise NotImplementedError("the mean of the worst cases")


LOTTERIES = {{
    # name: (outcomes, probabilities)
{"".join(f"    {name!r}: {lottery!r},{chr(10)}" for name, lottery in LOTTERIES.items())}}}

# Blank 2: by the mean, 'bold' is the best of these. Choose by CVaR instead, and let the tail shrink
# from 1: below which tail is another lottery the best? Six digits, by hand or by bisection.
LEAVES_AT = ...


def certified_radius(right, draws, sigma, alpha):
    """Return how far a row can be moved, at least, before the decision under noise changes.

    right    so many noisy copies of the row were put into the class, of `draws`
    draws    noisy copies of the row
    sigma    the standard deviation of the noise, in each coordinate
    alpha    the chance that is accepted that the radius is too large

    Blank 3: sigma times the normal quantile of a chance that the class has *at least*: not of the
    share that was seen, which may have been luck. 0 where that chance is not above one half.
    """
    raise NotImplementedError("the radius")


if __name__ == "__main__":
    for tail in (1, 0.8, 0.6, 0.4):
        worth = {{name: cvar(*lottery, tail) for name, lottery in LOTTERIES.items()}}
        print(f"tail {{tail}}:", {{name: round(float(value), 2) for name, value in worth.items()}})
'''


def _starter() -> Files:
    return {FILE: STARTER}


def _check(folder: Path) -> tuple[Held, ...]:
    lotteries = _hidden_lotteries()
    certified = _certified()
    counts = [0, 400, 500, 540, 700, 930, 999, 1000, *certified.counts.tolist()]
    asked = [[count, DRAWS, SIGMA, ALPHA] for count in counts]
    asks = {
        "leaves": (call, {"values": ["LEAVES_AT"]}),
        "cvar": (call, {"calls": [["cvar", lotteries]]}),
        "radii": (call, {"calls": [["certified_radius", asked]]}),
    }
    told = run(folder / FILE, asks)
    return (
        _cvar_held(told["cvar"], lotteries),
        _leaving_held(told["leaves"]),
        *_radii_held(told["radii"], counts, certified),
    )


def leaving_tail() -> float:
    """Return the tail at which CVaR prefers another lottery to the one of the highest mean.

    >>> round(leaving_tail(), 6)
    0.65
    """
    from alignlab.values import cvar

    means = {name: float(np.dot(*lottery)) for name, lottery in LOTTERIES.items()}
    first = max(means, key=lambda name: means[name])

    def ahead(tail: float) -> float:
        worth = {name: cvar(*lottery, tail=tail) for name, lottery in LOTTERIES.items()}
        return worth[first] - max(value for name, value in worth.items() if name != first)

    tails = np.linspace(1, 0.01, 991)
    behind = int(np.argmax([ahead(float(tail)) < 0 for tail in tails]))
    return float(optimize.brentq(ahead, tails[behind], tails[behind - 1], xtol=1e-13))


def _hidden_lotteries() -> list[list[Any]]:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(100):
        size = int(rng.integers(1, 8))
        outcomes = rng.normal(0, 50, size).round(1)
        found.append([outcomes, rng.dirichlet(np.ones(size)), float(rng.uniform(0.02, 1))])
    return found


def _cvar_held(told: Answer, lotteries: list[list[Any]]) -> Held:
    from alignlab.values import cvar

    if told.value is None:
        return unanswered(told, CVAR)[0]
    values = told.value["calls"][0]
    right = [cvar(outcomes, p, tail=tail) for outcomes, p, tail in lotteries]
    if not all(isinstance(each, int | float) for each in values):
        return Held(CVAR, False, "what came is no number", "Return one number for one lottery.")
    off = np.abs(np.subtract(values, right))
    worst = int(np.argmax(np.nan_to_num(off, nan=np.inf)))
    outcomes, p, tail = lotteries[worst]
    if off[worst] <= 1e-9:
        return Held(CVAR, True, f"{len(lotteries)} lotteries, off by at most {off.max():.1e}")
    shown = " ".join(f"{x:g}@{chance:.3f}" for x, chance in sorted(zip(outcomes, p, strict=True)))
    found = f"{values[worst]:.3f} for {shown} at tail {tail:.3f}; it is {right[worst]:.3f}"
    upside = [cvar(-np.asarray(x), q, tail=t) for x, q, t in lotteries]
    if np.allclose(values, np.negative(upside), atol=1e-6):
        return Held(CVAR, False, found, "That is the mean of the best cases: sort the other way.")
    whole = [_whole_atoms(*each) for each in lotteries]
    advice = (
        "The outcome on which the tail ends counts with the part of its probability that is inside."
        if np.allclose(values, whole, atol=1e-6)
        else "The weights of the worst outcomes sum to the tail, and CVaR is divided by the tail."
    )
    return Held(CVAR, False, found, advice)


def _whole_atoms(outcomes: Floats, p: Floats, tail: float) -> float:
    """Return the mean up to the quantile, which many take for CVaR."""
    order = np.argsort(outcomes)
    x, chances = np.asarray(outcomes)[order], np.asarray(p)[order]
    inside = np.cumsum(chances) - chances < tail
    return float(np.average(x[inside], weights=chances[inside]))


def _leaving_held(told: Answer) -> Held:
    if told.value is None:
        return unanswered(told, LEAVES)[0]
    said, right = told.value["values"]["LEAVES_AT"], leaving_tail()
    if not isinstance(said, int | float):
        return Held(LEAVES, False, f"{said!r:.60} is no number", "Give a tail between 0 and 1.")
    from alignlab.values import cvar

    if abs(said - right) <= 1e-6:
        return Held(LEAVES, True, f"at a tail of {said:.6f}")
    if not 0 < said <= 1:
        return Held(LEAVES, False, f"{said:g} is no share of cases", "It is above 0 and below 1.")
    worth = {name: cvar(*lottery, tail=float(said)) for name, lottery in LOTTERIES.items()}
    shown = ", ".join(f"{name} {value:.4f}" for name, value in worth.items())
    advice = "There the best two are equally good: move the tail until the highest two meet."
    return Held(LEAVES, False, f"at a tail of {said:.6f} CVaR is {shown}", advice)


@dataclass(frozen=True)
class _Certified:
    """A line, rows on which it is right, and how often it was right on noisy copies of each."""

    weights: Floats
    bias: float
    rows: Floats
    true: NDArray[np.intp]
    counts: NDArray[np.intp]


@cache
def _certified() -> _Certified:
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X[::2].mean(axis=0)) / X[::2].std(axis=0)
    line = LogisticRegression(C=0.1, max_iter=1000).fit(X[::2], y[::2])
    w, b = line.coef_[0].astype(float), float(line.intercept_[0])
    rows, true = X[1::2], y[1::2].astype(np.intp)
    right = np.sign(rows @ w + b) == 2 * true - 1
    rows, true = rows[right], true[right]
    # Along w alone a line sees noise, so that a count is one draw from a binomial distribution.
    chance = stats.norm.cdf(np.abs(rows @ w + b) / (SIGMA * np.linalg.norm(w)))
    counts = np.random.default_rng(5).binomial(DRAWS, chance)
    return _Certified(w, b, rows, true, counts)


def _radii_held(told: Answer, counts: list[int], certified: _Certified) -> tuple[Held, ...]:
    from alignlab.robustness import certified_radius

    if told.value is None:
        return unanswered(told, RADIUS, ATTACKED)
    given = told.value["calls"][0]
    if not all(isinstance(each, int | float) for each in given):
        advice = "Return one number: 0 where nothing is certified."
        return tuple(
            Held(each, False, "what came is no number", advice) for each in (RADIUS, ATTACKED)
        )
    radii = np.array(given, float)
    right = certified_radius(counts, DRAWS, sigma=SIGMA, level=1 - ALPHA)
    off = np.abs(radii - right)
    worst = int(np.argmax(np.nan_to_num(off, nan=np.inf)))
    if off[worst] <= 1e-9:
        known = Held(RADIUS, True, f"{len(counts)} counts, off by at most {off.max():.1e}")
    else:
        found = (
            f"{radii[worst]:.4f} for {counts[worst]} of {DRAWS}, σ = {SIGMA:g}, α = {ALPHA:g}; "
            f"it is {right[worst]:.4f}"
        )
        known = Held(RADIUS, False, found, _why_radius(radii, counts))
    return known, _attack_held(radii[-len(certified.rows) :], certified)


def _why_radius(radii: Floats, counts: list[int]) -> str:
    share = np.array(counts) / DRAWS
    low = np.asarray(stats.beta.ppf(ALPHA / 2, counts, DRAWS - np.array(counts) + 1))
    naive, two_sided = SIGMA * special.ndtri(share), SIGMA * special.ndtri(low)
    some = (share > 0.6) & (share < 1)
    if np.allclose(radii[some], naive[some], atol=1e-6):
        return "That is the share that was seen: take the lower limit of Clopper and Pearson."
    if np.allclose(radii[some], two_sided[some], atol=1e-6):
        return "That limit leaves α / 2 below it: the promise is one-sided, so all of α lies there."
    if np.isfinite(radii).all() and (radii < 0).any():
        return "Where the chance is not above one half nothing is certified: return 0."
    return "σ Φ⁻¹(p), p = scipy.stats.beta.ppf(alpha, right, draws - right + 1) (0 right: p = 0)."


def _attack_held(radii: Floats, certified: _Certified) -> Held:
    """Attack every row within its own radius, rounded down to one of a few."""
    import torch

    from alignlab.robustness import L2, PGD, evaluate_robustness

    line = torch.nn.Linear(len(certified.weights), 2, dtype=torch.float64).eval()
    with torch.no_grad():
        w = torch.from_numpy(certified.weights)
        line.weight.copy_(torch.stack([-w, w]) / 2)
        line.bias.copy_(torch.tensor([-certified.bias, certified.bias], dtype=torch.float64) / 2)
    finite = np.clip(np.nan_to_num(radii, nan=0.0, posinf=1e3), 0, 1e3)
    positive = finite > 0
    if not positive.any():
        advice = "A promise about nothing cannot be broken: mend the radius."
        return Held(ATTACKED, False, "no row has a radius above 0", advice)
    shares = np.linspace(0, 1, MOST_RADII)
    quantiles = np.quantile(finite[positive], shares, method="lower")
    steps = [*np.unique(quantiles).tolist(), np.inf]
    broken = 0
    for low, high in pairwise(steps):
        at = np.flatnonzero((finite >= low) & (finite < high))
        threat = L2(low, low=-np.inf, high=np.inf)
        found = evaluate_robustness(
            line, torch.from_numpy(certified.rows[at]), certified.true[at], threat,
            attacks=[PGD(steps=10)], certify=False, masking=False,
        )  # fmt: skip
        broken += int(found.broken.sum())
    said = (
        f"{broken} of {int(positive.sum())} rows broken within radii up to {finite.max():.3f} "
        f"(median {np.median(finite[positive]):.3f}, {len(radii)} rows in the test set)"
    )
    return Held(
        ATTACKED,
        broken == 0,
        said,
        "Your radius promises more than the counts allow: bound the chance from below.",
    )


EXERCISE = Exercise(
    subject="risk",
    do=(
        "Fill the three blanks in {folder}/risk.py: the mean of the worst cases, the level of risk "
        "at which it chooses otherwise than the mean, and a radius that holds.",
        "The check attacks every row of the test set inside the radius that you promise for it.",
    ),
    starter=_starter,
    check=_check,
)
