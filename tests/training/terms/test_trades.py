"""The divergence is that of the two answers, its gradient reaches both, and it begins at random."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.threats import L2, Linf
from alignlab.training.conformance import assert_term_conforms
from alignlab.training.objective import Batch
from alignlab.training.terms.trades import Trades, _divergence


def batch_of(module, rows=30, features=5):
    x = torch.rand(rows, features, generator=torch.Generator().manual_seed(0))
    y = torch.arange(rows) % 3
    return Batch(module, x, y, {}, torch.arange(rows), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.3)])
def test_it_conforms(threat):
    assert_term_conforms(Trades(threat=threat, steps=3))


def test_the_divergence_is_torchs():
    ours, theirs = torch.randn(2, 20, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.kl_div(
        theirs.log_softmax(1), ours.softmax(1), reduction="none"
    ).sum(1)
    assert torch.allclose(_divergence(ours, theirs), expected, atol=1e-6)


def test_it_does_not_stay_at_0_where_its_gradient_is_0():
    module = torch.nn.Linear(5, 3)
    with torch.no_grad():
        module.weight.mul_(5)
    batch = batch_of(module)
    one_step = Trades(threat=Linf(0.1), steps=1).value(batch)
    assert one_step > 0.01
    # No start on the surface is worse than what ten steps find.
    ten_steps = Trades(threat=Linf(0.1), steps=10).value(batch)
    start = (batch.x + 0.1 * torch.randn(30, 5).sign()).clamp(0, 1)
    assert ten_steps > _divergence(batch.logits, module(start)).mean()
    assert Trades(threat=Linf(0.0)).value(batch).item() == pytest.approx(0, abs=1e-6)


def test_the_natural_logits_are_asked_for_once_with_a_gradient_and_once_without():
    module = torch.nn.Sequential(torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3)).train()
    passes = []
    module.register_forward_hook(lambda part, _, z: passes.append((part.training, z.requires_grad)))
    Trades(threat=Linf(0.1), steps=4).value(batch_of(module))
    assert passes == [(False, False)] + [(False, True)] * 4 + [(True, True)] * 2
    assert int(module[0].num_batches_tracked) == 2


def test_the_weight_is_the_published_one_unless_stated():
    assert Trades(threat=Linf(0.1)).weight == 6
    with pytest.raises(InputError, match="of the term 'trades' is not a ball"):
        Trades(threat=None)
