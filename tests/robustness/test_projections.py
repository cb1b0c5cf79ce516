"""The nearest allowed move is the one that a general solver finds, and by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import minimize

from alignlab.robustness.projections import nearest_l1, nearest_l2

SIZES = arrays.arrays(np.float64, 5, elements=st.floats(0, 3))


def tensor(*rows):
    return torch.from_numpy(np.array(rows, dtype=np.float64))


def solved(wanted, room, radius, order):
    """Return the nearest sizes by sequential quadratic programming."""
    inside = {
        1: {"type": "ineq", "fun": lambda v: radius - v.sum()},
        2: {"type": "ineq", "fun": lambda v: radius**2 - v @ v, "jac": lambda v: -2 * v},
    }[order]
    found = minimize(
        lambda v: ((v - wanted) ** 2).sum() / 2,
        np.zeros(len(wanted)),
        jac=lambda v: v - wanted,
        bounds=[(0, most) for most in room],
        constraints=[inside],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return found.x


@pytest.mark.parametrize(("project", "order"), [(nearest_l1, 1), (nearest_l2, 2)])
@settings(max_examples=60, deadline=None)
@given(wanted=SIZES, room=SIZES, radius=st.floats(0.1, 4))
def test_a_general_solver_finds_no_nearer_one(project, order, wanted, room, radius):
    ours = project(tensor(wanted), tensor(room), radius)[0].numpy()
    theirs = solved(wanted, room, radius, order)
    assert np.linalg.norm(ours, order) <= radius * (1 + 1e-12)
    assert (ours >= 0).all()
    assert (ours <= room).all()
    # Both norms' balls are convex, so the nearest point is one, and distances tell it.
    assert np.linalg.norm(ours - wanted) <= np.linalg.norm(theirs - wanted) + 1e-6
    assert np.abs(ours - theirs).max() < 1e-3


def test_by_hand():
    wanted, room = tensor([3, 4, 1], [3, 4, 1]), tensor([9, 0.6, 9], [9, 9, 9])
    # The second number stops at 0.6; the others share what is left of 1, in proportion 3 : 1.
    left = np.sqrt((1 - 0.36) / 10)
    assert torch.allclose(
        nearest_l2(wanted, room, 1)[0], torch.tensor([3 * left, 0.6, left]).double()
    )
    assert torch.allclose(nearest_l2(wanted, room, 1)[1], wanted[1] / 26**0.5)
    # λ = 2.6, where the first number has what the second leaves; then λ = 3.
    assert torch.allclose(nearest_l1(wanted, room, 1), tensor([0.4, 0.6, 0], [0, 1, 0]))


@pytest.mark.parametrize("project", [nearest_l1, nearest_l2])
def test_what_is_inside_stays_and_what_has_no_room_stays_too(project):
    wanted = tensor([0.1, 0.2], [5, 5], [0, 0], [5, 5])
    room = tensor([1, 1], [0, 0.5], [1, 1], [torch.inf, 0.25])
    expected = tensor([0.1, 0.2], [0, 0.5], [0, 0], [0, 0.25])
    found = project(wanted, room, 0.5)
    assert torch.allclose(found[:3], expected[:3])
    assert found[3, 0] == pytest.approx(0.25 if project is nearest_l1 else 0.1875**0.5)
    assert torch.equal(project(wanted, room, 0.0), torch.zeros_like(wanted))


def test_rescaling_and_clipping_is_farther_away():
    wanted, room = tensor([1.0, 1.0, 1.0]), tensor([0.1, 1.0, 1.0])
    exact = nearest_l1(wanted, room, 1.0)
    rescaled = torch.minimum(wanted / 3, room)
    assert (exact - wanted).norm() < (rescaled - wanted).norm() - 0.05
    assert exact.sum() == pytest.approx(1)
