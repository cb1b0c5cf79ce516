"""Each way of solving a policy's equations is held to a dense solve, and says how far it got."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from alignlab.errors import ModelError
from alignlab.values.processes import linear
from alignlab.values.processes.linear import policy_matrix, policy_rewards, solve_policy


def dense(matrix, discount, right, transposed):
    left = np.eye(len(right)) - discount * matrix.toarray()
    return np.linalg.solve(left.T if transposed else left, right)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("discount", [0.9, 0.999])
@pytest.mark.parametrize("direct", [0, 2_500])
@pytest.mark.parametrize("ends", [False, True])
def test_it_agrees_with_a_dense_solve(random_mdp, monkeypatch, transposed, discount, direct, ends):
    monkeypatch.setattr(linear, "DIRECT", direct)
    mdp = random_mdp(0, 50, ends=ends, discount=discount)
    weights = np.random.default_rng(1).random((50, 3)) * mdp.available
    policy = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    matrix = policy_matrix(mdp, policy)
    right = mdp.initial if transposed else policy_rewards(mdp.expected_rewards, policy)
    x, size = solve_policy(matrix, discount, right, accuracy=1e-12, transposed=transposed)
    off = np.abs(x - dense(matrix, discount, right, transposed))
    assert size <= 1e-12
    assert (off.sum() if transposed else off.max()) <= 1e-12 / (1 - discount) + 1e-12


@pytest.mark.parametrize("direct", [0, 2_500])
def test_with_discount_1_a_policy_that_ends_is_solved(random_mdp, monkeypatch, direct):
    monkeypatch.setattr(linear, "DIRECT", direct)
    mdp = random_mdp(2, 30, discount=1.0)
    matrix = policy_matrix(mdp, mdp.available.argmax(axis=1))
    alive = np.where(mdp.terminal, 0.0, 1.0)
    x, _ = solve_policy(matrix, 1.0, alive, accuracy=1e-12)
    assert x == pytest.approx(dense(matrix, 1.0, alive, False), abs=1e-9)


def test_a_policy_that_never_ends_has_no_answer():
    loop = sparse.csr_array(np.eye(2)[[1, 0]])
    with pytest.raises(ModelError, match="hardly ever ends"):
        solve_policy(loop, 1.0, np.ones(2), accuracy=1e-9)


def test_a_good_guess_is_taken_as_it_is():
    matrix = sparse.csr_array(np.eye(3, k=1))
    x, size = solve_policy(matrix, 0.5, np.ones(3), accuracy=1e-9, guess=np.array([1.75, 1.5, 1]))
    assert (x.tolist(), size) == ([1.75, 1.5, 1.0], 0.0)


def test_the_matrix_of_actions_is_the_one_of_their_probabilities(random_mdp):
    mdp = random_mdp(3)
    actions = mdp.available.argmax(axis=1)
    chances = np.eye(3)[actions]
    assert np.array_equal(
        policy_matrix(mdp, actions).toarray(), policy_matrix(mdp, chances).toarray()
    )
    paid = mdp.expected_rewards
    assert np.array_equal(policy_rewards(paid, actions), policy_rewards(paid, chances))
