from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards.steps import Steps, require_same_process, reward_scale


@pytest.mark.parametrize("form", ["s", "sa", "sas"])
def test_every_form_pays_what_its_dense_form_says(worlds, form):
    process = worlds.process(3, form=form)
    steps = Steps(process)
    S, A = process.n_states, process.n_actions
    given = process.rewards
    dense = given.toarray().reshape(S, A, S) if form == "sas" else None
    for row, (s, a, t) in enumerate(zip(steps.source, steps.action, steps.target, strict=True)):
        assert process.transitions[[s * A + a], [t]][0] > 0
        expected = {"s": lambda s, a, t: given[s], "sa": lambda s, a, t: given[s, a]}.get(
            form, lambda s, a, t: dense[s, a, t]
        )(s, a, t)
        assert steps.paid(given)[row] == expected


def test_sparse_rewards_need_not_be_stored_like_the_transitions(worlds):
    process = worlds.process(4)
    steps = Steps(process)
    wide = process.rewards.toarray()
    wide[wide == 0] = 99.0  # on steps that cannot happen
    assert np.array_equal(steps.paid(sparse.csr_array(wide)), steps.paid(process.rewards))
    half = process.rewards.copy()
    half.data[::2] = 0
    half.eliminate_zeros()
    assert np.count_nonzero(steps.paid(half)) == half.nnz
    assert not steps.paid(sparse.csr_array(wide.shape)).any()
    twice = sparse.coo_array(
        (np.tile(process.rewards.data, 2), np.tile(process.rewards.tocoo().coords, 2)), wide.shape
    ).tocsr()
    assert steps.paid(twice) == pytest.approx(2 * steps.paid(process.rewards))


def test_paid_and_as_rewards_are_inverse(worlds):
    steps = Steps(worlds.process(5))
    paid = np.arange(len(steps.row), dtype=float)
    assert np.array_equal(steps.paid(steps.as_rewards(paid)), paid)


def test_the_scale_of_nothing_is_one():
    assert reward_scale(np.zeros(3)) == 1.0
    assert reward_scale(np.array([1.0]), np.array([-3.0])) == 3.0


def test_what_else_differs_is_named(worlds):
    first = worlds.process(1)
    require_same_process(first, first.with_rewards(np.zeros(6)))
    moved = first.transitions.copy()
    row = int(np.flatnonzero(np.diff(moved.indptr) == 2)[0])
    moved.data[moved.indptr[row] : moved.indptr[row + 1]] = [0.25, 0.75]
    state, action = divmod(row, first.n_actions)
    others = {
        "original has 6 states and 3 actions, shaped 5 and 3": worlds.process(1, 5),
        "original has discount=0.9, shaped discount=0.5": first.replace(discount=0.5),
        "original has horizon=None, shaped horizon=4": first.replace(horizon=4),
        "state 5 is terminal in only one": worlds.process(1, ends=0),
        f"move differently from state {state} under action {action}": FiniteMDP(
            moved, first.rewards, discount=0.9
        ),
    }
    for message, other in others.items():
        with pytest.raises(InputError, match=message) as caught:
            require_same_process(first, other)
        assert "\n" not in str(caught.value)
