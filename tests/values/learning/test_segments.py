import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.values.learning.segments import cut_segments, draw_segments


def walk(steps, *, ended):
    return Trajectory(np.arange(steps + 1), [0] * steps, np.arange(steps, dtype=float), ended)


def test_where_segments_begin_by_hand():
    which, begins = cut_segments(
        [walk(3, ended=True), walk(1, ended=False), walk(3, ended=False)], 2
    )
    assert which.tolist() == [0, 0, 0, 2, 2]
    assert begins.tolist() == [0, 1, 2, 0, 1]


@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=6),
    length=st.integers(1, 8),
    n=st.integers(1, 30),
)
def test_a_segment_is_short_only_where_its_episode_ended(steps, length, n):
    walks = [walk(count, ended=ended) for count, ended in steps]
    if not len(cut_segments(walks, length)[0]):
        return
    drawn = draw_segments(walks, n, length=length, seed=np.random.default_rng(0))
    assert len(drawn) == min(n, len(cut_segments(walks, length)[0]))
    for segment in drawn:
        assert len(segment) == length or segment.ended
        assert np.array_equal(np.diff(segment.states), np.ones(len(segment)))
        assert np.array_equal(segment.rewards, segment.states[:-1])
    assert len({(s.states.tobytes(), s.ended) for s in drawn}) <= len(drawn)


def test_half_of_the_segments_reach_an_end_where_there_are_enough():
    walks = [walk(500, ended=True) for _ in range(20)]
    drawn = draw_segments(walks, 100, length=10, seed=np.random.default_rng(1))
    assert sum(each.ended for each in drawn) == 50
    # Evenly over time it would be 2 of 100.
    rare = [walk(500, ended=False), walk(5, ended=True)]
    drawn = draw_segments(rare, 100, length=10, seed=np.random.default_rng(1))
    assert sum(each.ended for each in drawn) == 5
    assert len(drawn) == 100


def test_a_length_that_no_stretch_has_is_said_with_one_that_has():
    with pytest.raises(InputError, match=r"longest is 7 steps, and none ended. .* at most 7"):
        draw_segments(
            [walk(7, ended=False), walk(3, ended=False)],
            4,
            length=8,
            seed=np.random.default_rng(0),
        )
