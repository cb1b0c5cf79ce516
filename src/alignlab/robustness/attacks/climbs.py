"""How automatic gradient ascent moves: where each row stands, and when its steps become smaller.

Momentum, for Linf and L2 [croce2020reliable, alg. 1], with a step η that is at first twice the
radius:

    z_{t+1} = Π(x_t + η · steepest(∇ loss(x_t)))
    x_{t+1} = Π(x_t + 0.75 (z_{t+1} - x_t) + 0.25 (x_t - x_{t-1}))

At checkpoints η is halved, and the ascent goes on from the best point so far, where fewer than 0.75
of the steps since the last checkpoint raised the loss, or where η was not halved there and the best
loss has not changed since.

Sparse, for L1 [croce2021mindbox, alg. 2]: the signs of the k largest numbers of the gradient,
divided by k. At checkpoints k becomes 2/3 of how many numbers the best point has moved; where
these fell by a twentieth, η is the radius again and the ascent goes on from the best point;
elsewhere η is divided by 1.5, down to a tenth of the radius.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from alignlab.robustness.attacked import Loss
from alignlab.robustness.search import Search
from alignlab.robustness.threats import Ball, Projection, per_row

if TYPE_CHECKING:
    import torch

__all__ = ["MomentumClimb", "SparseClimb", "climb"]

KEPT = 0.75
"""The share of a step that goes along the gradient; the rest goes on as before."""

RISING = 0.75
SPARSER = 1.5
SHORTER = 1.5
SHORTEST = 0.1
FEWER = 0.95


@dataclass(frozen=True, eq=False, kw_only=True)
class Climb(ABC):
    """Where each open row stands; every field has one entry a row.

    Attributes
    ----------
    goal
        What the loss is given beside the logits.
    x, loss, gradient
        The iterate, its loss, and the gradient there.
    best, best_loss, best_gradient
        The same for the iterate with the greatest loss so far.
    size
        The step η, in the units of the rows.
    """

    goal: torch.Tensor
    x: torch.Tensor
    loss: torch.Tensor
    gradient: torch.Tensor
    best: torch.Tensor
    best_loss: torch.Tensor
    best_gradient: torch.Tensor
    size: torch.Tensor

    @classmethod
    @abstractmethod
    def begin(cls, threat: Ball, goal: torch.Tensor, x: torch.Tensor, center: torch.Tensor) -> Self:
        """Return the rows before the first pass."""

    @staticmethod
    @abstractmethod
    def checkpoints(steps: int) -> dict[int, int]:
        """Return how many steps each checkpoint looks back on, by its step."""

    @abstractmethod
    def checked(self, threat: Ball, center: torch.Tensor, since: int) -> Self:
        """Return the climb after a checkpoint that looks back on `since` steps."""

    @abstractmethod
    def moved(self, threat: Ball, project: Projection, step: int) -> Self:
        """Return the climb after its next step."""

    def take(self, rows: torch.Tensor) -> Self:
        """Return where some rows stand."""
        return replace(self, **{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def seen(self, loss: torch.Tensor, gradient: torch.Tensor) -> Self:
        """Return the climb with what the model says of `x`."""
        better = loss > self.best_loss
        return replace(
            self,
            loss=loss,
            gradient=gradient,
            best=self.x.where(per_row(better, self.x), self.best),
            best_loss=loss.where(better, self.best_loss),
            best_gradient=gradient.where(per_row(better, self.x), self.best_gradient),
        )

    def back(self, rows: torch.Tensor) -> Self:
        """Return the climb with some rows, a mask, back at their best point."""
        which = per_row(rows, self.x)
        return replace(
            self,
            x=self.best.where(which, self.x),
            gradient=self.best_gradient.where(which, self.gradient),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class MomentumClimb(Climb):
    """Ascent with momentum, for Linf and L2.

    Attributes
    ----------
    previous
        The iterate before `x`.
    rises
        How many steps since the last checkpoint raised the loss.
    halved
        Whether the step was halved there.
    checked_loss
        The best loss there.
    """

    previous: torch.Tensor
    rises: torch.Tensor
    halved: torch.Tensor
    checked_loss: torch.Tensor

    @classmethod
    def begin(cls, threat: Ball, goal: torch.Tensor, x: torch.Tensor, center: torch.Tensor) -> Self:
        """Return the rows before the first pass."""
        import torch

        lowest = torch.full_like(x.flatten(1)[:, 0], -torch.inf)
        return cls(
            goal=goal,
            x=x,
            loss=-lowest,
            gradient=x,
            best=x,
            best_loss=lowest,
            best_gradient=torch.zeros_like(x),
            size=torch.full_like(lowest, 2 * threat.radius),
            previous=x,
            rises=torch.zeros_like(lowest),
            halved=torch.zeros_like(lowest, dtype=torch.bool),
            checked_loss=lowest,
        )

    @staticmethod
    def checkpoints(steps: int) -> dict[int, int]:
        """Return how many steps each checkpoint looks back on, by its step."""
        percent, length, at = 0, 22, [0]
        while percent + length < 100:
            percent += length
            at.append(-(-percent * steps // 100))
            length = max(length - 3, 6)
        return {now: now - before for before, now in pairwise(at) if now > before}

    def seen(self, loss: torch.Tensor, gradient: torch.Tensor) -> Self:
        """Return the climb with what the model says of `x`."""
        rises = self.rises + (loss > self.loss)
        return replace(super().seen(loss, gradient), rises=rises)

    def checked(self, threat: Ball, center: torch.Tensor, since: int) -> Self:
        """Return the climb after a checkpoint that looks back on `since` steps."""
        stuck = ~self.halved & (self.best_loss <= self.checked_loss)
        halved = stuck | (self.rises < RISING * since)
        return replace(
            self.back(halved),
            size=(self.size / 2).where(halved, self.size),
            rises=self.rises.new_zeros(len(halved)),
            halved=halved,
            checked_loss=self.best_loss,
        )

    def moved(self, threat: Ball, project: Projection, step: int) -> Self:
        """Return the climb after its next step."""
        ahead = project(threat.step(self.x, self.gradient, self.size))
        if step:
            onwards = self.x + KEPT * (ahead - self.x) + (1 - KEPT) * (self.x - self.previous)
            ahead = project(onwards)
        return replace(self, x=ahead, previous=self.x)


@dataclass(frozen=True, eq=False, kw_only=True)
class SparseClimb(Climb):
    """Ascent along few numbers at a time, for L1.

    Attributes
    ----------
    moved_numbers
        How many numbers of a row its best point had moved at the last checkpoint.
    """

    moved_numbers: torch.Tensor

    @classmethod
    def begin(cls, threat: Ball, goal: torch.Tensor, x: torch.Tensor, center: torch.Tensor) -> Self:
        """Return the rows before the first pass."""
        import torch

        lowest = torch.full_like(x.flatten(1)[:, 0], -torch.inf)
        return cls(
            goal=goal,
            x=x,
            loss=lowest,
            gradient=x,
            best=x,
            best_loss=lowest,
            best_gradient=torch.zeros_like(x),
            size=torch.full_like(lowest, threat.radius),
            moved_numbers=(x != center).flatten(1).sum(1),
        )

    @staticmethod
    def checkpoints(steps: int) -> dict[int, int]:
        """Return how many steps each checkpoint looks back on, by its step."""
        every = max(steps // 25, 1)
        return dict.fromkeys(range(every, steps, every), every)

    def checked(self, threat: Ball, center: torch.Tensor, since: int) -> Self:
        """Return the climb after a checkpoint that looks back on `since` steps."""
        moved_numbers = (self.best != center).flatten(1).sum(1)
        fewer = moved_numbers < FEWER * self.moved_numbers
        shorter = (self.size / SHORTER).clamp(min=SHORTEST * threat.radius)
        return replace(
            self.back(fewer),
            size=shorter.where(~fewer, threat.radius),
            moved_numbers=moved_numbers,
        )

    def moved(self, threat: Ball, project: Projection, step: int) -> Self:
        """Return the climb after its next step."""
        slopes = self.gradient.flatten(1)
        sizes = slopes.abs()
        kept = (self.moved_numbers / SPARSER).ceil().long().clamp(1, slopes.shape[1])
        least = sizes.sort(1, descending=True).values.gather(1, kept[:, None] - 1)
        signs = slopes.sign().where(sizes >= least, 0.0)
        move = signs / signs.abs().sum(1, keepdim=True).clamp(min=1) * self.size[:, None]
        return replace(self, x=project(self.x + move.reshape(self.x.shape)))


def climb(search: Search, threat: Ball, loss: Loss, state: Climb, steps: int) -> Climb:
    """Ascend, settling every iterate, the last one included; return where the open rows stand.

    Parameters
    ----------
    search
        The open rows.
    threat
        Where the ascent stays; the search's own, or one that is wider.
    loss
        What is to grow.
    state
        Where the open rows begin.
    steps
        How many gradients a row.
    """
    checkpoints, center = state.checkpoints(steps), None
    for step in range(steps):
        passed = search.model.gradient(state.x, state.goal, loss)
        state = state.seen(passed.losses, passed.gradient)
        state = _settled(search, state, passed.logits)
        if not len(search):
            return state
        if step in checkpoints:
            state = state.checked(threat, search.x, checkpoints[step])
        if center is not search.x:
            center, project = search.x, threat.around(search.x)
        state = state.moved(threat, project, step)
    logits = search.logits(state.x)
    state = state.seen(loss(logits, state.goal), state.gradient)
    return _settled(search, state, logits)


def _settled(search: Search, state: Climb, logits: torch.Tensor) -> Climb:
    import torch

    rows = torch.arange(len(search), device=logits.device)
    _, still_open = search.settle(state.x, logits, rows)
    return state if len(still_open) == len(rows) else state.take(still_open)
