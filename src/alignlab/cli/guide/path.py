"""`alignlab guide path`: the ten steps, what each asks for, and checks that run what was made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.guide import Step
    from alignlab.lessons.form import Held
    from alignlab.lessons.progress import Progress

__all__ = ["path"]

FOLDER = "alignlab-path"
NOT_YET = 1

SEE = {
    "organisations": "alignlab guide organisations",
    "venues": "alignlab guide venues",
    "competitions": "alignlab guide venues, the competitions",
    "forums": "alignlab guide forums",
    "workflow": "alignlab study status, the eight steps of a paper",
}
"""Where a part of the guide is shown."""


def path(
    step: Annotated[
        int | None, typer.Option(metavar="N", help="One of the ten: what to read, what to do.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Run what was made in that step, and say what holds.")
    ] = False,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where your work and your progress are kept.")
    ] = Path(FOLDER),
    json: Json = False,
) -> int:
    """Ten steps to alignment research, each with an exercise that is checked by running it.

    Without --step: the steps, and how far you are. With --step N: what to read and what to do, and
    files to begin with. With --check: what holds and what doesn't. The check runs your programs on
    this machine.

    Exit codes: 0 everything holds; 1 not yet; 2 something given cannot be used.
    """
    from alignlab.errors import InputError
    from alignlab.lessons.progress import Progress, begin, check_step, exercise

    if step is None:
        if check:
            raise InputError("--check is about one step: say which with --step N.")
        _show_steps(Progress.read(folder), json=json)
        return 0
    exercise(step)
    if check:
        held = check_step(step, folder)
        _show_held(step, held, json=json)
        return 0 if all(each.holds for each in held) else NOT_YET
    Progress.read(folder)
    written = begin(step, folder)
    _show_step(step, folder, written, json=json)
    return 0


def _steps() -> tuple[Step, ...]:
    from alignlab.guide.kinds import path as steps

    return steps()


def _show_steps(progress: Progress, *, json: bool) -> None:
    from alignlab.cli.terminal import printing

    if json:
        _print_json([{**each.to_dict(), "state": progress.state(each.step)} for each in _steps()])
        return
    with printing() as console:
        console.print("The ten steps")
        console.print()
        for each in _steps():
            state = progress.state(each.step)
            console.print(f"{each.step:>3}  {each.title}{f'  ({state})' if state else ''}")
        console.print()
        following = progress.next_step
        if following is None:
            console.print("All ten are whole.")
        else:
            console.print(
                f"Next: alignlab guide path --step {following}{_said(progress.folder)}",
                soft_wrap=True,
            )


def _show_step(step: int, folder: Path, written: tuple[Path, ...], *, json: bool) -> None:
    from alignlab.cli.terminal import printing
    from alignlab.lessons.progress import exercise, step_folder

    asked, place = exercise(step), step_folder(folder, step)
    told = next(each for each in _steps() if each.step == step)
    todo = [each.format(folder=place) for each in asked.do]
    if json:
        _print_json(
            {
                **told.to_dict(),
                "do": todo,
                "folder": str(place),
                "written": [str(each) for each in written],
                "absent": asked.absent(),
            }
        )
        return
    with printing() as console:
        console.print(f"Step {step}. {told.title}")
        console.print()
        console.print("Read")
        _show_readings(console, told)
        console.print()
        console.print("Do")
        if absent := asked.absent():
            console.print(f"  {absent}")
            return
        for sentence in todo:
            _indented(console, sentence)
        console.print()
        console.print("Done when")
        _indented(console, f"{told.done_when}.")
        console.print()
        for each in written:
            console.print(f"Written: {each}", soft_wrap=True)
        longer = f" (takes about {asked.takes})" if asked.takes else ""
        console.print(
            f"Check: alignlab guide path --step {step} --check{_said(folder)}{longer}",
            soft_wrap=True,
        )


def _show_readings(console: Console, told: Step) -> None:
    from alignlab.guide import references

    known = references()
    for key in told.read:
        work = f"{known[key]}" if key in known else "in alignlab guide books"
        _indented(console, f"{work} [{key}]")
    for name in told.see:
        _indented(console, SEE[name])


def _show_held(step: int, held: tuple[Held, ...], *, json: bool) -> None:
    from alignlab.cli.output import speaks
    from alignlab.cli.terminal import printing

    whole = sum(each.holds for each in held)
    if json:
        told = [each.to_dict() for each in held]
        _print_json({"step": step, "whole": whole == len(held), "held": told})
        return
    with printing() as console:
        good, bad = ("✓", "✗") if speaks(console) else ("+", "-")
        before = ""
        for each in held:
            same = each.found == before and not each.holds
            line = f"{each.what}: the same." if same else str(each)
            before = each.found
            style = "green" if each.holds else "bold red"
            console.print(f"{good if each.holds else bad} ", style=style, end="")
            console.print(line, soft_wrap=True)
        console.print()
        if whole == len(held):
            console.print(f"Step {step} is whole.")
        else:
            console.print(f"{whole} of {len(held)} hold: not yet.")


def _indented(console: Console, text: str) -> None:
    from rich.padding import Padding

    console.print(Padding(text, (0, 0, 0, 2)))


def _said(folder: Path) -> str:
    """Return the option that names a folder, where it is not the usual one."""
    import shlex

    return "" if folder == Path(FOLDER) else f" --folder {shlex.quote(str(folder))}"


def _print_json(told: object) -> None:
    from alignlab.plain import to_json

    sys.stdout.write(to_json(told))
