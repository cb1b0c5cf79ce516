"""Screening in the browser: a review of titles and abstracts, and its answers read back.

The review's own rules keep screeners apart: nobody sees what a colleague says, each paper comes to
as many people as are to screen it, and an answer that was acknowledged is kept. "I cannot tell"
there is "unsure" here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from alignlab.errors import InputError
from alignlab.study.literature.criteria import Criteria
from alignlab.study.literature.priority import Order
from alignlab.study.literature.screening import Decision, Screening, require_screener

if TYPE_CHECKING:
    from alignlab.oversight.items import Item

__all__ = ["make_review", "screening_items", "with_answers"]

CHOICES = ("include", "exclude")


def make_review(
    folder: str | Path,
    screening: Screening,
    order: Order,
    criteria: Criteria,
    *,
    screeners: Sequence[str],
    title: str = "Screening",
    seed: int = 0,
) -> dict[str, str]:
    """Make a review of the papers that are still to be screened.

    Parameters
    ----------
    folder
        Of the review; it must not hold one.
    screening, order
        The papers and the order in which they come.
    criteria
        What screeners are asked by.
    screeners
        Who screens: each paper comes to all of them.
    title
        What stands above every paper.
    seed
        Of the review's own random sample.

    Returns
    -------
    dict
        Each screener's token, by name: it is kept nowhere, so show it once.

    Raises
    ------
    InputError
        If the folder holds a review, a name cannot be, or nothing is left to be screened.
    """
    from alignlab.oversight.review import Review
    from alignlab.oversight.settings import Settings

    for name in screeners:
        require_screener(name)
    if len(set(screeners)) < 2:
        raise InputError("Screening takes two people: name them with --screener, once each.")
    place = Path(folder)
    if place.exists() and any(place.iterdir()):
        raise InputError(
            f"{place} holds a review already: alignlab review serve {place} goes on with it."
        )
    items = screening_items(screening, order)
    if not items:
        raise InputError("Nothing is left to be screened.")
    settings = Settings(
        title=title,
        question=str(criteria),
        overlap=len(set(screeners)),
        arms=("none",),
        confidence=False,
        seed=seed,
    )
    with Review.create(place, items, settings=settings) as review:
        return {name: review.invite(name) for name in dict.fromkeys(screeners)}


def screening_items(screening: Screening, order: Order) -> list[Item]:
    """Return what is asked of each paper that is still to be screened, the first worth most."""
    from alignlab.oversight.items import Item

    papers = {each.key: each for each in screening.papers}
    waiting = [key for key in order.keys if screening.outcome(key) == "waiting"]
    items = []
    for at, key in enumerate(waiting):
        paper = papers[key]
        year = f" ({paper.year})" if paper.year else ""
        items.append(
            Item(
                key=key,
                content={
                    "form": "text",
                    "title": f"{paper.title}{year}",
                    "text": paper.abstract or "There is no abstract.",
                },
                choices=CHOICES,
                worth=float(len(waiting) - at),
            )
        )
    return items


def with_answers(folder: str | Path, screening: Screening) -> Screening:
    """Return the screening with what people said in a review.

    Answers that were taken back, and papers that were handed on to a colleague, do not count.

    Raises
    ------
    InputError
        If the review was not made from this library.
    """
    from alignlab.oversight.review import Review

    keys = {each.key for each in screening.papers}
    said: dict[str, dict[str, Decision]] = {}
    with Review.open(folder) as review:
        for person in review.reviewers():
            said[person.name] = {}
        for each in review.answers():
            if each.key not in keys:
                raise InputError(
                    f"The review in {folder} asks about {each.key!r}, which is no work of the "
                    "library. Put the work back into references.bib."
                )
            word, reason = each.answer["decision"], " ".join(str(each.answer["reason"]).split())
            if each.answer["verdict"] != "defer":
                given = Decision(word if word in CHOICES else "unsure", reason)
                said.setdefault(each.reviewer, {})[each.key] = given
    for name, decisions in said.items():
        screening = screening.by(name, decisions)
    return screening
