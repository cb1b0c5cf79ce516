"""What enters a module's last linear layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.posterior.last_layer import last_layer


class Functional(nn.Module):
    """Ends in a functional call on parameters of its own."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(3, 4))

    def forward(self, x):
        return nn.functional.linear(torch.relu(x), self.table)


class Squeezed(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 1)

    def forward(self, x):
        return self.last(x).squeeze(-1)


class After(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x):
        return self.last(x) / 2


def seen(module, classes=("a", "b", "c"), n=9):
    rows = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    batches = list(last_layer(as_predictor(module, classes=classes), rows))
    return rows, batches


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3)),
        Functional(),
        nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)),
    ],
    ids=["sequential", "functional", "parametrised"],
)
def test_the_layer_gives_the_modules_output(module):
    rows, (batch,) = seen(module)
    np.testing.assert_allclose(batch.inputs @ batch.matrix.T, batch.outputs, atol=1e-6)
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(batch.outputs, expected, atol=1e-7)


def test_one_output_squeezed():
    _, (batch,) = seen(Squeezed(), classes=("no", "yes"))
    assert batch.outputs.shape == (9, 1)
    assert batch.matrix.shape == (1, 5)
    assert (batch.inputs[:, -1] == 1).all()


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (After(), "changed afterwards"),
        (nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(1)), "changed afterwards"),
        (nn.Sequential(nn.Unflatten(1, (4, 1)), nn.Conv1d(4, 3, 1), nn.Flatten()), "not end in a"),
    ],
)
def test_a_module_that_ends_otherwise_is_refused(module, says):
    with pytest.raises(InputError, match=says):
        seen(module)
