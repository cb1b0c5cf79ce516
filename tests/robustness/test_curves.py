"""A curve falls, and what is broken within a radius stays broken within a larger one."""

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.robustness.attacks import PGD
from alignlab.robustness.curves import robustness_curve
from alignlab.robustness.threats import Linf


def test_a_curve_never_rises_and_pays_once(linear):
    module, x, y = linear(rows=100)
    options = {"attacks": PGD(steps=20), "certify": False}
    curve = robustness_curve(module, x, y, Linf(0.1), [0.3, 0, 0.1], **options)
    shares = curve.to_frame()
    assert list(shares["radius"]) == [0, 0.1, 0.3]
    assert (np.diff(shares["not broken"]) <= 0).all()
    for small, large in zip(curve.results, curve.results[1:], strict=False):
        assert (large.broken >= small.broken).all()
    asked = curve.results[2].attacks[0].asked
    assert asked <= (~curve.results[1].broken).sum()
    assert len(curve.chart().table.rows) == 3  # nothing was certified: no line for that
    certified = robustness_curve(module, x, y, Linf(0.1), [0, 0.1, 0.3], attacks=PGD(steps=20))
    assert len(certified.chart().table.rows) == 6


def test_a_curve_takes_a_radius(linear):
    module, x, y = linear()
    with pytest.raises(InputError, match="names no radius"):
        robustness_curve(module, x, y, Linf(0.1), [])
