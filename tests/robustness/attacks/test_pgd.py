"""On a linear model, where the worst point is a corner, gradient ascent finds it."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.attacks import APGD, PGD
from alignlab.robustness.threats import Linf, ball

RADII = {"linf": 0.1, "l2": 0.3, "l1": 0.6}


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("factor", [0.3, 1, 1.5])
@pytest.mark.parametrize("norm", RADII)
def test_a_linear_model_is_broken_where_its_worst_point_is(
    linear, search_of, worst_margins, norm, classes, factor
):
    module, x, y = linear(classes=classes, rows=300)
    with torch.no_grad():
        module.bias -= module(x).mean(0)
    y = module(x).argmax(1)
    radius = factor * RADII[norm]
    search = search_of(module, x, y, ball(norm, radius))
    PGD(restarts=3)(search)
    worst = worst_margins(module, x, y, norm, radius)
    expected = worst > 0
    assert expected.sum() > 3
    assert (search.broken & ~expected).sum() == 0
    missed = expected & ~search.broken
    if classes == 2:
        # At steps of a fixed size, the last stands beside the corner of the L2 ball and the box.
        assert (worst[missed] < (1e-3 if norm == "l2" else 1e-9)).all()
    else:
        # Where a third class is nearly as near, ascent on the margin may climb the wrong side.
        assert missed.sum() <= 0.05 * expected.sum()


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_size_of_a_batch_changes_nothing(linear, search_of, batch_rows):
    module, x, y = linear()
    one, other = search_of(module, x, y), search_of(module, x, y, batch_rows=batch_rows)
    PGD(steps=10)(one)
    PGD(steps=10)(other)
    assert 0 < one.broken.sum() < len(x)
    assert torch.equal(one.broken, other.broken)


def test_nothing_is_paid_for_a_row_that_is_broken(linear, search_of):
    module, x, y = linear()
    search = search_of(module, x, (y + 1) % 3)
    PGD(steps=10, restarts=4)(search)
    assert search.broken.all()
    assert search.model.forward_rows == len(x)


def test_settings_that_are_none_are_refused():
    with pytest.raises(InputError, match="step_size=-1 is not above 0"):
        PGD(step_size=-1)
    with pytest.raises(InputError, match="Did you mean 'margin'"):
        PGD(loss="margins")


@pytest.mark.parametrize("attack", [PGD(steps=12), APGD(steps=12)])
def test_what_the_rows_alone_decide_is_worked_out_again_only_when_rows_leave(
    linear, search_of, monkeypatch, attack
):
    module, x, y = linear()
    asked = []
    limits = Linf.limits
    monkeypatch.setattr(Linf, "limits", lambda *given: asked.append(1) or limits(*given))
    search = search_of(module, x, y, Linf(1e-9))
    attack(search)
    assert not search.broken.any()
    assert len(asked) == 2  # for the start, and for all steps
    wide = search_of(module, x, y, Linf(0.3))
    attack(wide)
    assert 0 < wide.broken.sum() < len(x)
    broken = wide.broken
    assert wide.threat.allows(wide.witnesses, x).all()
    assert (module(wide.witnesses).argmax(1) != y)[broken].all()
