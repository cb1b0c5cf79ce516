"""`alignlab guide venues`: where to publish, and what there is to enter."""

from __future__ import annotations

import typer

from alignlab.cli.options import Json

__all__ = ["venues"]


def venues(context: typer.Context, as_json: Json = False) -> None:
    """List conferences, journals and competitions, with dates where they are known."""
    from alignlab.guide import competitions
    from alignlab.guide import venues as held

    if as_json:
        from alignlab.cli.guide.output import print_json

        content = {
            "venues": [each.to_dict() for each in held()],
            "competitions": [each.to_dict() for each in competitions()],
        }
        print_json(content, context.obj or [])
        return
    from alignlab.cli.guide.output import places
    from alignlab.cli.terminal import printing

    with printing() as console:
        for kind, title in (("conference", "conferences"), ("journal", "journals")):
            rows = [each for each in held() if each.kind == kind]
            about = [
                (
                    each,
                    [f"for {', '.join(each.fit)}", str(each.edition or ""), each.note],
                )
                for each in rows
            ]
            places(console, title, about)
        entered = [(each, [each.years, each.note]) for each in competitions()]
        places(console, "competitions", entered)
        console.print(f"As of {held()[0].as_of}. How each was verified: alignlab guide show KEY")
