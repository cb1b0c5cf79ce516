"""A small network for handwritten digits, and worst cases of linear models in closed form."""

import pytest
import torch
from sklearn.datasets import load_digits


def network():
    return torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 48), torch.nn.ReLU(), torch.nn.Linear(48, 10)
    )


@pytest.fixture(scope="session")
def digits():
    """Return a trained network in float64, and 250 images that it gets right with their classes."""
    images, classes = load_digits(return_X_y=True)
    x = torch.tensor(images / 16).reshape(-1, 1, 8, 8)
    y = torch.tensor(classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = network().double()
        optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
        for _ in range(12):
            for rows in torch.randperm(1200).split(100):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(module(x[rows]), y[rows]).backward()
                optimizer.step()
    module.eval().zero_grad()
    right = (module(x[1200:]).argmax(1) == y[1200:]).nonzero()[:250, 0] + 1200
    assert len(right) == 250
    return module, x[right], y[right]


@pytest.fixture(scope="session")
def worst_margins():
    """Return the largest margin that a linear model has in a ball and the unit box."""

    def worst(module, x, y, norm, radius):
        margins = []
        for other in range(len(module.weight)):
            slope = (module.weight[other] - module.weight[y]).detach()
            gain = (slope * x).sum(1) + (module.bias[other] - module.bias[y]).detach()
            gain = gain + {"linf": _linf, "l2": _l2, "l1": _l1}[norm](slope, x, radius)
            margins.append(torch.where(y == other, -torch.inf, gain))
        return torch.stack(margins).amax(0)

    return worst


def _room(slope, x):
    return torch.where(slope > 0, 1 - x, x)


def _linf(slope, x, radius):
    return (slope.abs() * _room(slope, x).clamp(max=radius)).sum(1)


def _l1(slope, x, radius):
    """Fill the steepest numbers first, as far as each has room: a knapsack with fractions."""
    order = slope.abs().argsort(dim=1, descending=True)
    slope, room = slope.abs().gather(1, order), _room(slope, x).gather(1, order)
    left = (radius - room.cumsum(1) + room).clamp(min=0)
    return (slope * torch.minimum(room, left)).sum(1)


def _l2(slope, x, radius):
    """Move along the slope until the length is the radius, numbers stopping at the box."""
    size, room = slope.abs(), _room(slope, x)
    low, high = torch.zeros(len(x), 1).double(), torch.full((len(x), 1), 1e6).double()
    for _ in range(200):
        middle = (low + high) / 2
        long = torch.minimum(middle * size, room).norm(dim=1, keepdim=True) > radius
        low, high = torch.where(long, low, middle), torch.where(long, middle, high)
    return (size * torch.minimum(low * size, room)).sum(1)
