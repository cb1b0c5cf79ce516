from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError
from alignlab.values.preferences import NetworkTraining, fit_reward, reward_models


def walks(seed=0, n_items=60, n=600, same_length=True):
    """Pairs of flights in which a step is worth |x|: nothing that is linear in x."""
    rng = np.random.default_rng(seed)
    lengths = np.full(n_items, 5) if same_length else rng.integers(2, 8, n_items)
    items = [Trajectory(rng.normal(size=(t + 1, 1)), np.zeros((t, 1))) for t in lengths]
    worth = np.array([np.abs(each.states[:-1]).sum() for each in items])
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    gap = 2 * (worth[first] - worth[second])
    said = (rng.random(n) > 1 / (1 + np.exp(-gap))).astype(float)
    return PreferenceDataset.from_pairs(items, first, second, said), worth


def test_a_network_learns_what_no_linear_reward_can():
    data, worth = walks()
    training = NetworkTraining(hidden=(32,), epochs=40)
    network = fit_reward(data, model="network", training=training, ensemble=2)
    linear = fit_reward(data, model="linear")
    assert network.held_out.accuracy.low > linear.held_out.accuracy.value + 0.1
    assert np.corrcoef(network.predict(data.items), worth)[0, 1] > 0.9
    assert network.held_out.log_loss.high < network.held_out.null_log_loss.value
    steps = network.step_rewards(data.items[0])
    assert steps.shape == (5,)
    assert steps.sum() == pytest.approx(network.predict(data.items[:1])[0])
    assert "the mean over the steps is set to 0" in " ".join(network.notes)
    every = np.concatenate([network.step_rewards(each) for each in data.items])
    assert every.mean() == pytest.approx(0, abs=0.05)
    assert (network.uncertainty(data.items) > 0).all()


def test_a_network_of_the_persons_own_is_used():
    data, _ = walks(n=60)
    module = torch.nn.Linear(1, 1)
    before = module.weight.detach().clone()
    reward = fit_reward(data, model=module, training=NetworkTraining(epochs=1))
    assert torch.equal(module.weight, before)
    assert isinstance(reward.networks.members[0], torch.nn.Linear)


def test_what_is_held_out_is_not_fitted_to():
    data, _ = walks()
    reward = fit_reward(data, model="linear", holdout=0.25, seed=3)
    train, held_out, _ = data.split(
        0.25, seed=np.random.default_rng(np.random.SeedSequence([3, *words("reward", "holdout")]))
    )
    assert reward.n_comparisons == len(train)
    assert reward.held_out.n_pairs == len(held_out)
    alone = fit_reward(train, model="linear", holdout=0)
    assert reward.weights == pytest.approx(alone.weights, abs=1e-9)


def words(*purpose):
    return [int.from_bytes(word.encode(), "big") for word in purpose]


def test_rows_texts_and_rankings():
    rng = np.random.default_rng(0)
    texts = [" ".join(["word"] * k) for k in rng.integers(1, 40, 30)]
    length = np.array([len(each) for each in texts])
    shown = [rng.permutation(30)[:4].tolist() for _ in range(80)]
    ranks = [(-length[each] / 20 + rng.gumbel(size=4)).tolist() for each in shown]
    data = PreferenceDataset.from_rankings(texts, shown, ranks)
    reward = fit_reward(
        data, model="linear", features=lambda given: [[len(each)] for each in given]
    )
    assert reward.estimates[0].low > 0
    assert "Preferring the longer item predicts" in " ".join(reward.notes)
    assert reward.held_out.longer_wins.value > 0.7
    assert reward.held_out.length_correlation == pytest.approx(1)


def test_few_comparisons_are_all_fitted_to():
    data = PreferenceDataset.from_pairs("abc", [0, 1, 2], [1, 2, 0], [0, 0, 0])
    reward = fit_reward(data)
    assert reward.held_out is None
    assert "Nothing is held out" in reward.notes[0]
    assert reward.predict() == pytest.approx(0, abs=1e-12)


def test_the_same_seed_gives_the_same_reward():
    data, _ = walks(n=100)
    options = {"model": "network", "training": NetworkTraining(epochs=2), "ensemble": 2}
    one, two = (fit_reward(data, seed=5, **options).predict(data.items) for _ in range(2))
    assert np.array_equal(one, two)


GOOD = PreferenceDataset.from_pairs([[0.0], [1.0]], [0, 0], [1, 1], [0, 1])


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        ([1, 2], {}, "preferences are a list"),
        (GOOD, {"model": "liner"}, "Did you mean 'linear'"),
        (GOOD, {"model": 3}, "model is a int"),
        (GOOD, {"ties": "half "}, "Did you mean 'half'"),
        (GOOD, {"annotators": "reliabilty"}, "Did you mean 'reliability'"),
        (GOOD, {"annotators": "reliability"}, "needs to know who made each comparison"),
        (GOOD, {"ensemble": 0}, "ensemble=0 is not a whole number from 1"),
        (GOOD, {"regularization": -1}, "regularization=-1 is not a finite number from 0"),
        (GOOD, {"holdout": 1}, "holdout=1 is not between 0 and 1"),
        (GOOD, {"model": "linear", "normalise": "length"}, "for trajectories; the items are rows"),
        (PreferenceDataset.from_pairs("ab", [], [], []), {}, "There are 0 comparisons"),
    ],
)
def test_what_cannot_be_fitted_is_said(data, options, says):
    with pytest.raises(InputError, match=says):
        fit_reward(data, **options)


def test_reliabilities_are_not_for_networks():
    data = PreferenceDataset.from_pairs([[0.0], [1.0]], [0], [1], [0], annotators=["x"])
    with pytest.raises(InputError, match="is for one set of scores or weights"):
        fit_reward(data, model="network", annotators="reliability")


def test_a_question_given_twice_in_other_places_is_held_out_once():
    """Texts given pair by pair: a reward of features would know the answer from training."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 8, 300)
    second = (first + rng.integers(1, 8, 300)) % 8
    texts = [f"text {'long ' * at}" for pair in zip(first, second, strict=True) for at in pair]
    said = rng.integers(0, 2, 300)
    data = PreferenceDataset.from_pairs(texts, np.arange(0, 600, 2), np.arange(1, 600, 2), said)
    train, held, _ = reward_models._split(data, 0.2, 0, by_content=True)

    def asked(part):
        return {frozenset(part.items[at] for at in pair) for pair in part.members.reshape(-1, 2)}

    assert len(train) + len(held) == 300
    assert not asked(train) & asked(held)
    reward = fit_reward(data, model="linear", regularization=0.25)
    assert reward.held_out.n_pairs == len(held)
    assert reward.held_out.accuracy.n == len(asked(held))
    # To scores of their own, items in two places are two items.
    train, held, _ = reward_models._split(data, 0.2, 0, by_content=False)
    assert asked(train) & asked(held)
