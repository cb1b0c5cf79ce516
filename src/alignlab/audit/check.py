"""The register of checks: one function each, found by name, built in or from a plug-in.

A check is a function that is given itself (its name, its limit) and an `AuditContext`, and returns
a `Finding`; `@check` registers it. Built-in checks are the modules of `alignlab.audit.checks`;
others come from the entry points of the group `alignlab.checks`, each naming a module that
registers its checks when imported.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from alignlab.audit.context import AuditContext
from alignlab.audit.finding import PILLARS, Finding, Limit, Status
from alignlab.errors import InputError, require_choice

__all__ = ["Check", "Need", "all_checks", "check", "run_check"]

Need = Literal[
    "classification",
    "regression",
    "probabilities",
    "groups",
    "favourable",
    "scores",
    "model",
    "utilities",
    "table",
    "images",
    "reference",
    "review",
]

_ABSENT: dict[Need, str] = {
    "table": "the rows are images",
    "images": "the rows are not images",
    "reference": "no rows were given to compare with (--reference)",
    "review": "no review of this model's decisions was given (--review)",
    "classification": "the model predicts a number, not a class",
    "regression": "the model predicts a class, not a number",
    "probabilities": "the model gives decisions only, without probabilities",
    "groups": "no groups were named (--groups)",
    "favourable": "nobody has stated which outcome is favourable (--favourable)",
    "scores": (
        "there is no score of one outcome: it takes probabilities and a favourable outcome "
        "(--favourable), or predicted values"
    ),
    "model": "there are only predictions, and this check must ask the model about other rows",
    "utilities": (
        "nobody has stated what each decision is worth under each outcome (the table [utilities] "
        "of the audit file)"
    ),
}


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check.

    Attributes
    ----------
    name
        "pillar.word", such as "fairness.selection_rate".
    pillar
        The part of the audit that it belongs to.
    question
        What it answers, in one line.
    run
        From the check itself and the context to a finding.
    needs
        What must be there for it to apply.
    limit
        What is limited, on which side, with the default value and its source; its value is NaN
        where there is no default and a person must state one. `None`: it never passes or fails.
    limit_range
        The values that a stated limit may take.
    evidence
        The clauses that its finding bears on, as keys of `report/clauses.toml`.
    """

    name: str
    pillar: str
    question: str
    run: CheckFunction
    needs: tuple[Need, ...] = ()
    limit: Limit | None = None
    limit_range: tuple[float, float] = (float("-inf"), float("inf"))
    evidence: tuple[str, ...] = ()

    def limit_in(self, context: AuditContext) -> Limit | None:
        """Return the limit that holds in this audit: the stated one, else the default."""
        if self.limit is None:
            return None
        if self.name in context.limits:
            return replace(self.limit, value=context.limits[self.name], source="stated")
        return None if self.limit.value != self.limit.value else self.limit

    def absent(self, context: AuditContext) -> str:
        """Return why the check does not apply here, or an empty string."""
        has: dict[Need, bool] = {
            "classification": context.task == "classification",
            "regression": context.task == "regression",
            "probabilities": context.probabilities is not None,
            "groups": bool(context.groupings),
            "favourable": context.favourable is not None,
            "model": context.predictor is not None,
            "utilities": context.utilities is not None,
            "table": context.images is None,
            "images": context.images is not None,
            "reference": context.reference is not None,
            "review": bool(context.review),
            "scores": context.task == "regression"
            or (context.probabilities is not None and context.favourable is not None),
        }
        return next((_ABSENT[need] for need in self.needs if not has[need]), "")

    def finding(self, status: Status, summary: str, **fields: Any) -> Finding:
        """Return a finding of this check; `fields` are the further fields of `Finding`."""
        return Finding(
            check=self.name,
            pillar=self.pillar,
            question=self.question,
            status=status,
            summary=summary,
            evidence=self.evidence,
            **fields,
        )


CheckFunction = Callable[[Check, AuditContext], Finding]

_REGISTER: dict[str, Check] = {}


def check(
    name: str,
    *,
    question: str,
    needs: Sequence[Need] = (),
    limit: Limit | None = None,
    limit_range: tuple[float, float] = (float("-inf"), float("inf")),
    evidence: Sequence[str] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function as a check.

    Parameters
    ----------
    name
        "pillar.word"; the pillar is one of `PILLARS`.
    question
        What it answers, in one line that ends with a question mark.
    needs
        What must be there for it to apply; otherwise it is "not applicable", with the reason.
    limit
        What is limited, with a default and its source; a NaN value has no default.
    limit_range
        The values that a stated limit may take.
    evidence
        The clauses that its finding bears on.

    Raises
    ------
    InputError
        If the name is taken or does not begin with a pillar.
    """
    pillar = name.partition(".")[0]
    require_choice(pillar, PILLARS, what="pillar")

    def register(run: CheckFunction) -> CheckFunction:
        known = _REGISTER.get(name)
        if known is not None and known.run.__module__ != run.__module__:
            raise InputError(f"Two checks are named {name!r}: rename the plug-in's.")
        _REGISTER[name] = Check(
            name, pillar, question, run, tuple(needs), limit, limit_range, tuple(evidence)
        )
        return run

    return register


def all_checks() -> dict[str, Check]:
    """Return every check by name, in the order of the report: by pillar, then by name."""
    _load()
    in_order = sorted(_REGISTER.values(), key=lambda c: (PILLARS.index(c.pillar), c.name))
    return {each.name: each for each in in_order}


def run_check(checked: Check, context: AuditContext) -> Finding:
    """Run one check, or say why it does not apply; count what it asked of the model."""
    reason = checked.absent(context)
    if reason:
        return checked.finding("not applicable", f"Not applicable: {reason}.")
    asked = context.predictor.rows_evaluated if context.predictor else 0
    finding = checked.run(checked, context)
    now = context.predictor.rows_evaluated if context.predictor else 0
    return replace(finding, evaluations=now - asked)


@cache
def _load() -> None:
    from alignlab.audit import checks

    for module in pkgutil.iter_modules(checks.__path__):
        importlib.import_module(f"{checks.__name__}.{module.name}")
    for point in entry_points(group="alignlab.checks"):
        point.load()
