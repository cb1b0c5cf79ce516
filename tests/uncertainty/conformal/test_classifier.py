from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.svm import LinearSVC

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.conformal import (
    ConformalClassifier,
    class_scores,
    conformal_rank,
    conformal_sets,
)

WIDTH = 4


def draw(n, seed=0):
    """Return rows, what a wrong model says of them, and labels; all rows are exchangeable."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, WIDTH))
    labels = (X + rng.gumbel(size=X.shape)).argmax(1)
    return X, labels


def model(rows):
    """Return probabilities that are far too sure of themselves."""
    shifted = 3 * np.asarray(rows)[:, :WIDTH]
    said = np.exp(shifted - shifted.max(1, keepdims=True))
    return said / said.sum(1, keepdims=True)


def ready(n=200, rows=0, groups=None, **options):
    X, y = draw(n, rows)
    described = ConformalClassifier(model, classes=range(WIDTH), **options)
    return described.calibrate(X, y, groups=groups)


def theory(n, level, tests, repeats):
    """Return the mean coverage and its standard error over calibration sets."""
    rank = conformal_rank(n, level)
    share = stats.betabinom(tests, rank, n + 1 - rank)
    return share.mean() / tests, share.std() / tests / np.sqrt(repeats)


METHODS = [
    ("lac", {}, True),
    ("aps", {}, True),
    ("raps", {"penalty": 0.05, "free_labels": 2}, True),
    ("aps", {}, False),
    ("raps", {"penalty": 0.05, "free_labels": 2}, False),
]


@pytest.mark.parametrize(("score", "options", "exact"), METHODS)
def test_mean_coverage_on_a_hundred_thousand_draws(score, options, exact):
    n, level, draws = 9, 0.9, 100_000
    X, labels = draw(draws * (n + 1), seed=1)
    uniform = np.random.default_rng(2).random(len(X)) if exact and score != "lac" else None
    scores = class_scores(model(X), score=score, uniform=uniform, **options)
    own = scores[np.arange(len(X)), labels].reshape(draws, n + 1)
    rank = conformal_rank(n, level)
    cuts = np.partition(own[:, :n], rank - 1, axis=1)[:, rank - 1]
    covered = np.mean(own[:, n] <= cuts)
    error = np.sqrt(0.9 * 0.1 / draws)
    if exact:
        assert abs(covered - rank / (n + 1)) < 4 * error
    else:
        # Every row's last label scores the same: these ties cover more than was asked.
        assert covered > rank / (n + 1) + 4 * error


@pytest.mark.parametrize("by", [None, "group", "class"])
@pytest.mark.parametrize("score", ["lac", "aps"])
def test_mean_coverage_of_the_whole_way(score, by):
    """The classes themselves: 60 calibration sets, 1,700 test rows each, group by group."""
    repeats, tests, level = 60, 1700, 0.9
    seen = {}
    described = ConformalClassifier(model, classes=range(WIDTH), score=score, by=by)
    for repeat in range(repeats):
        X, y = draw(tests + 120, seed=100 + repeat)
        groups = np.where(np.arange(len(X)) % 3, "b", "a") if by == "group" else None
        split = (None, None) if groups is None else (groups[:120], groups[120:])
        calibrated = described.calibrate(X[:120], y[:120], groups=split[0])
        inside = calibrated.predict(X[120:], level=level, groups=split[1]).contain(y[120:])
        cells = {None: np.zeros(tests), "group": split[1], "class": y[120:]}[by]
        names = {None: ["all rows"], "group": ["a", "b"], "class": range(WIDTH)}[by]
        for cell, size in zip(names, calibrated.cells.sizes, strict=True):
            member = cells == (0 if by is None else cell)
            mean, error = theory(int(size), level, int(member.sum()), 1)
            seen.setdefault(cell, []).append((inside[member].mean() - mean, error))
    for off in seen.values():
        difference, error = np.array(off).T
        assert abs(difference.mean()) < 4 * np.sqrt(np.mean(error**2) / repeats)


def test_discrete_scores_cover_at_least():
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(300):
        said = np.round(rng.dirichlet(np.ones(3), 450), 1)
        labels = (said.cumsum(1) > rng.random((450, 1)) * said.sum(1, keepdims=True)).argmax(1)
        sets = conformal_sets(said[:50], labels[:50], said[50:], level=0.8)
        hits.append(sets[np.arange(400), labels[50:]].mean())
    assert np.mean(hits) > 41 / 51 - 4 * np.std(hits) / np.sqrt(300)
    assert np.mean(hits) > 0.81


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 1000),
    st.sampled_from(["lac", "aps", "raps"]),
    st.booleans(),
    st.lists(st.sampled_from([0.05, 0.3, 0.5, 0.77, 0.9, 0.95, 0.99]), min_size=2, max_size=2),
)
def test_sets_at_a_higher_level_hold_those_at_a_lower_one(seed, score, randomized, levels):
    extra = {"penalty": 0.1, "free_labels": 1} if score == "raps" else {}
    calibrated = ready(60, seed, score=score, randomized=randomized, **extra)
    X, _ = draw(40, seed + 1)
    low, high = (calibrated.predict(X, level=each).members for each in sorted(levels))
    assert not (low & ~high).any()


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_batch_and_company_change_nothing(score):
    calibrated = ready(score=score)
    X, _ = draw(300, 7)
    together = calibrated.predict(X).members
    alone = np.concatenate([calibrated.predict(X[i : i + 1]).members for i in range(300)])
    assert (together == alone).all()
    assert (calibrated.predict(X[::-1]).members[::-1] == together).all()
    other = ConformalClassifier(
        as_predictor(model, classes=range(WIDTH), batch_rows=7), score=score
    ).calibrate(*draw(200))
    assert (other.predict(X).members == together).all()
    reseeded = ready(score=score, seed=1).predict(X).members
    assert (reseeded == together).all() == (score == "lac")


def test_too_few_rows_make_full_sets_and_say_so():
    calibrated = ready(8)
    sets = calibrated.predict(draw(5, 1)[0], level=0.9)
    assert sets.members.all()
    assert sets.too_small == ("all rows",)
    assert sets.notes == (
        "Too few calibration rows for level 0.9 (at least 9 are needed): all rows (8). "
        "Their sets are full.",
    )
    assert not calibrated.predict(draw(5, 1)[0], level=0.8).notes


def test_small_and_unseen_groups():
    groups = np.repeat(["a", "b"], [195, 5])
    calibrated = ready(groups=groups, by="group")
    X, _ = draw(30, 3)
    asked = np.repeat(["a", "b", "c"], 10)
    sets = calibrated.predict(X, groups=asked)
    assert not sets.members[:10].all()
    assert sets.members[10:].all()
    assert sets.too_small == ("b",)
    assert sets.unseen == ("c",)
    assert sets.notes[1] == "Groups without any calibration row: c; their sets are full."
    pooled = calibrated.predict(X, groups=asked, unseen="pooled")
    assert pooled.members[10:20].all()
    assert (pooled.members[20:] == ready().predict(X[20:]).members).all()
    assert "promises them nothing" in pooled.notes[1]
    with pytest.raises(InputError, match="The group 'c' had no calibration row"):
        calibrated.predict(X, groups=asked, unseen="refuse")
    # Another group's rows change no set of a group.
    fewer = ready(groups=np.where(groups == "b", "c", "a"), by="group")
    assert (fewer.predict(X[:10], groups=asked[:10]).members == sets.members[:10]).all()


def test_a_class_with_few_rows_is_in_every_set():
    X, y = draw(100)
    y = np.where((y == 3) & (np.arange(100) > 20), 0, y)
    calibrated = ConformalClassifier(model, classes=range(WIDTH), by="class").calibrate(X, y)
    sets = calibrated.predict(X, level=0.95)
    assert sets.members[:, 3].all()
    assert sets.too_small == ("3",)
    assert "Each of these classes is in every set" in sets.notes[0]


def test_columns_of_a_frame_are_groups():
    X, y = draw(120)
    frame = pd.DataFrame(X, columns=list("pqrs")).assign(sex=np.where(X[:, 0] > 0, "f", "m"))
    described = ConformalClassifier(
        lambda rows: model(rows.to_numpy()), classes=range(WIDTH), features=list("pqrs"), by="group"
    )
    by_name = described.calibrate(frame, y, groups="sex").predict(frame, groups="sex")
    by_label = described.calibrate(frame, y, groups=frame["sex"]).predict(
        frame, groups=frame["sex"].to_numpy()
    )
    assert (by_name.members == by_label.members).all()


def test_the_check_finds_whom_the_sets_fail():
    rng = np.random.default_rng(0)
    X, y = draw(4000)
    groups = np.where(rng.random(4000) < 0.15, "few", "many")
    y = np.where((groups == "few") & (rng.random(4000) < 0.3), (y + 1) % WIDTH, y)
    described = ConformalClassifier(model, classes=range(WIDTH))
    seen = described.calibrate(X[:2000], y[:2000]).check(X[2000:], y[2000:], groups=groups[2000:])
    assert not seen.surprising
    assert seen.short == ("few",)
    fair = ConformalClassifier(model, classes=range(WIDTH), by="group")
    mended = fair.calibrate(X[:2000], y[:2000], groups=groups[:2000]).check(
        X[2000:], y[2000:], groups=groups[2000:]
    )
    assert mended.short == ()
    assert mended.groups[0].size > mended.groups[1].size
    by_class = ConformalClassifier(model, classes=range(WIDTH), by="class")
    report = by_class.calibrate(X[:2000], y[:2000]).check(X[2000:], y[2000:])
    assert [each.group for each in report.groups] == ["0", "1", "2", "3"]
    for each, size in zip(report.groups, np.bincount(y[:2000]).tolist(), strict=True):
        assert each.expected == pytest.approx(conformal_rank(size, 0.9) / (size + 1), abs=1e-12)


def test_one_row_of_a_categorical_column_can_be_asked_about():
    X, y = draw(120)
    groups = pd.Series(pd.Categorical(np.where(np.arange(120) % 2, "a", "b"), ["a", "b"]))
    described = ConformalClassifier(model, classes=range(WIDTH), by="group")
    calibrated = described.calibrate(X, y, groups=groups)
    all_of_them = calibrated.predict(X, groups=groups).members
    assert (calibrated.predict(X[:1], groups=groups[:1]).members == all_of_them[:1]).all()
    others, labels = draw(60, 1)
    assert calibrated.check(others, labels, groups=groups[::2]).groups[0].rows == 60
    with pytest.raises(InputError, match="The group 'a' has no row"):
        described.calibrate(X[::2], y[::2], groups=groups[::2])


def test_calibration_rows_are_no_test():
    X, y = draw(60)
    calibrated = ConformalClassifier(model, classes=range(WIDTH)).calibrate(X[:50], y[:50])
    with pytest.raises(InputError, match="10 of the 20 test rows are also calibration rows"):
        calibrated.check(X[40:], y[40:])


def test_rows_that_score_just_the_threshold_are_no_surprise():
    said = np.tile([0.6, 0.4], (300, 1))
    y = np.arange(300) % 2
    flat = ConformalClassifier(lambda rows: said[: len(rows)], classes=[0, 1])
    calibrated = flat.calibrate(np.arange(20.0)[:, None], y[:20])
    report = calibrated.check(np.arange(300.0)[:, None] + 20, y, level=0.7)
    assert report.tied
    assert report.observed.value == 1
    assert not report.surprising


def test_the_model_is_asked_once_a_row():
    X, y = draw(50)
    described = ConformalClassifier(model, classes=range(WIDTH), score="aps")
    calibrated = described.calibrate(X, y)
    assert calibrated.evaluations == calibrated.predict(X).evaluations == 50
    assert described.predictor.rows_evaluated == 100
    np.testing.assert_allclose(calibrated.predict(X).probabilities, model(X), atol=1e-12)
    assert repr(calibrated) == "<CalibratedClassifier aps of model: 50 rows>"


def test_answers_given_are_not_asked_for():
    X, y = draw(80)
    described = ConformalClassifier(model, classes=range(WIDTH), score="aps")
    asked = described.calibrate(X[:50], y[:50])
    before = described.predictor.rows_evaluated
    told = described.calibrate(X[:50], y[:50], answers=model(X[:50]))
    sets = told.predict(X[50:], level=0.8, answers=model(X[50:]))
    assert described.predictor.rows_evaluated == before
    assert told.evaluations == sets.evaluations == 0
    assert (sets.members == asked.predict(X[50:], level=0.8).members).all()
    with pytest.raises(ModelError, match=r"shape \(30, 4\) for 50 rows"):
        described.calibrate(X[:50], y[:50], answers=model(X[50:]))


def test_tuning_needs_rows_of_its_own():
    X, y = draw(300)
    raps = ConformalClassifier(model, classes=range(WIDTH), score="raps")
    with pytest.raises(InputError, match=r"needs penalty= and free_labels=.*\.tuned"):
        raps.calibrate(X, y)
    tuned = raps.tuned(X[:100], y[:100], level=0.9)
    assert tuned.score == "raps"
    with pytest.raises(InputError, match="100 of the 100 calibration rows are also tuning rows"):
        tuned.calibrate(X[:100], y[:100])
    with pytest.raises(InputError, match="30 of the 230 calibration rows are also tuning rows"):
        tuned.calibrate(X[70:], y[70:])
    assert tuned.calibrate(X[100:], y[100:]).predict(X).members.any()


def test_calibration_rows_that_are_training_rows():
    X, y = draw(40)
    described = ConformalClassifier(model, classes=range(WIDTH))
    with pytest.raises(InputError, match="10 of the 30 calibration rows are also training rows"):
        described.calibrate(X[:30], y[:30], training=X[20:])


X40, Y40 = draw(40)


@pytest.mark.parametrize(
    ("options", "arguments", "words"),
    [
        ({}, {"y": np.zeros(40, int)}, "All 40 rows are of the class '0'"),
        ({}, {"y": np.full(40, 9)}, "Row 0 has the label '9', which is none of the model's"),
        ({}, {"y": Y40[:30]}, "There are 40 rows and 30 labels"),
        ({}, {"X": X40[:0], "y": Y40[:0]}, "There is no calibration row"),
        ({}, {"groups": ["a"] * 40}, "state by='group'"),
        ({"by": "group"}, {}, "by='group' needs groups="),
        ({"by": "class"}, {"y": np.where(Y40 == 2, 1, Y40)}, "The class '2' has no calibration"),
        ({"by": "group"}, {"groups": "sex"}, "the rows are no data frame"),
    ],
)
def test_calibration_that_cannot_be(options, arguments, words):
    described = ConformalClassifier(model, classes=range(WIDTH), **options)
    with pytest.raises(InputError, match=words):
        described.calibrate(**{"X": X40, "y": Y40, **arguments})


@pytest.mark.parametrize(
    ("options", "words"),
    [({"score": "lca"}, "Did you mean 'lac'"), ({"by": "groups"}, "Did you mean 'group'")],
)
def test_descriptions_that_cannot_be(options, words):
    with pytest.raises(InputError, match=words):
        ConformalClassifier(model, classes=range(WIDTH), **options)


def test_questions_that_cannot_be():
    with pytest.raises(InputError, match="level=90 is not between 0 and 1"):
        ready().predict(X40, level=90)
    with pytest.raises(InputError, match="the calibration was not by='group'"):
        ready().predict(X40, groups=["a"] * 40)
    with pytest.raises(InputError, match="groups= is needed"):
        ready(groups=["a", "b"] * 100, by="group").predict(X40)
    with pytest.raises(InputError, match="unseen='ful' is not one of"):
        ready().predict(X40, unseen="ful")
    by_class = ConformalClassifier(model, classes=range(WIDTH), by="class").calibrate(X40, Y40)
    with pytest.raises(InputError, match="the calibration was by='class'"):
        by_class.predict(X40, groups=["a"] * 40)
    decisions = LinearSVC().fit(X40, Y40)
    with pytest.raises(InputError, match="'LinearSVC' gives decisions only"):
        ConformalClassifier(decisions).calibrate(X40, Y40)
    with pytest.raises(InputError, match="predicts a number"):
        ConformalClassifier(as_predictor(lambda x: x[:, 0], task="regression")).calibrate(X40, Y40)


def test_levels_as_fractions():
    said = ready().predict(X40, level="9/10")
    assert said.level == 0.9
    assert (said.members == ready().predict(X40, level=0.9).members).all()


def test_a_torch_module_on_images():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 4))
    images = torch.from_numpy(X40.reshape(40, 1, 2, 2)).float()
    described = ConformalClassifier(net, classes=range(4), score="aps")
    calibrated = described.calibrate(images[:30], Y40[:30])
    together = calibrated.predict(images).members
    assert (calibrated.predict(images[35:]).members == together[35:]).all()
    with pytest.raises(InputError, match="5 of the 30 calibration rows are also training rows"):
        described.calibrate(images[:30], Y40[:30], training=images[25:])


def test_labels_as_text_and_as_tensors():
    sets = ready(40).predict(X40).members
    for y in ([str(each) for each in Y40], torch.from_numpy(Y40), pd.Series(Y40.astype(float))):
        again = ConformalClassifier(model, classes=range(WIDTH)).calibrate(X40, y)
        assert (again.predict(X40).members == sets).all()
