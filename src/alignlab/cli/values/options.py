"""The arguments and options that the commands of `alignlab values` share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Discount", "Horizon", "Options", "Out", "Process"]

# Each is a type of its own, so that a command's signature reads as the list of its options.
Process = Annotated[
    str,
    typer.Argument(
        metavar="MDP",
        help="A Gymnasium environment that keeps a table, such as FrozenLake-v1; or a CSV or "
        "Parquet file with the columns state, action, next_state, probability, reward.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="Of the environment, such as is_slippery=false; repeatable.",
    ),
]
Discount = Annotated[
    float,
    typer.Option(metavar="SHARE", help="What a reward one step later counts, from 0 to 1."),
]
Horizon = Annotated[
    int | None,
    typer.Option(metavar="N", help="After how many steps it ends in any case. [default: never]"),
]
Out = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Write the numbers, a table and a picture there."),
]
