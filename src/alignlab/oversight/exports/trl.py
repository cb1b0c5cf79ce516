"""Comparisons of texts in the columns that TRL's trainers read.

    DPO      prompt, chosen, rejected        preference, explicit prompt
    reward   chosen, rejected                preference, implicit prompt
    KTO      prompt, completion, label       unpaired preference

All are conversations, lists of {"role", "content"}: TRL joins a plain prompt and a plain completion
without a character between them, which turns "Which colour?" and "Blue." into "Which colour?Blue.".

A tie has no chosen side. It is left out, or, with `ties="both"`, told in both directions, which
draws the two sides together. Of two that are both bad neither is chosen either; KTO's labels say of
one completion whether it is wanted, so there both are unwanted, and a tie says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

__all__ = ["TRL", "Ties", "trl_rows"]

Ties = Literal["drop", "both"]

Message = Mapping[str, str]

TRL: Mapping[str, tuple[str, ...]] = {
    "trl-dpo": ("prompt", "chosen", "rejected"),
    "trl-reward": ("chosen", "rejected"),
    "trl-kto": ("prompt", "completion", "label"),
}
"""The columns of each format."""

SIDES = {"first": ("first", "second"), "second": ("second", "first")}


def trl_rows(
    answers: Iterable[Any], form: str, left_out: Counter[str], *, ties: Ties = "drop"
) -> Iterator[dict[str, Any]]:
    """Yield rows of a format, and count in `left_out` the answers that give none, by their reason.

    Parameters
    ----------
    answers
        Of `Review.answers(content=True)`.
    form
        One of `TRL`.
    left_out
        Is added to.
    ties
        See the module.
    """
    for answered in answers:
        content = answered.content
        if answered.kind != "prefer" or content["form"] != "text":
            left_out["not a comparison of texts"] += 1
            continue
        said = answered.answer["preferred"]
        text = {side: content[side]["text"] for side in ("first", "second")}
        if form == "trl-kto":
            wanted = _wanted(said)
            if wanted is None:
                left_out[_reason(said)] += 1
                continue
            for side, label in wanted.items():
                completion = [_message("assistant", text[side])]
                yield {"prompt": _prompt(content), "completion": completion, "label": label}
            continue
        if said in SIDES:
            directions = [SIDES[said]]
        elif said == "tie" and ties == "both":
            directions = [*SIDES.values()]
        else:
            left_out[_reason(said)] += 1
            continue
        for better, worse in directions:
            yield _pair(_prompt(content), text[better], text[worse], form)


def _wanted(said: str) -> dict[str, bool] | None:
    if said == "both bad":
        return {"first": False, "second": False}
    if said not in SIDES:
        return None
    better, worse = SIDES[said]
    return {better: True, worse: False}


def _pair(prompt: list[Message], better: str, worse: str, form: str) -> dict[str, Any]:
    chosen, rejected = [_message("assistant", better)], [_message("assistant", worse)]
    if form == "trl-dpo":
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    # Before there is a question the conversation begins with what was said.
    before = prompt if prompt[0]["content"] else []
    return {"chosen": before + chosen, "rejected": before + rejected}


def _prompt(content: Mapping[str, Any]) -> list[Message]:
    return [_message("user", content.get("prompt") or "")]


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _reason(said: str) -> str:
    return "ties" if said == "tie" else said
