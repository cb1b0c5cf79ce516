"""Many passes in one: which number belongs to which row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.dropout_calls import DropoutSite
from alignlab.uncertainty.posterior.dropout_passes import (
    Masks,
    SharedMaskError,
    mapped_passes,
    repeated_passes,
)
from alignlab.uncertainty.posterior.dropout_switch import DropoutPlan


def plan_of(*shapes, rows=2):
    sites = tuple(DropoutSite("dropout", shape, 0.5) for shape in shapes)
    return DropoutPlan((), False, True, sites, rows, 1, 1, ())


def masks_for(plan, rows, **options):
    passes = torch.arange(3)
    return Masks(plan, 0, np.asarray(rows), passes, options.pop("consistent", False), **options)


def test_a_row_keeps_its_numbers_wherever_its_axis_is():
    # Five places a row: along the last axis, the first one, or beside the rows in one axis.
    found = []
    for few, many in (((2, 5), (4, 5)), ((5, 2), (5, 4)), ((10,), (20,))):
        kept = masks_for(plan_of(few), [7, 8, 9, 3]).next(DropoutSite("dropout", many, 0.5))
        assert kept.shape == (3, *many)
        found.append(kept if many != (5, 4) else kept.movedim(2, 1))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0].flatten(1), found[2])
    one = masks_for(plan_of((2, 5)), [8]).next(DropoutSite("dropout", (1, 5), 0.5))
    assert torch.equal(one[:, 0], found[0][:, 1])


def test_shared_and_consistent_masks():
    shared = masks_for(plan_of((6, 5)), [0, 1, 2]).next(DropoutSite("dropout", (6, 5), 0.5))
    assert shared.shape == (3, 6, 5)
    assert not torch.equal(shared[0], shared[1])
    kept = masks_for(plan_of((2, 5)), [0, 1, 2], consistent=True)
    kept = kept.next(DropoutSite("dropout", (3, 5), 0.5))
    assert torch.equal(kept, kept[:, :1].expand_as(kept))
    unknown = masks_for(plan_of((2, 2)), [0, 1, 2], consistent=True)
    with pytest.raises(InputError, match="does not tell the rows apart"):
        unknown.next(DropoutSite("dropout", (3, 3), 0.5))
    minor = masks_for(plan_of((4,)), [0, 1, 2], consistent=True, major=False)
    with pytest.raises(InputError, match="does not tell the rows apart"):
        minor.next(DropoutSite("dropout", (6,), 0.5))


def test_calls_have_numbers_of_their_own():
    masks = masks_for(plan_of((2, 50), (2, 50)), [0, 1, 2])
    first, second = (masks.next(DropoutSite("dropout", (3, 50), 0.5)) for _ in range(2))
    assert 0.3 < float((first != second).double().mean()) < 0.7


def test_mapped_and_repeated_passes_are_the_same():
    net = nn.Sequential(nn.Linear(4, 5), nn.Dropout(), nn.Linear(5, 2)).eval()
    plan = DropoutPlan((net[1],), False, False, plan_of((2, 5)).sites, 2, 1, 1, ())
    rows = torch.randn(3, 4)
    with torch.no_grad():
        one = mapped_passes(net, rows, masks_for(plan, [0, 1, 2]))
        other = repeated_passes(net, rows, masks_for(plan, [0, 1, 2]))
        assert one.shape == (3, 3, 2)
        assert torch.allclose(one, other, atol=1e-6)
        hidden = net[0](rows)
        kept = masks_for(plan, [0, 1, 2]).next(DropoutSite("dropout", (3, 5), 0.5))
        assert torch.allclose(one, net[2](hidden * kept * 2), atol=1e-6)


def test_a_repeated_batch_holds_one_pass_of_a_shared_mask():
    weight = torch.randn(2, 4)

    class Net(nn.Module):
        def forward(self, x):
            return x @ nn.functional.dropout(weight, 0.5).T

    net, plan = Net().eval(), plan_of((2, 4))
    with torch.no_grad(), pytest.raises(SharedMaskError):
        repeated_passes(net, torch.randn(3, 4), masks_for(plan, [0, 1, 2]))
