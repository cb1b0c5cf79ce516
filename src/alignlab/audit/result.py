"""The result of an audit: its findings, and what they were found on."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from alignlab.audit.finding import STATUSES, Finding
from alignlab.errors import InputError, nearest

__all__ = ["REPORT_SCHEMA", "AuditResult"]

REPORT_SCHEMA = "alignlab-report-1"


@dataclass(frozen=True, eq=False)
class AuditResult:
    """What an audit found.

    Attributes
    ----------
    findings
        One a check, in the order of the report.
    subject
        What was audited: the model, the data, the settings; plain values.
    rows
        The studied rows' outcomes, decisions and groups in compact form, so that two reports on
        the same rows can be compared row by row; see `alignlab.audit.rows`.
    """

    findings: tuple[Finding, ...]
    subject: Mapping[str, Any]
    rows: Mapping[str, Any] = field(default_factory=dict)

    def finding(self, check: str) -> Finding:
        """Return the finding of one check.

        Raises
        ------
        InputError
            If this audit did not run that check.
        """
        for each in self.findings:
            if each.check == check:
                return each
        ran = [each.check for each in self.findings]
        raise InputError(
            f"There is no finding {check!r} here.{nearest(check, ran)} Findings: {', '.join(ran)}."
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each status."""
        return {s: sum(each.status == s for each in self.findings) for s in STATUSES}

    def failed(self, checks: tuple[str, ...] | None = None) -> list[Finding]:
        """Return the findings that failed, of some checks or of all."""
        return [
            each
            for each in self.findings
            if each.status == "fail" and (checks is None or each.check in checks)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the whole result as plain values; the schema is `report/schema.json`."""
        return {
            "schema": REPORT_SCHEMA,
            "subject": dict(self.subject),
            "counts": self.counts,
            "findings": [each.to_dict() for each in self.findings],
            "rows": dict(self.rows),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line an estimate: check, status, name, value, limits, n."""
        lines = [
            {
                "check": each.check,
                "pillar": each.pillar,
                "status": each.status,
                "estimate": name,
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "n": estimate.n,
            }
            for each in self.findings
            for name, estimate in each.estimates.items()
        ]
        columns = ["check", "pillar", "status", "estimate", "value", "low", "high", "n"]
        return pd.DataFrame(lines, columns=columns)

    def save(self, directory: str | Path) -> Path:
        """Write the report's five files into `directory` and return it.

        Raises
        ------
        OutputError
            If they cannot be written; then none is.
        """
        # The report is on a higher floor; a result only knows that there is one.
        from importlib import import_module

        written: Path = import_module("alignlab.report").save_report(self, Path(directory))
        return written

    def __repr__(self) -> str:
        """Return one line: the model, the rows, how many findings are what, and what fails."""
        model, data = (self.subject.get(name) or {} for name in ("model", "data"))
        rows = data.get("rows")
        of = model.get("name") or "predictions"
        on = f" on {rows:,} rows" if isinstance(rows, int) else ""
        counts = ", ".join(f"{count} {status}" for status, count in self.counts.items() if count)
        fails = ", ".join(each.check for each in self.failed())
        return f"<AuditResult: {of}{on}: {counts or 'no findings'}{fails and f'; fails: {fails}'}>"

    def _repr_html_(self) -> str:
        """Return a short table for notebooks, what fails first."""
        ran = [each for each in self.findings if each.status != "not applicable"]
        absent = [each.check for each in self.findings if each.status == "not applicable"]
        lines = "".join(
            f"<tr><td>{html.escape(each.check)}</td><td>{html.escape(each.status)}</td>"
            f"<td style='text-align:left'>{html.escape(each.summary)}</td></tr>"
            for each in sorted(ran, key=lambda each: STATUSES.index(each.status))
        )
        table = f"<table><tr><th>check</th><th>status</th><th>summary</th></tr>{lines}</table>"
        return table + (f"<p>Not applicable: {html.escape(', '.join(absent))}.</p>" * bool(absent))
