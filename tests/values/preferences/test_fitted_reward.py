from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError
from alignlab.values.preferences import NetworkTraining, fit_reward, load_reward
from alignlab.values.preferences.fitted_reward import log_answers


def data(ties=0.0, n=300, seed=0, **names):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, 2))
    first = rng.integers(0, 12, n)
    second = (first + rng.integers(1, 12, n)) % 12
    gap = (rows[first] - rows[second]) @ [1.0, -1.0]
    said = (rng.random(n) > 1 / (1 + np.exp(-gap))).astype(float)
    said[rng.random(n) < ties] = 0.5
    return PreferenceDataset.from_pairs(rows, first, second, said, **names)


def test_probabilities_by_hand():
    made = np.exp(log_answers([0.7, 0.0], [-0.4, 0.0], [0.3, -np.inf]))
    odds = np.exp([0.7, 0.15 + 0.3, -0.4])
    assert made[0] == pytest.approx(odds / odds.sum())
    assert made[1] == pytest.approx([0.5, 0, 0.5])


def test_a_preference_is_between_two_items_and_ties_count_half():
    reward = fit_reward(data(ties=0.3), model="linear", holdout=0)
    rows = np.random.default_rng(1).normal(size=(5, 2))
    one = reward.preference_probability(rows, rows[::-1])
    assert one + one[::-1] == pytest.approx(1)
    u = rows @ reward.weights[0]
    logs = log_answers(u, u[::-1], reward.tie_logs[0, 0])
    assert one == pytest.approx(np.exp(logs[:, 0]) + np.exp(logs[:, 1]) / 2)
    with pytest.raises(InputError, match="There are 5 first and 2 second"):
        reward.preference_probability(rows, rows[:2])


def test_uncertainty_is_of_the_difference_to_the_mean_item():
    made = data()
    reward = fit_reward(made, model="linear", holdout=0)
    mean = made.items[np.unique(made.members)].mean(axis=0)
    assert reward.uncertainty(mean[None])[0] == pytest.approx(0, abs=1e-12)
    drawn = reward.sample_utilities(made.items, n=20_000)
    drawn = drawn - drawn.mean(axis=1, keepdims=True)
    assert drawn.std(axis=0) == pytest.approx(reward.uncertainty(made.items), rel=0.05)


def test_scores_are_asked_for_by_position():
    reward = fit_reward(data(), holdout=0)
    assert reward.predict([3, 1]).tolist() == reward.predict()[[3, 1]].tolist()
    assert reward.uncertainty([3]) == pytest.approx(np.sqrt(reward.covariance[3, 3]))
    assert reward.sample_utilities([2, 3], n=7).shape == (7, 2)
    with pytest.raises(InputError, match="Scores are of the items 0 to 11"):
        reward.predict([12])


def test_step_rewards_sum_to_the_utility():
    walks = [
        Trajectory([0, 1, 1], [0, 0]),
        Trajectory([1, 0, 0], [0, 0]),
        Trajectory([1, 1, 0], [0, 1]),
    ]
    pairs = PreferenceDataset.from_pairs(walks, [0, 1, 2, 0], [1, 2, 0, 2], [0, 1, 0, 0])
    reward = fit_reward(pairs, model="linear", holdout=0)
    assert reward.step_rewards(walks[0]).sum() == pytest.approx(reward.predict(walks[:1])[0])
    with pytest.raises(InputError, match="has no rewards of steps"):
        fit_reward(data(), holdout=0).step_rewards(walks[0])
    with pytest.raises(InputError, match="a reward of rows: it has no rewards of steps"):
        fit_reward(data(), model="linear", holdout=0).step_rewards(walks[0])


def test_it_is_told_as_words_values_a_table_and_a_chart():
    reward = fit_reward(data(annotators=np.arange(300) % 2), annotators="reliability")
    assert repr(reward).startswith("<FittedReward scores; comparisons: ")
    assert "held-out accuracy" in repr(reward)
    told = json.loads(json.dumps(reward.to_dict()))
    assert told["held_out"]["accuracy"]["n"] == reward.held_out.accuracy.n > 10
    assert told["held_out"]["n_decided"] == reward.held_out.n_decided
    assert told["reliabilities"][0]["annotator"] == "0"
    frame = reward.to_frame()
    assert list(frame.columns) == ["name", "value", "low", "high"]
    assert frame["value"].is_monotonic_decreasing
    chart = reward.chart(most=5)
    assert len(chart.table.rows) == 5
    assert chart.table.rows[0][0] == frame["name"][0]
    weights = fit_reward(data(), model="linear", feature_names=["speed", "cost"])
    assert [row[0] for row in weights.chart().table.rows] == ["speed", "cost"]


def test_a_network_is_told_by_how_it_does():
    training = NetworkTraining(hidden=(4,), epochs=1)
    reward = fit_reward(data(), model="network", training=training)
    assert reward.chart().table.rows[0][0] == "the reward"
    assert np.isnan(reward.uncertainty(np.zeros((2, 2)))).all()
    with pytest.raises(InputError, match="A network has no table of weights"):
        reward.to_frame()
    blind = fit_reward(data(), model="network", training=training, holdout=0)
    with pytest.raises(InputError, match="nothing to draw"):
        blind.chart()
    with pytest.raises(InputError, match="Give the items"):
        blind.predict()


def test_differences_that_are_told_have_an_error_where_weights_have_none():
    """How often each of three states is met sums to the length: no weight is told, and no matter.

    The same reward without one of the indicators is identified; its errors are these.
    """
    rng = np.random.default_rng(0)
    counts = rng.multinomial(10, [0.2, 0.3, 0.5], size=30).astype(float)
    first = rng.integers(0, 30, 300)
    second = (first + rng.integers(1, 30, 300)) % 30
    gap = (counts[first] - counts[second]) @ [0.0, 0.3, 0.5]
    said = (rng.random(300) > 1 / (1 + np.exp(-gap))).astype(float)
    options = {"model": "linear", "holdout": 0}
    all_of = fit_reward(PreferenceDataset.from_pairs(counts, first, second, said), **options)
    two_of = fit_reward(PreferenceDataset.from_pairs(counts[:, 1:], first, second, said), **options)
    assert all(np.isinf(each.high) for each in all_of.estimates)
    assert all_of.uncertainty(counts) == pytest.approx(two_of.uncertainty(counts[:, 1:]), rel=1e-6)
    assert np.isinf(all_of.uncertainty(np.add(counts, [1.0, 0.0, 0.0]))).all()
    assert all_of.sample_utilities(counts, n=4_000).std(axis=0) == pytest.approx(
        two_of.uncertainty(counts[:, 1:]), rel=0.1
    )


@pytest.mark.parametrize("ensemble", [1, 4])
def test_what_is_not_told_is_kept_in_a_file(ensemble, tmp_path):
    made = data()
    wide = PreferenceDataset(
        np.column_stack([made.items, np.full(12, 0.3)]), made.members, made.ranks, made.starts
    )
    reward = fit_reward(wide, model="linear", holdout=0, ensemble=ensemble)
    reward.save(tmp_path / "reward.npz")
    for each in (reward, load_reward(tmp_path / "reward.npz")):
        assert np.isinf(each.uncertainty([[0.0, 0.0, 1.0], [0.0, 0.0, 0.3]])).tolist() == [
            True,
            False,
        ]
        apart = np.diff(each.sample_utilities([[0.0, 0.0, 0.3], [0.0, 0.0, 1.3]], n=4_000))
        assert np.ptp(apart) > 1
