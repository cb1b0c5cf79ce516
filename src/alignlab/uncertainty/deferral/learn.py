"""From rows with outcomes and people's decisions to a rule: fit, set the threshold, choose.

Candidates are to ask never, to ask about cases at random as far as the budget goes, and each
learned rule: ask where E[person earns | x] - E[model earns | x] - cost > max(0, threshold), the
threshold being a quantile of the rule's own scores, so that cases that are alike tie at it. What
each would have gained is seen on rows that its fits and its order did not see. A rule is taken only
where it beats what is simpler by more than one standard error of the paired difference, and asking
at random only where it beats asking never by as much: what rows do not vouch for is not used. So do
rules among themselves: the post-hoc one, which alone does not believe the model, comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alignlab.random import as_generator
from alignlab.uncertainty.deferral.budget import Threshold, chances, threshold_for
from alignlab.uncertainty.deferral.policy import Rule, learned_gain, linear
from alignlab.uncertainty.deferral.regression import CrossFitted, cross_fitted
from alignlab.uncertainty.deferral.surrogates import as_logistic

__all__ = ["METHODS", "Learned", "LearnedRule", "Lesson", "learn", "mean_and_error", "strata_folds"]

Floats = NDArray[np.float64]

METHODS: tuple[Rule, ...] = ("post-hoc", "one-vs-all", "mozannar-sontag")

INNER_FOLDS = 3


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a rule is learned from; every array has one entry a row.

    Attributes
    ----------
    design
        Standardised numbers, shape (n, width).
    probabilities, decisions
        The model's, shapes (n, n_classes) and (n,).
    model, person
        The utility of the model's decision and of the person's; the latter 0 where not asked.
    asked
        Whether a person has decided.
    weights
        How much a row counts, shape (n,); mean 1.
    person_weights
        The same where a person has decided, over the chance that one was asked; 0 elsewhere.
    hashes
        Of the rows, which put them into an order of their own.
    utilities, asking_cost
        Of decisions under truths, and of asking.
    """

    design: Floats
    probabilities: Floats
    decisions: NDArray[np.intp]
    model: Floats
    person: Floats
    asked: NDArray[np.bool_]
    weights: Floats
    person_weights: Floats
    hashes: NDArray[np.uint64]
    utilities: Floats
    asking_cost: float

    def __len__(self) -> int:
        return len(self.decisions)

    @property
    def gain(self) -> Floats:
        """What the person earned above the model, less the cost; only where one was asked."""
        return np.where(self.asked, self.person - self.asking_cost - self.model, 0.0)

    def expected_gain(self, rule: Rule, person: Floats, model: Floats | None) -> Floats:
        """Return the expected gain of asking, less its cost, from linear predictors."""
        gain = learned_gain(rule, person, model, self.probabilities, self.decisions, self.utilities)
        return gain - self.asking_cost

    def at(self, rows: NDArray[np.generic]) -> Lesson:
        """Return some rows."""
        return Lesson(
            self.design[rows],
            self.probabilities[rows],
            self.decisions[rows],
            self.model[rows],
            self.person[rows],
            self.asked[rows],
            self.weights[rows],
            self.person_weights[rows],
            self.hashes[rows],
            self.utilities,
            self.asking_cost,
        )


@dataclass(frozen=True, eq=False)
class LearnedRule:
    """One learned rule: its coefficients, its threshold, and what it gained on rows held out.

    Attributes
    ----------
    rule
        Its name.
    person, model
        Coefficients; those of the model empty where the rule believes it.
    threshold
        Above which gain it asks.
    gain, error
        The mean gain on held-out rows over asking never, and its standard error.
    """

    rule: Rule
    person: Floats
    model: Floats
    threshold: Threshold
    gain: float
    error: float

    def scores(self, lesson: Lesson) -> Floats:
        """Return the expected gain of asking, less its cost, shape (n,)."""
        person = linear(self.person, lesson.design)
        model = linear(self.model, lesson.design) if len(self.model) else None
        return lesson.expected_gain(self.rule, person, model)


@dataclass(frozen=True, eq=False)
class Learned:
    """What was chosen, and among what.

    Attributes
    ----------
    rule
        The candidate chosen.
    threshold
        Of the candidate chosen.
    rules
        The learned rules, by name.
    best
        The learned rule that the others did not clearly beat, chosen or not.
    average_gain
        Of asking about all cases.
    """

    rule: Rule
    threshold: Threshold
    rules: dict[Rule, LearnedRule]
    best: LearnedRule
    average_gain: float


def learn(lesson: Lesson, methods: Sequence[Rule], *, budget: float, seed: int) -> Learned:
    """Return the rule for cases like these.

    Parameters
    ----------
    lesson
        n rows.
    methods
        Which rules to learn, the one to prefer first.
    budget
        The share of cases that people can take.
    seed
        Of the folds.
    """
    folds = strata_folds(lesson, INNER_FOLDS, seed)
    arms: dict[str, CrossFitted] = {}
    rules: dict[Rule, LearnedRule] = {}
    realised: dict[Rule, Floats] = {}
    for method in methods:
        person = _arm(arms, lesson, folds, "softmax" if method == "mozannar-sontag" else "person")
        model = _arm(arms, lesson, folds, "model") if method == "post-hoc" else None
        believed = None if model is None else model.held_out
        seen = lesson.expected_gain(method, person.held_out, believed)
        realised[method] = _asked_by_fold(lesson, seen, folds, budget) * lesson.gain
        found = LearnedRule(
            method,
            person.coefficients,
            np.zeros(0) if model is None else model.coefficients,
            Threshold(np.inf),
            *mean_and_error(realised[method], lesson.person_weights),
        )
        threshold = threshold_for(found.scores(lesson), budget, floor=0.0, weights=lesson.weights)
        rules[method] = replace(found, threshold=threshold)
    best = rules[methods[0]]
    for other in methods[1:]:
        above, error = mean_and_error(realised[other] - realised[best.rule], lesson.person_weights)
        best = rules[other] if above > error else best
    rule: Rule = "model alone"
    threshold, simple = Threshold(np.inf), np.zeros(len(lesson))
    average, error = mean_and_error(lesson.gain, lesson.person_weights)
    if budget > 0 and average > error:
        # A score that says nothing is the same for all, and the chance at it is the budget.
        rule, threshold, simple = "people at random", Threshold(0.0, budget), budget * lesson.gain
    above, error = mean_and_error(realised[best.rule] - simple, lesson.person_weights)
    if above > error:
        rule, threshold = best.rule, best.threshold
    return Learned(rule, threshold, rules, best, average)


def _asked_by_fold(
    lesson: Lesson, scores: Floats, folds: NDArray[np.intp], budget: float
) -> Floats:
    """Return the chances of being asked about, each fold with the threshold of its own scores.

    Cases that are alike have one score within a fold and several across folds, each from another
    fit: a threshold over all of them would take noise for a difference between cases.
    """
    asked = np.zeros(len(lesson))
    for fold in range(int(folds.max()) + 1):
        here = folds == fold
        threshold = threshold_for(scores[here], budget, floor=0.0, weights=lesson.weights[here])
        asked[here] = chances(scores[here], threshold)
    return asked


def strata_folds(lesson: Lesson, count: int, seed: int) -> NDArray[np.intp]:
    """Return each row's fold: alike in what people and model earned, whatever the rows' order.

    Rows are put into an order of their own content, and each run of `count` neighbours is dealt
    out to the folds at random.
    """
    order = np.lexsort((lesson.hashes, lesson.model, lesson.person, lesson.asked))
    generator = as_generator(seed, "deferral folds")
    runs = -(-len(order) // count)
    dealt = generator.permuted(np.tile(np.arange(count), (runs, 1)), axis=1).ravel()
    folds = np.empty(len(order), dtype=np.intp)
    folds[order] = dealt[: len(order)]
    return folds


def mean_and_error(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return a weighted mean and its linearised standard error; infinite for a single row."""
    share = weights / weights.sum()
    mean = float(share @ values)
    effective = 1 / float(share @ share)
    if effective <= 1 + 1e-9:
        return mean, np.inf
    spread = float(np.sum((share * (values - mean)) ** 2))
    return mean, float(np.sqrt(spread * effective / (effective - 1)))


def _arm(
    arms: dict[str, CrossFitted], lesson: Lesson, folds: NDArray[np.intp], name: str
) -> CrossFitted:
    """Return a fit of what one party earns, made once for all rules that use it."""
    if name not in arms:
        lowest, size = float(lesson.utilities.min()), float(np.ptp(lesson.utilities))
        if name == "model":
            targets, weights = (lesson.model - lowest) / size, lesson.weights
        else:
            reward = np.where(lesson.asked, (lesson.person - lowest) / size, 0.0)
            targets, stretch = as_logistic(reward, softmax=name == "softmax")
            weights = stretch * lesson.person_weights
        arms[name] = cross_fitted(lesson.design, targets, weights, folds)
    return arms[name]
