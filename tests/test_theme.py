from __future__ import annotations

import altair

from alignlab.theme import ACCENT, INK, QUIET, RULE, SERIES, WARN, theme


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_and_marks_stand_out_from_white_paper():
    for colour in (INK, QUIET, ACCENT, WARN):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, "WCAG asks 4.5 of text"
    for colour in SERIES:
        assert 1.05 / (luminance(colour) + 0.05) >= 3, "WCAG asks 3 of marks"


def test_colours_are_told_apart_by_their_names_in_a_style_sheet():
    assert len({INK, QUIET, RULE, ACCENT, WARN}) == 5
    assert len(set(SERIES)) == len(SERIES)


def test_altair_accepts_the_theme():
    altair.Config(**theme()).to_dict()
