"""Rows with one or two features changed, collected for all features, each different row asked once.

A question is a row i and the rows j, k that it takes the features p, q from. Two questions are one
where the rows they make are equal. A row is known by the sum over its features of a 64-bit hash of
(feature, value), modulo 2^64 [zobrist1970new], so that a changed row costs one subtraction and one
addition:

    key(i; p from j) = key(i) - h(p, value of i) + h(p, value of j).

Among m different rows two share a key with a chance of about m^2 / 2^65: 3 in 10^6 for m = 10^7.

To find equal keys costs about what a fast model takes for a row. Of many questions those in one
sixteenth of all keys, which holds all or none of any equal ones, tell what would be saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.random import mixed
from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import Pool, chunks

__all__ = ["Questions"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

MANY = 2**15
"""From so many questions on, equal ones are looked for if that saves anything."""

SAVING = 1 / 32
"""The least share of the questions."""


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    rows: Index
    moved: tuple[tuple[int, Index], ...]


class Questions:
    """Questions to a model, put down first and asked together.

    Parameters
    ----------
    pool
        The rows.
    codes
        Which value each row of the pool holds in each feature, shape (rows, features): equal codes
        for equal values.

    Examples
    --------
    >>> from alignlab.transparency.outputs import output_of
    >>> X = np.array([[1.0, 5.0], [2.0, 5.0]])
    >>> pool = Pool([X], {"a": (0,), "b": (1,)})
    >>> model = output_of(lambda rows: rows[:, 0] + rows[:, 1], task="regression")
    >>> questions = Questions(pool, np.array([[0, 0], [1, 0]]))
    >>> changed = questions.add(np.array([0, 0, 1, 1]), [(0, np.array([0, 1, 0, 1]))])
    >>> questions.ask(model)[changed].ravel().tolist(), model.predictor.rows_evaluated
    ([6.0, 7.0, 6.0, 7.0], 2)
    """

    def __init__(self, pool: Pool, codes: NDArray[np.integer]) -> None:
        self.pool = pool
        features = np.arange(codes.shape[1], dtype=np.uint64) << np.uint64(32)
        self._tokens = mixed(mixed(codes.astype(np.uint64) + features + np.uint64(1)))
        self._keys: NDArray[np.uint64] = self._tokens.sum(axis=1, dtype=np.uint64)
        self._parts: list[_Part] = []
        self._asked: list[NDArray[np.uint64]] = []
        self._size = 0

    def add(self, rows: Index, moved: Sequence[tuple[int, Index]] = ()) -> slice:
        """Put questions down and return where their answers will be.

        Parameters
        ----------
        rows
            The rows to change, shape (m,).
        moved
            Features and, for each, the pool rows to take them from, shape (m,).
        """
        keys = self._keys[rows]
        for player, donors in moved:
            keys = keys - self._tokens[rows, player] + self._tokens[donors, player]
        self._parts.append(_Part(self._size, rows, tuple(moved)))
        self._asked.append(keys)
        self._size += len(rows)
        return slice(self._size - len(rows), self._size)

    def ask(self, output: Output) -> Floats:
        """Ask the model in few large calls and return all answers, shape (questions, outputs)."""
        if not self._size:
            return np.zeros((0, len(output.names)))
        keys = np.concatenate(self._asked)
        at_once = self.pool.at_once()
        if not _worth_it(keys):
            every = np.arange(self._size)
            return np.concatenate(
                [output(self._made(every[part])) for part in chunks(self._size, at_once)]
            )
        code, different = pd.factorize(keys)
        first = np.empty(len(different), dtype=np.intp)
        first[code[::-1]] = np.arange(self._size)[::-1]
        answers = [output(self._made(first[part])) for part in chunks(len(first), at_once)]
        return np.concatenate(answers)[code]

    def _made(self, wanted: Index) -> object:
        """Return the rows of some questions, given in rising order."""
        rows = np.empty(len(wanted), dtype=np.intp)
        moved = []
        cuts = np.searchsorted(wanted, [part.start for part in self._parts] + [self._size])
        for part, low, high in zip(self._parts, cuts[:-1], cuts[1:], strict=True):
            inside = wanted[low:high] - part.start
            rows[low:high] = part.rows[inside]
            moved += [(slice(low, high), player, donors[inside]) for player, donors in part.moved]
        return self.pool.replaced(rows, moved)


def _worth_it(keys: NDArray[np.uint64]) -> bool:
    """Return whether enough questions are equal to be looked for."""
    if len(keys) < MANY:
        return True
    some = keys[keys % np.uint64(16) == 0]
    return len(pd.unique(some)) < (1 - SAVING) * len(some)
