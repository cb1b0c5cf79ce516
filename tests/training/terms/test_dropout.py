"""What is dropped is dropped while training only, and nothing stays behind."""

import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.training import fit
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.dropout import Dropout


def mlp():
    return nn.Sequential(nn.Linear(3, 200), nn.ReLU(), nn.Linear(200, 2))


def test_layers_that_are_there_get_the_rate_and_get_theirs_back():
    module = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 2), nn.Dropout2d(0.1))
    term = Dropout(rate=0.3)
    term.prepare(module, None)
    assert [module[0].p, module[2].p] == [0.3, 0.3]
    assert not module[1]._forward_pre_hooks
    term.finish(module)
    assert [module[0].p, module[2].p] == [0.5, 0.1]


def test_without_any_the_inputs_of_hidden_layers_are_dropped_at_the_rate():
    module = nn.Sequential(nn.Linear(3, 20_000), nn.Linear(20_000, 1, bias=False))
    with torch.no_grad():
        module[0].weight.zero_()
        module[0].bias.fill_(1.0)
        module[1].weight.fill_(1.0)
    term = Dropout(rate=0.25)
    term.prepare(module, None)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sums = module(torch.zeros(50, 3)).detach()
    assert sums.mean().item() == pytest.approx(20_000, rel=0.003)  # rescaled, so right on average
    # Each of 20,000 ones is 0 or 4/3: a variance of 1/3 each.
    assert sums.std().item() == pytest.approx((20_000 / 3) ** 0.5, rel=0.25)
    module.eval()
    assert (module(torch.zeros(2, 3)) == 20_000).all()
    term.finish(module)
    assert not module[1]._forward_pre_hooks


def test_the_layer_that_reads_the_rows_is_left_alone_whatever_it_is():
    convolutional = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(4, 2))
    for module, hooked in ((mlp(), [2]), (convolutional, [2])):
        term = Dropout()
        term.prepare(module, None)
        assert [at for at, layer in enumerate(module) if layer._forward_pre_hooks] == hooked
        term.finish(module)


def test_training_goes_otherwise_with_it_alike_with_one_seed_and_leaves_nothing():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(60, 3, generator=generator)
    y = (X[:, 0] > 0).long()

    def trained(*terms):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            module = mlp()
        fit(module, (X, y), [CrossEntropy(), *terms], epochs=2, seed=4)
        assert not any(part._forward_pre_hooks for part in module.modules())
        return module[2].weight.detach()

    assert torch.equal(trained(Dropout()), trained(Dropout()))
    assert not torch.equal(trained(Dropout()), trained())


def test_it_is_gone_after_an_error_too():
    class Broken(CrossEntropy):
        def value(self, batch):
            raise RuntimeError("stop")

    module = mlp()
    with pytest.raises(RuntimeError, match="stop"):
        fit(module, (torch.rand(9, 3), [0, 1, 0] * 3), [Broken(), Dropout()], validation=None)
    assert not module[2]._forward_pre_hooks


def test_what_cannot_be_dropped_is_refused():
    with pytest.raises(InputError, match="nothing to drop in Linear"):
        Dropout().prepare(nn.Linear(2, 2), None)
    with pytest.raises(InputError, match=r"'dropout' is 1\.0"):
        Dropout(rate=1.0)
