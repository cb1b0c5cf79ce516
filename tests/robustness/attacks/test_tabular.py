"""The search finds what exact methods find, asks no more than it says, and each row by itself."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from alignlab.datasets import Constraints, load_example
from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.random import row_streams
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.attacks.tabular import TabularSearch
from alignlab.robustness.search import Search
from alignlab.robustness.tabular_threat import TabularThreat


def searched(model, X, threat, y=None, *, attack=None, rows=None, classes=None, batch_rows=4096):
    """Search the rows `rows` of X as part of all; return the search and the model's count."""
    predictor = as_predictor(model, classes=classes)
    attacked = AttackedModel(
        predictor, decode=threat.decode if threat.decodes else None, batch_rows=batch_rows
    )
    at = np.arange(len(X)) if rows is None else np.asarray(rows)
    x = threat.encode(X)[at]
    if y is None:
        answers = predictor(threat.decode(x) if threat.decodes else x.numpy())
        y = predictor.decide(answers)
    search = Search(attacked, threat, x, torch.as_tensor(y), row_streams(0, at, "attack"))
    (attack or TabularSearch())(search)
    return search


def reach(weights, room, radius, norm):
    """Return by how much a linear score can grow, for slopes per unit of move and room to move."""
    slopes = np.abs(weights)
    if norm == "linf":
        return (slopes * np.minimum(room, radius)).sum(axis=1)
    found = []
    for spare in room:
        if norm == "l1":
            left, gain = radius, 0.0
            for at in np.argsort(-slopes):
                step = min(spare[at], left)
                gain, left = gain + step * slopes[at], left - step
        else:
            low, high = 0.0, 1e6
            for _ in range(100):
                middle = (low + high) / 2
                fits = (np.minimum(middle * slopes, spare) ** 2).sum() <= radius**2
                low, high = (middle, high) if fits else (low, middle)
            gain = slopes @ np.minimum(low * slopes, spare)
        found.append(gain)
    return np.array(found)


@pytest.mark.parametrize(
    ("norm", "radius"), [("linf", 0.05), ("linf", 0.15), ("l2", 0.3), ("l1", 0.8)]
)
def test_a_linear_model_is_broken_where_it_can_be(norm, radius):
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=2000)).fit(X, y)
    observed = Constraints.observed(pd.DataFrame(X, columns=[str(at) for at in range(30)]))
    threat = TabularThreat(observed, radius, data=X, norm=norm)
    some = X[:150]
    search = searched(model, some, threat)
    low, spread = X.min(axis=0), np.ptp(X, axis=0)
    scaled = (some - low) / spread
    score = scaled @ model[-1].coef_[0] + model[-1].intercept_[0]
    toward = -np.sign(score)[:, None] * model[-1].coef_
    room = np.where(toward > 0, 1 - scaled, scaled)
    expected = reach(model[-1].coef_[0], room, radius, norm) > np.abs(score)
    assert 10 < expected.sum() < 140
    assert np.array_equal(search.broken.numpy(), expected)


def leaves(tree):
    """Yield the box and the class of each leaf, bounds as float32 numbers inside of it."""

    def walk(node, low, high):
        if tree.children_left[node] < 0:
            yield low, high, tree.value[node, 0].argmax()
            return
        at, cut = tree.feature[node], tree.threshold[node]
        under, over = high.copy(), low.copy()
        under[at], over[at] = min(under[at], cut), max(over[at], cut)
        yield from walk(tree.children_left[node], low, under)
        yield from walk(tree.children_right[node], over, high)

    n = tree.n_features
    yield from walk(0, np.full(n, -np.inf), np.full(n, np.inf))


@pytest.mark.parametrize("depth", [3, 6])
@pytest.mark.parametrize(("norm", "radius"), [("linf", 0.05), ("l2", 0.1), ("l1", 0.1)])
def test_of_a_tree_nearly_all_is_found(depth, norm, radius):
    X, y = load_wine(return_X_y=True)
    X = X.astype(np.float32).astype(float)  # what a tree compares
    model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, y)
    observed = Constraints.observed(pd.DataFrame(X, columns=[str(at) for at in range(13)]))
    threat = TabularThreat(observed, radius, data=X, norm=norm)
    search = searched(model, X, threat)
    spread, said, distance = np.ptp(X, axis=0), model.predict(X), np.full(len(X), np.inf)
    for low, high, leaf in leaves(model.tree_):
        low = np.nextafter(low.astype(np.float32), np.float32(np.inf)).astype(float)
        low, high = np.maximum(low, X.min(axis=0)), np.minimum(high, X.max(axis=0))
        if (low <= high).all():
            moves = np.abs(np.clip(X, low, high) - X) / spread
            far = {"linf": moves.max(1), "l1": moves.sum(1), "l2": np.linalg.norm(moves, axis=1)}
            distance = np.where(leaf == said, distance, np.minimum(distance, far[norm]))
    possible = distance <= radius
    broken = search.broken.numpy()
    assert not (broken & ~possible).any()
    assert broken[possible].mean() >= 0.96
    assert possible.sum() > 15


def test_a_narrow_leaf_is_found_where_a_row_of_the_data_lies():
    X = np.random.default_rng(0).random((200, 12))

    def model(rows):
        return (np.abs(np.asarray(rows)[:, 7] - X[0, 7]) < 1e-4).astype(float)

    threat = TabularThreat(Constraints(), 0.3, data=X)
    search = searched(model, X[1:], threat, classes=[0, 1], attack=TabularSearch(queries=300))
    within_reach = np.abs(X[1:, 7] - X[0, 7]) <= 0.29 * np.ptp(X[:, 7])
    assert 50 < within_reach.sum() < 150
    assert search.broken.numpy()[within_reach].all()


def of_tiny_tables(seed):
    """Return a table of few values, a model that is a table of random answers, and constraints."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "n": generator.integers(0, 4, 30),
            "m": generator.integers(2, 5, 30),
            "kind": pd.Categorical(generator.choice(list("abc"), 30), list("abc")),
            "flag": generator.random(30) < 0.5,
        }
    )
    group = np.eye(3, dtype=int)[generator.integers(0, 3, 30)]
    frame[["g_1", "g_2", "g_3"]] = group
    answers = generator.random((4, 5, 3, 2, 3)) < 0.03

    def model(rows):
        at = rows[["g_1", "g_2", "g_3"]].to_numpy().argmax(axis=1)
        said = answers[rows["n"], rows["m"], rows["kind"].cat.codes, rows["flag"].astype(int), at]
        return said.astype(float)

    given = Constraints(
        bounds={"n": [0, 3], "m": [0, 4]},
        one_hot=[["g_1", "g_2", "g_3"]],
        monotone={"n": "increasing"},
        relations=["n <= m"],
    )
    kept = (frame["n"] <= frame["m"]).to_numpy()
    return frame[kept].reset_index(drop=True), model, given


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("norm", "radius", "most"), [("linf", 0.5, 2), ("l1", 1.0, None), ("l2", 0.8, None)]
)
def test_on_tiny_tables_it_is_brute_force(seed, norm, radius, most):
    frame, model, given = of_tiny_tables(seed)
    threat = TabularThreat(
        given, radius, data=frame, norm=norm, max_changed=most, category_cost=0.5
    )
    search = searched(model, frame, threat, classes=["no", "yes"])
    every = pd.DataFrame(
        [
            (n, m, kind, flag, g == 0, g == 1, g == 2)
            for n, m, kind, flag, g in product(range(4), range(5), "abc", (False, True), range(3))
        ],
        columns=frame.columns,
    ).astype(frame.dtypes.to_dict())
    said, decided = model(every) > 0.5, model(frame) > 0.5
    x = threat.encode(frame)
    all_rows = torch.from_numpy(threat.encoding.encode(every))
    expected = [
        bool(threat.allows(all_rows[said != mine], row.expand(int((said != mine).sum()), -1)).any())
        for row, mine in zip(x, decided, strict=True)
    ]
    assert search.broken.tolist() == expected
    assert 0 < sum(expected) < len(expected)


@pytest.fixture(scope="module")
def mortgage():
    table = load_example("mortgage")
    X, y = table.features, table.outcomes
    text = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])]
    encode = make_column_transformer(
        (OneHotEncoder(drop="if_binary"), text), remainder="passthrough"
    )
    model = make_pipeline(encode, RandomForestClassifier(25, max_depth=6, random_state=0)).fit(X, y)
    history = ["insurance", "phist", "chist", "mhist", "afam", "single"]
    given = Constraints.observed(X, immutable=history, monotone={"hschool": "increasing"})
    return model, X, TabularThreat(given, 0.1, data=X, category_cost=0.1)


def test_witnesses_of_a_pipeline_are_allowed_and_flip_it(mortgage):
    model, X, threat = mortgage
    some = X.iloc[:200]
    search = searched(model, some, threat, attack=TabularSearch(queries=200))
    broken = search.broken.numpy()
    assert 5 < broken.sum() < 200
    after = threat.decode(search.witnesses)
    assert not len(threat.constraints.violations(after, some.reset_index(drop=True)))
    assert (after.dtypes == X.dtypes).all()
    assert ((model.predict(after) != model.predict(some)) == broken).all()


def test_each_row_is_searched_by_itself(mortgage):
    model, X, threat = mortgage
    some, attack = X.iloc[:20], TabularSearch(queries=60)
    whole = searched(model, some, threat, attack=attack)
    parts = [
        searched(model, some, threat, attack=attack, rows=range(start, min(start + 7, 20)))
        for start in range(0, 20, 7)
    ]
    assert torch.equal(torch.cat([part.witnesses for part in parts]), whole.witnesses)
    by_seven = searched(model, some, threat, attack=attack, batch_rows=7)
    assert torch.equal(by_seven.witnesses, whole.witnesses)
    assert 0 < int(whole.broken.sum()) < 20


def one_column(rows):
    return 1 / (1 + np.exp(-40 * (np.asarray(rows)[:, 2] - 0.5)))


def test_no_more_columns_change_than_need_to_and_no_farther():
    X = np.random.default_rng(0).random((30, 6)) * [1, 1, 0.6, 1, 1, 1]
    threat = TabularThreat(Constraints(), 1.0, data=X)
    search = searched(one_column, X, threat, classes=[0, 1])
    assert search.broken.all()
    moved = (search.witnesses != search.clean).numpy()
    assert (moved == [False, False, True, False, False, False]).all()
    under = search.clean[:, 2] < 0.5
    # Six halvings of a move by at most 0.6.
    assert float(search.witnesses[under, 2].max()) <= 0.5 + 0.6 / 64
    untidied = searched(one_column, X, threat, classes=[0, 1], attack=TabularSearch(tidy=False))
    assert untidied.model.forward_rows < search.model.forward_rows


def test_nothing_is_paid_beyond_what_is_stated():
    X = np.random.default_rng(0).random((20, 4))
    threat = TabularThreat(Constraints(), 0.1, data=X)
    never = searched(lambda rows: np.zeros(len(rows)), X, threat, classes=[0, 1],
                     attack=TabularSearch(queries=77))  # fmt: skip
    assert not never.broken.any()
    assert never.model.forward_rows <= 77 * 20 + 20  # and the rows of the data once
    assert never.model.forward_rows > 70 * 20
    wrong = searched(lambda rows: np.zeros(len(rows)), X, threat, np.ones(20, int), classes=[0, 1])
    assert wrong.broken.all()
    assert wrong.model.forward_rows == 20


def test_tidying_takes_a_few_calls_for_all_rows():
    X = np.random.default_rng(0).random((60, 6))
    threat = TabularThreat(Constraints(), 0.2, data=X)
    calls = []

    def model(rows):
        calls.append(len(rows))
        return (np.sin(9 * np.asarray(rows)).sum(axis=1) > 1.5).astype(float)

    counts = []
    for tidy in (False, True):
        calls.clear()
        attack = TabularSearch(queries=300, tidy=tidy)
        assert searched(model, X, threat, classes=[0, 1], attack=attack).broken.sum() > 30
        counts.append(len(calls))
    # Each of six columns is put back once and halved six times.
    assert counts[1] - counts[0] <= 6 + 6 * 6


def test_a_missing_cell_stays_missing():
    X = np.random.default_rng(0).random((10, 3))
    X[:5, 0] = np.nan

    def model(rows):
        return np.where(np.isnan(rows[:, 0]), rows[:, 1] > 0.5, rows[:, 0] > 0.5).astype(float)

    threat = TabularThreat(Constraints(), 1.0, data=X)
    search = searched(model, X, threat, classes=[0, 1])
    assert search.broken.all()
    assert torch.equal(search.witnesses.isnan(), search.clean.isnan())


def test_settings_and_threats_that_are_none_are_refused(linear, search_of):
    for queries in (0, 2.5, True):
        with pytest.raises(InputError, match="whole number from 1"):
            TabularSearch(queries=queries)
    module, x, y = linear()
    with pytest.raises(InputError, match="attack with 'square'"):
        TabularSearch()(search_of(module, x, y))
