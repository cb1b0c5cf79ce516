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
    frame.loc[3, "x"] = np.nan
    space, data, around = measured(frame, k=5)
    far = np.array(
        [
            [
                np.nansum(np.where(np.isnan(a) != np.isnan(b), 0, space.moves(a, b)))
                for b in data
            ]
            for a in data
        ]
    )  # fmt: skip
    rows = np.setdiff1d(np.arange(60), [3])
    far = far[np.ix_(rows, rows)]
    own = np.sort(far, axis=1)[:, 5]
    x = data[rows][:1] + np.array([0.7, 0.0, 0.0])
    d = np.sort(np.array([space.moves(x[0], b).sum() for b in data[rows]]))[4]
    assert around.share(x)[0] == pytest.approx((own >= d).mean(), abs=0.02)


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
