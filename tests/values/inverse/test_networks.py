from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.errors import InputError
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.dual import Dual
from alignlab.values.inverse.networks import train_network

OPTIONS = {"tolerance": 1e-6, "penalty": 0.0, "most": 500}


def seen(tools, match="features", **options):
    mdp = tools.process(**options)
    return Dual(read_demonstrations(mdp, tools.walks(mdp, tools.uniform(mdp), 80)), 1.0, match)


def network(*layers, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Sequential(*(make() for make in layers))


@pytest.mark.parametrize("horizon", [None, 8])
def test_the_gradient_through_a_network_is_that_of_the_definition(tools, horizon):
    dual = seen(tools, "decisions", horizon=horizon)
    mdp = dual.mdp
    walks = tools.walks(mdp, tools.uniform(mdp), 80)
    x = np.random.default_rng(1).normal(size=(6, 3, 2))
    net = network(lambda: torch.nn.Linear(2, 3), torch.nn.Tanh, lambda: torch.nn.Linear(3, 1))
    fit = train_network(dual, net, x, tolerance=1e-6, penalty=0.05, most=500)
    assert fit.converged
    reference = tools.reference(mdp)

    def objective(vector):
        moved = network(lambda: torch.nn.Linear(2, 3), torch.nn.Tanh, lambda: torch.nn.Linear(3, 1))
        moved = moved.double()
        torch.nn.utils.vector_to_parameters(torch.as_tensor(vector), moved.parameters())
        r = moved(torch.as_tensor(x))[..., 0].detach().numpy()
        return reference.by_decisions(np.where(mdp.available, r, 0.0), walks)

    at = torch.nn.utils.parameters_to_vector(fit.network.parameters()).detach().numpy()
    assert objective(at) == pytest.approx(dual.value(fit.plan), abs=1e-9)
    size = 1e-5
    slopes = [(objective(at + e) - objective(at - e)) / (2 * size) for e in size * np.eye(len(at))]
    assert slopes == pytest.approx(0.05 * at, abs=3e-6)


def test_rewards_of_states_alone(tools):
    """One number a state: as many as there are, so that the counts are met up to a constant."""
    dual = seen(tools, terminal=False, discount=0.5, horizon=8)
    fit = train_network(dual, torch.nn.Linear(6, 1), np.eye(6), **OPTIONS)
    assert fit.rewards.shape == (6,)
    assert fit.plan.visits.sum(axis=1) == pytest.approx(dual.counts.sum(axis=1), abs=0.05)


def test_what_was_given_stays_as_it_was(tools):
    net = torch.nn.Linear(6, 1)
    before = {name: each.clone() for name, each in net.state_dict().items()}
    state = torch.random.get_rng_state()
    fits = [train_network(seen(tools), net, np.eye(6), **OPTIONS) for _ in range(2)]
    assert all(torch.equal(before[name], each) for name, each in net.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert np.array_equal(fits[0].rewards, fits[1].rewards)


def test_too_few_steps_are_no_convergence(tools):
    fit = train_network(
        seen(tools), torch.nn.Linear(6, 1), np.eye(6), tolerance=1e-6, penalty=0.0, most=1
    )
    assert not fit.converged
    assert fit.gap > 1e-6


def test_a_penalty_pulls_parameters_to_zero(tools):
    sizes = [
        np.abs(
            train_network(
                seen(tools), torch.nn.Linear(6, 1), np.eye(6), tolerance=1e-6, penalty=p, most=500
            ).rewards
        ).max()
        for p in (0.01, 10.0)
    ]
    assert sizes[1] < 0.1 * sizes[0]


def test_bad_networks_are_said_in_one_line(tools):
    for net, message in [
        (lambda x: x, "network is of type function: give a torch.nn.Module"),
        (torch.nn.ReLU(), "The network has no parameter to train"),
        (torch.nn.Linear(6, 2), r"to rewards of shape \(6, 2\)"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            train_network(seen(tools), net, np.eye(6), **OPTIONS)
        assert "\n" not in str(caught.value)
