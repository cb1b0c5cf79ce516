"""The five files of a report, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from alignlab.audit.result import AuditResult
from alignlab.files import write_all
from alignlab.report.card import model_card
from alignlab.report.evidence import evidence_table
from alignlab.report.junit import junit_xml
from alignlab.report.page import report_html
from alignlab.report.record import report_json

__all__ = ["save_report"]

FILES = {
    "report.html": report_html,
    "report.json": report_json,
    "model-card.md": model_card,
    "evidence.md": evidence_table,
    "junit.xml": junit_xml,
}


def save_report(result: AuditResult, directory: str | Path) -> Path:
    """Write report.html, report.json, model-card.md, evidence.md and junit.xml.

    Parameters
    ----------
    result
        An audit's result.
    directory
        Where to; made if it does not exist.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    OutputError
        If the files cannot be written; then none is.
    """
    directory = Path(directory)
    # A file that was not UTF-8 can leave half characters in a name; they are shown, not lost.
    contents = {
        name: make(result).encode("utf-8", "backslashreplace") for name, make in FILES.items()
    }
    write_all(directory, contents)
    return directory
