"""The paper of a study, built: a PDF, a page of HTML, or sources in LaTeX or Typst.

Whatever is wrong stops the build before a file is touched: the paper that was there stays there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from alignlab.errors import InputError, nearest, require_choice
from alignlab.files import write_all
from alignlab.study.folder import StudyFolder, open_study
from alignlab.study.paper.assembling import assemble
from alignlab.study.paper.citing import citable_works
from alignlab.study.paper.html_form import html_page
from alignlab.study.paper.latex_form import latex_files
from alignlab.study.paper.manuscript import Manuscript, Style
from alignlab.study.paper.nodes import Source, walk
from alignlab.study.paper.typesetting import pdf_of, undrawn
from alignlab.study.paper.typst_form import typst_files

__all__ = ["Built", "PaperFormat", "build_paper"]

PaperFormat = Literal["pdf", "html", "latex", "typst"]


@dataclass(frozen=True, slots=True)
class Built:
    """A paper that was built.

    Attributes
    ----------
    format
        What it is.
    files
        Where it is; the first is the one to open.
    works
        How many works it cites.
    unwritten
        The titles of sections without text.
    seconds
        What it took.
    """

    format: PaperFormat
    files: tuple[Path, ...]
    works: int
    unwritten: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        """Return what was built in a sentence or two."""
        cited = f"{self.works} {'work' if self.works == 1 else 'works'} cited"
        told = f"Written to {self.files[0]} in {self.seconds:.1f} s; {cited}."
        if self.unwritten:
            told += f" Not written yet: {', '.join(self.unwritten)}."
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the time as plain values."""
        return {
            "format": self.format,
            "files": [str(path) for path in self.files],
            "works": self.works,
            "unwritten": list(self.unwritten),
        }


def build_paper(
    study: StudyFolder | str | Path,
    *,
    format: PaperFormat = "pdf",
    columns: Literal[1, 2] | None = None,
    anonymous: bool | None = None,
    style: Style | None = None,
    out: str | Path | None = None,
) -> Built:
    """Build the paper of a study from its text and its results.

    Use it after the analysis. Every number, table and figure comes from `analysis.json`; the same
    folder gives the same bytes.

    Parameters
    ----------
    study
        The study's folder.
    format
        "pdf" and "html": one file. "latex" and "typst": the sources, for those who want to set or
        change it themselves.
    columns, anonymous, style
        Instead of what `study.yaml` says.
    out
        Where to: a file for "pdf" and "html", a folder for the others. `paper/paper.pdf` and the
        like in the study's folder, if left out.

    Returns
    -------
    Built
        What was written, and what is still to be written.

    Raises
    ------
    InputError
        If a number, table, figure or work is not there, or a text cannot be set: "file:line: what
        is wrong". Nothing was written then.
    OutputError
        If the files cannot be written.
    """
    begun = time.perf_counter()
    require_choice(format, get_args(PaperFormat), what="format")
    if columns is not None:
        require_choice(str(columns), ["1", "2"], what="columns")
    if style is not None:
        require_choice(style, get_args(Style), what="style")
    opened = study if isinstance(study, StudyFolder) else open_study(study)
    paper = assemble(opened, columns=columns, anonymous=anonymous, style=style)
    folder, contents = _made(opened, paper, format, None if out is None else Path(out))
    write_all(folder, contents)
    return Built(
        format,
        tuple(folder / name for name in contents),
        len(paper.works),
        paper.unwritten,
        time.perf_counter() - begun,
    )


def _made(
    study: StudyFolder, paper: Manuscript, format: PaperFormat, out: Path | None
) -> tuple[Path, dict[str, str | bytes]]:
    """Return the folder to write to and the files' contents, the first the one to open."""
    sources = [each for each in walk(paper.sections) if isinstance(each, Source)]
    if format in ("html", "latex") and sources:
        raise InputError(
            f"{sources[0].file} is Typst, from which only a PDF can be made: write it as "
            f"{Path(sources[0].file).with_suffix('.md').name} for {format}."
        )
    if format in ("pdf", "html"):
        path = out or study.paper / f"paper.{format}"
        if path.is_dir():
            path = path / f"paper.{format}"
        if path.suffix.lower() != f".{format}":
            raise InputError(
                f"--out {path}: what is written is {format.upper()}, so the file ends in .{format}."
            )
        content = _pdf(study, paper) if format == "pdf" else html_page(paper)
        return path.parent, {path.name: content}
    folder = out or study.paper / format
    if format == "latex":
        return folder, {**latex_files(paper)}
    files = typst_files(paper)
    pdf_of(files, hint=_hint(study))
    return folder, {"main.typ": files.pop("main.typ"), **_flat(files)}


def _pdf(study: StudyFolder, paper: Manuscript) -> bytes:
    files = typst_files(paper)
    made = pdf_of(files, hint=_hint(study))
    for letter in undrawn(files):
        raise InputError(
            f"{_place_of(letter, study)}a PDF cannot show {letter!r}, for none of the fonts that "
            "typst brings has it. Write it in letters of Latin, Greek or Cyrillic, or make HTML."
        )
    return made


def _place_of(letter: str, study: StudyFolder) -> str:
    """Return the file and line in which an author wrote a letter: "paper/method.md:3: "."""
    texts = sorted([*study.paper.glob("*.md"), *study.paper.glob("*.typ")])
    for path in (*texts, study.statement_path, study.literature / "references.bib"):
        if path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if letter in line:
                    return f"{path.relative_to(study.root).as_posix()}:{number}: "
    return ""


def _flat(files: dict[str, bytes]) -> dict[str, bytes]:
    nested = [name for name in files if "/" in name]
    if nested:
        raise InputError(
            f"{nested[0]} is Typst already: sources are written for papers in Markdown alone."
        )
    return files


def _hint(study: StudyFolder) -> Callable[[str], str]:
    """Return what names the nearest work where Typst misses a label."""

    def near(label: str) -> str:
        library = citable_works(study.literature)
        return nearest(label, [*library.own, *library.guide]) + (
            " A citation's work is in literature/references.bib or in the guide."
        )

    return near
