"""`alignlab guide show`: all that the guide holds of one key, and how it was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.guide import Reference

__all__ = ["show"]

UNSAID = frozenset(
    {"author", "title", "year", "keywords", "verified", "archiveprefix", "doi", "eprint", "url"}
)
"""Fields that are said in a line of their own."""

ASIDE = frozenset({"key", "name", "title", "in_founding_text", "seen", "as_of", "exclude"})


def show(
    context: typer.Context,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="Of a reference, such as guo2017calibration; or of a book, an organisation, a "
            "venue, a competition or a forum.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show one entry, with its link and how it was verified."""
    from alignlab.cli.guide.output import corrected, print_json
    from alignlab.guide import corrections_of

    work, others = _found(key)
    bare = work.key if work is not None else others[0].key
    wrong = corrections_of(bare)
    if as_json:
        content: dict[str, Any] = {"key": bare}
        if work is not None:
            content["reference"] = work.to_dict()
        if others:
            content["entry"] = others[0].to_dict()
        content["corrections"] = [each.to_dict() for each in wrong]
        print_json(content, context.obj or [])
        return
    from alignlab.cli.terminal import printing

    with printing() as console:
        if work is not None:
            _show_work(console, work)
        for entry in others:
            _show_entry(console, entry, beside=work is not None)
        corrected(console, wrong)


def _found(key: str) -> tuple[Reference | None, list[Any]]:
    """Return the reference of a key, if there is one, and the other entries of that key."""
    from alignlab.errors import InputError, nearest
    from alignlab.guide import (
        books,
        competitions,
        find_reference,
        forums,
        organisations,
        references,
        venues,
    )

    bare = key.strip().strip("[]").removeprefix("@")
    lists = (books(), organisations(), venues(), competitions(), forums())
    entries = [entry for held in lists for entry in held]
    others = [entry for entry in entries if entry.key == bare]
    if bare in references():
        return find_reference(bare), others
    if not others:
        known = [*references(), *(entry.key for entry in entries)]
        near = nearest(bare, known) or " alignlab guide papers WORDS searches the references."
        raise InputError(f"The guide has nothing under {key!r:.80}.{near}")
    return None, others


def _show_work(console: Console, work: Reference) -> None:
    from rich.text import Text

    from alignlab.cli.guide.output import grid, shown_link
    from alignlab.guide import cite

    console.print(Text(work.title, style="bold"))
    names = [" ".join(reversed(name.split(", ", 1))) for name in work.authors]
    if names:
        console.print(", ".join(names).replace(", others", " and others"))
    console.print()
    table = grid(12, None)
    table.add_row("key", Text(work.key, style="cyan"))
    if work.year:
        table.add_row("year", str(work.year))
    for name, value in work.fields.items():
        if name not in UNSAID and value:
            table.add_row(name, value)
    if work.topics:
        table.add_row("topics", ", ".join(work.topics))
    for link in dict.fromkeys(
        filter(None, (work.link, work.eprint and f"https://arxiv.org/abs/{work.eprint}", work.url))
    ):
        table.add_row("link", shown_link(link))
    table.add_row("verified", Text(_how(work), style="" if work.verified != "memory" else "yellow"))
    console.print(table)
    console.print()
    console.print(Text(cite(work.key, "apa").strip(), style="dim"))


def _how(work: Reference) -> str:
    """Return in a sentence what was seen of a work, and when.

    >>> from alignlab.guide import references
    >>> _how(references()["clopper1934use"])[:39]
    'its DOI seen in an independent copy (as'
    """
    if work.verified == "memory":
        return f"written from memory, not confirmed (as of {work.as_of})"
    seen = {
        "doi": "its DOI",
        "eprint": "its arXiv number",
        "url": "its address",
        "isbn": "its ISBN",
    }
    parts = [part.strip() for part in work.verified.split(",")]
    if all(part in seen for part in parts):
        said = f"{' and '.join(seen[part] for part in parts)} seen in an independent copy"
    else:
        said = work.verified
    return f"{said} (as of {work.as_of})"


def _show_entry(console: Console, entry: Any, *, beside: bool) -> None:
    from rich.text import Text

    from alignlab.cli.guide.output import STATE, grid, shown_link

    console.print()
    if not beside:
        console.print(Text(getattr(entry, "name", "") or entry.title, style="bold"))
    table = grid(12, None)
    for name, value in entry.to_dict().items():
        if name in ASIDE or value in ("", None, [], False, True):
            continue
        if beside and name in ("year", "publisher", "authors", "editors", "url", "doi", "isbn"):
            continue
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        if name == "edition":
            shown = str(entry.edition)
        cell = shown_link(shown) if name == "url" else Text(shown, style=STATE.get(shown, ""))
        table.add_row(name.replace("_", " "), cell)
    table.add_row("seen", Text(f"{entry.seen} (as of {entry.as_of})", style="dim"))
    console.print(table)
