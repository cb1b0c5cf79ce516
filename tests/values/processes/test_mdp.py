"""A finite decision process is checked at the door, in one line, and never made dense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.processes.linear import policy_matrix

STAY_OR_GO = [[0.9, 0.1], [0, 1], [0, 0], [0, 0]]
"""State 0 stays or goes to the end, state 1."""


def random_mdp(rng: np.random.Generator, n_states: int = 5, n_actions: int = 3) -> FiniteMDP:
    chances = rng.dirichlet(np.ones(n_states), size=n_states * n_actions)
    chances *= rng.random(chances.shape) < 0.6
    chances[np.arange(len(chances)), rng.integers(n_states, size=len(chances))] += 0.1
    chances /= chances.sum(axis=1, keepdims=True)
    return FiniteMDP(sparse.csr_array(chances), rng.normal(size=(n_states, n_actions)))


def test_what_was_given_is_what_is_held():
    mdp = FiniteMDP(STAY_OR_GO, [1.0, 9.0], discount=0.5, action_names=["stay", "go"])
    assert (mdp.n_states, mdp.n_actions) == (2, 2)
    assert mdp.terminal.tolist() == [False, True]
    assert mdp.available.tolist() == [[True, True], [False, False]]
    assert mdp.initial.tolist() == [1.0, 0.0]
    # A terminal state pays nothing, whatever its reward says.
    assert mdp.expected_rewards.tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert mdp.action_name(1) == "go"
    assert mdp.state_name(1) == "1"


def test_the_three_forms_of_rewards_mean_what_they_say():
    mdp = FiniteMDP(STAY_OR_GO, [0.0, 0.0])
    arrival = mdp.on_arrival([2.0, 10.0])
    assert mdp.expected(arrival)[0].tolist() == pytest.approx([0.9 * 2 + 0.1 * 10, 10])
    assert mdp.expected([[3.0, 4.0], [5.0, 6.0]]).tolist() == [[3, 4], [0, 0]]
    assert mdp.expected([3.0, 4.0]).tolist() == [[3, 3], [0, 0]]
    assert mdp.with_rewards([3.0, 4.0]).expected_rewards.tolist() == [[3, 3], [0, 0]]
    assert mdp.expected_rewards.tolist() == [[0, 0], [0, 0]]


@given(st.integers(0, 10_000))
def test_expected_rewards_agree_with_a_dense_sum(seed):
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng)
    paid = rng.normal(size=(15, 5))
    dense = (mdp.transitions.toarray() * paid).sum(axis=1).reshape(5, 3)
    assert np.allclose(mdp.expected(sparse.csr_array(paid)), dense, atol=1e-14)


def test_the_dense_form_is_states_actions_states():
    chances = np.zeros((2, 2, 2))
    chances[0] = [[0.9, 0.1], [0, 1]]
    same = FiniteMDP(chances, [0, 0])
    assert (same.transitions != FiniteMDP(STAY_OR_GO, [0, 0]).transitions).nnz == 0


def test_rows_of_terminal_states_are_dropped_and_the_callers_matrix_is_not_touched():
    loops = sparse.csr_array([[0.5, 0.5], [0.0, 1.0]])
    mdp = FiniteMDP(loops, [0.0, 0.0], terminal=[1])
    assert mdp.transitions.toarray().tolist() == [[0.5, 0.5], [0, 0]]
    assert loops.toarray().tolist() == [[0.5, 0.5], [0, 1]]
    assert FiniteMDP(loops, [0, 0], terminal=[False, True]).terminal.tolist() == [False, True]


def test_rounded_rows_are_divided_by_their_sum_in_a_copy():
    thirds = sparse.csr_array([[0.333333, 0.333333, 0.333333]] * 3)
    mdp = FiniteMDP(thirds, np.zeros(3))
    assert np.allclose(mdp.transitions.sum(axis=1), 1, atol=1e-15)
    assert thirds.data[0] == 0.333333


def test_duplicates_add_up_without_touching_what_was_given():
    twice = sparse.csr_array(
        (np.array([0.5, 0.25, 0.25, 0.0]), np.array([0, 0, 1, 1]), np.array([0, 2, 4])),
        shape=(2, 2),
    )
    with pytest.raises(InputError, match=r"state 1, action 0 sum to 0\.25"):
        FiniteMDP(twice, [0, 0])
    assert twice.nnz == 4


def test_successors_join_the_actions():
    mdp = random_mdp(np.random.default_rng(3))
    joined = mdp.transitions.toarray().reshape(5, 3, 5).max(axis=1) > 0
    assert (mdp.successors.toarray() > 0).tolist() == joined.tolist()


def test_discount_one_needs_a_way_to_end_from_everywhere():
    FiniteMDP(STAY_OR_GO, [0.0, 0.0], discount=1)
    trap = [[0.5, 0.25, 0.25], [0, 1, 0], [0, 0, 0]]
    with pytest.raises(InputError, match="no way to end: from state trap no terminal"):
        FiniteMDP(trap, np.zeros(3), discount=1, state_names=["start", "trap", "end"])
    FiniteMDP(trap, np.zeros(3), discount=1, horizon=4)
    with pytest.raises(InputError, match="no way to end"):
        FiniteMDP(trap, np.zeros(3)).replace(discount=1.0)


def test_replace_changes_the_discount_and_the_horizon_alone():
    mdp = FiniteMDP(STAY_OR_GO, [1.0, 0.0], horizon=3)
    assert mdp.replace(discount=0.5).horizon == 3
    assert mdp.replace(horizon=None).horizon is None
    assert mdp.replace(horizon=7).discount == 0.99
    assert mdp.with_initial(1).initial.tolist() == [0.0, 1.0]


def test_small_arrays_are_copied():
    given = {"rewards": np.ones(2), "initial": np.array([1.0, 0]), "terminal": np.array([0, 1]) > 0}
    mdp = FiniteMDP(STAY_OR_GO, given["rewards"], **{k: given[k] for k in ("initial", "terminal")})
    other = mdp.with_rewards(given["rewards"])
    for name, array in given.items():
        before = getattr(mdp, name).tolist()
        array[:] = array[::-1] if name != "rewards" else 9.0
        assert getattr(mdp, name).tolist() == before
    assert other.rewards.tolist() == [1, 1]


@pytest.mark.parametrize("dropped", [True, False])
def test_indices_take_32_bits_where_they_fit(dropped):
    wide = sparse.csr_array(np.array([[0.5, 0.5], [0, 1.0 * dropped]]))
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    mdp = FiniteMDP(wide, [1.0, 0.0], terminal=[1])
    assert mdp.transitions.indices.dtype == mdp.transitions.indptr.dtype == np.int32
    assert wide.indices.dtype == np.int64
    for policy in (np.ones((2, 1)), np.zeros(2, int)):
        moved = policy_matrix(mdp, policy)
        assert moved.indices.dtype == moved.indptr.dtype == np.int32


def test_a_large_ring_stays_sparse():
    n = 200_000
    ring = sparse.csr_array((np.ones(n), np.roll(np.arange(n), -1), np.arange(n + 1)), shape=(n, n))
    mdp = FiniteMDP(ring, np.zeros(n), terminal=[0], discount=1.0)
    assert mdp.transitions.nnz == n - 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"transitions": [[0.5, 0.4], [0, 1]]}, "of state 0, action 0 sum to 0.9"),
        ({"transitions": [[1.5, -0.5], [0, 1]]}, "hold -0.5 for state 0, action 0"),
        ({"transitions": [[np.nan, 0.5], [0, 1]]}, "hold nan for state 0, action 0"),
        ({"transitions": [1.0, 2.0]}, "have shape"),
        ({"transitions": np.zeros((3, 2))}, "3 rows and 2 columns"),
        ({"transitions": np.zeros((2, 2))}, "every state is terminal"),
        ({"terminal": []}, "state 1 has no available action and is not terminal"),
        ({"terminal": [2]}, "not from 0 to 1"),
        ({"terminal": [True]}, "a mask has one entry for each of 2"),
        ({"rewards": [1, 2, 3]}, "rewards have shape"),
        ({"rewards": [1, np.inf]}, "infinite or missing"),
        ({"discount": 1.1}, "discount=1.1 is not a number from 0 to 1"),
        ({"discount": np.nan}, "discount=nan"),
        ({"discount": "0.9"}, "discount='0.9' is not a number"),
        ({"horizon": 0}, "at least one step"),
        ({"horizon": np.inf}, "horizon=inf is not a whole number of steps; None is"),
        ({"horizon": "3"}, "horizon='3'"),
        ({"terminal": np.array([1, 1])}, "give each state once, or a mask of bool"),
        ({"horizon": 2.5}, "whole number"),
        ({"initial": 5}, "not a state from 0 to 1"),
        ({"initial": [0.5, 0.4]}, "sums to 0.9"),
        ({"initial": [1.0]}, "give a probability for each of 2"),
        ({"state_names": ["a"]}, "1 names for 2 states"),
        ({"state_names": ["a", "a"]}, "two states 'a'"),
        ({"grid": (2, 2)}, "more cells"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(change, words):
    good = {"transitions": [[0.5, 0.5], [0, 0]], "rewards": [0.0, 0.0]}
    given = {**good, **change}
    with pytest.raises(InputError, match=words) as told:
        FiniteMDP(given.pop("transitions"), given.pop("rewards"), **given)
    assert "\n" not in str(told.value)
