from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.recourse.plausible import neighbourhood
from alignlab.transparency.recourse.space import space_of


def measured(frame, *, k=1, **options):
    settings = {"scales": None, "per_change": 1.0, "category_cost": 1.0, **options}
    space = space_of(frame, frame[:1], None, **settings)
    data = space.read(frame)
    return space, data, neighbourhood(space, data, k=k)


def test_the_share_is_of_rows_that_lie_as_far_from_their_neighbours():
    frame = pd.DataFrame({"x": [0.0, 1.0, 3.0, 7.0]})
    _, _, around = measured(frame, scales={"x": 1.0})
    # The nearest other row is 1, 1, 2 and 4 away.
    shares = around.share(np.array([[0.0], [-1.0], [-2.0], [-4.0], [-4.5], [5.0]]))
    assert shares == pytest.approx([1.0, 1.0, 0.5, 0.25, 0.0, 0.5])


def test_it_agrees_with_a_loop_over_rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.normal(size=60), "k": rng.choice(list("abc"), 60), "y": rng.normal(size=60)}
    )
    frame.loc[::9, "x"] = np.nan
    frame.loc[::7, "k"] = None
    frame["x"] += 2000
    _, data, around = measured(frame, k=5, category_cost=1.3)
    far = np.array([[_apart(around.space, a, b) for b in data] for a in data])
    own = np.sort(far, axis=1)[:, 5]
    np.testing.assert_allclose(around.own, np.sort(own), rtol=1e-9)
    for x in (data[1] + [0.7, 0.0, 0.0], np.array([np.nan, 1.0, 0.5]), data[0]):
        d = np.sort([_apart(around.space, x, b) for b in data])[4]
        assert around.share(x[None])[0] == pytest.approx((own >= d * (1 - 1e-9)).mean())


def _apart(space, a, b):
    """The distance of two rows, cell by cell."""
    gone = np.isnan(a) != np.isnan(b)
    both = space.moves(np.where(gone, 0.0, a), np.where(gone, 0.0, b))
    return float(both.sum() + space.category_cost * gone.sum())


def test_a_row_off_the_joint_distribution_is_implausible_where_its_columns_are_not():
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "y": x + 0.05 * rng.normal(size=400)})
    _, _, around = measured(frame, k=5)
    usual, odd = around.share(np.array([[1.0, 1.0], [1.0, -1.0]]))
    assert usual > 0.2
    assert odd < 0.01


def test_a_row_of_the_data_is_never_stranger_than_itself():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.normal(size=50), "y": rng.normal(size=50)})
    _, data, around = measured(frame, k=3)
    assert (around.share(data) >= 1 / 50).all()


def test_too_few_rows_tell_nothing():
    frame = pd.DataFrame({"x": [1.0]})
    space = space_of(frame, frame, None, scales=None, per_change=1, category_cost=1)
    assert np.isnan(neighbourhood(space, space.read(frame)).share(np.array([[1.0]]))).all()
