"""What an attacker may do to a row: a ball of a norm around it, within the box of valid rows.

    allowed(x) = {x' : ‖x' - x‖ <= radius, low <= x' <= high}

A threat projects onto its set (the nearest allowed point, not a rescaled one [croce2021mindbox]),
starts in it at random, knows the steepest direction of its norm, and judges a finished row in
float64 without any tolerance: bounds are rounded inwards when a row is made, never when it is
judged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.random import RowStreams
from alignlab.robustness.projections import nearest_l1, nearest_l2

if TYPE_CHECKING:
    import torch

__all__ = ["BALLS", "L1", "L2", "Ball", "Linf", "Projection", "Threat", "ball", "per_row"]

Projection = Callable[["torch.Tensor"], "torch.Tensor"]
"""From rows to the allowed rows nearest to them."""

INWARDS = 2.0**-45
"""The share of its length by which a move is shortened where rounding could carry it outside."""


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

    norm: ClassVar[float]

    radius: float
    low: Any = 0.0
    high: Any = 1.0

    def __post_init__(self) -> None:
        given: Any = self.radius
        number = isinstance(given, Real) and not isinstance(given, bool)
        if not (number and 0 <= given < float("inf")):
            raise InputError(
                f"radius={self.radius!r} is not a number from 0. Give the distance that an "
                "attacker may move a row, such as radius=0.1."
            )
        object.__setattr__(self, "radius", float(given))
        if not bool(np.all(np.asarray(self.low) < np.asarray(self.high))):
            raise InputError(f"low={self.low} is not below high={self.high}: the box is empty.")

    @property
    def decodes(self) -> bool:
        """Rows are moved as the model takes them."""
        return False

    def __str__(self) -> str:
        """Return the threat in words.

        >>> print(Linf(0.1))
        an L∞ distance of 0.1
        """
        name = "∞" if self.norm == float("inf") else f"{self.norm:g}"
        return f"an L{name} distance of {self.radius:g}"

    def with_radius(self, radius: float) -> Ball:
        """Return the same threat with another radius."""
        return type(self)(radius, self.low, self.high)

    def encode(self, X: Any) -> torch.Tensor:
        """Return rows as a tensor; raises InputError where one lies outside the box."""
        import torch

        x = X if isinstance(X, torch.Tensor) else torch.tensor(np.asarray(X))
        if x.dtype not in (torch.float32, torch.float64):
            raise InputError(
                f"The rows hold {x.dtype} and an attack moves numbers by small amounts. Give "
                "float32 or float64, pixels divided by 255; the model keeps its own precision."
            )
        low, high = self._box(x)
        for name, bound in (("low", low), ("high", high)):
            if not _spreads(bound, x):
                raise InputError(
                    f"{name}= has the shape {tuple(bound.shape)} and a row {tuple(x.shape[1:])}. "
                    "Give one number, or one for each number of a row."
                )
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
        return self._in_the_box(x) & (self.distance(x, center) <= self.radius)

    def distance(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return how far each row was moved, in the norm, shape (n,), float64."""
        return self._length(_moves(x, center))

    def project(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return the allowed rows nearest to `x` in Euclidean distance; `x` where it is allowed."""
        return self.around(center)(x)

    @abstractmethod
    def around(self, center: torch.Tensor) -> Projection:
        """Return the projection onto what is allowed around some rows.

        Use it to project many times around the same rows; what they alone decide is worked out
        once.
        """

    @abstractmethod
    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return allowed rows, uniform in the ball before the box cuts it."""

    @abstractmethod
    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the step of norm 1 along which a function with this gradient grows fastest."""

    @abstractmethod
    def dual_norm(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return how fast it grows along that step, shape (n,)."""

    def step(
        self, x: torch.Tensor, gradient: torch.Tensor, size: float | torch.Tensor
    ) -> torch.Tensor:
        """Return rows moved by `size` along the steepest direction, not yet projected.

        Parameters
        ----------
        x, gradient
            The rows, and the gradient there of what is to grow.
        size
            A number, or one a row, shape (n,).
        """
        size = per_row(size, x) if hasattr(size, "ndim") else size
        return x + size * self.steepest(gradient)

    @abstractmethod
    def _length(self, moves: torch.Tensor) -> torch.Tensor:
        """Return the norms of moves (n, d), shape (n,)."""

    def _around(
        self,
        center: torch.Tensor,
        nearest: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
    ) -> Projection:
        """Return the projection whose moves have the sizes that `nearest` gives them."""
        import torch

        exact = center.double()
        lowest, highest = ((bound.double() - exact).flatten(1) for bound in self._box(center))

        def project(x: torch.Tensor) -> torch.Tensor:
            wanted = _moves(x, exact)
            allowed = self._in_the_box(x) & (self._length(wanted) <= self.radius)
            if bool(allowed.all()):
                return x
            room = torch.minimum(torch.maximum(wanted, lowest), highest).abs_()
            sizes = nearest(wanted.abs(), room, self.radius * (1 - INWARDS))
            projected = self._placed(center, wanted.sign_().mul_(sizes).reshape(center.shape))
            if not bool(allowed.any()):
                return projected
            return torch.where(per_row(allowed, x), x, projected)

        return project

    def _in_the_box(self, x: torch.Tensor) -> torch.Tensor:
        """Return which rows lie in the box, shape (n,); a difference has the sign of the order."""
        import torch

        low, high = self._box(x)
        return torch.minimum(x - low, high - x).flatten(1).amin(1) >= 0

    def _placed(self, center: torch.Tensor, move: torch.Tensor) -> torch.Tensor:
        """Return `center` + `move` in the precision of `center`, rounded so that it is allowed."""
        import torch

        low, high = self._box(center)
        exact, shorter = center.double(), INWARDS
        while True:
            x = (exact + move).to(center.dtype)
            beyond = (x.double() - exact).abs() > move.abs()
            # Towards itself where it is not beyond: cheaper than to choose between two.
            x = torch.nextafter(x, x + beyond * (center - x))
            x = torch.minimum(torch.maximum(x, low), high)
            distance = self.distance(x, center)
            outside = distance > self.radius
            if not bool(outside.any()):
                return x
            kept = torch.where(outside, self.radius / distance * (1 - shorter), 1.0)
            move, shorter = move * per_row(kept, move), 2 * shorter

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

    norm = float("inf")

    def _length(self, moves: torch.Tensor) -> torch.Tensor:
        return moves.abs().amax(1)

    def around(self, center: torch.Tensor) -> Projection:
        """Return the projection onto what is allowed around some rows."""
        import torch

        low, high = self.limits(center)
        return lambda x: torch.minimum(torch.maximum(x, low), high)

    def limits(self, center: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the greatest allowed value of every number, rounded inwards."""
        import torch

        low, high = self._box(center)
        exact = center.double()
        limits = []
        for move in (-self.radius, self.radius):
            limit = (exact + move).to(center.dtype)
            outside = (limit.double() - exact).abs() > self.radius
            limits.append(torch.nextafter(limit, limit + outside * (center - limit)))
        down, up = limits
        return torch.maximum(down, low), torch.minimum(up, high)

    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return allowed rows, uniform in the ball before the box cuts it."""
        moves = streams.uniform(center[0].numel()) * 2 - 1
        return self.project(center + self.radius * _like(moves, center), center)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient's signs."""
        return gradient.sign()

    def dual_norm(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the sum of the gradient's sizes, shape (n,)."""
        return gradient.abs().flatten(1).sum(1)


class L2(Ball):
    """A row may be moved by a Euclidean distance of at most `radius`.

    Examples
    --------
    >>> import torch
    >>> center = torch.tensor([[0.5, 0.9]], dtype=torch.float64)
    >>> L2(0.5).project(center + torch.tensor([[3.0, 4.0]]), center).round(decimals=4)
    tensor([[0.9899, 1.0000]], dtype=torch.float64)
    """

    norm = 2.0

    def _length(self, moves: torch.Tensor) -> torch.Tensor:
        return moves.norm(dim=1)

    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return allowed rows, uniform in the ball before the box cuts it."""
        numbers = center[0].numel()
        moves = streams.normal(numbers)
        moves *= streams.uniform(1, step=1) ** (1 / numbers) / np.linalg.norm(
            moves, axis=1, keepdims=True
        )
        return self.project(center + self.radius * _like(moves, center), center)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient divided by its length; 0 where it is 0."""
        # By the largest size first: the squares of small gradients are 0 in floats.
        largest = gradient.abs().flatten(1).amax(1)
        unit = gradient / per_row(largest.where(largest > 0, 1.0), gradient)
        length = unit.flatten(1).norm(dim=1)
        return unit / per_row(length.where(length > 0, 1.0), gradient)

    def dual_norm(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient's length, shape (n,)."""
        return gradient.flatten(1).norm(dim=1)

    def around(self, center: torch.Tensor) -> Projection:
        """Return the projection onto what is allowed around some rows."""
        return self._around(center, nearest_l2)


class L1(Ball):
    """The moves of a row's numbers may sum to at most `radius`.

    Examples
    --------
    >>> import torch
    >>> center = torch.tensor([[0.5, 0.9, 0.5]], dtype=torch.float64)
    >>> moved = center + torch.tensor([[3.0, 2.9, 0.1]])
    >>> L1(0.5).project(moved, center).round(decimals=4)
    tensor([[0.9000, 1.0000, 0.5000]], dtype=torch.float64)
    """

    norm = 1.0

    def _length(self, moves: torch.Tensor) -> torch.Tensor:
        return moves.abs().sum(1)

    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return allowed rows, uniform in the ball before the box cuts it."""
        numbers = center[0].numel()
        signed = streams.uniform(numbers) * 2 - 1
        # d of d + 1 exponential variables over their sum are uniform in the simplex.
        sizes = -np.log1p(-np.abs(signed))
        total = sizes.sum(1, keepdims=True) - np.log(streams.uniform(1, step=1))
        moves = np.sign(signed) * sizes / total
        return self.project(center + self.radius * _like(moves, center), center)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the sign of the gradient's largest number, the first one of equals, and 0."""
        import torch

        flat = gradient.flatten(1)
        at = flat.abs().argmax(1, keepdim=True)
        sign = flat.gather(1, at).sign()
        return torch.zeros_like(flat).scatter(1, at, sign).reshape(gradient.shape)

    def dual_norm(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the gradient's largest size, shape (n,)."""
        return gradient.abs().flatten(1).amax(1)

    def step(
        self, x: torch.Tensor, gradient: torch.Tensor, size: float | torch.Tensor
    ) -> torch.Tensor:
        """Return rows moved by `size` along the steepest direction that the box leaves.

        The number with the largest slope is moved by `size`, the next by what the box did not let
        the first have, and so on. Numbers are thereby moved out of the box, which the projection
        undoes: so the ball takes nothing back from those with large slopes, and on a linear
        function the best point of ball and box stays where it is.
        """
        import torch

        low, high = self._box(x)
        slopes = gradient.flatten(1)
        order = slopes.abs().argsort(dim=1, descending=True, stable=True)
        room = torch.where(gradient > 0, high - x, x - low).flatten(1).gather(1, order)
        size = size[:, None] if isinstance(size, torch.Tensor) else torch.full_like(room, size)
        left = size - torch.nn.functional.pad(room.cumsum(1)[:, :-1], (1, 0))
        moves = torch.zeros_like(slopes).scatter(1, order, left.clamp(min=0)) * slopes.sign()
        return x + moves.reshape(x.shape)

    def around(self, center: torch.Tensor) -> Projection:
        """Return the projection onto what is allowed around some rows."""
        return self._around(center, nearest_l1)


BALLS: dict[str, type[Ball]] = {"linf": Linf, "l2": L2, "l1": L1}


def ball(norm: str, radius: float, *, low: Any = 0.0, high: Any = 1.0) -> Ball:
    """Return the ball of a norm by its name: "linf", "l2" or "l1".

    Raises
    ------
    InputError
        If the norm is another, the radius is below 0, or the box is empty.

    Examples
    --------
    >>> print(ball("l2", 0.5))
    an L2 distance of 0.5
    """
    return BALLS[require_choice(norm, BALLS, what="norm")](radius, low, high)


def _like(moves: NDArray[np.float64], center: torch.Tensor) -> torch.Tensor:
    """Return moves (n, d) as a tensor with the shape and the precision of `center`."""
    import torch

    moved = torch.as_tensor(moves, dtype=center.dtype, device=center.device)
    return moved.reshape(center.shape)


def per_row(values: Any, x: torch.Tensor) -> torch.Tensor:
    """Return one value a row, shape (n,), so that it broadcasts against `x`."""
    reshaped: torch.Tensor = values.reshape(-1, *[1] * (x.ndim - 1))
    return reshaped


def _spreads(bound: torch.Tensor, x: torch.Tensor) -> bool:
    """Return whether a bound is the same for all rows and broadcasts against one."""
    import torch

    one = (1, *x.shape[1:])
    try:
        return torch.broadcast_shapes(bound.shape, one) == one
    except RuntimeError:
        return False


def _shown(bound: Any) -> str:
    return f"{bound:g}" if isinstance(bound, int | float) else "the one given"


def _moves(x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
    """Return each row's moves, side by side: a sum's last digit goes by the order in memory."""
    return (x.double() - center.double()).flatten(1).contiguous()
