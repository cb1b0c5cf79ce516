"""On a linear model, where the worst point is a corner, gradient ascent finds it."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.attacks import PGD
from alignlab.robustness.threats import Linf


def worst_margins(module, x, y, radius):
    """Return the largest margin that a move of each number by at most `radius` can reach."""
    low, high = (x - radius).clamp(min=0), (x + radius).clamp(max=1)
    margins = []
    for other in range(len(module.weight)):
        slope = module.weight[other] - module.weight[y]
        corner = torch.where(slope > 0, high, low)
        gain = (slope * corner).sum(1) + module.bias[other] - module.bias[y]
        margins.append(torch.where(y == other, -torch.inf, gain))
    return torch.stack(margins).amax(0)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("radius", [0.02, 0.1, 0.3])
def test_a_linear_model_is_broken_where_its_corner_is(linear, search_of, classes, radius):
    module, x, y = linear(classes=classes, rows=300)
    search = search_of(module, x, y, Linf(radius))
    PGD(restarts=3)(search)
    expected = worst_margins(module, x, y, radius) > 0
    assert expected.sum() > 0
    assert (search.broken & ~expected).sum() == 0
    # Where a third class is nearly as near, ascent on the margin may climb the wrong side.
    assert (search.broken != expected).sum() <= (0 if classes == 2 else 2)


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_size_of_a_batch_changes_nothing(linear, search_of, batch_rows):
    module, x, y = linear()
    one, other = search_of(module, x, y), search_of(module, x, y, batch_rows=batch_rows)
    PGD(steps=10)(one)
    PGD(steps=10)(other)
    assert 0 < one.broken.sum() < len(x)
    assert torch.equal(one.broken, other.broken)


def test_nothing_is_paid_for_a_row_that_is_broken(linear, search_of):
    module, x, y = linear()
    search = search_of(module, x, (y + 1) % 3)
    PGD(steps=10, restarts=4)(search)
    assert search.broken.all()
    assert search.model.forward_rows == len(x)


def test_settings_that_are_none_are_refused():
    with pytest.raises(InputError, match="whole numbers from 1"):
        PGD(steps=0)
    with pytest.raises(InputError, match="Did you mean 'margin'"):
        PGD(loss="margins")
