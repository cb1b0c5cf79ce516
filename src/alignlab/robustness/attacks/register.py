"""Attacks by name: the built-in ones, and those of plug-ins.

A plug-in names, under the entry-point group `alignlab.attacks`, a class whose instances are attacks
(`alignlab.robustness.search.Attack`) and which can be made without arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points

from alignlab.robustness.attacks.apgd import APGD, TargetedAPGD
from alignlab.robustness.attacks.fab import FAB
from alignlab.robustness.attacks.hopskipjump import HopSkipJump
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.attacks.square import Square
from alignlab.robustness.attacks.tabular import TabularSearch
from alignlab.robustness.search import Attack

__all__ = ["all_attacks"]

BUILT_IN: dict[str, Callable[[], Attack]] = {
    "pgd": PGD,
    "apgd": APGD,
    "apgd-t": TargetedAPGD,
    "fab": FAB,
    "square": Square,
    "hopskipjump": HopSkipJump,
    "tabular": TabularSearch,
}


@cache
def all_attacks() -> dict[str, Callable[[], Attack]]:
    """Return what makes each attack with its defaults, by name.

    Examples
    --------
    >>> all_attacks()["pgd"]().name
    'pgd'
    """
    plugged = {point.name: point.load() for point in entry_points(group="alignlab.attacks")}
    return {**plugged, **BUILT_IN}
