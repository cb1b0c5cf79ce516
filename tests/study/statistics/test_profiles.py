from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.study.statistics import performance_profile


def test_by_hand():
    found = performance_profile([[1.0, 2.0], [3.0, 4.0, 5.0]], scores=[0.0, 1.0, 3.5, 5.0])
    assert found.share == pytest.approx([1, 3 / 4, 1 / 3, 0])


def test_the_band_of_one_task_is_kolmogorovs():
    x = np.random.default_rng(0).normal(size=12)
    found = performance_profile(x, level=0.9)
    half = stats.kstwo.ppf(0.9, 12)
    inside = (found.low > 0) & (found.high < 1)
    assert (found.high - found.share)[inside] == pytest.approx(half)


@pytest.mark.parametrize(("tasks", "n"), [(1, 5), (1, 30), (10, 3)])
def test_the_band_holds_the_whole_curve(tasks, n):
    rng = np.random.default_rng(tasks)
    centres = np.linspace(-1, 1, tasks)[:, None] if tasks > 1 else np.zeros((1, 1))
    scores = np.linspace(-4, 4, 201)
    truth = stats.norm.sf(scores - centres).mean(axis=0)
    held = []
    for _ in range(400):
        found = performance_profile(rng.normal(centres, 1, (tasks, n)), scores=scores)
        held.append(((found.low <= truth) & (truth <= found.high)).all())
    assert np.mean(held) >= 0.93


def test_it_falls_from_one_end_to_the_other():
    found = performance_profile(np.random.default_rng(1).normal(size=(3, 4)))
    assert (np.diff(found.share) <= 0).all()
    assert found.share[-1] == 0
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()
    assert found.to_dict()["n"] == 12


def test_several_bands_at_once_are_wider():
    x = np.random.default_rng(2).normal(size=40)
    one, four = (performance_profile(x, comparisons=c) for c in (1, 4))
    assert (four.high >= one.high).all()
    assert (four.high > one.high).any()


def test_a_task_without_a_run():
    with pytest.raises(InputError, match="Task 2 has no run"):
        performance_profile([[1.0], []])
