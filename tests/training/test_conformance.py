"""Each promise is shown to be tested: a term that breaks it is found out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from alignlab.robustness.threats import Linf
from alignlab.training import Term, all_terms, as_training_data
from alignlab.training.conformance import assert_term_conforms


@dataclass(eq=False, kw_only=True)
class Mine(Term):
    name: ClassVar[str] = "mine"
    fault: str = ""

    def prepare(self, module, data):
        if self.fault == "hook":
            module.register_forward_hook(lambda *_: None)
        if self.fault == "weights":
            with torch.no_grad():
                next(module.parameters()).add_(1)
        self.kept = torch.zeros(1)

    def value(self, batch):
        p = batch.probabilities
        if self.fault == "shape":
            return p.mean(1)
        if self.fault == "group of none":
            return p[batch.columns["group"] == 1].mean()
        if self.fault == "gradient":
            return (p[:, 0] - p[:, 1]).square().sum().sqrt()
        if self.fault == "order":
            return p[0].square().sum()
        if self.fault == "global":
            return p.square().mean() * torch.rand(())
        if self.fault == "detached":
            return p.detach().square().mean()
        if self.fault == "batch":
            batch.x.zero_()
        return p.square().mean()

    def state(self):
        return {"kept": self.kept}

    def restore(self, state):
        self.kept = state["kept"] + (self.fault == "state")


def test_a_good_term_conforms():
    assert_term_conforms(Mine())
    assert_term_conforms(Term())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("hook", "not as it was after finish"),
        ("weights", "not as it was after finish"),
        ("shape", "the value has the shape"),
        ("group of none", "the value is nan"),
        ("gradient", "the gradient is not finite"),
        ("order", "another order of the rows"),
        ("global", "global random numbers were used"),
        ("detached", "does not depend on the module"),
        ("batch", "the batch was changed"),
        ("state", "does not give the same state"),
    ],
)
def test_a_broken_promise_is_found(fault, message):
    with pytest.raises(AssertionError, match=message):
        assert_term_conforms(Mine(fault=fault))


SETTINGS = {
    "adversarial": {"threat": Linf(0.1)},
    "fast_adversarial": {"threat": Linf(0.1)},
    "group_parity": {"column": "group"},
    "member_parity": {"superclasses": {"a": "one", "b": "one", "c": "two"}},
    "trades": {"threat": Linf(0.1)},
}

DATA = {
    "weighted_cross_entropy": as_training_data(
        (np.random.default_rng(0).random((24, 5)), np.arange(24) % 3),
        classes=["a", "b", "c"],
        columns={"group": np.arange(24) // 2 % 3, "weight": np.arange(24) % 5 / 4},
    )
}
"""Rows that say what the usual ones do not."""

DRAWS_BY_PLACE = {"jacobian"}
"""Terms whose random directions go by the place in the batch, as no mean over rows minds."""


@pytest.mark.parametrize("name", all_terms())
def test_every_term_of_ours_conforms(name):
    term = all_terms()[name](**SETTINGS.get(name, {}))
    assert_term_conforms(term, data=DATA.get(name), row_order=name not in DRAWS_BY_PLACE)
