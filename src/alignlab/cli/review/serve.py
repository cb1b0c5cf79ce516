"""`alignlab review serve`: the site, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.review.options import Database, Host, NoBrowser, Port, Project, opened, typed

if TYPE_CHECKING:
    from alignlab.oversight.review import Review

__all__ = ["say_the_end", "serve"]


def serve(
    project: Project,
    host: Host = "127.0.0.1",
    port: Port = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="A name by which people reach the site, such as review.example.org; repeatable.",
        ),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="A proxy before the site speaks TLS with people.")
    ] = False,
    no_browser: NoBrowser = False,
    database: Database = None,
) -> int:
    """Serve a review's site until Ctrl-C.

    On this machine only, unless --host says otherwise. People enter by the link that alignlab
    review invite prints. Every answer that was acknowledged is kept.
    """
    from alignlab.cli.review.site import run
    from alignlab.cli.terminal import printing

    with opened(project, database) as review:
        invited = bool(review.reviewers())

        def listening(address: str) -> str | None:
            with printing() as console:
                console.print(f"{review.settings.title}: {address}", soft_wrap=True)
                if not invited:
                    console.print(
                        "Nobody is invited yet: "
                        f"{typed('invite', project, 'NAME', '--address', address)}",
                        soft_wrap=True,
                    )
                console.print("Ctrl-C ends it.")
            return None if no_browser or not invited else address

        run(review, host=host, port=port, listening=listening, hosts=name or (), https=https)
        say_the_end(review)
    return 0


def say_the_end(review: Review) -> None:
    """Say how many answers are kept, and how they leave."""
    from alignlab.cli.terminal import printing

    n = review.status().answers
    with printing() as console:
        console.print()
        console.print(f"Stopped. {n:,} {'answer is' if n == 1 else 'answers are'} kept.")
        if n:
            console.print(
                f"  {typed('export', review.folder, '--out', 'answers.csv')}", soft_wrap=True
            )
