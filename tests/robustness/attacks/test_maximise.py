"""The loss is driven up on every row, broken or not, and nothing but the rows is touched."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.attacks.losses import cross_entropy
from alignlab.robustness.attacks.maximise import maximise
from alignlab.robustness.threats import L1, L2, Linf


@pytest.mark.parametrize(
    ("norm", "threat"), [("linf", Linf(0.1)), ("l2", L2(0.3)), ("l1", L1(0.6))]
)
def test_on_two_classes_the_worst_point_is_found_for_rows_that_are_wrong_too(
    linear, worst_margins, norm, threat
):
    module, x, y = linear(classes=2)
    y = torch.arange(len(y)) % 2  # half of them wrong from the start
    found = maximise(module, x, lambda z: cross_entropy(z, y), threat, steps=50)
    logits = module(found).detach()
    margins = logits.gather(1, 1 - y[:, None])[:, 0] - logits.gather(1, y[:, None])[:, 0]
    expected = worst_margins(module, x, y, norm, threat.radius)
    assert (expected > 0).sum() > 10
    assert torch.allclose(margins, expected, atol=1e-3 if norm == "l2" else 1e-9)
    assert threat.allows(found, x).all()


def test_the_best_iterate_is_kept_where_it_is_asked_for():
    def bump(x):
        return -(x[:, 0] - 0.6).square()

    x = torch.tensor([[0.5]])
    last = maximise(lambda x: x, x, bump, Linf(0.5), steps=3, step_size=0.8)
    best = maximise(lambda x: x, x, bump, Linf(0.5), steps=3, step_size=0.8, keep="best")
    assert last.item() == pytest.approx(0.9)
    assert best.item() == pytest.approx(0.5)


def test_no_parameter_gets_a_gradient_and_the_mode_stays(linear):
    module, x, y = linear()
    module.train()
    x.requires_grad_()
    found = maximise(module, x, lambda z: cross_entropy(z, y), Linf(0.1), steps=3, keep="best")
    assert all(each.grad is None for each in module.parameters())
    assert x.grad is None
    assert not found.requires_grad
    assert module.training


def test_a_divergence_has_no_gradient_at_the_row_itself(linear):
    module, x, _ = linear()
    natural = module(x).detach().log_softmax(1)

    def divergence(logits):
        return (natural.exp() * (natural - logits.log_softmax(1))).sum(1)

    # At x there is but rounding noise to climb along; beside it there is a slope.
    stuck = maximise(module, x, divergence, Linf(0.1), steps=1)
    moved = maximise(module, x, divergence, Linf(0.1), steps=1, start=x + 1e-3)
    assert divergence(module(moved)).mean() > 2 * divergence(module(stuck)).mean()


def test_settings_that_are_none_are_refused():
    x = torch.rand(1, 2)
    for given, message in (
        ({"steps": 0}, "steps=0 is not a whole number"),
        ({"step_size": 0.0}, "step_size=0.0 is not above 0"),
        ({"keep": "lasts"}, "Did you mean 'last'"),
    ):
        with pytest.raises(InputError, match=message):
            maximise(lambda x: x, x, lambda z: z[:, 0], Linf(0.1), **given)
