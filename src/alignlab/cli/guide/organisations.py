"""`alignlab guide organisations`: who works on alignment, where, and in what state."""

from __future__ import annotations

import typer

from alignlab.cli.options import Json

__all__ = ["organisations"]


def organisations(context: typer.Context, as_json: Json = False) -> None:
    """List the organisations by kind, with their state and what changed."""
    from alignlab.guide import organisations as held

    if as_json:
        from alignlab.cli.guide.output import print_json

        print_json({"organisations": [each.to_dict() for each in held()]}, context.obj or [])
        return
    from alignlab.cli.guide.output import places
    from alignlab.cli.terminal import printing

    kinds = list(dict.fromkeys(each.kind for each in held()))
    with printing() as console:
        for kind in kinds:
            rows = [each for each in held() if each.kind == kind]
            about = [
                (each, [": ".join(filter(None, (each.place, each.focus))), each.note])
                for each in rows
            ]
            places(console, kind, about)
        console.print(f"As of {held()[0].as_of}. How each was verified: alignlab guide show KEY")
