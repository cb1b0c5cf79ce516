"""The torch drop-in: numbers that nothing trains, a base that is held and not copied."""

from __future__ import annotations

import torch

from alignlab.predictors.probability_maps import Temperature
from alignlab.predictors.recalibrated_module import RecalibratedModule


def test_the_base_is_the_only_thing_with_parameters():
    base = torch.nn.Linear(2, 2).eval()
    module = RecalibratedModule(base, Temperature(0.5), keep_decisions=True)
    assert list(dict(module.named_parameters())) == ["base.weight", "base.bias"]
    assert not module.training
    rows = torch.randn(5, 2)
    torch.testing.assert_close(torch.softmax(module(rows), 1), torch.softmax(0.5 * base(rows), 1))


def test_near_certainty_survives_single_precision():
    module = RecalibratedModule(torch.nn.Identity(), Temperature(0.5), keep_decisions=True)
    said = module(torch.tensor([[0.0, 30.0]]))
    torch.testing.assert_close(said[0, 1] - said[0, 0], torch.tensor(15.0))
