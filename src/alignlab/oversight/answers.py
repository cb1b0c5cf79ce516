"""What a person can say, by the kind of item, and what is refused.

    decide      {"verdict": "accept" | "override" | "own" | "defer" | "cannot tell",
                 "decision": one of the choices, "confidence": 0 to 1, "reason": text}
    prefer      {"preferred": "first" | "second" | "tie" | "both bad" | "cannot tell",
                 "confidence", "reason"}
    interview   {"reply": "sure" | "gamble" | "equal" | "stop"}

Confidence is the probability that the person gives to being right; for a decision between two it
is at least 1/2 where the person is consistent, which is not enforced. Where advice was seen, taking
it is "accept" and not taking it "override"; where none was seen, the verdict is "own". The verdict
follows from the decision: nobody can accept and decide otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.errors import InputError, require_choice
from alignlab.oversight.items import Advice, Kind

__all__ = ["PREFERRED", "REPLIES", "VERDICTS", "checked_answer", "turned"]

VERDICTS = ("accept", "override", "own", "defer", "cannot tell")
PREFERRED = ("first", "second", "tie", "both bad", "cannot tell")
REPLIES = ("sure", "gamble", "equal", "stop")

MOST_LETTERS = 4_000
"""Of a reason."""

UNPAIRED = re.compile("[\ud800-\udfff]")

TURNED = {"first": "second", "second": "first"}


def checked_answer(
    said: Mapping[str, Any],
    kind: Kind,
    *,
    choices: Sequence[str] = (),
    advice: Advice | None = None,
) -> dict[str, Any]:
    """Return an answer as it is kept: every field there, the verdict as it follows.

    Parameters
    ----------
    said
        What came from the person.
    kind, choices
        Of the item.
    advice
        What the person had seen; `None` if no advice was seen.

    Raises
    ------
    InputError
        If a word or a number is none of those allowed.

    Examples
    --------
    >>> checked_answer({"decision": "no"}, "decide", choices=["yes", "no"], advice=Advice("yes"))
    {'verdict': 'override', 'decision': 'no', 'confidence': None, 'reason': ''}
    """
    if not isinstance(said, Mapping):
        raise InputError(f"{said!r} is not an answer. Send an object with a field for each word.")
    if kind == "interview":
        return {"reply": require_choice(said.get("reply"), REPLIES, what="reply")}
    rest = {"confidence": _confidence(said.get("confidence")), "reason": _reason(said)}
    if kind == "prefer":
        return {
            "preferred": require_choice(said.get("preferred"), PREFERRED, what="preferred"),
            **rest,
        }
    verdict = said.get("verdict")
    if verdict in ("defer", "cannot tell"):
        return {"verdict": verdict, "decision": None, **rest}
    if verdict is not None:
        require_choice(said.get("verdict"), VERDICTS, what="verdict")
    if verdict == "accept":
        if advice is None:
            raise InputError("There is no advice to accept. Choose a decision.")
        if said.get("decision") not in (None, advice.decision):
            raise InputError(
                f"verdict='accept' takes the advice, {advice.decision!r}, and "
                f"decision={said['decision']!r} is another. Send one of them."
            )
        decision = advice.decision
    else:
        decision = require_choice(said.get("decision"), choices, what="decision")
    follows = "own" if advice is None else "accept" if decision == advice.decision else "override"
    return {"verdict": follows, "decision": decision, **rest}


def turned(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a pair whose sides were shown exchanged, as if they had not been.

    Examples
    --------
    >>> turned({"preferred": "first"}), turned({"preferred": "tie"})
    ({'preferred': 'second'}, {'preferred': 'tie'})
    """
    said = answer["preferred"]
    return {**answer, "preferred": TURNED.get(said, said)}


def _confidence(given: Any) -> float | None:
    if given is None or given == "":
        return None
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not 0 <= given <= 1:
        raise InputError(f"confidence={given!r} is not a probability from 0 to 1.")
    return float(given)


def _reason(said: Mapping[str, Any]) -> str:
    given = said.get("reason")
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InputError(f"reason={given!r} is not text.")
    if len(given) > MOST_LETTERS:
        raise InputError(
            f"The reason has {len(given):,} letters; at most {MOST_LETTERS:,} are kept. Shorten it."
        )
    # PostgreSQL keeps no NUL, and no file in UTF-8 half a character.
    if "\0" in given or UNPAIRED.search(given):
        raise InputError("The reason holds what is not a whole character. Take it out.")
    return given
