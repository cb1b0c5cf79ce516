"""Past decisions as `values.infer_utilities` takes them: yes or no, and the chance of yes.

What people's decisions reveal of their costs rests on what they knew. A person who saw the model's
advice may have followed it, and the threshold found would be the model's: so only decisions taken
without advice in sight are told, unless others are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.oversight.loop.taken import Said, decision_of, require_said

if TYPE_CHECKING:
    from alignlab.oversight.items import Answered

__all__ = ["DecisionRecords", "decision_records"]


@dataclass(frozen=True, eq=False, slots=True)
class DecisionRecords:
    """Decisions that people took, in the order in which they came.

    `infer_utilities(records.decisions, records.probabilities, people=records.people)` says what
    costs they reveal.

    Attributes
    ----------
    decisions
        Whether yes was decided, shape (n,).
    probabilities
        The chance that yes is right, shape (n,).
    people, groups
        Who decided, and the group of the case; n each.
    keys
        Of the items.
    left_out
        How many answers tell nothing here, by their reason.
    """

    decisions: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    people: tuple[str, ...]
    groups: tuple[str, ...]
    keys: tuple[str, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.keys)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a decision."""
        return pd.DataFrame(
            {
                "key": self.keys,
                "person": self.people,
                "group": self.groups,
                "decision": self.decisions,
                "probability": self.probabilities,
            }
        )


def decision_records(
    answers: Iterable[Answered],
    *,
    yes: str,
    probabilities: Mapping[str, float] | None = None,
    said: Said = "own",
) -> DecisionRecords:
    """Return people's decisions and the chance that yes was right.

    Parameters
    ----------
    answers
        Of `Review.answers`; planted items are passed over.
    yes
        The choice that counts as yes; all others are no.
    probabilities
        The chance that yes is right, by an item's key, calibrated; `None` takes the confidence of
        the advice, which says it where there are two choices or the advice is yes.
    said
        "own" takes what was decided without advice in sight, "final" what was decided in the end.

    Raises
    ------
    InputError
        If `yes` is no choice of a case, a chance is no probability, or no decision is left.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> case = SimpleNamespace(
    ...     key="a", kind="decide", reviewer="ana", answer={"decision": "yes"}, own=None, group="f",
    ...     advice_seen=False, advice=SimpleNamespace(decision="no", confidence=0.7),
    ...     drawn="value", choices=("no", "yes"))
    >>> records = decision_records([case], yes="yes")
    >>> records.decisions.tolist(), records.probabilities.round(2).tolist()
    ([True], [0.3])
    """
    require_said(said)
    left_out: Counter[str] = Counter()
    kept: list[tuple[bool, float, str, str, str]] = []
    for each in answers:
        if each.kind != "decide" or each.drawn == "gold":
            left_out["not a decision"] += 1
            continue
        if yes not in each.choices:
            raise InputError(
                f"yes={yes!r} is not among the choices of {each.key!r}: {listed(each.choices)}."
                f"{nearest(yes, each.choices)}"
            )
        decision = decision_of(each, said)
        if decision is None:
            seen = said == "own" and each.own is None and each.advice_seen
            left_out["advice in sight" if seen else "handed on, or not to tell"] += 1
            continue
        chance = _chance(each, yes) if probabilities is None else probabilities.get(each.key)
        if chance is None:
            left_out["no chance of yes known"] += 1
            continue
        if not 0 <= chance <= 1:
            raise InputError(f"The chance {chance!r} of {each.key!r} is no probability.")
        kept.append((decision == yes, float(chance), each.reviewer, each.group, each.key))
    if not kept:
        reasons = listed(f"{reason} ({n:,})" for reason, n in left_out.items()) or "no answers"
        more = ' Take these by said="final".' if left_out["advice in sight"] else ""
        raise InputError(f"No decision is left to learn from: {reasons}.{more}")
    decisions, chances, people, groups, keys = zip(*kept, strict=True)
    return DecisionRecords(
        np.array(decisions, bool),
        np.array(chances, np.float64),
        people,
        groups,
        keys,
        dict(left_out),
    )


def _chance(answered: Answered, yes: str) -> float | None:
    advice = answered.advice
    if advice is None or advice.confidence is None:
        return None
    if advice.decision == yes:
        return advice.confidence
    return 1 - advice.confidence if len(answered.choices) == 2 else None
