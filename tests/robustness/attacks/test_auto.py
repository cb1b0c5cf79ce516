"""Plans name what there is, in order, and refuse what cannot work."""

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.robustness.attacks import PGD
from alignlab.robustness.attacks.auto import planned
from alignlab.robustness.subjects import as_subject
from alignlab.robustness.threats import Linf


@pytest.fixture
def white(linear):
    return as_subject(*linear(), Linf(0.1))


@pytest.fixture
def black():
    x = np.full((3, 2), 0.5)
    return as_subject(lambda rows: np.full((len(rows), 2), 0.5), x, [0, 1, 0], Linf(0.1))


def test_names_and_objects_are_taken_in_their_order(white):
    mine = PGD(steps=3)
    plan = planned(["pgd", mine], white)
    assert plan == [PGD(), mine]
    assert planned("pgd, pgd", white) == [PGD(), PGD()]
    assert planned(mine, white) == [mine]


def test_what_is_no_attack_is_said(white):
    with pytest.raises(InputError, match="Did you mean 'pgd'"):
        planned("pdg", white)
    with pytest.raises(InputError, match="names no attack"):
        planned(" ", white)


def test_gradients_that_are_not_there_are_not_asked_for(black):
    with pytest.raises(InputError, match="'pgd' needs gradients"):
        planned("pgd", black)
