"""Integrated gradients: slopes summed along the straight path from a baseline to the row.

    phi_p(x) = (x_p - b_p) * integral_0^1 df/dx_p (b + t (x - b)) dt,   sum_p phi_p = f(x) - f(b)

[sundararajan2017axiomatic, eq. 1]. The integral is taken by Gauss and Kronrod's rules of 3 and 7
points on pieces of the path, and a piece is split where the two rules differ for any input, or
where the piece's sum misses the difference of its answers at the two ends. Rectified units make
slopes that jump: there a piece is split at the jump itself, which lies where the tangents from
both sides meet, so that a path with k kinks needs in the order of k splits.

Completeness alone proves little: errors of inputs that pull in opposite directions cancel in the
sum. So every input's own error is held to the tolerance too.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, require_whole
from alignlab.transparency.gradients.attribution import Attribution
from alignlab.transparency.gradients.network import Network, Slope, network_of

if TYPE_CHECKING:
    import torch

__all__ = ["KRONROD", "integrated_gradients"]

Floats = NDArray[np.float64]

_X = (0.960491268708020283423507092629080, 0.774596669241483377035853079956480,
      0.434243749346802558002071502844628)  # fmt: skip
_K = (0.104656226026467265193823857192073, 0.268488089868333440728569280666710,
      0.401397414775962222905051818618432)  # fmt: skip
KRONROD = (
    np.array([*(-x for x in _X), 0.0, *reversed(_X)]) / 2 + 0.5,
    np.array([*_K, 0.450916538658474142345110087045571, *reversed(_K)]) / 2,
    np.array([0, 5 / 18, 0, 8 / 18, 0, 5 / 18, 0]),
)
"""Kronrod's 7 points between 0 and 1, their weights, and Gauss' weights for 3 of them."""

MOST = 20_000
"""Evaluations a row where no budget is stated."""

MOST_WIDE = 2_000
"""The same for rows of many inputs."""

WIDE = 1_000
"""Many inputs, such as an image's pixels."""

SMALLEST = 1e-12
"""A shorter piece of the path is not split: its ends are equal in double precision."""

FLAT = 1e-3
"""Where an answer hardly differs from the base, errors are held against this share of the sum of
the values' sizes."""


def integrated_gradients(
    model: Any,
    X: Any,
    *,
    baseline: Any = None,
    background: Any = None,
    target: Hashable | None = None,
    scale: Slope | None = None,
    tolerance: float = 1e-6,
    max_evaluations: int | None = None,
    batch_rows: int | None = None,
) -> Attribution:
    """Return how much each input moved each answer away from the answer at a baseline.

    Use it for torch modules whose inputs are numbers: columns or pixels. It compares with *one*
    baseline, and an input that equals its baseline gets nothing; where there is no natural one, use
    `expected_gradients`, which compares with many rows. For trees and other models without slopes
    use `shapley_values`.

    Parameters
    ----------
    model
        A torch module that returns logits or values, or a `Predictor` that holds one. It is asked
        in evaluation mode and left as it was.
    X
        Rows of floats, shape (n, ...).
    baseline
        What each row is compared with: a number, one row, or one row for each row of `X`. It is
        never taken to be zero unless you say so.
    background
        In place of a baseline: rows whose mean is the baseline.
    target, scale
        Which output is explained, and on which scale ("logit" by default); see `network_of`.
    tolerance
        The path is refined until what is not explained is at most this share of answer - base, in
        the sum and for each input.
    max_evaluations
        Per row; 20,000 where not stated, 2,000 for rows of more than 1,000 inputs. Where they do
        not suffice, `notes` says how far the values are from complete.
    batch_rows
        Rows asked at once; `None` fits them to memory.

    Returns
    -------
    Attribution

    Raises
    ------
    InputError
        If the baseline is not stated, the inputs are whole numbers, or shapes do not fit.
    ModelError
        If the module gives no slopes.

    References
    ----------
    [sundararajan2017axiomatic]

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[2.0, -1.0]]))
    >>> integrated_gradients(layer, np.array([[3.0, 4.0]]), baseline=0.0).values
    array([[ 6., -4.]])
    """
    import torch

    if not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise InputError(f"tolerance={tolerance!r} is not between 0 and 1. Give one, such as 1e-6.")
    if max_evaluations is not None:
        require_whole(max_evaluations, "max_evaluations", 1)
    with network_of(model, X, target=target, scale=scale, batch_rows=batch_rows) as network:
        base = _baseline(network, baseline, background)
        network.require_no_lookup(base)
        ends = (
            network.values(base, network.positions),
            torch.as_tensor(network.answers, device=network.device),
        )
        away = network.x - base
        if max_evaluations is None:
            max_evaluations = MOST if away[0].numel() <= WIDE else MOST_WIDE
        integral, spared = _integral(network, base, away, ends, tolerance, max_evaluations)
        values = (integral * away).cpu().numpy()
        result = Attribution(
            values=np.asarray(values, dtype=np.float64),
            standard_errors=None,
            answers=network.answers,
            base=ends[0].cpu().numpy(),
            targets=network.positions.cpu().numpy().astype(np.intp),
            output_names=network.names,
            method=f"integrated gradients, {network.precision}",
            scale=network.scale,
            features=network.features,
            rows=network.rows,
            evaluations=network.evaluations,
            notes=(),
        )
    return _with_notes(result, spared, tolerance)


def _with_notes(result: Attribution, spared: int, tolerance: float) -> Attribution:
    gap = result.relative_gap
    if not spared and gap <= tolerance:
        return result
    why = (
        f"{spared} of {len(result)} rows reached max_evaluations"
        if spared
        else f"answers in {result.method.rpartition(' ')[2]} know no better, or hardly differ "
        "from the base"
    )
    return replace(
        result,
        notes=(f"The values miss answer - base by up to {gap:.1e} of it: {why}.",),
    )


def _baseline(network: Network, baseline: Any, background: Any) -> torch.Tensor:
    """Return the baseline of each row, shape of `network.x`."""
    import torch

    if (baseline is None) == (background is None):
        raise InputError(
            "State what the rows are compared with: baseline=… (a number, a row, or a row for each "
            "row of X), or background=… (rows, whose mean it is). Zero means nothing for most "
            "inputs, so it is never assumed."
        )
    shape = tuple(network.x.shape[1:])
    if background is not None:
        rows = network.inputs(background, "background")
        if tuple(rows.shape[1:]) != shape or not len(rows):
            raise InputError(
                f"The background's shape is {tuple(rows.shape)}, and rows of shape {shape} are "
                "needed."
            )
        return rows.mean(dim=0).expand_as(network.x).clone()
    if isinstance(baseline, int | float | np.number):
        if not np.isfinite(baseline):
            raise InputError(f"baseline={baseline!r} is not a finite number.")
        return torch.full_like(network.x, float(baseline))
    if isinstance(baseline, pd.Series):
        # By the columns' names where the rows have names: their order may be another.
        named = baseline.to_frame().T
        baseline = named if network.features else named.to_numpy(dtype=np.float64)
    elif isinstance(baseline, list | tuple):
        held = np.asarray(baseline)
        baseline = held.astype(np.float64) if held.dtype.kind in "iu" else held
    rows = network.inputs(baseline, "baseline")
    if tuple(rows.shape) in (shape, (1, *shape)):
        return rows.reshape(shape).expand_as(network.x).clone()
    if rows.shape != network.x.shape:
        raise InputError(
            f"The baseline's shape is {tuple(rows.shape)}. Give one row, shape {shape}, or one for "
            f"each row of X, shape {tuple(network.x.shape)}."
        )
    return rows


@dataclass
class _Pieces:
    """Pieces of the paths of rows: where they begin and end, and the answers there."""

    row: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    at_left: torch.Tensor
    at_right: torch.Tensor

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, at: Any) -> _Pieces:
        return _Pieces(
            self.row[at], self.left[at], self.right[at], self.at_left[at], self.at_right[at]
        )

    def fields(self) -> tuple[torch.Tensor, ...]:
        return self.row, self.left, self.right, self.at_left, self.at_right

    def split(self, places: torch.Tensor, answers: torch.Tensor) -> _Pieces:
        """Return the two parts of each piece."""
        import torch

        return _Pieces(
            torch.cat([self.row, self.row]),
            torch.cat([self.left, places]),
            torch.cat([places, self.right]),
            torch.cat([self.at_left, answers]),
            torch.cat([answers, self.at_right]),
        )


def _integral(
    network: Network,
    base: torch.Tensor,
    away: torch.Tensor,
    ends: tuple[torch.Tensor, torch.Tensor],
    tolerance: float,
    budget: int,
) -> tuple[torch.Tensor, int]:
    """Return the mean slopes along each path, and how many rows ran out of evaluations."""
    import torch

    n = len(base)
    total = torch.zeros_like(base)
    start = torch.zeros(n, dtype=torch.float64, device=base.device)
    spent, spared = start.clone(), start.bool()
    answers, sizes = _half_way(network, base, away)
    scale = torch.maximum((ends[1] - ends[0]).abs(), FLAT * sizes)
    rounded = 8 * network.rounding * (ends[0].abs() + ends[1].abs() + sizes)
    allowed = torch.maximum(tolerance * scale, rounded)
    whole = _Pieces(torch.arange(n, device=base.device), start, start + 1, *ends)
    pieces = whole.split(start + 0.5, answers)
    step = max(1, network.at_once // len(KRONROD[0]))
    while len(pieces):
        count = torch.bincount(pieces.row, minlength=n).double()
        spent += len(KRONROD[0]) * count
        # What a split costs: one answer, and the points of two pieces.
        last = spent + (1 + 2 * len(KRONROD[0])) * count > budget
        split, places = [], []
        for at in range(0, len(pieces), step):
            part = pieces[slice(at, at + step)]
            row = part.row
            # Errors of pieces have signs of their own, so they add up as the root of their count.
            share = allowed[row] / (4 * count[row].sqrt())
            integral, error, place = _rules(network, base, away, part, share)
            fine = error <= share
            fine |= part.right - part.left < SMALLEST
            spared[row[last[row] & ~fine]] = True
            fine |= last[row]
            total.index_add_(0, row[fine], integral[fine])
            split.append(part[~fine])
            places.append(place[~fine])
        pieces = _divided(network, base, away, split, torch.cat(places))
    return total, int(spared.sum())


def _half_way(
    network: Network, base: torch.Tensor, away: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the answers half-way, and the sum of the values' sizes if slopes were as there."""
    import torch

    answers, sizes = [], []
    for at in range(0, len(base), network.at_once):
        part = slice(at, at + network.at_once)
        value, slope = network.slopes(base[part] + away[part] / 2, network.positions[part])
        answers.append(value)
        sizes.append((slope * away[part]).abs().reshape(len(value), -1).sum(dim=1))
    return torch.cat(answers), torch.cat(sizes)


def _rules(
    network: Network,
    base: torch.Tensor,
    away: torch.Tensor,
    part: _Pieces,
    allowed: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the integral of the slopes over pieces, its error, and where to split them."""
    import torch

    knots, kronrod, gauss = (
        torch.as_tensor(each, dtype=torch.float64, device=base.device) for each in KRONROD
    )
    m, k = len(part), len(knots)
    length = part.right - part.left
    t = part.left[:, None] + length[:, None] * knots
    fitted = (m, k, *[1] * (base.ndim - 1))
    away_here = away[part.row]
    points = base[part.row][:, None] + t.reshape(fitted) * away_here[:, None]
    answers, slopes = network.slopes(
        points.reshape(m * k, *base.shape[1:]), network.positions[part.row].repeat_interleave(k)
    )
    answers, slopes = answers.reshape(m, k), slopes.reshape(m, k, -1)
    away_here = away_here.reshape(m, 1, -1)
    integral = torch.einsum("k,mkp->mp", kronrod, slopes) * length[:, None]
    coarse = torch.einsum("k,mkp->mp", gauss, slopes) * length[:, None]
    each = ((integral - coarse) * away_here[:, 0]).abs().amax(dim=1)
    together = ((integral * away_here[:, 0]).sum(dim=1) - part.at_right + part.at_left).abs()
    along = (slopes * away_here).sum(dim=2)
    place = _place(part, t, answers, along, each <= allowed)
    return integral.reshape(m, *base.shape[1:]), torch.maximum(each, together), place


def _place(
    part: _Pieces,
    t: torch.Tensor,
    answers: torch.Tensor,
    along: torch.Tensor,
    smooth: torch.Tensor,
) -> torch.Tensor:
    """Return where to split pieces: at the jump of the slope, if it is one, or in the middle."""
    import torch

    jumps = along.diff(dim=1)
    sizes = jumps.abs()
    at = sizes.argmax(dim=1, keepdim=True)
    jump = jumps.gather(1, at)[:, 0]
    one = (sizes.gather(1, at)[:, 0] > sizes.sum(dim=1) / 2) & (jump != 0)

    def beside(values: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        return values.gather(1, which)[:, 0]

    # Where the tangents at the two points around the jump meet.
    start = beside(answers, at) - beside(along, at) * beside(t, at)
    stop = beside(answers, at + 1) - beside(along, at + 1) * beside(t, at + 1)
    meet = (start - stop) / torch.where(one, jump, 1.0)
    low, high = beside(t, at), beside(t, at + 1)
    middle = (part.left + part.right) / 2
    place = torch.where(one & (meet > low) & (meet < high), meet, middle)
    # Where the rules agree and the sum still misses the ends, the jump lies before the first or
    # behind the last point. Pieces of many jumps must not be split there: they would hardly shrink.
    before = (answers[:, 0] - along[:, 0] * (t[:, 0] - part.left) - part.at_left).abs()
    behind = (answers[:, -1] + along[:, -1] * (part.right - t[:, -1]) - part.at_right).abs()
    return torch.where(smooth, torch.where(before > behind, t[:, 0], t[:, -1]), place)


def _divided(
    network: Network,
    base: torch.Tensor,
    away: torch.Tensor,
    parts: list[_Pieces],
    places: torch.Tensor,
) -> _Pieces:
    """Return the two parts of each piece, with the answers where it was split."""
    import torch

    pieces = _Pieces(*(torch.cat(each) for each in zip(*(p.fields() for p in parts), strict=True)))
    if not len(pieces):
        return pieces
    answers = []
    for at in range(0, len(pieces), network.at_once):
        here = slice(at, at + network.at_once)
        row = pieces.row[here]
        t = places[here].reshape(-1, *[1] * (base.ndim - 1))
        answers.append(network.values(base[row] + t * away[row], network.positions[row]))
    return pieces.split(places, torch.cat(answers))
