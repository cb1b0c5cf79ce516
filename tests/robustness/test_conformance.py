"""Each promise is shown to be tested: an attack that breaks it is found out."""

from dataclasses import dataclass

import pytest
import torch

from alignlab.robustness.attacks import FAB, PGD, HopSkipJump, Square
from alignlab.robustness.attacks.apgd import APGD, TargetedAPGD
from alignlab.robustness.conformance import assert_attack_conforms
from alignlab.robustness.threats import L1, L2, Linf


@dataclass(frozen=True)
class Mine:
    """One random corner of the ball after another."""

    fault: str = ""
    name: str = "mine"
    needs_gradients: bool = False

    def __call__(self, search):
        threat = search.ball(self.name)
        if self.fault == "nobody":
            search.logits(search.clean[:0].new_zeros((1, search.clean.shape[1])))
        if self.fault == "rows" and len(search):
            search.clean[0] += 0.1
        if self.fault == "model":
            with torch.no_grad():
                search.model.predictor.module.bias.add_(0.001)
        for step in range(40):
            if not len(search):
                return
            drawn = torch.from_numpy(search.streams_of_open("corner").uniform(6, step=step))
            if self.fault == "global":
                drawn = torch.rand(len(search), 6, dtype=torch.float64)
            if self.fault == "company":
                drawn = drawn.flip(0)
            moved = search.x + threat.radius * (2 * drawn - 1).sign()
            candidates = threat.project(moved, search.x)
            logits = search.logits(candidates)
            if self.fault == "lies":
                logits = logits.flip(1)
            if self.fault == "pays":
                search.logits(search.clean)
                search.logits(search.clean)
                search.logits(search.clean)
            search.settle(candidates, logits)


def test_a_good_attack_conforms():
    assert_attack_conforms(Mine())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("nobody", "without an open row"),
        ("rows", "changes the rows"),
        ("model", "changes the model"),
        ("global", "global random numbers"),
        ("company", "other rows beside it"),
        ("lies", "does not hold"),
        ("pays", "go on with what search.settle"),
    ],
)
def test_a_broken_promise_is_found_out(fault, message):
    with pytest.raises(AssertionError, match=message):
        assert_attack_conforms(Mine(fault))


@pytest.mark.parametrize(
    "attack",
    [PGD(), APGD(), APGD(loss="margin"), TargetedAPGD(), FAB(), Square(queries=300)],
    ids=lambda attack: f"{attack.name} {getattr(attack, 'loss', '')}",
)
@pytest.mark.parametrize("threat", [Linf(0.3), L2(0.6), L1(1.0)], ids=str)
def test_the_built_in_attacks_conform(attack, threat):
    assert_attack_conforms(attack, threat=threat)


@pytest.mark.parametrize("threat", [Linf(0.3), L2(0.6)], ids=str)
def test_hopskipjump_conforms_but_for_where_it_begins(threat):
    assert_attack_conforms(HopSkipJump(iterations=5, probes=20), threat=threat, company=False)
