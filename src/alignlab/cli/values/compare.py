"""`alignlab values compare`: how far two rewards are apart, and what mistaking one costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json
from alignlab.cli.values.options import Discount, Horizon, Options, Out, Process

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.charts import Chart
    from alignlab.values.rewards import RewardDistance

__all__ = ["compare"]

SAME, NEAR, UNRELATED = 1e-6, 0.1, 0.5**0.5
"""Distances: up to rounding 0; close to 0; of rewards whose canonical forms are uncorrelated."""

ONLY_POSSIBLE = (
    "EPIC asks what every transition pays, and the rewards say it only for those that can happen."
)


def compare(
    context: typer.Context,
    mdp: Process,
    first: Annotated[
        Path, typer.Argument(metavar="A.csv", help="A table of rewards: state, …, reward.")
    ],
    second: Annotated[
        Path | None,
        typer.Argument(metavar="B.csv", help="Another one. [default: the process's own reward]"),
    ] = None,
    discount: Discount = 0.99,
    horizon: Horizon = None,
    option: Options = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Say how far two rewards are apart.

    By their STARC and EPIC distances, and by what optimising one loses where the other is meant.
    Rewards are tables with the columns state, reward; state, action, reward; state, action,
    next_state, reward; or next_state, reward, for what is paid on arrival.
    """
    from alignlab.cli.output import Result, deliver, prepare
    from alignlab.cli.values.processes import described, read_process, require_small
    from alignlab.values.processes.reward_tables import read_rewards
    from alignlab.values.rewards import epic_distance, regret, starc_distance

    place = prepare(out)
    process = read_process(mdp, discount=discount, horizon=horizon, options=option)
    one = read_rewards(first, process)
    other = process.rewards if second is None else read_rewards(second, process)
    for path, rewards in ((first, one), (second, other)):
        if path is not None:
            require_small(process.expected(rewards), f"{path}: a reward")
    # EPIC asks what impossible transitions would pay, which tables about arrivals say too.
    everywhere = (
        read_rewards(first, process, impossible=True),
        other if second is None else read_rewards(second, process, impossible=True),
    )
    names = (str(first), "the process's own reward" if second is None else str(second))
    measures = (
        _measured("STARC", lambda: starc_distance(process, one, other)),
        _measured("EPIC", lambda: epic_distance(process, *everywhere)),
        _measured("regret of A for B", lambda: regret(process, of=one, under=other)),
        _measured("regret of B for A", lambda: regret(process, of=other, under=one)),
    )
    keys = ("starc", "epic", "regret_of_first", "regret_of_second")
    content = {
        "process": described(mdp, process),
        "first": names[0],
        "second": names[1],
        **{
            key: {"not_measured": each.why} if each.found is None else each.found.to_dict()
            for key, each in zip(keys, measures, strict=True)
        },
    }

    def show(console: Console) -> None:
        from alignlab.cli.output import paragraph

        console.print(described(mdp, process), style="bold", soft_wrap=True)
        console.print(f"A: {names[0]}", soft_wrap=True)
        console.print(f"B: {names[1]}", soft_wrap=True)
        for key, each in zip(keys, measures, strict=True):
            paragraph(console, _sentence(key, each))

    def result() -> Result:
        return Result("compare", content, _frame(measures), _chart(measures))

    deliver(result, show, words=context.obj, out=place, as_json=as_json)
    return 0


@dataclass(frozen=True)
class _Measure:
    name: str
    found: Any
    why: str = ""

    @property
    def share(self) -> tuple[float, float, float]:
        """From 0 to 1: the number, and from where to where it can lie."""
        if hasattr(self.found, "distance"):
            return (self.found.distance,) * 3
        low, high = self.found.best_share, self.found.worst_share
        return (high, low, high)


def _measured(name: str, measure: Callable[[], Any]) -> _Measure:
    """Return what was measured, or why this process and these tables do not allow it."""
    from alignlab.errors import InputError

    try:
        return _Measure(name, measure())
    except InputError as error:
        if name == "EPIC" and "transitions" in str(error):
            return _Measure(name, None, ONLY_POSSIBLE)
        return _Measure(name, None, str(error))


def _sentence(key: str, each: _Measure) -> str:
    if each.found is None:
        said = {"starc": "STARC", "epic": "EPIC"}.get(key, "Regret")
        return f"{said}: not measured. {each.why[:1].upper()}{each.why[1:]}"
    if key == "starc":
        return f"STARC {_told(each.found)}, as far as policies of this process can tell."
    if key == "epic":
        return f"EPIC {_told(each.found)}, over all transitions, whether they can happen or not."
    of, under = ("A", "B") if key == "regret_of_first" else ("B", "A")
    rest = each.found.summary.removeprefix("Optimising it ")
    if each.found.worst == 0:
        rest = "loses nothing."
    return f"Regret: optimising {of} where {under} is meant {rest}"


def _told(found: RewardDistance) -> str:
    """Return a distance in words; canonical rewards at a right angle are sqrt(1/2) apart."""
    distance = found.distance
    number = f"{distance:.3f}"
    if 0 in (found.first_norm, found.second_norm):
        both = found.first_norm == found.second_norm
        who = "both prefer" if both else "one of the two prefers"
        return f"{number}: {who} nothing to anything"
    if distance < SAME:
        return f"{number}: the two want the same"
    if distance > 1 - SAME:
        return f"{number}: the two want the opposite"
    if distance < NEAR:
        return f"{number}: the two want nearly the same"
    if abs(distance - UNRELATED) <= NEAR / 2:
        return f"{number}: the two have nothing in common"
    more = "agree more than they disagree" if distance < UNRELATED else (
        "disagree more than they agree"
    )  # fmt: skip
    return f"{number}: the two {more}"


def _frame(measures: tuple[_Measure, ...]) -> Any:
    import pandas as pd

    nothing = (float("nan"),) * 3
    rows = [(each.name, *(nothing if each.found is None else each.share)) for each in measures]
    return pd.DataFrame(rows, columns=["measure", "value", "low", "high"])


def _chart(measures: tuple[_Measure, ...]) -> Chart | None:
    from alignlab.charts import bar_chart

    rows = [
        {"measure": each.name, **dict(zip(("value", "low", "high"), each.share, strict=True))}
        for each in measures
        if each.found is not None
    ]
    x = "0: the same, 1: the opposite; for regret, share of what there is to lose"
    return bar_chart(
        "How far apart are the two rewards?", rows, x=x, y="measure", value="value", percent=False
    )
