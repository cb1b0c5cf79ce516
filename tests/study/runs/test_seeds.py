import hashlib
import json
import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.study.runs.seeds import Seed, seed_of

LEVELS = st.one_of(st.text(max_size=8), st.integers(), st.booleans())


def test_a_seed_is_the_hash_of_its_names():
    """Computed here from the definition, so that no later version gives other numbers."""
    run = json.dumps(["s", {"x": 1}, 0], separators=(",", ":"))
    named = json.dumps(["run", run, "weights"], separators=(",", ":"))
    first = int(hashlib.sha256(named.encode()).hexdigest()[:8], 16) // 2
    assert seed_of("s", {"x": 1}, 0).of("weights") == first
    assert seed_of("s", {"x": 1}, 0) == 739308782


@given(st.dictionaries(st.text(max_size=5), LEVELS, max_size=4), st.integers(0, 50))
def test_a_seed_depends_on_nothing_but_names(configuration, replicate):
    seed = seed_of("study", configuration, replicate)
    turned = dict(reversed(configuration.items()))
    assert seed_of("study", turned, replicate) == seed
    assert 0 <= seed < 2**31
    assert 0 <= seed.of("a") < 2**31
    copy = pickle.loads(pickle.dumps(seed))
    assert type(copy) is Seed
    assert (copy, copy.of("a"), copy.shared("a")) == (seed, seed.of("a"), seed.shared("a"))


def test_all_that_names_a_run_changes_its_seed():
    base = seed_of("study", {"x": 1}, 0)
    others = [
        seed_of("other", {"x": 1}, 0),
        seed_of("study", {"x": 2}, 0),
        seed_of("study", {"x": "1"}, 0),
        seed_of("study", {"x": True}, 0),
        seed_of("study", {"y": 1}, 0),
        seed_of("study", {"x": 1}, 1),
    ]
    numbers = {base, base.of("a"), base.of("b"), base.shared("a"), *others}
    assert len(numbers) == 4 + len(others)


def test_compared_runs_share_what_is_to_be_shared():
    plain, mended = (seed_of("study", {"x": x}, 3) for x in ("plain", "mended"))
    assert plain.shared("split") == mended.shared("split")
    assert plain.shared("split") != seed_of("study", {"x": "plain"}, 4).shared("split")


def test_numbers_look_drawn():
    """Of 4,000 numbers in 16 bins the chi-square is below its 99.99 % point, 44.3."""
    drawn = [seed_of("s", {"x": n % 40}, n // 40) for n in range(4000)]
    counts = Counter(number * 16 // 2**31 for number in drawn)
    assert sum((counts[each] - 250) ** 2 / 250 for each in range(16)) < 44.3


def test_every_library_takes_a_seed():
    import random

    import numpy as np
    import torch

    seed = seed_of("s", {}, 0)
    random.Random(seed)
    np.random.default_rng(seed)
    np.random.RandomState(seed.of("a"))
    torch.Generator().manual_seed(seed.shared("a"))


@pytest.mark.parametrize("number", [-1, 2**31, 1.5, True, "3"])
def test_what_is_no_seed_is_refused(number):
    with pytest.raises(InputError, match="whole number from 0"):
        Seed(number)


@pytest.mark.parametrize("purpose", ["", 3, None])
def test_a_purpose_is_a_word(purpose):
    with pytest.raises(InputError, match="names no purpose"):
        Seed(1).of(purpose)
