"""`alignlab guide papers`: the verified references that have some words, or are of a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["papers"]

MOST = 20
"""Works that are shown unless more are asked for."""

ABOUT = {
    "foundations": "what alignment is, and why it is hard",
    "values": "what people want, as rewards and utilities",
    "robustness": "whether a model holds: attacks, accidents, certificates",
    "uncertainty": "whether it knows what it does not know",
    "transparency": "why it decides so, and whether the explanation is true",
    "fairness": "whom it treats differently",
    "oversight": "people in the loop: agreement, reliance, trust",
    "assurance": "audits, documentation, standards",
    "research": "statistics and the craft of studies",
}


def papers(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS",
            help="What to look for in keys, authors, titles, venues and keywords; the beginning of "
            "a word will do.",
        ),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC",
            help="foundations, values, robustness, uncertainty, transparency, fairness, oversight, "
            "assurance or research.",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help=f"Show all that is found, not the first {MOST} alone.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Search the verified references."""
    from alignlab.guide import search, suggestion

    asked = " ".join(words or [])
    found = search(asked, topic)
    if as_json:
        from alignlab.cli.guide.output import print_json

        content = {"words": asked, "topic": topic, "found": len(found)}
        print_json({**content, "papers": [work.to_dict() for work in found]}, context.obj or [])
        return
    from alignlab.cli.guide.output import works_table
    from alignlab.cli.terminal import printing

    of = f" of the topic {topic}" if topic else ""
    with printing() as console:
        if not (asked or topic or every):
            _show_topics(console)
        elif not found:
            # Under a topic the words may be elsewhere; without one they may be misspelt.
            beside = len(search(asked)) if topic else 0
            hint = f"{_counted(beside)} of other topics." if beside else suggestion(asked)
            console.print(f'No reference{of} has "{asked}". {hint}'.rstrip(), soft_wrap=True)
        else:
            shown = found if every else found[:MOST]
            console.print(works_table(console, shown))
            console.print()
            more = len(found) - len(shown)
            rest = f"; --all shows the other {more}" if more else ""
            console.print(f"{_counted(len(found))}{of}{rest}. More of one: alignlab guide show KEY")


def _show_topics(console: Console) -> None:
    from rich.text import Text

    from alignlab.cli.guide.output import grid
    from alignlab.guide import TOPICS, references

    works = references().values()
    dated = next(iter(works)).as_of
    console.print(f"{len(works)} references, verified or marked as not, as of {dated}.")
    console.print()
    table = grid(14, 5, None)
    for topic in TOPICS:
        count = sum(topic in work.topics for work in works)
        table.add_row(Text(topic, style="bold"), f"{count:>4}", ABOUT[topic])
    console.print(table)
    console.print()
    console.print("alignlab guide papers WORDS searches them, --topic TOPIC lists one, --all all.")


def _counted(count: int) -> str:
    return "1 reference" if count == 1 else f"{count} references"
