"""Approve, deny or ask: the policy of maximum expected utility when a person can be asked.

With probabilities p_k of the classes, utilities U[a, k] of deciding a when k is true, and a cost c
of asking, each case gets the decision of the highest sum_k p_k U[a, k], unless a person's answer is
worth more than c (`information.py`). For two classes, with p the probability of the second, all of
these are straight lines or upper envelopes of straight lines in p, so the policy is a few intervals
with ends in closed form. Two decisions part at

    p = (U[0,0] - U[1,0]) / (U[0,0] - U[1,0] + U[1,1] - U[0,1])        [elkan2001foundations, eq. 2]

and with errors that count alike, asking somebody who never errs fills c < p < 1 - c: Chow's
rule [chow1970optimum]. Assumes calibrated probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate, share_estimate, share_size
from alignlab.tables import Table
from alignlab.values.utility.asking import AskingValue, value_of_asking
from alignlab.values.utility.information import (
    checked_probabilities,
    checked_utilities,
    reviewer_likelihoods,
)

__all__ = ["DecisionPolicy", "Region", "decision_policy"]

Floats = NDArray[np.float64]

ASK = "ask"
"""The name of the action that is not a decision."""

POINTS = 201
"""Probabilities at which the chart is drawn."""


@dataclass(frozen=True, slots=True)
class Region:
    """An interval of the second class's probability, and what to do inside it.

    Attributes
    ----------
    low, high
        The ends.
    action
        The name of a decision, or "ask".
    """

    low: float
    high: float
    action: str


@dataclass(frozen=True, eq=False)
class DecisionPolicy:
    """What to do in each case, and what that is worth by the probabilities given.

    Attributes
    ----------
    asking
        The value of asking, case by case, with its price: everything else follows from it.
    probabilities
        Shape (n, n_classes).
    utilities
        Shape (n_decisions, n_classes).
    names
        The decisions' names.
    weights
        Of the cases, or `None`.
    level
        Of the intervals.
    """

    asking: AskingValue
    probabilities: Floats
    utilities: Floats
    names: tuple[str, ...]
    weights: Floats | None
    level: float

    @property
    def decisions(self) -> NDArray[np.intp]:
        """The best decision of each case if nobody is asked, shape (n,)."""
        return self.asking.best_decision

    @property
    def ask(self) -> NDArray[np.bool_]:
        """Whether to ask, shape (n,)."""
        return self.asking.ask

    @property
    def actions(self) -> NDArray[np.str_]:
        """The name of each case's decision, or "ask", shape (n,)."""
        return np.where(self.ask, ASK, np.asarray(self.names)[self.decisions])

    @property
    def expected(self) -> Floats:
        """The expected utility of each case's action, less what asking costs, shape (n,)."""
        net = self.asking.knowing - self.asking.asking_cost
        return np.where(self.ask, net, self.asking.now)

    @property
    def share_asked(self) -> Estimate:
        """The share of cases to ask about, with its exact interval."""
        mass = np.ones(len(self.ask)) if self.weights is None else self.weights
        shares = mass / mass.sum()
        size = share_size(shares @ self.ask, 1.0, shares**2 @ self.ask, shares @ shares)
        value = min(float(shares @ self.ask), 1.0)
        return share_estimate(value, float(size), rows=int((shares > 0).sum()), level=self.level)

    @property
    def utility_without_asking(self) -> Estimate:
        """The mean expected utility of a case if nobody is asked."""
        return mean_estimate(self.asking.now, weights=self.weights, level=self.level)

    @property
    def utility_with_asking(self) -> Estimate:
        """The mean expected utility of a case under the policy."""
        return mean_estimate(self.expected, weights=self.weights, level=self.level)

    @property
    def gain_from_asking(self) -> Estimate:
        """The mean gain of a case from asking where it pays, case by case in pairs."""
        gain = self.expected - self.asking.now
        return mean_estimate(gain, weights=self.weights, level=self.level)

    @property
    def regions(self) -> tuple[Region, ...]:
        """With two classes: what to do at each probability of the second; empty with more."""
        if self.probabilities.shape[1] != 2:
            return ()
        return _regions(self.utilities, self.names, self.asking)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """With two classes: the probabilities of the second at which the action changes."""
        return tuple(region.low for region in self.regions[1:])

    def to_dict(self) -> dict[str, Any]:
        """Return the actions and the estimates as plain values."""
        return {
            "names": list(self.names),
            "asking_cost": self.asking.asking_cost,
            "reviewer_accuracy": self.asking.reviewer_accuracy,
            "actions": self.actions.tolist(),
            "share_asked": self.share_asked.to_dict(),
            "utility_without_asking": self.utility_without_asking.to_dict(),
            "utility_with_asking": self.utility_with_asking.to_dict(),
            "gain_from_asking": self.gain_from_asking.to_dict(),
            "regions": [[each.low, each.high, each.action] for each in self.regions],
        }

    def to_frame(self) -> Any:
        """Return one row a case: its action, best decision, values and whether to ask."""
        import pandas as pd

        return pd.DataFrame(
            {
                "action": self.actions,
                "best_decision": np.asarray(self.names)[self.decisions],
                "expected_utility": self.expected,
                "without_asking": self.asking.now,
                "value_of_asking": self.asking.value,
            }
        )

    def table(self) -> Table:
        """Return each action's cases, their share and their mean expected utility."""
        mass = np.ones(len(self.ask)) if self.weights is None else self.weights
        rows = []
        for name in (*self.names, ASK):
            chosen = self.actions == name
            total = float(mass[chosen].sum())
            mean = float(mass[chosen] @ self.expected[chosen]) / total if total else None
            rows.append((name, int(chosen.sum()), total / float(mass.sum()), mean))
        columns = ("action", "cases", "share", "expected utility per case")
        return Table("What to do", columns, tuple(rows))

    def chart(self, question: str = "What is each action worth at a probability?") -> Chart:
        """Draw, for two classes, the expected utility of each action against the probability."""
        if self.probabilities.shape[1] != 2:
            raise InputError("Only with two classes is there one probability to draw against.")
        p = np.linspace(0, 1, POINTS)
        said = np.column_stack([1 - p, p])
        lines = dict(zip(self.names, (said @ self.utilities.T).T, strict=True))
        lines[ASK] = _after_answer(self.utilities, self.asking, p) - self.asking.asking_cost
        rows = [
            {"action": name, "probability": x, "utility": y}
            for name, line in lines.items()
            for x, y in zip(p[::4].tolist(), line[::4].tolist(), strict=True)
        ]
        return line_chart(
            question, rows, x="probability", y="utility", series="action", percent=False,
            x_title="probability of the second class", y_title="expected utility",
        )  # fmt: skip


def decision_policy(
    probabilities: ArrayLike,
    utilities: ArrayLike | None = None,
    *,
    asking_cost: float = 0.0,
    reviewer_accuracy: float = 1.0,
    decisions: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> DecisionPolicy:
    """Decide each case by expected utility, or ask a person where that is worth its price.

    Use it with calibrated probabilities: what the policy promises, it promises by them. An
    over-confident model asks too seldom; see the check `uncertainty.calibration`.

    Parameters
    ----------
    probabilities
        Shape (n, n_classes); each row sums to one.
    utilities
        Shape (n_decisions, n_classes): the utility of a decision (row) when a class (column) is
        true. `None` counts every error alike: 1 for a right decision, 0 for a wrong one.
    asking_cost
        What asking costs, in the utilities' unit.
    reviewer_accuracy
        The chance that the person names the true class, all errors alike.
    decisions
        What the model decided, rows of `utilities`; its expected utility is `asking.taken`.
        `None` takes the most probable class, or the best decision where decisions are not one
        a class.
    names
        The decisions' names; "0", "1", … if not given.
    weights
        Of the cases, not negative, shape (n,).
    level
        Of the intervals.

    Returns
    -------
    DecisionPolicy

    Raises
    ------
    InputError
        If shapes don't fit or a number is out of range.

    References
    ----------
    [howard1966information], [elkan2001foundations], [chow1970optimum]

    Examples
    --------
    A good loan earns 5 and a bad one costs 10; asking costs 1:

    >>> policy = decision_policy([[0.9, 0.1], [0.4, 0.6], [0.05, 0.95]], [[0, 0], [-10, 5]],
    ...                          asking_cost=1.0, names=["deny", "approve"])
    >>> policy.actions.tolist()
    ['deny', 'ask', 'approve']
    >>> [round(each, 3) for each in policy.thresholds]
    [0.2, 0.9]
    """
    said = checked_probabilities(probabilities)
    worth = checked_utilities(utilities, said.shape[1])
    labels = tuple(map(str, range(len(worth)))) if names is None else tuple(map(str, names))
    if len(labels) != len(worth) or len(set(labels)) != len(labels) or ASK in labels:
        raise InputError(
            f"names={list(labels)} must name each of the {len(worth)} decisions once, and none "
            f"{ASK!r}."
        )
    mass = None if weights is None else np.asarray(weights, float)
    if mass is not None and (
        mass.shape != said.shape[:1] or not ((mass >= 0) & np.isfinite(mass)).all()
    ):
        raise InputError(f"weights are {len(said)} numbers from 0, one a case.")
    if not len(said) or (mass is not None and not mass.sum() > 0):
        raise InputError("There is no case to decide, or none has a weight above 0.")
    asking = value_of_asking(
        said, worth, decisions=decisions, asking_cost=asking_cost,
        reviewer_accuracy=reviewer_accuracy,
    )  # fmt: skip
    return DecisionPolicy(asking, said, worth, labels, mass, level)


def _after_answer(utilities: Floats, asking: AskingValue, p: Floats) -> Floats:
    """Return the expected utility of deciding after the answer at probabilities p."""
    said = np.column_stack([1 - p, p])
    likely = reviewer_likelihoods(2, asking.reviewer_accuracy)
    return np.sum([((said * column) @ utilities.T).max(axis=1) for column in likely.T], axis=0)


def _regions(utilities: Floats, names: tuple[str, ...], asking: AskingValue) -> tuple[Region, ...]:
    """Return the intervals of p with one action each.

    Between the crossings of the decisions' lines, before an answer and after each, every envelope
    is straight; so within such a piece asking overtakes deciding at most once, at a ratio.
    """
    likely = reviewer_likelihoods(2, asking.reviewer_accuracy)
    ends = {0.0, 1.0}
    for column in (np.ones(2), *likely.T):
        lines = utilities * column
        for i in range(len(lines)):
            gap = lines[i] - lines[i + 1 :]
            change = gap[:, 0] - gap[:, 1]
            crossing = gap[change != 0, 0] / change[change != 0]
            ends.update(crossing[(crossing > 0) & (crossing < 1)].tolist())
    knots = np.array(sorted(ends))
    said = np.column_stack([1 - knots, knots])
    excess = _after_answer(utilities, asking, knots) - asking.asking_cost
    excess -= (said @ utilities.T).max(axis=1)
    crossings = [
        low + (high - low) * at_low / (at_low - at_high)
        for low, high, at_low, at_high in zip(
            knots[:-1], knots[1:], excess[:-1], excess[1:], strict=True
        )
        if at_low * at_high < 0
    ]
    pieces = np.unique(np.concatenate([knots, crossings]))
    middles = (pieces[:-1] + pieces[1:]) / 2
    inside = np.column_stack([1 - middles, middles])
    decide = (inside @ utilities.T).argmax(axis=1)
    above = _after_answer(utilities, asking, middles) - asking.asking_cost
    above -= (inside @ utilities.T).max(axis=1)
    rounding = 1e-12 * asking.worst_error
    regions: list[Region] = []
    for i, choice in enumerate(decide):
        action = ASK if above[i] > rounding else names[choice]
        low, high = float(pieces[i]), float(pieces[i + 1])
        if regions and regions[-1].action == action:
            low = regions.pop().low
        regions.append(Region(low, high, action))
    return tuple(regions)
