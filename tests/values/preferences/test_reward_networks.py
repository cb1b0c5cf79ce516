from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError, ModelError
from alignlab.values.preferences import NetworkTraining, choices_of
from alignlab.values.preferences.comparisons import choice_loss
from alignlab.values.preferences.reward_features import encoder_for
from alignlab.values.preferences.reward_networks import (
    _batch,
    choice_loss_of,
    fresh,
    train_networks,
)


def flights(seed, n=12):
    rng = np.random.default_rng(seed)
    return tuple(
        Trajectory(rng.normal(size=(t + 1, 2)), rng.integers(0, 2, t))
        for t in rng.integers(1, 6, n)
    )


def rankings(seed):
    rng = np.random.default_rng(seed)
    items = flights(seed)
    shown = [rng.permutation(12)[: rng.integers(2, 5)].tolist() for _ in range(20)]
    ranks = [rng.integers(0, 3, len(each)).tolist() for each in shown]
    return PreferenceDataset.from_rankings(items, shown, ranks)


@pytest.mark.parametrize("normalise", ["none", "length"])
def test_a_minibatch_has_the_loss_of_its_comparisons_one_by_one(normalise):
    data = rankings(0)
    choices = choices_of(data)
    steps = encoder_for(data, normalise=normalise).steps(data.items)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    delta = torch.tensor([0.3, -0.2][: len(choices.tie_sizes)], requires_grad=True)
    with torch.no_grad():
        u = np.array([
            float(network(torch.tensor(t.states[:-1]).float()).sum())
            / (len(t) if normalise == "length" else 1)
            for t in data.items
        ])  # fmt: skip
    eta = choices.members @ u + choices.tie_columns @ delta.detach().numpy()
    expected = choice_loss(eta, choices)
    rows = np.array([3, 11, 7, 0])
    made = choice_loss_of(network, delta, _batch(choices, steps, steps.inputs, rows))
    assert made.detach().item() == pytest.approx(expected.each[rows].sum(), rel=1e-5)
    made.backward()
    slope = choices.tie_columns.T @ np.where(np.isin(choices.choice, rows), expected.gradient, 0)
    assert delta.grad.numpy() == pytest.approx(slope, abs=1e-4)


class Counting(torch.nn.Module):
    """A network that counts its forwards."""

    calls = 0

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x):
        Counting.calls += 1
        return self.layer(x)


def test_a_minibatch_is_one_forward_and_the_model_given_is_not_changed():
    data = rankings(1)
    steps = encoder_for(data).steps(data.items)
    module = Counting()
    before = module.layer.weight.detach().clone()
    state = torch.random.get_rng_state()
    Counting.calls = 0
    train_networks(
        choices_of(data), steps, module=module, ensemble=1, weight_decay=0.0, seed=0,
        training=NetworkTraining(epochs=2, batch=5),
    )  # fmt: skip
    assert Counting.calls == 2 * 4
    assert torch.equal(module.layer.weight, before)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_members_differ_and_a_seed_gives_the_same_bytes():
    data = rankings(2)
    steps = encoder_for(data).steps(data.items)

    def train(seed):
        return train_networks(
            choices_of(data), steps, module=None, ensemble=2, weight_decay=0.0, seed=seed,
            training=NetworkTraining(hidden=(4,), epochs=2),
        )[0].steps(steps.inputs)  # fmt: skip

    one = train(0)
    assert np.array_equal(one, train(0))
    assert not np.allclose(one[0], one[1])
    assert not np.allclose(one, train(1))


def trained(data, module, seed=0, ensemble=1):
    steps = encoder_for(data).steps(data.items)
    return train_networks(
        choices_of(data), steps, module=module, ensemble=ensemble, weight_decay=0.0, seed=seed,
        training=NetworkTraining(hidden=(4,), epochs=2, batch=5),
    )[0].steps(steps.inputs)  # fmt: skip


def test_dropout_draws_from_the_seed_and_not_from_the_callers_chance():
    data = rankings(4)
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1)
    )
    made = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        before = torch.random.get_rng_state()
        queued = len(torch.cuda._queued_calls)
        made.append(trained(data, module))
        assert torch.equal(torch.random.get_rng_state(), before)
        assert len(torch.cuda._queued_calls) == queued
    assert np.array_equal(*made)
    assert not np.array_equal(made[0], trained(data, module, seed=1))


class Raw(torch.nn.Module):
    """A weight in no layer."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.full((2, 1), 5.0))

    def forward(self, x):
        return x @ self.w


class Redrawn(Raw):
    """The same, and knows how to begin again."""

    def reset_parameters(self):
        torch.nn.init.normal_(self.w)


def test_what_cannot_be_drawn_anew_is_refused():
    data = rankings(5)
    with pytest.raises(InputError, match=r"The network's 0\.w cannot be drawn anew"):
        trained(data, torch.nn.Sequential(Raw()))
    one, two = trained(data, Redrawn(), ensemble=2)
    assert not np.allclose(one, two)
    for part in (torch.nn.MultiheadAttention(2, 1), torch.nn.LayerNorm(2)):
        before = next(part.parameters()).detach().clone()
        torch.nn.init.constant_(next(part.parameters()), 3.0)
        after = next(fresh(part, NetworkTraining(), 2, 0).parameters())
        assert not torch.equal(after, torch.full_like(before, 3.0))


def test_the_default_precision_changes_nothing():
    data = rankings(6)
    expected = trained(data, None), trained(data, torch.nn.Linear(2, 1))
    try:
        torch.set_default_dtype(torch.float64)
        made = trained(data, None), trained(data, torch.nn.Linear(2, 1))
    finally:
        torch.set_default_dtype(torch.float32)
    assert np.array_equal(made[0], expected[0])
    assert np.array_equal(made[1], expected[1])


def test_a_wrong_certain_pair_is_corrected():
    """A clipped loss has no gradient here and would leave the pair as it is for ever."""
    data = PreferenceDataset.from_pairs([[120.0], [0.0]], [0], [1], [1])
    steps = encoder_for(data).steps(data.items)
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(network.weight)
    batch = _batch(choices_of(data), steps, steps.inputs, np.array([0]))
    loss = choice_loss_of(network, torch.zeros(0), batch)
    loss.backward()
    assert loss.detach().item() == 120.0
    assert network.weight.grad.item() == 120.0


def test_what_cannot_be_trained_is_said():
    with pytest.raises(InputError, match="not positive"):
        NetworkTraining(epochs=0)
    data = rankings(3)
    steps = encoder_for(data).steps(data.items)
    for module, says in [
        (torch.nn.Linear(2, 3), "one number a step"),
        (torch.nn.Sequential(torch.nn.Linear(2, 1), Endless()), "not finite"),
    ]:
        with pytest.raises(ModelError, match=says):
            train_networks(
                choices_of(data), steps, module=module, ensemble=1, weight_decay=0.0, seed=0,
                training=NetworkTraining(epochs=1),
            )  # fmt: skip


class Endless(torch.nn.Module):
    """Returns what no loss survives."""

    def forward(self, x):
        return x * float("nan")
