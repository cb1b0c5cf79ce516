"""Choosing a width, and drawing until the ranking is stable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.transparency.surrogates.neighbourhood import SLOTS, Neighbourhood
from alignlab.transparency.surrogates.sampling import LocalFeature, Trial, sampled, widest_faithful

VALUES = np.linspace(-2, 2, SLOTS)


@dataclass
class Uniform:
    """Two features, uniform within twice the width; rows are their values."""

    features: tuple = tuple(LocalFeature(name, "0", "number", 1.0) for name in "ab")
    at_once: int = 1000
    asked: list = field(default_factory=list)

    def neighbourhood(self, width):
        design = np.repeat(VALUES[:, None] * width, 2, axis=1)
        choice = np.arange(2 * SLOTS).reshape(SLOTS, 2) // 2
        return Neighbourhood(design, choice * 10 + int(10 * width) % 10)

    def rows(self, choices):
        self.asked.append(len(choices))
        width = np.where(choices % 10 == 0, 1.0, choices % 10 / 10)
        return VALUES[choices // 10] * width


def run(f, widths=(1.0, 0.5, 0.2), top=2, budget=20_000, seed=0):
    subject = Uniform()
    found = sampled(
        subject, f, widths=widths, top=top, budget=budget, generator=np.random.default_rng(seed)
    )
    return found, subject


def test_a_linear_model_takes_the_widest_width_and_the_first_round():
    found, subject = run(lambda rows: 3 * rows[:, 0] - rows[:, 1])
    assert found.width == 1.0
    assert found.stability == 1.0
    assert found.fit.samples == 1024
    assert sum(subject.asked) == 3 * 512 + 1024
    assert max(subject.asked) == 1000
    assert found.fit.slopes == pytest.approx([3.0, -1.0], rel=1e-12)


def test_a_curved_model_takes_the_widest_width_where_it_is_straight():
    """For a + a^3 on [-2h, 2h]: R2 is far below 0.9 nowhere; for sin(4a) it is at h = 1."""
    found, _ = run(lambda rows: np.sin(4 * rows[:, 0]) + 0.1 * rows[:, 1])
    assert found.width == 0.2
    assert [trial.width for trial in found.trials] == [1.0, 0.5, 0.2]
    assert found.trials[0].fidelity < 0.3 < 0.9 < found.trials[2].fidelity


def test_samples_double_until_the_ranking_is_stable():
    def f(rows):
        a, b = rows.T
        return a + 0.85 * b + 6 * np.sin(37 * a) * np.cos(41 * b)

    found, _ = run(f, widths=(1.0,), top=1, budget=200_000)
    assert found.stability >= 0.95
    assert found.fit.samples > 1024
    assert np.log2(found.fit.samples / 1024) % 1 == 0


def test_sampling_stops_at_the_budget():
    found, subject = run(lambda rows: np.sin(1e3 * rows.sum(axis=1)), budget=9_000)
    assert found.stability < 0.95
    assert 8_990 < sum(subject.asked) <= 9_000


def test_too_small_a_budget_is_refused():
    with pytest.raises(InputError, match="at least 2,560"):
        run(lambda rows: rows[:, 0], budget=2_000)


def test_no_width_tells_anything():
    nan = float("nan")
    assert widest_faithful([Trial(1.0, nan, nan), Trial(0.5, nan, nan)]) == 1.0
    assert widest_faithful([Trial(1.0, nan, nan), Trial(0.5, 0.2, 0.01)]) == 0.5
