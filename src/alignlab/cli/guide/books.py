"""`alignlab guide books`: books to read, and what the founding text got wrong about some."""

from __future__ import annotations

import typer

from alignlab.cli.options import Json

__all__ = ["books"]


def books(context: typer.Context, as_json: Json = False) -> None:
    """List the books, and what the founding texts got wrong about some."""
    from alignlab.guide import books as held
    from alignlab.guide import corrections_of

    if as_json:
        from alignlab.cli.guide.output import print_json

        told = [
            {**book.to_dict(), "corrections": [each.truth for each in corrections_of(book.key)]}
            for book in held()
        ]
        print_json({"books": told}, context.obj or [])
        return
    from rich.text import Text

    from alignlab.cli.guide.output import grid, shown_link
    from alignlab.cli.terminal import printing

    with printing() as console:
        table = grid(28, None)
        for book in held():
            if book.exclude:
                continue
            by = ", ".join(book.authors) or f"{', '.join(book.editors)} (ed.)"
            year = f" ({book.year})" if book.year else ""
            lines = [Text(book.title, style="bold"), Text(f"{by}{year}. {book.publisher}")]
            if book.code and book.code != "none":
                lines.append(Text(f"Code: {book.code}"))
            for each in corrections_of(book.key):
                if each.about[0] == book.key:  # not where it is only what to read instead
                    lines.append(Text.assemble(("The text said: ", "yellow"), each.said))
                    lines.append(Text.assemble(("What is true: ", "green"), each.truth))
            if book.url:
                lines.append(shown_link(book.url))
            table.add_row(Text(book.key, style="cyan"), Text("\n").join(lines))
            table.add_row("", "")
        console.print(table)
        for book in held():
            if book.exclude:
                instead = f" Read {book.instead} instead." if book.instead else ""
                console.print(
                    Text(f"Left out: {book.title} ({book.verdict}).{instead}", style="dim")
                )
        console.print()
        console.print("Each can be cited: alignlab guide cite KEY")
