"""Auto-PGD: gradient ascent that chooses its own steps, so that none is tuned wrongly.

From random points on the surface of the ball, as `climbs` says: with momentum in Linf and L2
[croce2020reliable, alg. 1], along few numbers at a time in L1 [croce2021mindbox, alg. 2], there
with 30 % of the steps in three times the radius, 30 % in twice, and the rest within it. Towards any
wrong class, or towards one after another.

Every iterate is tested, the last one included, and a broken row leaves at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignlab.errors import require_choice
from alignlab.random import RowStreams
from alignlab.robustness.attacked import Loss
from alignlab.robustness.attacks.climbs import Climb, MomentumClimb, SparseClimb, climb
from alignlab.robustness.attacks.losses import LOSSES, TARGETED_LOSSES, targeted_margin
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.search import Search
from alignlab.robustness.threats import L1, Ball, Linf

if TYPE_CHECKING:
    import torch

__all__ = ["APGD", "TargetedAPGD", "ascend"]

PHASES = ((1, 100),)
SPARSE_PHASES = ((3, 30), (2, 60), (1, 100))
"""The factor of the radius, and the percentage of all steps at which it ends."""

ORDERS = ("logits", "gradient")
CANDIDATES = 100
"""Targets whose gradients are asked for, those with the largest logits, where there are more."""


@dataclass(frozen=True)
class APGD:
    """Auto-PGD: the ascent that needs no step size, towards any wrong class.

    Use it where PGD leaves rows undecided. On the cross-entropy it is the first part of
    AutoAttack; where logits are large, use the margin or DLR, which no scale silences.

    Parameters
    ----------
    steps
        Gradients a restart.
    restarts
        Random starts; a row that is broken by one is not given to the next.
    loss
        "cross-entropy", "dlr" or "margin"; see `losses`.

    References
    ----------
    [croce2020reliable; croce2021mindbox]
    """

    steps: int = 100
    restarts: int = 1
    loss: str = "cross-entropy"

    name = "apgd"
    needs_gradients = True

    def __post_init__(self) -> None:
        require_choice(self.loss, list(LOSSES), what="loss")
        require_whole(steps=self.steps, restarts=self.restarts)

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        for restart in range(self.restarts):
            if not len(search):
                return
            streams = search.streams_of_open(f"apgd {self.loss} {restart}")
            ascend(search, LOSSES[self.loss], search.y, streams, self.steps)


@dataclass(frozen=True)
class TargetedAPGD:
    """Auto-PGD towards one wrong class after another.

    Stronger than `APGD` and dearer: a row that holds pays for each target. The untargeted loss
    climbs towards the class that is nearest now, which need not be the one that gives way.

    Parameters
    ----------
    steps
        Gradients a target.
    targets
        Wrong classes tried; at most one fewer than there are classes.
    loss
        "dlr" or "margin", each towards the target; see `losses`.
    order
        "logits": the classes with the largest logits first, as published; "gradient": those first
        that a linear model with this gradient would reach with the least move, by
        (z_y - z_t) / ‖∇(z_y - z_t)‖ in the dual norm [melamed2024malt].

    References
    ----------
    [croce2020reliable; melamed2024malt]
    """

    steps: int = 100
    targets: int = 9
    loss: str = "dlr"
    order: str = "logits"

    name = "apgd-t"
    needs_gradients = True

    def __post_init__(self) -> None:
        require_choice(self.loss, list(TARGETED_LOSSES), what="loss")
        require_choice(self.order, ORDERS, what="order")
        require_whole(steps=self.steps, targets=self.targets)

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        import torch

        if not len(search):
            return
        ranked = targets_in_order(search, self.order)[:, : self.targets]
        of_all = ranked.new_zeros((len(search.clean), ranked.shape[1]))
        of_all[search.open] = ranked
        for rank in range(ranked.shape[1]):
            if not len(search):
                return
            goal = torch.stack([search.y, of_all[search.open, rank]], 1)
            streams = search.streams_of_open(f"apgd-t {self.loss} {rank}")
            ascend(search, TARGETED_LOSSES[self.loss], goal, streams, self.steps)


def targets_in_order(search: Search, order: str) -> torch.Tensor:
    """Return the wrong classes of each open row in the order to try them, shape (n, k - 1)."""
    import torch

    logits = search.logits(search.x).scatter(1, search.y[:, None], float("-inf"))
    targets = logits.argsort(dim=1, descending=True, stable=True)[:, :-1]
    if order == "logits":
        return targets
    targets = targets[:, :CANDIDATES]
    moves = []
    for target in targets.unbind(1):
        classes = torch.stack([search.y, target], 1)
        passed = search.model.gradient(search.x, classes, targeted_margin)
        slope = search.ball("apgd").dual_norm(passed.gradient)
        # A class that no move brings nearer comes last.
        moves.append(torch.where(slope > 0, -passed.losses / slope, torch.inf))
    return targets.gather(1, torch.stack(moves, 1).argsort(dim=1, stable=True))


def ascend(search: Search, loss: Loss, goal: torch.Tensor, streams: RowStreams, steps: int) -> None:
    """Climb from a random start, one gradient a step and open row, and settle what breaks.

    Parameters
    ----------
    search
        The open rows.
    loss, goal
        What is to grow, and what it is given beside the logits, first axis the open rows.
    streams
        Random numbers of the open rows' own.
    steps
        How many gradients a row.
    """
    threat = search.ball("apgd")
    kind: type[Climb]
    kind, phases = (
        (SparseClimb, SPARSE_PHASES) if isinstance(threat, L1) else (MomentumClimb, PHASES)
    )
    best, done = None, 0
    for factor, percent in phases:
        now, done = percent * steps // 100 - done, percent * steps // 100
        if not now or not len(search):
            continue
        within = threat if factor == 1 else threat.with_radius(factor * threat.radius)
        if best is None:
            start = far_start(within, search.x, streams)
        else:
            start = within.project(best, search.x)
        state = climb(search, within, loss, kind.begin(within, goal, start, search.x), now)
        best, goal = state.best, state.goal


def far_start(threat: Ball, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
    """Return random rows on the surface of the ball, before the box cuts it, as published."""
    import torch

    count = center[0].numel()
    drawn = streams.uniform(count) * 2 - 1 if isinstance(threat, Linf) else streams.normal(count)
    if not isinstance(threat, L1):  # projected from afar, as the paper does it
        drawn *= threat.radius / np.linalg.norm(drawn, threat.norm, axis=1, keepdims=True)
    moves = torch.as_tensor(drawn, dtype=center.dtype, device=center.device)
    return threat.project(center + moves.reshape(center.shape), center)
