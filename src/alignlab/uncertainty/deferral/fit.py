"""Learning to defer, with a model that stays as it is: which cases a person decides better.

The best rule within a budget asks where E[person earns | x] - E[model earns | x] is largest, and
nowhere where it is not above the cost of asking [mozannar2020consistent]. Three rules
estimate it from rows with an outcome and a person's decision:

    post-hoc           both expectations by logistic regression        [narasimhan2022posthoc]
    one-vs-all         the person's; the model is taken at its word    [verma2022calibrated]
    mozannar-sontag    the same by the softmax surrogate               [mozannar2020consistent]

The last two are consistent where the model's probabilities are right; where they are not, an
over-confident model keeps what it should hand over, and only the post-hoc rule sees it.
Assumes independent rows, and where some lack a person's decision, that given what the rule reads
it does not depend on how good the person would have been whether one was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets.groups import Grouping, grouping
from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value, mean_estimate
from alignlab.predictors import Predictor, as_predictor
from alignlab.predictors.labels import class_positions
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.unseen import require_unseen
from alignlab.uncertainty.deferral.budget import chances, require_budget
from alignlab.uncertainty.deferral.cases import CaseReader
from alignlab.uncertainty.deferral.judged import Judged, curve_of, judge_groups
from alignlab.uncertainty.deferral.learn import METHODS, Learned, Lesson, learn, strata_folds
from alignlab.uncertainty.deferral.policy import DeferralPolicy, Rule
from alignlab.uncertainty.deferral.result import DeferralResult

__all__ = ["fit_deferral"]

Floats = NDArray[np.float64]

FOLDS = 5

FEWEST = 20
"""With fewer people's decisions there is nothing to fit a rule to and to judge it by."""


def fit_deferral(
    model: Any,
    X: Any,
    y: Any,
    human_decisions: Any,
    *,
    budget: float,
    method: str = "auto",
    utilities: ArrayLike | None = None,
    asking_cost: float = 0.0,
    features: Sequence[str] | None = None,
    representation: Callable[[Any], Any] | None = None,
    groups: Any = None,
    weights: ArrayLike | None = None,
    asked_chance: ArrayLike | None = None,
    training: Any = None,
    classes: Sequence[Hashable] | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> DeferralResult:
    """Learn which cases to hand to a person, within the time that people have.

    Use it where past cases have an outcome and a person's own decision, taken without seeing the
    model's. Use `values.value_of_asking` where nobody's decisions are known yet, and
    `choose_threshold` where abstaining is all that can be done.

    Parameters
    ----------
    model
        What `as_predictor` takes, or a Predictor. It is asked about each row once and not changed.
    X
        n rows that the model was not trained on.
    y
        The true classes, shape (n,).
    human_decisions
        The classes that a person decided for, shape (n,); None or NaN where nobody was asked.
    budget
        The share of cases that people can take, from 0 to 1.
    method
        "post-hoc", "one-vs-all", "mozannar-sontag", or "auto": post-hoc unless another gains
        clearly more on rows held out. Asking never and at random are candidates with each.
    utilities
        Shape (n_classes, n_classes): of a decision (row) when a class (column) is true. `None`
        counts right decisions.
    asking_cost
        What a person's decision costs, in the utilities' unit.
    features
        The columns that the rule reads, which need not be the model's; an empty list goes by the
        model's probabilities alone. `None` takes what the model reads.
    representation
        From rows to numbers (n, d) that the rule reads in place of columns, such as a network's
        last layer for images.
    groups
        Columns of X (`"sex"`, `["sex", "race*sex"]`), or one value a row, to report by.
    weights
        How much each row counts, shape (n,).
    asked_chance
        The chance that a person was asked about a row, shape (n,), where that was decided by
        something: each row with a decision then stands for 1 / chance rows like it.
    training
        The rows that the model was trained on, or their hashes, to make sure that none is here;
        `None` goes by what the model's file says.
    classes
        Names of the model's classes where it has none.
    seed
        Of folds and of the order among equal scores.
    level
        Of the intervals.

    Returns
    -------
    DeferralResult
        With `.policy`, and what it is worth on rows that it has not seen.

    Raises
    ------
    InputError
        If something given does not fit; the message says what.

    References
    ----------
    [mozannar2020consistent], [verma2022calibrated], [narasimhan2022posthoc]

    Examples
    --------
    A model that sees only its first column, and a person who sees the second:

    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 2, (600, 2)).astype(float)
    >>> y = np.where(X[:, 1] == 1, rng.integers(0, 2, 600), X[:, 0]).astype(int)
    >>> model = lambda rows: 0.1 + 0.8 * rows[:, 0]
    >>> person = np.where(X[:, 1] == 1, y, rng.integers(0, 2, 600))
    >>> result = fit_deferral(model, X, y, person, budget=0.6, classes=[0, 1])
    >>> print(f"{result.model.value:.2f} {result.people.value:.2f} {result.pair.value:.2f}")
    0.74 0.78 1.00
    >>> result.policy([[1.0, 1.0], [1.0, 0.0]]).ask
    array([ True, False])
    """
    budget = require_budget(budget)
    critical_value(level)  # says what is wrong with a level
    as_generator(seed)  # the same for a seed
    require_choice(method, ["auto", *METHODS], what="method")
    methods = METHODS if method == "auto" else tuple(m for m in METHODS if m == method)
    predictor = as_predictor(model, classes=classes)
    if predictor.task != "classification":
        raise InputError(
            f"The model {predictor.name!r} predicts values, and deferral is for decisions between "
            "classes. Give a classifier."
        )
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    lesson, reader, evaluations = _lesson(
        predictor, X, y, human_decisions, utilities=utilities, asking_cost=asking_cost,
        features=features, representation=representation, weights=weights,
        asked_chance=asked_chance, training=training,
    )  # fmt: skip
    groupings = _groupings(X, groups, len(lesson))
    learned = learn(lesson, methods, budget=budget, seed=seed)
    judged, alone, expected = _judged(lesson, methods, learned, budget=budget, seed=seed)
    policy = _policy(learned, lesson, reader, predictor, budget=budget, seed=seed)
    share = utilities is None and asking_cost == 0
    chance_alone = judged.model + budget * (judged.person - judged.model)
    others = {"model": judged.model, "people": judged.person, "at_random": chance_alone}
    gain = judged.person - judged.model
    mass = judged.ask * judged.person_weights
    sent = mass > 0
    return DeferralResult(
        policy=policy,
        measure="accuracy" if share else "utility",
        model=judged.mean(judged.model, level, share=share),
        people=judged.mean(judged.person, level, share=share),
        at_random=judged.mean(chance_alone, level, share=share),
        pair=judged.mean(judged.pair, level, share=share),
        oracle=judged.mean(judged.oracle(budget), level, share=share),
        gains={name: judged.mean(judged.pair - each, level) for name, each in others.items()},
        asked=judged.asked(level),
        promised=float(mass @ expected / mass.sum()) if sent.any() else float("nan"),
        kept=mean_estimate(gain[sent], weights=mass[sent], level=level) if sent.any() else None,
        rules={name: judged.mean(each * gain, level) for name, each in alone.items()},
        curve=curve_of(judged, level, share=share),
        groups=tuple(
            found
            for each in groupings
            for found in judge_groups(
                judged, each.name, each.codes, each.labels, level, share=share
            )
        ),
        budget=budget,
        rows=len(lesson),
        decided=int(lesson.asked.sum()),
        evaluations=evaluations,
        level=level,
    )


def _lesson(
    predictor: Predictor,
    X: Any,
    y: Any,
    human_decisions: Any,
    *,
    utilities: ArrayLike | None,
    asking_cost: float,
    features: Sequence[str] | None,
    representation: Callable[[Any], Any] | None,
    weights: ArrayLike | None,
    asked_chance: ArrayLike | None,
    training: Any,
) -> tuple[Lesson, CaseReader, int]:
    outcomes = class_positions(y, predictor.classes, where="y")
    n = len(outcomes)
    rows = int(X.shape[0]) if hasattr(X, "shape") else len(X)
    if rows != n:
        raise InputError(f"X has {rows} rows and y has {n} labels. Give one label a row.")
    asked, theirs = _people(human_decisions, predictor, n)
    worth = _utilities(utilities, len(predictor.classes))
    if not (np.isfinite(asking_cost) and asking_cost >= 0):
        raise InputError(f"asking_cost={asking_cost!r} is not a finite number from 0.")
    counted = _numbers(weights, n, "weights", "numbers from 0, not all of them 0")
    if not (counted >= 0).all() or not counted.sum() > 0:
        raise InputError(f"weights are {n} numbers from 0, one a row, not all of them 0.")
    counted = counted / counted.mean()
    chance = _numbers(asked_chance, n, "asked_chance", "chances, above 0 and up to 1")
    if not ((chance[asked] > 0) & (chance <= 1)[asked]).all():
        bad = int(np.flatnonzero(asked & ~((chance > 0) & (chance <= 1)))[0])
        raise InputError(
            f"Row {bad} has a person's decision and asked_chance {chance[bad]:g}. Chances lie "
            "above 0 and up to 1."
        )
    person_weights = np.where(asked, counted / np.where(asked, chance, 1.0), 0.0)
    enough = int((person_weights > 0).sum())
    if enough < FEWEST:
        raise InputError(
            f"People have decided {enough} of the {n} rows, and a rule needs at least {FEWEST}. "
            "Ask about more cases first; values.value_of_asking says which."
        )
    # On average a row with a decision counts as one, so that penalties mean the same everywhere.
    person_weights = person_weights * (enough / person_weights.sum())
    hashes = require_unseen(predictor, X, training=training, what="deferral")
    before = predictor.rows_evaluated
    said = predictor(X)
    evaluations = predictor.rows_evaluated - before
    decisions = np.asarray(predictor.decide(said), dtype=np.intp)
    reader = CaseReader.fitted(
        predictor, X, said, decisions, features=features, representation=representation
    )
    lesson = Lesson(
        design=reader.design(X, said, decisions),
        probabilities=said,
        decisions=decisions,
        model=worth[decisions, outcomes],
        person=np.where(asked, worth[theirs, outcomes], 0.0),
        asked=asked,
        weights=counted,
        person_weights=person_weights,
        hashes=hashes,
        utilities=worth,
        asking_cost=float(asking_cost),
    )
    return lesson, reader, evaluations


def _judged(
    lesson: Lesson, methods: Sequence[Rule], learned: Learned, *, budget: float, seed: int
) -> tuple[Judged, dict[Rule, Floats], Floats]:
    """Return rows as rules that have not seen them treat them, each rule alone, and its gains."""
    n = len(lesson)
    ask, score, expected = np.zeros(n), np.zeros(n), np.zeros(n)
    alone: dict[Rule, Floats] = {name: np.zeros(n) for name in methods}
    folds = strata_folds(lesson, FOLDS, seed)
    for fold in range(FOLDS):
        away = folds == fold
        part = lesson.at(away)
        found = learn(lesson.at(~away), methods, budget=budget, seed=seed)
        scores = {name: each.scores(part) for name, each in found.rules.items()}
        for name, each in found.rules.items():
            alone[name][away] = chances(scores[name], each.threshold)
        score[away] = scores[learned.best.rule]
        if found.rule in scores:
            ask[away] = alone[found.rule][away]
            expected[away] = scores[found.rule]
        else:
            ask[away] = budget if found.rule == "people at random" else 0.0
            expected[away] = found.average_gain
    judged = Judged(
        model=lesson.model,
        person=np.where(lesson.asked, lesson.person - lesson.asking_cost, lesson.model),
        ask=ask,
        score=score,
        known=lesson.person_weights > 0,
        weights=lesson.weights,
        person_weights=lesson.person_weights,
    )
    return judged, alone, expected


def _policy(
    learned: Learned,
    lesson: Lesson,
    reader: CaseReader,
    predictor: Predictor,
    *,
    budget: float,
    seed: int,
) -> DeferralPolicy:
    chosen = learned.rules.get(learned.rule)
    floors = {"model alone": np.inf, "people at random": -np.inf}
    return DeferralPolicy(
        rule=learned.rule,
        threshold=learned.threshold,
        floor=floors.get(learned.rule, 0.0),
        budget=budget,
        person=np.zeros(0) if chosen is None else chosen.person,
        model=np.zeros(0) if chosen is None else chosen.model,
        average_gain=learned.average_gain,
        utilities=lesson.utilities,
        asking_cost=lesson.asking_cost,
        classes=predictor.class_names,
        reader=reader,
        seed=seed,
        predictor=predictor,
    )


def _people(given: Any, predictor: Predictor, n: int) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return on which rows a person has decided, and what (0 where nobody has)."""
    said = given.tolist() if hasattr(given, "detach") else list(given)
    labels = pd.Series(said, dtype=object)
    if len(labels) != n:
        raise InputError(
            f"human_decisions has {len(labels)} entries, and there are {n} rows. Give one a row, "
            "None where nobody was asked."
        )
    asked = labels.notna().to_numpy()
    filled = labels.where(asked, predictor.classes[0])
    return asked, class_positions(filled, predictor.classes, where="human_decisions")


def _utilities(given: ArrayLike | None, n_classes: int) -> Floats:
    if given is None:
        return np.eye(n_classes)
    worth = np.asarray(given, dtype=np.float64)
    if worth.shape != (n_classes, n_classes) or not np.isfinite(worth).all():
        raise InputError(
            f"utilities have the shape {worth.shape}. Give {n_classes} × {n_classes} finite "
            "numbers: of deciding for a class (row) when a class (column) is true."
        )
    if np.ptp(worth) == 0:
        raise InputError("All utilities are equal, so that no decision is better than another.")
    return worth


def _numbers(given: ArrayLike | None, n: int, name: str, what: str) -> Floats:
    if given is None:
        return np.ones(n)
    numbers = np.asarray(given, dtype=np.float64)
    if numbers.shape != (n,) or not np.isfinite(numbers).all():
        raise InputError(f"{name} has the shape {numbers.shape}. Give {n} {what}, one a row.")
    return numbers


def _groupings(X: Any, groups: Any, n: int) -> tuple[Grouping, ...]:
    if groups is None:
        return ()
    names = [groups] if isinstance(groups, str) else groups
    if isinstance(X, pd.DataFrame) and len(names) != n and all(isinstance(g, str) for g in names):
        return tuple(grouping(X, name) for name in names)
    if isinstance(groups, str):
        raise InputError(
            f"groups={groups!r} names a column, and X has no names. Give one value a row."
        )
    if len(groups) != n:
        raise InputError(
            f"groups has {len(groups)} values, and there are {n} rows. Give one a row, or names of "
            "columns of X."
        )
    return (grouping(pd.DataFrame({"group": list(groups)}), "group"),)
