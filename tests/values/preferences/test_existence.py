from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.datasets import PreferenceDataset
from alignlab.values.preferences import choices_of
from alignlab.values.preferences.existence import connection, separating_direction
from alignlab.values.preferences.maximum_likelihood import ChoiceModel

WINS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda p: p[0] != p[1]),
    min_size=1,
    max_size=12,
)


def dataset(wins, ties=()):
    said = [*((*pair, 0.0) for pair in wins), *((*pair, 0.5) for pair in ties)]
    first, second, preferred = zip(*said, strict=True)
    return PreferenceDataset.from_pairs("abcde", first, second, preferred)


def partition_rule(wins):
    """Ford's condition, by every split of the compared items into two."""
    seen = sorted(set(chain(*wins)))
    for size in range(1, len(seen)):
        for part in combinations(seen, size):
            over = any(a in part and b not in part for a, b in wins)
            under = any(b in part and a not in part for a, b in wins)
            if over != under:
                return False
    return True


@settings(deadline=None)
@given(WINS)
def test_scores_are_finite_by_the_rule_of_every_partition(wins):
    assert connection(choices_of(dataset(wins))).finite == partition_rule(wins)


@settings(deadline=None)
@given(WINS)
def test_the_linear_programme_agrees_with_the_graph(wins):
    choices = choices_of(dataset(wins))
    direction = separating_direction(choices.members, choices)
    assert (direction is None) == connection(choices).finite
    if direction is not None:
        gaps = np.array([direction[a] - direction[b] for a, b in wins])
        assert gaps.min() >= -1e-9
        assert gaps.max() > 1e-6


def test_who_runs_off_is_named():
    found = connection(choices_of(dataset([(0, 1), (1, 2), (2, 1), (2, 3)])))
    assert found.unbeaten.tolist() == [0]
    assert found.unpreferred.tolist() == [3]
    assert found.alone.tolist() == [4]
    assert found.n_parts == 1


def test_items_never_compared_with_each_other_are_parts():
    found = connection(choices_of(dataset([(0, 1), (1, 0), (2, 3), (3, 2)])))
    assert found.finite
    assert found.n_parts == 2
    assert found.part[0] == found.part[1] != found.part[2]


def test_half_a_tie_is_a_win_either_way():
    data = dataset([(0, 1)], [(0, 1)])
    assert connection(choices_of(data)).unbeaten.tolist() == [0]
    assert connection(choices_of(data, ties="half")).finite


def test_a_win_and_a_tie_without_a_loss_have_no_finite_maximum():
    """The graph with a tie as two arrows would say that they have."""
    model = ChoiceModel(choices_of(dataset([(0, 1)], [(0, 1)])), None)
    assert separating_direction(model.jacobian(model.start), model.choices) is not None
    model = ChoiceModel(choices_of(dataset([(0, 1), (1, 0)], [(0, 1)])), None)
    assert separating_direction(model.jacobian(model.start), model.choices) is None


@pytest.mark.parametrize("flip", [False, True])
def test_a_feature_that_tells_every_answer_is_found(flip):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 3))
    first, second = rng.permutation(30)[:15], np.zeros(15, int)
    second = (first + 1) % 30
    said = (rows[first, 1] < rows[second, 1]).astype(float)
    if flip:
        said[0] = 1 - said[0]
        said = np.append(said, 1 - said)
        first, second = np.tile(first, 2), np.tile(second, 2)
    data = PreferenceDataset.from_pairs(rows, first, second, said)
    model = ChoiceModel(choices_of(data), rows)
    direction = separating_direction(model.jacobian(model.start), model.choices)
    assert (direction is None) == flip
    if not flip:
        gap = (rows[first] - rows[second]) @ direction * (1 - 2 * said)
        assert gap.min() > -1e-9
