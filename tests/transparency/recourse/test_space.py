from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import Constraints
from alignlab.errors import InputError
from alignlab.transparency.recourse.space import space_of


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": [20, 30, 40, 50, 60],
            "debt": np.array([1.0, 2.0, np.nan, 4.0, 5.0], dtype=np.float32),
            "job": pd.Categorical(["a", "b", "a", "c", "b"]),
            "home": ["rent", "own", None, "own", "rent"],
            "race_x": [1, 0, 0, 1, 0],
            "race_y": [0, 1, 1, 0, 1],
            "old": [False, False, True, True, True],
        }
    )


def space(constraints=None, **options):
    frame = table()
    settings = {"scales": None, "per_change": 1.0, "category_cost": 1.0, **options}
    return space_of(frame, frame.iloc[:1], constraints, **settings)


def test_rows_go_to_units_and_back_with_their_dtypes_and_missing_cells():
    frame = table()
    found = space().frame(space().read(frame))
    pd.testing.assert_frame_equal(found, frame)


def test_columns_that_spell_out_one_feature_are_one_unit():
    found = space()
    assert "race" in found.names
    assert "race_x" not in found.names
    units = found.read(table())
    at = found.names.index("race")
    units[:, at] = 1
    assert found.frame(units)["race_y"].tolist() == [1] * 5
    assert found.frame(units)["race_x"].tolist() == [0] * 5


def test_a_spread_is_the_median_absolute_deviation_or_the_standard_deviation():
    found = space()
    assert found.scale[found.names.index("age")] == pytest.approx(1.4826 * 10)
    frame = pd.DataFrame({"x": [0, 0, 0, 0, 10]})
    other = space_of(frame, frame[:1], None, scales=None, per_change=1, category_cost=1)
    assert other.scale[0] == pytest.approx(4.0)
    stated = space(scales={"age": 5.0})
    assert stated.scale[stated.names.index("age")] == 5.0


def test_the_cost_is_a_price_a_change_and_the_moves():
    found = space(scales={"age": 5.0}, per_change=2.0, category_cost=3.0)
    origin = found.read(table())[0]
    units = origin.copy()
    units[found.names.index("age")] = 30
    units[found.names.index("job")] = 2
    assert found.cost(units, origin) == pytest.approx(2 + 10 / 5 + 2 + 3)
    assert found.cost(origin, origin) == 0


def test_what_is_allowed_is_what_the_constraints_say():
    constraints = Constraints(
        immutable=["home"], monotone={"age": "increasing"}, relations=["debt <= age"]
    )
    found = space(constraints)
    origin = found.read(table())[[1] * 7]
    units = origin.copy()
    name = found.names.index
    units[1, name("age")] = 29  # falls
    units[2, name("age")] = 35.5  # not whole
    units[3, name("home")] = 1  # immutable
    units[4, name("debt")] = 31  # outside, and above age
    units[5, name("age")] = 61  # outside of the data
    units[6, name("age")] = 40
    assert found.allowed(units, origin).tolist() == [True, *[False] * 5, True]
    frame, before = found.frame(units[[0, 1, 3, 4, 5, 6]]), found.frame(origin[:6])
    broken = found.constraints.violations(frame, before)
    assert set(broken["row"]) == {1, 2, 3, 4}


def test_a_missing_cell_stays():
    found = space()
    origin = found.read(table())[2]
    at = found.names.index("debt")
    low, high = found.reach(origin)
    assert np.isnan(low[at])
    assert np.isnan(high[at])
    units = origin.copy()
    units[at] = 3.0
    assert not found.allowed(units, origin)
    assert np.isnan(found.snapped(units, origin)[at])


def test_numbers_are_snapped_to_what_their_columns_hold():
    found = space()
    origin = found.read(table())[0]
    units = origin.copy()
    units[found.names.index("age")] = 33.4
    units[found.names.index("debt")] = 1.1
    snapped = found.snapped(units, origin)
    assert snapped[found.names.index("age")] == 33
    assert snapped[found.names.index("debt")] == np.float32(1.1)
    assert found.allowed(snapped, origin)


def test_a_constant_column_and_a_column_that_the_model_does_not_read_stay():
    frame = pd.DataFrame({"same": [1.0, 1.0], "name": [1.0, 2.0], "x": [1.0, 2.0]})
    found = space_of(
        frame, frame[:1], None, scales=None, per_change=1, category_cost=1, unread=("name",)
    )
    assert found.fixed.tolist() == [True, True, False]


def test_a_bound_may_be_open():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    constraints = Constraints(bounds={"x": (0, None)})
    found = space_of(frame, frame[:1], constraints, scales=None, per_change=1, category_cost=1)
    assert found.low[0] == 0
    assert 1000 < found.high[0] < np.inf


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": {"agee": 1.0}}, "Did you mean 'age'"),
        ({"scales": {"age": 0.0}}, "not a number above 0"),
        ({"per_change": -1}, "not a number from 0"),
        ({"category_cost": np.nan}, "not a number from 0"),
        ({"constraints": {"immutable": ["age"]}}, r"Give Constraints\(immutable"),
        ({"constraints": Constraints(bounds={"age": (30, 40)})}, "outside of 30 to 40"),
    ],
)
def test_what_is_not_understood_is_said(options, message):
    with pytest.raises(InputError, match=message):
        space(**options)
