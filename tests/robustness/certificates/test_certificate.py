"""A bound on rounding is above what rounding does, and a result says what it does not know."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from alignlab.predictors import as_predictor
from alignlab.robustness.certificates.certificate import Certificate, decided_wrong, rounding


def test_a_float32_sum_is_never_farther_off_than_the_bound_says():
    generator = torch.Generator().manual_seed(0)
    terms = torch.randn(500, 400, generator=generator)
    exact = terms.double().sum(1)
    running = torch.zeros(500)
    for column in terms.T:  # one after another, the worst of the usual orders
        running = running + column
    off = (running.double() - exact).abs()
    share = rounding(400, torch.float32)
    assert (off <= share * terms.double().abs().sum(1)).all()
    assert off.max() > rounding(400, torch.float64) * terms.abs().sum(1).max()


def test_a_precision_too_coarse_for_the_sum_bounds_nothing():
    assert rounding(10**4, torch.float16) == float("inf")
    assert rounding(10, torch.float64) < rounding(10, torch.float32) < rounding(10, torch.bfloat16)


def test_what_is_in_neither_mask_is_undecided():
    holds, broken = torch.tensor([True, False, False]), torch.tensor([False, True, False])
    found = Certificate("by hand", holds, broken, torch.zeros(3, 1))
    assert found.undecided.tolist() == [False, False, True]
    assert found.to_dict() == {
        "method": "by hand", "rows": 3, "holds": 1, "broken": 1, "undecided": 1,
    }  # fmt: skip


def test_the_model_itself_is_asked_whatever_it_is():
    X, y = np.array([[0.0], [0.2], [0.8], [1.0]]), np.array([0, 0, 1, 1])
    predictor = as_predictor(LogisticRegression(C=100).fit(X, y))
    x = torch.tensor([[0.1], [0.9]], dtype=torch.float64)
    assert decided_wrong(predictor, x, torch.tensor([0, 0])).tolist() == [False, True]
    module = torch.nn.Linear(1, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[-1.0], [1.0]]))
        module.bias.copy_(torch.tensor([0.5, -0.5]))
    asked = as_predictor(module, classes=[0, 1])
    assert decided_wrong(asked, x, torch.tensor([0, 0])).tolist() == [False, True]
