"""`alignlab study literature …`: what others found, imported, screened, laid out by theme."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json, Level, Seed
from alignlab.cli.study.options import Folder

if TYPE_CHECKING:
    from alignlab.study.literature import Screening

__all__ = ["literature"]

literature = typer.Typer(
    name="literature",
    help="What others found: import, screen, agree, lay out by theme.",
    add_completion=False,
    rich_markup_mode=None,
)

REVIEW = "review"

Screeners = Annotated[
    list[str] | None,
    typer.Option("--screener", metavar="NAME", help="Who screens; say it once for each."),
]
Here = Path()


@literature.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", help=".bib, .ris, or CSL-JSON (.json).")
    ],
    study: Annotated[Path, typer.Option(metavar="FOLDER", help="The study's folder.")] = Here,
    as_json: Json = False,
) -> int:
    """Read references into literature/references.bib, each work once.

    What is found twice (by DOI, by preprint, by title and year) is said, and kept in
    literature/duplicates.csv.
    """
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json
    from alignlab.study.literature import import_works

    found = import_works(_literature(study), files)
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return 0
    with printing() as console:
        for name in found.before:
            console.print(f"{name} was imported before, and is left out.", soft_wrap=True)
        console.print(str(found), soft_wrap=True)
        for given, now in found.renamed.items():
            console.print(f"  {given} is another work's key: it is {now} now.", soft_wrap=True)
        for each in (*found.duplicates, *found.alike):
            console.print(f"  {each}", soft_wrap=True)
    return 0


@literature.command()
def screen(
    folder: Folder = Here,
    screener: Screeners = None,
    in_browser: Annotated[
        bool, typer.Option("--in-browser", help="Make a review in literature/review instead.")
    ] = False,
    random_share: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the papers that come by chance.")
    ] = 0.1,
    level: Level = 0.95,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Give each screener a sheet of their own, the most promising papers first.

    Run it again after a sitting: it collects what was decided, learns from it, and says how many
    papers are likely missed if you stop now. A tenth of the papers comes by chance, so that this
    is honest.
    """
    from alignlab.cli.terminal import printing
    from alignlab.errors import InputError
    from alignlab.plain import to_json
    from alignlab.study.literature import (
        make_review,
        read_criteria,
        recall_of,
        screening_order,
    )
    from alignlab.study.literature.screening import require_screener

    place = _literature(folder)
    criteria = read_criteria(place)
    held = _collected(place)
    names = list(dict.fromkeys([*held.screeners, *(screener or ())]))
    for name in names:
        require_screener(name)
    if len(names) < 2:
        raise InputError(
            "Screening takes two people who do not see what the other says: name them with "
            "--screener NAME --screener NAME."
        )
    for name in names:
        held = held.by(name, {})
    order = screening_order(held, seed=seed, random_share=random_share)
    recall = recall_of(held, order.sample, level=level)
    tokens = {}
    if in_browser:
        tokens = make_review(
            place / REVIEW, held, order, criteria, screeners=names, title=_title(folder), seed=seed
        )
    _write(place, held, order.keys, sheets=() if in_browser else names)
    if as_json:
        told = {"counts": held.counts(), "recall": recall.to_dict(), "order": order.keys}
        sys.stdout.write(to_json({**told, "links": tokens} if tokens else told))
        return 0
    with printing() as console:
        console.print(str(recall), soft_wrap=True)
        if recall.waiting:
            console.print(
                f"{recall.waiting:,} of the random sample are to be decided: they come between the "
                "others."
            )
        by = f"by what {order.learned:,} decided papers taught" if order.learned else "by chance"
        if in_browser:
            console.print(f"A review is in {place / REVIEW}, its papers ordered {by}.")
            _say_links(console, place / REVIEW, tokens)
        else:
            console.print(f"Sheets, ordered {by}; fill in decision (include, exclude, unsure) and")
            console.print("reason, then run this again, or alignlab study literature collect:")
            for name in names:
                console.print(f"  {place / 'sheets' / name}.csv", soft_wrap=True)
    return 0


@literature.command()
def collect(folder: Folder = Here, as_json: Json = False) -> int:
    """Read what was decided, in sheets and in the browser, into literature/screening.csv."""
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json

    place = _literature(folder)
    held = _collected(place)
    _write(place, held, (), sheets=())
    if as_json:
        sys.stdout.write(to_json(held.counts()))
        return 0
    with printing() as console:
        counts = held.counts()
        console.print(
            f"{counts['papers']:,} papers: {counts['include']:,} included, {counts['exclude']:,} "
            f"excluded, {counts['conflict']:,} in conflict, {counts['waiting']:,} waiting."
        )
        if without := held.without_reason():
            _say_without_reason(console, without)
        if counts["conflict"]:
            console.print(
                "Settle conflicts in the columns 'agreed' of literature/screening.csv; alignlab "
                "study literature agreement lists them."
            )
    return 0


@literature.command()
def agreement(folder: Folder = Here, level: Level = 0.95, as_json: Json = False) -> int:
    """Say how far the screeners agree, and list where they differ."""
    from alignlab.cli.output import paragraph
    from alignlab.cli.terminal import printing
    from alignlab.errors import listed
    from alignlab.plain import to_json
    from alignlab.study.literature import read_criteria, screening_agreement

    place = _literature(folder)
    criteria = read_criteria(place) if (place / "criteria.yaml").exists() else None
    found = screening_agreement(_collected(place), criteria, level=level)
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return 0
    with printing() as console:
        console.print(found.alpha.headline)
        for (first, second), kappa in found.kappas.items():
            console.print(f"{first} and {second}: {kappa.headline}")
        if found.reasons:
            told = listed(f"{reason} ({n:,})" for reason, n in found.reasons.items())
            paragraph(console, f"Excluded: {told}.")
        if found.without_reason:
            _say_without_reason(console, found.without_reason)
        if found.disagreements:
            settled = len(found.disagreements) - len(found.open)
            paragraph(
                console, f"They differ on {len(found.disagreements):,}; {settled:,} are settled:"
            )
            for each in found.disagreements:
                said = ", ".join(
                    f"{name} {given.decision}{f' ({given.reason})' if given.reason else ''}"
                    for name, given in each.said.items()
                )
                end = f"; agreed: {each.agreed.decision}" if each.agreed else ""
                console.print(f"  {each.key}: {said}{end}", soft_wrap=True)
    return 0


@literature.command()
def matrix(folder: Folder = Here, as_json: Json = False) -> int:
    """Lay out the papers that were taken in by theme: literature/matrix.csv and matrix.svg."""
    from alignlab.cli.output import drawn
    from alignlab.cli.terminal import printing
    from alignlab.files import write_all
    from alignlab.plain import to_json

    place = _literature(folder)
    found = _matrix(place)
    table = found.table.to_frame().to_csv(index=False, lineterminator="\n")
    write_all(place, {"matrix.csv": table, "matrix.svg": drawn(found.chart())})
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return 0
    with printing() as console:
        for name, n in found.to_dict()["themes"].items():
            console.print(f"  {name}: {n:,} of {len(found.papers):,}", soft_wrap=True)
        console.print(f"Written to {place}: matrix.csv, matrix.svg", soft_wrap=True)
    return 0


@literature.command()
def gaps(
    folder: Folder = Here,
    few: Annotated[int, typer.Option(metavar="N", help="So many papers, or fewer, are a gap.")] = 0,
    as_json: Json = False,
) -> int:
    """Say of which themes, and pairs of themes, few papers speak or none."""
    from alignlab.cli.output import paragraph
    from alignlab.cli.terminal import printing
    from alignlab.errors import listed
    from alignlab.plain import to_json

    found = _matrix(_literature(folder)).gaps(few=few)
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return 0
    with printing() as console:
        if not (found.themes or found.pairs):
            console.print("No gap: every theme, and every pair of themes, has its papers.")
        for each in (*found.themes, *found.pairs):
            console.print(str(each), soft_wrap=True)
        if found.unplaced:
            paragraph(console, f"No theme has: {listed(found.unplaced)}.")
        for name, words in found.silent.items():
            console.print(f"Of {name}, no paper says: {listed(words)}.")
    return 0


def _literature(folder: Path) -> Path:
    """Return where a study keeps its literature; its statement need not be finished yet."""
    from alignlab.study.folder import STATEMENT, require_one_study

    root = folder.parent if folder.name == STATEMENT else folder
    require_one_study(root)
    return root / "literature"


def _title(folder: Path) -> str:
    from alignlab.study.folder import open_study

    return f"Screening: {open_study(folder).spec.title}"


def _collected(place: Path) -> Screening:
    from alignlab.errors import InputError
    from alignlab.study.literature import read_library, read_screening, with_answers
    from alignlab.study.literature.screening import with_sheets

    works = read_library(place)
    if not works:
        raise InputError(
            f"{place} holds no references: alignlab study literature import FILES reads them."
        )
    held = with_sheets(place, read_screening(place, works))
    review = place / REVIEW
    return with_answers(review, held) if review.exists() else held


def _write(place: Path, held: Screening, order: Any, *, sheets: Any) -> None:
    from alignlab.files import write_all
    from alignlab.study.literature.screening import screening_text, sheet_text

    if sheets:
        write_all(
            place / "sheets", {f"{name}.csv": sheet_text(held, name, order) for name in sheets}
        )
    write_all(place, {"screening.csv": screening_text(held)})


def _matrix(place: Path) -> Any:
    from alignlab.errors import InputError
    from alignlab.study.literature import read_library, read_screening, read_themes, theme_matrix

    works = read_library(place)
    themes = read_themes(place, works)
    papers = tuple(works)
    if (place / "screening.csv").exists():
        papers = read_screening(place, works).with_outcome("include")
        if not papers:
            raise InputError(
                "No paper is included yet: alignlab study literature collect says how far the "
                "screening is."
            )
    return theme_matrix(papers, themes)


def _say_without_reason(console: Any, keys: tuple[str, ...]) -> None:
    from alignlab.errors import listed

    n = len(keys)
    console.print(
        f"{n:,} {'is' if n == 1 else 'are'} excluded without a reason: {listed(keys)}.",
        soft_wrap=True,
    )


def _say_links(console: Any, review: Path, tokens: dict[str, str]) -> None:
    from alignlab.cli.review.options import typed
    from alignlab.cli.review.site import link

    for name, token in tokens.items():
        console.print(f"  {name}: {link('http://127.0.0.1:8000', token)}", soft_wrap=True)
    console.print(
        f"Give each their link: it is not shown again. {typed('serve', review)} begins; alignlab "
        "study literature collect reads what they said.",
        soft_wrap=True,
    )
