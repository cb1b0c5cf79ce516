"""Two trainings are the same where what decides how they go is the same."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.threats import Linf
from alignlab.training import CrossEntropy, Objective, TrainingData
from alignlab.training.settings import require_same, settings_of


def stated(**options):
    x = options.pop("x", torch.arange(6.0).reshape(3, 2))
    data = TrainingData(x, torch.tensor([0, 1, 0]), ("a", "b"), {"g": torch.zeros(3)})
    weight = options.pop("weight", 1.0)
    known = {"epochs": 3, "schedule": "none", "patience": None, "threat": Linf(0.1), **options}
    return settings_of(
        module=torch.nn.Linear(2, 2),
        train=data,
        held=data,
        terms=Objective([CrossEntropy(weight=weight)]),
        options=known,
    )


def test_the_same_twice_is_the_same():
    assert stated() == stated()
    require_same(stated(), stated(epochs=9, patience=2), where="here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": 2.0}, "another objective"),
        ({"x": torch.ones(3, 2)}, "other rows"),
        ({"threat": Linf(0.2)}, "threat="),
        ({"schedule": "cosine"}, "schedule='none', and schedule='cosine'"),
    ],
)
def test_what_differs_is_named(change, message):
    with pytest.raises(InputError, match=message):
        require_same(stated(), stated(**change), where="here")


def test_epochs_count_where_the_rate_hangs_on_them():
    with pytest.raises(InputError, match="epochs=3, and epochs=4"):
        require_same(stated(schedule="cosine"), stated(schedule="cosine", epochs=4), where="here")
