"""`alignlab study demo`: a study, from its question to its paper, by the commands themselves."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["TEMPLATE", "demo"]

TEMPLATE = "adversarial-fairness"

STUDY = "robust-or-fair"
"""The name of the template's study, which its seeds follow from."""

GOES_ON = (0, 1)
"""Exit codes after which there is a next step; with 1, a run failed, and the paper says so."""


def demo(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[FOLDER]", help="Where to make it, or to go on with it."),
    ] = Path(TEMPLATE),
) -> int:
    """Take a study from its question to its paper.

    The question: does adversarial training cost fairness? It trains thirty small networks, in
    minutes on two cores. Each step is a command that you could have typed, and is printed. After
    Ctrl-C the same command goes on where it was.
    """
    from alignlab.cli.app import INTERRUPTED, main
    from alignlab.errors import StoppedError
    from alignlab.study.folder import STATEMENT, open_study

    _require_typesetter()
    steps: list[list[str]] = []
    if (folder / STATEMENT).exists():
        _require_ours(folder)
    else:
        steps.append(["new", str(folder), "--template", TEMPLATE])
    steps.append(["plan", str(folder)])
    if not (folder / STATEMENT).exists() or open_study(folder).registration is None:
        steps.append(["register", str(folder)])
    steps += [[name, str(folder)] for name in ("run", "analyze", "paper", "status")]
    for step in steps:
        print(f"\n$ {shlex.join(['alignlab', 'study', *step])}\n", flush=True)
        code = main(["study", *step])
        sys.stdout.flush()
        if code == INTERRUPTED:
            raise StoppedError(f"go on with: alignlab study demo {shlex.quote(str(folder))}")
        if code not in GOES_ON:
            return code
    return 0


def _require_ours(folder: Path) -> None:
    from alignlab.errors import InputError
    from alignlab.study.folder import open_study

    name = open_study(folder).spec.study
    if name != STUDY:
        raise InputError(
            f"{folder} holds another study, {name!r}. Name another folder, or go on with that one: "
            f"{shlex.join(['alignlab', 'study', 'status', str(folder)])}"
        )


def _require_typesetter() -> None:
    """Raise now what the last step would raise after minutes of training."""
    from importlib.util import find_spec

    from alignlab.errors import MissingExtraError

    for name in ("markdown_it", "typst"):
        if find_spec(name) is None:
            raise MissingExtraError(name, "study", "The paper")
