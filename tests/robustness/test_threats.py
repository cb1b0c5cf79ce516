"""What is projected or started is allowed to the last bit, and near what was asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.random import row_streams
from alignlab.robustness.threats import BALLS, L1, L2, Linf, ball

THREATS = [Linf, L2, L1]


@pytest.mark.parametrize("threat", THREATS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), radius=st.floats(0, 1.5), numbers=st.sampled_from([1, 3, 200]))
def test_what_is_projected_is_allowed_without_any_tolerance(threat, dtype, seed, radius, numbers):
    generator = torch.Generator().manual_seed(seed)
    center = torch.rand(5, numbers, generator=generator, dtype=dtype)
    center[:, 0] = center[:, 0].round()
    x = center + 2 * torch.randn(5, numbers, generator=generator, dtype=dtype)
    allowed = threat(radius)
    projected = allowed.project(x, center)
    assert projected.dtype == dtype
    assert allowed.allows(projected, center).all()
    assert torch.equal(allowed.project(projected, center), projected)
    assert allowed.allows(allowed.start(center, row_streams(seed, 5)), center).all()
    assert allowed.allows(center, center).all()


@pytest.mark.parametrize("threat", THREATS)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_rounding_goes_inwards_also_without_a_box_and_far_from_0(threat, scale):
    generator = torch.Generator().manual_seed(0)
    center = scale * torch.randn(50, 30, generator=generator)
    x = center + 3 * torch.randn(50, 30, generator=generator)
    allowed = threat(0.7, low=-np.inf, high=np.inf)
    projected = allowed.project(x, center)
    assert allowed.allows(projected, center).all()
    if scale <= 1:
        assert (allowed.distance(projected, center) > 0.7 * (1 - 1e-5)).all()


@pytest.mark.parametrize("threat", THREATS)
def test_no_other_allowed_row_is_nearer(threat):
    generator = torch.Generator().manual_seed(0)
    center = torch.rand(300, 6, generator=generator, dtype=torch.float64)
    x = center + torch.randn(300, 6, generator=generator, dtype=torch.float64)
    allowed = threat(0.4)
    nearest = (x - allowed.project(x, center)).norm(dim=1)
    for step in range(5):
        other = allowed.start(center, row_streams(step, 300))
        # Towards any allowed point the distance grows: what convexity asks of the nearest one.
        slightly = allowed.project(x, center).lerp(other, 1e-4)
        assert ((x - other).norm(dim=1) >= nearest - 1e-12).all()
        assert ((x - slightly).norm(dim=1) >= nearest - 1e-12).all()


@pytest.mark.parametrize("threat", THREATS)
def test_a_radius_of_nothing_allows_the_row_alone(threat):
    center = torch.rand(4, 3)
    assert torch.equal(threat(0.0).project(torch.rand(4, 3), center), center)
    assert torch.equal(threat(0.0).start(center, row_streams(0, 4)), center)


@pytest.mark.parametrize(("threat", "volume"), [(Linf, 1.0), (L2, np.pi / 4), (L1, 0.5)])
def test_starts_are_uniform_in_the_ball(threat, volume):
    center = torch.zeros(20_000, 2, dtype=torch.float64)
    start = threat(1.0, low=-1, high=1).start(center, row_streams(0, len(center)))
    # Any region holds its share of the volume: a small square, and an outer ring's share.
    inside = (start - torch.tensor([0.2, -0.1])).abs().amax(1) < 0.25
    share = 0.25 / (4 * volume)
    assert float(inside.double().mean()) == pytest.approx(share, abs=4 * (share / 20_000) ** 0.5)
    near = threat(1.0).distance(start, center) < 0.5
    assert float(near.double().mean()) == pytest.approx(0.25, abs=0.0125)


@pytest.mark.parametrize("threat", THREATS)
def test_the_steepest_step_has_norm_1_and_gains_the_dual_norm(threat):
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(20, 2, 4, generator=generator, dtype=torch.float64)
    allowed = threat(1.0, low=-9, high=9)
    step = allowed.steepest(gradient)
    assert torch.allclose(allowed.distance(step, torch.zeros_like(step)), torch.ones(20).double())
    gain = (gradient * step).flatten(1).sum(1)
    assert torch.allclose(gain, allowed.dual_norm(gradient))
    moved = allowed.step(torch.zeros_like(step), gradient, torch.arange(20.0).double())
    if threat is not L1:
        assert torch.allclose(moved, torch.arange(20.0).double()[:, None, None] * step)
    # No gradient, no direction; and a small one is a direction like any other.
    assert not allowed.steepest(torch.zeros(1, 4)).any()
    small = torch.tensor([[3e-30, -4e-30]])
    assert torch.allclose(allowed.steepest(small), allowed.steepest(small * 1e30))


def test_in_l1_a_number_is_moved_by_what_those_with_larger_slopes_could_not_take():
    x = torch.tensor([[0.9, 0.5, 0.0, 0.5]], dtype=torch.float64)
    slopes = torch.tensor([[3.0, -2.0, -1.0, 0.5]], dtype=torch.float64)
    allowed = L1(1.0)
    expected = [0.9 + 0.3, 0.5 - 0.2, 0.0, 0.5]
    assert allowed.step(x, slopes, 0.3)[0].tolist() == pytest.approx(expected)
    expected = [0.9 + 0.8, 0.5 - 0.7, 0.0 - 0.2, 0.5 + 0.2]
    each = torch.tensor([0.8], dtype=torch.float64)
    assert allowed.step(x, slopes, each)[0].tolist() == pytest.approx(expected)
    # The best point of a linear function, within 0.5 of where the first step was made, stays.
    best = torch.tensor([[1.0, 0.1, 0.0, 0.5]], dtype=torch.float64)
    stays = L1(0.5).project(L1(0.5).step(best, slopes, 0.3), x)
    assert torch.allclose(stays, best, atol=1e-12)


def test_a_projection_moves_nothing_that_is_allowed():
    center = torch.full((1, 3), 0.5)
    x = torch.tensor([[0.45, 0.5, 0.55]])
    assert torch.equal(Linf(0.1).project(x, center), x)


def test_images_keep_their_shape():
    center = torch.rand(2, 3, 4, 4)
    assert Linf(0.1).start(center, row_streams(0, 2)).shape == center.shape


@pytest.mark.parametrize("radius", [-1, float("inf"), "0.1", float("nan"), True, None])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(InputError, match="is not a number from 0"):
        Linf(radius)


def test_an_empty_box_and_rows_outside_of_it_are_refused():
    with pytest.raises(InputError, match="the box is empty"):
        Linf(0.1, low=1, high=0)
    with pytest.raises(InputError, match=r"Row 1 lies outside the box from 0 to 1"):
        Linf(0.1).encode(np.array([[0.5, 1.0], [0.5, 255.0]]))
    with pytest.raises(InputError, match="Give float32 or float64"):
        Linf(0.1).encode(np.array([[1, 2]]))


def test_a_ball_by_the_name_of_its_norm():
    assert [type(ball(norm, 0.1)) for norm in BALLS] == THREATS
    assert ball("l2", 0.1, low=-1).low == -1
    with pytest.raises(InputError, match="Did you mean 'linf'"):
        ball("linff", 0.1)


@pytest.mark.parametrize("ball", [L2, L1])
def test_how_rows_lie_in_memory_does_not_change_what_is_allowed(ball):
    """A data frame's columns lie one after another, and sums in that order end otherwise."""
    generator = torch.Generator().manual_seed(0)
    center = torch.rand(200, 33, generator=generator, dtype=torch.float64)
    moved = torch.rand(200, 33, generator=generator, dtype=torch.float64)
    by_columns = moved.T.contiguous().T
    assert not by_columns.is_contiguous()
    distance = ball(1.0).distance(by_columns, center.T.contiguous().T)
    assert torch.equal(distance, ball(1.0).distance(moved, center))
    one_by_one = [ball(1.0).distance(moved[[i]], center[[i]]) for i in range(200)]
    assert torch.equal(distance, torch.cat(one_by_one))


def test_a_radius_of_numpy_is_a_number():
    assert Linf(np.float32(0.5)).radius == 0.5
    assert isinstance(L2(np.int64(2)).radius, float)


def test_rows_of_half_precision_are_refused():
    with pytest.raises(InputError, match="Give float32 or float64"):
        Linf(0.1).encode(torch.rand(2, 3).half())


@pytest.mark.parametrize("shape", [(2, 1, 1), (1, 2, 1, 1), (4,), (2, 3, 4)])
def test_a_box_may_be_of_any_shape_that_spreads_over_a_row(shape):
    rows = torch.rand(5, 2, 3, 4)
    assert Linf(0.1, low=np.zeros(shape), high=np.ones(shape)).encode(rows) is rows


@pytest.mark.parametrize("shape", [(3,), (5, 2, 3, 4), (1, 1, 1, 1, 1)])
def test_a_box_that_does_not_fit_a_row_is_said(shape):
    with pytest.raises(InputError, match=r"low= has the shape .* and a row \(2, 3, 4\)"):
        Linf(0.1, low=np.zeros(shape)).encode(torch.rand(5, 2, 3, 4))
