"""Pieces of an image, drawn."""

from __future__ import annotations

import numpy as np

from alignlab.transparency.surrogates.overlay import overlay, overlay_chart

PIECES = np.array([[0, 0, 1], [2, 2, 1]])


def test_blue_speaks_for_and_orange_against():
    drawn = overlay(np.full((1, 2, 3), 0.5), PIECES, np.array([2.0, -2.0, 0.0]))
    assert drawn.shape == (240, 360, 3)
    up, down, none = drawn[60, 60], drawn[60, 300], drawn[180, 60]
    assert up[2] > up[0]
    assert down[0] > down[2]
    assert len(set(none.tolist())) == 1
    assert (overlay(np.zeros((3, 2, 3)), PIECES, np.zeros(3)) == 89).sum() > 200_000


def test_the_chart_says_the_same_as_a_table_and_is_drawn():
    chart = overlay_chart("Which?", np.full((3, 2, 3), 0.5), PIECES, np.array([1.0, -2.0, 0.0]))
    assert chart.table.rows[0] == ("piece 1", -2.0, 0.5, 2.0, 2)
    svg = chart.svg()
    assert "data:image/png;base64" in svg
    assert "#1 −" in svg
    assert "#3" not in svg
    assert svg == chart.svg()
