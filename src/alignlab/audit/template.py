"""An audit's TOML file as text: what was stated, and what could be stated, marked as a gap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isnan
from typing import Any

from alignlab.audit.check import all_checks
from alignlab.audit.spec import AuditSpec

__all__ = ["template"]

MOST_CLASSES = 4
"""Utilities are spelt out as an example for so many classes."""


def template(spec: AuditSpec, *, classes: Sequence[str], candidates: Sequence[str]) -> str:
    """Return the text of a file that `read_spec` reads as `spec`.

    Parameters
    ----------
    spec
        What a person stated.
    classes
        The target's classes; none for regression.
    candidates
        Columns that could be groups, named where none was stated.

    Examples
    --------
    >>> stated = AuditSpec(predictions="p.csv", target="paid", prediction="said")
    >>> text = template(stated, classes=["no", "yes"], candidates=["sex"])
    >>> text.splitlines()[3:6]
    ['predictions = "p.csv"', 'target = "paid"', 'prediction = "said"']
    """
    parts = [
        ["# An audit by alignlab. Run it with: alignlab audit THIS_FILE"],
        _who_answers(spec),
        _favourable(spec, classes),
        _groups(spec, candidates),
        [f"seed = {spec.seed}"],
        _limits(spec),
        _utilities(classes),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _who_answers(spec: AuditSpec) -> list[str]:
    lines = []
    if spec.model is not None:
        lines = [f"model = {_text(spec.model)}", f"data = {_text(spec.data)}"]
    else:
        lines = ["# The table that holds what happened and what the model said."]
        lines += [f"predictions = {_text(spec.predictions)}"]
    if spec.reference is not None:
        lines += [f"reference = {_text(spec.reference)}"]
    lines += [f"target = {_text(spec.target)}"]
    if spec.prediction is not None:
        lines += [f"prediction = {_text(spec.prediction)}"]
    if isinstance(spec.probability, dict):
        pairs = (f"{_text(label)} = {_text(name)}" for label, name in spec.probability.items())
        lines += [f"probability = {{ {', '.join(pairs)} }}"]
    elif spec.probability is not None:
        lines += [f"probability = {_text(spec.probability)}"]
    if spec.features is not None:
        lines += [f"features = {_text(spec.features)}"]
    if spec.task is not None:
        lines += [f"task = {_text(spec.task)}"]
    return lines


def _favourable(spec: AuditSpec, classes: Sequence[str]) -> list[str]:
    if not classes:
        return []
    said = f"favourable = {_text(spec.favourable)}"
    gap = f"# favourable = ...   # one of {', '.join(_text(label) for label in classes)}"
    return [
        "# The outcome that is good for the person it is about.",
        gap if spec.favourable is None else said,
    ]


def _groups(spec: AuditSpec, candidates: Sequence[str]) -> list[str]:
    gap = f"# groups = [...]   # perhaps of {_text(list(candidates))}"
    return [
        '# Who people are. An intersection is written "race*sex".',
        f"groups = {_text(spec.groups)}" if spec.groups else gap,
        "# weights = ...   # a column of sample weights",
    ]


def _limits(spec: AuditSpec) -> list[str]:
    lines = [
        "# What you accept. Without a limit a check measures and gives no verdict.",
        "[limits]",
    ]
    other = {"classification": "regression", "regression": "classification"}.get(spec.task or "")
    for each in all_checks().values():
        if each.name in spec.limits:
            lines += [f"{_text(each.name)} = {spec.limits[each.name]!r}"]
        elif each.limit is not None and other not in each.needs:
            default = "..." if isnan(each.limit.value) else f"{each.limit.value:g}"
            lines += [f"# {_text(each.name)} = {default}   # {each.limit.of}, {each.limit.side}"]
    return lines


def _utilities(classes: Sequence[str]) -> list[str]:
    if not 2 <= len(classes) <= MOST_CLASSES:
        return []
    rows = [
        f"# {_text(decision)} = {{ "
        + ", ".join(f"{_text(outcome)} = {int(outcome == decision)}" for outcome in classes)
        + " }"
        for decision in classes
    ]
    begin = "# What each decision is worth when an outcome is true, and what asking a person costs."
    return [begin, "# [utilities]", "# ask = 0.1", *rows]


def _text(value: Any) -> str:
    """Return a text or a list of texts as TOML, which writes them as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
