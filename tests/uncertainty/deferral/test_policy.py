"""A policy: what it says of cases, within a capacity, and after a night on disk."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse as sparse_matrices
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.uncertainty.deferral import DeferralPolicy, Threshold, fit_deferral
from alignlab.uncertainty.deferral.policy import learned_gain, linear


def problem(n=400, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    truth = np.where(rng.random(n) < expit(1.5 * frame["a"]), "yes", "no")
    knows = np.where(frame["b"] > 0, 0.95, 0.5)
    person = np.where(rng.random(n) < knows, truth, np.where(truth == "yes", "no", "yes"))
    return frame, truth, person


def model():
    frame, truth, _ = problem(seed=99)
    return LogisticRegression().fit(frame, truth)


@pytest.fixture(scope="module")
def policy():
    return fit_deferral(model(), *problem(), budget=0.3, method="post-hoc").policy


def test_the_gain_by_hand():
    said, decisions = np.array([[0.8, 0.2]]), np.array([0])
    half = np.zeros(1)
    worth = np.array([[0.0, -10.0], [-1.0, 0.0]])
    # One half of the way from the worst utility to the best is -5; the model says it earns -2.
    gain = learned_gain("one-vs-all", half, None, said, decisions, worth)
    assert gain == pytest.approx([-5 - -2])
    assert learned_gain("post-hoc", half, half, said, decisions, worth) == pytest.approx([0])
    sure = learned_gain("mozannar-sontag", np.array([5.0]), None, said, decisions, np.eye(2))
    assert sure == pytest.approx([0.2])
    assert linear(np.array([1.0, 2.0]), np.array([[3.0]])).tolist() == [7.0]


def test_it_asks_where_the_person_knows(policy):
    cases = problem(seed=1)[0]
    said = policy(cases)
    assert said.ask.tolist() == (said.score > policy.threshold.above).tolist()
    assert said.ask.mean() == pytest.approx(0.3, abs=0.1)
    assert (cases["b"][said.ask] > 0).mean() > 0.85
    assert said.evaluations == 400
    assert (said.decision == policy.predictor.estimator.predict(cases)).all()


def test_a_capacity_is_filled_exactly_by_the_best(policy):
    cases = problem(seed=1)[0]
    said = policy(cases, capacity=25)
    assert said.ask.sum() == 25
    assert said.score[said.ask].min() >= said.score[~said.ask].max()
    assert (np.diff(said.score[said.queue]) <= 0).all()
    # Where a person is expected to do worse than the model, free time is not a reason to ask.
    everybody = policy(cases, capacity=400)
    assert (everybody.ask == (everybody.score > 0)).all()
    assert not policy(cases, capacity=0).ask.any()


def test_ties_go_by_the_case_and_not_by_its_place(policy):
    same = pd.concat([problem(seed=1)[0].iloc[[0]]] * 10, ignore_index=True)
    names = np.arange(10) * 7
    tied = DeferralPolicy.from_dict(policy.to_dict() | {"floor": "-inf"}, policy.predictor)
    first = tied(same, capacity=4, cases=names).ask
    shuffled = np.random.default_rng(0).permutation(10)
    assert first.sum() == 4
    assert (tied(same, capacity=4, cases=names[shuffled]).ask == first[shuffled]).all()
    chance = DeferralPolicy.from_dict(
        policy.to_dict() | {"rule": "people at random", "person": [], "above": 0.0, "at": 0.3},
        policy.predictor,
    )
    assert chance(problem(2000)[0]).ask.mean() == pytest.approx(0.3, abs=4 * 0.0103)


def test_the_order_of_the_rows_changes_nothing(policy):
    cases = problem(seed=1)[0]
    shuffled = np.random.default_rng(0).permutation(len(cases))
    said, again = policy(cases), policy(cases.iloc[shuffled])
    assert again.score == pytest.approx(said.score[shuffled], abs=1e-12)
    assert (again.ask == said.ask[shuffled]).all()


def test_known_probabilities_are_not_asked_for_again(policy):
    cases = problem(seed=1)[0]
    said = policy(cases, probabilities=policy.predictor.estimator.predict_proba(cases))
    assert said.evaluations == 0
    assert (said.ask == policy(cases).ask).all()


def test_it_comes_back_from_disk_to_the_bit(policy, tmp_path):
    policy.save(tmp_path / "policy.json")
    back = DeferralPolicy.load(tmp_path / "policy.json", policy.predictor.estimator)
    cases = problem(seed=1)[0]
    assert back.to_dict() == policy.to_dict()
    assert (back(cases).score == policy(cases).score).all()
    never = DeferralPolicy.from_dict(policy.to_dict() | {"above": "inf"}, policy.predictor)
    assert never.threshold == Threshold(np.inf)
    assert never.threshold == DeferralPolicy.from_dict(never.to_dict(), never.predictor).threshold


def test_a_rule_on_a_representation_comes_back_with_its_function(tmp_path):
    def representation(rows):
        return rows[["b"]].to_numpy()

    fitted = fit_deferral(model(), *problem(), budget=0.3, representation=representation).policy
    fitted.save(tmp_path / "p.json")
    with pytest.raises(InputError, match="reads a representation"):
        DeferralPolicy.load(tmp_path / "p.json", model())
    back = DeferralPolicy.load(tmp_path / "p.json", model(), representation=representation)
    assert (back(problem()[0]).ask == fitted(problem()[0]).ask).all()


def test_decisions_are_a_table(policy):
    said = policy(problem(seed=1)[0].iloc[:5])
    assert said.to_frame().shape == (5, 4)
    assert json.loads(json.dumps(said.to_dict()))["ask"] == said.ask.tolist()
    assert len(policy(problem()[0].iloc[:0])) == 0
    assert "ask where a person is expected to gain more than" in str(policy)


def test_what_does_not_fit_is_said(policy, tmp_path):
    cases = problem()[0].iloc[:3]
    with pytest.raises(InputError, match=r"shape \(3, 3\), and \(3, 2\) is needed"):
        policy(cases, probabilities=np.full((3, 3), 1 / 3))
    with pytest.raises(InputError, match=r"Row 0 of probabilities .* Logits go through a softmax"):
        policy(cases, probabilities=np.array([[3.0, -1.0]] * 3))
    with pytest.raises(InputError, match="names 2 cases, and there are 3 rows"):
        policy(cases, cases=[1, 2])
    with pytest.raises(InputError, match="whole number from 0"):
        policy(cases, capacity=0.5)
    with pytest.raises(InputError, match="'c'"):
        policy(cases[["a", "b"]])
    path = tmp_path / "p.json"
    with pytest.raises(InputError, match="No such file"):
        DeferralPolicy.load(path, model())
    path.write_text("{")
    with pytest.raises(InputError, match="it is not JSON"):
        DeferralPolicy.load(path, model())
    path.write_text("{}")
    with pytest.raises(InputError, match="is no alignlab deferral policy"):
        DeferralPolicy.load(path, model())
    policy.save(path)
    other = Predictor(lambda rows: rows, "classification", classes=("a", "b"))
    with pytest.raises(InputError, match="made for the classes no, yes"):
        DeferralPolicy.load(path, other)
    stated = policy.to_dict() | {"fingerprint": "a" * 64}
    given = Predictor(len, "classification", classes=("no", "yes"), fingerprint="b" * 64)
    with pytest.raises(InputError, match="another file of a model"):
        DeferralPolicy.from_dict(stated, given)


@pytest.mark.parametrize(
    "damage",
    [
        {"above": "x"}, {"at": None}, {"above": float("nan")}, {"person": [1.0]}, {"person": "no"},
        {"rule": "flip a coin"}, {"reader": {}}, {"classes": 3}, {"utilities": [[1]]},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_policy_is_not_opened(policy, damage):
    with pytest.raises(InputError, match=r"damaged|rule"):
        DeferralPolicy.from_dict(policy.to_dict() | damage, policy.predictor)


def test_no_part_of_a_policy_may_be_absent(policy):
    stated = policy.to_dict()
    for name in stated:
        with pytest.raises(InputError, match=r"damaged|is no alignlab"):
            DeferralPolicy.from_dict(
                {key: value for key, value in stated.items() if key != name}, policy.predictor
            )


@pytest.mark.parametrize("names", [["a", "b", "c"], [0.5, 1, 2], [-1, 0, 1]])
def test_cases_are_named_by_whole_numbers(policy, names):
    with pytest.raises(InputError, match="whole numbers from 0"):
        policy(problem()[0].iloc[:3], cases=names)


def test_a_day_without_cases_has_no_queue():
    frame, truth, person = problem()
    labels, human = ((each == "yes").astype(int) for each in (truth, person))
    X = frame.to_numpy()
    fitted = fit_deferral(lambda rows: np.full(len(rows), 0.4), X, labels, human, budget=0.3,
                          classes=[0, 1], method="post-hoc").policy  # fmt: skip
    assert len(fitted(X[:0], capacity=3).queue) == 0


def test_sparse_rows_are_rows():
    frame, truth, person = problem()
    rows, labels = frame.to_numpy(), (truth == "yes").astype(int)
    judge = LogisticRegression().fit(*(each[:100] for each in (rows, labels)))
    human = (person == "yes").astype(int)
    dense = fit_deferral(judge, rows, labels, human, budget=0.3, method="post-hoc")
    sparse = fit_deferral(
        judge, sparse_matrices.csr_matrix(rows), labels, human, budget=0.3, method="post-hoc"
    )
    some = sparse_matrices.csr_matrix(rows[:9])
    said = sparse.policy(some, probabilities=judge.predict_proba(some))
    assert said.score == pytest.approx(dense.policy(rows[:9]).score, abs=1e-6)
