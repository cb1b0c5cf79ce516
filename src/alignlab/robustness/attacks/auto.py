"""Which attacks are made, in which order: by name, as published, or as few as will do.

"standard" is AutoAttack [croce2020reliable, sec. 5]: APGD on the cross-entropy, targeted APGD on
DLR, targeted FAB and Square, nothing tuned to the model. Below four classes, where targeted DLR is
not defined, the margin takes its place.

"efficient" asks for each row only what it still needs. Most rows that can be broken are broken by
a short ascent on the margin; what is left is tried target by target, the boundary first that a
linear model would reach first [melamed2024malt], shortly for nine targets and at length for three.
A few squares at the end show whether an attack without gradients finds what gradients did not.

Without gradients both are Square, for decisions alone HopSkipJump, for a table's columns the
search of their own moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alignlab.errors import InputError, require_choice
from alignlab.robustness.attacks.apgd import APGD, TargetedAPGD
from alignlab.robustness.attacks.fab import FAB
from alignlab.robustness.attacks.hopskipjump import HopSkipJump
from alignlab.robustness.attacks.register import all_attacks
from alignlab.robustness.attacks.square import Square
from alignlab.robustness.attacks.tabular import TabularSearch
from alignlab.robustness.search import Attack
from alignlab.robustness.threats import L1, Ball

if TYPE_CHECKING:
    from alignlab.robustness.subjects import Subject

__all__ = ["VERSIONS", "planned"]

VERSIONS = ("efficient", "standard")


def planned(attacks: str | Attack | Sequence[str | Attack], subject: Subject) -> list[Attack]:
    """Return attacks in their order.

    Parameters
    ----------
    attacks
        "efficient", "standard", names ("pgd, square"), attacks, or a list of them.
    subject
        The model and the threat that they are for.

    Raises
    ------
    InputError
        If a name is unknown, or an attack needs gradients that the model does not have.
    """
    if isinstance(attacks, str):
        attacks = [name.strip() for name in attacks.split(",") if name.strip()]
    elif not isinstance(attacks, Sequence):
        attacks = [attacks]
    plan: list[Attack] = []
    for each in attacks:
        plan += [each] if not isinstance(each, str) else _named(each, subject)
    if not plan:
        raise InputError("attacks= names no attack. Give one, such as attacks='efficient'.")
    for attack in plan:
        if attack.needs_gradients and not subject.has_gradients:
            raise InputError(
                f"The attack {attack.name!r} needs gradients, and {subject.predictor.kind} under "
                "this threat has none. Use attacks='efficient', which chooses what works here."
            )
    return plan


def _named(name: str, subject: Subject) -> list[Attack]:
    known = all_attacks()
    require_choice(name, [*VERSIONS, *known], what="attack")
    if name not in VERSIONS:
        return [known[name]()]
    return _standard(subject) if name == "standard" else _efficient(subject)


def _standard(subject: Subject) -> list[Attack]:
    if not subject.has_gradients or not isinstance(subject.threat, Ball):
        return _black_box(subject, queries=5000)
    return [APGD(), TargetedAPGD(), FAB(), Square(queries=5000)]


def _efficient(subject: Subject) -> list[Attack]:
    if not subject.has_gradients or not isinstance(subject.threat, Ball):
        return _black_box(subject, queries=1000)
    return [
        APGD(steps=20, loss="margin"),
        TargetedAPGD(steps=20, loss="margin", order="gradient"),
        TargetedAPGD(steps=50, targets=3, order="gradient"),
        Square(queries=100),
    ]


def _black_box(subject: Subject, *, queries: int) -> list[Attack]:
    if not isinstance(subject.threat, Ball):
        return [TabularSearch()]
    if not subject.predictor.probabilistic and not isinstance(subject.threat, L1):
        return [HopSkipJump()]
    return [Square(queries=queries)]
