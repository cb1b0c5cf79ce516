"""What came of a review: every statistic that its answers allow, and why not where they don't.

Agreement is over all answers that say something; gold over planted items; reliance, complementarity
and people's confidence over decisions whose truth is known; trust over the questionnaire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.charts import Chart
from alignlab.errors import InputError
from alignlab.oversight.agreement import dawid_skene, gold_accuracy, krippendorff_alpha
from alignlab.oversight.items import Answered
from alignlab.oversight.reliance import Trials, complementarity, measure_reliance
from alignlab.oversight.sampling import representative
from alignlab.oversight.trust import confidence_calibration, score_trust

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReviewStatistic", "labels_of", "review_statistics"]

BY_WORTH = "drawn by value"
"""What `Trials.left_out` calls answers to cases that were asked first for their worth."""


@dataclass(frozen=True, eq=False)
class ReviewStatistic:
    """One question about a review, and its answer.

    Attributes
    ----------
    name
        A short name, such as "agreement".
    question
        As people ask it.
    sentence
        The answer, or why there is none.
    known
        Whether there is one.
    frame
        The numbers; `None` where there are none.
    chart
        Drawn, where that says more.
    """

    name: str
    question: str
    sentence: str
    known: bool
    frame: pd.DataFrame | None = None
    chart: Chart | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the sentence and the numbers as plain values."""
        rows = None if self.frame is None else self.frame.to_dict("records")
        return {
            "name": self.name,
            "question": self.question,
            "sentence": self.sentence,
            "known": self.known,
            "rows": rows,
        }


def review_statistics(
    answers: Iterable[Answered],
    *,
    trust: Mapping[str, Mapping[str, float | None]] | None = None,
    level: float = 0.95,
) -> tuple[ReviewStatistic, ...]:
    """Return what a review's answers say about the people, the advice and the two together.

    Use it for a first look; each statistic has a function of its own with more to choose.

    Parameters
    ----------
    answers
        As `Review.answers(gold=True)` yields them.
    trust
        By person, what each rated in the questionnaire, by the statements' keys.
    level
        Of all intervals.

    Examples
    --------
    >>> found = review_statistics([])
    >>> found[0].name, found[0].sentence
    ('agreement', 'Nobody has answered yet.')
    """
    every = tuple(answers)
    if not every:
        nobody = ReviewStatistic(
            "agreement", "Do people agree?", "Nobody has answered yet.", known=False
        )
        return (nobody,)
    plain = [each for each in every if each.gold is None]
    planted = [each for each in every if each.gold is not None]
    decided = _Decided(plain, level)
    made: Sequence[tuple[str, str, Callable[[], tuple[str, Any, Chart | None]]]] = (
        ("agreement", "Do people agree?", lambda: _agreement(plain, level)),
        ("reviewers", "Whose answers count for how much?", lambda: _reviewers(plain, level)),
        ("gold", "Are planted cases answered right?", lambda: _gold(planted, level)),
        (
            "reliance",
            "Is advice taken where it is right, and only there?",
            decided.reliance,
        ),
        (
            "complementarity",
            "Do people with advice beat the better of the two alone?",
            decided.together,
        ),
        (
            "confidence",
            "Are people as often right as they are sure?",
            decided.confidence,
        ),
        ("trust", "What do people say of the system?", lambda: _trust(trust or {}, level)),
    )
    found = []
    for name, question, work in made:
        try:
            sentence, frame, chart = work()
            found.append(ReviewStatistic(name, question, sentence, True, frame, chart))
        except InputError as error:
            found.append(ReviewStatistic(name, question, str(error), False))
    return tuple(found)


def labels_of(answers: Iterable[Answered]) -> tuple[list[str], list[str], list[Any]]:
    """Return item, person and label of every answer to a case or a pair; `None` where none is said.

    Statistics of agreement are about one `kind` at a time: nobody could have said of a case what is
    said of pairs, so that together all would seem to agree more than by chance.

    Examples
    --------
    >>> labels_of([])
    ([], [], [])
    """
    rows = [
        (each.key, each.reviewer, each.answer.get("decision", each.answer.get("preferred")))
        for each in answers
        if each.kind != "interview" and each.answer.get("verdict") != "defer"
    ]
    labels = [None if label == "cannot tell" else label for *_, label in rows]
    return [row[0] for row in rows], [row[1] for row in rows], labels


KINDS = {"decide": "cases", "prefer": "pairs"}


def _by_kind(answers: Sequence[Answered]) -> dict[str, tuple[list[str], list[str], list[Any]]]:
    """Return the labels of cases and those of pairs, as far as there are any."""
    told = {
        what: labels_of([each for each in answers if each.kind == kind])
        for kind, what in KINDS.items()
    }
    known = {what: labels for what, labels in told.items() if labels[0]}
    if not known:
        raise InputError("No case and no pair has been answered yet.")
    return known


def _agreement(answers: Sequence[Answered], level: float) -> tuple[str, Any, Chart | None]:
    labels = _by_kind(answers)
    found = {what: krippendorff_alpha(*each, level=level) for what, each in labels.items()}
    said = _joined({what: each.headline for what, each in found.items()})
    if all(each.undefined for each in found.values()):
        raise InputError(said)
    return said, None, None


def _reviewers(answers: Sequence[Answered], level: float) -> tuple[str, Any, Chart | None]:
    import pandas as pd

    said, frames, charts = {}, [], []
    for what, labels in _by_kind(answers).items():
        try:
            found = dawid_skene(*labels, level=level)
        except InputError as error:
            said[what] = str(error)
            continue
        said[what] = found.headline
        frames.append(found.to_frame().assign(of=what))
        charts.append(found.chart())
    if not frames:
        raise InputError(_joined(said))
    if len(said) == 1:
        return _joined(said), frames[0].drop(columns="of"), charts[0]
    return _joined(said), pd.concat(frames, ignore_index=True), None


def _joined(said: Mapping[str, str]) -> str:
    """Return sentences about cases and pairs, told apart where there are both."""
    if len(said) == 1:
        return next(iter(said.values()))
    return " ".join(f"Of {what}: {sentence}" for what, sentence in said.items())


def _gold(answers: Sequence[Answered], level: float) -> tuple[str, Any, Chart | None]:
    if not answers:
        raise InputError("No planted case has been answered: state some when the review is made.")
    item, person, label = labels_of(answers)
    right: dict[str, Any] = {each.key: each.gold for each in answers}
    found = gold_accuracy(item, person, label, [right[key] for key in item], level=level)
    return found.headline, found.to_frame(), found.chart()


class _Decided:
    """The decisions among some answers, read once for all statistics that are about them."""

    def __init__(self, answers: Sequence[Answered], level: float) -> None:
        self.answers, self.level = answers, level

    @cached_property
    def trials(self) -> tuple[Trials, bool]:
        return representative(self.answers)

    def about(self, sentence: str) -> str:
        """Return a sentence, and which cases it is about where that is not all of them."""
        trials, for_all = self.trials
        if not for_all:
            return f"{sentence} This is about the cases that were asked first, not about all cases."
        if trials.left_out.get(BY_WORTH):
            return f"{sentence} This is about the cases drawn at random, which stand for all."
        return sentence

    def judged(self) -> Trials:
        trials, _ = self.trials
        if not trials.judged.any():
            raise InputError("No advice was seen on a case whose truth is known.")
        return trials

    def reliance(self) -> tuple[str, Any, Chart | None]:
        found = measure_reliance(self.judged(), level=self.level)
        return self.about(found.headline), found.to_frame(), found.chart()

    def together(self) -> tuple[str, Any, Chart | None]:
        found = complementarity(self.judged(), level=self.level)
        known = any(each.over_better is not None for each in found.arms)
        return self.about(found.headline), found.to_frame(), found.chart() if known else None

    def confidence(self) -> tuple[str, Any, Chart | None]:
        trials, _ = self.trials
        known = trials.truth >= 0
        asked = known & np.isfinite(trials.confidence)
        if not asked.any():
            raise InputError("Nobody has said how sure they were of a case whose truth is known.")
        found = confidence_calibration(
            trials.confidence[asked],
            (trials.final == trials.truth)[asked],
            person=trials.person[asked],
            item=trials.item[asked],
            level=self.level,
        )
        said = found.headline
        if asked.sum() < known.sum():
            said += f" They said it in {int(asked.sum()):,} of {int(known.sum()):,} decisions."
        return self.about(said), found.to_frame(), found.chart()


def _trust(
    rated: Mapping[str, Mapping[str, float | None]], level: float
) -> tuple[str, Any, Chart | None]:
    if not rated:
        raise InputError("Nobody has answered the questionnaire.")
    found = score_trust(rated, level=level)
    return found.headline, found.to_frame(), None
