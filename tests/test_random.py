import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignlab.errors import InputError
from alignlab.random import as_generator, row_streams


@given(st.integers(0, 2**128), st.lists(st.text(max_size=20), max_size=3))
def test_a_seed_and_a_purpose_give_one_stream(seed, purpose):
    first, second = as_generator(seed, *purpose), as_generator(seed, *purpose)
    np.testing.assert_array_equal(first.random(5), second.random(5))


@given(st.integers(0, 2**32), st.sets(st.text("abc.", min_size=1), min_size=2, max_size=8))
def test_purposes_give_streams_of_their_own(seed, purposes):
    drawn = {as_generator(seed, purpose).integers(2**63) for purpose in purposes}
    assert len(drawn) == len(purposes)


def test_two_purposes_are_not_correlated():
    x = as_generator(0, "fairness").normal(size=100_000)
    y = as_generator(0, "robustness").normal(size=100_000)
    assert abs(np.corrcoef(x, y)[0, 1]) < 4 / np.sqrt(100_000)


def test_a_generator_is_returned_as_it_is():
    generator = np.random.default_rng(3)
    assert as_generator(generator, "anything") is generator


def test_numpys_whole_numbers_are_seeds():
    assert as_generator(np.int64(7)).random() == as_generator(7).random()


@pytest.mark.parametrize("seed", [-1, 1.0, "0", None, True, np.float64(2)])
def test_anything_else_is_refused(seed):
    with pytest.raises(InputError, match="is not a whole number from 0"):
        as_generator(seed)


def test_no_global_state_is_read_or_changed():
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    as_generator(0, "x").random(10)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002


@given(st.integers(0, 2**40), st.lists(st.integers(0, 999), min_size=1, max_size=20))
def test_a_rows_numbers_are_its_own_wherever_it_stands(seed, rows):
    alone, among = row_streams(seed, rows, "x"), row_streams(seed, 1000, "x")[rows]
    np.testing.assert_array_equal(alone.uniform(3, step=7), among.uniform(3, step=7))


@pytest.mark.parametrize("axis", [0, 1])
def test_numbers_of_rows_are_uniform_and_neighbours_unrelated(axis):
    drawn = row_streams(0, 300, "x").uniform(300, step=2)
    assert 0 < drawn.min() < drawn.max() < 1
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > 1e-3
    next_to = np.roll(drawn, 1, axis=axis)
    assert stats.kstest((drawn + next_to).ravel() % 1, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(drawn.ravel(), next_to.ravel())[0, 1]) < 4 / 300


def test_steps_purposes_and_seeds_give_other_numbers():
    streams = row_streams(0, 2, "x")
    drawn = [
        streams.uniform(4),
        streams.uniform(4, step=1),
        streams.child("y").uniform(4),
        row_streams(1, 2, "x").uniform(4),
        row_streams(0, 2, "y").uniform(4),
    ]
    assert len(np.unique(drawn)) == 5 * 8


def test_each_row_may_be_at_a_step_of_its_own():
    streams = row_streams(0, 3, "x")
    together = streams.uniform(4, step=np.array([7, 0, 2]))
    for row, step in enumerate([7, 0, 2]):
        np.testing.assert_array_equal(together[row], streams.uniform(4, step=step)[row])


def test_every_bit_is_drawn_as_often():
    drawn = row_streams(0, 100, "x").bits(200)
    shares = np.unpackbits(drawn.view(np.uint8)).reshape(-1, 64).mean(0)
    assert abs(shares - 0.5).max() < 5 * 0.5 / 20_000**0.5


def test_normal_numbers_of_rows_are_normal():
    assert stats.kstest(row_streams(0, 2000).normal(5).ravel(), "norm").pvalue > 1e-3


def test_row_streams_refuse_what_is_no_seed():
    with pytest.raises(InputError, match="is not a whole number from 0"):
        row_streams(-1, 3)
