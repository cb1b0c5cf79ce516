"""`alignlab review verify`: whether anybody altered what people said."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from alignlab.cli.options import Json
from alignlab.cli.review.options import Database, Project, opened

__all__ = ["verify"]

FINE, ALTERED = 0, 1


def verify(
    project: Project,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="A head that was kept elsewhere, such as in an export: what came before it must "
            "still be there. Without one, a cut-off end cannot be seen.",
        ),
    ] = None,
    database: Database = None,
    as_json: Json = False,
) -> int:
    """Find what was altered in the archive, if anything.

    Its chain is computed anew; the first altered row is named.

    Exit code: 0 if nothing was, 1 if something was, 2 if something given cannot be used.
    """
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json

    with opened(project, database) as review:
        found = review.verify(head=head)
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return FINE if found.ok else ALTERED
    with printing() as console:
        if found.ok:
            console.print(
                f"Nothing was altered: {found.events:,} events, head {found.head}",
                soft_wrap=True,
            )  # fmt: skip
        else:
            console.print(str(found.fault), soft_wrap=True)
    return FINE if found.ok else ALTERED
