"""`alignlab values shape`: add a potential to a reward, or check one that somebody shaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json
from alignlab.cli.values.options import Discount, Horizon, Options, Out, Process

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.values.processes import FiniteMDP, Rewards
    from alignlab.values.rewards import ShapingCheck

__all__ = ["shape"]

FINE, UNSAFE = 0, 1

ROUNDING = 1e-9
"""Relative to the largest reward."""

SHAPINGS = ("potential-based", "potential-based in expectation")
"""Verdicts about what was added, not about what it happens to do in this process."""

GIVEN = "--potential, --shaped or --bonus"


def shape(
    context: typer.Context,
    mdp: Process,
    potential: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Add this potential: state, potential."),
    ] = None,
    shaped: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Or check this whole reward: state, …, reward."),
    ] = None,
    bonus: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Or check what this adds to the process's reward."),
    ] = None,
    discount: Discount = 0.99,
    horizon: Horizon = None,
    option: Options = None,
    fail_unsafe: Annotated[
        bool,
        typer.Option(
            "--fail-unsafe",
            help="Exit with 1 unless it is potential-based, also if only in expectation, or the "
            "original reward at another scale.",
        ),
    ] = False,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Say whether a shaped reward is safe.

    It is if what was added is a potential difference; the potential, or a loop that pays for
    nothing, is the proof. That what is best stays best in this one process is said, and is luck.
    With --potential the shaped reward is made and checked, and DIR/rewards.csv has it. Exit code:
    0, or 1 if --fail-unsafe says so, or 2 on wrong input.
    """
    from alignlab.cli.output import Result, deliver, prepare
    from alignlab.cli.values.processes import described, read_process, require_small
    from alignlab.errors import InputError
    from alignlab.values.processes.reward_tables import rewards_frame
    from alignlab.values.rewards import check_shaping

    ways = {"--potential": potential, "--shaped": shaped, "--bonus": bonus}
    given = [name for name, path in ways.items() if path is not None]
    if len(given) != 1:
        problem = "nothing to check" if not given else f"{' and '.join(given)} are two questions"
        raise InputError(f"{problem}: give one of {GIVEN}.")
    place = prepare(out)
    process = read_process(mdp, discount=discount, horizon=horizon, options=option)
    target = _target(process, potential, shaped, bonus)
    require_small(process.expected(target), f"{ways[given[0]]}: a reward")
    check = check_shaping(process, target)
    scale = _multiple(process, target)
    passes = scale is not None or check.verdict in SHAPINGS

    def result() -> Result:
        more = {}
        if potential is not None:
            frame = rewards_frame(process, target)
            more["rewards.csv"] = frame.to_csv(index=False, lineterminator="\n")
        content = {
            "process": described(mdp, process),
            "checked": f"{given[0]} {ways[given[0]]}",
            **_named(process, check.to_dict()),
            "multiple_of_original": scale,
            "passes": passes,
        }
        return Result("shape", content, _states(process, check), _chart(process, check), more)

    def show(console: Console) -> None:
        console.print(described(mdp, process), style="bold", soft_wrap=True)
        _show(console, check, scale)
        if fail_unsafe:
            _show_gate(console, passes)

    deliver(result, show, words=context.obj, out=place, as_json=as_json)
    return UNSAFE if fail_unsafe and not passes else FINE


def _target(
    process: FiniteMDP, potential: Path | None, shaped: Path | None, bonus: Path | None
) -> Rewards:
    from alignlab.values.processes.reward_tables import read_potential, read_rewards
    from alignlab.values.rewards import potential_shaping

    if potential is not None:
        return potential_shaping(process, read_potential(potential, process)).rewards
    if shaped is not None:
        return read_rewards(shaped, process)
    from alignlab.values.inverse.features import read_features

    assert bonus is not None
    parts = {"original": process.rewards, "bonus": read_rewards(bonus, process)}
    return read_features(process, parts).rewards([1.0, 1.0])


def _multiple(process: FiniteMDP, target: Rewards) -> float | None:
    """Return by which positive number, other than 1, the process's reward was multiplied."""
    import numpy as np

    from alignlab.values.rewards.steps import Steps

    steps = Steps(process)
    before, after = steps.paid(process.rewards), steps.paid(target)
    if not (size := float(before @ before)):
        return None
    scale = float(after @ before) / size
    off = np.abs(after - scale * before).max()
    same = scale > 0 and off <= ROUNDING * np.abs(after).max() and abs(scale - 1) > ROUNDING
    return scale if same else None


def _named(process: FiniteMDP, told: dict[str, Any]) -> dict[str, Any]:
    """Return the check with states by their names, beside their numbers."""
    for key in ("changed", "misled"):
        told[key] = [process.state_name(int(state)) for state in told[key]]
    return told


def _states(process: FiniteMDP, check: ShapingCheck) -> Any:
    """Return one row a state: its potential, and what is optimal before and after."""
    import numpy as np
    import pandas as pd

    # With a horizon, what holds before the first step.
    sets = [
        each if each.ndim == 2 else each[0]
        for each in (check.original_actions, check.shaped_actions)
    ]
    potential = np.atleast_2d(check.potential)[0] + 0.0
    told = [
        [
            "|".join(process.action_name(int(a)) for a in np.flatnonzero(each[state]))
            for state in range(process.n_states)
        ]
        for each in sets
    ]
    return pd.DataFrame(
        {
            "state": [process.state_name(state) for state in range(process.n_states)],
            "potential": potential,
            "optimal_before": told[0],
            "optimal_after": told[1],
            "changed": check.changed,
            "misled": check.misled,
        }
    )


def _chart(process: FiniteMDP, check: ShapingCheck) -> Any:
    """Draw what is lost where the policy changes, else the potential."""
    import numpy as np

    if not check.safe:
        return check.chart()
    from alignlab.values.processes.pictures import values_chart

    potential = np.atleast_2d(check.potential)[0] + 0.0  # no negative zeros
    return values_chart(process, potential, question="Which potential is added?")


def _show(console: Console, check: ShapingCheck, scale: float | None) -> None:
    from rich.text import Text

    from alignlab.cli.output import MOST_ROWS, rows_table, signed
    from alignlab.cli.terminal import COLOURS

    colour = "pass" if scale is not None or check.verdict in SHAPINGS else "fail"
    console.print()
    console.print(Text(_headline(check, scale), style=COLOURS[colour]))
    for line in _grounds(check, scale):
        console.print(Text(line))
    table = check.table()
    if table.rows:
        frame = table.to_frame()
        frame["loss"] = frame["loss"].map(lambda lost: "" if lost != lost else signed(lost))
        console.print()
        console.print(rows_table(frame, right=("loss",)))
        if len(frame) > MOST_ROWS:
            rest = len(frame) - MOST_ROWS
            console.print(f"… and {rest:,} more states; --out DIR writes them all.")


def _headline(check: ShapingCheck, scale: float | None) -> str:
    if scale is not None:
        return f"Safe: it is {scale:.6g} times the original reward."
    if check.verdict in SHAPINGS:
        return f"Safe: {check.verdict}."
    if check.safe:
        return "Not a shaping, but the optimal policies stay here."
    return f"Not safe: {check.verdict}."


def _grounds(check: ShapingCheck, scale: float | None) -> list[str]:
    """Return what the verdict means, what it costs, who shows it and why, each a line."""
    process = check.original
    if scale is not None:
        return ["The scale of a reward changes no preference among policies."]
    if check.potential_based:
        return [check.summary]
    lines = []
    if check.verdict in SHAPINGS:
        lines = ["Every policy gains the same here, but would not under other dynamics."]
    elif check.safe:
        lines = [
            "Whatever is optimal under the shaped reward is optimal under the original one here, "
            "and need not be where the dynamics, the discount or the rest of the reward differ."
        ]
    elif check.misled.any():
        misled, inside = int(check.misled.sum()), int((~process.terminal).sum())
        lines = [f"At {misled:,} of {inside:,} states an action becomes optimal that was not."]
    else:
        lines = ["A loop pays without end, and without a discount a patient agent takes it."]
    cost = "" if check.safe or check.regret is None else check.regret.summary
    proof = "" if check.witness is None else check.witness.told(process)
    return [line for line in (*lines, cost, proof, check.reason) if line]


def _show_gate(console: Console, passes: bool) -> None:
    from alignlab.cli.output import paragraph
    from alignlab.cli.terminal import COLOURS

    line = "Gate: safe." if passes else "Gate: not a safe shaping, so the exit code is 1."
    paragraph(console, line, style="" if passes else COLOURS["fail"])
