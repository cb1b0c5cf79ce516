"""What answers to standard gambles say about a utility: its posterior, exactly on a grid.

A person offered item i for sure or a gamble of chance p takes the gamble with probability

    lapse / 2 + (1 - lapse) * logistic(d / noise),

where the noise is unknown too. Without a family, d = p - u_i, and the prior of the utilities is
uniform over all values (named outcomes) or over all rising values (amounts). Given the noise, the
utilities of rising amounts form a chain, so that one pass forward and one back sum over every
utility function at once. In a family, d is the gamble's certainty equivalent less the sure amount,
as a share of the range, on the family's own grid and prior (`families.py`).
Differences of certainty equivalents, not of expected utilities, keep the chance of gambling falling
in risk aversion [apesteguia2018monotone; keffert2024stochastic].

The next question is the one whose answer is expected to tell most about the utility, in bits
[lindley1956measure]; what it would tell about the noise alone does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlog1py, xlogy

from alignlab.intervals import critical_value

__all__ = ["LEVELS", "NOISES", "Belief", "Evidence", "chance_of_gamble", "family_belief",
           "free_belief"]  # fmt: skip

Floats = NDArray[np.float64]

CELLS = 200
"""Cells of the grid of utilities between 0 and 1."""

GRID: Floats = (np.arange(CELLS) + 0.5) / CELLS

NOISES: Floats = np.geomspace(0.01, 0.32, 11)
"""Noises considered, equally likely before any answer; a share of the whole range."""

LAPSE = 0.02
"""The share of answers that are given at random, whatever is asked."""

LEVELS: Floats = np.array([0.01, 0.02, *np.arange(5, 100, 5) / 100, 0.98, 0.99])
"""Chances that a question may offer."""

Evidence = tuple[NDArray[np.intp], Floats, Floats]
"""For each answer: the item, the chance offered, and the reply: 1 gamble, 0 sure, 0.5 equal."""


@dataclass(frozen=True, eq=False)
class Belief:
    """A posterior over the utilities of items, on a grid.

    Attributes
    ----------
    joint
        For each item, the probability of each hypothesis and noise, shape (n_items, n_hypotheses,
        n_noises); each item's sums to one.
    utility_at
        For each item, the utility under each hypothesis, rising or falling, shape (n_items,
        n_hypotheses).
    gambles
        The chance of taking each gamble that may be offered, under each hypothesis and noise, shape
        (n_items, n_levels, n_hypotheses, n_noises), or (1, ...) where it is the same for all items.
    draw
        From a count and a generator to that many utilities of all items, shape (n, n_items).
    prior
        In a family: the probability of each hypothesis before any answer, shape (n_hypotheses,).
    """

    joint: Floats
    utility_at: Floats
    gambles: Floats
    draw: Callable[[int, np.random.Generator], Floats]
    prior: Floats | None = None

    @cached_property
    def marginals(self) -> Floats:
        """The probability of each hypothesis, whatever the noise, shape (n_items, n_hypotheses)."""
        return np.asarray(self.joint.sum(axis=2))

    @property
    def noise(self) -> Floats:
        """The probability of each noise, shape (n_noises,)."""
        return np.asarray(self.joint[0].sum(axis=0))

    @property
    def means(self) -> Floats:
        """The expected utility of each item, shape (n_items,)."""
        return np.asarray((self.marginals * self.utility_at).sum(axis=1))

    def limits(self, item: int, level: float) -> tuple[float, float]:
        """Return the equal-tailed limits of an item's utility.

        Without a family a limit in the outermost cell, and in one a limit that the answers don't
        set, is the worst or the best itself: an outcome can be as bad, or as good.
        """
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        if self.prior is None:
            low, high = quantiles(self.marginals[item], tails)
            return (
                0.0 if low < 1 / CELLS else float(low),
                1.0 if high > 1 - 1 / CELLS else float(high),
            )
        falling, weights = self.utility_at[item], self.marginals[item]
        low, high = quantiles(weights[::-1], tails, falling[::-1])
        best, worst = self.open_ends(level)
        return 0.0 if worst else float(low), 1.0 if best else float(high)

    def open_ends(self, level: float) -> tuple[bool, bool]:
        """Return whether the answers leave the first, and the last, hypothesis of a family open.

        They rule it out where it makes them much less likely than the likeliest hypothesis does:
        by the ratio at which a likelihood interval of this level ends.
        """
        assert self.prior is not None
        told = self.marginals[0] / self.prior
        first, last = told[[0, -1]] >= told.max() * np.exp(-(critical_value(level) ** 2) / 2)
        return bool(first), bool(last)

    def information(self) -> Floats:
        """Return how many bits an answer would tell about the utility, (n_items, n_levels)."""
        mass = self.marginals[:, None]
        # A hypothesis of no probability tells nothing, whatever its share is taken to be.
        taken = np.einsum("ilhs,ihs->ilh", self.gambles, self.joint, optimize=False)
        given = np.clip(taken / np.where(mass > 0, mass, 1.0), 0.0, 1.0)
        return _entropy(np.minimum(taken.sum(axis=2), 1.0)) - (_entropy(given) * mass).sum(axis=2)


def chance_of_gamble(distance: Floats, noise: Floats | float) -> Floats:
    """Return the probability of taking the gamble."""
    return np.asarray(LAPSE / 2 + (1 - LAPSE) * expit(distance / noise))


def free_belief(n_items: int, evidence: Evidence, *, ordered: bool) -> Belief:
    """Return the posterior without a family: items may be worth anything, rising if ordered."""
    items, chances, replies = evidence
    likely = np.zeros((n_items, len(NOISES), CELLS))
    for item, chance, reply in zip(items, chances, replies, strict=True):
        gamble = chance_of_gamble(chance - GRID, NOISES[:, None])
        likely[item] += xlogy(reply, gamble) + xlog1py(1 - reply, -gamble)
    tops = likely.max(axis=2, keepdims=True)
    # Never 0: hundreds of answers that contradict each other must not leave 0 / 0.
    likely = np.maximum(np.exp(likely - tops), 1e-200)
    logs = tops[:, :, 0].sum(axis=0)

    forward = np.empty_like(likely)
    message = np.ones_like(likely[0])
    for item in range(n_items):
        step = likely[item] * message
        total = step.sum(axis=1, keepdims=True)
        forward[item] = step / total
        logs = logs + np.log(total[:, 0])
        message = _below(forward[item]) if ordered else np.ones_like(message)
    backward = np.ones_like(message)
    given_noise = np.empty_like(likely)
    for item in reversed(range(n_items)):
        given_noise[item] = forward[item] * backward
        given_noise[item] /= given_noise[item].sum(axis=1, keepdims=True)
        if ordered:
            ahead = likely[item] * backward
            backward = _below(ahead[:, ::-1])[:, ::-1]
            backward /= backward.max(axis=1, keepdims=True)
    noise = _normalized(logs)

    def draw(n: int, generator: np.random.Generator) -> Floats:
        noises = generator.choice(len(NOISES), size=n, p=noise)
        cells = np.empty((n, n_items), dtype=np.intp)
        for item in reversed(range(n_items)):
            cumulated = np.cumsum(forward[item], axis=1)[noises]
            top, room = np.full(n, CELLS - 1), cumulated[:, -1]
            if ordered and item + 1 < n_items:
                top = cells[:, item + 1]
                room = _below(forward[item])[noises, top]
            reach = generator.random(n) * room
            cells[:, item] = np.minimum((cumulated < reach[:, None]).sum(axis=1), top)
        return GRID[cells]

    return Belief(
        joint=np.swapaxes(given_noise * noise[:, None], 1, 2),
        utility_at=np.tile(GRID, (n_items, 1)),
        gambles=_free_gambles(),
        draw=draw,
    )


def family_belief(
    equivalents: Callable[[Floats], Floats],
    shares: Floats,
    utility_at: Floats,
    gambles: Floats,
    prior: Floats,
    evidence: Evidence,
) -> Belief:
    """Return the posterior in a family of one parameter.

    Parameters
    ----------
    equivalents
        From chances (k,) to certainty equivalents as shares of the range, (k, n_hypotheses).
    shares
        The items' amounts as shares of the range, shape (n_items,).
    utility_at
        The items' utilities, falling from hypothesis to hypothesis, shape (n_items, n_hypotheses).
    gambles, prior
        As in `Belief`.
    evidence
        The answers.
    """
    items, chances, replies = evidence
    logs = np.repeat(np.log(prior)[:, None], len(NOISES), axis=1)
    for gap, reply in zip(equivalents(chances) - shares[items][:, None], replies, strict=True):
        gamble = chance_of_gamble(gap[:, None], NOISES)
        logs += xlogy(reply, gamble) + xlog1py(1 - reply, -gamble)
    posterior = _normalized(logs)
    marginal = posterior.sum(axis=1)

    def draw(n: int, generator: np.random.Generator) -> Floats:
        return utility_at[:, generator.choice(len(prior), size=n, p=marginal)].T

    return Belief(
        joint=np.broadcast_to(posterior, (len(shares), *posterior.shape)),
        utility_at=utility_at,
        gambles=gambles,
        draw=draw,
        prior=prior,
    )


@cache
def _free_gambles() -> Floats:
    return chance_of_gamble((LEVELS[:, None] - GRID)[None, :, :, None], NOISES)


def quantiles(weights: Floats, at: Floats, values: Floats | None = None) -> Floats:
    """Return quantiles of a distribution over cells, straight within each cell.

    Parameters
    ----------
    weights
        The cells' probabilities.
    at
        The levels wanted.
    values
        A rising function at the cells' middles; `None` for the cells themselves, from 0 to 1.
    """
    edges = np.linspace(0, 1, len(weights) + 1)
    cumulated = np.concatenate([[0.0], np.cumsum(weights)])
    found = np.interp(at * cumulated[-1], cumulated, edges)
    if values is None:
        return found
    middles = (edges[:-1] + edges[1:]) / 2
    return np.interp(found, middles, values)


def _below(message: Floats) -> Floats:
    """Return, for each cell, the mass below it and half of its own: P(earlier < later)."""
    return np.asarray(np.cumsum(message, axis=1) - message / 2)


def _entropy(chance: Floats) -> Floats:
    """Return the entropy of a yes-or-no answer, in bits."""
    return np.asarray(-(xlogy(chance, chance) + xlog1py(1 - chance, -chance)) / np.log(2))


def _normalized(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())
