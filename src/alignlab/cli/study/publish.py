"""`alignlab study publish` and `verify`: a finished study as an archive, and is it whole."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from alignlab.cli.options import Json
from alignlab.cli.study.options import Folder

__all__ = ["publish", "verify"]

FINE, ALTERED = 0, 1


def publish(
    folder: Folder = Path(),
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.zip", help="The archive. [default: NAME.zip in the folder]"),
    ] = None,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="Without the authors' names; every file is searched."),
    ] = False,
    without_data: Annotated[
        bool, typer.Option("--without-data", help="Of data in the folder, too, only digests.")
    ] = False,
    released: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Of publication, such as 2026-11-22, for CITATION.cff."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Write a study's archive: statement, registration, results, analysis, paper, code, data.

    With a manifest, CITATION.cff, the environment, a model card and a datasheet. The paper in it is
    built from the files in it. What is unfinished is refused; nothing from outside the folder, and
    nothing hidden, goes in.
    """
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json
    from alignlab.study.folder import open_study
    from alignlab.study.publishing import publish_study

    found = publish_study(
        open_study(folder),
        out=out,
        anonymous=anonymous,
        data=not without_data,
        released=_day(released),
    )
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return FINE
    with printing() as console:
        for each in found.warnings:
            console.print(f"Note: {each}", soft_wrap=True)
        console.print(
            f"Written to {found.path}: {found.files:,} files, {found.size / 1e6:.1f} MB.",
            soft_wrap=True,
        )
        console.print(f"SHA-256 {found.digest}", soft_wrap=True)
        if anonymous:
            console.print("No author's name stands in any of its files, nor in the PDF's text.")
    return FINE


def verify(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="What publish wrote.")],
    as_json: Json = False,
) -> int:
    """Compute the digests of an archive anew, and name what was altered.

    Exit code: 0 if nothing was, 1 if something was, 2 if it cannot be read.
    """
    from alignlab.cli.terminal import printing
    from alignlab.errors import listed
    from alignlab.plain import to_json
    from alignlab.study.publishing import verify_archive

    found = verify_archive(archive)
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return FINE if found.ok else ALTERED
    with printing() as console:
        for word, names in (
            ("Changed", found.changed),
            ("Missing", found.missing),
            ("Not of the archive", found.extra),
        ):
            if names:
                console.print(f"{word}: {listed(names)}.", soft_wrap=True)
        for each in found.faults:
            console.print(each, soft_wrap=True)
        if found.ok:
            console.print(f"Nothing was altered: {found.files:,} files.")
        console.print(f"SHA-256 {found.digest}", soft_wrap=True)
    return FINE if found.ok else ALTERED


def _day(text: str | None) -> date | None:
    from alignlab.errors import InputError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--released {text} is no day, such as 2026-11-22.") from error
