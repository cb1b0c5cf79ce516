"""The page of an interview: one gamble after another, until what outcomes are worth is known.

The state of an interview is what was said and nothing else. The next question follows from it
alone (`Elicitation.next_question`), so a server that was killed, or another one, goes on with the
same question; answers are replayed against the questions that were asked, which are kept with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError
from alignlab.oversight.items import Case
from alignlab.oversight.settings import Settings
from alignlab.web.decks import Press

if TYPE_CHECKING:
    from alignlab.values.utility import Elicitation, Question

__all__ = ["Interview", "interview_view", "replied", "require_answerable"]

QUESTIONS = 30
"""The most, where the item does not say."""

OFFERED = {"monotone": 5, "CARA": 19, "CRRA": 19}
"""How many amounts are asked about; a family tells what lies between, so more cost nothing."""

TITLE = "Which would you rather have?"
QUESTION = "There is no right answer: choose what you would choose if it were real."
DONE_TITLE = "That is all: thank you"
DONE_QUESTION = "This is what your answers say."

PRESSES = (
    Press("sure", "1", "For sure", "reply", "sure"),
    Press("gamble", "2", "The gamble", "reply", "gamble"),
    Press("equal", "3", "Equally good", "reply", "equal"),
)


@dataclass(frozen=True)
class Interview:
    """What an item asks about, and what was said until now.

    Attributes
    ----------
    content
        The item's: its "form" is "amounts" or "outcomes".
    said
        The questions asked and the replies to them, oldest first.

    Examples
    --------
    >>> begun = Interview({"form": "amounts", "low": 0, "high": 1000, "questions": 2})
    >>> begun.question.sure, begun.question.probability
    (500.0, 0.5)
    >>> begun.after("sure").question == begun.after("gamble").question
    False
    >>> begun.after("sure").after("sure").finished
    True
    """

    content: Mapping[str, Any]
    said: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def elicitation(self) -> Elicitation:
        """The questions and answers, as `values` takes them."""
        from alignlab.values.utility import Question

        asked = _begun(self.content)
        for each in self.said:
            if each["reply"] != "stop":
                asked = asked.answer(
                    Question(**{name: each["question"][name] for name in _FIELDS}), each["reply"]
                )
        return asked

    @cached_property
    def question(self) -> Question:
        """The next question: the one whose answer is expected to tell most."""
        return self.elicitation.next_question()

    @property
    def asked(self) -> int:
        """How many questions were answered."""
        return len(self.elicitation.answers)

    @property
    def most(self) -> int:
        """How many questions are asked at most."""
        return int(self.content.get("questions") or QUESTIONS)

    @property
    def precision(self) -> float:
        """The width of the widest interval at which enough is known, from 0 to 1."""
        return float(self.content.get("precision") or 0.0)

    @property
    def finished(self) -> bool:
        """Whether nothing more is asked."""
        stopped = bool(self.said) and self.said[-1]["reply"] == "stop"
        return stopped or self.asked >= self.most or self.elicitation.widest <= self.precision

    @property
    def progress(self) -> float:
        """How much of the way is gone, from 0 to 1: by questions or by what is known."""
        wide = _widest(_key(self.content))
        narrowed = (wide - self.elicitation.widest) / max(wide - self.precision, 1e-9)
        return min(max(self.asked / self.most, narrowed, 0.0), 1.0)

    def after(self, reply: str) -> Interview:
        """Return the interview with the next question answered."""
        return Interview(self.content, (*self.said, self.step(reply)))

    def step(self, reply: str) -> dict[str, Any]:
        """Return the next question and a reply to it, as they are kept."""
        question = {name: getattr(self.question, name) for name in _FIELDS}
        return {"question": question, "reply": reply}

    def to_dict(self) -> dict[str, Any]:
        """Return the result: the answers, the utilities that follow, and contradictions."""
        return {
            "elicitation": self.elicitation.to_dict(),
            "utility": self.elicitation.utility().to_dict(),
            "inconsistency": self.elicitation.inconsistency.to_dict(),
        }


_FIELDS = ("sure", "probability", "best", "worst")


def interview_view(case: Case, settings: Settings) -> dict[str, Any]:
    """Return what the page shows of an interview, as plain values.

    Parameters
    ----------
    case
        As the person may see it now; `said` has the answers until now.
    settings
        Of the review.
    """
    held = Interview(case.content, case.said)
    progress = {
        "share": held.progress,
        "count": f"{held.asked} of at most {held.most} questions answered",
        "words": _narrowed(held),
    }
    if held.finished:
        return {
            "title": DONE_TITLE,
            "question": DONE_QUESTION,
            "action": "/answer",
            "finished": True,
            "asked": held.asked,
            "progress": progress,
            "worths": _worths(held),
            "consistent": _consistent(held),
        }
    question = held.question
    unit = str(case.content.get("unit") or "")
    chance = round(100 * question.probability)
    return {
        "title": TITLE,
        "question": settings.question or QUESTION,
        "action": "/step",
        "finished": False,
        "asked": held.asked,
        "progress": progress,
        "sure": _amount(question.sure, unit),
        "best": _amount(question.best, unit),
        "worst": _amount(question.worst, unit),
        "chance": chance,
        "presses": PRESSES,
    }


def replied(form: Mapping[str, str], held: Callable[[], Case | None]) -> dict[str, Any]:
    """Return what a person chose, with the question that it answers.

    Parameters
    ----------
    form
        Its "reply"; its "asked" is how many answers the page knew of when it was made.
    held
        Returns the case that the person holds.

    Raises
    ------
    InputError
        If the page is older than the case: a reply sent twice must not answer the next question.
    """
    reply = form.get("reply", "")
    if reply == "stop":
        return {"reply": "stop"}
    case = held()
    if case is None or case.kind != "interview":
        return {"reply": reply}
    interview = Interview(case.content, case.said)
    if form.get("asked", "") != str(interview.asked):
        raise InputError("That question was answered already. Here is the next one.")
    return interview.step(reply)


def require_answerable(case: Case | None, said: Mapping[str, Any]) -> None:
    """Refuse a reply to a question that this interview could not have asked.

    A page asks its own questions; what a program brings along would else be kept, and every page
    and every reckoning that goes on from it would fail.

    Raises
    ------
    InputError
        If the question lacks a part, or is none about what the interview is about.
    """
    if case is None or case.kind != "interview" or "question" not in said:
        return
    try:
        _ = Interview(case.content, (*case.said, {"reply": "stop", **said})).elicitation
    except (TypeError, LookupError) as error:
        raise InputError(
            f"The question is none of this interview ({error}). It has sure, probability, best "
            "and worst, of what the case asks about."
        ) from None


def _begun(content: Mapping[str, Any]) -> Elicitation:
    from alignlab.values.utility import Elicitation

    if content["form"] == "amounts":
        shape: Any = content.get("shape") or "monotone"
        low, high = float(content["low"]), float(content["high"])
        return Elicitation.of_amounts(
            low,
            high,
            form=shape,
            amounts=_offered(low, high, OFFERED[shape]),
            wealth=float(content.get("wealth") or 0.0),
        )
    worst, best = content["worst"], content["best"]
    between = [each for each in content["outcomes"] if each not in (worst, best)]
    return Elicitation.of_outcomes(between, worst=worst, best=best)


def _offered(low: float, high: float, count: int) -> list[float]:
    """Return amounts between two, evenly spaced but for being rounded to what a person would say.

    Examples
    --------
    >>> _offered(0, 1000, 5)
    [170.0, 330.0, 500.0, 670.0, 830.0]
    """
    step = (high - low) / (count + 1)
    digits = 2 - math.floor(math.log10(high - low))
    rounded = [round(low + step * at, digits) for at in range(1, count + 1)]
    rising = all(one < two for one, two in pairwise([low, *rounded, high]))
    return rounded if rising else [low + step * at for at in range(1, count + 1)]


def _key(content: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("form", "low", "high", "shape", "wealth", "worst", "best")
    return (*((name, content.get(name)) for name in names), tuple(content.get("outcomes") or ()))


@lru_cache(maxsize=256)
def _widest(key: tuple[Any, ...]) -> float:
    """Return how wide the widest interval is before anything was said."""
    *named, outcomes = key
    return _begun({**dict(named), "outcomes": outcomes}).widest


def _narrowed(held: Interview) -> str:
    now = round(100 * held.elicitation.widest)
    enough = f", and {100 * held.precision:.0f} are enough" if held.precision > 0 else ""
    if not held.asked:
        return f"Nothing is known yet: everything is open within {now} points of 100{enough}."
    began = round(100 * _widest(_key(held.content)))
    return f"What your answers leave open went from {began} to {now} points of 100{enough}."


def _worths(held: Interview) -> list[dict[str, Any]]:
    """Return what each thing is worth, in points from 0 to 100, the best first."""
    found = held.elicitation.utility()
    unit = str(held.content.get("unit") or "")
    ends = [(found.worst, 0.0, 0.0, 0.0), (found.best, 1.0, 1.0, 1.0)]
    inside = [
        (item, each.value, each.low, each.high)
        for item, each in zip(found.items, found.estimates, strict=True)
    ]
    rows = sorted([*ends, *inside], key=lambda row: -row[1])
    return [
        {
            "name": _amount(item, unit),
            "value": round(100 * value),
            "low": round(100 * low),
            "high": round(100 * high),
        }
        for item, value, low, high in rows
    ]


def _consistent(held: Interview) -> str:
    found = held.elicitation.inconsistency
    if not found.pairs:
        return "No two of your answers contradict each other." if held.asked > 1 else ""
    first, second = found.pairs[0]
    slips = "a slip" if found.fewest_slips == 1 else "slips"
    return (
        f"At least {found.fewest_slips} of your {held.asked} answers must be {slips}: "
        f"for instance, you {first}, but {second}."
    )


def _amount(item: float | str, unit: str) -> str:
    """Return a thing as it is put into words.

    Examples
    --------
    >>> _amount(1000.0, "euro"), _amount("a day of pain", "")
    ('1,000 euro', 'a day of pain')
    """
    if isinstance(item, str):
        return item
    return f"{item:,.12g} {unit}".strip()
