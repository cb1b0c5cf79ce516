"""What may be done to a row of a table: projections are allowed, and allowed is what was stated."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.datasets import Constraints, load_example
from alignlab.errors import InputError
from alignlab.random import row_streams
from alignlab.robustness.tabular_threat import TabularThreat

STATED = {
    "immutable": ["sex"],
    "one_hot": {"job": ["job_a", "job_b", "job_c"]},
    "categories": {"school": ["none", "high", "college"]},
    "monotone": {"age": "increasing", "school": "increasing"},
    "relations": ["loan <= value"],
    "bounds": {"age": [18, 90], "value": [0, 500]},
}


def people(rows=12, seed=0):
    generator = np.random.default_rng(seed)
    value = generator.uniform(100, 400, rows)
    job = np.eye(3)[generator.integers(0, 3, rows)]
    rate = generator.normal(size=rows).astype(np.float32)
    rate[0] = np.nan
    return pd.DataFrame(
        {
            "sex": generator.choice(["f", "m"], rows),
            "age": generator.integers(20, 80, rows),
            "loan": value * generator.uniform(0.2, 1, rows),
            "value": value,
            "rate": rate,
            "school": generator.choice(["none", "high", "college"], rows),
            "member": generator.random(rows) < 0.5,
            "job_a": job[:, 0].astype(int),
            "job_b": job[:, 1].astype(int),
            "job_c": job[:, 2].astype(int),
        }
    )


def made(radius, *, norm="linf", rows=12, seed=0, **settings):
    frame = people(rows, seed)
    threat = TabularThreat(Constraints(**STATED), radius, data=frame, norm=norm, **settings)
    return threat, frame, threat.encode(frame)


def test_moves_are_counted_by_hand():
    frame = pd.DataFrame({"age": [20, 60], "debt": [0.0, 10.0], "job": ["a", "b"]})
    after = pd.DataFrame({"age": [30, 60], "debt": [5.0, 10.0], "job": ["b", "b"]})
    l2 = (0.0625 + 0.25 + 0.16) ** 0.5
    for norm, expected in (("linf", [0.5, 0]), ("l1", [0.25 + 0.5 + 0.4, 0]), ("l2", [l2, 0])):
        threat = TabularThreat(
            Constraints.observed(frame), 0.5, data=frame, norm=norm, category_cost=0.4
        )
        moved = threat.distance(threat.encode(after), threat.encode(frame))
        assert moved.tolist() == pytest.approx(expected, abs=1e-15)


def test_scales_by_hand():
    frame = pd.DataFrame({"a": [0.0, 4.0], "b": [1.0, 3.0], "still": [2.0, 2.0]})
    given = Constraints()
    named = {"a": 8, "b": 0.5, "still": 1}
    for scales, expected in (
        ("range", [4, 2]),
        ("std", [2, 1]),
        (None, [1, 1]),
        (named, [8, 0.5]),
    ):
        threat = TabularThreat(given, 1.0, data=frame, scales=scales)
        x = threat.encode(frame)
        moved = threat.project(x + 100, x) - x
        assert moved[:, :2].tolist() == [expected, expected]
        assert bool((moved[:, 2] == 0).all()) == (scales in ("range", "std"))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["linf", "l1", "l2"]),
    st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([0.2, 1.0]),
)
def test_a_projection_is_allowed_and_what_is_allowed_stays(seed, norm, radius, most, cost):
    threat, frame, x = made(radius, norm=norm, seed=seed % 7, max_changed=most, category_cost=cost)
    generator = np.random.default_rng(seed)
    far = x + torch.from_numpy(generator.normal(size=x.shape) * [1, 30, 200, 200, 2, 2, 1, 1, 1, 1])
    for candidate in (far, torch.nan_to_num(far), threat.start(x, row_streams(seed, len(x)))):
        near = threat.project(candidate, x)
        assert bool(threat.allows(near, x).all())
        assert torch.equal(torch.nan_to_num(threat.project(near, x)), torch.nan_to_num(near))
        after = threat.decode(near)
        assert not len(threat.constraints.violations(after, frame))
        assert torch.equal(torch.nan_to_num(threat.encode(after)), torch.nan_to_num(near))
        assert (after.dtypes == frame.dtypes).all()


def test_what_is_not_allowed_is_told_as_the_constraints_tell_it():
    threat, frame, x = made(3.0, norm="linf", rows=300)
    generator = np.random.default_rng(3)
    moved = x.numpy().copy()
    for at in range(x.shape[1]):
        some = generator.random(len(x)) < 0.08
        moved[some, at] = generator.permutation(moved[:, at])[some]
    after = threat.decode(torch.from_numpy(moved))
    rows = set(threat.constraints.violations(after, frame)["row"])
    allowed = threat.allows(torch.from_numpy(moved), x).numpy()
    assert {int(row) for row in np.flatnonzero(~allowed)} == rows
    assert 30 < len(rows) < 300


def test_a_last_bit_too_far_is_not_allowed():
    frame = pd.DataFrame({"a": [0.0, 1.0], "n": np.array([0.1, 0.3], dtype=np.float32)})
    threat = TabularThreat(Constraints(), 0.3, data=frame, scales=None)
    x = threat.encode(frame)
    low, high = threat.project(x - 9, x), threat.project(x + 9, x)
    assert bool(threat.allows(low, x).all() & threat.allows(high, x).all())
    assert torch.allclose(high - x, torch.full((2, 2), 0.3, dtype=torch.float64), atol=1e-6)
    beyond = high.clone()
    beyond[:, 0] = torch.nextafter(high[:, 0], torch.tensor(9.0, dtype=torch.float64))
    assert not bool(threat.allows(beyond, x).any())
    single = high.clone()
    single[:, 1] = torch.nextafter(high[:, 1], torch.tensor(0.0, dtype=torch.float64))
    assert not bool(threat.allows(single, x).any())  # its column cannot hold it


def test_a_radius_of_nothing_allows_nothing():
    threat, _, x = made(0.0)
    assert torch.equal(torch.nan_to_num(threat.project(x + 1, x)), torch.nan_to_num(x))
    with pytest.raises(InputError, match="from 0"):
        threat.with_radius(-1.0)
    assert threat.with_radius(1.0).radius == 1.0


def test_the_l1_projection_is_the_nearest_of_a_fine_grid():
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [0.0, 1.0]})
    threat = TabularThreat(Constraints(), 0.5, data=frame, norm="l1")
    x = threat.encode(frame)[:1]
    ticks = np.linspace(-0.5, 0.5, 201)
    grid = np.array([(a, b) for a in ticks for b in ticks if abs(a) + abs(b) <= 0.5])
    for point in ([0.4, 0.3], [1.0, 0.2], [-0.2, 0.9]):
        near = threat.project(torch.tensor([point], dtype=torch.float64), x).numpy()[0]
        best = np.linalg.norm(grid - point, axis=1).min()
        assert np.linalg.norm(near - point) <= best + 1e-12


def test_arrays_keep_their_form_and_precision():
    array = np.random.default_rng(0).random((6, 3)).astype(np.float32)
    array[:, 2] = np.arange(6) % 2
    threat = TabularThreat(
        Constraints(categories={"2": [0, 1]}), 0.1, data=array, category_cost=0.1
    )
    assert not threat.decodes
    x = threat.encode(array)
    assert x.dtype == torch.float32
    near = threat.project(x + torch.tensor([9.0, 0.01, 0.8]), x)
    assert near.dtype == torch.float32
    assert bool(threat.allows(near, x).all())
    assert torch.equal(near[:, 2], torch.ones(6))
    assert threat.decode(near) is near
    between = x.clone()
    between[:, 2] = 0.5
    assert not bool(threat.allows(between, x).any())


def test_the_steepest_step_is_the_best_of_many():
    array = np.random.default_rng(0).random((8, 4)) * [1, 10, 100, 1]
    gradient = torch.from_numpy(np.random.default_rng(1).normal(size=(8, 4)))
    for norm in ("linf", "l2", "l1"):
        threat = TabularThreat(Constraints(), 1.0, data=array, norm=norm)
        step = threat.steepest(gradient)
        x = threat.encode(array)
        assert threat.distance(x + step, x).tolist() == pytest.approx([1.0] * 8)
        for seed in range(20):
            other = torch.from_numpy(np.random.default_rng(seed).normal(size=(8, 4))) * 30
            other = other / threat.distance(x + other, x)[:, None]
            assert bool(((gradient * step).sum(1) >= (gradient * other).sum(1) - 1e-9).all())


def test_rows_do_not_depend_on_one_another():
    threat, _, x = made(0.7, norm="l2")
    far = x + 3.0
    whole = threat.project(far, x)
    single = torch.cat([threat.project(far[at : at + 1], x[at : at + 1]) for at in range(len(x))])
    assert torch.equal(torch.nan_to_num(whole), torch.nan_to_num(single))


def test_the_mortgage_table_goes_through():
    frame = load_example("mortgage").features
    given = Constraints.observed(
        frame, immutable=["afam", "single"], monotone={"hschool": "increasing"}
    )
    threat = TabularThreat(given, 0.3, data=frame, category_cost=0.3, norm="linf")
    x = threat.encode(frame)
    start = threat.start(x, row_streams(0, len(x)))
    assert bool(threat.allows(start, x).all())
    assert not len(given.violations(threat.decode(start), frame))
    assert "an L∞ distance of 0.3 of each column's range" in str(threat)


@pytest.mark.parametrize(
    ("stated", "settings", "says"),
    [
        ({}, {}, "Column 'school' holds str, and nothing says what it may become"),
        ({"immutable": list(people().columns)}, {}, "Nothing may change"),
        ({"immutable": ["sexe"]}, {}, "Did you mean 'sex'"),
        ({"bounds": {"age": [18, 30]}}, {}, "violates the constraints: age"),
        (None, {"radius": -0.1}, "radius=-0.1 is not a number from 0"),
        (None, {"radius": "much"}, "radius='much'"),
        (None, {"radius": float("inf")}, "radius=inf"),
        (None, {"norm": "l3"}, "norm='l3' is not one of"),
        (None, {"category_cost": 0}, "category_cost=0 is not a number above 0"),
        (None, {"max_changed": 0}, "max_changed=0"),
        (None, {"scales": "stdd"}, "Did you mean 'std'"),
        (None, {"scales": {"age": 1}}, "does not say what counts as a move by 1 for 'loan'"),
        (None, {"scales": {"agee": 1}}, "Did you mean 'age'"),
        (None, {"scales": {"age": 0, "loan": 1, "value": 1, "rate": 1}}, "not a number above 0"),
        (None, {"scales": 3}, "scales=3"),
        (None, {"data": np.zeros(3)}, "shape"),
        (None, {"data": [["a"]]}, "array of numbers"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_one_line(stated, settings, says):
    stated = STATED if stated is None else {"immutable": ["sex"], **stated}
    settings = {"radius": 0.1, "data": people(), **settings}
    with pytest.raises(InputError, match=says) as error:
        TabularThreat(Constraints(**stated), settings.pop("radius"), **settings)
    assert "\n" not in str(error.value)


def test_rows_that_do_not_fit_are_refused_in_one_line():
    threat, frame, _ = made(0.1)
    for rows, says in (
        (frame.assign(school="phd"), "Row 0 has 'phd' in column 'school'"),
        (frame.assign(age=200), "Row 0 of the data violates the constraints: age is 200"),
        (frame.drop(columns="age"), "no column 'age'"),
        (frame.assign(loan=1e6), "loan <= value does not hold"),
        (frame.to_numpy(), "made from a data frame"),
    ):
        with pytest.raises(InputError, match=says) as error:
            threat.encode(rows)
        assert "\n" not in str(error.value)
    array = np.arange(4, dtype=np.float32).reshape(2, 2)
    with pytest.raises(InputError, match="one precision"):
        TabularThreat(Constraints(), 0.1, data=array).encode(array.astype(float))
    with pytest.raises(InputError, match="are a dict"):
        TabularThreat({}, 0.1, data=array)
