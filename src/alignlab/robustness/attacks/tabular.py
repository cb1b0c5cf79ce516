"""A search through the allowed rows of a table that asks for answers only: trees, text, anything.

All open rows go forward together, one model call a round, and each by itself:

1. one change at a time: each unit to its ends, then to what the nearest rows of the data have there
   that the model decides otherwise, to every value where there are few;
2. what helped alone together, the j best units for growing j; within a sum of moves the budget is
   spread as a linear model would have it;
3. where few rows are allowed, all of them; elsewhere a beam of the rows with the largest margins,
   mutated, crossed, and joined by fresh ones, as in the search of [simonetto2024constrained].

In the end all witnesses are tidied together: columns that are not needed go back to what they
were, numbers as far as the decision lets them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.robustness.attacks import table_moves
from alignlab.robustness.attacks.losses import margin
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.attacks.table_moves import Rows
from alignlab.robustness.search import Search
from alignlab.robustness.tabular_threat import TabularThreat

if TYPE_CHECKING:
    import torch

__all__ = ["TabularSearch"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BEAM = 8
"""Rows that are kept to go on from."""

ROUND = 24
"""Candidates of a row in one round of the beam."""

PLACES = 30
"""Places between its ends at which one unit is tried alone, at most."""

OTHERS = 1000
"""Rows of the data that the model is asked for once, at most."""

HALVINGS = 6
"""How often the move of a number in a witness is halved."""

BLOCK_CELLS = 2_000_000
"""Cells of candidates that are made at once."""


@dataclass(frozen=True)
class TabularSearch:
    """A search for allowed rows of a table that the model gets wrong, without gradients.

    Use it under a `TabularThreat`, for any model. It shows that a row is broken; that it found
    nothing is no proof.

    Parameters
    ----------
    queries
        Rows that the model is asked for, for each row, before it is given up. Beside these it is
        asked once for rows of the threat's data, 1,000 and four times `queries` at most.
    tidy
        Whether a witness is brought as near to its row as the decision allows, for up to 7 further
        queries a changed column.

    References
    ----------
    [simonetto2024constrained], [kireev2023adversarial]
    """

    queries: int = 1000
    tidy: bool = True

    name = "tabular"
    needs_gradients = False

    def __post_init__(self) -> None:
        require_whole(queries=self.queries)

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        threat = search.threat
        if not isinstance(threat, TabularThreat):
            raise InputError(
                f"The attack 'tabular' moves rows of a table, and the threat is {threat}. Give "
                "TabularThreat(constraints, radius, data=…), or attack with 'square'."
            )
        walk = _Walk(search, threat, self.queries)
        places = int(np.clip(self.queries // 3 // len(threat.units), 1, PLACES))
        walk.go(table_moves.ends)
        walk.go(lambda rows: table_moves.combined(rows, threat))
        others = walk.look_around()
        walk.go(lambda rows: table_moves.between(rows, threat, places, others))
        walk.go(lambda rows: table_moves.combined(rows, threat))
        walk.try_all()
        for step in range(self.queries):
            if not walk.asking:
                break
            walk.go(
                lambda rows, step=step: table_moves.mutated(  # type: ignore[misc]
                    rows, threat, step, ROUND, others
                ),
                beyond=step % 2 == 1 and walk.adds_up,
            )
        if self.tidy:
            walk.tidy()


class _Walk:
    """The open rows of a search and what is known of them."""

    def __init__(self, search: Search, threat: TabularThreat, queries: int) -> None:
        self.search, self.threat, self.queries = search, threat, queries
        self.adds_up = threat.norm != "linf" or threat.max_changed is not None
        self.wider = replace(threat, norm="linf", max_changed=None)
        center = threat.units.read(search.x.cpu().double().numpy())
        low, high = threat.limits(center)
        self.first = search.open, center, low, high
        n, units = center.shape
        logits = search.logits(search.x)
        margins = np.full((n, BEAM), -np.inf)
        margins[:, 0] = _margins(logits, search.y)
        self.rows = Rows(
            center=center,
            low=low,
            high=high,
            spent=np.where((high > low).any(axis=1), 1, queries),
            margin=margins[:, 0].copy(),
            gains=np.full((n, units), -np.inf),
            values=center.copy(),
            beam=np.repeat(center[:, None], BEAM, axis=1),
            margins=margins,
            logits=logits.cpu().double().numpy(),
            near=np.full((n, table_moves.NEAREST), -1, dtype=np.int32),
            streams=search.streams_of_open("tabular"),
        )
        self._settle(center, self.rows.logits)

    @property
    def asking(self) -> bool:
        """Whether a row is left for which the model may be asked."""
        return bool((self.rows.spent < self.queries).any())

    def look_around(self) -> Floats:
        """Return rows of the threat's data; find for each open row those decided otherwise."""
        search, rows = self.search, self.rows
        x = self.threat.encoded_data(min(OTHERS, 4 * self.queries)).to(search.clean.device)
        others = self.threat.units.read(x.cpu().double().numpy())
        if len(rows):
            decided = search.model.decided(search.logits(x)).cpu().numpy()
            y = search.y.cpu().numpy()
            step = max(1, BLOCK_CELLS // len(others))
            for start in range(0, len(rows), step):
                at = slice(start, start + step)
                rows.near[at] = table_moves.nearest_of_others(
                    rows.center[at], y[at], self.threat, others, decided
                )
        return others

    def try_all(self) -> None:
        """Ask for every row within the limits, where there are no more than may be asked for."""
        few = table_moves.possible(self.rows, self.threat)
        for start in range(0, int(max(few[few <= self.queries], default=0)), ROUND):
            if not self.asking:
                return
            self.go(
                lambda rows, start=start: table_moves.everything(  # type: ignore[misc]
                    rows, self.threat, start, ROUND, self.queries
                ),
                most=2 * self.queries,
            )
        few = table_moves.possible(self.rows, self.threat)
        self.rows.spent[few <= self.queries] = 2 * self.queries

    def go(
        self,
        propose: Callable[[Rows], Floats],
        *,
        beyond: bool = False,
        most: int | None = None,
    ) -> None:
        """Ask for what each open row proposes; settle the rows that it breaks.

        Parameters
        ----------
        propose
            From open rows to candidates, shape (n, count, n_units).
        beyond
            Whether to look where each move alone is allowed and all of them together are too many.
            What is found there is tidied first: little of it may be needed.
        most
            How many rows may be asked for a row by the end, where it is not `queries`.
        """
        n = len(self.rows)
        if not n:
            return
        threat = self.wider if beyond else self.threat
        most = self.queries if most is None else most
        found, logits = self.rows.center.copy(), self.rows.logits.copy()
        broken = np.zeros(n, dtype=bool)
        step = max(1, BLOCK_CELLS // (self.rows.center.shape[1] * 4 * ROUND))
        for start in range(0, n, step):
            at = slice(start, start + step)
            self._ask(propose, threat, at, most, (found[at], logits[at], broken[at]))
        if beyond and broken.any():
            mine = self.rows[broken]
            near, told = found[broken], logits[broken]
            limits, y = (mine.low, mine.high), self.search.y[broken]
            try:
                self.rows.spent[broken] += self._tidy(threat, mine.center, limits, y, near, told)
            finally:
                found[broken], logits[broken] = near, told
                self._settle(found, logits)
        else:
            self._settle(found, logits)

    def tidy(self) -> None:
        """Bring all witnesses as near to their rows as the decisions allow, in common rounds."""
        search = self.search
        positions, *known = self.first
        mine = search.broken[positions]
        at = positions[mine]
        if not len(at):
            return
        center, *limits = (each[mine.cpu().numpy()] for each in known)
        found = self.threat.units.read(search.witnesses[at].cpu().double().numpy())
        logits = np.zeros((len(at), search.model.n_classes))
        try:
            self._tidy(self.threat, center, tuple(limits), search.classes[at], found, logits)
        finally:
            near = self._encoded(found)
            fine = self.threat.allows(near, search.clean[at])
            search.witnesses[at[fine]] = near[fine]

    def _ask(
        self,
        propose: Callable[[Rows], Floats],
        threat: TabularThreat,
        at: slice,
        most: int,
        told: tuple[Floats, Floats, Mask],
    ) -> None:
        """Ask for the candidates of some rows, and write down what came of it."""
        rows, y = self.rows[at], self.search.y[at]
        candidates = propose(rows)
        n, count, units = candidates.shape
        around, low, high = (
            np.repeat(each, count, axis=0) for each in (rows.center, rows.low, rows.high)
        )
        flat = threat.nearest(candidates.reshape(-1, units), around, (low, high))
        moves = threat.moves(flat, around)
        changed = (moves > 0).sum(axis=1)
        ask = (changed > 0).reshape(n, count)
        ask &= rows.spent[:, None] + np.cumsum(ask, axis=1) <= most
        asked = ask.reshape(-1).nonzero()[0]
        if not len(asked):
            return
        row = asked // count
        answers = self.search.logits(self._encoded(flat[asked]))
        wrong = (self.search.model.decided(answers) != y[row]).cpu().numpy()
        rows.spent += ask.sum(axis=1)
        if threat is self.threat:
            margins = _margins(answers, y[row])
            self._remember(rows, flat.reshape(n, count, units), ask, margins, changed, moves)
        # Of several that break a row, the one that changes fewest units, then the nearest.
        far = self.threat.norm_of(moves[asked])
        order = np.lexsort((far, changed[asked], ~wrong, row))
        first = order[np.searchsorted(row[order], np.arange(n)).clip(max=len(order) - 1)]
        mine = (row[first] == np.arange(n)) & wrong[first]
        found, logits, broken = told
        found[mine] = flat[asked[first[mine]]]
        logits[mine] = answers.cpu().double().numpy()[first[mine]]
        broken[mine] = True

    def _remember(
        self,
        rows: Rows,
        candidates: Floats,
        ask: Mask,
        margins: Floats,
        changed: NDArray[np.intp],
        moves: Floats,
    ) -> None:
        """Write down what one unit alone gained, and keep the best rows."""
        n, count, units = candidates.shape
        gained = np.full((n, count), -np.inf)
        gained[ask] = margins
        alone = (changed == 1).reshape(n, count) & ask
        which = moves.reshape(n, count, units).argmax(axis=2)
        for place in range(count if alone.any() else 0):
            mine = alone[:, place].nonzero()[0]
            unit = which[mine, place]
            gain = gained[mine, place] - rows.margin[mine]
            more = gain > rows.gains[mine, unit]
            mine, unit = mine[more], unit[more]
            rows.gains[mine, unit] = gain[more]
            rows.values[mine, unit] = candidates[mine, place, unit]
        pool = np.concatenate([rows.margins, gained], axis=1)
        order = np.argsort(-pool, axis=1, kind="stable")
        sorted_pool = np.take_along_axis(pool, order, axis=1)
        # Rows that the model cannot tell apart count once: a beam of one leaf would stand still.
        same = np.zeros_like(sorted_pool, dtype=bool)
        same[:, 1:] = sorted_pool[:, 1:] == sorted_pool[:, :-1]
        order = np.take_along_axis(order, np.argsort(same, axis=1, kind="stable"), axis=1)[:, :BEAM]
        both = np.concatenate([rows.beam, candidates], axis=1)
        kept = np.take_along_axis(pool, order, axis=1)
        rows.beam[:] = np.where(
            np.isneginf(kept)[:, :, None],
            rows.center[:, None],
            np.take_along_axis(both, order[:, :, None], axis=1),
        )
        rows.margins[:] = kept

    def _tidy(
        self,
        threat: TabularThreat,
        center: Floats,
        limits: tuple[Floats, Floats],
        y: torch.Tensor,
        found: Floats,
        logits: Floats,
    ) -> NDArray[np.intp]:
        """Change fewer columns of witnesses and move numbers less, in place; return what was asked.

        Witnesses beyond what is allowed together are brought back until they are allowed.
        """
        queries = np.zeros(len(found), dtype=np.intp)

        def accept(unit: NDArray[np.intp], values: Floats) -> Mask:
            """Take over one unit's values where the model is still wrong; return where."""
            trial = found.copy()
            trial[np.arange(len(found)), unit] = values
            near = threat.nearest(trial, center, limits)
            ask = ~_same(near, found).all(axis=1)
            if threat is not self.threat:
                ask &= ~self.threat.allowed(found, center)
            asked, good = np.flatnonzero(ask), np.zeros(len(found), dtype=bool)
            if len(asked):
                answers = self.search.logits(self._encoded(near[asked]))
                wrong = (self.search.model.decided(answers) != y[asked]).cpu().numpy()
                taken = asked[wrong]
                found[taken] = near[taken]
                logits[taken] = answers.cpu().double().numpy()[wrong]
                good[taken] = True
                queries[asked] += 1
            return good

        rows = np.arange(len(found))
        for unit in self._in_turn(threat.moves(found, center)):
            accept(unit, center[rows, unit])
        for unit in self._in_turn(threat.moves(found, center) * threat.units.number):
            start, far = center[rows, unit], found[rows, unit]
            for _ in range(HALVINGS):
                middle = (start + far) / 2
                good = accept(unit, middle)
                start, far = np.where(good, start, middle), np.where(good, found[rows, unit], far)
        return queries

    def _in_turn(self, moves: Floats) -> Iterator[NDArray[np.intp]]:
        """Yield each row's changed units, the largest move first, one of each row at a time."""
        order = np.argsort(-moves, axis=1, kind="stable")
        for place in range(int((moves > 0).sum(axis=1).max())):
            yield order[:, place]

    def _encoded(self, units: Floats) -> torch.Tensor:
        import torch

        like = self.search.clean
        return torch.as_tensor(self.threat.units.write(units), dtype=like.dtype, device=like.device)

    def _settle(self, found: Floats, logits: Floats) -> None:
        import torch

        candidates = self._encoded(found)
        answers = torch.as_tensor(logits, device=candidates.device)
        stays = torch.arange(len(candidates), device=candidates.device)
        _, stays = self.search.settle(candidates, answers, stays)
        self.rows = self.rows[stays.cpu().numpy()]


def _margins(logits: torch.Tensor, y: torch.Tensor) -> Floats:
    return np.asarray(margin(logits.double(), y).cpu().numpy())


def _same(one: Floats, other: Floats) -> Mask:
    return (one == other) | (np.isnan(one) & np.isnan(other))
