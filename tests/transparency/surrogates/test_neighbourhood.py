"""The laws that samples are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.transparency.surrogates.neighbourhood import (
    SLOTS,
    Neighbourhood,
    drawn_pairs,
    leaving_chance,
    ordered_values,
    slots_of_numbers,
    two_states,
)


def shares(distance, width):
    return np.bincount(slots_of_numbers(distance, width), minlength=len(distance)) / SLOTS


def test_three_values_by_hand():
    far = np.exp(-0.5)
    expected = np.array([far, 1.0, far]) / (1 + 2 * far)
    assert shares(np.array([-1.0, 0.0, 1.0]), 1.0) == pytest.approx(expected, abs=1 / SLOTS)


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0, 3.0])
def test_the_law_is_the_background_times_the_kernel(width):
    """Drawing from it is weighing samples of the background: weighted means agree."""
    distance = np.sort(np.random.default_rng(0).normal(0.7, 1.0, 999))
    distance = np.sort(np.append(distance, 0.0))
    weights = np.exp(-(distance**2) / (2 * width**2))
    drawn = distance[slots_of_numbers(distance, width)]
    for power in (1, 2, 3):
        expected = np.average(distance**power, weights=weights)
        assert np.mean(drawn**power) == pytest.approx(expected, abs=3e-3)


def test_an_infinite_width_is_the_background_itself():
    distance = np.array([-2.0, 0.0, 1.0, 1.0])
    assert shares(distance, np.inf).tolist() == [0.25, 0.25, 0.25, 0.25]


@given(
    st.lists(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=30),
    st.floats(0.05, 5),
)
def test_every_feature_moves_in_a_tenth_of_the_samples_at_least(others, width):
    distance = np.sort([*others, *[0.0] * 50])
    moved = np.mean(distance[slots_of_numbers(distance, width)] != 0)
    assert moved >= 0.1 - 1 / SLOTS


def test_values_too_far_for_a_float_still_have_their_shares():
    assert shares(np.array([0.0, 1e4, 1e4 + 1e-5]), 0.1)[1] == pytest.approx(0.1, abs=1e-3)


def test_unusable_values_are_left_out_and_many_are_thinned():
    values = np.array([1.0, np.nan, np.inf, 0.5, -np.inf])
    assert ordered_values(values, 0).tolist() == [3, 0]
    many = np.random.default_rng(0).normal(size=50_000)
    order = ordered_values(many, 17)
    assert len(order) <= 4097
    assert 17 in order
    assert (np.diff(many[order]) >= 0).all()
    assert {int(many.argmin()), int(many.argmax())} <= set(order.tolist())


def test_two_states():
    assert leaving_chance(np.inf) == 0.5
    assert leaving_chance(1.0) == pytest.approx(1 / (1 + np.exp(0.5)))
    assert leaving_chance(0.01) == 0.1
    assert two_states(1.0).mean() == pytest.approx(leaving_chance(1.0), abs=1 / SLOTS)


def test_pairs_mirror_each_other_and_every_slot_is_as_likely():
    slots = drawn_pairs(np.random.default_rng(0), 50_000, 3)
    assert (slots.sum(axis=1) == SLOTS - 1).all()
    counts = np.bincount(slots[:, 0, 1] // 256, minlength=16)
    assert (np.abs(counts - 3125) < 5 * np.sqrt(3125)).all()
    assert abs(np.corrcoef(slots[:, 0, 0], slots[:, 0, 2])[0, 1]) < 5 / np.sqrt(50_000)


def test_design_and_choice_go_together():
    choice = np.repeat(np.arange(SLOTS)[:, None] % 2, 2, axis=1)
    place = Neighbourhood(1.0 * choice, choice)
    slots = drawn_pairs(np.random.default_rng(1), 10, 2)
    raw = place.designed(place.cells(slots)) * place.deviation + place.mean
    assert raw == pytest.approx(place.chosen(place.cells(slots)))
    assert place.mean.tolist() == [0.5, 0.5]
