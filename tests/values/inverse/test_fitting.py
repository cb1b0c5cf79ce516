from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.dual import Dual
from alignlab.values.inverse.features import read_features
from alignlab.values.inverse.fitting import maximise
from alignlab.values.processes import FiniteMDP

OPTIONS = {"tolerance": 1e-9, "penalty": 0.0, "most": 100}


def fitted(mdp, walks, features, *, match="features", temperature=1.0, **options):
    described = read_features(mdp, features)
    dual = Dual(read_demonstrations(mdp, walks), temperature, match)
    k = len(described.names)
    options = {**OPTIONS, "start": np.zeros(k), **options}
    return maximise(dual, described.expected, dual.counted(described), np.eye(k), **options)


@pytest.mark.parametrize("match", ["features", "decisions"])
@pytest.mark.parametrize("penalty", [0.0, 0.3])
@pytest.mark.parametrize("horizon", [None, 8])
def test_it_finds_what_a_general_optimiser_finds(tools, match, penalty, horizon):
    mdp = tools.process(horizon=horizon)
    walks = tools.walks(mdp, tools.uniform(mdp), 60)
    table = np.where(mdp.available[..., None], np.random.default_rng(1).normal(size=(6, 3, 2)), 0.0)
    reference = tools.reference(mdp)
    defined = reference.by_features if match == "features" else reference.by_decisions

    def loss(w):
        return penalty / 2 * w @ w - defined(table @ w, walks)

    expected = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6})
    fit = fitted(mdp, walks, table, match=match, penalty=penalty)
    assert fit.converged
    assert fit.runaway is None
    assert fit.weights == pytest.approx(expected.x, abs=2e-5)
    assert loss(fit.weights) <= expected.fun + 1e-12


def fork():
    """Left ends in 1, right in 2."""
    return FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])


RIGHT = {"right": [[0, 1], [0, 0], [0, 0]], "left": [[1, 0], [0, 0], [0, 0]]}


@pytest.mark.parametrize("match", ["features", "decisions"])
def test_what_always_happened_has_no_finite_weight(match):
    walks = [Trajectory([0, 2], [1], ended=True)] * 5
    right = {"right": RIGHT["right"]}
    fit = fitted(fork(), walks, right, match=match)
    assert not fit.converged
    assert fit.runaway.tolist() == [1.0]
    # The gradient vanishes all the same: a search that looks at nothing else calls this converged.
    assert fit.gap < 1e-6
    held = fitted(fork(), walks, right, match=match, penalty=0.1)
    assert held.converged
    assert held.runaway is None


@pytest.mark.parametrize("odd", [1, 3])
def test_a_rare_action_has_one(odd):
    """However large the weight: log odds of 1 to 9,999 are 9.2, and steps do become small."""
    walks = [Trajectory([0, 2], [1], ended=True)] * 9_999 + [
        Trajectory([0, 1], [0], ended=True)
    ] * odd
    fit = fitted(fork(), walks, {"right": RIGHT["right"]})
    assert fit.converged
    assert fit.weights[0] == pytest.approx(np.log(9_999 / odd), abs=1e-6)


def test_luck_that_no_policy_can_have_is_told(tools):
    """Half of all steps fall, whatever is done; nobody fell."""
    P = np.zeros((3, 2, 3))
    P[0, :, 1] = P[0, :, 2] = 0.5
    P[0, 1] = [0.0, 0.4, 0.6]
    mdp = FiniteMDP(P, np.zeros(3))
    walks = [Trajectory([0, 1], [0], ended=True), Trajectory([0, 1], [1], ended=True)] * 3
    fall = {"fall": mdp.on_arrival([0.0, 0.0, 1.0])}
    fit = fitted(mdp, walks, fall)
    assert not fit.converged
    assert fit.runaway.tolist() == [-1.0]
    # By their decisions, one in two each, they do not mind falling.
    fit = fitted(mdp, walks, fall, match="decisions")
    assert fit.converged
    assert fit.weights[0] == pytest.approx(0.0, abs=1e-8)


def test_temperature_is_the_unit(tools):
    mdp = tools.process()
    walks = tools.walks(mdp, tools.uniform(mdp), 60)
    x = np.random.default_rng(1).normal(size=(6, 3, 2))
    warm, cold = (fitted(mdp, walks, x, temperature=T) for T in (2.0, 0.5))
    assert warm.weights / 2.0 == pytest.approx(cold.weights / 0.5, abs=1e-7)


def test_infinite_values_at_the_start_are_said():
    wait = FiniteMDP(
        np.eye(2)[[0, 0, 1, 0, 0, 0]].reshape(2, 3, 2), [0.0, 0.0], terminal=1, discount=1.0
    )
    walks = [Trajectory([0, 0, 1], [0, 2], ended=True), Trajectory([0, 1], [2], ended=True)]
    step = {"step": [[1.0] * 3, [0.0] * 3]}
    with pytest.raises(InputError, match="start=… with weights that make steps"):
        fitted(wait, walks, step)
    fit = fitted(wait, walks, step, start=np.array([-3.0]))
    assert fit.converged
    # One and a half steps on average: two thirds of steps leave. V = r + log(2 e^V + 1).
    assert fit.weights[0] == pytest.approx(np.log(1 / 3 / 2), abs=1e-7)


def test_running_out_of_steps_is_no_convergence(tools):
    mdp = tools.process()
    walks = tools.walks(mdp, tools.uniform(mdp), 60)
    fit = fitted(mdp, walks, np.random.default_rng(1).normal(size=(6, 3, 2)), most=1)
    assert not fit.converged
    assert fit.gap > 1e-9
    assert fit.runaway is None
