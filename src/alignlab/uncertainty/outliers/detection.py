"""Which rows are unlike the reference, with a guarantee on false alarms.

A score says how unusual a row is (`scores`: from the model's answer; `features`: from where the row
lies), and conformal p-values turn it into flags (`threshold`). Scores that are fitted are fitted on
one random half of the reference and calibrated on the other, because a row that has shaped a
distance lies nearer by it, and a threshold from such rows raises too many alarms. Where the score
comes from a model, the reference must not be rows that the model was trained on, for the same
reason.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.datasets import Grouping
from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate, critical_value, share_estimate
from alignlab.predictors import Predictor, as_predictor, class_text
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.unseen import require_unseen
from alignlab.uncertainty.outliers.features import Mahalanobis, NearestNeighbours
from alignlab.uncertainty.outliers.representation import network_answers
from alignlab.uncertainty.outliers.rows import RowNumbers, as_table, require_alike
from alignlab.uncertainty.outliers.scores import ANSWER_SCORES
from alignlab.uncertainty.outliers.threshold import OutlierThreshold, benjamini_hochberg

__all__ = ["OutlierResult", "ScoreName", "detect_outliers"]

Floats = NDArray[np.float64]

ScoreName = Literal[
    "mahalanobis",
    "relative_mahalanobis",
    "neighbours",
    "max_probability",
    "entropy",
    "max_logit",
    "energy",
]

NEEDS_LOGITS = ("max_logit", "energy")

NEIGHBOURS = 10

MOST_NEIGHBOURS = 10_000
"""Reference rows among which neighbours are looked for; more cost time and change little."""


@dataclass(frozen=True, eq=False)
class OutlierResult:
    """How unusual each row is, and which are flagged.

    Attributes
    ----------
    scores
        Each row's score, shape (n,); larger is more unusual.
    p_values
        How rarely a row of the reference's kind scores as high, shape (n,).
    flagged
        Which rows lie above the threshold, shape (n,).
    threshold
        The threshold, with the reference's scores.
    score
        What the score is, in words.
    groups
        Each row's group, or `None`.
    evaluations
        Rows that the model was asked for.
    left_out
        Columns that were not compared, with the reason.
    level
        The level of the intervals.
    """

    scores: Floats
    p_values: Floats
    flagged: NDArray[np.bool_]
    threshold: OutlierThreshold
    score: str
    groups: Grouping | None = None
    evaluations: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    level: float = 0.95

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def share(self) -> Estimate:
        """The share of rows like these that lie above the threshold, Clopper–Pearson."""
        return self._share(np.ones(len(self), dtype=bool))

    @property
    def expected(self) -> Estimate:
        """The share that would be flagged if nothing were different; beta."""
        return self.threshold.expected(self.level)

    @property
    def p_value(self) -> float:
        """The chance of so many flagged rows, or more, if nothing were different."""
        return self.threshold.surprise(int(self.flagged.sum()), len(self))

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        count, due = int(self.flagged.sum()), self.threshold.false_alarms
        beyond = self.p_value <= 1 - self.level
        said = "more than" if beyond else "no more than"
        return (
            f"{count:,} of {len(self):,} rows ({self.share.value:.1%}) are unlike the reference by "
            f"{self.score}: {said} the {due:.1%} of false alarms and chance explain "
            f"(p = {self.p_value:.2g})."
        )

    def by_group(self) -> dict[str, Estimate]:
        """Return the share flagged in each group, each with an interval by itself."""
        if self.groups is None:
            return {}
        return {
            label: self._share(self.groups.codes == code)
            for code, label in enumerate(self.groups.labels)
        }

    def discoveries(self, rate: float = 0.1) -> NDArray[np.bool_]:
        """Return rows of which, on average, at most a share `rate` are usual ones.

        A threshold lets 5 % of the usual rows through however few unusual ones there are; this
        flags none where it would mostly flag usual ones. See `benjamini_hochberg`.
        """
        return benjamini_hochberg(self.p_values, rate)

    def most_unusual(self, k: int = 10) -> NDArray[np.intp]:
        """Return the positions of the k rows that score highest, the highest first."""
        return np.argsort(-self.scores, kind="stable")[:k]

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each row: score, p-value, flag, and group where there are groups."""
        frame = pd.DataFrame(
            {"score": self.scores, "p_value": self.p_values, "unusual": self.flagged}
        )
        if self.groups is not None:
            frame[self.groups.name] = np.array(self.groups.labels, dtype=object)[self.groups.codes]
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "headline": self.headline,
            "score": self.score,
            "share": self.share.to_dict(),
            "expected": self.expected.to_dict(),
            "p_value": self.p_value,
            "threshold": self.threshold.value,
            "false_alarms": self.threshold.false_alarms,
            "confidence": self.threshold.confidence,
            "reference_rows": len(self.threshold.scores),
            "by_group": {name: each.to_dict() for name, each in self.by_group().items()},
            "left_out": dict(self.left_out),
            "evaluations": self.evaluations,
            "scores": self.scores.tolist(),
            "p_values": self.p_values.tolist(),
            "flagged": self.flagged.tolist(),
        }

    def chart(self) -> Chart:
        """Draw the share of unusual rows, by group where there are groups, beside what is due."""
        shares = {"all rows": self.share, **self.by_group()}
        rows = [
            {"group": name, "value": each.value, "low": each.low, "high": each.high, "n": each.n}
            for name, each in shares.items()
        ]
        return interval_chart(
            "Whose rows are unlike the reference?",
            rows,
            x="share of unusual rows",
            reference=self.threshold.false_alarms,
            reference_label="false alarms allowed",
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().head(20).to_html())

    def _share(self, which: NDArray[np.bool_]) -> Estimate:
        n = int(which.sum())
        share = float(self.flagged[which].mean()) if n else float("nan")
        return share_estimate(share, n, rows=n, level=self.level)


def detect_outliers(
    model: Any,
    reference: Any,
    X: Any,
    *,
    score: ScoreName = "mahalanobis",
    labels: Any = None,
    false_alarms: float = 0.05,
    confidence: float | None = None,
    groups: Grouping | None = None,
    training: Any = None,
    neighbours: int = NEIGHBOURS,
    temperature: float = 1.0,
    classes: Sequence[Hashable] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> OutlierResult:
    """Say of each row how unlike the reference it is, and flag it with a bound on false alarms.

    Use it before trusting answers on new rows. A flag says that a row is unusual, and not that the
    answer is wrong; no flag says that this score sees nothing.

    Parameters
    ----------
    model
        A network, whose last hidden representation is compared; any other model, for the scores of
        its answers, or to compare the columns that it reads; or `None`, which compares the rows
        themselves. It is not changed.
    reference
        Rows that are as they should be: a data frame, an array or a tensor. Where a model is asked,
        not its training rows.
    X
        n new rows, in the same form.
    score
        By where a row lies: "mahalanobis", "relative_mahalanobis" (needs labels) or "neighbours".
        By the model's answer: "max_probability", "entropy", and for networks "max_logit" and
        "energy".
    labels
        The reference's classes, for Mahalanobis distances to class means.
    false_alarms
        The share of usual rows that may be flagged.
    confidence
        `None` keeps that rate on average over references; a probability, such as 0.95, keeps it
        for all but an unlucky share of references.
    groups
        The new rows' groups.
    training
        The model's training rows, or their hashes, beside those that it knows itself; reference
        rows among them are refused.
    neighbours
        Which neighbour counts, for "neighbours".
    temperature
        For "energy".
    classes
        A module's or function's classes, in the order of its answers; `None` numbers those of a
        module.
    level
        The level of the intervals.
    seed
        Divides the reference where something is fitted on it.

    Returns
    -------
    OutlierResult

    Raises
    ------
    InputError
        If something given cannot be used; the message says what to do.
    ModelError
        If the model raises or answers something else than it should.

    References
    ----------
    [bates2023testing], [lee2018simple], [sun2022out], [liu2020energy]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> usual, new = rng.normal(size=(1000, 3)), rng.normal(size=(200, 3))
    >>> new[:20] += 5
    >>> result = detect_outliers(None, usual, new)
    >>> bool(result.flagged[:20].all()), result.p_value < 1e-4
    (True, True)
    """
    require_choice(score, get_args(ScoreName), what="score")
    critical_value(level)
    if groups is not None and len(groups.codes) != len(X):
        raise InputError(f"groups has {len(groups.codes)} rows and X has {len(X)}.")
    if model is None and training is not None:
        raise InputError(
            "training= holds the rows that a model was fitted on, and model is None. Give the "
            "model, or leave training out."
        )
    predictor = None if model is None else _predictor(model, reference, classes)
    asked = 0 if predictor is None else predictor.rows_evaluated
    if predictor is not None:
        require_unseen(predictor, reference, training=training, what="reference")
    left_out: Mapping[str, str] = {}
    if score in ANSWER_SCORES:
        known, new, words = _by_answers(predictor, reference, X, score, temperature)
    else:
        fit = _Fit.halved(len(reference), score, neighbours, labels, seed)
        known, new, words, left_out = _by_place(predictor, reference, X, fit)
    threshold = OutlierThreshold.chosen(known, false_alarms, confidence=confidence)
    return OutlierResult(
        scores=new,
        p_values=threshold.p_values(new),
        flagged=threshold.flags(new),
        threshold=threshold,
        score=words,
        groups=groups,
        evaluations=0 if predictor is None else predictor.rows_evaluated - asked,
        left_out=left_out,
        level=level,
    )


def _predictor(model: Any, rows: Any, classes: Sequence[Hashable] | None) -> Predictor:
    """Return the model as a Predictor; classes of a module are numbered where nobody names them."""
    if classes is None and not isinstance(model, Predictor) and hasattr(model, "named_modules"):
        shape = as_predictor(model, task="regression").answer(rows[:1]).shape
        classes = range(max(2, shape[1] if len(shape) == 2 else 1))
    return as_predictor(model, classes=classes)


def _by_answers(
    predictor: Predictor | None, reference: Any, X: Any, score: str, temperature: float
) -> tuple[Floats, Floats, str]:
    """Return the scores of the model's answers, and what they are."""
    words = f"the {score.replace('max_', 'maximum ')} of its answers"
    if predictor is None:
        raise InputError(
            f"score={score!r} is a score of a model's answers, and model is None. Give the model, "
            "or ask for score='mahalanobis'."
        )
    if predictor.task != "classification" or not predictor.probabilistic:
        raise InputError(
            f"The model {predictor.name!r} gives no probabilities, and score={score!r} is made of "
            "them. Ask for score='mahalanobis' or 'neighbours'."
        )
    made = ANSWER_SCORES[score]
    if predictor.module is None:
        if score in NEEDS_LOGITS:
            raise InputError(
                f"score={score!r} is made of logits, and the model {predictor.name!r} gives "
                "probabilities: from these logits are known up to a constant only, which moves the "
                "score. Ask for score='entropy' or 'max_probability'."
            )
        answers = (predictor(reference), predictor(X))
        return made(probabilities=answers[0]), made(probabilities=answers[1]), words
    more = {"temperature": temperature} if score == "energy" else {}
    known, new = (
        made(logits=network_answers(predictor, rows, look_inside=False).logits, **more)
        for rows in (reference, X)
    )
    return known, new, words


def _by_place(
    predictor: Predictor | None, reference: Any, X: Any, fit: _Fit
) -> tuple[Floats, Floats, str, Mapping[str, str]]:
    """Return the scores of where rows lie, of the reference's second half and of the new rows."""
    if predictor is not None and predictor.module is not None:
        seen = network_answers(predictor, reference), network_answers(predictor, X)
        known, new, words = fit.scores(seen[0].features, seen[1].features, by_length=True)
        return known, new, f"{words} of the network's last hidden representation", {}
    old, now = as_table(reference, what="the reference"), as_table(X)
    if predictor is not None and predictor.features is not None:
        # Columns that the model does not read, such as the outcome, say nothing about its answers.
        old, now = (
            each[[name for name in predictor.columns_in(each.columns) if name in each.columns]]
            for each in (old, now)
        )
    require_alike(old, now)
    # How columns become numbers is fitted as well, on the same half.
    numbers = RowNumbers.fitted(old.iloc[fit.first])
    return *fit.scores(numbers(old), numbers(now), by_length=False), numbers.left_out


@dataclass(frozen=True, eq=False)
class _Fit:
    """A distance that is fitted on one half of the reference, for use on the other.

    Attributes
    ----------
    score, neighbours
        Which distance.
    labels
        The reference's classes, or `None`.
    first, second
        The positions of the two halves.
    """

    score: str
    neighbours: int
    labels: NDArray[Any] | None
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    @classmethod
    def halved(cls, n: int, score: str, neighbours: int, labels: Any, seed: int) -> _Fit:
        if n < 4:
            raise InputError(
                f"The reference has {n} rows: half of them are fitted on, and half compared with."
            )
        if labels is not None:
            if len(labels) != n:
                raise InputError(
                    f"labels has {len(labels)} entries for {n} reference rows. Give one a row."
                )
            labels = np.array([class_text(each) for each in np.asarray(labels).tolist()])
        order = as_generator(seed, "outliers", "halves").permutation(n)
        return cls(score, neighbours, labels, np.sort(order[: n // 2]), np.sort(order[n // 2 :]))

    def scores(self, old: Floats, new: Floats, *, by_length: bool) -> tuple[Floats, Floats, str]:
        if self.score == "neighbours":
            every = -(-len(self.first) // MOST_NEIGHBOURS)
            near = NearestNeighbours.fitted(
                old[self.first[::every]], neighbours=self.neighbours, by_length=by_length
            )
            words = f"the distance to the {_ordinal(self.neighbours)} nearest neighbour"
            return near.score(old[self.second]), near.score(new), words
        relative = self.score == "relative_mahalanobis"
        labels = None if self.labels is None else self.labels[self.first]
        far = Mahalanobis.fitted(old[self.first], labels, relative=relative)
        words = f"the {'relative ' * relative}Mahalanobis distance"
        return far.score(old[self.second]), far.score(new), words


def _ordinal(k: int) -> str:
    ending = "th" if k % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"{k}{ending}"
