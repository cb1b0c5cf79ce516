"""What an attacker may do to a row: a ball of a norm around it, within the box of valid rows.

    allowed(x) = {x' : ‖x' - x‖ <= radius, low <= x' <= high}

A threat projects onto its set (the nearest allowed point, not a rescaled one [croce2021mindbox]),
starts in it at random, knows the steepest direction of its norm, and judges a finished row in
float64 without any tolerance: bounds are rounded inwards when a row is made, never when it is
judged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from alignlab.errors import InputError
from alignlab.random import RowStreams

if TYPE_CHECKING:
    import torch

__all__ = ["Ball", "Linf", "Threat"]


class Threat(Protocol):
    """What may be done to rows. Tensors of rows have shape (n, ...)."""

    @property
    def radius(self) -> float:
        """How far a row may be moved."""
        ...

    def encode(self, X: Any) -> torch.Tensor:
        """Return rows as they are moved; raises InputError for rows outside of what is valid."""
        ...

    def decode(self, x: torch.Tensor) -> Any:
        """Return rows as the model takes them."""
        ...

    @property
    def decodes(self) -> bool:
        """Whether the model takes rows in another form than they are moved in."""
        ...

    def distance(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return how far each row was moved, shape (n,), float64."""
        ...

    def allows(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return which rows are allowed, shape (n,), without any tolerance."""
        ...

    def project(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return the allowed rows nearest to `x`."""
        ...

    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return random allowed rows."""
        ...


@dataclass(frozen=True, eq=False)
class Ball(ABC):
    """A ball of a norm, within a box.

    Parameters
    ----------
    radius
        How far a row may be moved, in the units of the rows; at least 0.
    low, high
        The box of valid rows: numbers, or arrays that broadcast against a row. Pixels lie between
        0 and 1; `low=-inf, high=inf` is no box.
    """

    radius: float
    low: Any = 0.0
    high: Any = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.radius, int | float) and 0 <= self.radius < float("inf")):
            raise InputError(
                f"radius={self.radius!r} is not a number from 0. Give the distance that an "
                "attacker may move a row, such as radius=0.1."
            )
        if not bool(np.all(np.asarray(self.low) < np.asarray(self.high))):
            raise InputError(f"low={self.low} is not below high={self.high}: the box is empty.")

    @property
    def decodes(self) -> bool:
        """Rows are moved as the model takes them."""
        return False

    def with_radius(self, radius: float) -> Ball:
        """Return the same threat with another radius."""
        return type(self)(radius, self.low, self.high)

    def encode(self, X: Any) -> torch.Tensor:
        """Return rows as a tensor; raises InputError where one lies outside the box."""
        import torch

        x = X if isinstance(X, torch.Tensor) else torch.as_tensor(np.asarray(X))
        if not x.is_floating_point():
            raise InputError(
                f"The rows hold {x.dtype} and an attack moves numbers by small amounts. Give "
                "floats; pixels divided by 255."
            )
        low, high = self._box(x)
        outside = ~((x >= low) & (x <= high)).flatten(1).all(1)
        if bool(outside.any()):
            row = int(outside.nonzero()[0, 0])
            raise InputError(
                f"Row {row} lies outside the box from {_shown(self.low)} to {_shown(self.high)} "
                f"(its numbers go from {float(x[row].min()):.4g} to {float(x[row].max()):.4g}; "
                f"{int(outside.sum())} such rows). State the box of valid rows: low=…, high=…."
            )
        return x

    def decode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the rows as they are."""
        return x

    def allows(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return which rows lie in the ball and in the box, shape (n,), without any tolerance."""
        low, high = self._box(x)
        inside = ((x >= low) & (x <= high)).flatten(1).all(1)
        return inside & (self.distance(x, center) <= self.radius)

    @abstractmethod
    def distance(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return how far each row was moved, shape (n,), float64."""

    @abstractmethod
    def project(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return the allowed rows nearest to `x` in Euclidean distance."""

    @abstractmethod
    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return allowed rows, uniform in the ball before the box cuts it."""

    @abstractmethod
    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the step of norm 1 along which a function with this gradient grows fastest."""

    def _box(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        low = torch.as_tensor(self.low, dtype=x.dtype, device=x.device)
        return low, torch.as_tensor(self.high, dtype=x.dtype, device=x.device)


class Linf(Ball):
    """Every number of a row may be moved by at most `radius`.

    Examples
    --------
    >>> import torch
    >>> threat = Linf(0.25)
    >>> threat.project(torch.tensor([[0.9, -3.0]]), torch.tensor([[0.5, 0.125]]))
    tensor([[0.7500, 0.0000]])
    """

    def distance(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return the largest move of each row, shape (n,), float64."""
        return (x.double() - center.double()).abs().flatten(1).amax(1)

    def project(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return the allowed rows nearest to `x`."""
        import torch

        low, high = self.limits(center)
        return torch.minimum(torch.maximum(x, low), high)

    def limits(self, center: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest allowed value of every number, rounded inwards."""
        import torch

        low, high = self._box(center)
        exact, inf = center.double(), torch.full_like(center, float("inf"))
        down, up = ((exact + move).to(center.dtype) for move in (-self.radius, self.radius))
        down = torch.where(exact - down.double() > self.radius, torch.nextafter(down, inf), down)
        up = torch.where(up.double() - exact > self.radius, torch.nextafter(up, -inf), up)
        return torch.maximum(down, low), torch.minimum(up, high)

    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return allowed rows, uniform in the ball before the box cuts it."""
        import torch

        drawn = streams.uniform(center[0].numel()) * 2 - 1
        moves = torch.as_tensor(drawn, dtype=center.dtype, device=center.device)
        return self.project(center + self.radius * moves.reshape(center.shape), center)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient's signs."""
        return gradient.sign()


def _shown(bound: Any) -> str:
    return f"{bound:g}" if isinstance(bound, int | float) else "the one given"
