"""The benchmark of planted models: truths are true, and what must fail there fails."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[3] / "benchmarks" / "explanations.py"


@pytest.fixture(scope="module")
def planted():
    spec = importlib.util.spec_from_file_location("planted_explanations", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("name", ["additive", "interactions", "decoys", "twins", "Clever Hans"])
def test_what_counts_is_what_the_model_reads(planted, name):
    """Changing what does not count for a row changes its answer nowhere; the rest does."""
    world = planted.WORLDS[name](np.random.default_rng(0), 30)
    model = planted.as_predictor(world.module, task="regression")
    before = model(world.X)
    for p in range(world.X.shape[1]):
        moved = world.X.copy()
        moved[:, p] = 1 - moved[:, p] if set(moved[:, p]) <= {0, 1} else moved[:, p] + 0.7
        changed = np.abs(model(moved) - before) > 1e-12
        assert (changed <= world.counts[:, p]).all()
        assert changed.any() == world.counts[:, p].any()


def test_contributions_are_the_exact_shapley_values_of_an_additive_world(planted):
    world = planted.additive(np.random.default_rng(1), 12)
    exact = planted.methods(world, 0, small=True)["Shapley, exact"](world.X)
    assert exact == pytest.approx(world.contributions, abs=1e-12)


def test_recovery_by_hand(planted):
    counts = np.array([[True, True, False]])
    assert planted.recovery(np.array([[3.0, -2.0, 1.0]]), counts) == 1
    assert planted.recovery(np.array([[3.0, 0.5, -1.0]]), counts) == 0.5
    assert planted.recovery(np.array([[1.0, 1.0, 1.0]]), counts) == 0.5
    assert planted.on_ignored(np.array([[3.0, 0.0, -1.0]]), counts) == 0.25


def test_a_clever_hans_and_twins_are_told_apart_by_the_right_methods(planted):
    hans = planted.clever_hans(np.random.default_rng(0), 24)
    tried = planted.methods(hans, 0, small=True)
    assert planted.recovery(tried["Shapley, exact"](hans.X), hans.counts) == 1
    marked = hans.X[:, 0] == 1
    assert (np.abs(tried["Shapley, exact"](hans.X[marked])).argmax(axis=1) == 0).mean() > 0.8
    twin = planted.twins(np.random.default_rng(0), 24)
    tried = planted.methods(twin, 0, small=True)
    assert planted.recovery(tried["Shapley, exact"](twin.X), twin.counts) == 1
    # The conditional game answers another question, and shares between twins.
    assert planted.recovery(tried["Shapley, conditional"](twin.X), twin.counts) < 0.8
    assert planted.recovery(tried["random"](twin.X), twin.counts) < 0.8
