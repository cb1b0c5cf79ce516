"""What is projected or started is allowed to the last bit, and near what was asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.random import row_streams
from alignlab.robustness.threats import Linf


@pytest.mark.parametrize("threat", [Linf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(seed=st.integers(0, 1000), radius=st.floats(0, 1.5))
def test_what_is_projected_is_allowed_without_any_tolerance(threat, dtype, seed, radius):
    generator = torch.Generator().manual_seed(seed)
    center = torch.rand(5, 3, generator=generator, dtype=dtype)
    x = center + 2 * torch.randn(5, 3, generator=generator, dtype=dtype)
    ball = threat(radius)
    assert ball.allows(ball.project(x, center), center).all()
    assert ball.allows(ball.start(center, row_streams(seed, 5)), center).all()
    assert ball.allows(center, center).all()


def test_a_radius_of_nothing_allows_the_row_alone():
    center = torch.rand(4, 3)
    assert torch.equal(Linf(0.0).project(torch.rand(4, 3), center), center)


def test_a_projection_moves_nothing_that_is_allowed():
    center = torch.full((1, 3), 0.5)
    x = torch.tensor([[0.45, 0.5, 0.55]])
    assert torch.equal(Linf(0.1).project(x, center), x)


def test_images_keep_their_shape():
    center = torch.rand(2, 3, 4, 4)
    assert Linf(0.1).start(center, row_streams(0, 2)).shape == center.shape


@pytest.mark.parametrize("radius", [-1, float("inf"), "0.1", float("nan")])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(InputError, match="is not a number from 0"):
        Linf(radius)


def test_an_empty_box_and_rows_outside_of_it_are_refused():
    with pytest.raises(InputError, match="the box is empty"):
        Linf(0.1, low=1, high=0)
    with pytest.raises(InputError, match=r"Row 1 lies outside the box from 0 to 1"):
        Linf(0.1).encode(np.array([[0.5, 1.0], [0.5, 255.0]]))
    with pytest.raises(InputError, match="Give floats"):
        Linf(0.1).encode(np.array([[1, 2]]))
