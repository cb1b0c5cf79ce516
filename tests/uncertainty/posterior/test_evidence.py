"""The root of the evidence's slope."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.curvature import Curvature
from alignlab.uncertainty.posterior.evidence import determined, peak_precision, regression_peak


def test_one_weight_by_hand():
    # d |w|^2 = h / (d + h) with h = 3 and |w|^2 = 0.3: both sides are 0.6 at d = 2.
    found = peak_precision(Curvature(np.array([[3.0]])), 0.3)
    assert found == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_the_root_is_found_at_any_scale(scale, size):
    values = scale * np.random.default_rng(0).exponential(size=(3, 4)) * [1, 1, 0, 1e-6]
    curvature = Curvature(values)
    found = peak_precision(curvature, size)
    assert found * size == pytest.approx(determined(curvature, found), rel=1e-9)


@pytest.mark.parametrize("rows", [5, 12, 500])
def test_regression_meets_both_equations(rows):
    """Fewer rows than weights too: then the curvature has not more eigenvalues than rows."""
    phi = np.random.default_rng(rows).normal(size=(rows, 12))
    curvature = Curvature(np.linalg.eigvalsh(phi.T @ phi).clip(0)[None])
    precision, noise = regression_peak(curvature, 2.0, rows, 7.0)
    known = determined(curvature.scaled(1 / noise), precision)
    assert precision * 2.0 == pytest.approx(known, rel=1e-8)
    assert noise * (rows - known) == pytest.approx(7.0, rel=1e-8)
    assert regression_peak(curvature, 2.0, rows, 7.0, noise=noise)[0] == pytest.approx(precision)
    assert regression_peak(curvature, 2.0, rows, 7.0, precision=precision)[1] == pytest.approx(
        noise
    )


def test_no_curvature_says_so():
    with pytest.raises(InputError, match="curvature is 0"):
        peak_precision(Curvature(np.zeros((1, 3))), 1.0)
