from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from alignlab.errors import InputError
from alignlab.transparency.proxies import predictability


def test_a_perfect_teller_and_one_that_knows_nothing():
    rng = np.random.default_rng(0)
    sex = rng.choice(["f", "m"], 400)
    X = pd.DataFrame(
        {
            "title": np.where(sex == "f", "Ms", "Mr"),
            "code": np.where(sex == "f", 1.5, 3.5) + rng.random(400),
            "name": [f"person {row}" for row in range(400)],
            "same": 1,
            "dice": rng.integers(1, 7, 400),
        }
    )
    told = predictability(X, sex)
    assert told.best in ("title", "code")
    assert told.features["title"].value == told.features["code"].value == 1
    assert told.features["same"].value == pytest.approx(0.5, abs=0.01)
    for name in ("name", "dice"):
        assert told.features[name].low < 0.5
    assert told.together.value > 0.99
    assert (told.measure, told.chance, told.rows) == ("AUC", 0.5, 400)


def test_a_gaussian_teller_has_the_known_auc_and_a_non_monotone_one_is_found():
    rng = np.random.default_rng(1)
    n = 6000
    group = rng.integers(0, 2, n)
    X = pd.DataFrame(
        {"shifted": rng.normal(size=n) + group, "spread": rng.normal(size=n) * (1 + 3 * group)}
    )
    told = predictability(X, group, together=False).features
    # A few steps of a tree lose little of the order.
    assert told["shifted"].value == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.02)
    assert told["spread"].value > 0.75


def test_values_that_repeat_are_looked_up_whatever_their_order():
    rng = np.random.default_rng(2)
    street = rng.integers(0, 60, 6000)
    share = rng.random(60)[street]
    group = rng.random(6000) < share
    told = predictability(pd.DataFrame({"street": street}), group, together=False)
    # Given the share u of a street, uniform, the AUC of u itself is 5/6.
    assert told.features["street"].value == pytest.approx(5 / 6, abs=0.05)


def test_numbers_are_told_by_r_squared():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"a": rng.normal(size=2000), "b": rng.integers(0, 3, 2000)})
    told = predictability(X, 2 * X["b"] + 0.1 * rng.normal(size=2000), values=True)
    assert told.measure == "R²"
    assert told.features["b"].value > 0.99
    assert told.features["a"].low < 0
    assert told.together.value > 0.98


def test_three_groups_missing_values_groups_of_columns_and_arrays():
    rng = np.random.default_rng(4)
    race = rng.choice(["a", "b", None], 600)
    codes = pd.factorize(race, use_na_sentinel=False)[0]
    X = pd.DataFrame({f"is_{k}": (codes == k).astype(int) for k in range(3)})
    X["x"] = np.where(rng.random(600) < 0.2, np.nan, rng.normal(size=600))
    told = predictability(X, race, together=False)
    assert told.features["is"].value == 1
    assert told.features["x"].low < 0.5
    by_array = predictability(X.to_numpy(float), race, groups={"both": [0, 1]}, together=False)
    assert by_array.features["both"].value == 1


@pytest.mark.slow
def test_nothing_is_told_by_chance():
    """Twenty features that know nothing: a false alarm among them in 5 % of cases, or fewer."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X = pd.DataFrame(rng.normal(size=(200, 14)))
        X = X.set_axis([f"x{k}" for k in range(14)], axis=1)
        for k in range(6):
            X[f"c{k}"] = rng.integers(0, 2 + k, 200)
        told = predictability(X, rng.random(200) < 0.3, together=False, seed=seed)
        alarms += any(each.low > 0.5 for each in told.features.values())
    assert alarms <= 3 + 4 * np.sqrt(60 * 0.05 * 0.95)
    assert alarms <= 6  # in fact fewer: what says nothing scores below a half


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (["f"] * 40, "Fewer than two classes have 10 rows"),
        (["f"] * 35 + ["m"] * 5, "Fewer than two classes have 10 rows"),
        (["f", "m"], "40 rows in X and 2 values of the target"),
    ],
)
def test_too_little_to_tell(target, message):
    with pytest.raises(InputError, match=message):
        predictability(pd.DataFrame({"a": np.arange(40.0)}), target)


@pytest.mark.parametrize("weight", [-1.0, np.nan])
def test_a_weight_that_is_none_is_refused_and_not_left_out(weight):
    weights = np.ones(40)
    weights[3] = weight
    with pytest.raises(InputError, match=f"The weight of row 3 is {weight:g}"):
        predictability(
            pd.DataFrame({"a": np.arange(40.0)}), ["f", "m"] * 20, weights=weights, together=False
        )
