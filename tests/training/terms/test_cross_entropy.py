"""The task's own term, by hand."""

import math

import pytest
import torch

from alignlab.training.conformance import assert_term_conforms
from alignlab.training.objective import Batch
from alignlab.training.terms.cross_entropy import CrossEntropy


def test_a_case_by_hand():
    x = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    batch = Batch(
        torch.nn.Identity(), x, torch.tensor([1, 0]), {}, torch.arange(2), torch.Generator()
    )
    expected = (math.log(4 / 3) + math.log(2)) / 2
    assert float(CrossEntropy().value(batch)) == pytest.approx(expected)


def test_it_conforms():
    assert_term_conforms(CrossEntropy())
