"""Each measure by hand, and against an independent computation."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.threats import Linf
from alignlab.training import CrossEntropy, Objective, TrainingData
from alignlab.training.terms.group_parity import GroupParity
from alignlab.training.terms.member_parity import MemberParity
from alignlab.training.validation import (
    accuracy,
    logits_of,
    loss,
    measure_for,
    robust_accuracy,
    worst_gap,
)

DATA = TrainingData(
    torch.tensor([[-0.3], [-0.1], [0.1], [0.4]]),
    torch.tensor([0, 0, 1, 0]),
    ("no", "yes"),
    {"g": torch.tensor([0, 1, 1, 0]), "unknown": torch.tensor([-1, -1, -1, -1])},
    {"g": ("a", "b"), "unknown": ()},
)


def sign():
    """Return a module that decides by the sign of its number."""
    module = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(module.weight, 2.0)
    return module


def measured(stated, objective=None, threat=None):
    found = measure_for(
        stated, objective=Objective(objective or [CrossEntropy()]), data=DATA, threat=threat, seed=0
    )
    return found, found.of(sign(), DATA, logits_of(sign(), DATA))


def test_accuracy_and_loss_by_hand():
    logits = logits_of(sign(), DATA)
    assert logits.tolist() == [[0, pytest.approx(2 * x)] for x in (-0.3, -0.1, 0.1, 0.4)]
    assert accuracy(DATA, logits) == 0.75
    z = torch.tensor([-0.6, -0.2, -0.2, 0.8], dtype=torch.float64)  # of the wrong class
    assert loss(DATA, logits) == pytest.approx(float(z.exp().log1p().mean()))


@pytest.mark.parametrize(("radius", "expected"), [(0.0, 0.75), (0.2, 0.25), (0.5, 0.0)])
def test_robust_accuracy_of_a_threshold_is_known(radius, expected):
    threat = Linf(radius, low=-1, high=1)
    assert robust_accuracy(sign(), DATA, threat, seed=0) == expected
    assert measured("robust accuracy", threat=threat)[1] == expected


def test_gaps_by_hand():
    # Among the class no, group a is right once of twice and group b always; yes has b alone.
    assert measured("worst gap in g")[1] == 0.5
    assert measured("worst gap in unknown")[1] == 0
    p = torch.sigmoid(torch.tensor([-0.6, -0.2, 0.2, 0.8], dtype=torch.float64))
    parity = float(((p[0] + p[3]) / 2 - (p[1] + p[2]) / 2).abs())
    groups = GroupParity(column="g", favourable="yes")
    assert measured("worst gap in g", [groups])[1] == pytest.approx(parity)
    members = float(((2 - p[0] - p[3]) / 2 - (1 - p[1])).abs())
    assert measured("worst gap in g", [MemberParity(column="g")])[1] == pytest.approx(members)
    whole = MemberParity(column="g", superclasses={"no": "all", "yes": "all"})
    assert measured("worst gap in g", [whole])[1] == pytest.approx(0)
    other = GroupParity(column="h", favourable="yes")
    assert measured("worst gap in g", [other])[1] == 0.5


def test_a_constant_added_to_logits_moves_no_gap():
    logits = logits_of(sign(), DATA).double()
    term = GroupParity(column="g")
    moved, still = (worst_gap(DATA, each, "g", term) for each in (logits + 5, logits))
    assert moved == pytest.approx(still)


def test_better_is_in_the_measures_own_direction():
    more, less = measured("accuracy")[0], measured("loss")[0]
    assert more.better(0.6, 0.5)
    assert less.better(0.4, 0.5)
    assert not more.better(0.5, 0.5)
    assert not less.better(float("nan"), 0.5)
    assert not less.better(float("nan"), float("nan"))
    assert less.better(0.5, float("nan"))
    own, value = measured(lambda module, data: len(data))
    assert value == 4
    assert own.better(2, 1)


def test_a_measure_needs_what_it_is_of():
    with pytest.raises(InputError, match="Did you mean 'robust accuracy'"):
        measured("robust acuracy")
    with pytest.raises(InputError, match="no column 'gg'"):
        measured("worst gap in gg")
    with pytest.raises(InputError, match="needs a threat"):
        measured("robust accuracy")
