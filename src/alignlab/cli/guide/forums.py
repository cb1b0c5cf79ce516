"""`alignlab guide forums`: where the field talks."""

from __future__ import annotations

import typer

from alignlab.cli.options import Json

__all__ = ["forums"]


def forums(context: typer.Context, as_json: Json = False) -> None:
    """List the forums, and those that the founding texts name but were not found."""
    from alignlab.guide import forums as held

    if as_json:
        from alignlab.cli.guide.output import print_json

        print_json({"forums": [each.to_dict() for each in held()]}, context.obj or [])
        return
    from alignlab.cli.guide.output import places
    from alignlab.cli.terminal import printing

    with printing() as console:
        places(console, "forums", [(each, [each.note]) for each in held() if each.is_forum])
        others = [(each, [each.note]) for each in held() if not each.is_forum]
        places(console, "named as forums, but none", others)
        console.print(f"As of {held()[0].as_of}. How each was verified: alignlab guide show KEY")
