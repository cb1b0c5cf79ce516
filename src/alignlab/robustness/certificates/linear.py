"""Linear models: each row's worst point in closed form, so that every row is broken or holds.

For each other class j the margin grows along s = ∇(z_j - z_y), and the farthest that an allowed row
can go is

    max s·t   subject to   ‖t‖ <= radius,   low - x <= t <= high - x.

With gains |s_i| and room c_i on the side that s_i points to, in order of the norms:

L∞
    every number goes as far as it may, t_i = min(radius, c_i);
L1
    the fractional knapsack: the largest gains first, each to its limit [dantzig1957discrete];
L2
    water filling, t_i = min(c_i, |s_i| / λ) with the λ > 0 that spends the radius. Numbers reach
    their limit in the order of |s_i| / c_i, so λ is found by one sort.

The worst point is rounded inwards to a row, and the model itself is asked about it. A row whose
worst margin is within rounding of 0, and whose worst point the model gets right, stays undecided,
but for one case: where no number moves both scores the same way, the corner of the L∞ ball is worst
for each of the two scores as computed too, for a rounded sum is monotone in its terms; then the
corner alone decides, ties included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors import Predictor
from alignlab.robustness.certificates.affine import Affine, affine_of
from alignlab.robustness.certificates.certificate import (
    TIE,
    Certificate,
    decided_wrong,
    rounding,
)
from alignlab.robustness.threats import Ball, Linf

if TYPE_CHECKING:
    import torch

__all__ = ["certify_linear", "farthest"]

Floats = NDArray[np.float64]

CHUNK = 2**21
"""Numbers held at once in each of the few arrays of pairs of a row and a class."""


def certify_linear(
    predictor: Predictor, x: torch.Tensor, y: torch.Tensor, threat: Ball
) -> Certificate | None:
    """Break or certify each row of a linear model; `None` if the model is not surely linear.

    Parameters
    ----------
    predictor
        The model; see `affine_of` for those that are read.
    x, y
        n rows within the threat's box, and the positions of their classes, shape (n,).
    threat
        A ball of L∞, L2 or L1.

    Examples
    --------
    >>> import torch
    >>> from alignlab.predictors import as_predictor
    >>> from alignlab.robustness.threats import Linf
    >>> module = torch.nn.Linear(2, 2, bias=False)
    >>> _ = module.weight.data.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    >>> x, y = torch.tensor([[0.75, 0.25], [0.7, 0.1]]), torch.tensor([0, 0])
    >>> found = certify_linear(as_predictor(module, classes=[0, 1]), x, y, Linf(0.28125))
    >>> found.broken.tolist(), found.holds.tolist(), found.witnesses[0].tolist()
    ([True, False], [False, True], [0.46875, 0.53125])
    """
    import torch

    affine = affine_of(predictor)
    if affine is None or affine.weights.shape[1] != x[:1].numel():
        return None
    worst = _Worst(affine, x, y, threat)
    margins, slack = worst.margins()
    holds = torch.from_numpy((margins < -slack).all(1)).to(x.device)
    broken, witnesses = torch.zeros_like(holds), x.clone()
    pending = margins >= -slack
    tried = np.zeros_like(pending)
    while True:
        pending &= ~(holds | broken).cpu().numpy()[:, None] & ~tried
        at = np.flatnonzero(pending.any(1))
        if not len(at):
            break
        others = np.where(pending[at], margins[at], -np.inf).argmax(1)
        tried[at, others] = True
        candidates = worst.points(at, others)
        rows = torch.from_numpy(at).to(x.device)
        wrong = decided_wrong(predictor, candidates, y[rows])
        wrong &= threat.allows(candidates, x[rows])
        witnesses[rows[wrong]] = candidates[wrong]
        broken[rows[wrong]] = True
    if threat.norm == np.inf:
        left = ~(holds | broken)
        at = np.flatnonzero(left.cpu().numpy())
        settled = (margins[at] < -slack[at]) | (tried[at] & worst.opposed(at))
        holds[left] = torch.from_numpy(settled.all(1)).to(x.device)
    return Certificate("linear model, worst point in closed form", holds, broken, witnesses)


class _Worst:
    """The worst allowed point of each row for each other class."""

    def __init__(self, affine: Affine, x: torch.Tensor, y: torch.Tensor, threat: Ball) -> None:
        self.affine, self.x, self.threat = affine, x, threat
        self.y = y.cpu().numpy()
        self.rows = x.double().flatten(1).cpu().numpy()
        self.low, self.high = self._limits()
        self.slopes = affine.slopes

    def margins(self) -> tuple[Floats, Floats]:
        """Return the worst margin of each class, and how far rounding may reach, (n, n_classes).

        A margin that cannot reach 0 without a box either stands as it is without the box.
        """
        at, width = np.arange(len(self.rows)), self.slopes.shape[1]
        scores = self.affine.scores(self.rows)
        margins = scores - scores[at, self.y][:, None]
        largest = np.maximum(np.abs(self.low), np.abs(self.high))
        sizes = self.affine.sizes(np.minimum(largest, np.abs(self.rows) + self.threat.radius))
        share = rounding(width + 8 + self.affine.steps, self.x.dtype, *self.affine.precisions)
        slack = share * (sizes + sizes[at, self.y][:, None]) + TIE
        free = margins + self.threat.radius * self._steepness()
        free[at, self.y] = -np.inf
        rows, others = np.nonzero(free >= -slack)
        step = max(1, CHUNK // width)
        for start in range(0, len(rows), step):
            part = rows[start : start + step], others[start : start + step]
            slopes = self._slopes(*part)
            free[part] = margins[part] + np.einsum("pd,pd->p", slopes, self._moves(slopes, part[0]))
        return free, slack

    def points(self, at: NDArray[np.intp], others: NDArray[np.intp]) -> torch.Tensor:
        """Return the worst allowed rows for one class each, rounded inwards."""
        import torch

        slopes = self._slopes(at, others)
        moved = self.rows[at] + self._moves(slopes, at)
        if self.threat.norm == np.inf:  # a sum would round: the limits are numbers that exist
            moved = np.where(slopes > 0, self.high[at], moved)
            moved = np.where(slopes < 0, self.low[at], moved)
        center = self.x[torch.from_numpy(at).to(self.x.device)]
        found = torch.as_tensor(moved, device=center.device).reshape(center.shape).to(center.dtype)
        return found if self.threat.norm == np.inf else self.threat.project(found, center)

    def opposed(self, at: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return for which classes no number moves both scores the same way."""
        signs = np.sign(self.slopes)
        return np.array(
            [(signs * signs[true] <= 0).all(1) for true in self.y[at]], dtype=bool
        ).reshape(len(at), len(signs))

    def _slopes(self, at: NDArray[np.intp], others: NDArray[np.intp]) -> Floats:
        return self.slopes[others] - self.slopes[self.y[at]]

    def _steepness(self) -> Floats:
        """Return the most that a move of norm 1 adds to each margin, (n, n_classes)."""
        dual = {np.inf: 1, 2: 2, 1: np.inf}[self.threat.norm]
        found = np.empty((len(self.y), len(self.slopes)))
        for true in np.unique(self.y):
            found[self.y == true] = np.linalg.norm(self.slopes - self.slopes[true], dual, axis=1)
        return found

    def _moves(self, slopes: Floats, at: NDArray[np.intp]) -> Floats:
        room = np.where(slopes > 0, self.high[at] - self.rows[at], self.rows[at] - self.low[at])
        if self.threat.norm == np.inf:  # the limits hold the radius already
            return np.sign(slopes) * room
        reach = farthest(np.abs(slopes), room, self.threat.radius, self.threat.norm)
        return np.sign(slopes) * reach

    def _limits(self) -> tuple[Floats, Floats]:
        """Return between what each number of a row may lie, as the threat rounds it, (n, d)."""
        import torch

        if isinstance(self.threat, Linf):
            low, high = self.threat.limits(self.x)
        else:
            low, high = self.threat._box(self.x)
        shape = self.x.shape
        least, most = (torch.broadcast_to(each, shape).double().flatten(1) for each in (low, high))
        return least.cpu().numpy(), most.cpu().numpy()


def farthest(gains: Floats, room: Floats, radius: float, norm: float) -> Floats:
    """Return the moves from 0 to `room` of norm at most `radius` that gain most.

    Parameters
    ----------
    gains
        What a move gains a unit, from 0, shape (..., d).
    room
        How far each may go, from 0 and perhaps without end, shape (..., d).
    radius
        The largest norm.
    norm
        1, 2 or infinity.

    Examples
    --------
    The first may go 0.6 only, and the radius is 1; the rest of it goes along the other two:

    >>> farthest(np.array([2.0, 0.6, 0.8]), np.array([0.6, 9.0, 9.0]), 1.0, 2).round(2).tolist()
    [0.6, 0.48, 0.64]
    >>> farthest(np.array([2.0, 0.6, 0.8]), np.array([0.6, 9.0, 9.0]), 1.0, 1).round(2).tolist()
    [0.6, 0.0, 0.4]
    """
    room = np.where(gains > 0, room, 0.0)
    if norm == np.inf:
        return np.minimum(room, radius)
    if norm == 1:
        order = np.argsort(-gains, axis=-1, kind="stable")
        ordered = np.take_along_axis(np.minimum(room, radius), order, -1)
        spent = np.cumsum(ordered, axis=-1) - ordered
        moves = np.empty_like(ordered)
        np.put_along_axis(moves, order, np.clip(radius - spent, 0, ordered), -1)
        return moves
    return _flooded(gains, np.minimum(room, radius), radius)


def _flooded(gains: Floats, room: Floats, radius: float) -> Floats:
    """Return min(room_i, gains_i / λ) for the λ that spends the radius, if there is one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(gains > 0, gains / room, 0.0)
        order = np.argsort(-ratio, axis=-1, kind="stable")
        ratio, limits, ordered = (
            np.take_along_axis(each, order, -1) for each in (ratio, room, gains)
        )
        spent = np.cumsum(limits**2, axis=-1) - limits**2
        ahead = np.cumsum(ordered[..., ::-1] ** 2, axis=-1)[..., ::-1]
        levels = np.sqrt(ahead / np.maximum(radius**2 - spent, 0.0))  # λ, if all before are full
        full = ratio > levels
        n_full = np.where(full.all(-1), full.shape[-1], (~full).argmax(-1))[..., None]
        level = np.take_along_axis(levels, np.minimum(n_full, full.shape[-1] - 1), -1)
        flowing = np.where(ordered > 0, np.minimum(limits, ordered / level), 0.0)
    moves = np.empty_like(ordered)
    filled = np.arange(full.shape[-1]) < n_full
    np.put_along_axis(moves, order, np.where(filled, limits, flowing), -1)
    return moves
