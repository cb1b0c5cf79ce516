"""Who decided what with which advice: the trials that all measures of reliance are taken from.

A trial is one decision of one person on one item. In a two-stage trial the person answered alone
first (`own`), then saw the advice, then decided; in a one-stage trial the advice was there at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest

__all__ = ["Trials", "number_name"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

DECISIONS = ("truth", "advice", "final", "own")


class Trials:
    """Decisions of people on items, with the advice that they were given.

    Parameters
    ----------
    person, item
        Who decided, and on what: any labels, shape (n,).
    final
        What was decided in the end, shape (n,): labels, or numbers.
    advice
        What the model said, shape (n,); `None` or NaN where it said nothing.
    truth
        What was right, shape (n,); `None` or NaN where nobody knows. The measures that need it
        leave such trials out.
    own
        What the person had answered before seeing advice, shape (n,); `None` or NaN where nobody
        asked. Without it there is no RAIR and no RSR.
    arm
        What was shown, shape (n,); one arm, "all", where it is not given.
    seen
        Whether the person saw the advice, shape (n,). True where it is not given and there is
        advice. Trials without advice in sight are people alone: they count for accuracy only.
    confidence, advice_confidence
        The probability of being right that the person, or the model, gave; 0 to 1, or NaN.
    stratum
        What the design balanced, such as "advice wrong", shape (n,).
    designed
        Whether the strata's sizes were fixed when the cases were chosen, as `balanced_rows` does.
        Where they came out by chance, they are uncertain, too.

    Attributes
    ----------
    people, items, arms, labels, strata
        The names; codes below are positions in them.
    person, item, arm
        Codes, shape (n,).
    truth, advice, final, own
        Codes of `labels`, shape (n,); -1 where there is none.
    numbers
        The numbers that `labels` are, or `None` where they are words.
    stratum
        Codes of `strata`.
    designed
        Whether their sizes were fixed.
    left_out
        How many answers were not trials, and why; of `from_answers`.

    Raises
    ------
    InputError
        If arrays differ in length, a final decision is missing, words and numbers are mixed, a
        person answered an item twice in one arm, or one decision is written in two ways.

    Examples
    --------
    >>> trials = Trials(person=["ann", "ann", "bob"], item=["a", "b", "a"],
    ...                 truth=["yes", "no", "yes"], advice=["yes", "yes", "yes"],
    ...                 own=["no", "no", "yes"], final=["yes", "no", "yes"])
    >>> trials
    <Trials: 3 decisions of 2 people on 2 items, two-stage>
    """

    def __init__(
        self,
        *,
        person: ArrayLike,
        item: ArrayLike,
        final: ArrayLike,
        advice: ArrayLike | None = None,
        truth: ArrayLike | None = None,
        own: ArrayLike | None = None,
        arm: ArrayLike | None = None,
        seen: ArrayLike | None = None,
        confidence: ArrayLike | None = None,
        advice_confidence: ArrayLike | None = None,
        stratum: ArrayLike | None = None,
        designed: bool = True,
        left_out: Mapping[str, int] | None = None,
    ) -> None:
        n = len(_column(person, "person"))
        if not n:
            raise InputError("There are no trials: person is empty. Give one entry a decision.")
        self.people, self.person = _coded(person, "person", n)
        self.items, self.item = _coded(item, "item", n)
        self.arms, self.arm = _coded(["all"] * n if arm is None else arm, "arm", n)
        self.strata, self.stratum = _coded([""] * n if stratum is None else stratum, "stratum", n)
        given = dict(zip(DECISIONS, (truth, advice, final, own), strict=True))
        columns = {
            name: _column(value if value is not None else [None] * n, name, n)
            for name, value in given.items()
        }
        self.labels, self.numbers, coded = _decisions(columns)
        self.truth, self.advice, self.final, self.own = (coded[name] for name in DECISIONS)
        self.confidence = _probabilities(confidence, "confidence", n)
        self.advice_confidence = _probabilities(advice_confidence, "advice_confidence", n)
        self.seen = self.advice >= 0 if seen is None else _seen(seen, n) & (self.advice >= 0)
        self.designed = designed
        self.left_out = dict(left_out or {})
        self._check()

    @classmethod
    def from_answers(
        cls,
        answers: Iterable[Any],
        *,
        drawn: Sequence[str] | None = None,
        designed: bool = False,
    ) -> Trials:
        """Return the trials among the answers of a review.

        Answers that decide nothing ("defer", "cannot tell") and questions of other kinds are left
        out and counted in `left_out`: a person who defers relies on nobody.

        Parameters
        ----------
        answers
            As `Review.answers()` yields them, or mappings with the same names, as exported.
        drawn
            Keep only items drawn so: "random", "value", "gold"; `None` for all. What was drawn by
            worth is harder than the rest: measures of it say nothing of all cases.
        designed
            Whether the cases were chosen so that each stratum has as many as it has. In most
            reviews they were not: a stratum is only what the arms are balanced within.

        Examples
        --------
        >>> answer = {"key": "c1", "kind": "decide", "reviewer": "ann", "answer":
        ...           {"decision": "no", "confidence": 0.8}, "own": None, "arm": "advice",
        ...           "advice_seen": True, "advice": {"decision": "yes"}, "truth": "no"}
        >>> Trials.from_answers([answer, {**answer, "answer": {"verdict": "defer"}}]).left_out
        {'defer': 1}
        """
        rows: dict[str, list[Any]] = {name: [] for name in _FIELDS}
        left: Counter[str] = Counter()
        for answer in answers:
            why = _why_not(answer, drawn)
            if why:
                left[why] += 1
                continue
            said, advice = _of(answer, "answer"), _of(answer, "advice")
            gold = _of(answer, "gold")
            row = (
                _of(answer, "reviewer"),
                _of(answer, "key"),
                _of(answer, "truth") if gold is None else gold,
                _of(advice, "decision"),
                _of(said, "decision"),
                _of(_of(answer, "own"), "decision"),
                _of(answer, "arm") or "all",
                bool(_of(answer, "advice_seen")),
                _of(said, "confidence"),
                _of(advice, "confidence"),
                _of(answer, "stratum") or "",
            )
            for name, value in zip(_FIELDS, row, strict=True):
                rows[name].append(value)
        if not rows["person"]:
            why = ", ".join(f"{count} {what}" for what, count in left.items()) or "none given"
            raise InputError(f"None of the answers is a decision ({why}). Ask items of 'decide'.")
        return cls(**rows, designed=designed, left_out=left)

    def __len__(self) -> int:
        return len(self.person)

    def __repr__(self) -> str:
        stages = "two-stage" if self.two_stage.all() else "one-stage"
        if self.two_stage.any() and not self.two_stage.all():
            stages = "some two-stage"
        return (
            f"<Trials: {len(self):,} decisions of {len(self.people):,} people on "
            f"{len(self.items):,} items, {stages}>"
        )

    @property
    def two_stage(self) -> NDArray[np.bool_]:
        """Whether the person answered alone before seeing the advice, shape (n,)."""
        return self.seen & (self.own >= 0)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Whether the advice was seen and it is known whether it was right, shape (n,)."""
        return self.seen & (self.truth >= 0)

    def at(self, arm: str) -> NDArray[np.bool_]:
        """Return which trials are in an arm."""
        if arm not in self.arms:
            near = nearest(arm, self.arms) if isinstance(arm, str) else ""
            raise InputError(f"arm={arm!r} is not one of {listed(map(repr, self.arms))}.{near}")
        return self.arm == self.arms.index(arm)

    def _check(self) -> None:
        missing = np.flatnonzero(self.final < 0)
        if len(missing):
            raise InputError(
                f"final is missing in {len(missing):,} of {len(self):,} trials, first at position "
                f"{missing[0]}. Leave out decisions that were not taken."
            )
        keys = (self.person * len(self.items) + self.item) * len(self.arms) + self.arm
        _, first, count = np.unique(keys, return_index=True, return_counts=True)
        if count.max() > 1:
            at = int(first[count > 1].min())
            raise InputError(
                f"{self.people[self.person[at]]!r} answers the item "
                f"{self.items[self.item[at]]!r} more than once in the arm "
                f"{self.arms[self.arm[at]]!r}. Keep the answer that stands, or give each showing "
                "an item's name of its own."
            )
        alike: dict[str, str] = {}
        for label in self.labels:
            other = alike.setdefault(label.strip().casefold(), label)
            if other != label:
                raise InputError(
                    f"The decisions {other!r} and {label!r} differ only in how they are written, "
                    "and would count as different. Write the same decision alike everywhere."
                )


_FIELDS = (
    "person", "item", "truth", "advice", "final", "own", "arm", "seen", "confidence",
    "advice_confidence", "stratum",
)  # fmt: skip


def _of(holder: Any, name: str) -> Any:
    if holder is None:
        return None
    get = getattr(holder, "get", None)
    return getattr(holder, name, None) if get is None else get(name)


def _why_not(answer: Any, drawn: Sequence[str] | None) -> str:
    """Return why an answer is no trial; "" where it is one."""
    kind = _of(answer, "kind")
    if kind != "decide":
        return str(kind)
    how = _of(answer, "drawn")
    if drawn is not None and how not in drawn:
        return f"drawn by {how}"
    said = _of(answer, "answer")
    return "" if _of(said, "decision") is not None else str(_of(said, "verdict"))


def _column(given: Any, name: str, n: int | None = None) -> NDArray[Any]:
    # Of a list of words NumPy would make a table as wide as the longest, and a word of NaN.
    words = isinstance(given, list | tuple) and any(isinstance(each, str) for each in given)
    column = np.asarray(given, dtype=object if words else None)
    if column.dtype.kind in "US":
        column = column.astype(object)
    if column.ndim != 1:
        raise InputError(f"{name} has shape {column.shape}; give one entry a trial.")
    if n is not None and len(column) != n:
        raise InputError(f"{name} has {len(column):,} entries and person has {n:,}. Align them.")
    return column


def _coded(given: ArrayLike, name: str, n: int) -> tuple[tuple[str, ...], Codes]:
    column = _column(given, name, n)
    missing = np.flatnonzero(_absent(column))
    if len(missing):
        raise InputError(f"{name} is missing at position {missing[0]}. Name it in every trial.")
    return _named(column)


def _named(column: NDArray[Any]) -> tuple[tuple[str, ...], Codes]:
    """Return the names in order, and each entry's; one long name makes no column of long names."""
    import pandas as pd

    codes, distinct = pd.factorize(column)
    told = [str(each) for each in distinct]
    names = sorted(set(told))
    place = {name: at for at, name in enumerate(names)}
    return tuple(names), np.array([place[name] for name in told], dtype=np.intp)[codes]


def _absent(column: NDArray[Any]) -> NDArray[np.bool_]:
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind != "O":
        return np.zeros(len(column), dtype=bool)
    import pandas as pd

    return np.asarray(pd.isna(column), dtype=bool)


def _decisions(
    columns: Mapping[str, NDArray[Any]],
) -> tuple[tuple[str, ...], Floats | None, dict[str, Codes]]:
    """Return the labels of all decisions, the numbers that they are, and each column's codes."""
    kept = {name: ~_absent(column) for name, column in columns.items()}
    kinds = {name: _kinds(column[kept[name]]) for name, column in columns.items()}
    numeric = [name for name, kind in kinds.items() if kind == {True}]
    words = [name for name, kind in kinds.items() if False in kind]
    if numeric and words:
        raise InputError(
            f"{numeric[0]} holds numbers and {words[0]} holds words, which are never equal. Write "
            "decisions alike in truth, advice, final and own."
        )
    given = [column[kept[name]] for name, column in columns.items()]
    plain = [each.astype(float) if numeric else each.astype(object) for each in given]
    together = np.concatenate(plain)
    if numeric:
        values, codes = np.unique(together, return_inverse=True)
        if not np.isfinite(values).all():
            raise InputError(
                "A decision is infinite. Give finite numbers, or NaN where there is none."
            )
        labels = tuple(number_name(each) for each in values.tolist())
    else:
        values, (labels, codes) = None, _named(together)
    coded, start = {}, 0
    for name, here in kept.items():
        coded[name] = np.full(len(here), -1, dtype=np.intp)
        coded[name][here] = codes[start : start + here.sum()]
        start += int(here.sum())
    return labels, values, coded


def number_name(value: float) -> str:
    """Return a number in its shortest form from which it comes back: 1, 0.5, 1234567.

    Examples
    --------
    >>> number_name(1.0), number_name(1234567.0), number_name(0.1)
    ('1', '1234567', '0.1')
    """
    return repr(float(value)).removesuffix(".0")


def _kinds(column: NDArray[Any]) -> set[bool]:
    """Return whether there are numbers (True), and whether there is anything else (False)."""
    if column.dtype.kind != "O":
        return {column.dtype.kind in "biuf"} if len(column) else set()
    numbers = (int, float, np.number, np.bool_)
    return {issubclass(kind, numbers) for kind in set(map(type, column))}


def _probabilities(given: ArrayLike | None, name: str, n: int) -> Floats:
    if given is None:
        return np.full(n, np.nan)
    column = _column(given, name, n)
    try:
        values = np.where(_absent(column), np.nan, column).astype(float)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} is not made of numbers. Give probabilities from 0 to 1."
        ) from None
    wrong = np.flatnonzero((values < 0) | (values > 1))
    if len(wrong):
        raise InputError(
            f"{name} is {values[wrong[0]]:g} at position {wrong[0]}. Give probabilities from 0 to "
            "1; divide percentages by 100, and do not take steps of a scale for them."
        )
    return values


def _seen(given: ArrayLike, n: int) -> NDArray[np.bool_]:
    column = _column(given, "seen", n)
    if not all(isinstance(each, bool | np.bool_) for each in column.tolist()):
        raise InputError("seen is not made of True and False. Say whether the advice was in sight.")
    return column.astype(bool)
