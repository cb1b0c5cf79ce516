"""Whether an answer is a linear layer of one dropout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.dropout_head import head_of


def test_the_head_is_found_with_what_it_reads():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 2))
    rows = torch.randn(3, 4)
    with torch.no_grad():
        hidden, weight, bias, p = head_of(net, rows, forced=False)
        assert torch.equal(hidden, net[1](net[0](rows)))
    assert weight is net[3].weight
    assert bias is net[3].bias
    assert p == 0.3


def test_a_linear_layer_that_is_written_out_is_not_taken_for_one():
    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 2)

        def forward(self, x):
            return nn.functional.dropout(x) @ self.head.weight.T

    with torch.no_grad(), pytest.raises(InputError, match="not read by one linear layer"):
        head_of(Written(), torch.randn(3, 4), forced=False)
