"""Fleiss' kappa by hand, beside statsmodels and alpha, and refused where answers are ragged."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as theirs

from alignlab.errors import InputError
from alignlab.oversight.agreement import fleiss_kappa, krippendorff_alpha
from alignlab.plain import to_json

RAGGED = [["a"] * x + ["b"] * y + [None] * (3 - x - y)
          for x, y in [(3, 0), (0, 3), (3, 0), (0, 3), (1, 1), (1, 1)]]  # fmt: skip


def test_by_hand():
    """Of an item's 3 pairs 0, 0 and 2 differ: D_o = 2/9. With 5 a and 4 b, D_e = 40/81."""
    found = fleiss_kappa([["a"] * 3, ["b"] * 3, ["a", "a", "b"]])
    assert found.observed == pytest.approx(2 / 9)
    assert found.expected == pytest.approx(1 - (25 + 16) / 81)
    assert found.value == pytest.approx(1 - (2 / 9) / (40 / 81))
    assert found.shares == pytest.approx({"a": 5 / 9, "b": 4 / 9})


def test_a_package_and_alpha_say_the_same():
    ratings = np.random.default_rng(0).integers(0, 4, (30, 1)) + np.random.default_rng(1).integers(
        0, 2, (30, 5)
    )
    found = fleiss_kappa(ratings)
    assert found.value == pytest.approx(theirs(aggregate_raters(ratings)[0]))
    alpha = krippendorff_alpha(ratings).value
    assert alpha == pytest.approx(found.value + (1 - found.value) / ratings.size)


def test_ragged_answers_are_refused_in_one_line_that_names_alpha():
    """Scaled up to three answers an item these would give 0.5, with their own numbers 1/3."""
    with pytest.raises(InputError, match=r"2 to 3 answers.*krippendorff_alpha") as caught:
        fleiss_kappa(RAGGED)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="Items have one answer"):
        fleiss_kappa([["a"], ["b"]])


def test_what_never_varies_is_undefined():
    for found in (fleiss_kappa([["a", "a"], ["a", "a"]]), fleiss_kappa(np.empty((0, 2)))):
        assert math.isnan(found.value)
        assert found.headline.startswith("Kappa is undefined")
        assert json.loads(to_json(found.to_dict()))["estimate"]["value"] is None
