"""The options that commands of several rooms share, each in the same words."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "ROWS",
    "AllowPickle",
    "Classes",
    "Features",
    "Json",
    "Level",
    "Model",
    "Seed",
    "Target",
    "Task",
    "Training",
    "Trust",
    "split_names",
]

ROWS = (
    "a CSV, Parquet or Arrow file; or images: a .npz file, a folder with one folder of pictures a "
    "class, digits or mnist-5k."
)

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="The folder that alignlab train or calibrate wrote, model.skops, model.onnx, "
        "model.pt2, weights.safetensors@package.module:Class, package.module:function, "
        "https://…, or model.pkl with --allow-pickle.",
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="COL", help="Of a table: the column of true classes.")
]
Task = Annotated[
    str | None,
    typer.Option(metavar="TASK", help="classification or regression, where that is unclear."),
]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="CLASS,CLASS[,…]",
        help="All classes in the order of the model's answers, where nothing shows them.",
    ),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="COL[,COL…]",
        help="Of a table: the columns that the model reads, in its order, where it does not name "
        "them.",
    ),
]
Training = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Rows that the model was fitted on: none of them may calibrate. A folder that "
        "alignlab wrote knows its own.",
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", help="The root of all randomness.")]
Level = Annotated[float, typer.Option(metavar="SHARE", help="Coverage of the intervals.")]

AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Open a pickle, which can run any code in it.")
]
Trust = Annotated[
    list[str] | None,
    typer.Option(metavar="TYPE", help="A type that a skops file may hold; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]


def split_names(text: str | None, option: str) -> list[str] | None:
    """Return what commas part; `None` where nothing was said."""
    from alignlab.errors import InputError

    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InputError(
            f"{option} {text!r}: there is nothing before, after or between the commas."
        )
    return names
