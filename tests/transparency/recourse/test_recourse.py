from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from alignlab.datasets import Constraints
from alignlab.errors import InputError
from alignlab.transparency.recourse import counterfactuals, recourse_cost
from alignlab.transparency.recourse.recourse import _gaps, _group

RNG = np.random.default_rng(0)
X = pd.DataFrame({"income": RNG.normal(50, 15, 200), "debt": RNG.normal(20, 6, 200)})
GROUPS = np.where(RNG.random(200) < 0.5, "f", "m")
X["income"] -= 8 * (GROUPS == "f")
Y = np.where(X["income"] - X["debt"] + RNG.normal(0, 5, 200) > 30, "yes", "no")


def test_costs_of_one_threshold_by_hand():
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, 5.0, 6.0]})
    model = DecisionTreeClassifier().fit(frame, frame["x"] > 4)
    found = recourse_cost(
        model, frame, list("aabbbb"), favourable=True, scales={"x": 2.0}, per_change=1.0
    )
    # The threshold is 4, and what is asked for lies just above.
    assert found.costs[:4] == pytest.approx(1 + np.array([4, 3, 2, 1]) / 2, abs=1e-6)
    assert np.isnan(found.costs[4:]).all()
    assert found["a"].mean.value == pytest.approx(2.75, abs=1e-6)
    assert found["b"].denied == 2
    assert found.gaps[0].higher == "a"
    assert found.gaps[0].estimate.value == pytest.approx(1.0, abs=1e-6)
    assert found.method.startswith("exact")


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(), DecisionTreeClassifier(max_depth=5, random_state=0),
        RandomForestClassifier(10, max_depth=5, random_state=0),
    ],
    ids=["linear", "tree", "forest"],
)  # fmt: skip
def test_each_cost_is_that_of_the_row_alone(model):
    model.fit(X, Y)
    constraints = Constraints(monotone={"debt": "decreasing"})
    rows = X[:40]
    found = recourse_cost(
        model, rows, GROUPS[:40], favourable="yes", data=X, constraints=constraints, starts=48
    )
    denied = np.flatnonzero(model.predict(rows) == "no")
    assert np.isfinite(found.costs[denied]).all()
    assert np.isnan(np.delete(found.costs, denied)).all()
    for at in denied[:2]:
        one = counterfactuals(
            model, X.iloc[[at]], data=X, constraints=constraints, tidy=False, number=1
        )
        # A search alone looks again, and may find less.
        assert one[0].cost <= found.costs[at] + 1e-5
        assert one[0].cost == pytest.approx(found.costs[at], rel=0.05)


def test_the_search_is_a_bound_from_above():
    model = LogisticRegression().fit(X, Y)
    exact, searched = (
        recourse_cost(model, X[::3], GROUPS[::3], favourable="yes", data=X, method=method)
        for method in ("exact", "search")
    )
    known = ~np.isnan(exact.costs)
    assert (searched.costs[known] >= exact.costs[known] - 1e-5).all()
    assert searched.costs[known].mean() < 1.02 * exact.costs[known].mean()
    assert searched.method == "search"


def test_a_planted_gap_is_seen():
    found = recourse_cost(
        DecisionTreeClassifier(max_depth=4).fit(X, Y), X, GROUPS, favourable="yes"
    )
    assert found.gaps[0].higher == "f"
    assert found["f"].without.value == 0
    assert found["f"].mean.value > found["m"].mean.value
    assert found["f"].rows + found["m"].rows == 200
    assert found.evaluations > 0


def test_those_without_a_way_are_counted_and_said():
    model = LogisticRegression().fit(X, Y)
    constraints = Constraints(immutable=["income"], bounds={"debt": (15, 60)})
    inside = X["debt"].between(15, 60).to_numpy()
    found = recourse_cost(
        model, X[inside], GROUPS[inside], favourable="yes", constraints=constraints
    )
    without = np.isinf(found.costs)
    assert 0 < without.sum() < np.isfinite(found.costs).sum() + without.sum()
    mine = found["f"]
    share = without[GROUPS[inside] == "f"].sum() / mine.denied
    assert mine.without.value == pytest.approx(share)
    assert mine.without.low < share < mine.without.high


def test_the_same_seed_gives_the_same_costs_and_rows_are_kept():
    before = X.copy()
    forest = RandomForestClassifier(10, max_depth=4, random_state=0).fit(X, Y)
    one, other = (recourse_cost(forest, X, GROUPS, favourable="yes", seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.costs, other.costs)
    pd.testing.assert_frame_equal(X, before)


def test_groups_may_be_a_column():
    frame = X.assign(sex=GROUPS)
    model = LogisticRegression().fit(X, Y)
    found = recourse_cost(model, frame[:40], "sex", favourable="yes", data=frame)
    assert [each.group for each in found.groups] == ["f", "m"]


def test_intervals_cover_at_their_level():
    """Means, medians and gaps of three groups, each kind at 95 % together; 4 standard errors."""
    rng = np.random.default_rng(1)
    runs = 600
    medians = np.array([1.0, 1.5, 1.2])
    means = medians * np.exp(0.25**2 / 2)
    held = np.zeros((runs, 3), dtype=bool)
    for run in range(runs):
        costs = [median * rng.lognormal(0, 0.25, 60) for median in medians]
        groups = [
            _group(name, each, level=0.95, comparisons=3)
            for name, each in zip("abc", costs, strict=True)
        ]
        gaps = _gaps(list("abc"), costs, level=0.95)
        held[run, 0] = all(
            g.mean.low <= mean <= g.mean.high for g, mean in zip(groups, means, strict=True)
        )
        held[run, 1] = all(
            g.median.low <= median <= g.median.high
            for g, median in zip(groups, medians, strict=True)
        )
        held[run, 2] = all(
            gap.estimate.low
            <= means["abc".index(gap.higher)] - means["abc".index(gap.lower)]
            <= gap.estimate.high
            for gap in gaps
        )
    covered = held.mean(axis=0)
    margin = 4 * np.sqrt(0.95 * 0.05 / runs)
    assert (covered >= 0.95 - margin).all()
    assert covered[0] <= 0.95 + margin
    assert covered[2] <= 0.97 + margin


def test_the_median_knows_those_without_a_way():
    costs = np.array([1.0, 2.0, np.inf, np.inf, np.inf, np.nan])
    found = _group("a", costs, level=0.95, comparisons=1)
    assert found.denied == 5
    assert np.isinf(found.median.value)
    assert found.mean.n == 2
    even = _group("a", np.array([1.0, 3.0]), level=0.95, comparisons=1)
    assert even.median.value == 2.0
    assert (even.median.low, even.median.high) == (0.0, np.inf)
    half = _group("a", np.array([1.0, np.inf]), level=0.95, comparisons=1)
    assert half.median.value == 1.0
    nobody = _group("a", np.array([np.nan]), level=0.95, comparisons=1)
    assert nobody.median is nobody.without is nobody.mean is None


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        (GROUPS[:3], {}, "Give one label a row"),
        ("sexx", {}, "'sexx'"),
        (GROUPS, {"favourable": "yess"}, "Did you mean 'yes'"),
        (GROUPS, {"level": 1.0}, "not between 0 and 1"),
        (GROUPS, {"constraints": Constraints(bounds={"debt": (0, 1)})}, "violates"),
    ],
)
def test_what_is_not_understood_is_said(groups, options, message):
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(InputError, match=message):
        recourse_cost(model, X, groups, **{"favourable": "yes", **options})


def test_nobody_denied_is_said():
    model = LogisticRegression().fit(X, Y)
    yes = X[model.predict(X) == "yes"]
    with pytest.raises(InputError, match="nobody has a way to go"):
        recourse_cost(model, yes, GROUPS[: len(yes)], favourable="yes")


def test_no_rows_are_said():
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(InputError, match="There is no row in X"):
        recourse_cost(model, X[:0], [], favourable="yes", data=X)
