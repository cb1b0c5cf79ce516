"""The report as data: `report.json` out and in again.

The schema is `schema.json` beside this file (JSON Schema 2020-12). A number that is not finite is
null there; on the way in, a missing lower or upper end of an interval means that nothing bounds it
on that side.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from alignlab.audit.finding import Finding
from alignlab.audit.result import REPORT_SCHEMA, AuditResult
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.plain import to_json

__all__ = ["read_report", "report_json"]


def report_json(result: AuditResult) -> str:
    """Return a result as JSON text; the same result always gives the same text.

    Parameters
    ----------
    result
        An audit's result.
    """
    return to_json(result.to_dict())


def read_report(path: str | Path) -> AuditResult:
    """Read a `report.json` that `save_report` wrote.

    Parameters
    ----------
    path
        The file, or the directory that holds it.

    Returns
    -------
    AuditResult

    Raises
    ------
    InputError
        If there is no such file, if it is not a report, if another version of alignlab wrote it
        in another form, or if it was damaged; the message says where.
    """
    path = Path(path)
    path = path / "report.json" if path.is_dir() else path
    content = _content(path)
    try:
        findings = _finding_reader().validate_python(content["findings"])
    except ValueError as error:
        raise InputError(f"{path} is damaged: {_first(error)}. Run the audit again.") from error
    rebuilt = [replace(each, estimates=_finite(each.estimates)) for each in findings]
    return AuditResult(tuple(rebuilt), content["subject"], content["rows"])


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"Cannot read the report {path}: {reason}. Name a report.json or its directory."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not an alignlab report: it is not text.") from error
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not an alignlab report: it is not JSON.") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, str) or not schema.startswith("alignlab-report-"):
        raise InputError(
            f"{path} is not an alignlab report: it does not say "
            f'"schema": "{REPORT_SCHEMA}". Name the report.json of an audit.'
        )
    if schema != REPORT_SCHEMA:
        raise InputError(
            f"{path} has the form {schema!r}, and this alignlab reads {REPORT_SCHEMA!r}. "
            "Run the audit again with this version."
        )
    for part, kind in (("subject", dict), ("findings", list), ("rows", dict)):
        if not isinstance(content.get(part), kind):
            raise InputError(f"{path} is damaged: it has no {part!r}. Run the audit again.")
    for finding in content["findings"]:
        _restore(finding)
    return dict(content)


def _restore(finding: Any) -> None:
    """Put NaN where an estimate's null stands, so that the fields are numbers again."""
    estimates = finding.get("estimates") if isinstance(finding, dict) else None
    for each in estimates.values() if isinstance(estimates, dict) else ():
        if isinstance(each, dict):
            for key in ("value", "low", "high"):
                if each.get(key, 0) is None:
                    each[key] = math.nan


def _finite(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Open the ends that nothing bounds, where there is a value between them."""
    return {
        name: each
        if math.isnan(each.value)
        else replace(
            each,
            low=-math.inf if math.isnan(each.low) else each.low,
            high=math.inf if math.isnan(each.high) else each.high,
        )
        for name, each in estimates.items()
    }


@cache
def _finding_reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(list[Finding])


def _first(error: ValueError) -> str:
    """Return where and what the first thing wrong is, in one line."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"findings.{where}: {first['msg']}"
