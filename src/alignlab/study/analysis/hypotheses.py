"""Each hypothesis' difference, test, effect size and verdict, as the plan has them.

The test is Student's, whatever the runs gave: it is the test of the interval, and three seeds can
pass it, where a sign-flip test of n pairs has no p below 2^(1-n). The sign-flip test stands beside
it with the smallest p that the plan allows: it needs no normal differences. Nothing is chosen by
looking at the data. Hypotheses about primary measures are one family: their p-values are adjusted
by Holm, their intervals hold all at once by Bonferroni, and one without a p-value counts as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from alignlab.families import holm
from alignlab.intervals import Estimate
from alignlab.study.analysis.arranging import Pairs, Runs, said_levels
from alignlab.study.analysis.verdicts import Verdict, verdict
from alignlab.study.reading import level_text
from alignlab.study.spec import Hypothesis
from alignlab.study.statistics import (
    SignFlips,
    attainable_p_value,
    equivalence_test,
    estimate_difference,
    probability_of_improvement,
    sign_flip_test,
    standardised_difference,
    t_test,
)
from alignlab.study.statistics.tasks import as_tasks
from alignlab.wording import called

__all__ = ["Answer", "answer_hypotheses"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the runs say of one hypothesis.

    Attributes
    ----------
    name, stated
        The hypothesis.
    label, unit
        Of its measure.
    what
        The difference in words.
    family
        How many hypotheses it was corrected with; 1 where it was not.
    difference
        With its simultaneous interval; of an equivalence, that of the two one-sided tests.
    p_value, p_adjusted
        Of the planned test; NaN where it is undefined.
    test
        Which test, and why.
    flips
        The sign-flip test, as a check.
    attainable
        The smallest p-value that it could have given as planned.
    effect_size
        In standard deviations of paired differences.
    improvement
        How likely a replicate at `of` is better than one at `against`, on these tasks; where no
        direction is better, higher.
    by_task
        Each task's own difference, its interval not corrected.
    pairs
        The pairs.
    verdict
        In one sentence.
    """

    name: str
    stated: Hypothesis
    label: str
    unit: str
    what: str
    family: int
    difference: Estimate
    p_value: float
    p_adjusted: float
    test: str
    flips: SignFlips
    attainable: float
    effect_size: Estimate
    improvement: Estimate
    by_task: tuple[Estimate, ...]
    pairs: Pairs
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "name": self.name,
            "says": self.stated.says,
            "measure": self.stated.measure,
            "what": self.what,
            "direction": self.stated.direction,
            "smallest_effect": self.stated.smallest_effect,
            "unit": self.unit,
            "family": self.family,
            "verdict": self.verdict.kind,
            "sentence": self.verdict.sentence,
            "difference": self.difference.to_dict(),
            "p": self.p_value,
            "p_adjusted": self.p_adjusted,
            "test": self.test,
            "exact": {**self.flips.to_dict(), "attainable_as_planned": self.attainable},
            "effect_size": self.effect_size.to_dict(),
            "improvement": self.improvement.to_dict(),
            "pairs": {
                "planned": self.pairs.planned,
                "missing": self.pairs.lost,
                "failed_runs_counted": self.pairs.counted,
            },
            "tasks": [
                {"task": said_levels(task), **each.to_dict()}
                for task, each in zip(self.pairs.tasks, self.by_task, strict=True)
            ],
        }


def answer_hypotheses(runs: Runs) -> tuple[Answer, ...]:
    """Return what the runs say of each hypothesis, in the statement's order."""
    spec = runs.spec
    family = [name for name, each in spec.hypotheses.items() if spec.measures[each.measure].primary]
    together = len(family) if spec.analysis.correction != "none" else 1
    found = [
        _tested(runs, name, stated, together if name in family else 1)
        for name, stated in spec.hypotheses.items()
    ]
    adjusted = {each.name: each.p_value for each in found}
    if spec.analysis.correction != "none":
        members = [each for each in found if each.name in family]
        p_values = holm([each.p_value for each in members])
        adjusted |= {each.name: p for each, p in zip(members, p_values, strict=True)}
    return tuple(_judged(runs, each, adjusted[each.name]) for each in found)


def _tested(runs: Runs, name: str, stated: Hypothesis, comparisons: int) -> Answer:
    plan, measure = runs.spec.analysis, runs.spec.measures[stated.measure]
    pairs = runs.pairs(stated)
    differences = as_tasks(list(pairs.differences), clusters=pairs.clusters)
    draws, level = plan.generalise, plan.level
    label = measure.label or called(stated.measure, {})
    planned = len(set(pairs.clusters)) if draws == "tasks" else pairs.planned
    attainable = attainable_p_value(planned)
    if stated.direction == "equivalent":
        both = equivalence_test(
            differences,
            margin=stated.smallest_effect,
            generalise=draws,
            level=level,
            comparisons=comparisons,
        )
        difference, p_value = both.interval, both.p_value
    else:
        difference = estimate_difference(
            differences, generalise=draws, level=level, comparisons=comparisons
        )
        p_value = t_test(differences, generalise=draws).p_value
    ends = (pairs.against, pairs.of) if measure.better == "lower" else (pairs.of, pairs.against)
    return Answer(
        name=name,
        stated=stated,
        label=label,
        unit=measure.unit,
        what=_what(stated, label),
        family=comparisons,
        difference=difference,
        p_value=p_value,
        p_adjusted=p_value,
        test=_test(stated, draws, planned, attainable),
        flips=sign_flip_test(differences, generalise=draws),
        attainable=attainable,
        effect_size=standardised_difference(
            differences, generalise=draws, level=level, comparisons=comparisons
        ),
        improvement=probability_of_improvement(
            *(list(each.values) for each in ends), level=level, comparisons=comparisons
        ),
        by_task=tuple(estimate_difference([each], level=level) for each in pairs.differences),
        pairs=pairs,
        verdict=Verdict("cannot tell", ""),
    )


def _judged(runs: Runs, found: Answer, p_adjusted: float) -> Answer:
    said = verdict(
        found.difference,
        direction=found.stated.direction,
        smallest=found.stated.smallest_effect,
        p_adjusted=p_adjusted,
        alpha=1 - runs.spec.analysis.level,
        what=found.what,
        unit=found.unit,
    )
    sentence = " ".join(filter(None, [said.sentence, *_losses(found.pairs)]))
    return replace(found, p_adjusted=p_adjusted, verdict=Verdict(said.kind, sentence))


def _what(stated: Hypothesis, label: str) -> str:
    where = f", {said_levels(stated.where)}" if stated.where else ""
    of, against = level_text(stated.of), level_text(stated.against)
    return f"{label}, {stated.factor} {of} less {against}{where}"


def _test(stated: Hypothesis, generalise: str, planned: int, attainable: float) -> str:
    equivalent = stated.direction == "equivalent"
    kind = "Two one-sided t tests" if equivalent else "Student's t test, two-sided"
    units = "pairs" if generalise == "seeds" else "tasks"
    beside = " is of no difference at all, which is another question; it" if equivalent else ""
    return (
        f"{kind}: the interval's own, fixed with the plan. The sign-flip test beside it{beside} "
        f"needs no normal differences; of {planned} {units} its p is never below {attainable:.2g}."
    )


def _losses(pairs: Pairs) -> list[str]:
    """Return a sentence on pairs that are missing, and one on failed runs that were counted."""
    said = []
    failed = pairs.of.failed + pairs.against.failed - pairs.counted
    if pairs.lost:
        whole = pairs.of.planned + pairs.against.planned
        there = [each.done + each.failed for each in (pairs.of, pairs.against)]
        late = "runs are not there yet" if sum(there) < whole else ""
        why = " and ".join(filter(None, ["a run failed" if failed else "", late]))
        of = [f"{each.failed} of {each.planned}" for each in (pairs.of, pairs.against)]
        sides = f" ({of[0]} runs failed on the one side, {of[1]} on the other)" if failed else ""
        said.append(f"{pairs.lost} of {pairs.planned} pairs are missing, for {why}{sides}.")
    if pairs.counted:
        runs_count = "failed run counts" if pairs.counted == 1 else "failed runs count"
        said.append(f"{pairs.counted} {runs_count} as the plan says.")
    return said
