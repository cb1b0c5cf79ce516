"""Windows reach every place, keep to the image whatever its shape, and hold patterns of norm 1."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignlab.random import row_streams
from alignlab.robustness.attacks.windows import Features, Pixels, layout_of

SHAPES = [(1, 8, 8), (3, 5, 12), (2, 12, 5), (1, 1, 40), (1, 40, 1), (1, 2, 3)]


def drawn(layout, m=400, step=0):
    return row_streams(0, m, "windows").uniform(layout.draws, step=step)


def test_rows_are_channels_and_places():
    assert layout_of((3, 5, 12)) == Pixels(3, 5, 12)
    assert layout_of((5, 12)) == Pixels(1, 5, 12)
    assert layout_of((7,)) == Features(7)


def test_sizes_by_hand():
    square = Pixels(1, 28, 28)
    assert [square.size(share, patterned=False) for share in (0.8, 0.1, 1e-9)] == [
        (25, 25),
        (9, 9),
        (1, 1),
    ]
    assert [square.size(share, patterned=True) for share in (0.8, 0.1, 1e-9)] == [
        (25, 25),
        (9, 9),
        (3, 3),
    ]
    # Half of a strip is half of its length, and not a square that is cut to one pixel's height.
    assert Pixels(1, 1, 40).size(0.5, patterned=False) == (1, 20)
    assert Pixels(1, 40, 1).size(0.5, patterned=False) == (20, 1)
    assert Features(10).size(0.3, patterned=False) == (1, 3)


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    share=st.floats(1e-4, 1),
    patterned=st.booleans(),
)
def test_a_window_fits_into_its_image(height, width, share, patterned):
    tall, wide = Pixels(1, height, width).size(share, patterned=patterned)
    assert 1 <= tall <= height
    assert 1 <= wide <= width


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_windows_are_rectangles_and_the_last_row_and_column_are_reached(shape, share):
    layout = Pixels(*shape)
    size = layout.size(share, patterned=False)
    for which in (0, 1):
        windows = layout.window(drawn(layout), size, which)
        down, across = windows // layout.width, windows % layout.width
        assert (down.amax(1) - down.amin(1) == size[0] - 1).all()
        assert (across.amax(1) - across.amin(1) == size[1] - 1).all()
        assert len(np.unique(windows[0])) == size[0] * size[1]
        assert (down.min(), down.max()) == (0, layout.height - 1)
        assert (across.min(), across.max()) == (0, layout.width - 1)


def test_places_of_a_window_are_all_as_likely():
    layout = Pixels(1, 6, 9)
    windows = layout.window(drawn(layout, 20_000), (1, 1))
    counts = np.bincount(windows.ravel(), minlength=54)
    expected = 20_000 / 54
    assert ((counts - expected) ** 2 / expected).sum() < 100  # 53 degrees of freedom: p = 1e-4
    layout = Features(5)
    sets = layout.window(drawn(layout, 5_000), (1, 2), 1).sort(dim=1).values
    _, counts = np.unique(sets, axis=0, return_counts=True)
    assert len(counts) == 10
    assert ((counts - 500) ** 2 / 500).sum() < 34  # 9 degrees of freedom: p = 1e-4


@pytest.mark.parametrize("norm", [2.0, 1.0])
@pytest.mark.parametrize("layout", [*(Pixels(*shape) for shape in SHAPES), Features(9)], ids=str)
def test_patterns_have_norm_1_in_each_channel_and_both_signs(layout, norm):
    size = layout.size(0.4, patterned=True)
    patterns = layout.pattern(drawn(layout), size, norm)
    assert torch.allclose(patterns.norm(p=norm, dim=2), torch.ones(()).double())
    assert (patterns > 0).any()
    assert (patterns < 0).any()


def test_a_pattern_by_hand():
    # Three by three: one row above, two below; 1 + 1/4 in the middles, 1/4 beside them.
    upper = np.array([[0.25, 1.25, 0.25]])
    lower = np.array([[0.25, 0.25, 0.25], [0.25, 1.25, 0.25]])
    whole = np.concatenate(
        [upper / np.linalg.norm(upper), -lower / np.linalg.norm(lower)]
    ) / np.sqrt(2)
    layout = Pixels(1, 3, 3)
    numbers = np.full((2, layout.draws), 0.1)
    numbers[0, 4] = 0.9  # not turned
    pattern = layout.pattern(numbers, (3, 3), 2.0)
    np.testing.assert_allclose(pattern[0, 0], whole.ravel())
    np.testing.assert_allclose(pattern[1, 0], whole.T.ravel())


@pytest.mark.parametrize("layout", [*(Pixels(*shape) for shape in SHAPES), Features(9)], ids=str)
def test_the_first_moves(layout):
    streams = row_streams(0, 50, "first")
    signs = layout.first(streams, float("inf"))
    assert signs.shape == (50, layout.channels, layout.places)
    assert (signs.abs() == 1).all()
    if isinstance(layout, Pixels):  # stripes
        image = signs.unflatten(2, (layout.height, layout.width))
        assert (image == image[:, :, :1]).all()
    tiles = layout.first(streams, 2.0)
    assert tiles.shape == signs.shape
    assert (tiles != 0).flatten(1).any(1).all()
