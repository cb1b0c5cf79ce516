"""An objective is the weighted sum of its terms, and the logits are computed once."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from alignlab.errors import InputError
from alignlab.training import L2, Batch, Objective, Term


@dataclass(eq=False, kw_only=True)
class Mean(Term):
    name: ClassVar[str] = "mean"

    def value(self, batch):
        return batch.logits.mean()


@dataclass(eq=False, kw_only=True)
class Squares(Term):
    name: ClassVar[str] = "squares"

    def value(self, batch):
        return batch.logits.square().sum()


def batch_of(module, x):
    y = torch.zeros(len(x), dtype=torch.int64)
    return Batch(module, x, y, {}, torch.arange(len(x)), torch.Generator())


def test_the_total_is_the_weighted_sum_and_the_module_is_asked_once():
    module = torch.nn.Linear(2, 3)
    calls = []
    module.register_forward_hook(lambda *_: calls.append(1))
    batch = batch_of(module, torch.rand(4, 2))
    objective = Objective([Mean(weight=2), Squares(weight=0.5), Term()])
    values = objective.values(batch)
    assert set(values) == {"mean", "squares"}
    expected = 2 * batch.logits.mean() + 0.5 * batch.logits.square().sum()
    assert torch.allclose(objective.total(values), expected)
    assert len(calls) == 1


def test_one_logit_is_two_classes():
    batch = batch_of(torch.nn.Linear(2, 1), torch.rand(4, 2))
    assert batch.logits.shape == (4, 2)
    assert torch.allclose(batch.probabilities[:, 1], torch.sigmoid(batch.logits[:, 1]))


def test_what_makes_no_objective_is_refused():
    with pytest.raises(InputError, match="at least one term"):
        Objective([])
    with pytest.raises(InputError, match="the term 'mean' twice"):
        Objective([Mean(), Mean()])
    with pytest.raises(InputError, match="weight of the term 'mean' is -1"):
        Mean(weight=-1)
    with pytest.raises(InputError, match="weight of the term 'mean' is '1'"):
        Mean(weight="1")
    with pytest.raises(InputError, match=r"No term of the objective \(l2\) has a value"):
        Objective([L2()])
