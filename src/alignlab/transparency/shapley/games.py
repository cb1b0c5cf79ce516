"""The game that a model plays on a row: what it answers where some features are known.

    v(S) = 1/B sum_b f(x_S, b_(N - S)),

the mean answer for the row x with the features outside S taken from the background rows b. With
background rows drawn regardless of x this is the interventional game [janzing2020feature], and
with one row the baseline game [sundararajan2020many].

The rows that many coalitions ask for are put together in large calls. Where features have few
values, many of them are equal, and each distinct one is asked for once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import Pool, chunks, value_codes

__all__ = ["RowGame", "codes_of"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

PARTS = 128
"""So many groups of background rows are told apart, for the error of having a sample of them."""

KEYS = 2**22
"""Rows among which equal ones are looked for at once."""

WORTH_IT = 0.9
"""Equal rows are looked for as long as no more than this share of the rows is distinct."""


class RowGame:
    """The interventional or baseline game of some rows.

    Parameters
    ----------
    output
        The model's numbers.
    X, background
        The rows explained and the background, tables of one kind.
    players
        The columns of each feature.
    parts
        How many groups of background rows to tell apart, drawn at random.

    Attributes
    ----------
    full
        The answers for the rows, shape (rows, outputs).
    empty
        The mean answers for each part of the background, shape (outputs, parts).
    mean
        The share of each part, shape (parts,).
    evaluations
        Rows that the model was asked for so far.
    """

    def __init__(
        self,
        output: Output,
        X: Any,
        background: Any,
        players: dict[str, tuple[Any, ...]],
        *,
        parts: int = PARTS,
    ) -> None:
        self.output = output
        self.rows, self.size = len(X), len(background)
        count = min(self.size, parts)
        if 1 < count < self.size:
            # Of rows in an order, neighbours are alike, and their means spread too far.
            order = np.random.default_rng(0).permutation(self.size)
            rows = isinstance(background, pd.DataFrame)
            background = background.iloc[order] if rows else background[order]
        self.pool = Pool([X, background], players)
        self.codes = codes_of(pd.concat([_frame(X), _frame(background)]), players)
        self.starts = np.arange(count) * self.size // count
        lengths = np.diff(np.append(self.starts, self.size))
        self.lengths = lengths
        self.mean = lengths / self.size
        self.evaluations = 0
        self.full = self._asked(self.pool.rows(np.arange(self.rows)))
        answers = self._asked(self.pool.rows(np.arange(self.rows, self.pool.size)))
        self.empty = self._by_part(answers[None])[0]
        self.look_for_equal = self._may_repeat()

    def moved(self) -> Bools:
        """Return which features can differ from the background, shape (rows, players).

        A feature that holds the same in the row and in all background rows changes no answer: its
        value is 0 in every game.
        """
        mine, theirs = self.codes[: self.rows], self.codes[self.rows :]
        return np.asarray((mine != theirs[0]) | (theirs != theirs[0]).any(axis=0))

    def distinct_rows(self) -> Floats:
        """Return how many different rows the game of each row can ask for, shape (rows,)."""
        mine, theirs = self.codes[: self.rows], self.codes[self.rows :]
        counts = np.ones(self.rows)
        for p in range(mine.shape[1]):
            known = np.unique(theirs[:, p])
            counts *= len(known) + ~np.isin(mine[:, p], known)
        return counts

    def ask(self, coalitions: Bools, rows: Rows) -> Floats:
        """Return what coalitions are worth to rows.

        Parameters
        ----------
        coalitions
            Which features are known, shape (m, players).
        rows
            Positions of rows, shape (r,).

        Returns
        -------
        ndarray
            Shape (m, r, outputs, parts): the mean answer over each part of the background.
        """
        outputs, parts = self.empty.shape
        worth = np.empty((len(coalitions) * len(rows), outputs, parts))
        at = 0
        while at < len(worth):
            room = KEYS if self.look_for_equal else self.pool.at_once()
            part = slice(at, min(at + max(1, room // self.size), len(worth)))
            which = np.arange(part.start, part.stop)
            known, whose = coalitions[which // len(rows)], rows[which % len(rows)]
            answers = self._distinct(known, whose) if self.look_for_equal else None
            if answers is None:
                answers = self._composed(known, whose)
            worth[part] = self._by_part(answers)
            at = part.stop
        return worth.reshape(len(coalitions), len(rows), outputs, parts)

    def _composed(self, known: Bools, whose: Rows) -> Floats:
        """Return the answers for all rows of each pair, shape (pairs, background, outputs)."""
        theirs = np.arange(self.rows, self.pool.size)
        answers = self._asked(self.pool.blended(known, whose, theirs))
        return answers.reshape(len(known), self.size, -1)

    def _distinct(self, known: Bools, whose: Rows) -> Floats:
        """Return the same from one answer for each distinct row."""
        keys = self._keys(known, whose).ravel()
        codes, distinct = pd.factorize(keys)
        self.look_for_equal = len(distinct) <= WORTH_IT * len(keys)
        first = np.empty(len(distinct), dtype=np.intp)
        first[codes[::-1]] = np.arange(len(keys))[::-1]
        answers = []
        for part in chunks(len(first), self.pool.at_once()):
            pair, row = np.divmod(first[part], self.size)
            index = np.where(known[pair], whose[pair, None], self.rows + row[:, None])
            answers.append(self._asked(self.pool.composed(index)))
        return np.concatenate(answers)[codes].reshape(len(known), self.size, -1)

    def _keys(self, known: Bools, whose: Rows) -> NDArray[np.int64]:
        """Return a number for each row, the same for equal ones only, shape (pairs, size)."""
        places = np.cumprod([1, *(self.codes.max(axis=0)[:-1] + 1).tolist()])
        mine = (self.codes[whose] * known) @ places
        return mine[:, None] + ~known @ (self.codes[self.rows :] * places).T

    def _may_repeat(self) -> bool:
        """Return whether equal rows may be asked for, and keys of 63 bits tell rows apart."""
        if np.log2(self.codes.max(axis=0) + 1.0).sum() >= 62:
            return False
        mine, theirs = self.codes[: self.rows], self.codes[self.rows :]
        return any(
            len(np.unique(theirs[:, p])) < self.size or np.isin(mine[:, p], theirs[:, p]).any()
            for p in range(mine.shape[1])
        )

    def _by_part(self, answers: Floats) -> Floats:
        """Return means over the parts of the background, from (m, size, outputs) to ..., parts."""
        if len(self.starts) < self.size:
            answers = np.add.reduceat(answers, self.starts, axis=1)
            answers /= self.lengths[:, None]
        return np.moveaxis(answers, 1, 2)

    def _asked(self, rows: Any) -> Floats:
        self.evaluations += len(rows)
        return self.output(rows)


def codes_of(rows: pd.DataFrame, players: dict[str, tuple[Any, ...]]) -> NDArray[np.int64]:
    """Return which rows hold the same in each feature: numbers from 0, shape (n, players)."""
    return np.stack([value_codes(rows, columns) for columns in players.values()], axis=1)


def _frame(rows: Any) -> pd.DataFrame:
    return rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
