"""`alignlab review invite` and `revoke`: who may enter, and who may no more."""

from __future__ import annotations

from typing import Annotated

import typer

from alignlab.cli.review.options import Database, Project, opened, typed

__all__ = ["invite", "revoke"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the person is called.")]


def invite(
    project: Project,
    name: Name,
    owner: Annotated[
        bool, typer.Option("--owner", help="They see the dashboard too, and what others said.")
    ] = False,
    address: Annotated[
        str,
        typer.Option(metavar="URL", help="Where they reach the site; it stands in the link."),
    ] = "http://127.0.0.1:8000",
    database: Database = None,
) -> int:
    """Invite a person, and print their link.

    It is printed once: only its fingerprint is kept.
    """
    from alignlab.cli.review.site import link
    from alignlab.cli.terminal import printing

    _require_address(address)
    with opened(project, database) as review:
        token = review.invite(name, role="owner" if owner else "reviewer")
    with printing() as console:
        console.print(link(address, token), soft_wrap=True)
        role = "an owner" if owner else "a reviewer"
        console.print(
            f"Give it to {name}, {role}: it is not shown again, and lets in whoever has it. "
            f"To take it back: {typed('revoke', project, name)}",
            soft_wrap=True,
        )  # fmt: skip
    return 0


def revoke(project: Project, name: Name, database: Database = None) -> int:
    """Take a person's access back; what they said stays."""
    from alignlab.cli.terminal import printing

    with opened(project, database) as review:
        review.revoke(name)
    with printing() as console:
        console.print(f"{name} can no more enter. What {name} said is kept.")
    return 0


def _require_address(address: str) -> None:
    from urllib.parse import urlsplit

    from alignlab.errors import InputError

    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise InputError(f"--address {address} is no address such as https://review.example.org.")
