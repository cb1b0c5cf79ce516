import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.predictors import Predictor, as_predictor
from alignlab.uncertainty.outliers.representation import network_answers


def module(*parts):
    torch.manual_seed(0)
    return nn.Sequential(*parts)


class Backwards(nn.Module):
    """Declares its layers in another order than it runs them, and shares one of them."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 3)
        self.body = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x):
        x = torch.relu(self.norm(self.body(x)))
        return self.head(torch.nn.functional.dropout(self.body(x), 0.5, self.training))


def test_it_is_the_input_of_the_last_layer_that_ran():
    torch.manual_seed(0)
    net = Backwards().eval()
    x = torch.randn(10, 4)
    seen = network_answers(as_predictor(net, classes="abc"), x)
    with torch.no_grad():
        before = net.body(torch.relu(net.norm(net.body(x))))
        assert seen.features == pytest.approx(before.double().numpy(), abs=1e-6)
        assert seen.logits == pytest.approx(net(x).double().numpy(), abs=1e-6)
    assert seen.layer == "head"
    assert seen.probabilities == pytest.approx(
        torch.softmax(torch.from_numpy(seen.logits), 1).numpy(), abs=1e-12
    )


def test_nothing_of_the_module_is_changed():
    net = Backwards().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    network_answers(as_predictor(net, classes="abc"), torch.randn(10, 4) * 0 + 1)
    hooks = [(part._forward_hooks, part._forward_pre_hooks) for part in net.modules()]
    assert all(not one and not other for one, other in hooks)
    assert all(part.training for part in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    del state
    failing = as_predictor(net, classes="abc")
    with pytest.raises(Exception, match="shape"):
        network_answers(failing, torch.ones(2, 5))
    assert not any(part._forward_pre_hooks for part in net.modules())


def test_batches_change_nothing_and_rows_are_asked_once():
    net = module(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2)).eval()
    x = torch.randn(23, 3)
    whole = network_answers(as_predictor(net, classes="ab"), x)
    predictor = as_predictor(net, classes="ab", batch_rows=5)
    parts = network_answers(predictor, x)
    assert parts.features == pytest.approx(whole.features, abs=1e-6)
    assert predictor.rows_evaluated == 23


def test_a_batch_that_runs_out_of_memory_is_not_counted_twice():
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 2)

        def forward(self, x):
            x = self.first(x)
            y = self.last(x)
            if len(x) > 4:
                raise MemoryError
            return y

    seen = network_answers(as_predictor(Small(), classes="ab"), torch.randn(16, 3))
    assert seen.features.shape == (16, 3)


def test_tokens_are_averaged():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, 2)

        def forward(self, x):
            return self.layer(x).mean(dim=1)

    x = torch.randn(6, 7, 5)
    seen = network_answers(as_predictor(Tokens(), classes="ab"), x)
    assert seen.features == pytest.approx(x.mean(dim=1).double().numpy(), abs=1e-6)


def test_what_cannot_be_looked_into_is_said():
    x = torch.ones(2, 1, 4, 4)
    convolutions = as_predictor(module(nn.Conv2d(1, 2, 4), nn.Flatten()), classes="ab")
    with pytest.raises(InputError, match="No linear layer ran in Sequential"):
        network_answers(convolutions, x)
    assert network_answers(convolutions, x, look_inside=False).logits.shape == (2, 2)
    with pytest.raises(InputError, match="has no torch module"):
        network_answers(Predictor(lambda rows: rows[:, 0], "classification", "ab"), np.ones((2, 2)))
    mixed = as_predictor(
        module(nn.Flatten(0), nn.Linear(32, 2), nn.Unflatten(0, (2, 1))), classes="ab"
    )
    with pytest.raises(InputError, match="was given 32 rows for 2"):
        network_answers(mixed, x)
    net = nn.Linear(3, 2)
    aside = Predictor(lambda rows: np.full(len(rows), 0.5), "classification", "ab", module=net)
    with pytest.raises(InputError, match="returned 0 rows of logits"):
        network_answers(aside, np.ones((4, 3)))
