"""What reliance costs: mis-reliance and discrimination, against a rational decision maker.

With payoffs S(decision, truth), own answers h, advice a and what a person could see, v, of which h,
a and the advice's confidence are part [guo2024decision]:

    baseline     = max(E S(h, t), E S(a, t))               the better of the two alone
    benchmark    = E max over {h, a} of E[S | v]           relies where v says that it pays
    rate         = P(d = a | h != a)                       how often people rely where it matters
    mis-reliant benchmark = the same, held to people's rate, relying where it pays most
    mis-reliance loss     = benchmark - mis-reliant benchmark     relying too often or too rarely
    discrimination loss   = mis-reliant benchmark - E S(d, t)     relying in the wrong places

E[S | v] is not known. Learned and paid out on the same trials, the benchmark is too high: chance is
taken for knowledge. Here it is learned on some items and paid out on the others, in folds that
keep the balance of right and wrong advice, over and over; what comes out is what a rule that can be
learned from so few items is worth, so that the benchmark is at least this. `at_most` is the value
on the trials that it was learned on. In expectation the truth is between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, listed, require_whole
from alignlab.intervals import Estimate, critical_value
from alignlab.oversight.crossed import estimated, ratio
from alignlab.oversight.reliance.measured import design_strata
from alignlab.oversight.reliance.rational import at_rate, fold_draws, learned, where_it_pays
from alignlab.oversight.reliance.trials import Trials, number_name
from alignlab.random import as_generator

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ArmLosses", "RelianceLosses", "reliance_losses"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

FOLDS = 4
REPEATS = 25
CONFIDENCE_BINS = 3
"""How finely advice is told apart by its confidence unless a signal is given."""

SHOWN = (
    ("human", "people alone"),
    ("model", "model alone"),
    ("team", "people with advice"),
    ("mis_reliant", "rational, at people's rate"),
    ("benchmark", "rational"),
)


@dataclass(frozen=True, slots=True)
class ArmLosses:
    """What was earned in one arm, and what was lost; payoffs a trial.

    Attributes
    ----------
    arm
        Its name.
    team, human, model
        What final decisions, own answers and advice earn; `None` where there is no trial.
    baseline
        The better of the two alone.
    benchmark
        What the learned rational decision maker earns on items that it has not learned from.
    mis_reliant
        The same held to people's rate of reliance.
    mis_reliance, discrimination
        The two losses, which sum to benchmark less team; below zero where the learned rule does
        worse than what it is compared with.
    at_most
        The benchmark, mis-reliant benchmark and two losses on the trials that the rule was learned
        on: the benchmark there is at least as high as it is.
    rate, rational_rate
        How often people, and the rational decision maker, take advice that differs; `None` and
        NaN where none does.
    trials, differing
        How many trials, and in how many the advice differs from the own answer.
    """

    arm: str
    team: Estimate | None
    human: Estimate | None
    model: Estimate | None
    baseline: float
    benchmark: Estimate | None
    mis_reliant: Estimate | None
    mis_reliance: Estimate | None
    discrimination: Estimate | None
    at_most: Mapping[str, float]
    rate: Estimate | None
    rational_rate: float
    trials: int
    differing: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            name: each.to_dict() if isinstance(each, Estimate) else each
            for name, each in ((name, getattr(self, name)) for name in ArmLosses.__slots__)
        }


@dataclass(frozen=True, eq=False)
class RelianceLosses:
    """What reliance costs in each arm.

    Attributes
    ----------
    arms
        One an arm that has two-stage trials.
    accuracy
        Whether payoffs are 1 for right and 0 for wrong.
    """

    arms: tuple[ArmLosses, ...]
    accuracy: bool

    @property
    def headline(self) -> str:
        """What was found, in one sentence an arm."""
        return " ".join(_sentence(each, self.accuracy) for each in self.arms)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm and quantity."""
        import pandas as pd

        names = [name for name, _ in SHOWN] + ["mis_reliance", "discrimination", "rate"]
        rows = []
        for each in self.arms:
            for name in names:
                found = getattr(each, name)
                rows.append(
                    {
                        "arm": each.arm,
                        "quantity": name,
                        "value": np.nan if found is None else found.value,
                        "low": np.nan if found is None else found.low,
                        "high": np.nan if found is None else found.high,
                        "at most": each.at_most.get(name, np.nan),
                    }
                )
        return pd.DataFrame(rows)

    def chart(self) -> Chart:
        """Draw what is earned, from each alone to the rational decision maker."""
        rows = [
            {
                "arm": each.arm,
                "group": title,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": each.trials,
            }
            for each in self.arms
            for name, title in SHOWN
            for found in [getattr(each, name)]
            if found is not None
        ]
        return interval_chart(
            "What could be earned with the advice, and what is?",
            rows,
            x="decided rightly (%)" if self.accuracy else "payoff of a decision",
            facet="arm",
            percent=self.accuracy,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "headline": self.headline,
            "accuracy": self.accuracy,
            "arms": [each.to_dict() for each in self.arms],
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def reliance_losses(
    trials: Trials,
    *,
    signal: ArrayLike | None = None,
    payoff: Mapping[tuple[Any, Any], float] | None = None,
    folds: int = FOLDS,
    repeats: int = REPEATS,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
) -> RelianceLosses:
    """Split what people lose against a rational decision maker into two kinds.

    Use it to know what to mend: mis-reliance asks for people to lean more or less on the advice as
    a whole, discrimination for showing better when to. Do not read it as a verdict on people where
    benchmark and `at_most` are far apart: then there are too few items to know what was possible.

    Parameters
    ----------
    trials
        Two-stage trials; others are left out.
    signal
        What the rational decision maker sees of a trial, as labels, shape (n,). Own answer, advice
        and a third of the advice's confidence where it is not given. The finer it is, the fewer
        items there are to learn each value from.
    payoff
        What a decision is worth, by (decision, truth); 1 where they are equal and 0 elsewhere
        where it is not given.
    folds
        In how many parts the items are held out.
    repeats
        How often the parts are drawn.
    seed
        Seed or generator of the parts.
    level
        Of the intervals, which take the learned rules as they are.

    Raises
    ------
    InputError
        If nobody was asked first, a payoff is missing, or there are fewer items than folds.

    References
    ----------
    [guo2024decision]

    Examples
    --------
    The advice is right where it is sure and wrong where it is not. People rely half of the time,
    whichever, and lose by not telling these apart:

    >>> item = np.tile(np.arange(8), 40)
    >>> sure = item % 2 == 0
    >>> trials = Trials(person=np.repeat(np.arange(40), 8), item=item, truth=np.ones(320),
    ...                 own=np.where(sure, 0, 1), advice=np.where(sure, 1, 0),
    ...                 advice_confidence=np.where(sure, 0.9, 0.6),
    ...                 final=(np.arange(320) // 2) % 2)
    >>> found = reliance_losses(trials).arms[0]
    >>> found.team.value, found.benchmark.value, found.mis_reliance.value
    (0.5, 1.0, 0.0)
    >>> found.discrimination.value
    0.5
    """
    critical_value(level)
    require_whole(folds, "folds", 2)
    require_whole(repeats, "repeats", 1)
    use = trials.two_stage & trials.judged
    if not use.any():
        raise InputError(
            "The losses need the answer that each person gave before seeing advice, the advice and "
            "what was right; no trial has all three. Take 'over_reliance' and 'under_reliance' of "
            "measure_reliance instead, or ask people first (the arm 'own first')."
        )
    worth = _payoffs(trials, payoff)
    seen = _signal(trials, signal)
    generator = as_generator(seed, "folds of items")
    found = [
        _losses(trials, arm, use & trials.at(arm), worth, seen, folds, repeats, generator, level)
        for arm in trials.arms
        if (use & trials.at(arm)).any()
    ]
    return RelianceLosses(tuple(found), payoff is None)


def _losses(
    trials: Trials,
    arm: str,
    use: NDArray[np.bool_],
    worth: Floats,
    signal: Codes,
    folds: int,
    repeats: int,
    generator: np.random.Generator,
    level: float,
) -> ArmLosses:
    human, model, team = (
        np.where(use, worth[codes, trials.truth], 0.0)
        for codes in (trials.own, trials.advice, trials.final)
    )
    differ = use & (trials.own != trials.advice)
    gain = np.where(differ, model - human, 0.0)
    took = differ & (trials.final == trials.advice)
    rate = float(took.sum() / differ.sum()) if differ.any() else np.nan
    rows = np.flatnonzero(differ)
    rely, held = np.zeros(len(use)), np.zeros(len(use))
    at_most: dict[str, float] = {}
    if len(rows):
        right = (trials.advice == trials.truth)[use]
        drawn = fold_draws(trials.item[use], right, folds, repeats, generator)
        for part in drawn:
            fold = part[trials.item[rows]]
            for k in range(folds):
                test = fold == k
                worths = learned(signal[rows[~test]], gain[rows[~test]], signal[rows[test]])
                rely[rows[test]] += where_it_pays(worths) / repeats
                held[rows[test]] += at_rate(worths, rate) / repeats
        worths = learned(signal[rows], gain[rows], signal[rows])
        count = int(use.sum())
        best = float((human.sum() + gain[rows] @ where_it_pays(worths)) / count)
        kept = float((human.sum() + gain[rows] @ at_rate(worths, rate)) / count)
        earned = float(team.sum() / count)
        at_most = {
            "benchmark": best,
            "mis_reliant": kept,
            "mis_reliance": best - kept,
            "discrimination": kept - earned,
        }

    strata, rates = design_strata(trials, use)

    def mean(values: Floats, among: NDArray[np.bool_], share: bool = False) -> Estimate | None:
        inside = None if strata is None else np.where(use, strata, -1)
        part = ratio(np.where(among, values, 0.0), among, strata=inside, rates=rates)
        return estimated(part, trials.person, trials.item, level=level, share=share)

    benchmark, mis_reliant = human + rely * gain, human + held * gain
    alone = mean(human, use), mean(model, use)
    defined = bool(len(rows))
    return ArmLosses(
        arm=arm,
        team=mean(team, use),
        human=alone[0],
        model=alone[1],
        baseline=max(each.value for each in alone if each is not None),
        benchmark=mean(benchmark, use),
        mis_reliant=mean(mis_reliant, use) if defined else None,
        mis_reliance=mean(benchmark - mis_reliant, use) if defined else None,
        discrimination=mean(mis_reliant - team, use) if defined else None,
        at_most=at_most,
        rate=mean(took.astype(float), differ, share=True),
        rational_rate=float(rely[rows].mean()) if defined else np.nan,
        trials=int(use.sum()),
        differing=len(rows),
    )


def _payoffs(trials: Trials, payoff: Mapping[tuple[Any, Any], float] | None) -> Floats:
    size = len(trials.labels)
    if payoff is None:
        return np.eye(size)

    def name(label: Any) -> str:
        return str(label) if trials.numbers is None else number_name(label)

    given = {
        (name(decision), name(truth)): float(worth) for (decision, truth), worth in payoff.items()
    }
    pairs = [(d, t) for d in trials.labels for t in trials.labels]
    missing = [pair for pair in pairs if pair not in given]
    if missing:
        raise InputError(
            f"payoff lacks (decision, truth) {listed(missing, 4)}. Give what every decision is "
            "worth under every truth."
        )
    worth = np.array([given[pair] for pair in pairs]).reshape(size, size)
    if not np.isfinite(worth).all():
        raise InputError("A payoff is not a finite number. Give what every decision is worth.")
    return worth


def _signal(trials: Trials, signal: ArrayLike | None) -> Codes:
    own, advice = trials.own, trials.advice
    if signal is not None:
        given = np.asarray(signal)
        if given.shape != (len(trials),):
            raise InputError(
                f"signal has shape {given.shape}; give one label a trial, shape ({len(trials)},)."
            )
        _, seen = np.unique(given.astype(str), return_inverse=True)
    else:
        known = np.isfinite(trials.advice_confidence)
        seen = np.zeros(len(trials), dtype=np.intp)
        if known.any():
            cuts = np.quantile(
                trials.advice_confidence[known], np.arange(1, CONFIDENCE_BINS) / CONFIDENCE_BINS
            )
            seen = np.where(known, 1 + np.searchsorted(cuts, trials.advice_confidence), 0)
    labels = len(trials.labels) + 1
    together = (seen * labels + own + 1) * labels + advice + 1
    return np.unique(together, return_inverse=True)[1]


def _sentence(found: ArmLosses, accuracy: bool) -> str:
    if found.mis_reliance is None or found.discrimination is None:
        return f"{found.arm}: the advice never differed from the own answer: nothing hung on it."
    often, where = (_said(each, accuracy) for each in (found.mis_reliance, found.discrimination))
    return (
        f"{found.arm}: of what a rational decision maker earns, people lose {often} by relying too "
        f"often or too rarely and {where} by relying in the wrong places."
    )


def _said(loss: Estimate, accuracy: bool) -> str:
    value, low, high = (
        f"{100 * each:.0f}" if accuracy else f"{each:.3g}"
        for each in (loss.value, loss.low, loss.high)
    )
    ends = f" [{low}, {high}]" if np.isfinite(loss.low) else ""
    return f"{value}{' points' if accuracy else ''}{ends}"
