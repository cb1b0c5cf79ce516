"""Plans name what there is, in order, and refuse what cannot work."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from alignlab.errors import InputError
from alignlab.robustness.attacks import PGD
from alignlab.robustness.attacks.auto import planned
from alignlab.robustness.evaluation import evaluate_robustness
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


def names(plan):
    return [attack.name for attack in plan]


def test_plans_are_those_that_the_page_names(white, black):
    assert names(planned("standard", white)) == ["apgd", "apgd-t", "fab", "square"]
    assert names(planned("efficient", white))[-1] == "square"
    assert all(attack.needs_gradients for attack in planned("efficient", white)[:-1])
    assert names(planned("efficient", black)) == names(planned("standard", black)) == ["square"]


def test_decisions_alone_take_an_attack_on_decisions(black):
    decides = replace(black, predictor=replace(black.predictor, probabilistic=False))
    assert names(planned("efficient", decides)) == ["hopskipjump"]


@pytest.mark.slow
def test_few_passes_do_what_the_published_ones_do():
    """On a network that holds half of its rows the two agree, at a fifth of the passes."""
    X, y = load_digits(return_X_y=True)
    x, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
    module = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        noisy = x[:1200] + 0.1 * torch.randn(1200, 64, generator=torch.Generator().manual_seed(1))
        torch.nn.functional.cross_entropy(module(noisy), y[:1200]).backward()
        optimizer.step()
    few, published = (
        evaluate_robustness(
            module.eval(), x[1200:1225], y[1200:1225], Linf(0.08), attacks=version,
            certify=False, masking=False,
        )
        for version in ("efficient", "standard")
    )  # fmt: skip
    assert 0.2 < published.robust_accuracy.value < 0.8
    assert few.robust_accuracy.value <= published.robust_accuracy.value
    passes = [each.forward_rows + each.backward_rows for each in (few, published)]
    assert passes[0] < passes[1] / 5
