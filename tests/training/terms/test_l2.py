"""Weights decay by a share of themselves, and only weights do."""

import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.training import fit
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.l2 import L2, shrunken


def test_a_step_by_hand():
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[4.0, -2.0]]))
        layer.bias.fill_(3.0)
    L2(weight=0.5).after_step(layer, 0.5)
    assert layer.weight.tolist() == [[3.0, -1.5]]
    assert layer.bias.item() == 3.0
    L2(weight=1.0).after_step(layer, 9.0)  # a step of more than all of it stops at nothing
    assert layer.weight.tolist() == [[0.0, 0.0]]


def test_only_weights_are_shrunken_and_each_once():
    shared = nn.Linear(4, 4)
    frozen = nn.Linear(4, 4)
    frozen.weight.requires_grad_(False)
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.LayerNorm((2, 4)), nn.GroupNorm(1, 2),
        nn.Embedding(5, 4), shared, shared, frozen, nn.PReLU(2),
    )  # fmt: skip
    chosen = list(shrunken(module))
    expected = [module[0].weight, module[4].weight, shared.weight]
    assert [id(each) for each in chosen] == [id(each) for each in expected]


def test_it_is_the_decay_of_the_decoupled_optimiser():
    """Between the gradient and Adam's step it is AdamW; decay in Adam's loss is another."""
    generator = torch.Generator().manual_seed(0)
    x, start = torch.randn(64, 5, generator=generator), torch.randn(3, 5, generator=generator)
    y = torch.randint(3, (64,), generator=generator)

    def trained(optimizer, term=None, **options):
        layer = nn.Linear(5, 3, bias=False)
        with torch.no_grad():
            layer.weight.copy_(start)
        made = optimizer(layer.parameters(), lr=0.05, **options)
        for _ in range(20):
            made.zero_grad()
            nn.functional.cross_entropy(layer(x), y).backward()
            if term is not None:
                term.after_step(layer, 0.05)
            made.step()
        return layer.weight.detach()

    ours = trained(torch.optim.Adam, L2(weight=0.3))
    assert torch.allclose(ours, trained(torch.optim.AdamW, weight_decay=0.3), atol=1e-6)
    assert not torch.allclose(ours, trained(torch.optim.Adam, weight_decay=0.3), atol=5e-2)


def test_training_with_it_ends_with_smaller_weights():
    def norm(*terms):
        generator = torch.Generator().manual_seed(0)
        X = torch.randn(80, 4, generator=generator)
        module = nn.Linear(4, 2)
        nn.init.constant_(module.weight, 1.0)
        fit(module, (X, (X[:, 0] > 0).long()), [CrossEntropy(), *terms], epochs=3,
            learning_rate=0.1, validation=None)  # fmt: skip
        return module.weight.norm().item()

    assert norm(L2(weight=2.0)) < 0.8 * norm()


def test_a_module_without_weights_is_refused():
    with pytest.raises(InputError, match="'l2' finds no weight in BatchNorm1d"):
        L2().prepare(nn.BatchNorm1d(3), None)
    with pytest.raises(InputError, match="weight of the term 'l2' is -1"):
        L2(weight=-1)
