"""Fast adaptive boundary: steps onto the linearised decision boundary, drawn back to the row.

With z the logits and t a target class, f = z_y - z_t is taken for linear at the iterate x_i. With
d_i the least move from x_i onto its zero within the box, and d_0 that from the row x itself
[croce2020minimally, alg. 1]:

    x_{i+1} = (1 - α) (x_i + η d_i) + α (x + η d_0),   α = min(‖d_i‖ / (‖d_i‖ + ‖d_0‖), 0.1)

with an overshoot η = 1.05. An iterate that is misclassified is pulled back to x + 0.9 (x_i - x),
and the boundary is sought again nearer by. The published attack looks for the nearest point and is
then asked whether that is near enough. Here the radius is known: a row leaves with its first
misclassified iterate inside, and the overshoot does not carry out of the ball a step that would
have ended inside, so that one step is exact on a linear model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alignlab.robustness.attacks.hyperplanes import least_move
from alignlab.robustness.attacks.losses import targeted_margin
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.search import Search
from alignlab.robustness.threats import Ball

if TYPE_CHECKING:
    import torch

__all__ = ["FAB"]

LARGEST_BIAS = 0.1
OVERSHOOT = 1.05
PULL = 0.9
ROUNDING = 1e-6


@dataclass(frozen=True)
class FAB:
    """Fast adaptive boundary attack: few gradients, no step size, no loss to saturate.

    It follows the boundary rather than a loss, so the scale of the logits means nothing to it. On a
    row that holds, towards one target, a step takes one gradient and one forward pass; untargeted
    it takes a gradient for every other class.

    Parameters
    ----------
    steps
        Steps a start.
    targets
        Wrong classes tried one after another, those with the largest logits first (FAB-T); `None`
        takes the nearest boundary at every step.
    restarts
        Starts for each target: the row itself, then random points in half the radius.

    References
    ----------
    [croce2020minimally]; the targeted form [croce2020reliable, sec. 5].
    """

    steps: int = 100
    targets: int | None = 9
    restarts: int = 1

    name = "fab"
    needs_gradients = True

    def __post_init__(self) -> None:
        require_whole(**{name: each for name, each in vars(self).items() if each is not None})

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        import torch

        if not len(search):
            return
        logits = search.logits(search.x)
        _, logits = search.settle(search.x, logits, logits)
        others = logits.scatter(1, search.y[:, None], -torch.inf)
        ranked = others.argsort(dim=1, descending=True, stable=True)[:, :-1]
        # Kept for all rows, as those that are open become fewer.
        order = ranked.new_zeros((len(search.clean), ranked.shape[1]))
        order[search.open] = ranked
        groups = [order] if self.targets is None else order[:, : self.targets].split(1, dim=1)
        for rank, targets in enumerate(groups):
            for restart in range(self.restarts):
                self._run(search, targets, f"fab {rank} {restart}", at_random=restart > 0)

    def _run(self, search: Search, targets: torch.Tensor, purpose: str, at_random: bool) -> None:
        """Follow the boundary to the nearest of each row's `targets`, from one start."""
        threat = search.ball(self.name)
        x = search.x
        if at_random and len(search):
            half = threat.with_radius(threat.radius / 2)
            x = half.start(x, search.streams_of_open(purpose))
        for _ in range(self.steps):
            if not len(search):
                return
            x = _stepped(search, threat, x, _nearest_plane(search, threat, x, targets[search.open]))
            logits = search.logits(x)
            x, logits = search.settle(x, logits, logits)
            crossed = (search.model.decided(logits) != search.y).reshape(-1, *[1] * (x.ndim - 1))
            x = x.where(~crossed, search.x + PULL * (x - search.x))


@dataclass(frozen=True, eq=False)
class _Plane:
    """Boundaries taken for planes: z_t - z_y, its slope, the least move onto its zero, how long."""

    value: torch.Tensor
    slope: torch.Tensor
    move: torch.Tensor
    length: torch.Tensor


def _nearest_plane(search: Search, threat: Ball, x: torch.Tensor, targets: torch.Tensor) -> _Plane:
    """Return for each row the plane of that of its targets which the least move reaches."""
    import torch

    best = None
    for target in targets.unbind(1):
        passed = search.model.gradient(x, torch.stack([search.y, target], 1), targeted_margin)
        value, slope = passed.losses.double(), passed.gradient.double()
        move = least_move(x, slope, -value, threat)
        length = threat.distance(move, torch.zeros_like(move))
        # A plane beyond the box is far: the move stops short of it.
        short = (slope * move).flatten(1).sum(1).abs() < value.abs() * (1 - 1e-9)
        found = _Plane(value, slope, move, length.where(~short, torch.inf))
        best = found if best is None else _nearer(found, best)
    assert best is not None
    return best


def _nearer(one: _Plane, other: _Plane) -> _Plane:
    first = one.length < other.length
    pairs = ((getattr(one, name), getattr(other, name)) for name in vars(one))
    return _Plane(*(mine.where(_spread(first, mine), theirs) for mine, theirs in pairs))


def _stepped(search: Search, threat: Ball, x: torch.Tensor, plane: _Plane) -> torch.Tensor:
    """Return the next iterates, in the precision of `x` and in the box."""
    import torch

    clean, here = search.x.double(), x.double()
    # The same plane, as it is seen from the row itself.
    value = plane.value + (plane.slope * (clean - here)).flatten(1).sum(1)
    far = least_move(search.x, plane.slope, -value, threat)
    length, reach = (threat.distance(move, torch.zeros_like(move)) for move in (plane.move, far))
    # Neither 0 / 0 nor a plane beyond the box says how much to trust the iterate.
    bias = (length / (length + reach)).nan_to_num(nan=LARGEST_BIAS).clamp(max=LARGEST_BIAS)
    room = torch.where(reach > 0, threat.radius / reach, OVERSHOOT).clamp(max=OVERSHOOT)
    over = torch.where(reach <= threat.radius, room, OVERSHOOT)
    bias, over = _spread(bias, x), _spread(over, x)
    stepped = (1 - bias) * (here + over * plane.move) + bias * (clean + over * far)
    low, high = threat._box(x)
    stepped = torch.minimum(torch.maximum(stepped.to(x.dtype), low), high)
    # Rounding alone must not put an iterate outside of the ball.
    edge = threat.distance(stepped, search.x) <= threat.radius * (1 + ROUNDING)
    return torch.where(_spread(edge, x), threat.project(stepped, search.x), stepped)


def _spread(values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return one value a row so that it broadcasts against `x`."""
    return values.reshape(-1, *[1] * (x.ndim - 1))
