"""Along the decision boundary by decisions alone: hop to it, feel its slope, jump, and back.

From a point that the model gets wrong, for each row until it is inside the threat
[chen2020hopskipjump, alg. 2]:

    hop    bisect towards the row x until the boundary is met, at x_t
    skip   slope ≈ Σ_b (φ(x_t + δ u_b) - mean φ) u_b,   φ = 1 where wrong, else -1, u_b at random
    jump   x_t + ξ · direction of the slope, with ξ = ‖x_t - x‖ / √t halved until it is wrong

All rows go in lockstep: one call of the model asks about a bisection of every open row, or about
the probes of as many rows as memory holds. The radius is known, so the first point of each
bisection is the one at the radius: if that is wrong, the row is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from alignlab.errors import InputError
from alignlab.random import RowStreams
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.search import Search
from alignlab.robustness.threats import L2, Ball, Linf

if TYPE_CHECKING:
    import torch

__all__ = ["HopSkipJump"]

PROBE = 0.01
"""How far the slope is felt from the boundary, as a share of the distance to the row."""

PRECISION = 1e-3
"""Over √d: how closely the boundary is met. A tenth of how far one probe goes along the slope."""

HALVINGS = 15
FEW = 64
"""With fewer numbers a row, probes are uniform on the sphere; with more, which is cheaper and then
all but the same, each of their numbers is uniform."""

CHUNK = 2**21
"""Numbers of the probes that are made at a time."""

FAR = 100.0
"""Without a box, random starts are sought within so many radii."""


@dataclass(frozen=True)
class HopSkipJump:
    """HopSkipJump: needs nothing but decisions; for Linf and L2.

    Use it where the model gives no probabilities, or none that can be trusted to change. It takes
    thousands of rows for each row that holds; where there are probabilities, `Square` needs fewer.

    Parameters
    ----------
    iterations
        Hops, skips and jumps for each row.
    probes
        Probes of the first slope; their number grows with the root of the iteration.
    starts
        A row starts from the nearest of so many other rows, drawn for it, that the model takes for
        another class than its own; if there is none, from one of as many random points.

    References
    ----------
    [chen2020hopskipjump]
    """

    iterations: int = 50
    probes: int = 100
    starts: int = 100

    name = "hopskipjump"
    needs_gradients = False

    def __post_init__(self) -> None:
        require_whole(**vars(self))

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        if not isinstance(search.threat, Linf | L2):
            raise InputError(
                f"HopSkipJump knows Linf and L2, not {search.threat}. Use attacks='square', or "
                "attacks='efficient', which chooses what works here."
            )
        walk = _Walk(search, search.threat)
        if not len(search) or search.threat.radius == 0:
            return
        walk.start(self.starts)
        for iteration in range(1, self.iterations + 1):
            rows = walk.walking()
            if not len(rows):
                return
            slopes = walk.slopes(rows, round(self.probes * sqrt(iteration)), iteration)
            walk.jump(rows, slopes, iteration)
            walk.leave()


class _Walk:
    """Where each open row's walk is: a point that the model gets wrong, outside of the threat.

    Attributes
    ----------
    at, logits
        The points, and what the model says of them; the rows themselves where there is no start.
    started
        Which rows have one.
    """

    def __init__(self, search: Search, threat: Ball) -> None:
        import torch

        self.search, self.threat = search, threat
        self.at, self.logits = search.x.clone(), search.logits(search.x)
        self.started = torch.zeros(len(search), dtype=torch.bool, device=search.x.device)
        self.others, self.decisions = search.x, search.model.decided(self.logits)
        self.leave()
        self.numbers = max(1, search.x[:1].numel())

    def leave(self) -> None:
        """Let the rows go whose walk has come inside of the threat."""
        self.at, self.logits, self.started = self.search.settle(
            self.at, self.logits, self.logits, self.started
        )

    def walking(self) -> torch.Tensor:
        """Return the positions, among the open rows, of those that have a start."""
        return self.started.nonzero()[:, 0]

    def start(self, tries: int) -> None:
        """Put each row on a point that is wrong, and hop to the boundary."""
        self._among_others(tries)
        self.leave()
        streams = self.search.streams_of_open("hopskipjump noise")
        for attempt in range(tries):
            rows = (~self.started).nonzero()[:, 0]
            if not len(rows):
                break
            drawn = streams[rows.cpu().numpy()].uniform(self.numbers, step=attempt)
            self._move(rows, self._in_the_box(rows, drawn))
            self.started |= self.search.model.decided(self.logits) != self.search.y
        self.leave()
        self.hop(self.walking())
        self.leave()

    def hop(self, rows: torch.Tensor) -> None:
        """Go back towards the rows until just before the model gets them right."""
        import torch

        near = self.threat.radius / self.threat.distance(self.at[rows], self.search.x[rows])
        inside = self.threat.project(self._towards(rows, near), self.search.x[rows])
        settled = self._move(rows, inside)
        rows, low = rows[~settled], near[~settled]
        origin, high = self.at[rows], torch.ones_like(low)
        while True:
            wide = (high - low > PRECISION / sqrt(self.numbers) * high).nonzero()[:, 0]
            if not len(wide):
                return
            middle = (low + high)[wide] / 2
            wrong = self._move(rows[wide], self._towards(rows[wide], middle, origin[wide]))
            high[wide], low[wide] = high[wide].where(~wrong, middle), low[wide].where(wrong, middle)

    def slopes(self, rows: torch.Tensor, probes: int, iteration: int) -> torch.Tensor:
        """Return which way wrong lies, as probes about the boundary tell, of length 1."""
        import torch

        streams = self.search.streams_of_open("hopskipjump")
        chunks = rows.split(max(1, CHUNK // (probes * self.numbers)))
        return torch.cat(
            [self._slopes(chunk, streams, probes, iteration) for chunk in chunks]
        ).reshape(len(rows), *self.at.shape[1:])

    def jump(self, rows: torch.Tensor, slopes: torch.Tensor, iteration: int) -> None:
        """Jump along the slopes as far as the model gets it wrong, and hop back."""
        import torch

        ahead = slopes if isinstance(self.threat, L2) else slopes.sign()
        size = self.threat.distance(self.at[rows], self.search.x[rows]) / sqrt(iteration)
        left = torch.arange(len(rows), device=rows.device)
        landed = []
        for _ in range(HALVINGS):
            step = _per_row(size[left], ahead).to(ahead.dtype) * ahead[left]
            box = self.threat._box(self.at)
            wrong = self._move(rows[left], torch.clamp(self.at[rows[left]] + step, *box))
            landed.append(left[wrong])
            left, size = left[~wrong], size / 2
            if not len(left):
                break
        found = rows[torch.cat(landed).sort().values]
        outside = ~self.threat.allows(self.at[found], self.search.x[found])
        self.hop(found[outside])

    def _move(self, rows: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
        """Move walks to the candidates that are wrong, and return which are."""
        logits = self.search.logits(candidates)
        wrong = self.search.model.decided(logits) != self.search.y[rows]
        self.at[rows[wrong]], self.logits[rows[wrong]] = candidates[wrong], logits[wrong]
        return wrong

    def _towards(
        self, rows: torch.Tensor, share: torch.Tensor, origin: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return points between rows and where they were, at a share of the distance."""
        import torch

        center, origin = self.search.x[rows], self.at[rows] if origin is None else origin
        if isinstance(self.threat, L2):
            return center + _per_row(share, center).to(center.dtype) * (origin - center)
        most = share * self.threat.distance(origin, center)
        move = _per_row(most, center).to(center.dtype)
        return torch.clamp(origin, center - move, center + move)

    def _slopes(
        self, rows: torch.Tensor, streams: RowStreams, probes: int, iteration: int
    ) -> torch.Tensor:
        """Return the slopes of one chunk, flat."""
        import torch

        at = self.at[rows]
        moves = _directions(streams[rows.cpu().numpy()], probes, self.numbers, iteration)
        moves = moves.to(at.device, at.dtype)
        length = PROBE * self.threat.distance(at, self.search.x[rows])
        if isinstance(self.threat, Linf):  # as long as a vector whose numbers all have this size
            length = length * sqrt(self.numbers)
        size = torch.linalg.vector_norm(moves, dim=2, keepdim=True)
        low, high = (bound.expand_as(at[:1]).reshape(-1) for bound in self.threat._box(at))
        flat = at.flatten(1)[:, None]
        # In place: these are the largest arrays there are.
        asked = moves.mul_(_per_row(length, moves).to(at.dtype) / size).add_(flat)
        asked.clamp_(low, high)
        answers = self.search.logits(asked.reshape(-1, *at.shape[1:]))
        truth = self.search.y[rows].repeat_interleave(probes)
        wrong = (self.search.model.decided(answers) != truth).reshape(len(rows), probes)
        sides = wrong.to(at.dtype) * 2 - 1
        mean = sides.mean(1, keepdim=True)
        # Where all probes are on one side there is no difference, and their mean leads there.
        weights = torch.where(mean.abs() == 1, sides, sides - mean)
        slope = torch.bmm(weights[:, None], asked.sub_(flat))[:, 0]
        size = torch.linalg.vector_norm(slope, dim=1, keepdim=True)
        return slope / size.where(size > 0, 1.0)

    def _among_others(self, tries: int) -> None:
        """Start from the nearest of some other rows that are taken for another class."""
        import torch

        streams = self.search.streams_of_open("hopskipjump start")
        everyone = torch.arange(len(self.search), device=self.at.device)
        for rows in everyone.split(max(1, CHUNK // (tries * self.numbers))):
            drawn = streams[rows.cpu().numpy()].uniform(tries) * len(self.others)
            picked = torch.from_numpy(drawn.astype(np.int64)).to(self.at.device)
            other = self.decisions[picked] != self.search.y[rows, None]
            moves = (self.others[picked] - self.search.x[rows, None]).flatten(2)
            away = torch.linalg.vector_norm(moves, ord=self.threat.norm, dim=2)
            nearest = away.where(other, torch.inf).argmin(1, keepdim=True)
            found = other.gather(1, nearest)[:, 0]
            self._move(rows[found], self.others[picked.gather(1, nearest)[found, 0]])
        self.started |= self.search.model.decided(self.logits) != self.search.y

    def _in_the_box(self, rows: torch.Tensor, drawn: np.ndarray) -> torch.Tensor:
        """Return random points, uniform in the box."""
        import torch

        center = self.search.x[rows]
        low, high = self.threat._box(center)
        low = torch.where(low.isfinite(), low, center - FAR * self.threat.radius)
        high = torch.where(high.isfinite(), high, center + FAR * self.threat.radius)
        shares = torch.from_numpy(drawn).to(center.device, center.dtype).reshape(center.shape)
        return torch.clamp(low + shares * (high - low), low, high)


def _directions(streams: RowStreams, probes: int, numbers: int, step: int) -> torch.Tensor:
    """Return random directions, shape (n, probes, numbers)."""
    import torch

    shape = (len(streams), probes, numbers)
    if numbers < FEW:
        return torch.from_numpy(streams.normal(probes * numbers, step=step)).reshape(shape)
    # Sixteen bits are plenty for a direction, and each draw holds four times as many.
    drawn = streams.bits(ceil(probes * numbers / 4), step=step).view(np.uint16)
    centred = drawn[:, : probes * numbers].astype(np.float32) - np.float32(2**15 - 0.5)
    return torch.from_numpy(centred).reshape(shape)


def _per_row(values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return one value a row so that it broadcasts against `x`."""
    return values.reshape(-1, *[1] * (x.ndim - 1))
