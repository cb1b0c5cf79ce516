"""A finding: what one check saw, in words a person understands and numbers a program can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from alignlab.charts import Chart, Table
from alignlab.errors import InputError
from alignlab.intervals import Estimate

__all__ = ["PILLARS", "STATUSES", "Finding", "Limit", "Status", "verdict", "worst"]

Status = Literal["pass", "fail", "not enough data", "measured", "not applicable"]

STATUSES: tuple[Status, ...] = ("fail", "not enough data", "pass", "measured", "not applicable")
"""In the order in which a reader wants to see them."""

PILLARS = (
    "performance",
    "values",
    "fairness",
    "uncertainty",
    "transparency",
    "robustness",
    "oversight",
)
"""In the order of the report."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a number may be at most, or must be at least.

    Attributes
    ----------
    value
        The limit.
    side
        Whether the number may be "at most" or must be "at least" this.
    of
        Which number is limited, in words ("largest gap between groups").
    source
        Where the limit comes from: "stated", or a citation.
    """

    value: float
    side: Literal["at most", "at least"]
    of: str
    source: str = "stated"

    def __str__(self) -> str:
        return f"{self.of} {self.side} {self.value:g} ({self.source})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary."""
        return {"value": self.value, "side": self.side, "of": self.of, "source": self.source}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw.

    Attributes
    ----------
    check
        The check's name, such as "fairness.selection_rate".
    pillar
        The part of the audit that it belongs to.
    question
        What it answers, in one line.
    status
        "pass" or "fail" against a limit; "not enough data" where the interval spans the limit;
        "measured" where no limit is stated; "not applicable" where something it needs is absent.
    summary
        One sentence that a person without statistics understands.
    estimates
        Named numbers with their intervals; the first one is the headline.
    limit
        What the headline was held against, or `None`.
    advice
        What would help, as sentences that name the command or the option.
    charts, tables
        For the report.
    evaluations
        Rows that the model was asked for on this check's account.
    evidence
        The clauses that the finding bears on, as keys of `report/clauses.toml`.
    """

    check: str
    pillar: str
    question: str
    status: Status
    summary: str
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    limit: Limit | None = None
    advice: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    evaluations: int = 0
    evidence: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the check, the status and the sentence; `to_dict` has everything."""
        return f"<Finding {self.check}: {self.status}: {self.summary}>"

    @property
    def headline(self) -> Estimate | None:
        """The first estimate: the number that the limit is about."""
        return next(iter(self.estimates.values()), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, ready for JSON."""
        return {
            "check": self.check,
            "pillar": self.pillar,
            "question": self.question,
            "status": self.status,
            "summary": self.summary,
            "estimates": {name: value.to_dict() for name, value in self.estimates.items()},
            "limit": None if self.limit is None else self.limit.to_dict(),
            "advice": list(self.advice),
            "charts": [chart.to_dict() for chart in self.charts],
            "tables": [table.to_dict() for table in self.tables],
            "evaluations": self.evaluations,
            "evidence": list(self.evidence),
        }


def verdict(estimate: Estimate, limit: Limit | None) -> Status:
    """Return what the whole interval says about the limit; the point alone decides nothing.

    Examples
    --------
    >>> gap = Estimate(0.12, 0.08, 0.16, 0.95, 1000, "exact")
    >>> verdict(gap, Limit(0.05, "at most", "gap"))
    'fail'
    >>> verdict(gap, Limit(0.10, "at most", "gap"))
    'not enough data'
    """
    if limit is None:
        return "measured"
    if limit.side == "at most":
        within, beyond = estimate.high <= limit.value, estimate.low > limit.value
    else:
        within, beyond = estimate.low >= limit.value, estimate.high < limit.value
    return "pass" if within else "fail" if beyond else "not enough data"


def worst(statuses: list[Status]) -> Status:
    """Return the status of several comparisons taken as one: a fail is not traded for a pass."""
    if not statuses:
        raise InputError("There is no comparison to take the worst of.")
    return min(statuses, key=STATUSES.index)
