"""A process as an environment passes Gymnasium's own checker and behaves as the process does."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, solve


@pytest.mark.parametrize("horizon", [None, 3])
def test_gymnasiums_checker_has_nothing_to_say(random_mdp, horizon):
    check_env(random_mdp(0, horizon=horizon).to_gymnasium())


def test_there_and_back_is_the_same_process(random_mdp):
    mdp = random_mdp(1)
    for process in (mdp, mdp.with_rewards(mdp.on_arrival(np.arange(6.0)))):
        again = FiniteMDP.from_gymnasium(process.to_gymnasium(), discount=mdp.discount)
        assert np.array_equal(again.transitions.toarray(), mdp.transitions.toarray())
        assert np.array_equal(again.terminal, mdp.terminal)
        assert again.expected_rewards == pytest.approx(process.expected_rewards, abs=1e-14)
        assert again.initial == pytest.approx(mdp.initial)


def test_its_mean_return_is_the_value(random_mdp):
    mdp = random_mdp(2, discount=0.8).with_initial(0)
    best, environment = solve(mdp), mdp.to_gymnasium()
    state, _ = environment.reset(seed=0)
    returns = []
    for _ in range(2_000):
        total, weight, ended = 0.0, 1.0, False
        while not ended:
            state, paid, ended, late, info = environment.step(int(best.policy[state]))
            assert not late
            assert info["action_mask"].tolist() == mdp.available[state].astype(int).tolist()
            total, weight = total + weight * paid, weight * 0.8
        returns.append(total)
        state, _ = environment.reset()
    error = 4 * np.std(returns) / np.sqrt(len(returns))
    assert np.mean(returns) == pytest.approx(best.values[0], abs=error)


def test_the_horizon_truncates_and_an_end_terminates(chain):
    environment = chain(2, 0.9, horizon=1).to_gymnasium()
    environment.reset(seed=0)
    assert environment.step(0)[2:4] == (False, True)
    environment = chain(1, 0.9, horizon=1).to_gymnasium()
    environment.reset(seed=0)
    assert environment.step(0)[2:4] == (True, False)


def test_an_action_that_is_not_available_changes_nothing():
    chances = np.array([[[0, 0], [0, 1.0]], [[0, 0], [0, 0]]])
    environment = FiniteMDP(chances, [9.0, 0.0]).to_gymnasium()
    _, info = environment.reset(seed=0)
    assert info["action_mask"].tolist() == [0, 1]
    assert environment.step(0)[:3] == (0, 0.0, False)
    assert environment.step(1)[:3] == (1, 9.0, True)


def test_bad_use_is_said_in_one_line(chain):
    environment = chain(1, 0.9).to_gymnasium()
    with pytest.raises(InputError, match="call reset first"):
        environment.step(0)
    environment.reset()
    with pytest.raises(InputError, match="action=4 is not a whole number from 0 to 0"):
        environment.step(4)
