from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError

TEXTS = ("a", "b", "c", "d", "e")


@st.composite
def pairs(draw, n_items=5):
    n = draw(st.integers(0, 30))
    made = [draw(st.permutations(range(n_items)))[:2] for _ in range(n)]
    said = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))
    who = draw(st.none() | st.lists(st.sampled_from("xyz"), min_size=n, max_size=n))
    return [each[0] for each in made], [each[1] for each in made], said, who


@given(pairs())
def test_pairs_come_back_as_they_were_given(given_):
    first, second, said, who = given_
    data = PreferenceDataset.from_pairs(TEXTS, first, second, said, annotators=who)
    back = data.pairs()
    assert back.first.tolist() == first
    assert back.second.tolist() == second
    assert back.preferred.tolist() == said
    assert back.comparison.tolist() == list(range(len(said)))
    named = who if who is not None and any(who) else None
    assert (None if back.annotators is None else back.annotators.tolist()) == named


@given(
    st.lists(st.permutations(range(5)).flatmap(lambda p: st.integers(2, 5).map(lambda k: p[:k]))),
    st.randoms(use_true_random=False),
)
def test_rankings_give_every_pair_in_the_order_shown(shown, random):
    ranks = [[random.choice([1, 2, 7.5]) for _ in each] for each in shown]
    data = PreferenceDataset.from_rankings(TEXTS, shown, ranks)
    expected = [
        (a, b, 0.5 if rank[i] == rank[j] else float(rank[i] > rank[j]), at)
        for at, (each, rank) in enumerate(zip(shown, ranks, strict=True))
        for (i, a), (j, b) in combinations(enumerate(each), 2)
    ]
    back = data.pairs()
    columns = (back.first, back.second, back.preferred, back.comparison)
    assert list(zip(*(each.tolist() for each in columns), strict=True)) == expected
    assert data.order_known
    for at, rank in enumerate(ranks):
        kept = data.ranks[data.starts[at] : data.starts[at + 1]]
        assert kept.tolist() == [sorted(set(rank)).index(each) for each in rank]


def test_the_best_first_says_nothing_about_who_was_shown_first():
    data = PreferenceDataset.from_rankings(TEXTS, [[3, 1, 0]])
    assert data.pairs().preferred.tolist() == [0, 0, 0]
    assert not data.order_known


@given(pairs(), st.data())
def test_a_subset_is_the_same_comparisons(given_, draws):
    first, second, said, who = given_
    data = PreferenceDataset.from_pairs(TEXTS, first, second, said, annotators=who)
    rows = draws.draw(st.lists(st.integers(0, len(said) - 1)) if said else st.just([]))
    some = data.at(np.array(rows, int))
    back = some.pairs()
    assert back.first.tolist() == [first[row] for row in rows]
    assert back.preferred.tolist() == [said[row] for row in rows]
    named = [] if who is None else [who[row] for row in rows]
    assert (some.annotators is None) == (not any(named))
    if some.annotators is not None:
        assert some.annotators.tolist() == named


def test_an_answer_without_a_name_is_nobodys():
    def said(*who):
        n = len(who)
        return PreferenceDataset.from_pairs(TEXTS, [0] * n, [1] * n, [0] * n, annotators=who)

    assert "annotators: 2>" in repr(said("x", "y", "", None))
    assert said("", None).annotators is None
    assert (said("") + said("x")).annotators.tolist() == ["", "x"]


def test_parts_do_not_share_an_item_that_stands_here_twice():
    rng = np.random.default_rng(0)
    n = 200
    a = rng.integers(0, 8, n)
    b = (a + rng.integers(1, 8, n)) % 8
    texts = [f"text {at}" for at in range(8)]
    items = [texts[at] for pair in zip(a, b, strict=True) for at in pair]
    data = PreferenceDataset.from_pairs(items, range(0, 2 * n, 2), range(1, 2 * n, 2), [0] * n)
    for by, size in (("comparison", 2), ("item", 1)):
        parts = data.split(0.3, by=by)[:2]
        shown = [
            {frozenset(part.items[at] for at in pair) for pair in part.members.reshape(-1, 2)}
            for part in parts
        ]
        if size == 1:
            shown = [set().union(*part) for part in shown]
        assert len(shown[0]) > 0
        assert not shown[0] & shown[1]
    # The same words in answer to another prompt are another answer.
    grouped = PreferenceDataset.from_pairs(
        ["yes", "no"] * 2, [0, 2], [1, 3], [0, 1], groups=["p", "p", "q", "q"]
    )
    assert [len(part) for part in grouped.split(0.5)[:2]] == [1, 1]


def test_rows_of_other_widths_are_not_added():
    one, two = (PreferenceDataset.from_pairs(np.eye(k), [0], [1], [0]) for k in (2, 3))
    with pytest.raises(InputError, match="Rows of 3 numbers cannot be added to rows of 2"):
        one + two


def test_a_mask_selects_rankings_of_different_sizes():
    data = PreferenceDataset.from_rankings(TEXTS, [[0, 1, 2], [3, 4], [4, 2, 1, 0]])
    some = data.at(np.array([True, False, True]))
    assert some.members.tolist() == [0, 1, 2, 4, 2, 1, 0]
    assert some.starts.tolist() == [0, 3, 7]


@given(pairs(), st.floats(0.05, 0.95), st.integers(0, 99))
def test_answers_to_one_question_stay_together(given_, share, seed):
    data = PreferenceDataset.from_pairs(TEXTS, *given_[:3])
    asked = {frozenset(each) for each in zip(given_[0], given_[1], strict=True)}
    if len(asked) < 2:
        with pytest.raises(InputError, match=r"at least 2"):
            data.split(share, seed=seed)
        return
    train, held_out, dropped = data.split(share, seed=seed)
    sides = [
        {frozenset(each) for each in zip(side.pairs().first, side.pairs().second, strict=True)}
        for side in (train, held_out)
    ]
    assert dropped == 0
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == asked
    assert sides[0]
    assert sides[1]
    again = data.split(share, seed=seed)
    assert again.held_out.members.tolist() == held_out.members.tolist()


@pytest.mark.parametrize("by", ["item", "group"])
def test_held_out_items_are_in_no_comparison_of_the_other_side(by):
    rng = np.random.default_rng(0)
    drawn = np.array([rng.permutation(40)[:2] for _ in range(500)])
    group = np.arange(40) // 4
    data = PreferenceDataset.from_pairs(
        rng.normal(size=(40, 2)), drawn[:, 0], drawn[:, 1], np.zeros(500), groups=group
    )
    train, held_out, dropped = data.split(0.5, by=by)
    units = np.arange(40) if by == "item" else group
    assert not set(units[train.members]) & set(units[held_out.members])
    assert len(train) + len(held_out) + dropped == 500
    assert dropped > 100
    assert train.n_items == held_out.n_items == 40


def test_single_answers_can_be_split():
    data = PreferenceDataset.from_pairs(["a", "b"], [0] * 10, [1] * 10, [0] * 10)
    train, held_out, _ = data.split(0.3, by="answer")
    assert (len(train), len(held_out)) == (7, 3)


def test_adding_holds_an_item_of_both_once():
    one = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1], annotators=["x"])
    two = PreferenceDataset.from_pairs(["c", "b", "b"], [0, 1], [1, 2], [0, 0.5])
    both = one + two
    assert both.items == ("a", "b", "c", "b")
    assert both.pairs().first.tolist() == [0, 2, 1]
    assert both.pairs().second.tolist() == [1, 1, 3]
    assert both.annotators.tolist() == ["x", "", ""]
    assert (both + one).items == both.items


@given(pairs(), pairs())
def test_adding_keeps_what_was_said_of_what(one, two):
    walks = [Trajectory([k, 1], [0]) for k in range(5)]
    left = PreferenceDataset.from_pairs(walks[:], *one[:3])
    right = PreferenceDataset.from_pairs(walks[::-1], *two[:3])
    both = left + right
    assert both.n_items == 5
    back = both.pairs()
    assert back.first.tolist() == one[0] + [4 - each for each in two[0]]
    assert back.preferred.tolist() == one[2] + two[2]


def test_adding_rows_and_groups():
    one = PreferenceDataset.from_pairs([[0.0], [1.0]], [0], [1], [0], groups=["p", "p"])
    two = PreferenceDataset.from_pairs([[1.0], [0.0]], [0], [1], [0], groups=["q", "p"])
    both = one + two
    assert both.items.tolist() == [[0.0], [1.0], [1.0]]
    assert both.groups.tolist() == ["p", "p", "q"]
    assert both.pairs().first.tolist() == [0, 2]
    with pytest.raises(InputError, match=r"of texts cannot be added to one of rows"):
        one + PreferenceDataset.from_pairs(["a", "b"], [0], [1], [0])


def test_lengths_and_words():
    walks = [Trajectory([0, 1, 0], [0, 0]), Trajectory([1, 0], [1], ended=True)]
    data = PreferenceDataset.from_pairs(walks, [0], [1], [0.5], annotators=["x"])
    assert data.lengths.tolist() == [2, 1]
    assert (
        repr(data) == "<PreferenceDataset; comparisons: 1, trajectories: 2, ties: 1, annotators: 1>"
    )
    assert PreferenceDataset.from_pairs(["a", "bcd"], [0], [1], [1]).lengths.tolist() == [1, 3]
    assert PreferenceDataset.from_pairs([[1.0], [2.0]], [0], [1], [1]).lengths is None


def test_the_items_given_cannot_change_afterwards():
    rows = np.zeros((2, 1))
    data = PreferenceDataset.from_pairs(rows, [0], [1], [0])
    rows[0] = 9
    assert data.items[0, 0] == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"preferred": [2]}, r"preferred\[0\] is 2.0: give 0 for the first item"),
        ({"preferred": [float("nan")]}, r"leave out what was not answered"),
        ({"preferred": [0, 1]}, "1, 1 and 2 entries"),
        ({"first": [5]}, "Comparison 0 names item 5; the items are numbered from 0 to 1"),
        ({"first": [-1]}, "names item -1"),
        ({"first": [1]}, "names item 1 twice"),
        ({"first": [0.5]}, "first must be a list of whole numbers"),
        ({"annotators": ["x", "y"]}, "There are 2 annotators for 1 comparisons"),
        ({"groups": ["x"]}, "There are 1 groups for 2 items"),
    ],
)
def test_what_does_not_fit_is_said(change, says):
    given_ = {"first": [0], "second": [1], "preferred": [0], **change}
    with pytest.raises(InputError, match=says):
        PreferenceDataset.from_pairs(["a", "b"], **given_)


def test_rankings_that_do_not_fit_are_said():
    with pytest.raises(InputError, match=r"Every comparison needs two items or more"):
        PreferenceDataset.from_rankings(TEXTS, [[0]])
    with pytest.raises(InputError, match=r"Comparison 0 shows 2 items and ranks 1"):
        PreferenceDataset.from_rankings(TEXTS, [[0, 1]], [[1]])
    with pytest.raises(InputError, match=r"There are 2 lists of ranks for 1 comparisons"):
        PreferenceDataset.from_rankings(TEXTS, [[0, 1]], [[1, 2], [1, 2]])
    with pytest.raises(InputError, match=r"A rank of comparison 0 is nan"):
        PreferenceDataset.from_rankings(TEXTS, [[0, 1]], [[1, float("nan")]])


def test_a_split_that_cannot_be_made_is_said():
    data = PreferenceDataset.from_pairs(TEXTS, [0, 1], [1, 2], [0, 0])
    with pytest.raises(InputError, match=r"by='items' is not one of .* Did you mean 'item'"):
        data.split(by="items")
    with pytest.raises(InputError, match=r"share=1.5 is not between 0 and 1"):
        data.split(1.5)
    with pytest.raises(InputError, match=r"The items have no groups"):
        data.split(by="group")
