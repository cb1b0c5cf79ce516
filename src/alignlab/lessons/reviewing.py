"""Step 9: two people decide the same cases, with and without explanations, and are compared.

Each decides alone first, then sees the advice, and for some cases what counted for it. From the
same archive come agreement (Krippendorff's alpha [hayes2007answering]) and reliance: RAIR, the
share of wrong answers that right advice mended, and RSR, the share of right answers that wrong
advice did not spoil [schemmer2023appropriate].
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import AlignlabError, listed
from alignlab.lessons.form import Exercise, Files, Held

if TYPE_CHECKING:
    from alignlab.oversight.items import Answered

__all__ = ["EXERCISE", "WITH", "WITHOUT", "by_card"]

REVIEW = "review"
FILE = "make_review.py"
LEAST = 10
"""Cases that both people decided."""

WITH, WITHOUT = "with explanation", "without"
NAMES = {"rair": "relative AI reliance (RAIR)", "rsr": "relative self-reliance (RSR)"}

MERGED = "two people's work, merged without conflict"
AGREE = "agreement beyond chance, before the advice was seen"

STARTER = '''\
"""Step 9: a review of real mortgage decisions for two people. Run it once, then open the site."""

from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.datasets import load_example
from alignlab.oversight import Review, case_items
from alignlab.oversight.settings import Settings
from alignlab.transparency import explain_many

# Blank 1: who decides? Two names, such as ("ana", "ben").
PEOPLE = ...
CASES = 40


def main():
    """Make the review and let the two people in."""
    if PEOPLE is ...:
        raise SystemExit("Blank 1: write two names into PEOPLE.")
    table = load_example("mortgage")
    X, denied = table.features.drop(columns=["insurance", "afam", "single"]), table.outcomes
    encode = make_column_transformer(
        (OneHotEncoder(drop="if_binary"), list(X.select_dtypes(exclude="number"))),
        remainder=StandardScaler(),
    )
    model = make_pipeline(encode, LogisticRegression(max_iter=1000))
    model.fit(X[:1600], denied[:1600])

    cases, happened = X[1600:].reset_index(drop=True), denied[1600:].reset_index(drop=True)
    said = model.predict_proba(cases)
    rows = (1 - said.max(axis=1)).argsort()[::-1][:CASES]  # those it is least sure of
    known = happened.astype(object)
    known[rows] = None  # a card must not tell the answer
    # Blank 2: explain some of the cases and not the others, so that the two can be compared.
    # Here all of them are explained.
    explained = rows
    cards = explain_many(
        model, explained, data=cases, outcomes=known, favourable="no", alternatives=0,
        labels={"yes": "deny", "no": "approve", "deny": "the application"},
    )  # fmt: skip
    items = case_items(
        cases, said, model.classes_, rows=rows, truth=happened,
        cards={card.row: card.to_dict() for card in cards}, called_case="Application",
        labels={"yes": "deny", "no": "approve", "deny": "the application"},
    )  # fmt: skip
    settings = Settings(
        title="Mortgages", question="Would you approve it?", overlap=2, arms=("own first",)
    )
    with Review.create("review", items, settings=settings) as review:
        for name in PEOPLE:
            print(f"{name} signs in with {review.invite(name)}")
    print("Now, in this folder: alignlab review serve review")


if __name__ == "__main__":
    main()
'''


def _starter() -> Files:
    return {FILE: STARTER}


def _check(folder: Path) -> tuple[Held, ...]:
    from alignlab.oversight import Review

    place = folder / REVIEW
    advice = f"Fill the blanks in {FILE}, run it with python, and decide in the browser."
    if not place.exists():
        return (Held(MERGED, False, f"there is no review in {place}", advice),)
    try:
        with Review.open(place) as review:
            answers, verified = list(review.answers()), review.verify()
    except AlignlabError as error:
        return (Held(MERGED, False, " ".join(str(error).split()), advice),)
    merged = _merged_held(answers, verified.ok, verified.fault or "", verified.events)
    return (merged, *_measured_held(answers)) if answers else (merged,)


def by_card(answers: list[Answered]) -> list[Answered]:
    """Return answers whose arm says whether the advice came with an explanation."""
    return [each._replace(arm=WITH if each.card_seen else WITHOUT) for each in answers]


def _merged_held(answers: list[Answered], ok: bool, fault: str, events: int) -> Held:
    decided: dict[str, list[str]] = {}
    for each in answers:
        decided.setdefault(each.key, []).append(each.reviewer)
    people = sorted({each.reviewer for each in answers})
    both = sum(len(set(names)) > 1 for names in decided.values())
    twice = [key for key, names in decided.items() if len(set(names)) < len(names)]
    found = f"{listed(people) or 'nobody'}: {both} cases decided by both, {len(twice)} conflicts"
    if not ok:
        advice = "The archive was altered: go back to a copy, or make the review anew."
        return Held(MERGED, False, fault, advice)
    found += f"; all {events} events verified"
    advice = f"Both decide the same cases, at least {LEAST}: alignlab review serve {REVIEW}"
    return Held(MERGED, len(people) >= 2 and both >= LEAST and not twice, found, advice)


def _measured_held(answers: list[Answered]) -> tuple[Held, ...]:
    from alignlab.oversight import Trials, krippendorff_alpha, measure_reliance

    own: list[Any] = [(each.own or each.answer).get("decision") for each in answers]
    keys, people = [each.key for each in answers], [each.reviewer for each in answers]
    alpha = krippendorff_alpha(keys, people, own)
    advice = "With a case decided by two, and more than one decision in use, alpha is defined."
    held = [Held(AGREE, not alpha.undefined, alpha.headline, advice)]
    try:
        found = measure_reliance(Trials.from_answers(by_card(answers)))
    except AlignlabError as error:
        said = " ".join(str(error).split())
        return (*held, *(Held(what, False, said, "Ask for decisions.") for what in NAMES.values()))
    arms = found.trials.arms
    for measure, what in NAMES.items():
        told, why = [], ""
        for arm in (WITHOUT, WITH):
            if arm not in arms:
                why = f"no case was decided {arm}"
                continue
            rate = found.at(measure, arm)
            if rate.estimate is None:
                why = f"{arm}: {rate.undefined}"
            elif not np.isfinite([rate.estimate.low, rate.estimate.high]).all():
                why = f"{arm}: {rate.trials} such decisions are too few for an interval"
            else:
                told.append(f"{arm} {rate.estimate} in {rate.trials} decisions")
        advice = (
            "Explain some of the cases and not the others (blank 2)."
            if len(arms) < 2
            else "Decide more cases: it is among those where person and model differ."
        )
        held.append(Held(what, not why, "; ".join([*told, why] if why else told), advice))
    return tuple(held)


EXERCISE = Exercise(
    subject="reviewing",
    do=(
        "Fill the two blanks in {folder}/make_review.py and run it in its folder with python: it "
        "makes a review of real mortgage decisions for two people.",
        "alignlab review serve review opens the site. Both decide every case, each alone first.",
    ),
    starter=_starter,
    check=_check,
    needs=("sqlalchemy", "fastapi"),
    extra="web",
)
