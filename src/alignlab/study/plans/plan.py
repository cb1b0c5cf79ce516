"""The plan of a study as a value: what each hypothesis can show, at which spreads, at what cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, Literal

from alignlab.charts import Chart, line_chart
from alignlab.study.plans.power import Direction, difference_power

__all__ = ["AtSpread", "Cost", "HypothesisPlan", "StudyPlan"]

CHARTED = 25
"""Numbers of seeds to draw the power at, or fewer."""


@dataclass(frozen=True, slots=True)
class AtSpread:
    """What a hypothesis' power would be if pairs differed so much.

    Attributes
    ----------
    spread
        The standard deviation of the difference within pairs.
    power
        With what is planned.
    needed
        Seeds, or tasks, for the power wanted; `None` where no number up to 100,000 suffices.
    """

    spread: float
    power: float
    needed: int | None


@dataclass(frozen=True, slots=True)
class HypothesisPlan:
    """What the study can show of one hypothesis.

    Attributes
    ----------
    name, comparison
        The hypothesis, and what it compares, in words.
    direction, effect, spread
        As stated.
    alpha, comparisons
        Of its test after correction, and the size of its family; 1 where it is in none.
    seeds, tasks
        Pairs in each task, and tasks; where tasks are drawn anew, only the outermost count.
    draws
        What the study generalises to: "seeds" or "tasks".
    power, most
        The chance of showing the smallest effect; and, to new tasks, what it would be if tasks did
        not differ. `None` without a spread.
    needed
        Seeds, or tasks, for the power wanted; `None` without a spread or where none suffices.
    attainable
        The smallest p-value that the exact sign-flip test can give; `None` for an equivalence.
    at_spreads
        The same for smaller and larger spreads.
    notes
        What to know and what to do, in sentences.
    """

    name: str
    comparison: str
    direction: Direction
    effect: float
    spread: float | None
    alpha: float
    comparisons: int
    seeds: int
    tasks: int
    draws: Literal["seeds", "tasks"]
    power: float | None
    most: float | None
    needed: int | None
    attainable: float | None
    at_spreads: tuple[AtSpread, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the runs take.

    Attributes
    ----------
    runs
        Configurations times seeds.
    seconds_per_run
        On average, or `None` where nothing is known.
    known_from
        "runs" that were made, what is "stated", or "nothing".
    workers
        Runs at a time.
    seconds
        In all, one round of workers after another.
    """

    runs: int
    seconds_per_run: float | None
    known_from: Literal["runs", "stated", "nothing"]
    workers: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What a study can show, and its cost.

    Attributes
    ----------
    study, seeds, configurations
        Its name, replicates and configurations.
    level, power
        As stated.
    hypotheses, cost
        In turn.
    notes
        About the study as a whole, in sentences.
    """

    study: str
    seeds: int
    configurations: int
    level: float
    power: float
    hypotheses: tuple[HypothesisPlan, ...]
    cost: Cost
    notes: tuple[str, ...]

    @property
    def seeds_needed(self) -> int | None:
        """Seeds for every hypothesis at once, or `None` where that is unknown or never enough."""
        needed = [each.needed if each.draws == "seeds" else None for each in self.hypotheses]
        known = [each for each in needed if each is not None]
        return max(known) if known and len(known) == len(needed) else None

    @property
    def headline(self) -> str:
        """What the study can show, in one sentence."""
        seeds = "1 seed" if self.seeds == 1 else f"{self.seeds} seeds"
        runs = f"{self.configurations} configurations × {seeds} = {self.cost.runs} runs"
        known = [each for each in self.hypotheses if each.power is not None]
        if not known:
            return f"{runs}; the chance of showing anything is unknown."
        weakest = min(known, key=lambda each: each.power or 0.0)
        which = f" ({weakest.name})" if len(self.hypotheses) > 1 else ""
        least_shown = "" if len(known) == 1 else "least "
        return (
            f"{runs}; the {least_shown}chance of showing the smallest effect that matters is "
            f"{weakest.power:.0%}{which}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), "seeds_needed": self.seeds_needed}

    def to_frame(self) -> Any:
        """Return one row a hypothesis and spread as a pandas data frame."""
        import pandas as pd

        rows = [
            {"hypothesis": each.name, "draws": each.draws, "alpha": each.alpha, **asdict(at)}
            for each in self.hypotheses
            for at in each.at_spreads
        ]
        return pd.DataFrame(
            rows, columns=["hypothesis", "draws", "alpha", "spread", "power", "needed"]
        )

    def chart(self) -> Chart | None:
        """Draw the power against the number of seeds, or `None` where no spread is stated."""
        far = max(10, round(1.5 * max(self.seeds, self.seeds_needed or 0)))
        step = ceil(far / CHARTED)
        rows = [
            {
                "seeds": n,
                "power": difference_power(
                    each.effect,
                    each.spread,
                    n,
                    tasks=each.tasks,
                    direction=each.direction,
                    alpha=each.alpha,
                ),
                "hypothesis": each.name,
            }
            for each in self.hypotheses
            if each.spread is not None and each.draws == "seeds"
            for n in range(2, far + step, step)
        ]
        if not rows:
            return None
        return line_chart(
            "How many seeds show the smallest effect that matters?",
            rows,
            x="seeds",
            y="power",
            x_title="seeds",
            y_title="chance of showing it (%)",
            series="hypothesis",
            percent="y",
        )
