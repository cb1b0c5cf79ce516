from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.proxies import find_proxies


def setting(n=800, *, planted=True, seed=0):
    """A model that reads the street, which tells of the group, and income, which does not."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["blue", "green"], n)
    street = np.where(rng.random(n) < 0.9, group == "green", rng.random(n) < 0.5)
    X = pd.DataFrame(
        {
            "income": rng.normal(size=n),
            "street": np.where(street, rng.integers(0, 4, n), rng.integers(4, 8, n)),
            "hair": rng.normal(size=n) + 2 * (group == "green"),
            "dice": rng.integers(1, 7, n),
        }
    )

    def answer(rows):
        score = rows["income"] + 1.5 * planted * (rows["street"] < 4)
        return 1 / (1 + np.exp(-score.to_numpy(float)))

    return Predictor(answer, "classification", ("no", "yes")), X, pd.Series(group, name="side")


def test_a_planted_proxy_is_named_and_what_the_model_does_not_read_is_not():
    model, X, group = setting()
    found = find_proxies(model, X, group)
    assert found.attribute == "side"
    assert found.between == ("green", "blue")
    assert [each.name for each in found.proxies] == ["street"]
    assert found["street"].share.low > 0.5
    assert found["hair"].gives_away
    assert found["hair"].carries.high == 0
    assert found.together.value > found["street"].tells.value
    honest = find_proxies(setting(planted=False)[0], X, group)
    assert honest.proxies == ()


def test_the_parts_of_an_additive_model_are_known_and_sum_to_the_gap():
    rng = np.random.default_rng(1)
    n = 3000
    male = rng.random(n) < 0.5
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    X["a"] += male
    X["b"] += 0.5 * male
    beta = np.array([1.0, 0.5, 1.0])
    found = find_proxies(lambda rows: rows.to_numpy() @ beta, X, male, task="regression")
    distance = X[male].mean() - X[~male].mean()
    for name, slope in zip("abc", beta, strict=True):
        carries = found[name].carries
        assert carries.low <= slope * distance[name] <= carries.high
    total = sum(each.carries.value for each in found.features)
    assert total == pytest.approx(found.gap.value, abs=0.08)
    assert [each.name for each in found.proxies] == ["a", "b"]


def test_the_attributes_own_column_is_no_proxy_and_is_left_out_of_the_rest():
    _, X, group = setting()
    X = X.assign(side=group == "green")

    def answer(rows):
        return 0.2 + 0.3 * rows["side"] + 0.2 * (rows["street"] < 4)

    found = find_proxies(answer, X, group, classes=["no", "yes"])
    assert found["side"].itself
    assert found["side"].tells.value == 1
    assert [each.name for each in found.proxies] == ["street"]
    assert found.together.value < 1
    renamed = X.rename(columns={"side": "s"})
    by_name = find_proxies(
        lambda rows: answer(rows.rename(columns={"s": "side"})), renamed, group,
        classes=["no", "yes"], itself=["s"],
    )  # fmt: skip
    assert [each.name for each in by_name.proxies] == ["street"]


@pytest.mark.slow
def test_honest_models_raise_no_alarm():
    """Features that tell nothing of the group, a model that reads all of them: 5 % or fewer."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X = pd.DataFrame(rng.normal(size=(250, 6)), columns=list("abcdef"))
        X["g"] = rng.integers(0, 5, 250)
        group = rng.choice(["u", "v", "w"], 250)
        found = find_proxies(
            lambda rows: rows.to_numpy(float).sum(axis=1), X, group, task="regression", repeats=1,
            seed=seed,
        )  # fmt: skip
        alarms += bool(found.proxies)
    assert alarms <= 1  # two intervals must err together


def test_the_result_can_be_shown_and_is_the_same_again():
    model, X, group = setting(300)
    found = find_proxies(model, X, group)
    assert found == find_proxies(model, X, group)
    assert json.loads(json.dumps(found.to_dict()))["features"][0]["name"] == "street"
    assert list(found.to_frame()["proxy"]).count(True) == len(found.proxies) == 1
    assert "Through which features does the gap by side go?" in json.dumps(found.chart().to_dict())
    with pytest.raises(InputError, match="Did you mean 'street'"):
        found["stret"]


def test_groups_that_cannot_be_compared():
    model, X, _ = setting(100)
    with pytest.raises(InputError, match="two groups of 20 rows"):
        find_proxies(model, X, ["one"] * 100)
    with pytest.raises(InputError, match="100 rows in X and 3 labels of groups"):
        find_proxies(model, X, ["a", "b", "c"])
    with pytest.raises(InputError, match="Give each row's group"):
        find_proxies(model, X, "sex")


def test_the_gap_of_the_two_groups_that_lie_farthest_apart_allows_for_that_choice():
    """Six groups without any gap: 15 pairs to choose from."""
    surely = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = pd.DataFrame({"a": rng.normal(size=200)})
        group = rng.integers(0, 6, 200).astype(str)
        found = find_proxies(
            lambda rows: rows["a"], X, group, task="regression", repeats=1, seed=seed
        )
        surely += found.gap.low > 0
    # 5% at most; one pair's own interval says so in 38%.
    assert surely / 40 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 40)
