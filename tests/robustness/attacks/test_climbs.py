"""The checkpoints are those of the paper, and a row's step is halved where the paper says so."""

from dataclasses import replace

import pytest
import torch

from alignlab.robustness.attacks.climbs import MomentumClimb, SparseClimb, climb
from alignlab.robustness.attacks.losses import margin
from alignlab.robustness.threats import L1, L2, Linf


def begun(kind, threat, rows=1, numbers=2):
    center = torch.zeros(rows, numbers, dtype=torch.float64)
    return kind.begin(threat, torch.zeros(rows), center, center), center


def test_the_checkpoints_are_the_published_ones():
    published = [22, 41, 57, 70, 80, 87, 93, 99]
    assert list(MomentumClimb.checkpoints(100)) == published
    assert list(MomentumClimb.checkpoints(100).values()) == [22, 19, 16, 13, 10, 7, 6, 6]
    assert list(MomentumClimb.checkpoints(1000)) == [10 * each for each in published]
    assert MomentumClimb.checkpoints(1) == {1: 1}
    assert list(MomentumClimb.checkpoints(10)) == [3, 5, 6, 7, 8, 9, 10]
    assert SparseClimb.checkpoints(100) == dict.fromkeys(range(4, 100, 4), 4)
    assert list(SparseClimb.checkpoints(4)) == [1, 2, 3]


def test_a_step_is_halved_where_too_few_steps_rose_or_nothing_was_gained():
    threat = Linf(1.0, low=-9, high=9)
    state, center = begun(MomentumClimb, threat, rows=4)
    losses = torch.tensor(
        [
            [0, 1, 2, 3, 4],  # every step rises
            [0, 1, 0, 1, 2],  # 3 of 4 rise: just enough
            [0, 1, 0, 1, 0],  # 2 of 4
            [9, 1, 2, 3, 4],  # 3 of 4 rise, and the best loss is the start's
        ],
        dtype=torch.float64,
    )
    gradient = torch.ones(4, 2, dtype=torch.float64)
    for step, loss in enumerate(losses.T):
        state = replace(state, x=torch.full_like(center, step))
        state = state.seen(loss, (step + 1) * gradient)
    state = state.checked(threat, center, 4)
    assert state.size.tolist() == [2, 2, 1, 2]
    assert state.halved.tolist() == [False, False, True, False]
    # Row 2 is back at its first best point, with the gradient there; the others go on.
    assert state.x[:, 0].tolist() == [4, 4, 1, 4]
    assert state.gradient[:, 0].tolist() == [5, 5, 2, 5]
    # Once more as good at best: row 3 was not halved before and is now; row 2 was, and rests.
    for loss in (torch.tensor([5.0, 3, 0.5, 5]), torch.tensor([6.0, 4, 0.7, 6])):
        state = state.seen(loss.double(), gradient)
    state = state.checked(threat, center, 2)
    assert state.size.tolist() == [2, 2, 1, 1]


def test_the_best_loss_at_a_checkpoint_is_not_the_one_that_grows_on():
    """Where both are one tensor, "nothing was gained" is always true."""
    threat = Linf(1.0)
    state, center = begun(MomentumClimb, threat)
    for loss in (0.0, 1.0):
        state = state.seen(torch.tensor([loss]).double(), center)
    state = state.checked(threat, center, 1)
    before = state.checked_loss.clone()
    state = state.seen(torch.tensor([2.0]).double(), center)
    assert torch.equal(state.checked_loss, before)
    assert state.checked(threat, center, 1).size.tolist() == [2]


def test_the_second_step_keeps_a_quarter_of_the_first():
    threat = L2(10.0, low=-99, high=99)
    state, center = begun(MomentumClimb, threat)
    state = state.seen(torch.zeros(1), torch.tensor([[1.0, 0]]).double())
    state = state.moved(threat, threat.around(center), 0)
    assert state.x.tolist() == [[pytest.approx(10), 0]]
    state = state.seen(torch.zeros(1), torch.tensor([[-1.0, 0]]).double())
    state = state.moved(threat, threat.around(center), 1)
    # The step of 20 ends at -10: 10 + 0.75 · (-20) + 0.25 · 10 = -2.5.
    assert state.x.tolist() == [[pytest.approx(-2.5), 0]]


def test_a_sparse_step_moves_the_largest_numbers_of_the_gradient():
    threat = L1(1.0, low=-9, high=9)
    state, center = begun(SparseClimb, threat, numbers=6)
    state = replace(state, moved_numbers=torch.tensor([3]))
    slopes = torch.tensor([[0.1, -5, 0.2, 3, 0, 1]]).double()
    state = state.seen(torch.zeros(1), slopes).moved(threat, threat.around(center), 0)
    assert state.x[0].tolist() == pytest.approx([0, -0.5, 0, 0.5, 0, 0])


def test_a_sparse_climb_that_got_no_sparser_takes_shorter_steps():
    threat = L1(1.0, low=-9, high=9)
    state, center = begun(SparseClimb, threat, rows=2, numbers=4)
    best = torch.tensor([[0.5, 0, 0, 0], [0.25, 0.25, 0, 0]]).double()
    state = replace(state, best=best, moved_numbers=torch.tensor([2, 2]))
    state = state.checked(threat, center, 4)
    assert state.size.tolist() == pytest.approx([1, 1 / 1.5])
    assert torch.equal(state.x, torch.stack([best[0], center[1]]))
    for _ in range(9):
        state = state.checked(threat, center, 4)
    assert state.size.tolist() == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("kind", [MomentumClimb, SparseClimb])
def test_a_climb_asks_once_a_step_and_tests_the_last_iterate_too(search_of, kind):
    threat = Linf(0.1) if kind is MomentumClimb else L1(0.1)
    module = torch.nn.Linear(1, 2, dtype=torch.float64).eval()
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[-1.0], [1.0]]))
        module.bias.copy_(torch.tensor([1.1, 0.0]))  # the line is at 0.55
    x = torch.tensor([[0.3], [0.48]], dtype=torch.float64)
    y = torch.tensor([0, 0])
    search = search_of(module, x, y, threat)
    state = climb(search, threat, margin, kind.begin(threat, y, x, x), 1)
    assert search.broken.tolist() == [False, True]
    assert search.witnesses[1].item() == pytest.approx(0.58)
    assert state.best.tolist() == [[pytest.approx(0.4)]]
    assert (search.model.forward_rows, search.model.backward_rows) == (4, 2)
