"""The allowed move nearest to a wanted one: the projection onto a ball and a box together.

With wanted sizes v_i >= 0 and the room r_i >= 0 that the box leaves each number in its direction,
the nearest sizes are

    L2:  min(t · v_i, r_i),             the largest t <= 1 with norm at most `radius`
    L1:  min(max(v_i - λ, 0), r_i),     the least λ >= 0 with norm at most `radius`
                                        [croce2021mindbox, prop. 2.1]

which is not what rescaling and clipping give: a number that has met the box leaves its part of the
radius to the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["nearest_l1", "nearest_l2"]


def nearest_l2(wanted: torch.Tensor, room: torch.Tensor, radius: float) -> torch.Tensor:
    """Return the sizes nearest to `wanted` with an L2 norm of at most `radius`, within `room`.

    The squared norm is concave and piecewise linear in s = t², so Newton's steps from the left
    never pass the root, and reach it exactly once they know which numbers have met the box.

    Parameters
    ----------
    wanted, room
        Shape (n, d), float64, at least 0; a room may be infinite.
    radius
        At least 0.
    """
    import torch

    # No room beyond what is wanted: then all are finite, and a mask may be a factor, for to choose
    # between two takes several times as long.
    squares, most = wanted.square(), torch.minimum(wanted, room).square_()
    share = torch.zeros_like(wanted[:, :1])
    while True:
        free = (share * squares < most).to(wanted.dtype)
        used = (most - most * free).sum(1, keepdim=True)
        rest = free.mul_(squares).sum(1, keepdim=True)
        # With nothing left to shrink, 0 / 0 and x / 0 both mean that t is 1.
        ahead = ((radius**2 - used) / rest).nan_to_num(nan=1.0, posinf=1.0).clamp(max=1.0)
        if not bool((ahead > share).any()):
            return torch.minimum(share.sqrt() * wanted, room)
        share = torch.maximum(share, ahead)


def nearest_l1(wanted: torch.Tensor, room: torch.Tensor, radius: float) -> torch.Tensor:
    """Return the sizes nearest to `wanted` with an L1 norm of at most `radius`, within `room`.

    As λ falls, number i begins to move at λ = v_i and meets the box at λ = v_i - r_i: between these
    2d values, sorted, the norm is linear.

    Parameters
    ----------
    wanted, room
        Shape (n, d), float64, at least 0; a room may be infinite.
    radius
        At least 0.
    """
    import torch

    begins, meets = wanted, (wanted - room).clamp(min=0)
    knots, at = torch.cat([begins, meets], 1).sort(1, descending=True)
    moving = torch.where(at < wanted.shape[1], 1.0, -1.0).to(wanted.dtype).cumsum(1)[:, :-1]
    norms = (moving * (knots[:, :-1] - knots[:, 1:])).cumsum(1)
    last = (norms < radius).sum(1, keepdim=True).clamp(max=norms.shape[1] - 1)
    before = torch.where(last > 0, norms.gather(1, (last - 1).clamp(min=0)), 0.0)
    shift = knots.gather(1, last) - (radius - before) / moving.gather(1, last)
    shift = torch.where(norms[:, -1:] <= radius, torch.zeros_like(shift), shift)
    return torch.minimum((wanted - shift).clamp(min=0), room)
