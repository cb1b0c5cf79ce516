"""An audit from end to end: read what was given, ask the model once, run the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.audit.check import Check, all_checks, run_check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.result import AuditResult
from alignlab.errors import InputError, nearest
from alignlab.progress import ProgressCallback, track

__all__ = ["audit", "run_checks"]


def audit(
    model: Any = None,
    data: Any = None,
    *,
    predictions: Any = None,
    target: str,
    prediction: str | None = None,
    probability: str | Sequence[str] | Mapping[str, str] | None = None,
    groups: str | Sequence[str] = (),
    favourable: Any = None,
    weights: str | None = None,
    limits: Mapping[str, float] | None = None,
    utilities: Mapping[str, Any] | None = None,
    checks: Sequence[str] | None = None,
    seed: int = 0,
) -> AuditResult:
    """Audit one model on one table."""
    raise InputError("being built")


def run_checks(
    context: AuditContext,
    checks: Sequence[str] | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> tuple[Finding, ...]:
    """Run checks on a context.

    Parameters
    ----------
    context
        The rows, the answers and what people want of them.
    checks
        Names or pillars ("fairness"); `None` runs all.
    progress
        Told of each check instead of the terminal.

    Raises
    ------
    InputError
        If a check does not exist, or a limit is stated for none, or lies outside its range.
    """
    chosen = _chosen(checks)
    _validate_limits(context.limits)
    steps = track(chosen, total=len(chosen), name=lambda each: each.name, callback=progress)
    return tuple(run_check(each, context) for each in steps)


def _chosen(names: Sequence[str] | None) -> list[Check]:
    known = all_checks()
    if names is None:
        return list(known.values())
    chosen: dict[str, Check] = {}
    for name in names:
        found = {n: c for n, c in known.items() if n == name or c.pillar == name}
        if not found:
            raise InputError(
                f"There is no check {name!r}.{nearest(name, known)} Checks: {', '.join(known)}."
            )
        chosen |= found
    return [check for name, check in known.items() if name in chosen]


def _validate_limits(limits: Mapping[str, float]) -> None:
    known = {name: check for name, check in all_checks().items() if check.limit is not None}
    for name, value in limits.items():
        if name not in known:
            raise InputError(
                f"There is no limit for {name!r}.{nearest(name, known)} "
                f"Checks with a limit: {', '.join(known)}."
            )
        limit = known[name].limit
        low, high = known[name].limit_range
        if limit is not None and not low <= value <= high:
            raise InputError(
                f"The limit {name}={value:g} is out of range: {limit.of} {limit.side} a value "
                f"from {low:g} to {high:g}."
            )
