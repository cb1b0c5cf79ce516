"""Masks of each row's own, without a state."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.random import row_streams
from alignlab.uncertainty.posterior import dropout_masks
from alignlab.uncertainty.posterior.dropout_masks import keep, kept_share


def keys_of(rows, seed=3):
    return torch.from_numpy(row_streams(seed, rows, "masks").keys.view(np.int64))


def test_the_words_are_those_of_the_row_streams():
    streams = row_streams(3, 5, "masks")
    kept = keep(keys_of(5), torch.tensor([0, 1, 7]), 10, 0.3)
    words = np.stack([streams.bits(3, step=t) for t in (0, 1, 7)])
    numbers = np.ascontiguousarray(words).view(np.int16)[..., :10]
    np.testing.assert_array_equal(kept.numpy(), numbers < round(0.7 * 2**16) - 2**15)
    rare = keep(keys_of(5), torch.tensor([0, 1, 7]), 6, 0.001)
    numbers = np.ascontiguousarray(words).view(np.int32)[..., :6]
    np.testing.assert_array_equal(rare.numpy(), numbers < round(0.999 * 2**32) - 2**31)
    exact = keep(keys_of(5), torch.tensor([0, 1, 7]), 20, 0.25)
    numbers = np.ascontiguousarray(words).view(np.int8)[..., :20]
    np.testing.assert_array_equal(exact.numpy(), numbers < 64)
    assert kept_share(0.25) == 0.75


@pytest.mark.parametrize("p", [0.5, 0.1, 0.75, 0.9, 0.003, 0.999])
def test_as_many_are_kept_as_should_be(p):
    kept = keep(keys_of(300), torch.arange(50), 70, p).double()
    share = kept_share(p)
    assert share == pytest.approx(1 - p, rel=0.002)
    for axes in ((), (0,), (1,), (2,)):
        others = tuple(axis for axis in range(3) if axis not in axes)
        means = kept.mean(dim=others)
        count = kept.numel() / means.numel()
        z = (means - share) / np.sqrt(share * (1 - share) / count)
        assert float(z.abs().max()) < 5
        if means.numel() > 1:  # and they spread as independent ones do
            assert float((z**2).mean()) == pytest.approx(1, abs=4 * np.sqrt(2 / means.numel()))


def test_neighbours_are_independent():
    kept = keep(keys_of(200), torch.arange(40), 64, 0.5).double() - 0.5
    for axis in range(3):
        one, other = (
            kept.narrow(axis, 0, kept.shape[axis] - 1),
            kept.narrow(axis, 1, kept.shape[axis] - 1),
        )
        assert abs(float((one * other).mean())) * 4 * np.sqrt(one.numel()) < 4.5


def test_a_mask_does_not_know_its_neighbours(monkeypatch):
    whole = keep(keys_of(20), torch.arange(9), 13, 0.4)
    some = keep(keys_of([3, 17]), torch.tensor([5]), 13, 0.4)
    assert torch.equal(some[0], whole[5][[3, 17]])
    monkeypatch.setattr(dropout_masks, "WORDS_AT_ONCE", 1)
    assert torch.equal(keep(keys_of(20), torch.arange(9), 13, 0.4), whole)
