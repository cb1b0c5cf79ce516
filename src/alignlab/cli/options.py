"""The options that commands of several rooms share, each in the same words."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AllowPickle", "Json", "Trust"]

AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Open a pickle, which can run any code in it.")
]
Trust = Annotated[
    list[str] | None,
    typer.Option(metavar="TYPE", help="A type that a skops file may hold; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
