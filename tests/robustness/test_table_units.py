"""A row in units is the same row: groups as one place, categories as positions."""

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import Constraints, RowEncoding
from alignlab.errors import InputError
from alignlab.robustness.table_units import TableUnits, require_values_known


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "g_a": [1, 0, 0],
            "n": [4, 5, 9],
            "g_b": [0, 1, 1],
            "kind": ["x", "z", "y"],
            "part": np.array([0.1, 0.2, 0.4], dtype=np.float32),
        }
    )


def units_of(frame, *, as_codes=True, scales="range", **stated):
    given = Constraints(**stated)
    encoding = RowEncoding.of(frame, values=given.categories)
    units = TableUnits.of(frame, encoding, given, scales=scales, as_codes=as_codes)
    return units, encoding.encode(frame)


def test_units_by_hand_and_back(frame):
    units, x = units_of(
        frame, one_hot=[["g_a", "g_b"]], categories={"kind": ["z", "y", "x"]}, immutable=["kind"]
    )
    assert units.names == ("n", "kind", "part", "g")
    assert units.number.tolist() == [True, False, True, False]
    assert units.sizes.tolist() == [0, 3, 0, 2]
    assert units.fixed.tolist() == [False, True, False, False]
    assert units.scale.tolist() == pytest.approx([5, 1, 0.3, 1])
    assert units.whole.tolist() == [True, False, False, False]
    read = units.read(x)
    assert read[:, [0, 1, 3]].tolist() == [[4, 2, 0], [5, 0, 1], [9, 1, 1]]
    assert np.array_equal(units.write(read), x)


def test_a_missing_cell_stays_missing():
    frame = pd.DataFrame({"n": [1.0, np.nan], "kind": pd.Categorical([None, "a"])})
    units, x = units_of(frame)
    assert np.array_equal(units.write(units.read(x)), x, equal_nan=True)
    assert np.isnan(units.read(x)).tolist() == [[False, True], [True, False]]


def test_the_values_of_an_array_are_kept():
    frame = pd.DataFrame({"0": [10.0, 30.0]})
    units, x = units_of(frame, as_codes=False, categories={"0": [30, 20, 10]})
    raw = frame.to_numpy()
    assert units.read(raw).tolist() == [[2], [0]]
    assert np.array_equal(units.write(units.read(raw)), raw)
    assert units.read(np.array([[21.0]])).tolist() == [[1]]
    assert x.tolist() == [[2], [0]]


def test_numbers_are_held_no_farther_than_given(frame):
    units, x = units_of(frame, immutable=["kind"])
    center = units.read(x)
    moved = center + np.random.default_rng(0).normal(size=center.shape)
    held = units.toward(moved, center)
    number = units.number
    assert (np.abs(held - center) <= np.abs(moved - center))[:, number].all()
    held[:, ~number] = center[:, ~number]
    assert units.holds(held).all()
    assert not units.holds(moved).any()


def test_text_of_which_nothing_is_known_is_refused(frame):
    with pytest.raises(InputError, match="'kind' holds str, and nothing says"):
        require_values_known(frame, Constraints())
    require_values_known(frame, Constraints(immutable=["kind"]))
    require_values_known(frame.astype({"kind": "category"}), Constraints())
