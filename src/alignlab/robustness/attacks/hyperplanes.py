"""The least move onto a hyperplane within a box: the step of FAB.

    min ‖d‖   with   slope · d = rise,   low <= x + d <= high        [croce2020minimally, eq. 5]

Number i can help by |slope_i| a unit, as far as its room u_i in the direction that helps. The least
moves are

    Linf:  min(λ, u_i)               L2:  min(λ |slope_i|, u_i)
    L1:    the whole room of the numbers with the largest slopes, and a part of the next one's

with the λ whose rise is the one asked for. The rise is concave and piecewise linear in λ, so
Newton's steps from the left never pass the root, and reach it exactly once they know which numbers
have met the box. Where all room together does not rise enough, all of it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignlab.robustness.threats import L1, L2, Ball

if TYPE_CHECKING:
    import torch

__all__ = ["least_move"]


def least_move(
    x: torch.Tensor, slope: torch.Tensor, rise: torch.Tensor, threat: Ball
) -> torch.Tensor:
    """Return the least moves, in the norm of `threat`, onto hyperplanes within its box.

    Parameters
    ----------
    x
        n rows, shape (n, ...), inside the box.
    slope
        The hyperplanes' normals, of the same shape.
    rise
        What slope · move is to be, shape (n,), of either sign.
    threat
        Says the norm and the box; its radius does not matter.

    Returns
    -------
    torch.Tensor
        Shape (n, ...), float64.

    Examples
    --------
    >>> import torch
    >>> from alignlab.robustness.threats import L2
    >>> x, slope = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
    >>> least_move(x, slope, torch.tensor([2.5]), L2(1.0))
    tensor([[0.3000, 0.4000]], dtype=torch.float64)
    """
    import torch

    low, high = (bound.double() for bound in threat._box(x))
    exact = x.double()
    uphill = slope.double() * torch.where(rise < 0, -1.0, 1.0).reshape(-1, *[1] * (x.ndim - 1))
    room = torch.where(uphill > 0, high - exact, exact - low).clamp(min=0)
    room = torch.where(uphill == 0, 0.0, room).flatten(1)
    slopes, needed = uphill.abs().flatten(1), rise.double().abs()[:, None]
    if isinstance(threat, L1):
        sizes = _steepest_first(slopes, room, needed)
    elif isinstance(threat, L2):
        level = _level(slopes.square(), room / slopes, needed)
        sizes = torch.minimum(torch.where(slopes > 0, slopes * level, 0.0), room)
    else:
        sizes = torch.minimum(_level(slopes, room, needed), room)
    return sizes.reshape(x.shape) * uphill.sign()


def _level(gain: torch.Tensor, full: torch.Tensor, needed: torch.Tensor) -> torch.Tensor:
    """Return the λ with Σ gain_i min(λ, full_i) = needed, (n, 1); infinite if there is none.

    Where gain is 0, `full` may be anything.
    """
    import torch

    zero = torch.zeros((), dtype=gain.dtype, device=gain.device)
    level = torch.zeros_like(needed)
    while True:
        met = (full <= level) | (gain == 0)
        left = needed - torch.where(met, gain * full, zero).nan_to_num(nan=0.0).sum(1, keepdim=True)
        rest = torch.where(met, zero, gain).sum(1, keepdim=True)
        ahead = torch.where(left > 0, left / rest, level)
        if not bool((ahead > level).any()):
            return level
        level = torch.maximum(level, ahead)


def _steepest_first(slopes: torch.Tensor, room: torch.Tensor, needed: torch.Tensor) -> torch.Tensor:
    """Return sizes that use the room of the largest slopes first, until the rise is reached."""
    import torch

    order = slopes.argsort(dim=1, descending=True, stable=True)
    sorted_slopes, sorted_room = slopes.gather(1, order), room.gather(1, order)
    gains = torch.where(sorted_slopes > 0, sorted_slopes * sorted_room, 0.0)
    before = torch.nn.functional.pad(gains.cumsum(1)[:, :-1], (1, 0))
    still = ((needed - before) / sorted_slopes).nan_to_num(nan=0.0).clamp(min=0)
    sizes = torch.minimum(still, sorted_room)
    return torch.zeros_like(room).scatter(1, order, sizes)
