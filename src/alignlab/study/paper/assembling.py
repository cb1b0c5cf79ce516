"""A study's folder becomes a manuscript: its author's sections, and those that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from alignlab.errors import InputError, nearest
from alignlab.study.analysis.checking import require_current
from alignlab.study.folder import StudyFolder
from alignlab.study.paper.checklist import checklist_blocks
from alignlab.study.paper.citing import citable_works
from alignlab.study.paper.manuscript import ANONYMOUS, NOBODY, Manuscript, Style
from alignlab.study.paper.nodes import (
    Block,
    Citation,
    Emphasis,
    Figure,
    Grid,
    Heading,
    Paragraph,
    See,
    Source,
    as_text,
    walk,
)
from alignlab.study.paper.pictures import placed_figure
from alignlab.study.paper.placed_tables import placed_table
from alignlab.study.paper.reading import Reader
from alignlab.study.paper.typst_sources import read_typst
from alignlab.study.paper.values import read_findings
from alignlab.study.paper.written import (
    deviation_blocks,
    failure_blocks,
    method_blocks,
    planned_results,
    pointing,
)

__all__ = ["ABSTRACT", "SECTIONS", "assemble"]

ABSTRACT = "abstract"
"""The file of the abstract, which a paper may lack."""

SECTIONS = {
    "introduction": "Introduction",
    "related_work": "Related work",
    "method": "Method",
    "results": "Results",
    "discussion": "Discussion",
    "limitations": "Limitations",
    "ethics": "Ethics",
}
"""The files of `paper/`, without their ending, in the paper's order, and their titles."""

UNWRITTEN = "This section is not written yet."


def assemble(
    study: StudyFolder,
    *,
    columns: Literal[1, 2] | None = None,
    anonymous: bool | None = None,
    style: Style | None = None,
) -> Manuscript:
    """Return the paper of a study.

    Parameters
    ----------
    study
        The study's folder, analysed.
    columns, anonymous, style
        Instead of what the statement says.

    Raises
    ------
    InputError
        If a section is missing or names what is not there: "file:line: what is wrong".
    """
    spec = study.spec
    findings = read_findings(study.analysis_path, study.records_path)
    departed = require_current(study)
    reader = Reader(findings, citable_works(study.literature))
    read = {name: _section(study.paper, reader, name) for name in SECTIONS}
    abstract = _section(study.paper, reader, ABSTRACT) if _file(study.paper, ABSTRACT) else ()
    placed = _placed((*abstract, *(each for blocks in read.values() for each in blocks)))
    missing = planned_results(findings, spec, placed)
    shown: list[Block] = [pointing(missing)] if missing else []
    for kind, name in missing:
        if kind == "table":
            shown.append(placed_table(findings.table(name), name=name))
        else:
            shown.append(placed_figure(findings, name))
    more: dict[str, tuple[Block, ...]] = {
        "method": method_blocks(spec, study.registration),
        "results": tuple(shown),
        "limitations": failure_blocks(findings, placed),
    }
    sections: list[Block] = []
    for name, title in SECTIONS.items():
        blocks = read[name]
        if not (blocks and isinstance(blocks[0], Heading) and blocks[0].level == 1):
            sections.append(Heading(1, as_text(title)))
        if not blocks:
            sections.append(Paragraph((Emphasis(as_text(UNWRITTEN)),)))
        sections += [*blocks, *more.get(name, ())]
    sections += deviation_blocks(departed)
    sections += checklist_blocks(study, findings)
    _require_placed(tuple(sections), study.paper)
    without = anonymous if anonymous is not None else spec.paper.anonymous
    return Manuscript(
        title=spec.title,
        authors=() if without else spec.authors,
        abstract=abstract,
        keywords=spec.paper.keywords,
        sections=tuple(sections),
        works=reader.library.cited(_keys((*walk(abstract), *walk(tuple(sections))))),
        style=style or spec.paper.style,
        columns=columns or spec.paper.columns,
        unwritten=(
            *([] if abstract else ["Abstract"]),
            *(title for name, title in SECTIONS.items() if not read[name]),
        ),
        byline=ANONYMOUS if without else NOBODY,
    )


def _file(paper: Path, name: str) -> Path | None:
    """Return the file of a section, or `None` where there is none.

    Raises
    ------
    InputError
        If there are two.
    """
    found = [path for ending in (".md", ".typ") if (path := paper / f"{name}{ending}").is_file()]
    if len(found) > 1:
        raise InputError(f"{paper} holds {found[0].name} and {found[1].name}: keep one of the two.")
    return found[0] if found else None


def _section(paper: Path, reader: Reader, name: str) -> tuple[Block, ...]:
    path = _file(paper, name)
    if path is None:
        beside = [each.name for each in paper.iterdir()] if paper.is_dir() else []
        raise InputError(
            f"{paper} has no {name}.md (or .typ).{nearest(f'{name}.md', beside)} Write it; an "
            "empty file stands for a section to be written."
        )
    called = f"paper/{path.name}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{called} is not UTF-8 text.") from error
    except OSError as error:
        raise InputError(f"Cannot read {called}: {error.strerror or error}.") from error
    typed = name != "results"
    if path.suffix == ".typ":
        source = read_typst(reader, text, name=called, typed=typed)
        return (source,) if source.text.strip() else ()
    return reader.read(text, name=called, folder=paper, typed=typed)


def _placed(blocks: tuple[Block, ...]) -> frozenset[tuple[str, str]]:
    """Return the tables and figures of the analysis among blocks, as ("table", name)."""
    return frozenset(
        ("table" if isinstance(each, Grid) else "figure", each.name)
        for each in walk(blocks)
        if isinstance(each, Grid | Figure) and each.name
    )


def _require_placed(sections: tuple[Block, ...], paper: Path) -> None:
    """Raise where a text points to a table or a figure that the paper does not have, or has twice.

    Raises
    ------
    InputError
        If it does.
    """
    names = [
        ("table" if isinstance(each, Grid) else "figure", each.name)
        for each in walk(sections)
        if isinstance(each, Grid | Figure) and each.name
    ]
    for kind, name in names:
        if names.count((kind, name)) > 1:
            raise InputError(
                f"{_line(paper, f'{kind} {name}', last=True)}the {kind} {name!r} is placed twice; "
                f"{{{{ see {kind} {name} }}}} points to it."
            )
    for each in walk(sections):
        if isinstance(each, See) and (each.kind, each.name) not in names:
            line = _line(paper, f"see {each.kind} {each.name}")
            raise InputError(
                f"{line}the {each.kind} {each.name!r} is pointed to and nowhere placed: write "
                f"{{{{ {each.kind} {each.name} }}}} on a line of its own."
            )


def _line(paper: Path, words: str, *, last: bool = False) -> str:
    """Return "file:line: " of the first, or last, placeholder that says these words."""
    said = re.compile(r"\{\{\s*" + r"\s+".join(map(re.escape, words.split())) + r"\s*\}\}")
    found = [
        f"paper/{path.name}:{at}: "
        for path in (_file(paper, name) for name in (ABSTRACT, *SECTIONS))
        if path is not None
        for at, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1)
        if said.search(line)
    ]
    return found[-1 if last else 0] if found else ""


def _keys(pieces: Iterable[object]) -> list[str]:
    keys = []
    for each in pieces:
        if isinstance(each, Citation):
            keys += [work.key for work in each.works]
        elif isinstance(each, Source):
            keys += each.cites
    return keys
