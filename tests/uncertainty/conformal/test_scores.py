from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.uncertainty.conformal import class_scores


def slow(row, u, penalty=0.0, free=0):
    """The definition, label by label."""
    return [
        sum(q for q in row if q > p)
        + u * sum(q for q in row if q == p)
        + penalty * max(0, sum(q >= p for q in row) - free)
        for p in row
    ]


def test_by_hand():
    said = np.array([[0.2, 0.5, 0.3]])
    assert class_scores(said)[0] == pytest.approx([0.8, 0.5, 0.7])
    assert class_scores(said, score="aps")[0] == pytest.approx([1.0, 0.5, 0.8])
    assert class_scores(said, score="aps", uniform=[0.5])[0] == pytest.approx([0.9, 0.25, 0.65])
    raps = class_scores(said, score="raps", penalty=0.1, free_labels=1)
    assert raps[0] == pytest.approx([1.2, 0.5, 0.9])


@pytest.mark.parametrize("ties", [False, True])
def test_the_definition_label_by_label(ties):
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.ones(6), 60)
    if ties:
        said = np.round(said * 8) / 8
        said = np.divide(said, said.sum(1, keepdims=True))
    u = rng.random(60)
    seen = class_scores(said, score="raps", uniform=u, penalty=0.2, free_labels=2)
    wanted = [slow(row, each, 0.2, 2) for row, each in zip(said.tolist(), u, strict=True)]
    np.testing.assert_allclose(seen, wanted, atol=1e-12)


def test_tied_labels_share_their_mass_and_columns_have_no_order():
    said = np.array([[0.25, 0.5, 0.25]])
    assert class_scores(said, score="aps", uniform=[0.5])[0] == pytest.approx([0.75, 0.25, 0.75])
    for order in ([2, 1, 0], [1, 2, 0]):
        turned = class_scores(said[:, order], score="aps", uniform=[0.3])
        assert (turned == class_scores(said, score="aps", uniform=[0.3])[:, order]).all()


def test_the_score_is_uniform_where_the_probabilities_are_right():
    rng = np.random.default_rng(2)
    said = np.array([[0.4, 0.2, 0.2, 0.1, 0.1]])
    labels = rng.choice(5, 20_000, p=said[0])
    scores = class_scores(np.repeat(said, 20_000, 0), score="aps", uniform=rng.random(20_000))
    own = np.sort(scores[np.arange(20_000), labels])
    assert np.abs(own - np.linspace(0, 1, 20_000)).max() < 1.95 / np.sqrt(20_000)


def test_company_changes_no_bit():
    said = np.random.default_rng(3).dirichlet(np.ones(10), 500)
    u = np.random.default_rng(4).random(500)
    together = class_scores(said, score="aps", uniform=u)
    alone = np.concatenate(
        [class_scores(said[i : i + 1], score="aps", uniform=u[i : i + 1]) for i in range(500)]
    )
    assert (together == alone).all()
    assert (class_scores(np.asfortranarray(said), score="aps", uniform=u) == together).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 8), st.integers(0, 10_000), st.sampled_from(["lac", "aps", "raps"]))
def test_a_likelier_label_never_scores_worse(width, seed, score):
    rng = np.random.default_rng(seed)
    said = np.round(rng.dirichlet(np.ones(width), 5), 2)
    found = class_scores(said, score=score, uniform=rng.random(5), penalty=0.1, free_labels=1)
    order = np.argsort(-said, axis=1, kind="stable")
    down = np.take_along_axis(found, order, axis=1)
    assert (np.diff(down, axis=1) >= -1e-12).all()


def test_the_last_label_scores_one_without_a_draw():
    said = np.random.default_rng(5).dirichlet(np.ones(4), 50)
    last = class_scores(said, score="aps")[np.arange(50), said.argmin(1)]
    assert (last == 1).all()  # tied to the last bit, whatever the sums' rounding


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"score": "apss"}, "Did you mean 'aps'"),
        ({"score": "aps", "uniform": [0.5, 1.5]}, "uniform is one number from 0 to 1"),
        ({"score": "aps", "uniform": [0.5]}, "uniform is one number from 0 to 1"),
        ({"score": "aps", "uniform": [0.5, np.nan]}, "uniform is one number from 0 to 1"),
        ({"score": "raps", "penalty": -1}, "penalty=-1 is not a finite number from 0"),
        ({"score": "raps", "penalty": np.nan}, "penalty=nan is not"),
        ({"score": "raps", "free_labels": 1.5}, "free_labels=1.5 is not a whole number"),
        ({"score": "raps", "free_labels": None}, "needs penalty= and free_labels="),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(InputError, match=words):
        class_scores(np.full((2, 2), 0.5), **options)


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1, np.inf])
def test_what_is_no_probability_names_its_row(bad):
    said = np.full((4, 2), 0.5)
    said[2, 1] = bad
    with pytest.raises(InputError, match="in row 2 are"):
        class_scores(said)
    with pytest.raises(InputError, match="has shape"):
        class_scores(np.ones((3, 1)))
