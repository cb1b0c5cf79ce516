import numpy as np
import pytest

from alignlab.datasets.questions import Answer, Query
from alignlab.datasets.trajectories import Trajectory
from alignlab.values.learning.environments import Environments
from alignlab.values.learning.learned_reward import LearnedReward
from alignlab.values.learning.policies import Policy
from alignlab.values.learning.rounds import (
    _best_pairs,
    _foretold,
    _pairs,
    asked_in_round,
    next_questions,
    seed_for,
)
from alignlab.values.learning.runs import Run, Settings


def settings(**changes):
    given = {
        "comparisons": 10,
        "segment_length": 20,
        "policy_steps": 100,
        "rounds": 4,
        "rollout_steps": 400,
        "query_selection": "random",
        "members": 2,
        "reward_epochs": 1,
        "evaluation_episodes": 2,
        "episode_length": None,
        "level": 0.95,
        "seed": 0,
        "environment": "CartPole-v1",
        "observations": "",
        "actions": "",
    }
    return Settings(**{**given, **changes})


def linear(*slopes):
    """One member a slope: it pays slope times the only number of the observation."""
    weight = np.array([[[slope], [0.0]] for slope in slopes])
    n = len(slopes)
    arrays = {
        "weight.0": weight,
        "bias.0": np.zeros((n, 1, 1)),
        "centre": np.zeros(2),
        "spread": np.ones(2),
        "shift": np.zeros(n),
        "scale": np.ones(n),
    }
    return LearnedReward(arrays, 0, 0, 1)


def step(value):
    return Trajectory([[value], [0.0]], [[0.0]])


def test_questions_and_steps_are_shared_out_evenly_and_completely():
    rounds = [asked_in_round(settings(), at) for at in range(4)]
    assert rounds == [(0, 2), (2, 5), (5, 7), (7, 10)]


def test_purposes_and_rounds_have_chance_of_their_own():
    seeds = {seed_for(settings(), purpose, at) for purpose in ("watch", "learn") for at in range(5)}
    assert len(seeds) == 10
    assert seed_for(settings(seed=1), "watch") != seed_for(settings(), "watch")


@pytest.mark.parametrize("selection", ["disagreement", "information gain"])
def test_the_best_pairs_by_hand(selection):
    # Members pay x and -x: of the pair (0, v) they differ the more, the larger v.
    pairs = [(step(0.0), step(value)) for value in (0.1, 3.0, 0.0, -2.0)]
    assert _best_pairs(pairs, linear(1.0, -1.0), 2, selection) == [pairs[1], pairs[3]]
    # Where all agree nothing is disputed, however large the difference.
    pairs = [(step(0.0), step(9.0)), (step(0.0), step(0.5))]
    assert _best_pairs(pairs, linear(2.0, 1.0), 1, selection) == [pairs[1]]


def test_what_a_reward_foretells_is_counted_without_ties_and_skips():
    queries = [Query(at, step(0.0), step(value)) for at, value in enumerate((1.0, 1.0, -1.0, 2.0))]
    here = list(zip(queries, [1.0, 0.0, 0.5, None], strict=True))
    share = _foretold(linear(1.0), here, 0.95)
    assert (share.value, share.n) == (0.5, 2)
    assert share.low < 0.1
    assert share.high > 0.9
    assert _foretold(None, here, 0.95) is None
    assert _foretold(linear(1.0), here[2:], 0.95) is None


def test_what_a_reward_cannot_tell_is_half_foretold():
    alike = Query(0, step(1.0), step(1.0))
    for said in (0.0, 1.0):
        assert _foretold(linear(1.0), [(alike, said)] * 4, 0.95).value == 0.5


def test_a_pair_is_not_asked_about_twice_while_there_are_others():
    walk = Trajectory(np.arange(7), np.zeros(6, int), ended=True)
    some = settings(segment_length=3)

    def keys(pairs):
        return [frozenset(s.states.tobytes() for s in pair) for pair in pairs]

    # Six segments make fifteen pairs.
    for seed in range(5):
        first = _pairs([walk], [], 12, some, np.random.default_rng(seed))
        assert len(set(keys(first))) == 12
        before = [Query(at, *pair) for at, pair in enumerate(first)]
        more = _pairs([walk], before, 2, some, np.random.default_rng(seed))
        assert not set(keys(more)) & set(keys(first))
    # There are no more: some are asked about again, and none with itself.
    many = _pairs([walk], before, 20, some, np.random.default_rng(0))
    assert len(many) == 20
    assert all(len(key) == 2 for key in keys(many))


@pytest.mark.parametrize("selection", ["random", "disagreement"])
def test_questions_go_on_counting_and_are_the_same_each_time(selection):
    environments = Environments("CartPole-v1")
    policy = Policy("PPO", {}, 2, 0, {})
    run = Run(settings(query_selection=selection), policy)
    first = next_questions(run, environments)
    assert [query.number for query in first] == [0, 1]
    assert [q.id for q in first] == [q.id for q in next_questions(run, environments)]
    assert all(query.asked.endswith("+00:00") for query in first)
    more = Run(
        run.settings, policy, None, first, tuple(Answer(q.id, 1.0) for q in first), ("over",)
    )
    assert [query.number for query in next_questions(more, environments)] == [2, 3, 4]


def test_new_behaviour_is_compared_with_old():
    walk = Trajectory(np.arange(41.0)[:, None], np.zeros((40, 1)))
    old = [Query(at, step(-1.0), step(-2.0)) for at in range(3)]
    some = settings(segment_length=5)
    pairs = _pairs([walk], old, 20, some, np.random.default_rng(0))
    beside = [[float(side.states[0, 0]) < 0 for side in pair] for pair in pairs]
    assert len(pairs) == 20
    assert [any(pair) for pair in beside] == [True, False] * 10
    # Either may be shown first.
    assert {tuple(pair) for pair in beside[::2]} == {(True, False), (False, True)}
    assert not any(
        map(
            any,
            [
                [s.states[0, 0] < 0 for s in pair]
                for pair in _pairs([walk], [], 9, some, np.random.default_rng(0))
            ],
        )
    )
