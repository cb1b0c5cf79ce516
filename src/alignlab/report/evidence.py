"""Which clauses of which frameworks each finding bears on.

A check names clauses by key; `clauses.toml` says what each is about, in our own words. The table
maps evidence to clause numbers and claims nothing: whether an obligation applies, since when, and
whether it is met, is for people to say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from alignlab.audit.finding import Finding
from alignlab.audit.result import AuditResult
from alignlab.report.markdown import escaped, table
from alignlab.report.words import title_of

__all__ = ["NO_CLAIM", "Clause", "Framework", "clauses", "evidence_by_framework", "evidence_table"]

NO_CLAIM = (
    "This table says which findings bear on which clause. It does not say that a clause applies to "
    "this system, or that the system conforms to it; that judgement needs people, and most clauses "
    "ask for more than measurements."
)


@dataclass(frozen=True, slots=True)
class Framework:
    """A document that findings bear on.

    Attributes
    ----------
    key
        The first part of its clauses' keys.
    name
        The document's name.
    short
        The same where there is little room.
    unit
        What it calls its clauses.
    """

    key: str
    name: str
    short: str
    unit: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a framework.

    Attributes
    ----------
    key
        What a check names: "nist.measure-2.11".
    framework
        The document.
    number
        The clause as the document numbers it.
    subject
        What it is about, in our words.
    """

    key: str
    framework: Framework
    number: str
    subject: str


@cache
def clauses() -> Mapping[str, Clause]:
    """Return every clause by its key, in the order of the frameworks.

    Examples
    --------
    >>> clauses()["nist.measure-2.11"].subject
    'Fairness and bias'
    """
    text = files("alignlab.report").joinpath("clauses.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)
    frameworks = {
        key: Framework(key, entry["name"], entry["short"], entry["unit"])
        for key, entry in known["frameworks"].items()
    }
    return {
        key: Clause(key, frameworks[key.partition(".")[0]], entry["number"], entry["subject"])
        for key, entry in known["clauses"].items()
    }


def evidence_by_framework(
    result: AuditResult,
) -> list[tuple[Framework, list[tuple[Clause, list[Finding]]]]]:
    """Return, for each framework, its clauses and the findings that bear on each; may be none.

    A finding that does not apply bears on nothing. A plug-in's keys that `clauses.toml` does not
    define are left out.
    """
    found: dict[Framework, list[tuple[Clause, list[Finding]]]] = {}
    for clause in clauses().values():
        bearing = [
            each
            for each in result.findings
            if clause.key in each.evidence and each.status != "not applicable"
        ]
        found.setdefault(clause.framework, []).append((clause, bearing))
    return list(found.items())


def evidence_table(result: AuditResult) -> str:
    """Return the evidence table as Markdown.

    Parameters
    ----------
    result
        An audit's result.
    """
    lines = [f"# Evidence: {escaped(title_of(result))}", "", NO_CLAIM, ""]
    for framework, entries in evidence_by_framework(result):
        lines += [f"## {framework.name}", ""]
        rows = [
            (clause.number, clause.subject, each.check, each.status, each.summary)
            for clause, bearing in entries
            for each in bearing
        ]
        silent = [clause.number for clause, bearing in entries if not bearing]
        if rows:
            head = (framework.unit, "Subject", "Check", "Status", "Finding")
            lines += [*table(head, rows), ""]
        if silent:
            lines += [f"Nothing in this audit bears on: {', '.join(silent)}.", ""]
    return "\n".join(lines).rstrip() + "\n"
