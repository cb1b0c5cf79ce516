"""The reproducibility checklist, answered from the study's folder and from nothing else.

The questions are those of the machine-learning checklist [pineau2021improving] that a folder can
answer. What it does not know is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignlab.files import sha256_of_file
from alignlab.study.folder import StudyFolder
from alignlab.study.paper.nodes import (
    Block,
    Citation,
    Cited,
    Heading,
    Items,
    Paragraph,
    Strong,
    Text,
    as_text,
)
from alignlab.study.paper.values import Findings, number_text
from alignlab.study.runs.loading import study_sources
from alignlab.study.runs.timing import read_times, seconds_per_run
from alignlab.wording import joined

__all__ = ["checklist_answers", "checklist_blocks"]

LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "requirements.lock", "requirements.txt",
         "environment.yml", "environment.yaml", "Pipfile.lock", "conda-lock.yml")  # fmt: skip
"""Files that pin the packages of a study."""

DIGITS = 12
"""Of a digest, as a paper shows it; the folder has them whole."""


def checklist_blocks(study: StudyFolder, findings: Findings) -> tuple[Block, ...]:
    """Return the section with the checklist."""
    answers = checklist_answers(study, findings)
    lead = Paragraph(
        (
            Text("Of the questions of "),
            Citation((Cited("pineau2021improving"),), narrative=True),
            Text(", those that the study's files can answer."),
        )
    )
    items = tuple(
        (Paragraph((Strong(as_text(question)), Text(f" {answer}"))),)
        for question, answer in answers.items()
    )
    return (Heading(1, as_text("Reproducibility checklist")), lead, Items(items))


def checklist_answers(study: StudyFolder, findings: Findings) -> dict[str, str]:
    """Return the questions with their answers.

    Use it wherever a venue asks them; the paper prints the same.

    Parameters
    ----------
    study
        The study's folder.
    findings
        The results.
    """
    spec = study.spec
    hardware = spec.resources.hardware.strip().rstrip(".")
    sources = study_sources(study.root, spec)
    runs, failed = (findings.numbers.get(name, {}).get("value") for name in ("runs", "failed"))
    planned = len(spec.configurations()) * spec.seeds
    return {
        "Which code was run?": _digests(sources.code) or "Not known.",
        "Which data were used?": _digests(sources.data)
        or "The statement names no data files: the code makes or fetches them.",
        "How many runs were made?": (
            f"{_count(runs)} of {number_text(planned)} planned: "
            f"{number_text(len(spec.configurations()))} configurations, "
            f"{number_text(spec.seeds)} {'seed' if spec.seeds == 1 else 'seeds'} each."
        ),
        "Was the number of runs fixed in advance?": _registered(study.registration),
        "Were runs left out?": (
            f"No. {_count(failed)} failed; see Limitations." if failed else "No; none failed."
        ),
        "How were seeds chosen?": (
            "Each follows by SHA-256 from the study's name, the configuration and the replicate; "
            "none was chosen by hand."
        ),
        "What do the intervals mean?": _intervals(findings, spec.analysis.level),
        "What was it run on?": f"{hardware[:1].upper()}{hardware[1:]}."
        if hardware
        else "Not stated.",
        "How long does a run take?": _seconds(study.log_path),
        "Which versions of packages?": _environment(study.root),
    }


def _digests(files: Mapping[str, str]) -> str:
    shown = [f"{name} ({digest[:DIGITS]})" for name, digest in files.items()]
    return f"{joined(shown)}; SHA-256." if shown else ""


def _count(value: Any) -> str:
    return "An unknown number" if value is None else number_text(value)


def _registered(registration: Mapping[str, Any] | None) -> str:
    if registration is None:
        return "No: the study was not registered."
    day, digest = str(registration["registered"])[:10], str(registration["digest"])[:DIGITS]
    return f"Yes, registered on {day} ({digest}; SHA-256)."


def _intervals(findings: Findings, level: float) -> str:
    methods = sorted(
        {str(each["method"]) for each in findings.numbers.values() if "method" in each}
    )
    shown = f": {'; '.join(methods)}" if 0 < len(methods) <= 4 else ""
    return f"{number_text(100 * level, '.4g')}% confidence{shown}."


def _seconds(path: Path) -> str:
    seconds = seconds_per_run(read_times(path))
    if seconds is None:
        return "Not known."
    if seconds < 1:
        return "Less than a second."
    if seconds < 90:
        return f"{number_text(round(seconds))} seconds on average."
    if seconds < 5400:
        return f"{number_text(round(seconds / 60))} minutes on average."
    return f"{number_text(seconds / 3600, '.1f')} hours on average."


def _environment(root: Path) -> str:
    held = {name: sha256_of_file(root / name) for name in LOCKS if (root / name).is_file()}
    return _digests(held) or "The study's folder holds no list of them."
