"""Which two items to ask about next: the pairs whose answers are expected to teach the most.

With the reward drawn from what is believed of it (its posterior, or the members of an ensemble) and
p_w(y) the chance of answer y to a pair under draw w, the mutual information between the answer and
the reward is

    H(mean_w p_w) - mean_w H(p_w)                            [houlsby2011bayesian, eq. 2],

large where draws disagree with each other though each is sure, and 0 where the answer is a toss-up
under all of them, which is what asking by uncertainty wastes questions on. "disagreement" is the
variance of P(first) over the draws [christiano2017deep, sec. 2.2.4]. The best single pairs are
often nearly the same pair; "batch" takes them one after another, each time the largest information
of the answer given the answers to the pairs already taken,

    I(y_k ; w | y_1 … y_(k-1)),

the greedy choice for their joint information [kirsch2019batchbald, sec. 3]. Ties are no answer
here: where they are one in the reward, they count half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError, require_choice
from alignlab.random import as_generator
from alignlab.values.preferences.fitted_reward import FittedReward

__all__ = ["Queries", "information", "select_queries"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Method = Literal["information gain", "disagreement", "batch", "random"]

MOST_PAIRS = 50_000
"""With more possible pairs than this, so many are drawn at random and looked at."""

DRAWS = 500
"""Draws from a posterior; an ensemble has as many as it has members."""

HISTORIES = 256
"""Ways of having answered a batch so far that are counted; of more, so many are drawn."""

BLOCK = 512
"""Pairs that are looked at together."""


@dataclass(frozen=True, eq=False)
class Queries:
    """Pairs to ask about, the best first.

    Attributes
    ----------
    first, second
        Positions in the candidates, (n,). Which is shown first is drawn.
    score
        What the pair was taken for: nats of information ("batch": given the pairs before it), the
        variance of P(first), or 0 for random ones; (n,).
    method
        How they were chosen.
    """

    first: Ints
    second: Ints
    score: Floats
    method: str

    def __len__(self) -> int:
        return len(self.first)

    def to_frame(self) -> Any:
        """Return one row a pair."""
        import pandas as pd

        return pd.DataFrame({"first": self.first, "second": self.second, "score": self.score})


def select_queries(
    reward: FittedReward,
    candidates: Any = None,
    n: int = 10,
    *,
    method: Method = "batch",
    exclude: ArrayLike | None = None,
    seed: int | np.random.Generator = 0,
) -> Queries:
    """Choose the pairs of items to ask about next.

    Use "information gain" for one question at a time, "batch" for several before the reward is
    fitted anew, "random" for an estimate of accuracy that choosing has not bent.

    Parameters
    ----------
    reward
        With standard errors, or an ensemble.
    candidates
        Items as in `reward.predict`: rows, trajectories or texts; for scores positions, `None` for
        all.
    n
        How many pairs; fewer come back where there are fewer.
    method
        See above.
    exclude
        Pairs of positions not to ask about, (k, 2), in either order: those already asked.
    seed
        Of draws, ties in score and which item is shown first.

    Raises
    ------
    InputError
        If there are no two candidates, or the reward does not say how sure it is.

    References
    ----------
    [houlsby2011bayesian], [christiano2017deep, sec. 2.2.4], [kirsch2019batchbald]

    Examples
    --------
    >>> from alignlab.datasets import PreferenceDataset
    >>> from alignlab.values.preferences import fit_reward
    >>> said = [0, 0, 0, 1], [1, 1, 1, 2], [0, 1, 0, 1]
    >>> data = PreferenceDataset.from_pairs(["a", "b", "c"], *said)
    >>> queries = select_queries(fit_reward(data, holdout=0), n=1)
    >>> sorted([int(queries.first[0]), int(queries.second[0])])
    [0, 2]
    """
    require_choice(method, ("information gain", "disagreement", "batch", "random"), what="method")
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InputError(f"n={n!r} is not a whole number from 1.")
    rng = as_generator(seed, "preferences", "queries")
    count = reward.utilities(candidates).shape[1]
    if count < 2:
        raise InputError(f"There is {count} candidate; a question needs two.")
    first, second = _pairs(count, exclude, rng, n)
    if not len(first):
        raise InputError("Every pair of the candidates is excluded.")
    if method == "random":
        taken = rng.permutation(len(first))[:n]
        score = np.zeros(len(taken))
    else:
        if reward.n_members < 2 and reward.covariance is None:
            raise InputError(
                "This reward does not say how sure it is: fit it with ensemble=5 or more, or use "
                "method='random'."
            )
        utilities = reward.sample_utilities(candidates, n=DRAWS, seed=rng)
        chance = special.expit(utilities[:, first] - utilities[:, second])
        if method == "batch":
            taken, score = _greedy(chance, min(n, len(first)), rng)
        else:
            worth = chance.var(axis=0) if method == "disagreement" else information(chance)
            taken = np.argsort(-worth, kind="stable")[:n]
            score = worth[taken]
    swap = rng.random(len(taken)) < 0.5
    one, two = first[taken], second[taken]
    return Queries(np.where(swap, two, one), np.where(swap, one, two), score, method)


def information(chance: ArrayLike) -> Floats:
    """Return the mutual information, in nats, between each pair's answer and the reward.

    Parameters
    ----------
    chance
        P(first) under each draw, (n_draws, n_pairs).

    Examples
    --------
    Two draws that are sure of opposite answers, and two that toss a coin:

    >>> information([[0.0, 0.5], [1.0, 0.5]]).round(3).tolist()
    [0.693, 0.0]
    """
    chance = np.asarray(chance, float)
    gained = _entropy(chance.mean(axis=0)) - _entropy(chance).mean(axis=0)
    return np.maximum(gained, 0.0)


def _entropy(chance: Floats) -> Floats:
    return special.entr(chance) + special.entr(1 - chance)


def _greedy(chance: Floats, n: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Return the pairs of the largest joint information, one after another, and what each adds.

    A history is one way in which the pairs taken may have been answered; `joint` holds its chance
    under each draw. All histories are counted while they are few, and drawn when they are many.
    """
    n_draws = len(chance)
    joint, weight, exact = np.ones((1, n_draws)), np.ones(1), True
    own = _entropy(chance).mean(axis=0)
    # Answers are independent given the reward, so what a pair adds never grows: what it added when
    # last looked at bounds it, and most pairs need not be looked at again.
    bound = _entropy(chance.mean(axis=0)) - own
    taken, scores = [], []
    for _ in range(n):
        order = np.argsort(-bound, kind="stable")
        best, most = -1, -np.inf
        for start in range(0, len(order), BLOCK):
            block = order[start : start + BLOCK]
            if bound[block[0]] <= most:
                break
            given = (joint @ chance[:, block]) / joint.sum(axis=1, keepdims=True)
            added = weight @ _entropy(np.clip(given, 0, 1)) - own[block]
            bound[block] = np.where(np.isfinite(bound[block]), added, -np.inf)
            at = int(np.argmax(bound[block]))
            if bound[block[at]] > most:
                best, most = int(block[at]), float(bound[block[at]])
        taken.append(best)
        scores.append(max(most, 0.0))
        bound[best] = -np.inf
        p = chance[:, best]
        if exact and 2 * len(joint) <= HISTORIES:
            joint = np.concatenate([joint * p, joint * (1 - p)])
            joint = joint[joint.mean(axis=1) > 1e-12]
            weight = joint.mean(axis=1) / joint.mean(axis=1).sum()
            continue
        if exact:
            joint = joint[rng.choice(len(joint), HISTORIES, p=weight)]
            weight, exact = np.full(HISTORIES, 1 / HISTORIES), False
        yes = rng.random(HISTORIES) < (joint @ p) / joint.sum(axis=1)
        joint = joint * np.where(yes[:, None], p, 1 - p)
        joint /= joint.max(axis=1, keepdims=True)
    return np.array(taken), np.array(scores)


def _pairs(
    count: int, exclude: ArrayLike | None, rng: np.random.Generator, n: int
) -> tuple[Ints, Ints]:
    """Return the possible pairs, first < second; a sample where there are too many."""
    total = count * (count - 1) // 2
    if total <= MOST_PAIRS:
        first, second = np.triu_indices(count, 1)
    else:
        drawn = rng.integers(0, count, (2 * max(MOST_PAIRS, n), 2))
        drawn = np.unique(np.sort(drawn[drawn[:, 0] != drawn[:, 1]], axis=1), axis=0)
        first, second = rng.permutation(drawn)[: max(MOST_PAIRS, n)].T
    if exclude is None:
        return first, second
    known = np.asarray(exclude)
    if known.size == 0:
        return first, second
    if known.ndim != 2 or known.shape[1] != 2 or known.dtype.kind not in "iu":
        raise InputError(f"exclude has shape {known.shape}: give pairs of positions, (k, 2).")
    known = np.sort(known, axis=1)
    fresh = ~np.isin(first * count + second, known[:, 0] * count + known[:, 1])
    return first[fresh], second[fresh]
