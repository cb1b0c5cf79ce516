"""Switching on dropout and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from alignlab.uncertainty.posterior.dropout_switch import (
    dropping,
    find_dropout,
    forgetting,
    left_alone,
)


class Own(nn.Module):
    """Drops where it is told to; what else it does in training mode is an option."""

    def __init__(self, extra=None):
        super().__init__()
        self.extra = extra

    def forward(self, x):
        x = functional.dropout(x, 0.5, self.training)
        return self.extra(x) if self.training and self.extra else x


def dropped_by(module, x):
    return functional.dropout(x, 0.5, module.training)


class Asked(nn.Module):
    """Has a function outside of it look at `training`."""

    def forward(self, x):
        return dropped_by(self, x)


def plan_for(net, rows=None):
    with torch.no_grad(), left_alone(net):
        return find_dropout(net, torch.randn(2, 4) if rows is None else rows)


def test_only_what_drops_is_put_into_training_mode():
    net = nn.Sequential(
        nn.Linear(4, 4), nn.BatchNorm1d(4), nn.RReLU(), nn.Dropout(0.3), Own(), nn.Linear(4, 2)
    )
    plan = plan_for(net)
    assert set(plan.parts) == {net[3], net[4]}
    assert [site.p for site in plan.sites] == [0.3, 0.5]
    assert not plan.forced
    assert plan.kept_in_evaluation == ()
    with left_alone(net), dropping(plan.parts):
        assert [part.training for part in net] == [False, False, False, True, True, False]
    assert all(part.training for part in net)


@pytest.mark.parametrize(
    "extra",
    [
        lambda x: x + torch.randn_like(x),
        lambda x: x * 1.01,
        lambda x: (x, x),
        lambda x: x[:1],
        lambda x: functional.batch_norm(x, None, None, training=True),
        lambda x: x.no_such_method(),
    ],
)
def test_what_does_more_in_training_mode_stays_and_drops_nevertheless(extra):
    good, odd = Own(), Own(extra)
    plan = plan_for(nn.Sequential(good, odd))
    assert plan.kept_in_evaluation == ("Own",)
    assert odd not in plan.parts
    assert plan.forced
    assert len(plan.sites) == 2


def test_a_question_from_outside_is_seen():
    odd = Own(lambda x: x * 2)
    plan = plan_for(nn.Sequential(Asked(), nn.Dropout(), odd, Asked()))
    assert len(plan.sites) == 4
    assert plan.kept_in_evaluation == ("Own",)
    patched = nn.Identity()
    patched.forward = lambda x: functional.dropout(x, 0.5, patched.training)
    assert len(plan_for(nn.Sequential(patched)).sites) == 1
    assert plan_for(nn.Sequential(nn.Linear(4, 4))).sites == ()


def test_randomness_of_evaluation_is_not_dropout():
    class Always(nn.Module):
        def forward(self, x):
            x = x * torch.bernoulli(torch.full_like(x, 0.5))
            return functional.dropout(x, 0.5, self.training)

    plan = plan_for(Always())
    assert not plan.bernoulli
    assert [site.name for site in plan.sites] == ["dropout"]


def test_bytes_a_row():
    plan = plan_for(
        nn.Sequential(nn.Linear(4, 100), nn.Linear(100, 8), nn.Dropout(), nn.Linear(8, 16))
    )
    assert plan.widest == 400
    assert plan.widest_dropped == 64


def test_attributes_are_put_back():
    net = nn.Linear(2, 2)
    net.seen, net.held = "before", torch.zeros(2)
    held = net.held
    with left_alone(net):
        net.seen, net.new = "after", 1
        net.held += 1
        net.held = torch.ones(3)
    assert net.seen == "before"
    assert not hasattr(net, "new")
    assert net.held is held
    assert net.held.tolist() == [0, 0]
    net.register_buffer("count", torch.zeros(()))
    count = net.count
    with forgetting(net):
        net.seen = "after"
        net.count = net.count + 1
    assert net.seen == "before"
    assert net.count is count
