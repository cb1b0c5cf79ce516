"""On a linear model the boundary is a hyperplane: one step finds the nearest point on it."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.attacks.fab import FAB
from alignlab.robustness.attacks.hyperplanes import least_move
from alignlab.robustness.threats import L1, L2, Linf

NORMS = pytest.mark.parametrize("ball", [Linf, L2, L1])


def least_distances(module, x, y, ball):
    """Return how far each row is from the nearest boundary of a linear model, within the box."""
    weight, bias, distances = module.weight.detach(), module.bias.detach(), []
    for other in range(len(weight)):
        slope = weight[other] - weight[y]
        behind = -((slope * x).sum(1) + bias[other] - bias[y])
        move = least_move(x, slope, behind, ball(1.0))
        reached = (slope * move).sum(1) >= behind - 1e-12
        length = move.norm(p=ball.norm, dim=1)
        distances.append(torch.where(reached & (y != other), length, torch.inf))
    return torch.stack(distances).amin(0)


@NORMS
@pytest.mark.parametrize(("classes", "targets"), [(2, 9), (2, None), (4, 9), (4, None)])
def test_one_step_breaks_a_linear_model_exactly_where_it_can_be(
    linear, search_of, ball, classes, targets
):
    module, x, y = linear(classes=classes, rows=200)
    nearest = least_distances(module, x, y, ball)
    assert torch.isfinite(nearest).sum() > 100
    radius = float(nearest[torch.isfinite(nearest)].median())
    for factor in (0.999, 1.001):
        search = search_of(module, x, y, ball(radius * factor))
        FAB(steps=1, targets=targets)(search)
        assert torch.equal(search.broken, nearest < radius * factor)
        moved = ball(1.0).distance(search.witnesses, x)
        assert (moved <= radius * factor).all()


class Sphere(torch.nn.Module):
    """The second class begins at a Euclidean distance of 1 from 0.3, and no scale is linear."""

    def forward(self, x):
        squared = (x - 0.3).square().sum(1)
        return torch.stack([torch.ones_like(squared), squared**2], 1)


def distance_to_the_sphere(offset, ball):
    """Return the least move from 0.3 + `offset`, inside, onto the sphere."""
    squares, size = offset.square().sum(1), offset.shape[1]
    if ball is L2:
        return 1 - squares.sqrt()
    if ball is Linf:  # all sizes grow alike: d t² + 2 t Σ|v| + ‖v‖² = 1
        total = offset.abs().sum(1)
        return (-total + (total**2 + size * (1 - squares)).sqrt()) / size
    rest = squares[:, None] - offset.square()
    return ((1 - rest).sqrt() - offset.abs()).amin(1)


@NORMS
def test_it_follows_a_curved_boundary(search_of, ball):
    random = torch.Generator().manual_seed(0)
    offset = 0.5 * torch.rand(60, 5, dtype=torch.float64, generator=random) - 0.25
    nearest = distance_to_the_sphere(offset, ball)
    radius = float(nearest.median())
    threat = ball(radius, low=-9.0, high=9.0)
    search = search_of(Sphere(), 0.3 + offset, torch.zeros(60, dtype=torch.int64), threat)
    FAB(steps=60)(search)
    assert not search.broken[nearest > radius].any()
    # The overshoot of 5 % and the pull of 10 % leave it some thousandths away. In L1 two axes that
    # are nearly as good may take turns.
    near = search.broken[nearest < 0.99 * radius]
    assert len(near) > 20
    assert near.double().mean() >= (0.9 if ball is L1 else 1.0)


def network(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4)
    ).eval()


@pytest.fixture
def rows():
    module = network()
    x = torch.rand(40, 6, generator=torch.Generator().manual_seed(1))
    return module, x, module(x).argmax(1)


@NORMS
@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_size_of_a_batch_changes_nothing(rows, search_of, ball, batch_rows):
    module, x, y = rows
    threat = ball({Linf: 0.02, L2: 0.05, L1: 0.1}[ball])
    one = search_of(module, x, y, threat, batch_rows=250)
    other = search_of(module, x, y, threat, batch_rows=batch_rows)
    for search in (one, other):
        FAB(steps=4, restarts=2)(search)
    assert 0 < one.broken.sum() < len(x)
    assert torch.equal(one.broken, other.broken)


def test_the_scale_of_the_logits_changes_nothing(rows, search_of):
    module, x, y = rows
    scaled = network()
    with torch.no_grad():
        scaled[2].weight.mul_(1024)
        scaled[2].bias.mul_(1024)
    found = []
    for each in (module, scaled):
        search = search_of(each, x, y, Linf(0.03))
        FAB(steps=10)(search)
        found.append(search.broken)
    assert torch.equal(*found)


def test_a_row_that_is_wrong_costs_one_pass_and_one_that_breaks_leaves(linear, search_of):
    module, x, y = linear(classes=2)
    search = search_of(module, x, 1 - y)
    FAB()(search)
    assert search.broken.all()
    assert (search.model.forward_rows, search.model.backward_rows) == (len(x), 0)
    far = search_of(module, x, y, Linf(1.0))
    FAB()(far)
    # Beside the clean pass: one gradient, and one pass that finds each row broken.
    assert (far.model.forward_rows, far.model.backward_rows) == (3 * len(x), len(x))


def test_radius_0_and_a_model_without_slope_break_nothing(linear, search_of):
    module, x, y = linear()
    search = search_of(module, x, y, Linf(0.0))
    FAB(steps=3, restarts=2)(search)
    assert not search.broken.any()
    with torch.no_grad():
        module.weight.zero_()
    search = search_of(module, x, module(x).argmax(1), Linf(0.5))
    FAB(steps=3, targets=None)(search)
    assert not search.broken.any()


@pytest.mark.parametrize("setting", ["steps", "targets", "restarts"])
def test_settings_that_are_none_are_refused(setting):
    with pytest.raises(InputError, match=f"{setting}=0 is not a whole number from 1"):
        FAB(**{setting: 0})
