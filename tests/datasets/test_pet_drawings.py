"""Shapes have soft edges of the right area, and painting covers what it should."""

import numpy as np
import pytest

from alignlab.datasets.pet_drawings import COATS, _Canvas, draw_pets
from alignlab.random import row_streams


@pytest.fixture
def canvas():
    return _Canvas(row_streams(0, 3, "test"), 200)


def area(canvas, covered):
    """Return a shape's area in the head's own units."""
    return covered.sum((1, 2)) * canvas.pixel[:, 0, 0] ** 2


def test_areas_are_those_of_the_shapes(canvas):
    ellipse = canvas.ellipse((0.1, 0.0), (0.3, 0.2))
    assert area(canvas, ellipse) == pytest.approx(np.pi * 0.3 * 0.2, rel=0.01)
    turned = canvas.ellipse((0.1, 0.0), (0.3, 0.2), 0.5)
    assert area(canvas, turned) == pytest.approx(np.pi * 0.3 * 0.2, rel=0.01)
    triangle = canvas.triangle((-0.3, 0.2), (0.3, 0.2), (0.0, -0.4))
    assert area(canvas, triangle) == pytest.approx(0, abs=1e-9)  # the wrong way round
    triangle = canvas.triangle((0.0, -0.4), (0.3, 0.2), (-0.3, 0.2))
    assert area(canvas, triangle) == pytest.approx(0.6 * 0.6 / 2, rel=0.02)
    line = canvas.line((-0.3, 0.0), (0.3, 0.1), 0.05)
    length = np.hypot(0.6, 0.1)
    assert area(canvas, line) == pytest.approx(2 * 0.05 * length + np.pi * 0.05**2, rel=0.01)


def test_paint_covers_as_far_as_it_is_said(canvas):
    canvas.paint(np.ones_like(canvas.u), (0.2, 0.4, 0.6))
    canvas.paint(np.full_like(canvas.u, 0.5), np.eye(3, dtype=np.float32))
    assert canvas.colours[0, :, 0, 0] == pytest.approx([0.6, 0.2, 0.3])
    assert canvas.colours[2, :, 5, 5] == pytest.approx([0.1, 0.2, 0.8])


@pytest.mark.parametrize("species", ["cat", "dog"])
@pytest.mark.parametrize("coat", COATS)
def test_every_species_can_wear_every_coat(species, coat):
    images = draw_pets(species, coat, row_streams(0, 2), 16)
    assert images.shape == (2, 3, 16, 16)
    assert images.dtype == np.float32
    assert 0 <= images.min() < images.max() <= 1


def test_a_pet_does_not_depend_on_those_drawn_beside_it():
    streams = row_streams(1, 5)
    together = draw_pets("dog", "spotted", streams, 16)
    alone = draw_pets("dog", "spotted", streams[[3]], 16)
    assert np.array_equal(together[3], alone[0])
