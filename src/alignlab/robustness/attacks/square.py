"""Random search with squares: change one window of the row, keep it if the margin grows.

Linf: all numbers of the window go to the edge of the ball, each channel to its own side.
L2, L1: the window gets a pattern, and the part of the radius that it, an emptied second window and
the box leave free [andriushchenko2020square, alg. 2 and 3]. The window's share of the row is halved
at fixed steps. It starts from vertical stripes (Linf) or tiles.

A step's window and signs are a function of the row and the step alone. So the next few steps of a
row can be asked about in one call, as if none of them were kept; with the first that is kept, those
after it are drawn anew. What comes out is what one step a call gives, for any number of rows open
and any size of batch, and the batches stay full as rows break. A step that would change nothing
(in one channel, many a small window in Linf) is known before it is asked, and is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.robustness.attacks.losses import margin
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.attacks.windows import Drawn, layout_of
from alignlab.robustness.search import Search
from alignlab.robustness.threats import Linf

if TYPE_CHECKING:
    import torch

__all__ = ["Square"]

HALVED_AFTER = np.array([10, 50, 200, 500, 1_000, 2_000, 4_000, 6_000, 8_000])
FULL_SCHEDULE = 10_000
INWARDS = 1e-6
MOST_KEPT = 0.25
"""Of the steps of a row that are asked about at once, so many are kept at most, on average."""

MOST_NUMBERS = 2**24
"""Numbers of all candidates of one call."""


@dataclass(frozen=True)
class Square:
    """Square attack: needs probabilities or logits, no gradients.

    Use it for models without gradients, and beside attacks with gradients as a test of them: where
    it breaks what they do not, the gradients are hidden rather than small. On a model that gives
    decisions alone it walks at random; `HopSkipJump` is made for those.

    Parameters
    ----------
    queries
        Steps for each row; those that would change nothing are counted and not asked.
    share
        The first window's share of the row.
    rescale
        Whether to halve the window after the same shares of `queries` as of the 10,000 for which
        the steps are fixed. False is what AutoAttack does with its 5,000; True is better for few.

    References
    ----------
    [andriushchenko2020square]
    """

    queries: int = 5_000
    share: float = 0.8
    rescale: bool = False

    name = "square"
    needs_gradients = False

    def __post_init__(self) -> None:
        require_whole(queries=self.queries)
        if not 0 < self.share <= 1:
            raise InputError(f"share={self.share!r} is not a number above 0, up to 1.")

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        import torch

        if not len(search):
            return
        moves = _Moves(search)
        x = moves.first()
        logits = search.logits(x)
        steps = torch.zeros(len(search), dtype=torch.int64, device=x.device)
        x, logits, steps = search.settle(x, logits, logits, steps)
        pace = _Pace(search.model.batch_rows)
        while len(search) and int(steps.min()) < self.queries:
            x, logits, steps = self._tried(search, moves, pace, x, logits, steps)

    def _tried(
        self,
        search: Search,
        moves: _Moves,
        pace: _Pace,
        x: torch.Tensor,
        logits: torch.Tensor,
        steps: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Ask about each row's next steps at once, and take the first that is kept."""
        import torch

        tries = (self.queries - steps).clamp(min=0, max=pace.tries(x))
        row = torch.repeat_interleave(tries)
        at = steps[row] + torch.arange(len(row), device=x.device) - (tries.cumsum(0) - tries)[row]
        at_host = at.cpu().numpy()
        candidates, changed = moves.tried(x, row, at_host, self.shares(at_host))
        asked = changed.nonzero()[:, 0]
        candidates = candidates[asked]
        answers = search.logits(candidates)
        better = _kept(search, answers, logits[row[asked]], search.y[row[asked]]).nonzero()[:, 0]
        rows, counts = torch.unique_consecutive(row[asked[better]], return_counts=True)
        pace.learn(tried=len(row), asked=len(asked), kept=len(rows))
        steps = steps + tries
        if not len(rows):
            return x, logits, steps
        first = better[counts.cumsum(0) - counts]
        x, logits = x.clone(), logits.clone()
        x[rows], logits[rows] = candidates[first], answers[first]
        steps[rows] = at[asked[first]] + 1
        return search.settle(x, logits, logits, steps)

    def shares(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the window's share of the row at steps, counted from 0."""
        if self.rescale:
            steps = steps * FULL_SCHEDULE // self.queries
        return np.asarray(self.share / 2.0 ** np.searchsorted(HALVED_AFTER, steps))


def _kept(
    search: Search, answers: torch.Tensor, before: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    """Return which candidates are better than their row's best, or wrong."""
    import torch

    # A difference that the batch's size makes in the last digits is none. A model without gradients
    # may have plateaus; equal answers are kept there, for else the search would never leave one.
    scale = answers.abs().amax(1) * (8 * torch.finfo(answers.dtype).eps)
    gain = margin(answers, y) - margin(before, y)
    better = gain > scale if search.model.has_gradients else gain >= -scale
    return better | (search.model.decided(answers) != y)


class _Pace:
    """How many steps of a row are asked about at once: as fill a batch, few of them kept."""

    def __init__(self, batch_rows: int) -> None:
        self.batch_rows = batch_rows
        self.asked = self.kept = 1.0
        """Running shares of the steps tried."""

    def tries(self, x: torch.Tensor) -> int:
        """Return how many steps to try for each row of `x`."""
        fill = self.batch_rows / (len(x) * self.asked)
        most = min(MOST_KEPT / self.kept, MOST_NUMBERS / x.numel())
        return max(1, int(min(fill, most)))

    def learn(self, *, tried: int, asked: int, kept: int) -> None:
        """Take note of what became of the last tries."""
        weight = min(0.5, max(0.05, tried / 500))
        self.asked += weight * (asked / tried - self.asked)
        self.kept += weight * (kept / tried - self.kept)
        self.asked, self.kept = max(self.asked, 0.05), max(self.kept, 0.001)


class _Moves:
    """The moves that the norm of a threat allows, on rows as channels × places."""

    def __init__(self, search: Search) -> None:
        self.search, self.threat = search, search.ball("square")
        self.layout = layout_of(tuple(search.x.shape[1:]))
        self._take_open()

    def first(self) -> torch.Tensor:
        """Return the rows to start from."""
        signed = self.layout.first(self.streams.child("first"), self.threat.norm)
        center = self.search.x
        moves = signed.to(center.device, center.dtype).reshape(center.shape)
        if isinstance(self.threat, Linf):
            low, high = (each.reshape(center.shape) for each in self.limits)
            return high.where(moves > 0, low)
        return self._placed(center, moves)

    def tried(
        self, x: torch.Tensor, row: torch.Tensor, steps: NDArray[Any], shares: Drawn
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return candidates, and which of them are not what they are made from.

        Candidate i is row number `row[i]` of `x`, changed as by its step `steps[i]`.
        """
        import torch

        if len(self.search) != len(self.streams):
            self._take_open()
        drawn = self.streams[row.cpu().numpy()].uniform(self.layout.draws, step=steps)
        seen = (len(row), self.layout.channels, self.layout.places)
        candidates = x[row].reshape(seen)
        differs = torch.ones(len(row), dtype=torch.bool, device=x.device)
        change = self._to_an_edge if isinstance(self.threat, Linf) else self._reshaped
        for share in np.unique(shares):
            size = self.layout.size(float(share), patterned=not isinstance(self.threat, Linf))
            if share == shares.min() == shares.max():
                differs = change(candidates, row, drawn, size)
                break
            at = np.flatnonzero(shares == share)
            some = torch.from_numpy(at).to(x.device)
            part = candidates[some]
            differs[some] = change(part, row[some], drawn[at], size)
            candidates[some] = part
        return candidates.reshape(len(row), *x.shape[1:]), differs

    def _to_an_edge(
        self, x: torch.Tensor, row: torch.Tensor, drawn: Drawn, size: tuple[int, int]
    ) -> torch.Tensor:
        """Put one window of each row of `x` to the edges of the ball; return which rows changed."""
        import torch

        window = self.layout.window(drawn, size)[:, None].expand(-1, x.shape[1], -1).to(x.device)
        channel = torch.arange(x.shape[1], device=x.device)[:, None]
        low, high = (each[row[:, None, None], channel, window] for each in self.limits)
        ends = high.where(self.layout.signs(drawn, size).to(x.device), low)
        differs = (ends != x.gather(2, window)).flatten(1).any(1)
        x.scatter_(2, window, ends)
        return differs

    def _reshaped(
        self, x: torch.Tensor, row: torch.Tensor, drawn: Drawn, size: tuple[int, int]
    ) -> torch.Tensor:
        """Put a pattern into one window, paid for by another one and by what is unused."""
        import torch

        center, power = self.search.x[row], self.threat.norm
        window, emptied = (
            self.layout.window(drawn, size, which)[:, None].expand(-1, x.shape[1], -1).to(x.device)
            for which in (0, 1)
        )
        moves = x.sub_(center.reshape(x.shape))
        whole = _length(moves, power) ** power
        before = moves.gather(2, window)
        moves.scatter_(2, emptied, 0.0).scatter_(2, window, 0.0)
        freed = (whole - _length(moves, power) ** power).clamp(min=0)
        unused = (self.threat.radius**power - whole.sum(1, keepdim=True)).clamp(min=0)
        pattern = self.layout.pattern(drawn, size, power).to(x.device, x.dtype)
        now = _unit(pattern + _unit(before, power), power)
        moves.scatter_(2, window, now * (unused / x.shape[1] + freed) ** (1 / power))
        x.copy_(self._placed(center, moves.reshape(center.shape)).reshape(x.shape))
        return torch.ones(len(x), dtype=torch.bool, device=x.device)

    def _placed(self, center: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
        """Return rows moved to the edge of the ball and cut by the box."""
        import torch

        norm, numbers = self.threat.norm, center[0].numel()
        # So far inside that rounding, of each number by itself, does not lead out.
        largest = center.abs().flatten(1).amax(1, keepdim=True) + self.threat.radius
        lost = torch.finfo(center.dtype).eps * numbers ** (1 / norm) * largest
        reach = (self.threat.radius * (1 - INWARDS) - lost).clamp(min=0)
        moves = (reach * _unit(moves.flatten(1), norm)).reshape(center.shape)
        return torch.clamp(center + moves, *self.threat._box(center))

    def _take_open(self) -> None:
        self.streams = self.search.streams_of_open("square")
        if isinstance(self.threat, Linf):
            seen = (len(self.search), self.layout.channels, self.layout.places)
            self.limits = [each.reshape(seen) for each in self.threat.limits(self.search.x)]


def _length(values: torch.Tensor, norm: float) -> torch.Tensor:
    """Return the norm along the last axis, which is kept."""
    import torch

    return torch.linalg.vector_norm(values, ord=norm, dim=-1, keepdim=True)


def _unit(values: torch.Tensor, norm: float) -> torch.Tensor:
    """Return values with a norm of 1 along the last axis; 0 where they are all 0."""
    length = _length(values, norm)
    return values / length.where(length > 0, 1.0)
