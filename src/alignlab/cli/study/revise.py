"""`alignlab study revise`: what reviewers said, what is answered, what is open."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.study.revision import Comment, Revision

__all__ = ["revise"]


def revise(
    comment: Annotated[
        str | None, typer.Argument(metavar="[COMMENT]", help="Such as R1.2; all, if left out.")
    ] = None,
    add: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Keep a comment, in the reviewer's words.")
    ] = None,
    reviewer: Annotated[str, typer.Option(metavar="NUMBER", help="With --add: whose it is.")] = "1",
    about: Annotated[
        str, typer.Option(metavar="FILE[#SECTION]", help="With --add: what it is about.")
    ] = "",
    answer: Annotated[str | None, typer.Option(metavar="TEXT", help="Answer COMMENT.")] = None,
    changed: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="With --answer: what was changed; repeatable."),
    ] = None,
    analysis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With --answer: a number, table or figure of the analysis, or a file; "
            "repeatable. What was not registered is marked so.",
        ),
    ] = None,
    letter: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write the response to the reviewers.")
    ] = None,
    study: Annotated[Path, typer.Option(metavar="FOLDER", help="The study's folder.")] = Path(),
    as_json: Json = False,
) -> int:
    """Keep reviewers' comments with their answers, and show what is open.

    Without options it lists the comments. Everything is in revision.yaml, to be edited there as
    well.
    """
    from alignlab.cli.terminal import printing
    from alignlab.errors import InputError
    from alignlab.files import write_whole
    from alignlab.plain import to_json
    from alignlab.study.folder import open_study
    from alignlab.study.revision import (
        add_comment,
        answer_comment,
        read_revision,
        response_letter,
    )

    if answer is not None and comment is None:
        raise InputError("--answer answers a comment: name it, such as alignlab study revise R1.1.")
    if add is not None and comment is not None:
        raise InputError(f"--add keeps a new comment, and {comment} is one: give one of them.")
    if (changed or analysis) and answer is None:
        raise InputError("--changed and --analysis belong to an --answer.")
    opened = open_study(study)
    told: Comment | None = None
    if add is not None:
        told = add_comment(opened, add, reviewer=reviewer, about=about)
    if answer is not None and comment is not None:
        told = answer_comment(
            opened, comment, answer, changed=changed or (), analyses=analysis or ()
        )
    held = read_revision(opened)
    if comment is not None:
        held.comment(comment)
    if letter is not None:
        write_whole(letter, response_letter(opened))
    if as_json:
        sys.stdout.write(to_json(held.to_dict()))
        return 0
    with printing() as console:
        if told is not None:
            console.print(f"{told.name} is {'answered' if told.answer else 'kept'}.")
        elif comment is not None:
            _show(console, held.comments[comment])
        elif letter is None:
            _list(console, held)
        if letter is not None:
            left = (
                f" Open in it: {', '.join(each.name for each in held.open)}." if held.open else ""
            )
            console.print(f"The letter is {letter}.{left}", soft_wrap=True)
    return 0


def _list(console: Console, held: Revision) -> None:
    from alignlab.wording import shortened

    if not held.comments:
        console.print("No comments yet: alignlab study revise --add TEXT --reviewer 1 keeps one.")
        return
    console.print(f"{len(held.comments):,} comments, {len(held.open):,} open.")
    for each in held.comments.values():
        state = "answered" if each.answer else "open"
        line = " ".join(each.says.split())
        console.print(f"  {each.name}  {state:8}  {shortened(line, 70)}", soft_wrap=True)


def _show(console: Console, comment: Comment) -> None:
    console.print(comment.says, soft_wrap=True)
    if comment.about:
        console.print(f"About: {comment.about}", soft_wrap=True)
    console.print()
    console.print(comment.answer or "Open.", soft_wrap=True)
    for word, names in (("Changed", comment.changed), ("Analyses", comment.analyses)):
        if names:
            console.print(f"{word}: {', '.join(names)}", soft_wrap=True)
