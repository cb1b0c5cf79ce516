"""What an answer is worth, from what is known of a case: one number, by which the queue asks first.

Each part has its own unit: an uncertainty is a probability, the value of asking is in the unit of
the utilities, disagreement is a share of pairs. Several are put together by their ranks r from 0 to
1 (equal values share one, unknown ones have 1/2), with weights w:

    worth_i = sum_p w_p r_p(i) / sum_p w_p

so that no part counts more for being measured in dollars. One part alone is taken as it is. With
slices, the slices take turns, the most worthwhile case of each first: worth_i = 1 / k for the k-th
of its slice, since the uncertain cases of a large slice would keep a small one waiting for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest

__all__ = ["disagreement_of", "worth_of"]

Floats = NDArray[np.float64]


def worth_of(
    *,
    uncertainty: ArrayLike | None = None,
    disagreement: ArrayLike | None = None,
    asking: ArrayLike | None = None,
    weights: Mapping[str, float] | None = None,
    slices: Sequence[Any] | NDArray[Any] | None = None,
) -> Floats:
    """Return what an answer is worth, case by case; only its order means anything.

    Use it for the `worth` of items. It ranks and does not price: what an answer is worth in money,
    and whether it is worth asking at all, is `values.value_of_asking`.

    Parameters
    ----------
    uncertainty
        How unsure the model is, shape (n,), such as 1 less the probability of its decision.
    disagreement
        How much models, or people before, disagree; see `disagreement_of`.
    asking
        The expected utility of asking, less what it costs.
    weights
        What each part named above counts; those not named count 1.
    slices
        What cases belong to, shape (n,): the slices take turns.

    Returns
    -------
    ndarray
        Shape (n,), finite.

    Raises
    ------
    InputError
        If no part is given, sizes differ, or a weight is negative or nobody's.

    Examples
    --------
    >>> worth_of(uncertainty=[0.1, 0.4, 0.5], disagreement=[1.0, 0.0, 1.0]).round(2).tolist()
    [0.42, 0.33, 0.75]
    >>> worth_of(uncertainty=[0.5, 0.4, 0.1], slices=["large", "large", "small"]).tolist()
    [1.0, 0.5, 1.0]
    """
    given = {"uncertainty": uncertainty, "disagreement": disagreement, "asking": asking}
    parts = {name: _part(each, name) for name, each in given.items() if each is not None}
    if not parts:
        raise InputError(f"There is nothing to go by: give one of {', '.join(given)}.")
    sizes = {name: len(each) for name, each in parts.items()}
    n = next(iter(sizes.values()))
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name}: {size:,}" for name, size in sizes.items())
        raise InputError(f"The parts are of different lengths ({told}). Give one value a case.")
    counts = _weights(weights or {}, parts)
    if len(parts) == 1:
        (alone,) = parts.values()
        worth = np.where(np.isfinite(alone), alone, _middle(alone))
    else:
        total = sum(counts.values())
        worth = np.sum(
            [counts[name] / total * _ranks(each) for name, each in parts.items()], axis=0
        )
    return worth if slices is None else _in_turn(worth, slices, n)


def disagreement_of(votes: Sequence[Sequence[Any]] | NDArray[Any]) -> Floats:
    """Return the share of pairs of voters who differ, case by case.

    Parameters
    ----------
    votes
        One sequence a voter (a model, a person), each of n labels, missing where there is none.

    Returns
    -------
    ndarray
        Shape (n,), from 0 (all say the same) to 1; NaN where fewer than two said anything.

    Raises
    ------
    InputError
        If there are fewer than two voters, or their votes are of different lengths.

    Examples
    --------
    >>> disagreement_of([["a", "a", "a"], ["a", "b", None], ["a", "b", None]]).round(2).tolist()
    [0.0, 0.67, nan]
    """
    held = [pd.Series(list(each), dtype=object) for each in votes]
    if len(held) < 2:
        raise InputError(f"There is {len(held)} voter, and disagreement takes two or more.")
    sizes = [len(each) for each in held]
    if len(set(sizes)) > 1:
        raise InputError(f"The voters have {listed(sizes)} votes: give one a case of each.")
    codes, _ = pd.factorize(pd.concat(held, ignore_index=True))
    table = codes.reshape(len(held), -1)
    cast = (table >= 0).sum(axis=0)
    agreeing = np.zeros(table.shape[1])
    for one in range(len(held)):
        agreeing += ((table[one] == table) & (table[one] >= 0)).sum(axis=0)
    pairs = cast * (cast - 1)
    same = agreeing - cast  # each agrees with itself, which is no pair
    return np.divide(pairs - same, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _part(given: ArrayLike, name: str) -> Floats:
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds what is no number.") from error
    if values.ndim != 1 or not values.size or np.isinf(values).any():
        raise InputError(f"{name} is one finite number a case, NaN where it is unknown.")
    return values


def _weights(given: Mapping[str, float], parts: Mapping[str, Floats]) -> dict[str, float]:
    for name, weight in given.items():
        if name not in parts:
            raise InputError(f"weights names {name!r}, which was not given.{nearest(name, parts)}")
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(f"The weight of {name} is {weight!r}: it is a finite number from 0.")
    counts = {name: float(given.get(name, 1.0)) for name in parts}
    if not sum(counts.values()) > 0:
        raise InputError("All weights are 0: let one part count.")
    return counts


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0 to 1, equal values sharing the middle of theirs, unknown ones 1/2."""
    ranks = pd.Series(values).rank(method="average").to_numpy()
    known = max(int(np.isfinite(values).sum()), 1)
    return np.where(np.isfinite(values), (ranks - 0.5) / known, 0.5)


def _middle(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _in_turn(worth: Floats, slices: Sequence[Any] | NDArray[Any], n: int) -> Floats:
    held = pd.Series(list(slices), dtype=object)
    if len(held) != n:
        raise InputError(f"slices has {len(held):,} entries, and there are {n:,} cases.")
    codes, _ = pd.factorize(held, use_na_sentinel=False)
    # Cases that are alike in everything keep one place, and the queue's own chance orders them.
    place = pd.Series(worth).groupby(codes).rank(method="average", ascending=False)
    return np.asarray(1 / place.to_numpy())
