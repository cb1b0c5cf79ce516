from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr, expit

from alignlab.datasets import PreferenceDataset
from alignlab.errors import InputError
from alignlab.values.preferences import fit_reward, information, queries, select_queries
from alignlab.values.preferences.queries import _greedy


def fitted(seed=0, n=12, **options):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(15, 3))
    first = rng.integers(0, 15, n)
    second = (first + rng.integers(1, 15, n)) % 15
    said = rng.integers(0, 2, n).astype(float)
    data = PreferenceDataset.from_pairs(rows, first, second, said)
    options = {"model": "linear", "holdout": 0, "regularization": 0.5, **options}
    return fit_reward(data, **options), rows


def joint_information(chance):
    """Information between all answers to some pairs and the draw, by every way to answer them."""
    total, n = 0.0, chance.shape[1]
    for answers in np.ndindex(*(2,) * n):
        each = np.prod(np.where(np.array(answers) == 0, chance, 1 - chance), axis=1)
        total += entr(each.mean()) - entr(each).mean()
    return total


@settings(deadline=None)
@given(st.integers(0, 999))
def test_information_is_the_definition(seed):
    chance = expit(np.random.default_rng(seed).normal(size=(7, 4)) * 3)
    expected = [joint_information(chance[:, [k]]) for k in range(4)]
    assert information(chance) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 999))
def test_a_batch_is_the_greedy_one_by_brute_force(seed):
    chance = expit(np.random.default_rng(seed).normal(size=(9, 7)) * 3)
    taken, added = _greedy(chance, 4, np.random.default_rng(0))
    mine: list[int] = []
    for step in range(4):
        worth = {k: joint_information(chance[:, [*mine, k]]) for k in range(7) if k not in mine}
        before = joint_information(chance[:, mine]) if mine else 0.0
        assert added[step] == pytest.approx(max(worth.values()) - before, abs=1e-10)
        assert worth[int(taken[step])] == pytest.approx(max(worth.values()), abs=1e-10)
        mine.append(int(taken[step]))


def test_drawn_histories_are_near_all_of_them(monkeypatch):
    chance = expit(np.random.default_rng(3).normal(size=(50, 40)) * 2)
    exact = _greedy(chance, 7, np.random.default_rng(0))
    monkeypatch.setattr(queries, "HISTORIES", 40)
    some = _greedy(chance, 7, np.random.default_rng(0))
    assert some[0][:5].tolist() == exact[0][:5].tolist()
    assert some[1] == pytest.approx(exact[1], abs=0.03)
    assert joint_information(chance[:, some[0]]) > 0.97 * joint_information(chance[:, exact[0]])


def test_a_question_is_not_asked_in_other_words(monkeypatch):
    """Each of eight questions is there three times; drawn histories know which are answered."""
    monkeypatch.setattr(queries, "HISTORIES", 16)
    sure = np.random.default_rng(0).random((200, 8)) < 0.5
    chance = np.tile(np.where(sure, 0.98, 0.02), 3)
    taken, added = _greedy(chance, 8, np.random.default_rng(0))
    assert sorted((taken % 8).tolist()) == list(range(8))
    assert (added > 0.3).all()


@pytest.mark.parametrize("method", ["information gain", "disagreement", "batch"])
def test_the_best_pair_is_the_best_of_all(method):
    reward, rows = fitted()
    made = select_queries(reward, rows, 1, method=method, seed=4)
    rng = queries.as_generator(4, "preferences", "queries")
    drawn = reward.sample_utilities(rows, n=queries.DRAWS, seed=rng)
    every = list(combinations(range(15), 2))
    chance = expit(np.array([drawn[:, a] - drawn[:, b] for a, b in every]).T)
    worth = chance.var(axis=0) if method == "disagreement" else information(chance)
    assert {int(made.first[0]), int(made.second[0])} == set(every[int(worth.argmax())])
    assert made.score[0] == pytest.approx(worth.max())


@pytest.mark.parametrize("method", ["information gain", "disagreement", "batch", "random"])
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 99), n=st.integers(1, 12))
def test_pairs_are_new_and_of_two_items(method, seed, n):
    reward, rows = fitted()
    exclude = [(0, 1), (3, 2)]
    made = select_queries(reward, rows[:5], n, method=method, exclude=exclude, seed=seed)
    sets = [frozenset(pair) for pair in zip(made.first.tolist(), made.second.tolist(), strict=True)]
    assert len(made) == min(n, 8)
    assert all(len(each) == 2 for each in sets)
    assert len(set(sets)) == len(sets)
    assert not {frozenset((0, 1)), frozenset((2, 3))} & set(sets)
    again = select_queries(reward, rows[:5], n, method=method, exclude=exclude, seed=seed)
    assert made.first.tolist() == again.first.tolist()


def test_who_is_shown_first_is_drawn():
    reward, rows = fitted()
    made = select_queries(reward, rows, 60, method="information gain")
    assert 15 < np.sum(made.first < made.second) < 45
    assert list(made.to_frame().columns) == ["first", "second", "score"]
    assert np.all(np.diff(made.score) <= 0)


def test_many_candidates_are_sampled(monkeypatch):
    monkeypatch.setattr(queries, "MOST_PAIRS", 50)
    reward, rows = fitted()
    made = select_queries(reward, rows, 60, method="random")
    assert (
        len({frozenset(p) for p in zip(made.first.tolist(), made.second.tolist(), strict=True)})
        == 60
    )


def test_an_ensemble_and_scores_choose_too():
    reward, rows = fitted(n=60, ensemble=6)
    made = select_queries(reward, rows, 3)
    assert len(made) == 3
    scores, _ = fitted(n=60, model="scores")
    assert len(select_queries(scores, n=4)) == 4
    assert select_queries(scores, [3, 7], n=4).first.tolist() in ([0], [1])


def learned(method, seed, *, rounds, batch):
    """Return how many of many pairs are ordered as by the true weights, after some answers."""
    rng = np.random.default_rng(seed)
    rows, true = rng.normal(size=(40, 5)), rng.normal(size=5)
    test = rng.normal(size=(2, 4_000, 5))
    first, second, said = [], [], []

    def ask(one, two):
        gap = (rows[one] - rows[two]) @ true
        first.extend(one)
        second.extend(two)
        said.extend((rng.random(len(gap)) > expit(gap)).astype(float))

    start = rng.integers(0, 40, 5)
    ask(start, (start + 1 + rng.integers(0, 39, 5)) % 40)
    for step in range(rounds + 1):
        data = PreferenceDataset.from_pairs(rows, first, second, said)
        reward = fit_reward(data, model="linear", holdout=0, regularization=0.25)
        if step < rounds:
            made = select_queries(
                reward, rows, batch, method=method, seed=step, exclude=np.c_[first, second]
            )
            ask(made.first, made.second)
    guess = (test[0] - test[1]) @ reward.weights[0]
    return np.mean(np.sign(guess) == np.sign((test[0] - test[1]) @ true))


@pytest.mark.slow
def test_chosen_questions_need_fewer_answers_than_random_ones():
    seeds = range(12)
    chosen = np.mean([learned("information gain", s, rounds=15, batch=1) for s in seeds])
    batch = np.mean([learned("batch", s, rounds=2, batch=8) for s in seeds])
    random = np.mean([learned("random", s, rounds=2, batch=8) for s in seeds])
    twice = np.mean([learned("random", s, rounds=2, batch=15) for s in seeds])
    assert chosen > random + 0.03
    assert batch > random + 0.02
    # 20 chosen answers are worth more than 35 random ones.
    assert chosen > twice


def test_what_cannot_be_asked_is_said():
    reward, rows = fitted()
    with pytest.raises(InputError, match="Did you mean 'random'"):
        select_queries(reward, rows, method="randon")
    with pytest.raises(InputError, match="n=0 is not a whole number from 1"):
        select_queries(reward, rows, 0)
    with pytest.raises(InputError, match="There is 1 candidate"):
        select_queries(reward, rows[:1])
    with pytest.raises(InputError, match="Every pair of the candidates is excluded"):
        select_queries(reward, rows[:2], exclude=[(1, 0)])
    with pytest.raises(InputError, match="exclude has shape"):
        select_queries(reward, rows[:3], exclude=[1, 0])


@pytest.mark.parametrize("method", ["information gain", "disagreement", "batch"])
def test_what_nobody_was_asked_about_is_asked_first(method):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, 200)
    second = (first + rng.integers(1, 4, 200)) % 4
    said = (rng.random(200) > expit(0.5 * (first - second))).astype(float)
    reward = fit_reward(PreferenceDataset.from_pairs("abcde", first, second, said), holdout=0)
    made = select_queries(reward, n=4, method=method)
    assert np.all((made.first == 4) | (made.second == 4))
    assert made.score.min() > 0.05
    rows = np.column_stack([rng.normal(size=5), np.full(5, 0.3)])
    weighted = fit_reward(
        PreferenceDataset.from_pairs(rows, first, second, said), model="linear", holdout=0
    )
    candidates = np.array([[0.0, 0.3], [0.0, 1.3], [0.1, 0.3]])
    made = select_queries(weighted, candidates, n=2, method=method)
    assert np.all((made.first == 1) | (made.second == 1))
