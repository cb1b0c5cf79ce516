from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from alignlab.datasets import PreferenceDataset
from alignlab.errors import InputError
from alignlab.values.preferences import fit_reward, maximum_likelihood, reward_weights

WEIGHTS = np.array([1.0, -0.5, 0.0])


def answers(rng, n, *, tau=None, who=None, deviation=None, n_items=40):
    rows = rng.normal(size=(n_items, 3))
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    weights = WEIGHTS if deviation is None else WEIGHTS + deviation[who]
    gap = np.sum((rows[first] - rows[second]) * weights, axis=1)
    gap = gap if tau is None else gap * tau[who]
    said = (rng.random(n) > expit(gap)).astype(float)
    return PreferenceDataset.from_pairs(rows, first, second, said, annotators=who)


def covered(estimates, truth):
    return [each.low <= value <= each.high for each, value in zip(estimates, truth, strict=True)]


def test_intervals_of_weights_cover():
    inside = [
        covered(
            fit_reward(answers(np.random.default_rng(k), 120), model="linear", holdout=0).estimates,
            WEIGHTS,
        )
        for k in range(200)
    ]
    # 600 intervals; three standard errors of 0.95 are 0.027.
    assert abs(np.mean(inside) - 0.95) < 0.03


@pytest.mark.slow
def test_intervals_clustered_by_annotators_cover_where_the_others_do_not():
    who = np.repeat(np.arange(30), 30)
    found, wide, narrow = [], [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        data = answers(rng, 900, who=who, deviation=rng.normal(size=(30, 3)) * 0.6)
        alone = PreferenceDataset(data.items, data.members, data.ranks, data.starts)
        one, two = (fit_reward(d, model="linear", holdout=0) for d in (data, alone))
        assert "clustered by 30 annotators" in one.standard_errors
        found.append([each.value for each in one.estimates])
        wide.append(one.estimates)
        narrow.append(two.estimates)
    # People who differ shrink the weights that fit them all: the truth is what is found on average.
    truth = np.mean(found, axis=0)
    assert abs(np.mean([covered(each, truth) for each in wide]) - 0.95) < 0.04
    assert np.mean([covered(each, truth) for each in narrow]) < 0.85


def test_those_who_are_not_named_are_not_one_person():
    rng = np.random.default_rng(0)
    data = answers(rng, 900, who=np.repeat(np.arange(30), 30), deviation=rng.normal(size=(30, 3)))
    half = data.annotators.copy()
    half[450:] = ""
    some = PreferenceDataset(data.items, data.members, data.ranks, data.starts, half)
    told = fit_reward(some, model="linear", holdout=0)
    assert "clustered by 465 annotators" in told.standard_errors
    with pytest.raises(InputError, match="and 450 of 900 name nobody"):
        fit_reward(some, model="linear", holdout=0, annotators="reliability")


def test_few_annotators_are_not_clusters():
    rng = np.random.default_rng(0)
    reward = fit_reward(answers(rng, 100, who=np.arange(100) % 3), model="linear", holdout=0)
    assert "3 annotators are too few" in reward.standard_errors


def test_reliabilities_are_found_with_their_intervals():
    tau = np.array([2.0, 1.5, 1.0, 1.0, 0.0, -0.5])
    tau = tau / tau.mean()
    who = np.repeat(np.arange(6), 150)
    inside, weights = [], []
    for seed in range(25):
        data = answers(np.random.default_rng(seed), 900, tau=tau, who=who)
        reward = fit_reward(data, model="linear", holdout=0, annotators="reliability")
        told = [each.reliability for each in reward.reliabilities]
        assert np.mean([each.value for each in told]) == pytest.approx(1, abs=1e-9)
        inside.append(covered(told, tau))
        weights.append(covered(reward.estimates, WEIGHTS))
    assert np.mean(inside) > 0.88  # of 150; two standard errors and a half below 0.95
    assert np.mean(weights) > 0.85
    verdicts = [each.verdict for each in reward.reliabilities]
    assert verdicts[:4] == ["informative"] * 4
    assert verdicts[4] == "cannot be told from random answers"
    assert verdicts[5] == "answers the wrong way round"
    assert reward.reliabilities[4].annotator == "4"
    assert reward.reliabilities[4].n_comparisons == 150


def test_reliabilities_help_where_somebody_clicks_at_random():
    tau = np.array([3.0, 0.0, 0.0])
    closer = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        data = answers(rng, 240, tau=tau, who=np.arange(240) % 3)
        alike = fit_reward(data, model="linear", holdout=0).weights[0]
        own = fit_reward(data, model="linear", holdout=0, annotators="reliability").weights[0]
        cosine = [w @ WEIGHTS / np.linalg.norm(w) for w in (alike, own)]
        closer.append(cosine[1] - cosine[0])
    assert np.mean(closer) > 0.02


def test_an_annotator_without_an_error_is_not_infinitely_reliable():
    rng = np.random.default_rng(1)
    data = answers(rng, 200, tau=np.array([1.0, 1e6]), who=np.arange(200) % 2)
    told = fit_reward(data, model="linear", holdout=0, annotators="reliability").reliabilities
    assert np.isfinite(told[1].reliability.high)
    assert told[1].reliability.value > told[0].reliability.value


def test_an_item_that_never_lost_is_named_and_kept_finite():
    data = PreferenceDataset.from_pairs("abcd", [0, 1, 2, 2], [1, 2, 1, 3], [0, 0, 0, 0])
    reward = fit_reward(data, holdout=0)
    assert reward.regularization == 0.25
    assert reward.notes == (
        "Nothing was ever preferred to item 0 but what is among them, and item 3 was preferred to "
        "nothing but what is among them: the scores run off to infinity. A ridge of 0.25 keeps "
        "them finite.",
    )
    assert np.isfinite(reward.predict()).all()
    with pytest.raises(InputError, match=r"no finite maximum: give regularization=0.25"):
        fit_reward(data, holdout=0, regularization=0)


def test_groups_never_compared_with_each_other_are_said():
    data = PreferenceDataset.from_pairs("abcd", [0, 1, 2, 3], [1, 0, 3, 2], [0, 0, 0, 0])
    assert "fall into 2 groups" in fit_reward(data, holdout=0).notes[0]


def test_a_win_and_a_tie_are_said_to_have_no_maximum():
    data = PreferenceDataset.from_pairs("ab", [0, 0], [1, 1], [0, 0.5])
    reward = fit_reward(data, holdout=0)
    assert reward.regularization == 0.25
    assert fit_reward(data, holdout=0, ties="half").regularization == 0


def test_weights_that_separate_are_named():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 3))
    first, second = np.arange(30), np.roll(np.arange(30), 1)
    said = (rows[first, 1] < rows[second, 1]).astype(float)
    data = PreferenceDataset.from_pairs(rows, first, second, said)
    reward = fit_reward(data, model="linear", holdout=0, feature_names=["x", "good", "z"])
    assert reward.regularization == 0.25
    assert "No comparison contradicts a reward along good" in reward.notes[0]


def test_large_weights_that_do_not_separate_are_left_alone():
    rng = np.random.default_rng(0)
    rows = 40 * rng.normal(size=(60, 1))
    first, second = np.arange(60), np.roll(np.arange(60), 1)
    said = (rows[first, 0] < rows[second, 0]).astype(float)
    close = np.argmin(np.abs(rows[first, 0] - rows[second, 0]))
    said[close] = 1 - said[close]
    reward = fit_reward(
        PreferenceDataset.from_pairs(rows, first, second, said), model="linear", holdout=0
    )
    assert reward.regularization == 0
    assert reward.converged


def test_a_feature_that_is_the_same_everywhere_has_no_weight():
    rng = np.random.default_rng(0)
    data = answers(rng, 200)
    rows = np.column_stack([data.items, np.ones(40), 2 * data.items[:, 0]])
    wide = PreferenceDataset(rows, data.members, data.ranks, data.starts)
    reward = fit_reward(wide, model="linear", holdout=0)
    lost = [np.isinf(each.high) for each in reward.estimates]
    assert lost == [True, False, False, True, True]
    assert "cannot tell the weight of feature 0, feature 3, feature 4" in reward.notes[0]
    narrow = fit_reward(data, model="linear", holdout=0)
    gap = reward.predict(rows) - narrow.predict(data.items)
    assert np.ptp(gap) == pytest.approx(0, abs=1e-6)


def test_an_item_in_no_comparison_is_unknown():
    data = PreferenceDataset.from_pairs("abc", [0, 1, 0], [1, 0, 1], [0, 0, 0])
    reward = fit_reward(data, holdout=0)
    assert "fall into" not in "".join(reward.notes)
    assert np.isinf(reward.estimates[2].high)
    assert np.isinf(reward.uncertainty()[2])


def test_scores_sum_to_zero_and_a_shift_of_rows_changes_no_weight():
    data = answers(np.random.default_rng(3), 300)
    assert fit_reward(data, holdout=0).weights.sum() == pytest.approx(0, abs=1e-9)
    moved = PreferenceDataset(data.items + 7.0, data.members, data.ranks, data.starts)
    one, two = (fit_reward(d, model="linear", holdout=0) for d in (data, moved))
    assert one.weights == pytest.approx(two.weights, abs=1e-8)
    assert one.uncertainty(data.items) == pytest.approx(two.uncertainty(moved.items), abs=1e-8)


def test_the_ridge_is_in_units_of_the_features():
    data = answers(np.random.default_rng(4), 100)
    scaled = PreferenceDataset(data.items * 1000, data.members, data.ranks, data.starts)
    one, two = (
        fit_reward(d, model="linear", holdout=0, regularization=2.0) for d in (data, scaled)
    )
    assert one.weights == pytest.approx(two.weights * 1000, rel=1e-7)
    assert "Laplace" in one.standard_errors


@pytest.mark.parametrize("annotators", ["alike", "reliability"])
def test_a_weak_ridge_adds_nothing_to_the_errors_of_scores(annotators):
    """A ridge makes the scores' mean uncertain, which is no part of their differences."""
    data = answers(np.random.default_rng(6), 2_000, n_items=10, who=np.arange(2_000) % 2)
    plain = fit_reward(data, holdout=0)
    ridged = fit_reward(data, holdout=0, regularization=1e-4, annotators=annotators)
    assert ridged.uncertainty() == pytest.approx(plain.uncertainty(), rel=0.15)


def test_bootstrap_members_spread_like_the_standard_errors():
    data = answers(np.random.default_rng(5), 600)
    one = fit_reward(data, model="linear", holdout=0)
    many = fit_reward(data, model="linear", holdout=0, ensemble=60)
    assert many.weights.shape == (60, 3)
    ratio = many.uncertainty(data.items) / one.uncertainty(data.items)
    assert 0.8 < ratio.mean() < 1.2


def crowd(seed, judges, *, n_items=30, people=40, answers_each=40):
    """Return answers of people who each judge some of the items, and the items' scores."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=n_items) * 0.7
    scores -= scores.mean()
    first, second, who = [], [], []
    for person in range(people):
        own = rng.choice(n_items, judges * n_items // people, replace=False)
        for _ in range(answers_each):
            one, two = rng.choice(own, 2, replace=False)
            first.append(one)
            second.append(two)
            who.append(person)
    first, second = np.array(first), np.array(second)
    said = (rng.random(len(first)) > expit(scores[first] - scores[second])).astype(float)
    return PreferenceDataset.from_pairs(
        np.zeros((n_items, 1)), first, second, said, annotators=np.array(who)
    ), scores


def test_scores_judged_by_few_each_are_not_clustered():
    """What one person alone judged has at the maximum no gradient: clusters would look certain."""
    inside = []
    for seed in range(12):
        data, scores = crowd(seed, 4)
        reward = fit_reward(data, holdout=0)
        inside.append(covered(reward.estimates, scores))
    assert "an item was judged by" in reward.standard_errors
    assert "comparisons independent" in reward.standard_errors
    # 360 intervals, correlated; clustered by annotator they cover 0.6.
    assert np.mean(inside) > 0.9
    data, _ = crowd(0, 40)
    assert "clustered by 40 annotators" in fit_reward(data, holdout=0).standard_errors


def test_weights_are_clustered_with_two_annotators_each():
    rng = np.random.default_rng(0)
    data = answers(rng, 600, who=np.arange(600) % 12)
    assert "clustered" in fit_reward(data, model="linear", holdout=0).standard_errors
    wide = PreferenceDataset(
        np.column_stack([data.items, rng.normal(size=(40, 4))]), data.members, data.ranks,
        data.starts, data.annotators,
    )  # fmt: skip
    told = fit_reward(wide, model="linear", holdout=0).standard_errors
    assert told.endswith("12 annotators are too few to cluster by")


@pytest.mark.parametrize("constant", [0.1, 0.3, 0.7, 1 / 3, np.pi])
def test_a_constant_has_no_weight_whatever_its_digits(constant):
    data = answers(np.random.default_rng(0), 300)
    rows = np.column_stack([data.items, np.full(40, constant)])
    wide = PreferenceDataset(rows, data.members, data.ranks, data.starts)
    for ridge in (None, 1.0):
        one, two = (
            fit_reward(d, model="linear", holdout=0, regularization=ridge) for d in (wide, data)
        )
        assert one.weights[0, 3] == 0
        assert np.isinf(one.estimates[3].high)
        assert "the weight of feature 3" in one.notes[0]
        assert one.weights[0, :3] == pytest.approx(two.weights[0], abs=1e-12)
        assert one.covariance[:3, :3] == pytest.approx(two.covariance, abs=1e-12)


@pytest.mark.parametrize("ensemble", [1, 3])
def test_nothing_but_constants_is_a_reward_of_nothing(ensemble):
    data = PreferenceDataset.from_pairs(np.full((4, 1), 0.3), [0, 1, 2], [1, 2, 3], [0, 1, 0])
    reward = fit_reward(data, model="linear", holdout=0, ensemble=ensemble)
    assert reward.weights.tolist() == [[0.0]] * ensemble
    assert reward.log_loss == pytest.approx(np.log(2))
    assert np.isinf(reward.uncertainty([[1.0]])[0])


@pytest.mark.parametrize(("scale", "off"), [(1e7, 0), (1e-12, 0), (1, 1e6)])
def test_units_of_features_change_nothing(scale, off):
    data = answers(np.random.default_rng(0), 300)
    moved = PreferenceDataset(data.items * scale + off, data.members, data.ranks, data.starts)
    one, two = (fit_reward(d, model="linear", holdout=0) for d in (data, moved))
    assert two.converged
    assert two.weights * scale == pytest.approx(one.weights, rel=1e-6)
    assert two.estimates[0].low * scale == pytest.approx(one.estimates[0].low, rel=1e-6)


@pytest.mark.parametrize("wrong", [0, 1, 3])
@pytest.mark.parametrize("half", [1, 2])
def test_annotators_who_contradict_each_other_are_refused(half, wrong):
    """Everybody of one half says the opposite of the other half: there is no better half."""
    first, second = np.tile([0, 1, 0], 10), np.tile([1, 2, 2], 10)
    said = np.zeros(30)
    said[:wrong] = 1
    people = np.repeat(np.arange(2 * half), 30)
    data = PreferenceDataset.from_pairs(
        "abc",
        np.tile(first, 2 * half),
        np.tile(second, 2 * half),
        np.concatenate([np.tile(said, half), np.tile(1 - said, half)]),
        annotators=people,
    )
    with pytest.raises(InputError, match="contradict each other"):
        fit_reward(data, annotators="reliability", holdout=0)


def test_a_majority_is_believed_against_a_minority():
    tau = np.array([1.0, 1.0, 1.0, -1.0, -1.0])
    data = answers(np.random.default_rng(0), 1_000, tau=tau, who=np.arange(1_000) % 5)
    reward = fit_reward(data, model="linear", holdout=0, annotators="reliability")
    assert np.sign([each.reliability.value for each in reward.reliabilities]).tolist() == [
        1, 1, 1, -1, -1,
    ]  # fmt: skip
    assert reward.weights[0, 0] > 0
    assert not any("answers: with fewer" in note for note in reward.notes)


def test_few_answers_an_annotator_are_said():
    data = answers(np.random.default_rng(0), 100, who=np.arange(100) % 2)
    notes = fit_reward(data, model="linear", holdout=0, annotators="reliability").notes
    assert "Somebody gave 50 answers" in notes[-1]


@pytest.mark.parametrize("options", [{"model": "linear"}, {}])
def test_only_ties_are_said_to_be_that(options):
    data = PreferenceDataset.from_pairs(np.eye(4), [0, 1, 2] * 3, [1, 2, 3] * 3, [0.5] * 9)
    reward = fit_reward(data, holdout=0, **options)
    assert reward.notes[0].startswith("Every answer is a tie: the chance of one runs off")
    assert np.isfinite(reward.tie_logs).all()


def test_half_a_preference_either_way_is_no_certainty():
    """One tie, counted half: the gradient is 0 at the maximum, and the score is not known."""
    for n in (1, 20):
        data = PreferenceDataset.from_pairs("ab", [0] * n, [1] * n, [0.5] * n)
        reward = fit_reward(data, holdout=0, ties="half")
        # The Hessian by the difference is n / 4, and each score is half of the difference.
        assert reward.uncertainty() == pytest.approx([1 / np.sqrt(n)] * 2)


def test_more_than_five_hundred_parameters_are_fitted_with_ties_and_reliabilities(monkeypatch):
    rng = np.random.default_rng(1)
    data = answers(rng, 2_100, tau=np.ones(525), who=np.arange(2_100) % 525)
    reward = fit_reward(data, model="linear", holdout=0, annotators="reliability")
    assert reward.converged
    assert reward.weights[0, 0] > 0.5
    tied = PreferenceDataset(
        data.items, data.members, np.where(np.arange(4_200) < 400, 0, data.ranks), data.starts
    )
    dense = fit_reward(tied, model="linear", holdout=0)
    monkeypatch.setattr(maximum_likelihood, "DENSE", 0)
    sparse = fit_reward(tied, model="linear", holdout=0)
    assert sparse.weights == pytest.approx(dense.weights, abs=1e-7)
    monkeypatch.setattr(reward_weights, "DENSE_JOINT", 500)
    with pytest.raises(InputError, match="3 scores or weights and 525 reliabilities are more than"):
        fit_reward(data, model="linear", holdout=0, annotators="reliability")
