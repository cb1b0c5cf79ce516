"""One step of EM by hand and by enumeration, and what rises at every step."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from alignlab.oversight.agreement.expectation import expect, fit

NONE = np.full(3, -1)


def said(item, rater, label, kinds, raters=None):
    item, rater, label = map(np.asarray, (item, rater, label))
    raters = rater.max() + 1 if raters is None else raters
    cells = (item, rater * kinds + label)
    return sparse.csr_array((np.ones(len(item)), cells), shape=(item.max() + 1, raters * kinds))


def test_chances_are_those_of_bayes():
    rng = np.random.default_rng(0)
    confusion = rng.dirichlet(np.ones(3), (4, 3))
    shares = np.array([0.5, 0.3, 0.2])
    item, rater, label = (
        np.array([0, 0, 0, 1, 1, 2]),
        np.array([0, 1, 2, 3, 0, 1]),
        [0, 2, 1, 1, 1, 0],
    )
    label = np.array(label)
    found, likelihood = expect(said(item, rater, label, 3), confusion, shares, NONE)
    total = 0.0
    for at in range(3):
        mine = item == at
        joint = shares * confusion[rater[mine], :, label[mine]].prod(axis=0)
        assert found[at] == pytest.approx(joint / joint.sum())
        total += np.log(joint.sum())
    assert likelihood == pytest.approx(total)


def test_a_thousand_answers_to_one_item_do_not_underflow():
    many = said(np.zeros(1000, int), np.arange(1000), np.arange(1000) % 2, 2)
    confusion = np.tile([[1 - 1e-9, 1e-9], [1e-9, 1 - 1e-9]], (1000, 1, 1))
    found, _ = expect(many, confusion, np.array([0.25, 0.75]), np.array([-1]))
    assert found[0] == pytest.approx([0.25, 0.75])


def test_one_step_by_hand():
    """Two items, both called 0 by the first; the second calls the last 1."""
    answers = said([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], 2)
    start = np.array([[1.0, 0.0], [0.5, 0.5]])
    made = fit(
        answers, start, fixed=NONE[:2], prior=np.array([[3.0, 1], [1, 3]]), most=1, tolerance=0
    )
    first = np.array([[4.5, 1], [1.5, 3]])
    second = np.array([[4, 1.5], [1, 3.5]])
    first, second = (each / each.sum(axis=1, keepdims=True) for each in (first, second))
    shares = np.array([2.5, 1.5]) / 4
    joint = shares * np.array([first[:, 0] * second[:, 0], first[:, 0] * second[:, 1]])
    assert made.posterior == pytest.approx(joint / joint.sum(axis=1, keepdims=True))
    assert not made.converged


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_the_posterior_rises_and_rests(seed):
    rng = np.random.default_rng(seed)
    kinds = int(rng.integers(2, 4))
    cells = np.array([each for each in product(range(12), range(5)) if rng.random() < 0.7])
    label = rng.integers(0, kinds, len(cells))
    answers = said(cells[:, 0], cells[:, 1], label, kinds, raters=5)
    prior = np.full((kinds, kinds), 0.5) + 2 * np.eye(kinds)
    start = rng.dirichlet(np.ones(kinds), answers.shape[0])
    fixed = np.full(answers.shape[0], -1)
    made = fit(answers, start, fixed=fixed, prior=prior, most=5000, tolerance=1e-9)
    assert np.diff(made.trace).min(initial=0) > -1e-9
    assert made.converged
    again = fit(answers, made.posterior, fixed=fixed, prior=prior, most=1, tolerance=1)
    assert again.posterior == pytest.approx(made.posterior, abs=1e-6)
    assert (made.informative <= made.met.sum(axis=2, keepdims=True) + 1e-9).all()


def test_where_the_truth_is_known_every_answer_tells():
    rng = np.random.default_rng(0)
    cells = np.array(list(product(range(50), range(3))))
    answers = said(cells[:, 0], cells[:, 1], rng.integers(0, 2, 150), 2)
    truth = rng.integers(0, 2, 50)
    made = fit(
        answers, np.full((50, 2), 0.5), fixed=truth, prior=np.ones((2, 2)), most=9, tolerance=1e-9
    )
    assert made.posterior.argmax(axis=1).tolist() == truth.tolist()
    total = made.met.sum(axis=2)
    assert total.tolist() == [np.bincount(truth).tolist()] * 3
    assert np.allclose(made.informative, total[:, :, None])
