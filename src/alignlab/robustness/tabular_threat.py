"""What may be done to a row of a table: what its constraints allow, within a distance.

    allowed(x) = {x' allowed by the constraints : ‖(move_u)_u‖ <= radius, #{u : move_u > 0} <= k}

Moves are measured in units (see `table_units`): a number's by its column's scale, a changed
category or one-hot group counts a stated cost, as in Gower's distance [gower1971general]. Rows are
judged without any tolerance, on the cells that the model will be given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Constraints, RowEncoding
from alignlab.errors import InputError, require_choice
from alignlab.random import RowStreams
from alignlab.robustness.table_units import Scales, TableUnits, require_values_known

if TYPE_CHECKING:
    import torch

__all__ = ["TabularThreat"]

Floats = NDArray[np.float64]

NORMS = {"linf": "L∞", "l2": "L2", "l1": "L1"}

UNITS = {
    "std": " standard deviations",
    "range": " of each column's range",
    "": " in the columns' own units",
}

SHRINKS = 50
"""How often a row is shrunk towards its center before rounding is blamed and it is put there."""


@dataclass(frozen=True, eq=False)
class TabularThreat:
    """What may be done to a row of a table.

    Use it for tables whose columns have kinds and limits of their own: numbers beside categories,
    whole numbers, cells that nobody can change. For rows that are nothing but numbers in one box
    a `Ball` such as `Linf` is simpler and its projection exact.

    Rows of a data frame are given to the model as a data frame of the same columns and dtypes; such
    a model has no gradients. Rows of an array or tensor stay an array, its columns are called "0",
    "1", …, and gradients pass: projections round to whole numbers, to values and to one-hot groups.

    Parameters
    ----------
    constraints
        What a row may become.
    radius
        How far, at least 0. With `scales="range"` and observed bounds, 1 is as far as the
        constraints go.
    data
        The table that says which columns there are, of which dtype, and how wide their values
        spread: the training data, or the rows under attack. Every one of its rows must satisfy the
        constraints.
    norm
        How moves of several columns count together: the largest ("linf"), their sum ("l1"), or the
        root of the sum of their squares ("l2").
    scales
        What counts as a move by 1: the range of a column in `data` ("range"), its standard
        deviation ("std"), numbers by column, or `None` for the columns' own units. A column that
        does not vary in the data cannot move by a share of its spread and stays.
    category_cost
        What a changed category or one-hot group counts, above 0. Where it exceeds the radius no
        category can change.
    max_changed
        The largest number of columns that may change (a one-hot group is one); `None` for any.

    Raises
    ------
    InputError
        If something does not fit, or nothing may change.

    References
    ----------
    [gower1971general], [simonetto2024constrained], [kireev2023adversarial]

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [30, 50], "debt": [1.0, 2.0], "job": ["nurse", "clerk"]})
    >>> constraints = Constraints.observed(frame, immutable=["job"], monotone={"age": "increasing"})
    >>> threat = TabularThreat(constraints, 0.25, data=frame)
    >>> x = threat.encode(frame)
    >>> threat.decode(threat.project(x + 100, x))
       age  debt    job
    0   35  1.25  nurse
    1   50  2.00  clerk
    """

    constraints: Constraints
    radius: float
    data: Any = field(kw_only=True, repr=False)
    norm: Literal["linf", "l2", "l1"] = field(default="linf", kw_only=True)
    scales: Scales = field(default="range", kw_only=True)
    category_cost: float = field(default=1.0, kw_only=True)
    max_changed: int | None = field(default=None, kw_only=True)
    units: TableUnits = field(init=False, repr=False)
    encoding: RowEncoding = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._require_settings()
        frame = self._frame(self.data)
        self.constraints.require(frame)
        if self.decodes:
            require_values_known(frame, self.constraints)
        encoding = RowEncoding.of(frame, values=self.constraints.categories)
        encoding.encode(frame)  # says what cannot be encoded
        units = TableUnits.of(
            frame, encoding, self.constraints, scales=self.scales, as_codes=self.decodes
        )
        if units.fixed.all():
            raise InputError(
                "Nothing may change: every column is immutable or has the same number in every "
                "row. Leave a column free."
            )
        object.__setattr__(self, "encoding", encoding)
        object.__setattr__(self, "units", units)

    def __str__(self) -> str:
        """Return the threat in words."""
        most = "" if self.max_changed is None else f", in at most {self.max_changed} columns"
        scales = self.scales or ""
        unit = UNITS[scales] if isinstance(scales, str) else ""
        distance = f"an {NORMS[self.norm]} distance of {self.radius:g}{unit}"
        return f"what the constraints allow within {distance}{most}"

    @property
    def decodes(self) -> bool:
        """Whether the model takes rows in another form than they are moved in."""
        return isinstance(self.data, pd.DataFrame)

    def with_radius(self, radius: float) -> TabularThreat:
        """Return the same threat with another radius."""
        return replace(self, radius=radius)

    def encode(self, X: Any) -> torch.Tensor:
        """Return rows as they are moved, shape (n, n_columns).

        Raises
        ------
        InputError
            If a row violates the constraints, or has a value that is not known.
        """
        import torch

        if self.decodes and not isinstance(X, pd.DataFrame):
            raise InputError(
                f"The rows are a {type(X).__name__}, and the threat was made from a data frame. "
                "Give the rows as a data frame with the same columns."
            )
        frame = self._frame(X)
        numbers = self.encoding.encode(frame)
        self.constraints.require(frame[[*self.encoding.labels]])
        if self.decodes:
            return torch.from_numpy(numbers)
        x = X if isinstance(X, torch.Tensor) else torch.as_tensor(np.asarray(X))
        x = x if x.is_floating_point() else x.double()
        data = self.data if isinstance(self.data, torch.Tensor) else np.asarray(self.data)[:1]
        held = torch.as_tensor(data).dtype
        if held.is_floating_point and x.dtype != held:
            raise InputError(
                f"The rows hold {x.dtype}, and the data of the threat {held}: what one can hold "
                "the other may not. Give both in one precision."
            )
        return x

    def encoded_data(self, most: int) -> torch.Tensor:
        """Return rows of the data as they are moved, at most so many, evenly spread."""
        rows: Any = self.data if hasattr(self.data, "shape") else np.asarray(self.data)
        at = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.intp)
        return self.encode(rows.iloc[at] if self.decodes else rows[at])

    def decode(self, x: torch.Tensor) -> Any:
        """Return rows as the model takes them: a data frame if `data` is one."""
        return self.encoding.decode(_numbers(x)) if self.decodes else x

    def distance(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return how far each row was moved, shape (n,), float64."""
        import torch

        far = self.norm_of(self.moves(*self._in_units(x, center)))
        return torch.from_numpy(far).to(x.device)

    def allows(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return which rows are allowed, shape (n,), without any tolerance."""
        import torch

        given = _numbers(x)
        units, middle = self._in_units(x, center)
        fine = self.allowed(units, middle)
        fine &= (np.isnan(given) == np.isnan(_numbers(center))).all(axis=1)
        # What was between two values of a category, or no one-hot row, is not what was read.
        fine &= ((self.units.write(units) == given) | np.isnan(given)).all(axis=1)
        return torch.from_numpy(fine).to(x.device)

    def project(self, x: torch.Tensor, center: torch.Tensor) -> torch.Tensor:
        """Return allowed rows near `x`.

        An allowed row stays as it is. Otherwise the nearest one is returned where only numbers
        move, within an L∞ distance and without relations; in general an allowed row, reached by
        rounding, by giving up the smallest moves beyond `max_changed`, and by shrinking the others.
        """
        return self._as_rows(self.nearest(*self._in_units(x, center)), center)

    def start(self, center: torch.Tensor, streams: RowStreams) -> torch.Tensor:
        """Return random allowed rows: every unit is drawn from what it may be, then projected."""
        middle = self.units.read(_numbers(center))
        low, high = self.limits(middle)
        drawn = streams.uniform(len(self.units))
        units = np.where(
            self.units.number,
            low + drawn * (high - low),
            low + np.floor(drawn * (high - low + 1)),
        )
        return self._as_rows(self.nearest(units, middle), center)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the step of length 1 along which a function with this gradient grows fastest.

        Columns of one-hot groups and categories have the scale 1: the projection decides which of
        a group is 1.
        """
        import torch

        scale = np.ones(self.units.width)
        for at in np.flatnonzero(self.units.number):
            scale[self.units.columns[at]] = self.units.scale[at]
        per = torch.as_tensor(scale, dtype=gradient.dtype, device=gradient.device)
        slopes = gradient * per
        if self.norm == "linf":
            return per * slopes.sign()
        if self.norm == "l2":
            return per * slopes / slopes.norm(dim=1, keepdim=True).clamp_min(1e-30)
        step = torch.zeros_like(slopes)
        at = slopes.abs().argmax(1, keepdim=True)
        return per * step.scatter(1, at, slopes.gather(1, at).sign())

    def limits(self, center: Floats, *, radius: float | None = None) -> tuple[Floats, Floats]:
        """Return each unit's least and greatest allowed value, all others unchanged.

        Parameters
        ----------
        center
            Rows in units, shape (n, n_units).
        radius
            How far a number may go, if not the threat's radius.
        """
        radius = self.radius if radius is None else radius
        units, still = (
            self.units,
            self.units.fixed | (~self.units.number & (self.category_cost > self.radius)),
        )
        ends = []
        for sign, bound in ((-1.0, units.low), (1.0, units.high)):
            reach = np.where(units.number, center + sign * radius * units.scale, bound)
            for _ in range(3):  # a sum may round outwards
                over = units.number & (np.abs(reach - center) / units.scale > radius)
                reach = np.where(over, np.nextafter(reach, center), reach)
            reach = np.minimum(reach, bound) if sign > 0 else np.maximum(reach, bound)
            stays = still | (units.direction == -sign)
            ends.append(units.toward(np.where(stays | np.isnan(center), center, reach), center))
        return ends[0], ends[1]

    def moves(self, units: Floats, center: Floats) -> Floats:
        """Return how far each unit was moved, shape (n, n_units), for rows in units."""
        with np.errstate(invalid="ignore"):
            numbers = np.abs(units - center) / self.units.scale
        changed = np.where(units != center, self.category_cost, 0.0)
        moved = np.where(self.units.number, numbers, changed)
        missing, was_missing = np.isnan(units), np.isnan(center)
        return np.where(missing | was_missing, np.where(missing & was_missing, 0, np.inf), moved)

    def norm_of(self, moves: Floats) -> Floats:
        """Return how far rows were moved, shape (n,), from the moves of their units."""
        if self.norm == "linf":
            return moves.max(axis=1)
        if self.norm == "l1":
            return moves.sum(axis=1)
        return np.asarray(np.sqrt((moves**2).sum(axis=1)))

    def allowed(self, units: Floats, center: Floats) -> NDArray[np.bool_]:
        """Return which rows in units are allowed, shape (n,)."""
        layout = self.units
        moves = self.moves(units, center)
        missing = np.isnan(units)
        fine = self.norm_of(moves) <= self.radius
        if self.max_changed is not None:
            fine &= (moves > 0).sum(axis=1) <= self.max_changed
        fine &= ~(moves[:, layout.fixed] > 0).any(axis=1)
        step = layout.direction * np.where(missing, 0.0, units - center)
        fine &= (step >= 0).all(axis=1)
        fine &= (((units >= layout.low) & (units <= layout.high)) | missing).all(axis=1)
        fine &= layout.holds(units)
        for lesser, greater in layout.orders:
            fine &= ~(units[:, lesser] > units[:, greater])
        return fine

    def nearest(
        self, units: Floats, center: Floats, limits: tuple[Floats, Floats] | None = None
    ) -> Floats:
        """Return allowed rows near to given ones, all in units; see `project`.

        Where `limits` are given, rows are first brought within these.
        """
        layout = self.units
        # Rows shrink into a sum of moves, so what one unit alone may do must not cut them before.
        alone = self.radius if self.norm == "linf" else np.inf
        low, high = self.limits(center, radius=alone) if limits is None else limits
        rounded = np.where(layout.whole | ~layout.number, np.round(units), units)
        near = np.where(np.isnan(rounded), center, np.clip(rounded, low, high))
        for at in np.flatnonzero(layout.number & ~layout.whole):
            if layout.precision[at] != np.float64:
                near[:, at] = near[:, at].astype(layout.precision[at])
        near = np.clip(near, low, high)
        if self.max_changed is not None:
            moves = self.moves(near, center)
            rank = np.argsort(np.argsort(-moves, axis=1, kind="stable"), axis=1)
            near = np.where(rank < self.max_changed, near, center)
        far = self.norm_of(self.moves(near, center)) > self.radius
        if far.any():
            near[far] = self._shrunk(near[far], center[far])
        if len(layout.orders):
            near = self._ordered(near, center)
        fine = self.allowed(near, center)
        return np.where(fine[:, None], near, center)

    def _shrunk(self, units: Floats, center: Floats) -> Floats:
        """Return rows inside the ball of the sum: numbers move less, categories as many as fit."""
        power = 1.0 if self.norm == "l1" else 2.0
        costs = self.moves(units, center) ** power
        number = self.units.number
        spent = np.cumsum(np.where(number, 0.0, costs), axis=1)
        kept = number | (spent <= self.radius**power)
        units = np.where(kept, units, center)
        taken = np.where(kept & ~number, costs, 0.0).sum(axis=1)
        left = np.maximum(self.radius**power - taken, 0.0)
        moves = np.where(number, self.moves(units, center), 0.0)
        if self.norm == "l2":
            total = np.sqrt((moves**2).sum(axis=1))
            wanted = moves * np.minimum(1, np.sqrt(left) / np.maximum(total, 1e-300))[:, None]
        else:
            wanted = np.maximum(moves - _threshold(moves, left)[:, None], 0.0)
        share = np.divide(wanted, moves, out=np.ones_like(moves), where=moves > 0)
        found = self.units.toward(center + share * (units - center), center)
        found = np.where(np.isnan(center) | (share == 1), units, found)
        for step in range(SHRINKS):
            over = self.norm_of(self.moves(found, center)) > self.radius
            if not over.any():
                break
            less = center + (1 - 2.0 ** (step - SHRINKS)) * (found - center)
            less = np.where(number, self.units.toward(less, center), found)
            found = np.where(over[:, None] & ~np.isnan(center), less, found)
        return found

    def _ordered(self, units: Floats, center: Floats) -> Floats:
        """Return rows in which relations hold: a cell goes back until it meets the other."""
        units = units.copy()
        for _ in range(2 * len(self.units.orders)):
            for lesser, greater in self.units.orders:
                a, b = units[:, lesser], units[:, greater]
                was_a, was_b = center[:, lesser], center[:, greater]
                wrong = a > b
                if not wrong.any():
                    continue
                meet_b, meet_a = wrong & (b >= was_a), wrong & (b < was_a) & (a <= was_b)
                neither = wrong & ~meet_a & ~meet_b
                units[:, lesser] = np.where(meet_b, b, np.where(neither, was_a, a))
                units[:, greater] = np.where(meet_a, a, np.where(neither, was_a, b))
                held = self.units.toward(units, center)
                units[wrong] = np.where(np.isnan(center), center, held)[wrong]
        return units

    def _in_units(self, x: torch.Tensor, center: torch.Tensor) -> tuple[Floats, Floats]:
        return self.units.read(_numbers(x)), self.units.read(_numbers(center))

    def _as_rows(self, units: Floats, like: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.as_tensor(self.units.write(units), dtype=like.dtype, device=like.device)

    def _frame(self, rows: Any) -> pd.DataFrame:
        if isinstance(rows, pd.DataFrame):
            return rows
        array = np.asarray(rows.detach().cpu() if hasattr(rows, "detach") else rows)
        if array.ndim != 2 or array.dtype.kind not in "fiub" or array.dtype == bool:
            raise InputError(
                f"The rows have shape {array.shape} and hold {array.dtype}; a table is a data "
                "frame, or an array of numbers of shape (n, n_columns)."
            )
        return pd.DataFrame(array, columns=[str(at) for at in range(array.shape[1])])

    def _require_settings(self) -> None:
        if not isinstance(self.constraints, Constraints):
            raise InputError(
                f"The constraints are a {type(self.constraints).__name__}. Give "
                "Constraints(immutable=[…], …), or Constraints.observed(frame, …)."
            )
        for name, value, least in (
            ("radius", self.radius, "from 0"),
            ("category_cost", self.category_cost, "above 0"),
        ):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and 0 <= value < np.inf and (value > 0 or least == "from 0")):
                raise InputError(f"{name}={value!r} is not a number {least}.")
        require_choice(self.norm, list(NORMS), what="norm")
        most = self.max_changed
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise InputError(f"max_changed={most!r} is not a whole number from 1; None is any.")


def _numbers(x: torch.Tensor) -> Floats:
    return np.asarray(x.detach().cpu().double().numpy())


def _threshold(moves: Floats, budget: Floats) -> Floats:
    """Return what to take off each move so that those left sum to the budget, shape (n,)."""
    ordered = -np.sort(-moves, axis=1)
    sums = np.cumsum(ordered, axis=1) - budget[:, None]
    counts = np.arange(1, moves.shape[1] + 1)
    last = np.maximum((ordered * counts > sums).sum(axis=1), 1) - 1
    rows = np.arange(len(moves))
    return np.maximum(sums[rows, last] / counts[last], 0.0)
