from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import choose_under_ensemble


def test_the_mean_hides_what_the_tail_and_the_worst_see():
    members = [[0.6, 0.5, 0.4]] * 9 + [[0.0, 0.5, 0.4]]
    found = choose_under_ensemble(members, names=["new", "known", "dull"], tail=0.2)
    assert found.best_by == {
        "mean": ("new",),
        "cvar": ("known",),
        "worst case": ("known",),
        "minimax regret": ("known",),
    }
    assert found.scores["mean"].tolist() == pytest.approx([0.54, 0.5, 0.4])
    # The least pleased fifth: the one at 0 and one at 0.6.
    assert found.scores["cvar"].tolist() == pytest.approx([0.3, 0.5, 0.4])
    assert found.favourites.tolist() == pytest.approx([0.9, 0.1, 0])
    assert not found.agreed
    assert found.table().rows[0][0] == "new"
    assert found.chart().table.rows[0] == ("new", pytest.approx(0.54), 0.0, 0.6, 0)
    assert found.to_dict()["best"] == ["known"]


@given(st.integers(0, 2**32 - 1))
def test_rules_by_enumeration(seed):
    rng = np.random.default_rng(seed)
    members, weights = rng.normal(size=(6, 4)), rng.dirichlet(np.ones(6))
    found = choose_under_ensemble(members, rule="mean", weights=weights, tail=0.3)
    assert found.best == (str((weights @ members).argmax()),)
    assert found.best_by["worst case"] == (str(members.min(axis=0).argmax()),)
    regret = (members.max(axis=1, keepdims=True) - members).max(axis=0)
    assert found.best_by["minimax regret"] == (str(regret.argmin()),)
    for i in range(4):
        best = max(c - weights @ np.maximum(c - members[:, i], 0) / 0.3 for c in members[:, i])
        assert found.scores["cvar"][i] == pytest.approx(best, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_a_members_zero_does_not_change_regret_and_its_own_range_takes_its_unit(seed):
    rng = np.random.default_rng(seed)
    members = rng.normal(size=(5, 4))
    shift, unit = rng.normal(0, 5, (5, 1)), rng.uniform(0.1, 10, (5, 1))
    one = choose_under_ensemble(members)
    other = choose_under_ensemble(members + shift)
    assert one.best_by["minimax regret"] == other.best_by["minimax regret"]
    assert one.best_by["mean"] == other.best_by["mean"]
    scaled = [choose_under_ensemble(m, scale="range") for m in (members, unit * members + shift)]
    assert scaled[0].best_by == scaled[1].best_by


def test_a_third_option_that_ruins_makes_no_ties():
    found = choose_under_ensemble([[0.0, 1.0, -1e10]] * 2, names=list("abc"))
    assert set(found.best_by.values()) == {("b",)}
    assert found.favourites.tolist() == [0, 1, 0]


def test_weightless_members_are_not_heard():
    found = choose_under_ensemble([[1, 0.5], [-9, 0.5]], weights=[1, 0], rule="worst case")
    assert found.best == ("0",)
    assert found.agreed
    same = choose_under_ensemble([[1, 1], [1, 1]], scale="range")
    assert same.best == ("0", "1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "average"}, "rule='average' is not one of"),
        ({"scale": "z"}, "scale='z' is not one of"),
        ({"weights": [1, 2]}, "each of the 1 members"),
        ({"weights": [0]}, "not all of them 0"),
        ({"names": ["a"]}, "2 options and 1 names"),
        ({"tail": 0}, "tail=0"),
    ],
)
def test_bad_input_is_said_in_one_line(options, message):
    with pytest.raises(InputError, match=message):
        choose_under_ensemble([[1, 2]], **options)
