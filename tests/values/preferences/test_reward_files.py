from __future__ import annotations

import json
from collections import OrderedDict

import numpy as np
import pytest
import torch

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError
from alignlab.values.preferences import NetworkTraining, fit_reward, load_reward

RNG = np.random.default_rng(0)
FIRST = RNG.integers(0, 10, 200)
SECOND = (FIRST + 1 + RNG.integers(0, 9, 200)) % 10
SAID = RNG.choice([0, 0.5, 1], 200)
ROWS = RNG.normal(size=(10, 2))
WALKS = tuple(Trajectory(RNG.normal(size=(4, 2)), RNG.integers(0, 2, 3)) for _ in range(10))
SMALL = NetworkTraining(hidden=(4,), epochs=1)


def lengths(rows):
    return np.abs(rows)


def bare():
    layers = torch.nn.Linear(2, 4, bias=False), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    return torch.nn.Sequential(*layers)


CASES = {
    "scores": (ROWS, {"annotators": "reliability"}, {}),
    "linear": (ROWS, {"model": "linear", "ensemble": 3}, {}),
    "function": (ROWS, {"model": "linear", "features": lengths}, {"features": lengths}),
    "walks": (WALKS, {"model": "linear", "normalise": "length"}, {}),
    "network": (WALKS, {"model": "network", "ensemble": 2, "training": SMALL}, {}),
    "own": (WALKS, {"model": torch.nn.Linear(2, 1), "training": SMALL},
            {"model": torch.nn.Linear(2, 1)}),
    "no bias": (WALKS, {"model": bare(), "training": SMALL}, {"model": bare()}),
    "names": (WALKS, {"model": torch.nn.Sequential(OrderedDict(a=torch.nn.Linear(2, 1))),
                      "training": SMALL},
              {"model": torch.nn.Sequential(OrderedDict(a=torch.nn.Linear(2, 1)))}),
}  # fmt: skip


def dataset(items):
    return PreferenceDataset.from_pairs(items, FIRST, SECOND, SAID, annotators=np.arange(200) % 3)


@pytest.mark.parametrize("case", CASES)
def test_what_is_saved_is_read(case, tmp_path):
    items, options, given = CASES[case]
    reward = fit_reward(dataset(items), **options)
    path = tmp_path / "reward.npz"
    reward.save(path)
    back = load_reward(path, **given)
    asked = None if case == "scores" else items
    assert np.array_equal(back.predict(asked), reward.predict(asked))
    one, two = back.uncertainty(asked), reward.uncertainty(asked)
    assert np.array_equal(one, two, equal_nan=True)
    assert json.dumps(back.to_dict()) == json.dumps(reward.to_dict())
    assert repr(back) == repr(reward)
    before = path.read_bytes()
    back.save(path)
    assert path.read_bytes() == before


def test_there_is_no_pickle_in_the_file(tmp_path):
    path = tmp_path / "reward.npz"
    fit_reward(dataset(ROWS), holdout=0).save(path)
    with np.load(path, allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)


def test_what_is_missing_or_wrong_is_said(tmp_path):
    path = tmp_path / "reward.npz"
    fit_reward(dataset(ROWS), model="linear", features=lengths).save(path)
    with pytest.raises(InputError, match=r"features that are a function. Give it: load_reward"):
        load_reward(path)
    fit_reward(dataset(WALKS), **CASES["own"][1]).save(path)
    with pytest.raises(InputError, match=r"Give one of the same class: load_reward"):
        load_reward(path)
    with pytest.raises(InputError, match=r"is not of the class of the one in reward.npz"):
        load_reward(path, model=torch.nn.Linear(3, 1))
    with pytest.raises(InputError, match=r"Did you mean 'reward.npz'"):
        load_reward(tmp_path / "rewards.npz")
    (tmp_path / "other.npz").write_bytes(b"no")
    with pytest.raises(InputError, match=r"other.npz is not a file of a fitted reward"):
        load_reward(tmp_path / "other.npz")
    np.savez(tmp_path / "array.npz", x=np.ones(2))
    with pytest.raises(InputError, match=r"array.npz is not a file of a fitted reward"):
        load_reward(tmp_path / "array.npz")
    with pytest.raises(InputError, match=r"does not end in .npz. Name it reward.npz"):
        fit_reward(dataset(ROWS), holdout=0).save(tmp_path / "reward.pkl")
