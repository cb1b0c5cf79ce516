"""Learning to defer: the best rule found, nothing lost, the budget kept, and bad input said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, softmax

from alignlab.datasets.row_hashes import row_hashes
from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.deferral import fit_deferral
from alignlab.uncertainty.deferral.learn import METHODS

CELLS = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.05, 0.9, 0.05]])
KNOWS = np.array([0.6, 0.75, 0.45, 0.97])
BEST = CELLS.max(axis=1) < KNOWS  # the Bayes rule, in closed form


def discrete(n, seed=0):
    """Four kinds of case, three classes, a person who knows some kinds better."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 4, n)
    y = (rng.random(n)[:, None] > CELLS[cell].cumsum(axis=1)).sum(axis=1)
    wrong = (y + rng.integers(1, 3, n)) % 3
    person = np.where(rng.random(n) < KNOWS[cell], y, wrong)
    return np.eye(4)[cell], y, person


def says(table):
    return lambda rows: table[np.asarray(rows).argmax(axis=1)]


def continuous(n, seed, right):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = (rng.random(n) < expit(1.5 * X[:, 0])).astype(int)
    person = np.where(rng.random(n) < right(X), y, 1 - y)
    return X, y, person


def model(rows):
    return expit(1.5 * np.asarray(rows)[:, 0])


@pytest.mark.parametrize("method", METHODS)
def test_each_method_finds_the_best_rule_of_a_calibrated_model(method):
    result = fit_deferral(
        says(CELLS), *discrete(4000), budget=1.0, method=method, classes=[0, 1, 2]
    )
    said = result.policy(np.eye(4))
    assert said.ask.tolist() == BEST.tolist()
    assert said.expected_gain == pytest.approx(KNOWS - CELLS.max(axis=1), abs=0.06)
    best = np.maximum(KNOWS, CELLS.max(axis=1)).mean()
    assert result.pair.low < best < result.pair.high


@pytest.mark.parametrize("method", METHODS)
def test_a_model_that_claims_too_much_is_believed_by_surrogates_only(method):
    boasts = CELLS**4 / (CELLS**4).sum(axis=1, keepdims=True)
    result = fit_deferral(
        says(boasts), *discrete(4000), budget=1.0, method=method, classes=[0, 1, 2]
    )
    found = result.policy(np.eye(4)).ask.tolist() == BEST.tolist()
    assert found == (method == "post-hoc")


def test_auto_takes_what_holds_on_rows_held_out():
    boasts = CELLS**4 / (CELLS**4).sum(axis=1, keepdims=True)
    result = fit_deferral(says(boasts), *discrete(2000), budget=1.0, classes=[0, 1, 2])
    assert result.policy.rule == "post-hoc"
    assert set(result.rules) == set(METHODS)


@pytest.mark.parametrize("budget", [0.1, 0.25, 0.4])
def test_within_a_budget_the_best_cells_are_asked_about_first(budget):
    result = fit_deferral(
        says(CELLS), *discrete(4000), budget=budget, method="post-hoc", classes=[0, 1, 2]
    )
    asked = result.policy(discrete(20_000, seed=1)[0]).ask
    assert asked.mean() == pytest.approx(budget, abs=0.015)
    cells = discrete(20_000, seed=1)[0].argmax(axis=1)
    # The person gains most in cell 1 (0.25); cell 3 (0.07) is asked about when there is time left.
    assert asked[cells == 1].mean() == pytest.approx(min(4 * budget, 1), abs=0.06)
    assert asked[~BEST[cells]].mean() == 0
    assert result.asked.value == pytest.approx(budget, abs=0.02)


@pytest.mark.parametrize(
    "right",
    [
        lambda X: np.full(len(X), 0.95),
        lambda X: np.full(len(X), 0.55),
        lambda X: np.full(len(X), 0.76),
        lambda X: np.where(X[:, 1] > 0, 0.95, 0.5),
    ],
    ids=["better", "worse", "alike", "complementary"],
)
@pytest.mark.parametrize("budget", [0.2, 1.0])
def test_it_is_never_worse_than_the_better_of_both_beyond_its_interval(right, budget):
    X, *_ = continuous(20_000, 1234, right)
    alone = np.maximum(model(X), 1 - model(X))
    better = alone.mean() + budget * max(0.0, (right(X) - alone).mean())
    for seed in range(6):
        rows = continuous(200, seed, right)
        result = fit_deferral(model, *rows, budget=budget, classes=[0, 1], method="post-hoc")
        pair = np.where(result.policy(X).ask, right(X), alone).mean()
        assert pair > better - (result.pair.high - result.pair.low) / 2


def test_the_pair_is_what_new_cases_show():
    def right(X):
        return np.where(X[:, 1] > 0, 0.95, 0.5)

    inside = 0
    for seed in range(12):
        rows = continuous(400, seed, right)
        result = fit_deferral(model, *rows, budget=0.5, classes=[0, 1], method="post-hoc")
        X, y, person = continuous(10_000, 100 + seed, right)
        earned = np.where(result.policy(X).ask, person == y, (model(X) > 0.5) == y).mean()
        inside += result.pair.low <= earned <= result.pair.high
    assert inside >= 9  # fewer would happen once in 500 times at 95 %


def test_the_curve_begins_with_the_model_and_ends_with_people():
    result = fit_deferral(says(CELLS), *discrete(1000), budget=0.3, classes=[0, 1, 2])
    assert result.curve.pair[0].value == result.model.value
    assert result.curve.pair[-1].value == pytest.approx(result.people.value)
    assert max(each.value for each in result.curve.pair) > result.people.value


def test_nothing_is_lost_where_people_were_asked_about_some_only():
    X, y, person = discrete(4000)
    cell = X.argmax(axis=1)
    # People were asked more often about what they know; given the kind of case, at random.
    chance = np.array([0.2, 0.9, 0.3, 0.6])[cell]
    some = np.where(np.random.default_rng(5).random(4000) < chance, person.astype(object), None)
    result = fit_deferral(
        says(CELLS), X, y, some, budget=1.0, asked_chance=chance, classes=[0, 1, 2]
    )
    assert result.decided == sum(each is not None for each in some)
    assert result.policy(np.eye(4)).ask.tolist() == BEST.tolist()
    assert result.people.low < KNOWS.mean() < result.people.high
    unweighted = fit_deferral(says(CELLS), X, y, some, budget=1.0, classes=[0, 1, 2])
    assert not unweighted.people.low < KNOWS.mean() < unweighted.people.high


def test_utilities_and_the_cost_of_asking_decide():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2))
    y = (rng.random(3000) < expit(X[:, 0])).astype(int)
    person = np.where(rng.random(3000) < 0.9, y, 1 - y)
    worth = np.array([[0.0, -10.0], [-1.0, 0.0]])
    costs = (0.0, 1.0, 3.0)
    asked = []
    for cost in costs:
        result = fit_deferral(
            lambda rows: expit(rows[:, 0]), X, y, person, budget=1.0, classes=[0, 1],
            utilities=worth, asking_cost=cost, method="post-hoc",
        )  # fmt: skip
        model_earns = worth[(expit(X[:, 0]) > 0.5).astype(int), y].mean()
        assert result.model.value == pytest.approx(model_earns)
        assert result.people.value == pytest.approx(worth[person, y].mean() - cost)
        asked.append(result.asked.value)
    assert asked[0] > asked[1] > asked[2]


def test_utilities_of_right_and_wrong_are_accuracy():
    rows = discrete(600)
    plain = fit_deferral(says(CELLS), *rows, budget=0.3, classes=[0, 1, 2], method="post-hoc")
    stated = fit_deferral(
        says(CELLS), *rows, budget=0.3, classes=[0, 1, 2], method="post-hoc",
        utilities=3 * np.eye(3) - 1,
    )  # fmt: skip
    assert stated.pair.value == pytest.approx(3 * plain.pair.value - 1)
    assert stated.policy(np.eye(4)).score == pytest.approx(3 * plain.policy(np.eye(4)).score)


def test_the_order_of_the_rows_changes_nothing():
    X, y, person = continuous(300, 0, lambda X: np.where(X[:, 1] > 0, 0.9, 0.6))
    shuffled = np.random.default_rng(1).permutation(300)
    results = [
        fit_deferral(model, X[at], y[at], person[at], budget=0.3, classes=[0, 1])
        for at in (np.arange(300), shuffled)
    ]
    first, second = (each.to_frame().iloc[:, 1:].to_numpy() for each in results)
    assert second == pytest.approx(first, abs=1e-9, nan_ok=True)


def test_the_same_seed_gives_the_same_and_the_model_is_asked_once():
    module = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)).double()
    module.train()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    X, y, person = continuous(200, 0, lambda X: np.full(len(X), 0.9))
    tensor = torch.from_numpy(X)
    results = [
        fit_deferral(module, tensor, torch.from_numpy(y), person, budget=0.3, classes=[0, 1])
        for _ in range(2)
    ]
    assert results[0].to_dict() == results[1].to_dict()
    assert results[0].evaluations == 200
    assert module.training
    assert all(torch.equal(before[name], each) for name, each in module.state_dict().items())


def test_logits_of_any_size_are_safe():
    X, y, person = continuous(200, 0, lambda X: np.where(X[:, 1] > 0, 0.95, 0.5))
    sure = lambda rows: (rows[:, 0] > 0).astype(float)  # noqa: E731
    result = fit_deferral(sure, X, y, person, budget=0.5, classes=[0, 1])
    assert np.isfinite(result.policy(X).score).all()
    assert result.policy.rule == "post-hoc"


def test_groups_by_column_and_by_value():
    X, y, person = continuous(300, 0, lambda X: np.where(X[:, 1] > 0, 0.95, 0.5))
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(sex=np.where(X[:, 2] > 0, "f", "m"))
    by_column = fit_deferral(
        lambda rows: expit(1.5 * rows["a"]), frame, y, person, budget=0.3, classes=[0, 1],
        groups="sex", features=["a", "b"], method="post-hoc",
    )  # fmt: skip
    by_value = fit_deferral(
        lambda rows: expit(1.5 * rows["a"]), frame, y, person, budget=0.3, classes=[0, 1],
        groups=frame["sex"], features=["a", "b"], method="post-hoc",
    )  # fmt: skip
    assert by_column.policy.reader.names == ("a", "b")
    left, right = (each.groups_frame().drop(columns="grouping") for each in (by_column, by_value))
    pd.testing.assert_frame_equal(left, right)
    assert sum(each.rows for each in by_column.groups) == 300


ROWS = continuous(60, 0, lambda X: np.full(len(X), 0.8))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": 20}, "give their share"),
        ({"method": "posthoc"}, "Did you mean 'post-hoc'"),
        ({"level": 95}, "is not between 0 and 1"),
        ({"seed": -1}, "seed=-1"),
        ({"y": ROWS[1][:-1]}, "X has 60 rows and y has 59 labels"),
        ({"y": np.full(60, 7)}, "has the label '7'"),
        ({"human": ROWS[2][:-1]}, "human_decisions has 59 entries"),
        ({"human": np.full(60, 2)}, "of human_decisions has the label '2'"),
        ({"human": [None] * 60}, "decided 0 of the 60 rows"),
        ({"human": [*ROWS[2][:19], *[np.nan] * 41]}, "decided 19 of the 60 rows"),
        ({"utilities": np.eye(3)}, "Give 2 × 2 finite"),
        ({"utilities": np.ones((2, 2))}, "All utilities are equal"),
        ({"asking_cost": -1}, "not a finite number from 0"),
        ({"weights": -np.ones(60)}, "not all of them 0"),
        ({"weights": np.ones(59)}, "weights has the shape"),
        ({"weights": np.full(60, np.nan)}, "weights has the shape"),
        ({"asked_chance": np.zeros(60)}, "Row 0 has a person's decision and asked_chance 0"),
        ({"training": ROWS[0][:5]}, "5 of the 60 deferral rows are also training rows"),
        ({"training": row_hashes(ROWS[0][:1])}, "is also a training row"),
        ({"groups": "sex"}, "X has no names"),
        ({"groups": ["a"] * 59}, "groups has 59 values"),
        ({"features": ["x"]}, "names? the column 'x'"),
        ({"model": as_predictor(len, task="regression")}, "predicts values"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(change, said):
    options = {"budget": 0.3, "classes": [0, 1], **change}
    if "model" in options:
        del options["classes"]
    with pytest.raises(InputError, match=said) as caught:
        fit_deferral(
            options.pop("model", model), ROWS[0], options.pop("y", ROWS[1]),
            options.pop("human", ROWS[2]), **options,
        )  # fmt: skip
    assert "\n" not in str(caught.value)


def test_rows_that_the_model_names_are_refused_beside_those_given():
    X, y, person = ROWS[:3]
    knowing = as_predictor(model, classes=[0, 1])
    knowing.trained_on = row_hashes(X[:4])
    with pytest.raises(InputError, match="4 of the 60 deferral rows are also training rows"):
        fit_deferral(knowing, X, y, person, budget=0.3, training=X + 100)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_from_few_rows_nobody_worse_than_chance_is_asked_often(n_classes):
    """Thirty cases, and a person who is right in half as many as a guess would be."""
    rng = np.random.default_rng(n_classes)
    slopes = 2 * rng.normal(size=(3, n_classes))

    def model(rows):
        return softmax(np.asarray(rows) @ slopes, axis=1)

    asked, trusted = [], 0
    for _ in range(12):
        X = rng.normal(size=(30, 3))
        y = (model(X).cumsum(axis=1) > rng.random((30, 1))).argmax(axis=1)
        wrong = (y + rng.integers(1, n_classes, 30)) % n_classes
        person = np.where(rng.random(30) < 0.5 / n_classes, y, wrong)
        found = fit_deferral(model, X, y, person, budget=1.0, classes=list(range(n_classes)))
        asked.append(found.policy(rng.normal(size=(300, 3))).ask.mean())
        trusted += found.policy.rule != "model alone"
        assert found.pair.high >= found.model.value
    assert np.mean(asked) < 0.02
    assert trusted <= 2
