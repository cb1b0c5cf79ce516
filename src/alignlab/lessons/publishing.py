"""Step 10: a paper whose every number comes from the results, and that follows them.

The check builds the paper from a copy of the study, reads the PDF's text, and looks for every
number that the text asked the results for. Then it changes the results of one configuration,
analyses and builds anew, with no word edited: the PDF must say the new numbers.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import AlignlabError, listed
from alignlab.lessons.form import Exercise, Files, Held
from alignlab.plain import printable

if TYPE_CHECKING:
    from alignlab.study.spec import StudySpec

__all__ = ["EXERCISE", "Paper", "numbers_of", "paper_of"]

STUDY = "study"
LEAST = 3
"""Numbers that the text asks for, tables and figures aside."""

BUILT = "the paper builds from the results, without a warning"
WRITTEN = "every section is written"
NUMBERS = "every number in the PDF is read from the results"
FOLLOWS = "a changed result changes the PDF, with no editing"

NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?%?")

RESULTS = """\
<!--
Blank: say what was found, in sentences. A number is never typed: write its name in two braces, as
in the line below, and it is read from analysis.json. Ask for at least three.
-->

The difference is {{ H1.difference }}.

{{ table main }}
"""

SECTION = """\
<!-- Blank: {title}, in your own words. A work is cited by its key: [@madry2018towards]. -->
"""


def _starter() -> Files:
    from alignlab.study.paper.assembling import ABSTRACT, SECTIONS

    titles = {ABSTRACT: "Abstract", **SECTIONS}
    blank = {name: SECTION.format(title=title.lower()) for name, title in titles.items()}
    return {
        f"{STUDY}/paper/{name}.md": text for name, text in {**blank, "results": RESULTS}.items()
    }


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that was built.

    Attributes
    ----------
    values
        What its text asked the results for: name to what is printed.
    text
        The PDF's, without spaces.
    unwritten
        Sections without text.
    """

    values: Mapping[str, str]
    text: str
    unwritten: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """The names of values whose numbers are not in the PDF."""
        return [
            name
            for name, said in self.values.items()
            if not all(number in self.text for number in numbers_of(said))
        ]


def numbers_of(text: str) -> list[str]:
    """Return the numbers in a text, as the PDF's text without spaces has them.

    >>> numbers_of("0.081, 95% CI [−0.042, 1,204]")
    ['0.081', '95%', '-0.042', '1,204']
    """
    return [each.replace("−", "-").rstrip(",") for each in NUMBER.findall(text)]


def paper_of(root: Path) -> Paper:
    """Build the paper of a study, in its folder, and read what it says.

    Raises
    ------
    AlignlabError
        If it does not build.
    """
    from alignlab.study.folder import open_study
    from alignlab.study.paper import build_paper
    from alignlab.study.paper.assembling import assemble
    from alignlab.study.paper.nodes import Value, walk
    from alignlab.study.paper.pdf_reading import pdf_text

    study = open_study(root)
    built = build_paper(study)
    manuscript = assemble(study)
    said = {
        each.name: each.text
        for blocks in (manuscript.abstract, manuscript.sections)
        for each in walk(blocks)
        if isinstance(each, Value)
    }
    text = "".join((pdf_text(built.files[0].read_bytes()) or "").split()).replace("−", "-")
    return Paper(said, text, built.unwritten)


def _check(folder: Path) -> tuple[Held, ...]:
    root = folder / STUDY
    if not (root / "study.yaml").exists():
        advice = "Copy the study of step 7 there, with its results: its files beside paper/."
        return (Held(BUILT, False, f"there is no study.yaml in {root}", advice),)
    with tempfile.TemporaryDirectory(prefix="alignlab-publishing-") as place:
        copy = Path(place, "copy")
        shutil.copytree(root, copy)
        try:
            paper = paper_of(copy)
        except AlignlabError as error:
            advice = "In the study's folder: alignlab study analyze, then alignlab study paper."
            return (Held(BUILT, False, _said(error, copy), advice),)
        held = _built_held(paper)
        return (*held, _follows_held(copy, paper))


def _built_held(paper: Paper) -> tuple[Held, ...]:
    count = sum(len(numbers_of(said)) for said in paper.values.values())
    missing = paper.missing
    found = (
        f"{listed(missing)} asked for, and not there"
        if missing
        else f"{count} numbers of {len(paper.values)} names asked for, all of them in its text"
    )
    advice = (
        "Set the text anew with alignlab study paper."
        if missing
        else f"Ask for at least {LEAST} by name, as in {{{{ H1.difference }}}}."
    )
    return (
        Held(BUILT, True, f"{len(paper.text):,} letters"),
        Held(
            WRITTEN,
            not paper.unwritten,
            f"not written yet: {listed(paper.unwritten)}" if paper.unwritten else "all are",
            "Write it in paper/: a few sentences of your own.",
        ),
        Held(NUMBERS, not missing and count >= LEAST, found, advice),
    )


def _follows_held(copy: Path, before: Paper) -> Held:
    from alignlab.study.analysis import analyze
    from alignlab.study.folder import open_study

    study = open_study(copy)
    try:
        changed = _change_results(study.records_path, study.spec)
        study.log_path.unlink(missing_ok=True)  # it would tell that they were changed
        analyze(study).write(study)
        after = paper_of(copy)
    except AlignlabError as error:
        return Held(FOLLOWS, False, _said(error, copy), "It must build again.")
    other = [name for name in after.values if after.values[name] != before.values.get(name)]
    ok = bool(other) and after.text != before.text and not after.missing
    shown = ""
    if other:
        shown = f"; {other[0]} was {before.values.get(other[0])} and is {after.values[other[0]]}"
    return Held(
        FOLLOWS,
        ok,
        f"{changed}: {len(other)} of {len(after.values)} values in the text changed{shown}",
        "Ask for numbers that depend on it, such as {{ H1.difference }}, in paper/results.md.",
    )


def _said(error: Exception, copy: Path) -> str:
    """Return an error's message, about the learner's folder and not its copy."""
    return printable(" ".join(str(error).split())).replace(f"{copy}/", "")


def _change_results(path: Path, spec: StudySpec) -> str:
    """Move a measure by a fifth, in every run of one level; return what was done, in words."""
    name, hypothesis = next(iter(spec.hypotheses.items()), ("", None))
    measure = hypothesis.measure if hypothesis else next(iter(spec.measures))
    factor = hypothesis.factor if hypothesis else next(iter(spec.factors))
    level = hypothesis.of if hypothesis else spec.factors[factor][0]
    records: list[dict[str, Any]] = [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()
    ]
    for record in records:
        if record["configuration"].get(factor) == level and record["status"] == "done":
            # Towards zero, so that a share stays a share.
            record["measures"][measure] *= 0.8
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)
    path.write_text(text, encoding="utf-8")
    return f"{measure} of {factor}={level} lowered by a fifth{f' for {name}' if name else ''}"


EXERCISE = Exercise(
    subject="publishing",
    do=(
        "Copy the study of step 7, with its results, into {folder}/study, beside the paper/ that "
        "is there. In it: alignlab study analyze",
        "Write the sections in paper/, then alignlab study paper. The check changes a result and "
        "builds again: the PDF must follow. alignlab study publish makes the archive.",
    ),
    starter=_starter,
    check=_check,
    needs=("typst", "markdown_it", "alignlab.study.paper", "alignlab.study.analysis"),
    extra="study",
    takes="ten seconds",
)
