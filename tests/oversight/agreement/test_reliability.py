"""Who is reliable: simulated raters of known worth, beside crowd-kit, and the traps."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.oversight.agreement import dawid_skene, majority_vote
from alignlab.oversight.agreement.expectation import Fit
from alignlab.oversight.agreement.rated import rated
from alignlab.oversight.agreement.reliability import _notes
from alignlab.plain import to_json


def crowd(seed, items, per_item, skill, *, kinds=2, inverted=(), shares=None):
    """Raters right with their own chance; inverted ones say the next class where they are right."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(kinds, items, p=shares)
    rater = np.argsort(rng.random((items, len(skill))), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    right = rng.random(len(item)) < np.asarray(skill)[rater]
    right ^= np.isin(rater, inverted)
    label = np.where(right, truth[item], (truth[item] + rng.integers(1, kinds, len(item))) % kinds)
    return truth, (item, rater, label)


def test_inverted_raters_are_found_and_used():
    truth, answers = crowd(0, 300, 9, np.linspace(0.7, 0.95, 9), inverted=(0, 1, 8))
    found = dawid_skene(*answers)
    vote = majority_vote(*answers)
    assert found.inverted == (0, 1, 8)
    assert (found.labels == truth).mean() > 0.97
    assert (vote.labels == truth).mean() < 0.9
    assert [found.weights[name] for name in (0, 1, 8)] == [0, 0, 0]
    assert found.converged
    assert found.notes == ()


def test_a_minority_that_copies_a_guesser_is_outvoted():
    """Three of nine give one and the same random answers: worth nothing, and weighed so."""
    rng = np.random.default_rng(0)
    truth, (item, rater, label) = crowd(1, 400, 9, np.full(9, 0.8))
    copied = rng.integers(0, 2, 400)
    label = np.where(rater < 3, copied[item], label)
    found = dawid_skene(item, rater, label)
    values = [each.value for each in found.estimates]
    assert max(values[:3]) < 0.2
    assert min(values[3:]) > 0.5
    right = (found.labels == truth).mean()
    assert right > (majority_vote(item, rater, label).labels == truth).mean() + 0.03


def test_copies_of_one_rater_pass_for_the_truth_and_known_items_undo_it():
    """What the page warns of: independence is assumed, and two who copy vouch for each other."""
    truth, (item, rater, label) = crowd(2, 300, 6, np.full(6, 0.8))
    copied = label[np.lexsort((item, rater))].reshape(6, 300)[4]
    label = np.where(rater >= 3, copied[item], label)
    fooled = dawid_skene(item, rater, label)
    known = dict(enumerate(truth[:150].tolist()))
    anchored = dawid_skene(item, rater, label, known=known)
    assert min(each.value for each in fooled.estimates[3:]) > 0.9
    assert max(each.value for each in anchored.estimates[3:]) < 0.85


def test_few_answers_a_rater_lose_nothing_to_the_vote():
    """Fifteen answers a rater: without a prior that leans to the right, 7 points are lost."""
    right, votes, bare = [], [], []
    for seed in range(4):
        skill = np.random.default_rng(seed + 100).uniform(0.5, 0.95, 200)
        truth, answers = crowd(seed, 1000, 3, skill)
        right.append((dawid_skene(*answers).labels == truth).mean())
        bare.append((dawid_skene(*answers, prior=(1e-3, 1e-3)).labels == truth).mean())
        votes.append((majority_vote(*answers).labels == truth).mean())
    assert np.mean(right) > np.mean(votes) - 0.01
    assert np.mean(bare) < np.mean(votes) - 0.03


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_crowd_kit_says_the_same_without_a_prior():
    from crowdkit.aggregation import DawidSkene

    _, (item, rater, label) = crowd(0, 1500, 4, np.linspace(0.5, 0.95, 10), kinds=3)
    found = dawid_skene(item, rater, label, prior=(1e-9, 1e-9), max_steps=3000, tolerance=1e-9)
    theirs = DawidSkene(n_iter=3000, tol=1e-13).fit(
        pd.DataFrame({"task": item, "worker": rater, "label": label})
    )
    by_label = theirs.errors_.sort_index().sort_index(axis=1).to_numpy()
    errors = by_label.reshape(10, 3, 3).transpose(0, 2, 1)
    assert found.confusion == pytest.approx(errors, abs=5e-3)
    assert (found.labels == theirs.labels_.sort_index().to_numpy()).mean() > 0.998


@pytest.mark.parametrize(
    ("items", "per_item", "kinds", "low"), [(200, 3, 2, 0.6), (400, 5, 3, 0.4), (300, 4, 4, 0.4)]
)
def test_limits_hold_as_often_as_they_say(items, per_item, kinds, low):
    held, total = 0, 0
    for seed in range(15):
        skill = np.random.default_rng(seed).uniform(low, 0.95, 10)
        _, answers = crowd(seed + 50, items, per_item, skill, kinds=kinds)
        true = (kinds * skill - 1) / (kinds - 1)
        for each, worth in zip(dawid_skene(*answers).estimates, true, strict=True):
            held += each.low <= worth <= each.high
            total += 1
    assert held / total > 0.87


def test_who_stands_where_and_what_classes_are_called_changes_nothing():
    rng = np.random.default_rng(0)
    _, (item, rater, label) = crowd(3, 120, 4, np.linspace(0.5, 0.9, 8), kinds=3)
    found = dawid_skene(item, rater, label, tolerance=1e-9)
    order = rng.permutation(len(item))
    moved = dawid_skene(item[order], rater[order], label[order], tolerance=1e-9)
    named = dawid_skene(item, rater, np.array(["c", "a", "b"])[label], tolerance=1e-9)
    assert moved.confusion == pytest.approx(found.confusion, abs=1e-6)
    assert named.confusion == pytest.approx(
        found.confusion[:, [1, 2, 0]][:, :, [1, 2, 0]], abs=1e-6
    )
    for other in (moved, named):
        assert [each.value for each in other.estimates] == pytest.approx(
            [each.value for each in found.estimates], abs=1e-6
        )


def test_answers_that_nobody_else_gave_do_not_vouch_for_their_rater():
    """A vote of one is always right by itself; crowd-kit gives such a rater full marks."""
    _, (item, rater, label) = crowd(4, 100, 3, np.full(5, 0.85))
    alone = np.arange(1000, 1200)
    item, rater = np.append(item, alone), np.append(rater, np.full(200, 9))
    label = np.append(label, np.arange(200) % 2)
    found = dawid_skene(item, rater, label)
    assert math.isnan(found.estimates[5].value)
    assert math.isnan(found.weights[9])
    assert found.compared[5] == 0
    assert "1 rater has no item in common" in found.headline
    # A guesser who is compared on a few items is not saved by the many where nobody is.
    item[-10:] = np.arange(10)
    label[-10:] = np.random.default_rng(0).integers(0, 2, 10)
    assert dawid_skene(item, rater, label).estimates[5].value < 0.8
    assert len(found.posterior) == 300


def test_known_items_turn_round_a_majority_that_is_inverted():
    truth, answers = crowd(5, 200, 5, np.full(5, 0.9), inverted=(0, 1, 2))
    assert (dawid_skene(*answers).labels == truth).mean() < 0.2
    known = dict(enumerate(truth[:30].tolist()))
    found = dawid_skene(*answers, known=known)
    assert (found.labels == truth).mean() > 0.95
    assert found.inverted == (0, 1, 2)


def test_what_to_know_is_said():
    _, answers = crowd(6, 50, 2, [0.8, 0.9])
    assert "Two raters alone" in dawid_skene(*answers).headline
    _, answers = crowd(6, 50, 3, [0.7, 0.8, 0.9])
    assert "not come to rest after 1 steps" in dawid_skene(*answers, max_steps=1).headline
    # A start from the vote hardly ever ends with names exchanged, so the watch is tried by itself.
    turned = np.array([[[1.0, 9], [9, 1]]] * 3)
    made = Fit(np.eye(2)[[0, 1]], np.ones(2) / 2, turned / 10, turned, turned, (0.0,), True)
    read = rated([[0, 0, 0], [1, 1, 1]])
    said = _notes(made, read, read, np.eye(2), np.eye(2), np.full(3, 2), False)
    assert said[0].startswith("Classes may have changed names: most answers read 0 as 1, 1 as 0")


def test_what_is_told_is_what_was_found():
    _, answers = crowd(7, 100, 4, np.linspace(0.5, 0.95, 6), kinds=3)
    found = dawid_skene(*answers, classes=[0, 1, 2])
    assert found.posterior.sum(axis=1) == pytest.approx(np.ones(100))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones((6, 3)))
    assert (found.low <= found.confusion).all()
    assert (found.confusion <= found.high).all()
    frame = found.confusion_frame(2)
    assert frame.loc[1, 1] == found.confusion[2, 1, 1]
    accuracy = np.einsum("rkk,k->r", found.confusion, found.shares)
    assert found.to_frame()["accuracy"].to_numpy() == pytest.approx(accuracy)
    assert found.items_frame()["chance"].to_numpy() == pytest.approx(found.posterior.max(axis=1))
    assert json.loads(to_json(found.to_dict()))["raters"][0]["compared"] == found.compared[0]
    drawn = [row[1] for row in found.chart().table.rows]
    assert drawn == sorted(drawn)
    with pytest.raises(InputError, match="no rater 'x'"):
        found.confusion_frame("x")


@pytest.mark.parametrize(
    ("given", "more", "says"),
    [
        (([1, 1], ["a", "b"], ["x", "x"]), {}, "All labels are the same"),
        (([1, 2], ["a", "b"], ["x", "y"]), {}, "No item has two answers"),
        (([1, 1], ["a", "a"], ["x", "y"]), {}, "twice"),
        (([1, 1], ["a", "b"], ["x", "y"]), {"known": {1: "z"}}, "none of the labels"),
        (([1, 1], ["a", "b"], ["x", "y"]), {"known": {7: "x"}}, "names no item"),
        (([1, 1], ["a", "b"], ["x", "y"]), {"classes": ["x", "z"]}, "label='y'"),
        (([1, 1], ["a", "b"], ["x", "y"]), {"prior": (0, 1)}, "prior="),
        (([1, 1], ["a", "b"], ["x", "y"]), {"max_steps": 0.5}, "max_steps=0.5"),
        (([1, 1], ["a", "b"], ["x", "y"]), {"level": 2}, "level=2"),
    ],
)
def test_what_cannot_be_used_is_refused(given, more, says):
    with pytest.raises(InputError, match=says) as caught:
        dawid_skene(*given, **more)
    assert "\n" not in str(caught.value)
