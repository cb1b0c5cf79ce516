import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.datasets import ImageData
from alignlab.errors import InputError
from alignlab.robustness import CORRUPTIONS, corrupt_images

KINDS = [kind for kinds in CORRUPTIONS.values() for kind in kinds]


def distances(x, kind):
    return [
        np.sqrt(((corrupt_images(x, kind, severity) - x) ** 2).mean((1, 2, 3))).mean()
        for severity in (1, 2, 3, 4, 5)
    ]


def test_there_are_fifteen():
    assert len(set(KINDS)) == 15


@pytest.mark.parametrize("kind", KINDS)
def test_a_worse_severity_is_farther_away(kind, digits, coloured):
    for images in (digits, coloured):
        far = distances(images, kind)
        assert far[0] > 0.005
        assert all(worse > mild for mild, worse in pairwise(far))


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_comes_out_the_same_whichever_stand_beside_it(kind, coloured):
    together = corrupt_images(coloured, kind, 4, seed=3)
    assert together.dtype == np.float32
    assert (together.min(), together.max()) >= (0, 0)
    assert together.max() <= 1
    alone = [corrupt_images(coloured[[row]], kind, 4, rows=[row], seed=3) for row in range(6)]
    np.testing.assert_array_equal(np.concatenate(alone), together)
    order = np.array([4, 0, 5])
    np.testing.assert_array_equal(
        corrupt_images(coloured[order], kind, 4, rows=order, seed=3), together[order]
    )
    np.testing.assert_array_equal(corrupt_images(coloured, kind, 4, seed=3), together)


DRAWN = [
    kind
    for kind in KINDS
    if kind not in (
        "defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression",
    )
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_and_the_row_decide_what_is_drawn(kind, coloured):
    same = np.repeat(coloured[:1], 2, axis=0)
    first, second = corrupt_images(same, kind, 5)
    other = corrupt_images(same[:1], kind, 5, seed=1)[0]
    assert (kind in DRAWN) == (not np.array_equal(first, second))
    if kind != "motion_blur":  # of 24 angles two may be the same
        assert (kind in DRAWN) == (not np.array_equal(first, other))


@pytest.mark.parametrize("kind", DRAWN)
def test_a_worse_severity_has_the_same_pattern(kind, coloured):
    def moved(severity, seed):
        return (corrupt_images(coloured, kind, severity, seed=seed) - coloured).ravel()

    same = np.corrcoef(moved(3, 0), moved(4, 0))[0, 1]
    other = np.corrcoef(moved(3, 0), moved(4, 1))[0, 1]
    assert same > 0.7
    assert same > other + 0.02


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(KINDS), st.integers(1, 5), st.integers(8, 41), st.integers(8, 41),
    st.sampled_from([1, 3]), st.sampled_from([0.0, 0.5, 1.0, None]),
)  # fmt: skip
def test_any_size_from_8_by_8(kind, severity, height, width, channels, level):
    shape = (2, channels, height, width)
    rng = np.random.default_rng(height)
    images = rng.random(shape) if level is None else np.full(shape, level)
    corrupted = corrupt_images(images, kind, severity)
    assert corrupted.shape == shape
    assert np.isfinite(corrupted).all()
    assert corrupted.min() >= 0
    assert corrupted.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_grey_image_stays_grey_in_colour(kind, digits):
    """But for noise, which hits each channel by itself, and for frost, which is bluish."""
    three = np.repeat(digits[:5], 3, axis=1)
    corrupted = corrupt_images(three, kind, 3)
    grey = np.ptp(corrupted, axis=1).max() < 0.02
    assert grey == (kind not in (*CORRUPTIONS["noise"], "frost"))


def test_many_images_are_taken_in_parts(monkeypatch, coloured):
    from alignlab.robustness.corruption import corrupt

    whole = corrupt_images(coloured, "snow", 2)
    monkeypatch.setattr(corrupt, "AT_ONCE", 2 * coloured[0].size)
    np.testing.assert_array_equal(corrupt_images(coloured, "snow", 2), whole)


def test_image_data_keeps_everything_else(digits):
    columns = pd.DataFrame({"pen": range(40)})
    data = ImageData(digits, np.arange(40) % 10, tuple("abcdefghij"), columns, "mine")
    foggy = corrupt_images(data, "fog", 2)
    np.testing.assert_array_equal(foggy.images, corrupt_images(digits, "fog", 2))
    assert (foggy.classes, foggy.name) == (data.classes, "mine")
    assert foggy.columns.equals(columns)
    assert foggy.labels is not data.labels or (foggy.labels == data.labels).all()


def test_nothing_given_is_changed(coloured):
    before = coloured.copy()
    for kind in KINDS:
        corrupt_images(coloured, kind, 5)
    np.testing.assert_array_equal(coloured, before)


@pytest.mark.parametrize(
    ("images", "kind", "severity", "rows", "said"),
    [
        (np.zeros((1, 8, 8)), "gausian_noise", 1, None, "Did you mean 'gaussian_noise'?"),
        (np.zeros((1, 8, 8)), "fog", 6, None, "severity=6 is not one of 1, 2, 3, 4, 5"),
        (np.zeros((1, 8, 8)), "fog", 1.5, None, "severity=1.5"),
        (np.zeros((1, 8, 8)), "fog", True, None, "severity=True"),
        (np.zeros((1, 7, 8)), "fog", 1, None, "have 7×8 pixels"),
        (np.full((1, 8, 8), 7.0), "fog", 1, None, "from 7 to 7. Give uint8"),
        (np.zeros((2, 8, 8)), "fog", 1, [0], "rows has shape (1,) and there are 2 images"),
        (np.zeros((0, 8, 8)), "fog", 1, None, "there is no image"),
    ],
)
def test_what_cannot_be_corrupted(images, kind, severity, rows, said):
    with pytest.raises(InputError) as error:
        corrupt_images(images, kind, severity, rows=rows)
    assert said in str(error.value)


def test_torch_is_not_needed():
    code = (
        "import sys, numpy as np; from alignlab.robustness import corrupt_images;"
        "corrupt_images(np.zeros((1, 8, 8)), 'fog', 1); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
