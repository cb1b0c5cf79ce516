"""`alignlab values irl`: the reward that demonstrations reveal, and what they cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json, Level
from alignlab.cli.values.options import Discount, Horizon, Options, Out, Process

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.charts import Chart
    from alignlab.datasets import Trajectory
    from alignlab.intervals import Estimate
    from alignlab.values.inverse import IRLResult
    from alignlab.values.inverse.cloning import PolicyComparison
    from alignlab.values.processes import FiniteMDP, Rewards

__all__ = ["irl"]

BUILT_IN = ("state", "arrival", "action")

MOST_STATES = 1000
"""With one feature a state, the information matrix of more would not fit on a page or in time."""

FEWEST_WALKS, MOST_REFITTED = 10, 200
"""Enough trajectories to keep some back; few enough features to fit twice."""

MOST_PAIRED = 6
"""With more features than this, differences of two weights are too many to print."""

MOST_TOLD = 5
"""So many directions that cannot be told are printed; the JSON has them all."""


def irl(
    context: typer.Context,
    mdp: Process,
    demonstrations: Annotated[
        Path,
        typer.Argument(
            metavar="DEMONSTRATIONS",
            help="Trajectories: a table with the columns trajectory, state, action (and next_state "
            "or a last row without an action), or .jsonl with states and actions.",
        ),
    ],
    features: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE.csv",
            help="What the reward is made of: one weight a state (state), a state arrived in "
            "(arrival) or an action (action); or a table: state, …, and a column a feature.",
        ),
    ] = "state",
    temperature: Annotated[
        float,
        typer.Option(metavar="T", help="How random people are taken to be: the weights' unit."),
    ] = 1.0,
    match: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is explained: how often features were shown (features), or each decision "
            "given its state (decisions), for few demonstrations of a random process.",
        ),
    ] = "features",
    regularization: Annotated[
        float,
        typer.Option(
            metavar="L",
            help="Pull weights to 0, where they have no finite maximum; then without intervals.",
        ),
    ] = 0.0,
    discount: Discount = 0.99,
    horizon: Horizon = None,
    level: Level = 0.95,
    option: Options = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Recover a reward from demonstrations.

    With intervals, and with what the demonstrations cannot tell. DIR gets irl.json, irl.csv and
    irl.svg; rewards.csv, which the other commands read; and policy.svg, what follows from it.
    """
    from alignlab.cli.output import Result, deliver, drawn, prepare
    from alignlab.cli.values.processes import described, read_process, require_small
    from alignlab.errors import require_choice
    from alignlab.values.inverse import max_causal_entropy_irl
    from alignlab.values.processes.reward_tables import rewards_frame

    place = prepare(out)
    require_small(temperature, "--temperature")
    process = read_process(mdp, discount=discount, horizon=horizon, options=option)
    described_by = _features(process, features)
    walks = _demonstrations(process, demonstrations)
    options: dict[str, Any] = {
        "temperature": temperature,
        "regularization": regularization,
        "match": require_choice(match, ("features", "decisions"), what="--match"),
        "level": level,
    }
    found = max_causal_entropy_irl(process, walks, features=described_by, **options)
    cloned = None if found.runaway else _cloned(process, walks, described_by, options)

    def show(console: Console) -> None:
        console.print(described(mdp, process), style="bold", soft_wrap=True)
        _show(console, found, cloned, regularization)

    def result() -> Result:
        content = {
            "process": described(mdp, process),
            "demonstrations": demonstrations.name,
            "features": features,
            **found.to_dict(),
            "regularization": regularization,
            "differences": {
                name: told.to_dict() for name, told in _differences(found, regularization).items()
            },
            "held_out": None if cloned is None else cloned.to_dict(),
        }
        frame = rewards_frame(process, found.rewards)
        more = {"rewards.csv": frame.to_csv(index=False, lineterminator="\n")}
        if place is not None:
            question = "What is each state worth under this reward, and what is done there?"
            more["policy.svg"] = drawn(found.policy.chart(question))
        return Result("irl", content, found.to_frame(), _chart(process, found, features), more)

    deliver(result, show, words=context.obj, out=place, as_json=as_json)
    return 0


def _features(process: FiniteMDP, given: str) -> dict[str, Rewards]:
    import numpy as np

    from alignlab.errors import InputError, require_choice
    from alignlab.values.inverse import arrival_features
    from alignlab.values.processes.reward_tables import read_columns

    if Path(given).suffix or Path(given).exists():
        return read_columns(given, process)
    require_choice(given, (*BUILT_IN, "FILE.csv"), what="--features")
    S, A = process.n_states, process.n_actions
    if given == "action":
        marks = np.broadcast_to(np.eye(A)[:, None, :], (A, S, A))
        return {process.action_name(a): np.array(marks[a]) for a in range(A)}
    if S > MOST_STATES:
        raise InputError(
            f"--features {given}: {S:,} states would be as many weights, and {MOST_STATES:,} are "
            "the most. Describe the states by a table: --features FILE.csv."
        )
    if given == "arrival":
        reached = np.unique(process.transitions.indices).tolist()
        return dict(arrival_features(process, {process.state_name(s): s for s in reached}))
    marks = np.eye(S)
    return {process.state_name(s): marks[s] for s in np.flatnonzero(~process.terminal).tolist()}


def _demonstrations(process: FiniteMDP, path: Path) -> tuple[Trajectory, ...]:
    """Return the trajectories; states and actions are named, or numbered, as the file does it."""
    import json

    from alignlab.datasets import read_table, read_trajectories
    from alignlab.datasets.trajectory_files import LINES

    first: dict[str, list[Any]] = {"state": [], "action": []}
    if path.suffix.lower() in LINES:
        try:
            line = next(each for each in path.read_text("utf-8").splitlines() if each.strip())
            told = json.loads(line)
            first = {"state": list(told["states"]), "action": list(told["actions"])}
        except (OSError, ValueError, StopIteration, KeyError, TypeError):
            pass  # The reader says what is wrong, and where.
    else:
        frame = read_table(path)
        for key in first:
            if key in frame.columns:
                first[key] = frame[key].dropna().head(100).tolist()
    return read_trajectories(
        path,
        state_names=_called(process.state_names, first["state"], "state", path.name),
        action_names=_called(process.action_names, first["action"], "action", path.name),
    )


def _called(
    names: tuple[str, ...] | None, cells: list[Any], what: str, name: str
) -> tuple[str, ...] | None:
    from alignlab.errors import InputError

    whole = [isinstance(each, int) or str(each).removesuffix(".0").isdigit() for each in cells]
    if names is None and not all(whole) and not any(isinstance(each, list) for each in cells):
        cell = cells[whole.index(False)]
        raise InputError(
            f"{name}: there is no {what} {cell!r}. This process numbers its {what}s from 0."
        )
    if names is not None and all(whole) and not {str(each) for each in cells} & set(names):
        return None
    return names


def _cloned(
    process: FiniteMDP,
    walks: tuple[Trajectory, ...],
    described_by: dict[str, Rewards],
    options: dict[str, Any],
) -> PolicyComparison | None:
    """Hold a reward and an imitation, neither fitted to them, against walks that were kept back."""
    from alignlab.random import as_generator
    from alignlab.values.inverse import max_causal_entropy_irl
    from alignlab.values.inverse.cloning import behavioural_cloning, compare_policies

    if len(walks) < FEWEST_WALKS or len(described_by) > MOST_REFITTED:
        return None
    order = as_generator(0, "irl", "held out").permutation(len(walks)).tolist()
    back = set(order[: len(walks) // 5])
    kept = [walk for at, walk in enumerate(walks) if at in back]
    rest = [walk for at, walk in enumerate(walks) if at not in back]
    found = max_causal_entropy_irl(process, rest, features=described_by, **options)
    if found.runaway:
        return None
    policies = {"cloning": behavioural_cloning(process, rest), "reward": found.policy}
    return compare_policies(process, policies, kept, level=options["level"])


def _chart(process: FiniteMDP, found: IRLResult, features: str) -> Chart:
    """Draw the reward on the grid where states have it, else the weights."""
    import numpy as np

    from alignlab.values.processes.pictures import values_chart

    paid = found.rewards
    if process.grid is not None and isinstance(paid, np.ndarray) and paid.ndim == 1:
        return values_chart(process, paid, question="What does each state pay, by what was done?")
    return found.chart()


def _show(console: Console, found: IRLResult, cloned: PolicyComparison | None, pull: float) -> None:
    import math

    from alignlab.cli.output import MOST_ROWS, bullet, paragraph, rows_table, signed

    walks = "1 trajectory" if found.trajectories == 1 else f"{found.trajectories:,} trajectories"
    decisions = "1 decision" if found.decisions == 1 else f"{found.decisions:,} decisions"
    told = f"From {walks} with {decisions}. "
    if found.runaway:
        paragraph(console, told + _runaway(found), style="yellow")
    frame = _weights(found, pull)
    console.print()
    console.print(rows_table(frame, right=("weight", "shown", "expected")))
    if len(frame) > MOST_ROWS:
        rest = len(frame) - MOST_ROWS
        console.print(f"… and {rest:,} more weights; --out DIR writes them all.")
    if found.runaway:
        return
    paragraph(
        console,
        f"{told}The reward gives a demonstrated decision a probability of "
        f"{math.exp(found.log_likelihood):.0%} (geometric mean); choosing blindly gives "
        f"{1 / found.mdp.n_actions:.0%}.",
    )
    console.print(_held_out(cloned) if cloned is not None else _not_held_out(found))
    if pull:
        console.print(
            f"The weights are pulled towards 0 by --regularization {pull:g}, and no interval of "
            "pulled weights would hold the true ones."
        )
    if found.match == "decisions":
        console.print("The weights explain each decision; what was shown depends on chance too.")
    elif found.converged and pull:
        console.print("What it expects of each feature is what was shown, less the pull.")
    elif found.converged:
        console.print(
            f"What it expects of each feature is what was shown, to within {found.gap:.1g}."
        )
    else:
        console.print(f"The search did not converge: expectations are off by {found.gap:.2g}.")
    for name, apart in _differences(found, pull).items():
        value, low, high = (signed(each) for each in (apart.value, apart.low, apart.high))
        console.print(f"{name} can be told: {value} [{low}, {high}].")
    if found.not_identified:
        paragraph(console, "What these demonstrations cannot tell:")
        for each in found.not_identified[:MOST_TOLD]:
            bullet(console, str(each))
        rest = len(found.not_identified) - MOST_TOLD
        if rest > 0:
            console.print(f"… and {rest:,} more directions; --out DIR writes them all.")


def _differences(found: IRLResult, pull: float) -> dict[str, Estimate]:
    """Return the differences of two weights that can be told although neither weight can."""
    import math
    from itertools import combinations

    open_ones = [
        name for name, told in found.weights.items() if not math.isfinite(told.high - told.low)
    ]
    if found.runaway or pull or not 2 <= len(open_ones) <= MOST_PAIRED:
        return {}
    pairs = {
        f"{one} - {two}": found.contrast({one: 1.0, two: -1.0})
        for one, two in combinations(open_ones, 2)
    }
    return {name: told for name, told in pairs.items() if math.isfinite(told.high - told.low)}


def _runaway(found: IRLResult) -> str:
    names = list(found.runaway)
    told = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    ways = "--regularization 0.01, or fewer features"
    if found.match == "features":
        ways = "--match decisions, " + ways
    return (
        f"No finite weights explain these demonstrations best: those of {told} run away, and the "
        f"numbers below mean nothing. Give {ways}."
    )


def _held_out(cloned: PolicyComparison) -> str:
    import math

    from alignlab.cli.output import signed

    likely = {name: math.exp(told.value) for name, told in cloned.log_likelihood.items()}
    gain = cloned.gain["reward"]
    ends = sorted((abs(gain.low), abs(gain.high)))
    by = f"by {signed(abs(gain.value))} [{signed(ends[0])}, {signed(ends[1])}] nats a decision"
    if gain.low > 0:
        better = f"the reward foresees more, {by}"
    elif gain.high < 0:
        better = (
            f"imitation foresees more, {by}. Something that people care about may be missing among "
            "the features, or people chose in another way than the model takes them to"
        )
    else:
        value, low, high = (signed(each) for each in (gain.value, gain.low, gain.high))
        better = (
            "neither foresees surely more (the reward's gain is "
            f"{value} [{low}, {high}] nats a decision)"
        )
    return (
        f"On {gain.n:,} trajectories kept back, a reward from the others gives "
        f"{likely['reward']:.0%} and imitating state by state {likely['cloning']:.0%}: {better}."
    )


def _not_held_out(found: IRLResult) -> str:
    if found.trajectories < FEWEST_WALKS:
        return (
            f"Whether it foresees more than imitation was not asked: {FEWEST_WALKS} trajectories "
            "are the fewest to keep some back."
        )
    if len(found.weights) > MOST_REFITTED:
        return (
            "Whether it foresees more than imitation was not asked: more than "
            f"{MOST_REFITTED} weights take too long to fit twice."
        )
    return (
        "Whether it foresees more than imitation cannot be told: without those kept back, the "
        "weights have no finite maximum."
    )


def _weights(found: IRLResult, pull: float) -> Any:
    """Return the weights as texts: those that can be told first, the largest first."""
    import numpy as np
    import pandas as pd

    from alignlab.cli.output import signed

    rows = []
    for name, weight in found.weights.items():
        known = bool(np.isfinite(weight.high - weight.low))
        interval = f"{signed(weight.low)} to {signed(weight.high)}" if known else weight.method
        if pull and weight.method != "not identified":
            interval = "pulled towards 0; no interval"
        shown = (signed(found.demonstrated[name]), signed(found.modelled[name]))
        rows.append((not known, -abs(weight.value), name, signed(weight.value), interval, *shown))
    rows.sort(key=lambda row: row[:2])
    level = f"{found.level:.0%} interval"
    columns = ["feature", "weight", level, "shown", "expected"]
    return pd.DataFrame([row[2:] for row in rows], columns=columns)
