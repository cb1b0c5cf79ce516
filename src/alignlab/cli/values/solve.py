"""`alignlab values solve`: what each state of a process is worth, and what is best to do there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json
from alignlab.cli.values.options import Discount, Horizon, Options, Out, Process

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.values.processes import FiniteMDP, SoftSolution, Solution

__all__ = ["solve"]

SHORT = {
    "pi": "policy iteration",
    "vi": "value iteration",
    "mpi": "modified policy iteration",
    "lp": "linear programming",
}
"""What the methods are called in short, though not here."""

EXACT = 1e-6
"""An error bound below this share of the values is said to be rounding."""


def solve(
    context: typer.Context,
    mdp: Process,
    discount: Discount = 0.99,
    horizon: Horizon = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="policy iteration, value iteration, modified policy iteration or linear "
            "programming. With --horizon it is backward induction. [default: policy iteration]",
        ),
    ] = None,
    soft: Annotated[
        float | None,
        typer.Option(
            metavar="TEMPERATURE",
            help="Instead of the best action, choose actions by exp(value / TEMPERATURE).",
        ),
    ] = None,
    rewards: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Plan for these rewards: state, …, reward."),
    ] = None,
    option: Options = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Find the best values and actions of a finite decision process.

    The MDP is a Gymnasium environment that keeps a table, or a CSV or Parquet file of its
    transitions. DIR gets solve.json, solve.csv and solve.svg. What the beginning is worth is, for
    a file without the column initial, the mean of all states where it does not end.
    """
    from alignlab.cli.output import Result, deliver, prepare
    from alignlab.cli.values.processes import described, read_process, require_small
    from alignlab.errors import InputError
    from alignlab.values.processes import soft_solve
    from alignlab.values.processes import solve as solve_process
    from alignlab.values.processes.reward_tables import read_rewards

    if soft is not None and method is not None:
        raise InputError("--method is for the best actions; --soft has a method of its own.")
    if horizon is not None and method is not None:
        raise InputError(
            f"--method {method}: with --horizon the method is backward induction, so leave it out."
        )
    if method in SHORT:
        raise InputError(f"--method {method}: did you mean {SHORT[method]!r}?")
    if soft is not None:
        require_small(soft, "--soft")
    place = prepare(out)
    process = read_process(mdp, discount=discount, horizon=horizon, options=option)
    if rewards is not None:
        process = process.with_rewards(read_rewards(rewards, process))
        require_small(process.expected_rewards, f"{rewards}: a reward")
    found: Solution | SoftSolution
    if soft is None:
        chosen: Any = "policy iteration" if method is None else method
        found = solve_process(process, method=chosen)
    else:
        found = soft_solve(process, temperature=soft)

    def show(console: Console) -> None:
        console.print(described(mdp, process), style="bold", soft_wrap=True)
        _show(console, process, found)

    def result() -> Result:
        content = {
            "process": described(mdp, process),
            "beginning": _beginning(process, found),
            **found.to_dict(),
            "states": [process.state_name(state) for state in range(process.n_states)],
            "actions": [process.action_name(action) for action in range(process.n_actions)],
        }
        return Result("solve", content, found.to_frame(), found.chart(_question(process, found)))

    deliver(result, show, words=context.obj, out=place, as_json=as_json)
    return 0


def _question(process: FiniteMDP, found: Solution | SoftSolution) -> str:
    """Return what the picture answers: without a grid there are no arrows in it."""
    asked = "What is each state worth"
    if process.grid is not None:
        asked += ", and what is " + ("done" if hasattr(found, "temperature") else "best") + " there"
    return asked + (" at the first step?" if process.horizon is not None else "?")


def _beginning(process: FiniteMDP, found: Solution | SoftSolution) -> float:
    import numpy as np

    return float(process.initial @ np.atleast_2d(found.values)[0])


def _show(console: Console, process: FiniteMDP, found: Solution | SoftSolution) -> None:
    import numpy as np

    from alignlab.cli.output import MOST_ROWS, paragraph, rows_table, signed
    from alignlab.cli.values.grids import has_arrows, show_grid
    from alignlab.cli.values.processes import beginning

    values = np.atleast_2d(found.values)[0]
    if has_arrows(process):
        show_grid(console, process, values, _shown(found))
    else:
        console.print()
        console.print(rows_table(_best(process, found), right=("value", "with probability")))
        if process.n_states > MOST_ROWS:
            rest = process.n_states - MOST_ROWS
            console.print(f"… and {rest:,} more states; --out DIR writes them all.")
    first = "" if process.horizon is None else " before the first step"
    paragraph(
        console,
        f"{beginning(process)} is worth {signed(_beginning(process, found))}{first}. "
        + _certainty(found.error_bound, float(np.abs(values).max(initial=0.0))),
    )
    console.print(_method(process, found))


def _shown(found: Any) -> Any:
    """Return the actions that a grid shows: the best ones, or the most probable one."""
    if hasattr(found, "optimal_actions"):
        return found.optimal_actions()
    chosen = found.policy()
    top = chosen.max(axis=1, keepdims=True)
    return (chosen >= top - 1e-9) & (chosen > 0)


def _best(process: FiniteMDP, found: Any) -> Any:
    """Return one row a state: its value and what is done there."""
    import numpy as np
    import pandas as pd

    from alignlab.cli.output import MOST_ROWS, signed

    shown, values = _shown(found), np.atleast_2d(found.values)[0]
    rows = []
    for state in range(min(process.n_states, MOST_ROWS)):
        actions = [process.action_name(int(a)) for a in np.flatnonzero(shown[state])]
        told = "ends" if process.terminal[state] else " or ".join(actions)
        rows.append([process.state_name(state), signed(values[state]), told])
    frame = pd.DataFrame(rows, columns=["state", "value", "best"])
    if hasattr(found, "temperature"):
        frame = frame.rename(columns={"best": "most probable"})
        top = found.policy()[: len(frame)].max(axis=1)
        frame["with probability"] = ["" if p == 0 else f"{p:.2f}" for p in top]
    return frame


def _certainty(bound: float, scale: float) -> str:
    import math

    if not math.isfinite(bound):
        return "How far the values are from the true ones is not certain: try another --method."
    if bound <= EXACT * max(scale, 1.0):
        return f"No value is off by more than {bound:.1g}, which is rounding."
    return f"No value is off by more than {bound:.2g}."


def _method(process: FiniteMDP, found: Any) -> str:
    if hasattr(found, "temperature"):
        return (
            f"Actions are chosen by exp(value / {found.temperature:g}); values count a bonus of "
            f"{found.temperature:g} for each nat of randomness."
        )
    if process.horizon is not None:
        return f"By {found.method}; what is shown is best at the first step."
    times = {1: "once", 2: "twice"}.get(found.iterations, f"{found.iterations:,} times")
    return f"By {found.method}, improved {times}."
