"""`alignlab review export`: what people said, as the next program reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from alignlab.cli.options import Json
from alignlab.cli.review.options import Database, Project, opened

__all__ = ["export"]


def export(
    project: Project,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="jsonl, parquet or csv: everything. trl-dpo, trl-kto or trl-reward: comparisons "
            "of texts to train with. imitation: comparisons of behaviour (.npz). [default: by "
            "FILE's ending]",
        ),
    ] = None,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="People stand under pseudonyms.")
    ] = False,
    gold: Annotated[
        bool, typer.Option("--gold", help="With the answers to planted cases.")
    ] = False,
    ties: Annotated[
        str,
        typer.Option(metavar="NAME", help="Of trl-dpo and trl-reward: drop them, or both ways."),
    ] = "drop",
    database: Database = None,
    as_json: Json = False,
) -> int:
    """Write what people said to a file.

    The head of the archive is written beside it. Answers that were taken back are
    not in it; the sides of pairs stand as they were given. Keep the head: alignlab review verify
    PROJECT --head HASH then finds what was altered or cut off.
    """
    from alignlab.cli.terminal import printing
    from alignlab.errors import InputError
    from alignlab.oversight.exports import export as write
    from alignlab.oversight.exports.exporting import ENDINGS
    from alignlab.plain import to_json

    # Of the formats that a file may hold by its ending, the first keeps everything.
    fitting = [name for name, endings in ENDINGS.items() if out.suffix.lower() in endings]
    chosen: Any = form or next(iter(fitting), None)
    if chosen is None:
        known = dict.fromkeys(ending for endings in ENDINGS.values() for ending in endings)
        raise InputError(
            f"--out {out} does not say a format by its ending ({', '.join(known)}): name one "
            "with --format."
        )
    stated: Any = ties
    with opened(project, database) as review:
        written = write(review, out, format=chosen, pseudonyms=pseudonyms, gold=gold, ties=stated)
    if as_json:
        sys.stdout.write(to_json(written.to_dict()))
        return 0
    with printing() as console:
        console.print(str(written), soft_wrap=True)
    return 0
