"""The trust scale: reversal, missing answers, ratings that were turned already."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.trust import TRUST_ITEMS, cronbach_alpha, score_trust, trust_items
from alignlab.plain import to_json

DISTRUSTS = [7] * 5 + [1] * 7
TRUSTS = [1] * 5 + [7] * 7


def rated(people=40, seed=0):
    """Return ratings of people who differ in trust, as they would mark them."""
    rng = np.random.default_rng(seed)
    trust = rng.normal(0, 1.2, people)[:, None]
    direction = np.where([item.distrust for item in TRUST_ITEMS], -1, 1)
    table = 4 + direction * trust + rng.normal(0, 0.8, (people, 12))
    return np.clip(np.round(table), 1, 7)


def test_five_of_twelve_are_of_distrust_and_stand_first():
    assert [item.distrust for item in TRUST_ITEMS] == [True] * 5 + [False] * 7
    assert len({item.key for item in TRUST_ITEMS}) == 12


def test_the_ends_of_the_scale():
    found = score_trust([DISTRUSTS, TRUSTS])
    assert found.scores.tolist() == [1, 7]
    assert found.trust.tolist() == [1, 7]
    assert found.distrust.tolist() == [7, 1]


def test_without_turning_them_round_both_ends_are_the_middle():
    """What a plain mean would say of the most and of the least trusting person."""
    assert np.mean(DISTRUSTS) == pytest.approx(3.5)
    assert np.mean(TRUSTS) == pytest.approx(4.5)


def test_it_is_the_mean_of_turned_ratings():
    table = rated()
    turned = table.copy()
    turned[:, :5] = 8 - turned[:, :5]
    found = score_trust(table)
    assert found.scores == pytest.approx(turned.mean(axis=1))
    assert found.alpha == cronbach_alpha(turned)
    assert found.mean.value == pytest.approx(turned.mean())
    assert not found.turned_already


def test_ratings_turned_before_are_noticed():
    table = rated()
    table[:, :5] = 8 - table[:, :5]
    found = score_trust(table)
    assert found.turned_already
    assert "turned round before" in found.headline


def test_unanswered_statements():
    table = np.array([TRUSTS, TRUSTS, [4] * 12], dtype=float)
    table[0, :2] = np.nan
    table[1, :3] = np.nan
    found = score_trust(table)
    assert found.scores[0] == 7
    assert np.isnan(found.scores[1])
    assert found.unanswered.tolist() == [2, 3, 0]
    assert found.mean.n == 2


def test_nobody_answered():
    found = score_trust(np.full((2, 12), np.nan))
    assert found.mean is None
    assert found.alpha is None
    assert found.headline == "Nobody answered enough statements for a score."
    assert json.loads(to_json(found.to_dict()))["mean"] is None


def test_answers_by_name_are_answers_by_place():
    table = rated(3)
    keys = [item.key for item in TRUST_ITEMS]
    named = {
        f"p{row}": dict(zip(keys, values.tolist(), strict=True)) for row, values in enumerate(table)
    }
    found = score_trust(named)
    assert found.people == ("p0", "p1", "p2")
    assert found.scores.tolist() == score_trust(table).scores.tolist()
    named["p0"]["wary"] = None
    assert score_trust(named).unanswered.tolist() == [1, 0, 0]
    del named["p0"]["wary"]
    assert score_trust(named).unanswered.tolist() == [1, 0, 0]


def test_one_rating_throughout_contradicts_itself():
    found = score_trust([[7] * 12, [4] * 12, TRUSTS], people=["ann", "bob", "cy"])
    assert found.same_throughout == ("ann",)
    assert found.to_frame()["same throughout"].tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[8] * 12], "'1' rates 'deceptive' 8. Ratings are whole"),
        ([[0] * 12], "Ratings are whole"),
        ([[3.5] * 12], "Ratings are whole"),
        ([[np.inf] * 12], "Ratings are whole"),
        ([[1] * 11], "12 columns"),
        ([["a"] * 12], "not numbers"),
        (np.zeros((0, 12)), "no ratings"),
        ({"ann": {"wery": 3}}, "Did you mean 'wary'"),
        ({"ann": {"wary": "3"}}, "'ann' rates 'wary' '3'"),
        ({}, "no ratings"),
    ],
)
def test_what_cannot_be_used_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        score_trust(given)


def test_names_must_fit():
    with pytest.raises(InputError, match="2 names for 1 rows"):
        score_trust([TRUSTS], people=["a", "b"])
    with pytest.raises(InputError, match="level"):
        score_trust([TRUSTS], level=95)


def test_an_order_for_each_person():
    one, again, other = trust_items(1), trust_items(1), trust_items(2)
    assert one == again
    assert one != other
    assert {item.key for item in one} == {item.key for item in TRUST_ITEMS}
    assert trust_items() == TRUST_ITEMS


def test_statements_about_another_name():
    assert TRUST_ITEMS[0].about("the model") == "The model is deceptive"
    assert TRUST_ITEMS[10].about("the model") == "I can trust the model"
    assert TRUST_ITEMS[4].about("the model").startswith("The model's actions")


def test_trust_is_said_not_to_be_reliance():
    found = score_trust(rated())
    assert "not how they rely on it" in found.headline
    assert found.headline in found._repr_html_()


def test_ratings_that_go_with_nothing_are_rarely_taken_for_turned():
    rng = np.random.default_rng(0)
    suspected = [score_trust(rng.integers(1, 8, (10, 12))).turned_already for _ in range(200)]
    assert sum(suspected) < 12


def test_one_person_says_nothing_of_others():
    found = score_trust([[4] * 11 + [5]])
    assert np.isnan(found.mean.low)
    assert np.isnan(found.mean.high)
    assert found.headline.startswith("One person trusts the system at 4.1 of 1 to 7, which says")
