"""Whether `analysis.json` is what the statement and the results give now.

It is computed anew, which takes a moment: a hypothesis that was turned round after the analysis,
or a number changed by hand, would else be printed as found. Numbers may differ in their last
digits, as they do between machines.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.study.analysis.analyzing import analyze
from alignlab.study.folder import STATEMENT, StudyFolder

__all__ = ["require_current"]

SAME = 1e-6
"""Relative: far above what machines differ by, far below what a paper prints."""

TOLD_ANEW = ("deviations", "sha256")
"""Keys that are not compared: the first is returned, a figure's digest is held against its file."""


def require_current(study: StudyFolder) -> tuple[str, ...]:
    """Refuse an analysis that is not what the study's files give; return the deviations of now.

    Parameters
    ----------
    study
        The study's folder, with `analysis.json`.

    Raises
    ------
    InputError
        If anything in it is another; the message names the first such thing.
    """
    held = json.loads(study.analysis_path.read_text(encoding="utf-8"))
    made = analyze(study, unfinished=True)
    given = json.loads(to_json(made.to_dict()))
    if at := _differs(held, given):
        raise InputError(
            f"{study.analysis_path} is not what {STATEMENT} and {study.records_path.name} give "
            f"now: {at} is another. Run alignlab study analyze again."
        )
    return made.deviations


def _differs(held: Any, given: Any, at: str = "") -> str:
    """Return where two values differ first; empty where they do not."""
    if isinstance(held, Mapping) and isinstance(given, Mapping):
        for key in (*given, *(each for each in held if each not in given)):
            place = f"{at}.{key}" if at else str(key)
            if key in TOLD_ANEW:
                continue
            if key not in held or key not in given:
                return place
            if found := _differs(held[key], given[key], place):
                return found
        return ""
    if isinstance(held, list) and isinstance(given, list):
        if len(held) != len(given):
            return at
        pairs = zip(held, given, strict=True)
        return next((found for one, other in pairs if (found := _differs(one, other, at))), "")
    numbers = [
        isinstance(each, int | float) and not isinstance(each, bool) for each in (held, given)
    ]
    if all(numbers):
        return "" if math.isclose(held, given, rel_tol=SAME, abs_tol=1e-12) else at
    return "" if held == given and type(held) is type(given) else at
