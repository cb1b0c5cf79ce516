"""What deferral is worth on rows that its rule has not seen: the pair beside each alone.

Every row is judged by a rule that was learned, chosen and given its threshold without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from alignlab.charts import Chart, interval_chart, line_chart
from alignlab.intervals import Estimate
from alignlab.uncertainty.deferral.judged import DeferralCurve, GroupDeferral
from alignlab.uncertainty.deferral.policy import DeferralPolicy

__all__ = ["DeferralResult"]


@dataclass(frozen=True, eq=False)
class DeferralResult:
    """A policy, and what it is worth on rows that it has not seen.

    Attributes
    ----------
    policy
        Says of cases whether to ask.
    measure
        What is earned: "accuracy" (share of right decisions) or "utility".
    model, people
        What each earns alone; people less the cost of asking.
    at_random
        What asking about as many cases as the budget allows, whichever, earns.
    pair
        What the policy earns.
    oracle
        What knowing beforehand who is right would earn within the budget: nobody can.
    gains
        The pair's gain over "model", "people" and "at_random", paired row by row.
    asked
        The share of cases sent to people.
    promised, kept
        The mean gain per case asked about, as the rule expected it and as it turned out; NaN
        where none was.
    rules
        What every learned rule alone, without choice or caution, gains over the model.
    curve
        What is earned as more cases go to people.
    groups
        Whose cases go to people, and what it does for them.
    budget
        The share of cases that people can take.
    rows, decided
        How many rows there were, and on how many a person had decided.
    evaluations
        Rows that the model was asked for.
    level
        Of the intervals.
    """

    policy: DeferralPolicy
    measure: str
    model: Estimate
    people: Estimate
    at_random: Estimate
    pair: Estimate
    oracle: Estimate
    gains: Mapping[str, Estimate]
    asked: Estimate
    promised: float
    kept: Estimate | None
    rules: Mapping[str, Estimate]
    curve: DeferralCurve
    groups: tuple[GroupDeferral, ...]
    budget: float
    rows: int
    decided: int
    evaluations: int
    level: float

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        said = _percent if self.measure == "accuracy" else _number
        alone = (
            f"The model alone has {self.measure} {said(self.model.value)}, people alone "
            f"{said(self.people.value)}"
        )
        if self.policy.rule == "model alone":
            return f"{alone}; no rule for asking surely gains, so the policy asks about no case."
        how = "at random" if self.policy.rule == "people at random" else "by the rule"
        gain = self.gains["model"]
        sure = "a gain of" if gain.low > 0 else "no gain that these rows prove:"
        return (
            f"{alone}, together {said(self.pair.value)} with {self.asked.value:.0%} of cases sent "
            f"to people {how} ({sure} {_signed(gain, said)})."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each way to decide: what it earns, and the pair's gain over it."""
        ways = {
            "model alone": (self.model, self.gains["model"]),
            "people alone": (self.people, self.gains["people"]),
            "people at random within the budget": (self.at_random, self.gains["at_random"]),
            "the pair": (self.pair, None),
            "oracle pair": (self.oracle, None),
        }
        return pd.DataFrame(
            [
                {
                    "who decides": name,
                    self.measure: each.value,
                    "low": each.low,
                    "high": each.high,
                    "pair gains": np.nan if gain is None else gain.value,
                    "gain low": np.nan if gain is None else gain.low,
                    "gain high": np.nan if gain is None else gain.high,
                }
                for name, (each, gain) in ways.items()
            ]
        )

    def groups_frame(self) -> pd.DataFrame:
        """Return one row a group."""
        return pd.DataFrame(
            [
                {
                    "grouping": each.grouping,
                    "group": each.group,
                    "rows": each.rows,
                    "decided": each.decided,
                    "asked": each.asked.value,
                    "model": each.model.value,
                    "people": each.people.value,
                    "pair": each.pair.value,
                    "gain": each.gain.value,
                    "gain low": each.gain.low,
                    "gain high": each.gain.high,
                }
                for each in self.groups
            ]
        )

    def chart(self) -> Chart:
        """Draw what is earned against the share of cases sent to people."""
        frame = self.curve.to_frame()
        rule = "in the rule's order"
        rows = [
            {"share": row["share"], "earned": row[column], "low": low, "high": high, "order": name}
            for column, name in (("pair", rule), ("at random", "at random"))
            for _, row in frame.iterrows()
            for low, high in [
                (row["low"], row["high"]) if name == rule else (row[column], row[column])
            ]
        ]
        return line_chart(
            "What is gained by asking about more cases?",
            rows,
            x="share",
            y="earned",
            x_title="cases that people decide (share)",
            y_title="share decided rightly" if self.measure == "accuracy" else "utility per case",
            series="order",
            band=("low", "high"),
            percent=self.measure == "accuracy",
        )

    def groups_chart(self) -> Chart:
        """Draw the pair's gain over the model in each group."""
        rows = [
            {
                "group": each.group,
                "grouping": each.grouping,
                "value": each.gain.value,
                "low": each.gain.low,
                "high": each.gain.high,
                "n": each.decided,
                "quiet": not each.enough,
            }
            for each in self.groups
        ]
        several = len({each.grouping for each in self.groups}) > 1
        return interval_chart(
            "Whom does asking help?",
            rows,
            x=f"gain in {self.measure} over the model alone",
            facet="grouping" if several else None,
            reference=0.0,
            reference_label="as without people",
            percent=self.measure == "accuracy",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        curve = self.curve.to_frame().to_dict("list")
        return {
            "headline": self.headline,
            "measure": self.measure,
            "policy": self.policy.to_dict(),
            "model": self.model.to_dict(),
            "people": self.people.to_dict(),
            "at_random": self.at_random.to_dict(),
            "pair": self.pair.to_dict(),
            "oracle": self.oracle.to_dict(),
            "gains": {name: each.to_dict() for name, each in self.gains.items()},
            "asked": self.asked.to_dict(),
            "promised": self.promised,
            "kept": None if self.kept is None else self.kept.to_dict(),
            "rules": {name: each.to_dict() for name, each in self.rules.items()},
            "curve": curve,
            "groups": self.groups_frame().to_dict("records"),
            "budget": self.budget,
            "rows": self.rows,
            "decided": self.decided,
            "evaluations": self.evaluations,
            "level": self.level,
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def _percent(number: float) -> str:
    return f"{number:.1%}"


def _number(number: float) -> str:
    return f"{number:.3g}"


def _signed(gain: Estimate, said: Any) -> str:
    return f"{said(gain.value)} [{said(gain.low)}, {said(gain.high)}]"
