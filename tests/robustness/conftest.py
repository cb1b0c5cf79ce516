"""Small models under attack whose answers are known."""

import pytest
import torch

from alignlab.predictors import as_predictor
from alignlab.random import row_streams
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.search import Search
from alignlab.robustness.threats import Linf


@pytest.fixture
def linear():
    """Return a module with z = Wx + b in float64, and 40 rows that it gets right."""

    def made(classes=3, features=6, rows=40, seed=0):
        generator = torch.Generator().manual_seed(seed)
        module = torch.nn.Linear(features, classes, dtype=torch.float64).eval()
        with torch.no_grad():
            module.weight.copy_(torch.randn(classes, features, generator=generator))
            module.bias.copy_(0.1 * torch.randn(classes, generator=generator))
        x = torch.rand(rows, features, generator=generator, dtype=torch.float64)
        return module, x, module(x).argmax(1).detach()

    return made


@pytest.fixture
def search_of():
    """Return a search of rows on a module, and the model that it asks."""

    def made(module, x, y, threat=None, classes=None, batch_rows=256, seed=0):
        names = range(module(x[:1]).shape[1]) if classes is None else classes
        model = AttackedModel(as_predictor(module, classes=list(names)), batch_rows=batch_rows)
        return Search(model, threat or Linf(0.1), x, y, row_streams(seed, len(x), "attack"))

    return made
