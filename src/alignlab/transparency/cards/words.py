"""A card in plain words: each sentence is a template filled from numbers.

No sentence says that something was the cause of something. A feature *counted for* or *against* an
answer, which is about the model's arithmetic; similar cases *went* one way or another, which is
about the data; and with other values the model's answer *would have been* another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignlab.transparency.cards.shown import (
    FINE,
    amount,
    capital,
    number,
    percent,
)
from alignlab.wording import called, cell, joined

if TYPE_CHECKING:
    from alignlab.transparency.cards.card import ExplanationCard, Reason

__all__ = ["QUESTIONS", "Section", "sections", "ways"]

QUESTIONS = {
    "decision": "What was decided?",
    "sure": "How sure is the model?",
    "reasons": "What counted?",
    "changes": "What would have changed it?",
    "similar": "How did similar cases go?",
    "truth": "Is this explanation true to the model?",
}

CLOSE = 0.1
"""Two probabilities no farther apart than this make a close call."""

MOST_CHANGES = 3

MOST_OTHERS = 3
"""Names in a list of features that count little."""


@dataclass(frozen=True)
class Section:
    """A question and the sentences that answer it.

    Attributes
    ----------
    key
        "decision", "sure", "reasons", "changes", "similar" or "truth".
    question, sentences
        The words.
    """

    key: str
    question: str
    sentences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {"key": self.key, "question": self.question, "sentences": list(self.sentences)}


def sections(card: ExplanationCard) -> tuple[Section, ...]:
    """Return the card's questions, each with its sentences."""
    told = {
        "decision": _decision(card),
        "sure": _sure(card),
        "reasons": _reasons(card),
        "changes": _changes(card),
        "similar": _similar(card),
        "truth": _truth(card),
    }
    return tuple(Section(key, QUESTIONS[key], tuple(lines)) for key, lines in told.items() if lines)


def _answer(card: ExplanationCard, name: str | None = None) -> str:
    return called(card.decision if name is None else name, card.labels)


def _subject(card: ExplanationCard) -> str:
    case = "this case" if card.row is None else f"row {card.row} of {card.data}"
    return f" on {called(card.outcome, card.labels)} for {case}" if card.outcome else f" for {case}"


def _decision(card: ExplanationCard) -> list[str]:
    if card.task == "regression":
        said = f"The model's answer{_subject(card)} is {_answer(card)}."
        what = "" if card.happened is None else f" What was observed is {card.happened}."
        return [said + what]
    others = [_answer(card, name) for name in card.classes if name != card.decision]
    shown = others if len(others) <= 5 else [*others[:4], f"{len(others) - 4} more"]
    alternatives = f"the alternative was {shown[0]}" if len(others) == 1 else (
        f"the alternatives were {joined(shown)}"
    )  # fmt: skip
    lines = [f"The model's decision{_subject(card)} is {_answer(card)}; {alternatives}."]
    if card.happened is not None:
        right = card.happened == card.decision
        lines.append(
            f"What happened is {_answer(card, card.happened)}, so the decision was "
            f"{'right' if right else 'wrong'}."
        )
    return lines


def _sure(card: ExplanationCard) -> list[str]:
    if card.task == "regression":
        return ["The model gives one number, and does not say how sure it is of it."]
    if not card.probabilities:
        return ["The model gives a decision without a probability: it does not say how sure it is."]
    ranked = list(card.probabilities.items())
    own = card.probabilities[card.decision]
    others = [(name, value) for name, value in ranked if name != card.decision]
    told = joined(f"{_answer(card, name)} {percent(value)}" for name, value in others[:3])
    lines = [f"It gives {_answer(card)} a probability of {percent(own)}, and {told}."]
    if others[0][1] > own:
        lines.append("It decides by a rule of its own, and not for the most probable answer.")
    elif own - others[0][1] < CLOSE:
        lines.append("That is a close call.")
    if card.calibrated is None:
        lines.append(
            "Whether such probabilities come true as often as they say is not part of this card."
        )
    elif card.calibrated:
        lines.append(
            "Its probabilities are stated to be calibrated: of many cases like that, such a share "
            "went so."
        )
    else:
        lines.append(
            "Its probabilities are stated not to be calibrated: do not read them as how often "
            "something happens."
        )
    return lines


def _reasons(card: ExplanationCard) -> list[str]:
    if not card.reasons:
        return []
    mine = card.main_reasons
    lines = [_start(card)]
    lines += [_reason(card, each) for each in mine]
    rest = [each for each in card.reasons if each not in mine]
    if not mine:
        lines.append("No feature's part in that is surely apart from 0.")
    elif rest:
        lines.append(_rest(card, rest))
    protected = [each for each in card.reasons if each.protected and each.sure]
    if protected:
        names = joined(called(each.feature, card.labels) for each in protected)
        lines.append(
            f"{capital(names)} {'is' if len(protected) == 1 else 'are'} protected, and counted "
            "here. A person should look at that."
        )
    return lines


def _start(card: ExplanationCard) -> str:
    cases = f"{card.settings['background_rows']:,} other cases"
    gap = card.answer - card.base
    if card.scale in ("probability", "decision"):
        what = f"{_answer(card)} {percent(card.base)} on average"
        here = f"{percent(card.answer)} here"
        if card.scale == "decision":
            what, here = f"decides {_answer(card)} for {percent(card.base)}", "it does so here"
            return f"Over {cases} the model {what}; {here}. The features make up the difference."
    else:
        what, here = f"{number(card.base)} on average", f"{number(card.answer)} here"
        if card.scale == "log odds":
            what = f"{_answer(card)} log-odds of {what}"
    if abs(gap) < 1e-12:
        return f"Over {cases} the model gives {what}, and as much here."
    more = "more" if gap > 0 else "less"
    return (
        f"Over {cases} the model gives {what} and {here}: {amount(gap, card.scale)} {more}, which "
        "the features make up together."
    )


def _reason(card: ExplanationCard, each: Reason) -> str:
    name = f"{called(each.feature, card.labels)} ({each.given})"
    side = "for" if each.value > 0 else "against"
    if card.task == "regression":
        what = f"counted {'upwards' if each.value > 0 else 'downwards'}"
    else:
        what = f"counted {side} {_answer(card)}"
    half = (each.high - each.low) / 2
    if half <= 1e-9 * abs(each.value):
        return f"{capital(name)} {what} by {amount(each.value, card.scale)}."
    low, high = sorted((abs(each.low), abs(each.high)))
    if card.scale in ("probability", "decision"):
        digits = 0 if abs(each.value) >= FINE and half >= 0.01 else 1
        ends = f"{100 * low:.{digits}f} to {100 * high:.{digits}f}"
    else:
        ends = f"{number(low)} to {number(high)}"
    span = f" ({100 * card.level:g}% interval {ends})"
    return f"{capital(name)} {what} by {amount(each.value, card.scale)}{span}."


def _rest(card: ExplanationCard, rest: list[Reason]) -> str:
    total = sum(each.value for each in rest)
    towards = ("upwards" if total > 0 else "downwards") if card.task == "regression" else (
        f"{'for' if total > 0 else 'against'} {_answer(card)}"
    )  # fmt: skip
    many = f"The other {len(rest)} features" if len(rest) > 1 else "The other feature"
    line = f"{many} counted {towards} by {amount(total, card.scale)}"
    line += " together" if len(rest) > 1 else ""
    rounding = 1e-12 * max(abs(card.answer), abs(card.base))
    if all(abs(each.value) <= rounding for each in rest):
        return f"{many} counted nothing."
    unsure = [called(each.feature, card.labels) for each in rest if not each.sure]
    if not unsure or len(unsure) == len(rest):
        return f"{line}{', none of them surely apart from 0' if unsure else ''}."
    names = unsure if len(unsure) <= MOST_OTHERS else [f"{len(unsure)} of them"]
    are = "is" if names == unsure and len(unsure) == 1 else "are"
    return f"{line}; {joined(names)} {are} not surely apart from 0."


def ways(card: ExplanationCard) -> list[dict[str, Any]]:
    """Return the changed cases that are shown, in words.

    Returns
    -------
    list of dict
        "changes", each with "name", "from_text" and "to_text", and "then", what the model answers.
    """
    found = []
    for each in card.changes.found[:MOST_CHANGES] if card.changes is not None else ():
        changes = []
        for change in each.changes:
            before, after = _apart(change)
            name = called(change.column, card.labels)
            changes.append({"name": name, "from_text": before, "to_text": after})
        answer = _answer(card, each.decision) if card.task != "regression" else each.decision
        shown = "" if each.answer is None or card.task == "regression" else (
            f", with a probability of {percent(each.answer)}"
        )  # fmt: skip
        rare = "" if each.plausible else " Hardly any case of the data is as unusual as that."
        then = f"the answer would have been {answer}{shown}.{rare}"
        found.append({"changes": changes, "then": then})
    return found


def _apart(change: Any) -> tuple[str, str]:
    """Return a change's two cells; the new one exactly, for the answer may hang on its digits."""
    exact = change.after
    after = cell(exact)
    if isinstance(exact, float) and float(after.replace(",", "")) != exact:
        after = f"{exact:,.10g}"
        after = after if float(after.replace(",", "")) == exact else repr(exact)
    before = cell(change.before)
    return (before if before != after else f"{change.before!r}"), after


def _changes(card: ExplanationCard) -> list[str]:
    found = card.changes
    if found is None:
        return []
    lines = []
    if not len(found):
        lines.append(_relabelled(found.why_none, card))
    for way in ways(card):
        changed = joined(
            f"{each['name']} {each['to_text']} instead of {each['from_text']}"
            for each in way["changes"]
        )
        lines.append(f"With {changed} {way['then']}")
    if card.held:
        names = joined(called(name, card.labels) for name in card.held)
        lines.append(f"No change of {names} was considered.")
    if len(found):
        lines.append(
            "This is what the model would answer for such a case. It does not promise an outcome, "
            "nor say that the change is easy or asked for."
        )
    return lines


def _relabelled(sentence: str, card: ExplanationCard) -> str:
    for name in card.classes:
        if name in card.labels:
            sentence = re.sub(rf"\b{re.escape(name)}\b(?=[ ,.;])", card.labels[name], sentence)
    return sentence


def _similar(card: ExplanationCard) -> list[str]:
    found = card.similar
    if found is None:
        return []
    k = len(found.rows)
    cases = f"the {k:,} most similar cases" if k > 1 else "the most similar case"
    everywhere = f"of {found.rows_all:,} cases of the data"
    if card.task == "regression":
        lines = [
            f"For {cases} the model's answer is {number(found.answer)} on average, and "
            f"{number(found.answer_all)} over {found.rows_all:,} cases of the data."
        ]
        if found.happened is not None and found.happened_all is not None:
            lines.append(
                f"What was observed in them is {number(found.happened.value)} on average "
                f"({_span(found.happened, number)}), and {number(found.happened_all)} over all "
                "cases."
            )
    else:
        answer = _answer(card)
        lines = [
            f"Of {cases} the model decided {answer} for {percent(found.answer)}, and for "
            f"{percent(found.answer_all)} {everywhere}."
        ]
        if found.happened is not None and found.happened_all is not None:
            lines.append(
                f"What happened was {answer} in {percent(found.happened.value)} of the similar "
                f"cases ({_span(found.happened, percent)}), and in {percent(found.happened_all)} "
                "of all."
            )
    if found.distance > 0.5 * found.distance_all:
        lines.append(
            "They are not very similar: they lie "
            f"{percent(min(found.distance / found.distance_all, 1.0))} as far from this case as "
            "cases of the data do on average."
        )
    return lines


def _span(estimate: Any, form: Any) -> str:
    return f"{100 * estimate.level:g}% interval {form(estimate.low)} to {form(estimate.high)}"


def _truth(card: ExplanationCard) -> list[str]:
    truth = card.truth
    if truth is None:
        return []
    if truth.score is None:
        why = truth.detail.get("why", "it was not measured")
        return [f"Nothing can be told: {why}."]
    score, orders = truth.score, truth.detail.get("orders")
    if orders is None:
        told = f"Measured by {truth.method}, its score is {number(score.value)}"
    else:
        told = (
            f"Replacing features by those of other cases in the card's order brought the answer "
            f"down sooner than {number(score.value * orders)} of {orders} random orders did"
        )
    verdict = (
        "surely better than chance" if truth.holds else "no better than chance, as far as is known"
    )
    if score.high < 0.5:
        verdict = "surely worse than chance: do not rely on it"
    span = _span(score, percent if orders is not None else number)
    return [f"{told} ({span}): {verdict}."]
