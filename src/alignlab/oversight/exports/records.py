"""An answer as a record: nested for lines of JSON, flat for the columns of a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

__all__ = ["COLUMNS", "compact", "flat_row", "line"]

WHOLE, NUMBER, TEXT, TRUTH = "int64", "float64", "string", "bool"

COLUMNS: Mapping[str, str] = {
    "seq": WHOLE,
    "key": TEXT,
    "kind": TEXT,
    "reviewer": TEXT,
    "at": TEXT,
    "verdict": TEXT,
    "decision": TEXT,
    "preferred": TEXT,
    "confidence": NUMBER,
    "reason": TEXT,
    "own_decision": TEXT,
    "own_confidence": NUMBER,
    "said": TEXT,
    "arm": TEXT,
    "advice_seen": TRUTH,
    "card_seen": TRUTH,
    "swapped": TRUTH,
    "visible_ms": NUMBER,
    "server_ms": NUMBER,
    "drawn": TEXT,
    "stratum": TEXT,
    "group": TEXT,
    "advice": TEXT,
    "advice_confidence": NUMBER,
    "truth": TEXT,
    "gold": TEXT,
    "source": TEXT,
}
"""The columns of a table of answers and what they hold; "said" and "source" hold JSON."""

compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""Return plain values as one line of JSON."""


_quoted = json.encoder.encode_basestring

_quoted_once = lru_cache(maxsize=4096)(_quoted)
"""For the few texts that come again and again."""

DECIDED = ("confidence", "decision", "reason", "verdict")
"""What a decision says, in the order in which the archive keeps it."""

WORD = {True: "true", False: "false"}


def line(answered: Any, name: Callable[[str], str], *, gold: bool) -> str:
    """Return an answer with everything that is known of it, as a line of JSON.

    Written out field by field: a million answers are a million lines, and the encoder takes three
    times as long.

    Parameters
    ----------
    answered
        One of `Review.answers`.
    name
        From a reviewer to the name under which the answer is told.
    gold
        Whether the field is told that says what was planted.
    """
    quoted, once = _quoted, _quoted_once
    advice, truth, source = answered.advice, answered.truth, answered.source
    visible, server, own, said = (
        answered.visible_ms, answered.server_ms, answered.own, answered.said,
    )  # fmt: skip
    planted = f',"gold":{_text(answered.gold)}' if gold else ""
    return (
        f'{{"seq":{answered.seq},"key":{quoted(answered.key)},"kind":{once(answered.kind)},'
        f'"reviewer":{once(name(answered.reviewer))},"at":"{_moment(answered.at)}",'
        f'"answer":{_answer(answered.answer)},'
        f'"own":{"null" if own is None else _answer(own)},'
        f'"said":{compact(list(said)) if said else "[]"},"arm":{once(answered.arm)},'
        f'"advice_seen":{WORD[answered.advice_seen]},"card_seen":{WORD[answered.card_seen]},'
        f'"swapped":{WORD[answered.swapped]},'
        f'"visible_ms":{"null" if visible is None else repr(visible)},'
        f'"server_ms":{"null" if server is None else repr(server)},'
        f'"drawn":{once(answered.drawn)},"stratum":{once(answered.stratum)},'
        f'"group":{once(answered.group)},'
        f'"advice":{"null" if advice is None else _advice_text(advice)},'
        f'"truth":{_text(truth)}{planted},"source":{_object(source)}}}'
    )


def flat_row(answered: Any, name: Callable[[str], str], *, gold: bool = True) -> tuple[Any, ...]:
    """Return an answer in the order of `COLUMNS`; what an answer of its kind lacks is `None`.

    Without `gold` the column of that name is left out.
    """
    answer, own, advice = answered.answer.get, answered.own, answered.advice
    said, source = answered.said, answered.source
    return (
        answered.seq,
        answered.key,
        answered.kind,
        name(answered.reviewer),
        _moment(answered.at),
        answer("verdict"),
        answer("decision"),
        answer("preferred"),
        answer("confidence"),
        answer("reason"),
        own.get("decision") if own else None,
        own.get("confidence") if own else None,
        compact(list(said)) if said else None,
        answered.arm,
        answered.advice_seen,
        answered.card_seen,
        answered.swapped,
        answered.visible_ms,
        answered.server_ms,
        answered.drawn,
        answered.stratum,
        answered.group,
        advice.decision if advice else None,
        advice.confidence if advice else None,
        answered.truth,
        *((answered.gold,) if gold else ()),
        compact(source) if source else None,
    )


def _moment(at: float) -> str:
    """Return seconds since 1970 as ISO 8601 text in UTC, to the millisecond."""
    whole, thousandths = divmod(round(at * 1000), 1000)
    return f"{_second(whole)}.{thousandths:03d}Z"


@lru_cache(maxsize=4096)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).isoformat(timespec="seconds").removesuffix("+00:00")


def _answer(said: Mapping[str, Any]) -> str:
    """Return `compact(said)`; most are decisions, and what is where is known of those."""
    if tuple(said) != DECIDED:
        return _object(said)
    sure, decision, reason, verdict = said.values()
    return (
        f'{{"confidence":{"null" if sure is None else repr(sure)},'
        f'"decision":{"null" if decision is None else _quoted_once(decision)},'
        f'"reason":{_quoted(reason)},"verdict":{_quoted_once(verdict)}}}'
    )


def _object(values: Mapping[str, Any]) -> str:
    """Return `compact(values)`, without the encoder that is made anew for each call."""
    parts = []
    for key, value in values.items():
        kind = type(value)
        if kind is str:
            text = _quoted(value)
        elif value is None:
            text = "null"
        elif kind is int or kind is float:
            text = repr(value)
        else:
            text = compact(value)
        parts.append(f"{_quoted_once(key)}:{text}")
    return f"{{{','.join(parts)}}}"


def _text(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


def _advice_text(advice: Any) -> str:
    sure = advice.confidence
    return (
        f'{{"decision":{_quoted_once(advice.decision)},'
        f'"confidence":{"null" if sure is None else repr(sure)}}}'
    )
