"""`alignlab study register`: the plan, frozen before the first run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alignlab.cli.study.options import Folder

__all__ = ["register"]


def register(
    folder: Folder = Path("."),
    amend: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Record a changed plan beside the first, and why."),
    ] = None,
) -> int:
    """Freeze what a study plans: its statement, code and data, with the time.

    What is done otherwise later is listed in the paper as a deviation. A registration is never
    replaced: a plan that changed is amended, with its reason, and both stay. The time is this
    machine's; publish the digest where others keep the date, and it is proven.
    """
    from alignlab.cli.output import bullet
    from alignlab.cli.terminal import printing
    from alignlab.study.folder import open_study
    from alignlab.study.plans.registration import deviations, register_study

    opened = open_study(folder)
    made = register_study(opened, amend=amend)
    last = [made, *made.get("amendments", ())][-1]
    with printing() as console:
        what = "Registered" if amend is None else "Amended the registration of"
        console.print(
            f"{what} {opened.spec.study} at {last['registered'][:16].replace('T', ' ')} UTC."
        )
        console.print(f"Digest {last['digest']}", soft_wrap=True)
        for sentence in deviations(opened):
            bullet(console, sentence)
        for note in last["plan"]["notes"]:
            bullet(console, note)
        for hypothesis in last["plan"]["hypotheses"]:
            for note in hypothesis["notes"]:
                bullet(console, note)
    return 0
