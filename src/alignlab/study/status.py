"""Where a study stands in the eight steps from a question to a publication, and what is next.

Each step is judged by what the study's folder holds, nothing by what anybody says: "done" where its
files are there and fit each other, "begun" where some are, "open" where none is. Steps need not be
taken in order, but the first that is not done is what to look at.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from alignlab.errors import InputError
from alignlab.files import sha256_of_file
from alignlab.guide import workflow
from alignlab.study.folder import StudyFolder, open_study
from alignlab.study.plans.planning import plan_study
from alignlab.study.plans.registration import deviations
from alignlab.study.runs.loading import study_sources
from alignlab.study.runs.records import planned_runs, read_log
from alignlab.wording import joined

__all__ = ["StepStatus", "StudyStatus", "status_of"]

State = Literal["done", "begun", "open"]

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StepStatus:
    """Where a study stands in one step.

    Attributes
    ----------
    number, title
        The step.
    state
        "done", "begun" or "open".
    says
        What there is, in one sentence.
    next
        What to do; "" where nothing is left.
    """

    number: int
    title: str
    state: State
    says: str
    next: str


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """Where a study stands.

    Attributes
    ----------
    study
        Its name.
    steps
        All eight, in order.
    deviations
        From what was registered, if it was.
    """

    study: str
    steps: tuple[StepStatus, ...]
    deviations: tuple[str, ...]

    @property
    def next(self) -> str:
        """What to do next: that of the first step that is not done; "" where all are."""
        return next((each.next for each in self.steps if each.state != "done"), "")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), "next": self.next}


Found = tuple[State, str, str]


def status_of(study: StudyFolder) -> StudyStatus:
    """Return where a study stands in each of the eight steps.

    Use it at any time; it reads and changes nothing.

    Parameters
    ----------
    study
        The study's folder; its files are read anew.

    Raises
    ------
    InputError
        If the statement or the registration cannot be read. What is wrong with another file is said
        in its step.
    """
    study = open_study(study.root)
    registered = study.registration is not None
    steps = tuple(
        StepStatus(stage.step, stage.title, *_judged(judge, study))
        for stage, judge in zip(workflow(), JUDGES, strict=True)
    )
    return StudyStatus(study.spec.study, steps, _told(study) if registered else ())


def _judged(judge: Callable[[StudyFolder], Found], study: StudyFolder) -> Found:
    try:
        return judge(study)
    except InputError as error:
        return "begun", f"It cannot be read: {error}", "Mend what is named."


def _told(study: StudyFolder) -> tuple[str, ...]:
    try:
        return deviations(study)
    except InputError:  # said in the steps that need those files
        return ()


def _question(study: StudyFolder) -> Found:
    spec = study.spec
    primary = [
        name for name, each in spec.hypotheses.items() if spec.measures[each.measure].primary
    ]
    if not primary:
        return (
            "begun",
            f"“{spec.question}” No hypothesis is about a primary measure.",
            f"State what you expect under hypotheses in {study.statement_path}.",
        )
    return "done", f"“{spec.question}” {_counted(len(spec.hypotheses), 'hypothesis')}.", ""


def _literature(study: StudyFolder) -> Found:
    from alignlab.study.literature import read_library, read_screening

    works = read_library(study.literature)
    if not works:
        return (
            "open",
            "No literature was imported.",
            _option(study, "literature", "import", "FILE"),
        )
    screening = read_screening(study.literature, works)
    counts = screening.counts()
    left = counts["waiting"] + counts["conflict"]
    told = f"{_counted(len(works), 'work')}, {counts['include']} taken in"
    if left:
        return (
            "begun",
            f"{told}; {_counted(left, 'decision')} open.",
            _command(study, "literature", "screen"),
        )
    return "done", f"{told}.", ""


def _design(study: StudyFolder) -> Found:
    planned = plan_study(study)
    low = [
        each.name
        for each in planned.hypotheses
        if each.power is not None and each.power < planned.power
    ]
    unknown = [each.name for each in planned.hypotheses if each.power is None]
    weak = f" Too few {'tasks' if study.spec.analysis.generalise == 'tasks' else 'seeds'} for "
    notes = f"{weak}{joined(low)}." if low else ""
    notes += f" The power of {joined(unknown)} is unknown." if unknown else ""
    held = study.registration
    if held is None:
        made = study.log_path.exists()
        told = "Runs were made without a registration." if made else "Not registered."
        first = "plan" if (low or unknown) and not made else "register"
        return "begun", f"{told}{notes}", _command(study, first)
    departures = deviations(study)
    day = str(held["registered"])[:10]
    if not departures:
        return "done", f"Registered on {day}, and followed.{notes}", ""
    return (
        "done",
        f"Registered on {day}; {_counted(len(departures), 'deviation')} to be told.{notes}",
        "",
    )


def _data(study: StudyFolder) -> Found:
    planned = planned_runs(study.spec, study_sources(study.root, study.spec))
    held = read_log(study.log_path) if study.log_path.exists() else {}
    ended = [held[each.run].status for each in planned if each.run in held]
    done, failed = ended.count("done"), ended.count("failed")
    told = f"{done} of {_counted(len(planned), 'run')} done"
    told += f", {failed} failed" if failed else ""
    if len(ended) < len(planned):
        state: State = "begun" if ended else "open"
        return state, f"{told}.", _command(study, "run")
    if not study.analysis_path.exists():
        return "begun", f"{told}; not analysed.", _command(study, "analyze")
    try:
        of = json.loads(study.analysis_path.read_text(encoding="utf-8"))["results"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{study.analysis_path} is damaged: {_command(study, 'analyze')} writes it anew."
        ) from error
    if not study.records_path.exists() or of != sha256_of_file(study.records_path):
        return "begun", f"{told}; analysed before the last of them.", _command(study, "analyze")
    return "done", f"{told} and analysed.", ""


def _paper(study: StudyFolder) -> Found:
    from alignlab.study.paper.assembling import SECTIONS

    unwritten = [title for name, title in SECTIONS.items() if not _written(study.paper, name)]
    built = [each for each in _built(study) if each.suffix == ".pdf"]
    if len(unwritten) == len(SECTIONS):
        return "open", "Nothing is written.", f"Write {study.paper / 'introduction.md'}."
    if unwritten:
        first = next(name for name, title in SECTIONS.items() if title == unwritten[0])
        return (
            "begun",
            f"Not written yet: {', '.join(unwritten)}.",
            f"Write {study.paper / first}.md.",
        )
    if not built:
        return "begun", "Every section is written; no PDF is built.", _command(study, "paper")
    if _older(built[0], study):
        return "begun", f"{built[0].name} is older than its text.", _command(study, "paper")
    return "done", f"{built[0].name} is built.", ""


def _submission(study: StudyFolder) -> Found:
    if study.revision_path.exists():
        return "done", "There are reviews.", ""
    return (
        "open",
        "No reviews yet.",
        f"{_command(study, 'paper', '--anonymous')}; when reviews come: {_option(study, 'revise')}",
    )


def _revision(study: StudyFolder) -> Found:
    from alignlab.study.revision import read_revision

    held = read_revision(study)
    if not held.comments:
        return "open", "No comments are kept.", _option(study, "revise")
    told = f"{_counted(len(held.comments), 'comment')}"
    if held.open:
        names = joined(each.name for each in held.open)
        return "begun", f"{told}, {len(held.open)} open: {names}.", _option(study, "revise")
    return "done", f"{told}, all answered.", ""


def _publication(study: StudyFolder) -> Found:
    archives = sorted(each.name for each in study.root.glob("*.zip"))
    if not archives:
        return "open", "No archive is made.", _command(study, "publish")
    return "done", f"{joined(archives)}.", ""


JUDGES = (
    _question, _literature, _design, _data, _paper, _submission, _revision, _publication,
)  # fmt: skip
"""One a step of the guide's workflow, in its order."""


def _written(paper: Path, name: str) -> bool:
    """Return whether a section holds more than comments and headings."""
    for ending in (".md", ".typ"):
        if (path := paper / f"{name}{ending}").is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            return bool(HEADING.sub("", COMMENT.sub("", text)).strip())
    return False


def _built(study: StudyFolder) -> list[Path]:
    return sorted(study.paper.glob("*.pdf"))


def _older(built: Path, study: StudyFolder) -> bool:
    texts = [*study.paper.glob("*.md"), *study.paper.glob("*.typ"), study.analysis_path]
    made = built.stat().st_mtime
    return any(each.stat().st_mtime > made for each in texts if each.exists())


def _counted(n: int, noun: str) -> str:
    plural = "hypotheses" if noun == "hypothesis" else f"{noun}s"
    return f"{n:,} {noun if n == 1 else plural}"


def _command(study: StudyFolder, *words: str) -> str:
    """Return what is typed for a command of the study."""
    where = [] if str(study.root) == "." else [str(study.root)]
    return shlex.join(["alignlab", "study", *words, *where])


def _option(study: StudyFolder, *words: str) -> str:
    """Return the same for a command that takes the folder as an option."""
    where = [] if str(study.root) == "." else ["--study", str(study.root)]
    return shlex.join(["alignlab", "study", *words, *where])
