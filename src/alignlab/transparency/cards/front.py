"""Explain single decisions: what was decided, how sure, what counted, what would have changed it.

A card puts together what other parts of this room compute: Shapley values with their errors
(`shapley`), changed rows under constraints (`counterfactuals`), the most similar cases
(`similar`), and a check of the explanation itself (`deletion`). It speaks of the model and of the
data, and claims nothing of causes [karimi2021algorithmic].
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

from alignlab.datasets import Constraints
from alignlab.errors import InputError
from alignlab.transparency.cards.card import ExplanationCard
from alignlab.transparency.cards.making import EVALUATIONS, Stated, cards_of

__all__ = ["explain", "explain_many"]


def explain(
    model: Any,
    row: Any,
    *,
    data: Any,
    outcomes: Any = None,
    constraints: Constraints | None = None,
    immutable: Sequence[str] = (),
    protected: Sequence[str] = (),
    favourable: Hashable | None = None,
    wanted: tuple[float | None, float | None] | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    labels: Mapping[str, str] | None = None,
    calibrated: bool | None = None,
    background: int = 100,
    max_evaluations: int = EVALUATIONS,
    alternatives: int = 3,
    similar: int = 50,
    check: bool = True,
    answers: Any = None,
    name: str = "the data",
    level: float = 0.95,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> ExplanationCard:
    """Explain one decision in plain words.

    Use it to tell a person, or a reviewer, why a model answered as it did and how far to trust
    that explanation. It does not say what would happen in the world if something were changed, nor
    whether the decision is right.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes.
    row
        The case: its position in `data`, or a row of its own: a data frame of one row, a series, a
        mapping, or an array where `data` is one.
    data
        Cases to compare with, at least 3, such as the model was trained on. A case given by its
        position is not compared with itself.
    outcomes
        What happened in each row of `data`, missing where that is unknown, shape (n,). The name of
        a series is what the card says was decided about. A case given by its position is shown with
        what happened.
    constraints
        What a case may become, for the changes that the card names.
    immutable
        Further columns that are never suggested to change.
    protected
        Columns that people must not be judged by: never suggested either, and named where they
        count.
    favourable
        The class that people want: a decision against it is explained by what would have led to it.
        A decision for it, as any where no class is named, by what would have led to another one.
    wanted
        In regression the range of answers that the changes should lead to, `None` for no end;
        without it no changes are looked for.
    groups
        Columns that are one feature, by the feature's name. One-hot columns are found.
    labels
        What columns and classes are called on the card, by their names.
    calibrated
        Whether somebody vouches that the probabilities come true as often as they say.
    background
        How many rows of `data`, drawn by the seed, unknown features are taken from.
    max_evaluations
        The most rows to ask the model for on account of the Shapley values.
    alternatives
        How many changed cases to name; 0 looks for none.
    similar
        How many similar cases to look at, at most a tenth of the data but no fewer than 5; 0 for
        none.
    check
        Whether to measure how true the explanation is to the model.
    answers
        The model's answers for `data` where they are known: probabilities or values.
    name
        What the data are called.
    level
        Of all intervals.
    seed
        Decides what is drawn.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    ExplanationCard

    Raises
    ------
    InputError
        If the row, the data or an argument is not understood.
    ModelError
        If the model fails.

    References
    ----------
    [lundberg2017unified], [wachter2017counterfactual], [gower1971general], [petsiuk2018rise]

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"income": rng.normal(40, 9, 200), "debt": rng.gamma(2, 3, 200)}).round(1)
    >>> y = np.where(X["income"] > 35 + X["debt"], "paid", "not paid")
    >>> card = explain(LogisticRegression().fit(X, y), 0, data=X, outcomes=y)
    >>> card.sentences[0]
    "The model's decision for row 0 of the data is paid; the alternative was not paid."
    >>> [each.feature for each in card.main_reasons]
    ['debt', 'income']
    """
    stated = Stated(
        outcomes=outcomes,
        constraints=constraints,
        immutable=immutable,
        protected=protected,
        favourable=favourable,
        wanted=wanted,
        groups=groups,
        labels=labels,
        calibrated=calibrated,
        background=background,
        max_evaluations=max_evaluations,
        alternatives=alternatives,
        similar=similar,
        check=check,
        answers=answers,
        name=name,
        level=level,
        seed=seed,
        classes=classes,
        task=task,
        features=features,
    )
    return cards_of(model, [row], data, stated)[0]


def explain_many(
    model: Any, rows: Sequence[int], *, data: Any, **stated: Any
) -> tuple[ExplanationCard, ...]:
    """Explain the decisions of several rows of the data, a card for each.

    The background, the answers for the data and the Shapley values are asked for together.

    Parameters
    ----------
    model, data
        As of `explain`.
    rows
        Positions in `data`.
    **stated
        What else `explain` takes.

    Raises
    ------
    InputError
        As `explain`.
    """
    if not len(rows):
        raise InputError("There are 0 rows to explain. Name at least one position of the data.")
    return cards_of(model, rows, data, Stated(**stated))
