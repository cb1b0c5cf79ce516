"""Randomness enters through one door: a seed becomes a generator; no global state is touched.

`row_streams` gives every row numbers of its own, which are the same wherever the row stands and
whichever rows stand beside it: number k of a row is a hash of the row's key and k, by the finalizer
of SplitMix64 [steele2014fast].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError

__all__ = ["RowStreams", "as_generator", "mixed", "row_streams"]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
STEP = np.uint64(2**32)
"""Numbers a step has for itself."""


def as_generator(seed: int | np.random.Generator, *purpose: str) -> np.random.Generator:
    """Turn a seed into a generator.

    Parameters
    ----------
    seed
        A whole number from 0, or a generator, which is returned as it is.
    *purpose
        Words that name what the numbers are for. Two purposes under one seed get independent
        streams, so that adding a check to an audit changes no other check's numbers.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    InputError
        If the seed is not a whole number from 0.

    Examples
    --------
    >>> bool(as_generator(0).random() == as_generator(0).random())
    True
    >>> bool(as_generator(0, "a").random() == as_generator(0, "b").random())
    False
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed={seed!r} is not a whole number from 0. Give one, such as seed=0.")
    words = [int.from_bytes(word.encode(), "big") for word in purpose]
    return np.random.default_rng(np.random.SeedSequence([int(seed), *words]))


@dataclass(frozen=True, eq=False)
class RowStreams:
    """Random numbers for each of n rows, drawn without a state.

    Attributes
    ----------
    keys
        One key a row, shape (n,).
    """

    keys: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, at: Any) -> RowStreams:
        """Return the streams of some rows, by their positions or by a mask."""
        return RowStreams(self.keys[at])

    def child(self, *purpose: str) -> RowStreams:
        """Return streams for another purpose, independent of these."""
        return RowStreams(mixed(self.keys ^ _root(0, *purpose)))

    def uniform(self, count: int, *, step: int | NDArray[Any] = 0) -> NDArray[np.float64]:
        """Return numbers between 0 and 1, neither included, shape (n, count).

        Parameters
        ----------
        count
            Numbers a row, below 2^32.
        step
            Other numbers for each step, such as that of an iteration; one number, or one a row.
        """
        drawn = self.bits(count, step=step)
        return ((drawn >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def bits(self, count: int, *, step: int | NDArray[Any] = 0) -> NDArray[np.uint64]:
        """Return 64 random bits each, shape (n, count); see `uniform`."""
        first: NDArray[np.uint64] = np.asarray(step, dtype=np.uint64).reshape(-1, 1) * STEP
        counter = np.arange(count, dtype=np.uint64) + first
        return mixed(self.keys[:, None] + (counter + np.uint64(1)) * GOLDEN)

    def normal(self, count: int, *, step: int | NDArray[Any] = 0) -> NDArray[np.float64]:
        """Return standard normal numbers, shape (n, count); see `uniform`."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.uniform(count, step=step)))


def row_streams(
    seed: int | np.random.Generator, rows: int | Sequence[int] | NDArray[Any], *purpose: str
) -> RowStreams:
    """Return a stream of random numbers for each row.

    Parameters
    ----------
    seed
        A whole number from 0, or a generator, of which one number is taken.
    rows
        How many rows, or their positions in the data, which name their streams.
    *purpose
        Words that name what the numbers are for.

    References
    ----------
    [steele2014fast]

    Examples
    --------
    >>> all_rows = row_streams(0, 5, "starts")
    >>> bool((all_rows[[3]].uniform(2) == row_streams(0, [3], "starts").uniform(2)).all())
    True
    """
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    as_generator(seed)  # says what is wrong with a seed
    positions = np.arange(rows) if isinstance(rows, int | np.integer) else np.asarray(rows)
    spread = (positions.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD1342543DE82EF95)
    return RowStreams(mixed(_root(int(seed), *purpose) + spread))


def _root(seed: int, *purpose: str) -> np.uint64:
    words = [int.from_bytes(word.encode(), "big") for word in purpose]
    return np.random.SeedSequence([seed, *words]).generate_state(1, np.uint64)[0]


def mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number's bits mixed: the finalizer of SplitMix64, one to one."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
