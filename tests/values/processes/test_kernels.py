"""The compiled loops' own exp and log, and their backups, are held to NumPy's."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

from alignlab.values.processes import kernels
from alignlab.values.processes.linear import unsigned

ULP = np.finfo(float).eps


def test_the_exponential_is_within_two_units_in_the_last_place():
    numbers = -np.concatenate([np.linspace(0, 708, 4_001), np.geomspace(1e-300, 1, 2_000)])
    own = np.array([kernels.exp_below(x) for x in numbers])
    assert np.abs(own / np.exp(numbers) - 1).max() <= 2 * ULP
    assert kernels.exp_below(0.0) == 1.0
    assert [kernels.exp_below(x) for x in (-709.0, -1e300, -np.inf)] == [0, 0, 0]


def test_the_logarithm_is_within_two_units_in_the_last_place():
    numbers = np.concatenate([np.linspace(1, 20, 4_001), 1 + np.geomspace(1e-15, 1, 2_000)])
    own = np.array([kernels.log_from_one(x) for x in numbers])
    expected = np.log(numbers)
    # Next to 1 a logarithm has few digits of its own: it is as exact as its argument.
    assert np.abs(own - expected).max() <= 2 * ULP * np.abs(expected).max()
    assert np.abs(own[1:] / expected[1:] - 1).max() <= 4 * ULP
    assert kernels.log_from_one(1.0) == 0.0


@pytest.mark.parametrize("n_states", [1, 127, 128, 129, 300])
def test_a_block_more_or_less_changes_no_state(random_mdp, n_states):
    mdp = random_mdp(0, n_states, ends=n_states > 1, discount=0.9)
    after = np.random.default_rng(0).normal(size=n_states)
    after[mdp.terminal] = 0.0
    arguments = (*unsigned(mdp.transitions), mdp.expected_rewards, after, 0.9)
    now, chosen = np.empty(n_states), np.empty((n_states, 3))
    kernels.soft(*arguments, 0.7, 0, n_states, now, chosen)
    q = mdp.expected_rewards + 0.9 * (mdp.transitions @ after).reshape(n_states, 3)
    q[~mdp.available] = -np.inf
    with np.errstate(divide="ignore"):
        expected = 0.7 * np.log(np.exp(q / 0.7).sum(axis=1))
    expected[mdp.terminal] = 0.0
    assert now == pytest.approx(expected, abs=1e-13)
    alive = ~mdp.terminal
    weights = np.exp((q[alive] - expected[alive, None]) / 0.7)
    assert chosen[alive] == pytest.approx(weights, abs=1e-13)
    best, choice = np.empty(n_states), np.empty(n_states, np.int32)
    kernels.hard(*arguments, 0, n_states, best, choice)
    assert best[alive] == pytest.approx(q[alive].max(axis=1), abs=1e-14)
    assert np.array_equal(choice[alive], q[alive].argmax(axis=1))


def test_the_way_to_an_end_and_what_cannot_avoid_it(chain):
    mdp = chain(4, 1.0)
    pointers, targets, _ = unsigned(mdp.transitions)
    reached, choice = mdp.terminal.copy(), np.zeros(5, np.int32)
    assert kernels.way_to_end(pointers, targets, mdp.available, reached, choice) == 5
    reached = mdp.terminal.copy()
    assert kernels.must_end(pointers, targets, mdp.available, reached) == 5


def test_numba_is_not_imported_before_something_is_planned():
    code = "import sys, alignlab.values.processes; print('numba' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_where_nothing_can_be_kept_on_disk_it_is_compiled_each_time(monkeypatch):
    import numba

    def refuse(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", refuse)
    fresh = importlib.util.spec_from_file_location("fresh", kernels.__file__)
    module = importlib.util.module_from_spec(fresh)
    fresh.loader.exec_module(module)
    assert module.BLOCK == kernels.BLOCK
