"""Proxies: which features give a sensitive attribute away, and how much of a gap goes by them.

Two numbers a feature, each with an interval: how well it tells the group (the AUC of the group
foretold from it, `telling`), and how much of the gap in the model's mean answers it carries,

    carried = gap(f) - gap(f with the feature swapped among all rows, across groups),
    gap(f)  = E[f(x) | first group] - E[f(x) | second group],

with the dyadic interval of the room's importance. For an additive model f = sum_j f_j(x_j) it is
E[f_j | first] - E[f_j | second] exactly, and the carried parts sum to the gap; for a linear model
that is beta_j times the distance of the groups' means. Interactions are counted with each feature
that takes part in them.

A feature is shown to be a proxy if it surely tells the group and surely carries part of the gap.
That is no judgement: a feature may carry a gap and be what ought to be decided by.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate, critical_value
from alignlab.predictors import as_predictor
from alignlab.predictors.labels import class_text
from alignlab.transparency.importance.answers import ShuffledAnswers, shuffled_answers
from alignlab.transparency.importance.gaps import Gap, gap_of
from alignlab.transparency.proxies.telling import predictability
from alignlab.wording import shortened

__all__ = ["Proxies", "Proxy", "find_proxies", "proxies_among"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """What one feature has to do with a sensitive attribute.

    Attributes
    ----------
    name, columns
        The feature.
    tells
        How well it alone tells the two groups apart: the AUC on rows not learned from.
    carries
        The part of the gap that goes when the feature is swapped among rows; below 0 where the
        feature narrows the gap.
    share
        `carries` as a share of the gap; `None` where there is surely no gap to share.
    itself
        Whether the feature is the sensitive attribute.
    """

    name: str
    columns: tuple[Any, ...]
    tells: Estimate
    carries: Estimate
    share: Estimate | None
    itself: bool

    @property
    def gives_away(self) -> bool:
        """Whether it surely tells the group."""
        return self.tells.low > 0.5

    @property
    def is_proxy(self) -> bool:
        """Whether it surely tells the group and surely carries part of the gap, and is not it."""
        return self.gives_away and self.carries.low > 0 and not self.itself


@dataclass(frozen=True, slots=True)
class Proxies:
    """What gives a sensitive attribute away, the features that carry most of the gap first.

    Attributes
    ----------
    attribute
        The sensitive attribute.
    features
        One a feature, the sensitive attribute's own columns included.
    together
        How well all features but the attribute's own tell the two groups apart together (AUC).
    gap
        The gap in the model's mean answers; of groups not stated, its interval allows for the
        choice of the two.
    between
        The two groups: the first one's mean answer is the larger.
    of
        What the answers are: the class whose probability or decision is meant, or "value".
    level
        The level that the intervals hold at together.
    rows
        The number of rows used.
    evaluations
        Rows that the model was asked for.
    """

    attribute: str
    features: tuple[Proxy, ...]
    together: Estimate | None
    gap: Estimate
    between: tuple[str, str]
    of: str
    level: float
    rows: int
    evaluations: int

    @property
    def proxies(self) -> tuple[Proxy, ...]:
        """The features that are shown to be proxies, those that carry most first."""
        return tuple(each for each in self.features if each.is_proxy)

    def __repr__(self) -> str:
        """Return the proxies' names; `to_frame` has the numbers."""
        names = ", ".join(each.name for each in self.proxies) or "none shown"
        return f"<Proxies of {self.attribute} ({self.rows} rows): {shortened(names)}>"

    def __getitem__(self, name: str) -> Proxy:
        """Return the feature or group of that name."""
        for each in self.features:
            if each.name == name:
                return each
        names = [each.name for each in self.features]
        raise InputError(f"There is no feature {name!r}.{nearest(name, names)}")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "attribute": self.attribute,
            "between": list(self.between),
            "of": self.of,
            "gap": self.gap.to_dict(),
            "together": None if self.together is None else self.together.to_dict(),
            "level": self.level,
            "rows": self.rows,
            "evaluations": self.evaluations,
            "features": [
                {
                    "name": each.name,
                    "columns": list(each.columns),
                    "tells": each.tells.to_dict(),
                    "carries": each.carries.to_dict(),
                    "share": None if each.share is None else each.share.to_dict(),
                    "itself": each.itself,
                    "proxy": each.is_proxy,
                }
                for each in self.features
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line a feature: AUC of the group, part and share of the gap, proxy or not."""
        return pd.DataFrame(
            [
                {
                    "feature": each.name,
                    "tells": each.tells.value,
                    "tells_low": each.tells.low,
                    "carries": each.carries.value,
                    "low": each.carries.low,
                    "high": each.carries.high,
                    "share": float("nan") if each.share is None else each.share.value,
                    "proxy": each.is_proxy,
                }
                for each in self.features
            ]
        )

    def chart(self, *, most: int = 20) -> Chart:
        """Draw the part of the gap that each of the `most` first features carries."""
        lines = [
            {
                "feature": f"{each.name} (AUC {each.tells.value:.2f})",
                "value": each.carries.value,
                "low": each.carries.low,
                "high": each.carries.high,
                "n": each.carries.n,
                "quiet": not each.is_proxy,
            }
            for each in self.features[:most]
        ]
        return interval_chart(
            f"Through which features does the gap by {self.attribute} go?",
            lines,
            x=f"part of the gap in the mean answer, {self.between[0]} less {self.between[1]}",
            y="feature",
            reference=0.0,
            reference_label="carries nothing",
            percent=self.of != "value",
            quiet_label="not shown to be a proxy",
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))


def find_proxies(
    model: Any,
    X: pd.DataFrame | NDArray[Any],
    sensitive: ArrayLike,
    *,
    attribute: str | None = None,
    of: Literal["answer", "decision"] | None = None,
    target: Hashable | None = None,
    between: tuple[Hashable, Hashable] | None = None,
    itself: Sequence[Any] = (),
    weights: ArrayLike | None = None,
    answers: ArrayLike | None = None,
    repeats: int = 3,
    max_rows: int = 10_000,
    groups: Mapping[str, Sequence[Any]] | None = None,
    level: float = 0.95,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> Proxies:
    """Find the features that give a sensitive attribute away and through which a gap goes.

    Use it where a model does not read the attribute, or should not: what else tells it of the
    group, and what part of the gap comes that way? It says nothing of whether that is just, and
    nothing of causes.

    Parameters
    ----------
    model
        The model: a `Predictor`, or whatever `as_predictor` takes.
    X
        n rows of features, a data frame or an array.
    sensitive
        Each row's group, shape (n,).
    attribute
        What the groups are called; `None` takes the name of the column given.
    of
        Whose mean is compared: the "answer" (probability or value; default) or the "decision".
    target
        The class that is meant; `None` takes the second of two.
    between
        The two groups; `None` takes those whose gap has the greatest lower limit.
    itself
        Columns of X that are the sensitive attribute; a column of its name is, in any case.
    weights, answers, repeats, max_rows, groups, level, seed
        See `permutation_importance`.
    classes, task, features
        Passed to `as_predictor`.

    Raises
    ------
    InputError
        If fewer than two groups have 20 rows, or lengths differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sex = rng.choice(["f", "m"], 500)
    >>> X = pd.DataFrame({"height": rng.normal(170 + 12 * (sex == "m"), 7), "day": rng.random(500)})
    >>> found = find_proxies(lambda rows: rows["height"] + rows["day"], X, sex, task="regression")
    >>> [each.name for each in found.proxies], round(found["height"].share.value, 2)
    (['height'], 1.02)
    """
    predictor = as_predictor(model, classes=classes, task=task, features=features)
    critical_value(level)  # says what is wrong with a level, before the model is asked
    asked = shuffled_answers(
        predictor, X, weights=weights, answers=answers, repeats=repeats, max_rows=max_rows,
        groups=groups, seed=seed,
    )  # fmt: skip
    name = attribute or str(getattr(sensitive, "name", None) or "the sensitive attribute")
    chosen = of or ("answer" if predictor.probabilistic else "decision")
    gap = Gap(sensitive, of=chosen, target=target, between=between)
    return proxies_among(
        asked,
        gap,
        X,
        attribute=name,
        itself={name, *itself},
        weights=weights,
        groups=groups,
        max_rows=max_rows,
        level=level,
        seed=seed,
    )


def proxies_among(
    asked: ShuffledAnswers,
    gap: Gap,
    X: pd.DataFrame | NDArray[Any],
    *,
    attribute: str,
    itself: set[Any],
    weights: ArrayLike | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    max_rows: int = 10_000,
    level: float = 0.95,
    comparisons: int | None = None,
    seed: int = 0,
) -> Proxies:
    """Return the proxies by one attribute, from answers to shuffled rows that are there already.

    Parameters
    ----------
    asked
        The answers to the rows `X`.
    gap
        The gap; its groups are the attribute.
    comparisons
        How many intervals of each kind hold at once; `None` is one a feature.
    X, attribute, itself, weights, groups, max_rows, level, seed
        See `find_proxies`.
    """
    metric, ends, members = gap_of(gap, asked.whole, asked.kept, asked.given)
    assert metric.compute is not None
    family = comparisons or len(asked.plans)
    carried = asked.importance(metric, level=level, comparisons=family)
    # The two groups that the gap is between are told apart; others have no part in it.
    rows = asked.kept[members >= 0]
    here = X.take(rows) if isinstance(X, pd.DataFrame) else X[rows]
    options: dict[str, Any] = {
        "weights": None if weights is None else np.asarray(weights)[rows],
        "max_rows": max_rows, "level": level, "seed": seed,
    }  # fmt: skip
    sides = members[members >= 0]
    told = predictability(
        here, sides, together=False, groups=groups, comparisons=family, **options
    ).features
    others = [
        column
        for plan in asked.plans
        if not itself.intersection((plan.name, *plan.columns))
        for column in plan.columns
    ]
    together = None
    if others:
        beside = here[others] if isinstance(here, pd.DataFrame) else here[:, others]
        together = predictability(beside, sides, features=False, **options).together
    predictor = asked.whole.predictor
    if predictor.task == "regression":
        of = "value"
    else:
        of = predictor.class_names[1] if gap.target is None else class_text(gap.target)
    found = [
        Proxy(
            each.name,
            each.columns,
            told[each.name],
            each.estimate,
            each.share,
            bool(itself.intersection((each.name, *each.columns))),
        )
        for each in carried.features
    ]
    return Proxies(
        attribute,
        tuple(found),
        together,
        metric.compute(asked.whole).estimate(level=level, comparisons=metric.chosen_from),
        ends,
        of,
        level,
        carried.rows,
        asked.evaluations,
    )
