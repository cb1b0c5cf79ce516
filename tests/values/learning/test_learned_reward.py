import numpy as np
import pytest
import torch

from alignlab.datasets import PreferenceDataset
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.values.learning.learned_reward import fit_learned_reward

LENGTH = 10


def walks(n, *, seed=0, ends=False):
    """Vectors whose first number pays, in segments that end early where `ends`."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        steps = int(rng.integers(1, LENGTH + 1)) if ends else LENGTH
        states = rng.normal(size=(steps + 1, 2)) + rng.normal(size=2)
        actions = rng.integers(2, size=steps)
        made.append(Trajectory(states, actions, None, steps < LENGTH))
    return made


def compared(items, utilities):
    first, second = np.arange(0, len(items), 2), np.arange(1, len(items), 2)
    preferred = (1 + np.sign(utilities[second] - utilities[first])) / 2
    return PreferenceDataset.from_pairs(items, first, second, preferred)


def test_a_linear_reward_is_found_up_to_its_scale():
    items = walks(600)
    true = np.array([w.states[:-1, 0].sum() - 2 * w.actions.sum() for w in items])
    reward = fit_learned_reward(compared(items, true), segment_length=LENGTH, n_actions=2)
    new = walks(200, seed=1)
    true = np.array([w.states[:-1, 0].sum() - 2 * w.actions.sum() for w in new])
    # Only order and scale within equal times are known: correlation, not difference.
    assert np.corrcoef(reward.returns(new), true)[0, 1] > 0.97
    states = np.zeros((2, 2))
    paid = reward(states, [0, 1])
    assert paid[0] > paid[1]


@pytest.mark.parametrize("sign", [1, -1])
def test_what_ending_is_worth_is_learned_from_answers(sign):
    # Every step is worth the same and nothing can be seen of it: only how long it lasted counts.
    items = walks(300, ends=True)
    true = sign * np.array([float(len(w)) for w in items])
    reward = fit_learned_reward(compared(items, true), segment_length=LENGTH, n_actions=2)
    steps = np.concatenate([w.states[:-1] for w in items])
    paid = reward(steps, np.concatenate([w.actions for w in items]))
    # The true reward is a constant, of which the root mean square is the unit.
    assert np.mean(sign * paid > 0) == 1
    assert abs(np.mean(sign * paid) - 1) < 0.05


def test_the_pay_is_scaled_and_not_shifted():
    items = walks(100, ends=True)
    true = np.array([float(len(w)) for w in items])
    reward = fit_learned_reward(
        compared(items, true), segment_length=LENGTH, n_actions=2, members=1
    )
    steps = np.concatenate([w.states[:-1] for w in items])
    paid = reward(steps, np.concatenate([w.actions for w in items]))
    assert np.sqrt(np.mean(paid**2)) == pytest.approx(1, abs=1e-5)
    raw = reward.utilities(items)[0] * np.sqrt(LENGTH) / reward.arrays["scale"][0]
    sums = np.bincount(np.repeat(np.arange(100), [len(w) for w in items]), paid)
    assert np.allclose(raw, sums, atol=1e-5)
    assert np.allclose(reward.returns(items), sums, atol=1e-5)


def test_a_constant_that_no_answer_speaks_of_is_taken_out():
    items = walks(100)
    true = np.array([w.states[:-1, 0].sum() for w in items])
    reward = fit_learned_reward(compared(items, true), segment_length=LENGTH, n_actions=2)
    steps = np.concatenate([w.states[:-1] for w in items])
    paid = reward(steps, np.concatenate([w.actions for w in items]))
    assert abs(paid.mean()) < 1e-6
    assert np.allclose(
        reward.returns(items), np.bincount(np.repeat(np.arange(100), LENGTH), paid), atol=1e-6
    )


def test_members_differ_in_their_weights_and_their_data():
    items = walks(40)
    data = compared(items, np.array([w.states[:-1, 0].sum() for w in items]))
    reward = fit_learned_reward(data, segment_length=LENGTH, n_actions=2, members=3)
    u = reward.utilities(items)
    assert u.shape == (3, 40)
    assert np.abs(u[0] - u[1]).max() > 1e-3


def test_numbered_states_and_vector_actions():
    rng = np.random.default_rng(0)
    items = [Trajectory(rng.integers(3, size=6), rng.normal(size=(5, 2))) for _ in range(200)]
    true = np.array([(w.states[:-1] == 2).sum() + w.actions[:, 1].sum() for w in items])
    reward = fit_learned_reward(compared(items, true), segment_length=5, n_states=3)
    assert np.corrcoef(reward.returns(items), true)[0, 1] > 0.9
    paid = reward([0, 2], np.zeros((2, 2)))
    assert paid[1] > paid[0]


def test_the_same_seed_gives_the_same_reward_and_the_callers_chance_is_left_alone():
    items = walks(20)
    data = compared(items, np.array([w.states[:-1, 0].sum() for w in items]))
    before = torch.random.get_rng_state()
    one, two, three = (
        fit_learned_reward(data, segment_length=LENGTH, n_actions=2, epochs=2, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(one.returns(items), two.returns(items))
    assert not np.array_equal(one.returns(items), three.returns(items))


def test_only_trajectories_have_steps():
    data = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1])
    with pytest.raises(InputError, match="from trajectories, not from texts"):
        fit_learned_reward(data, segment_length=1)
