import os
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

from alignlab.study.runs.isolation import isolated

LEGACY = np.random.mtrand._rand
"""The global state."""


def state():
    return (
        random.getstate(),
        str(LEGACY.get_state()),
        torch.get_rng_state().tolist(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        np.geterr(),
        os.getcwd(),
        dict(os.environ),
    )


def draw():
    return random.random(), LEGACY.rand(), torch.rand(()).item()


def test_the_callers_state_is_untouched_whatever_a_run_does(tmp_path):
    before = state()

    def leave_a_mess():
        draw()
        torch.set_default_dtype(torch.float64)
        np.seterr(all="raise")
        os.environ["LEFT"] = "over"
        os.chdir(tmp_path)
        torch.set_grad_enabled(False)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), isolated(1):
        leave_a_mess()
    assert state() == before
    assert torch.is_grad_enabled()


def test_a_run_does_not_find_what_the_one_before_it_left():
    with isolated(1):
        first = draw()
    random.seed(3), LEGACY.seed(4), torch.manual_seed(5)
    with isolated(1):
        draw(), draw()
    with isolated(1):
        again = draw()
    with isolated(2):
        other = draw()
    assert first == again
    assert not set(first) & set(other)


def test_numbers_are_those_of_the_libraries_own_seeds():
    with isolated(7):
        drawn = draw()
    torch_own = torch.rand((), generator=torch.Generator().manual_seed(7)).item()
    assert drawn == (random.Random(7).random(), np.random.RandomState(7).rand(), torch_own)


def test_a_run_has_one_thread():
    from threadpoolctl import threadpool_info

    torch.set_num_threads(2)
    with isolated(0):
        assert torch.get_num_threads() == 1
        assert {each["num_threads"] for each in threadpool_info()} == {1}
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert torch.get_num_threads() == 2


def test_what_is_printed_and_warned_is_kept(capsys):
    with warnings.catch_warnings(), isolated(0) as printed:
        print("out")
        print("err", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
    assert capsys.readouterr() == ("", "")
    assert "out\nerr\n" in printed.getvalue()
    assert "careful" in printed.getvalue()


def test_torch_loaded_in_a_run_is_seeded_as_if_it_had_been_there():
    code = """
import sys
from alignlab.study.runs.isolation import isolated
assert "torch" not in sys.modules
with isolated(7):
    import torch
    print(torch.get_num_threads(), file=sys.__stdout__)
    print(torch.rand(()).item(), file=sys.__stdout__)
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    expected = torch.rand((), generator=torch.Generator().manual_seed(7)).item()
    assert found == ["1", str(expected)]


def test_a_run_does_not_find_what_the_caller_set():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad(), isolated(0):
            assert torch.get_default_dtype() is torch.float32
            assert torch.is_grad_enabled()
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
