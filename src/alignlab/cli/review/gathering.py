"""From what a review is about to its items: which cases, what each is worth, and their cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alignlab.cli.review.subjects import Subject
    from alignlab.oversight.items import Item

__all__ = ["Gathered", "Wishes", "cards_of", "gathered"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Which cases a person wants reviewed and how they are to look.

    Attributes
    ----------
    most
        At most so many, those most worthwhile; `None` takes all.
    balanced
        So many, evenly over advice right or wrong and what happened; `None` does not balance.
    in_turn
        Whether slices take turns.
    policy, capacity
        A deferral policy's file, and how many cases people have time for.
    explain
        Whether cards are made.
    alternatives
        Changes that a card names.
    calibrated
        Whether somebody vouches for the probabilities.
    show
        Columns to show; `None` shows what describes a case.
    text
        A column that is the case, as a text; `None` for a row.
    key
        The column that names a case.
    word
        What a case is called.
    gold
        A column of the right answers of planted cases, or a file of such.
    labels
        What columns and classes are called.
    """

    most: int | None = None
    balanced: int | None = None
    in_turn: bool = False
    policy: str | None = None
    capacity: int | None = None
    explain: bool = False
    alternatives: int = 3
    calibrated: bool | None = None
    show: Sequence[str] | None = None
    text: str | None = None
    key: str | None = None
    word: str = "Case"
    gold: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Gathered:
    """What a review is made of.

    Attributes
    ----------
    items
        What is asked.
    media
        Files of pictures, by name.
    notes
        What a person should know of how these cases were chosen.
    """

    items: tuple[Item, ...]
    media: Mapping[str, bytes]
    notes: tuple[str, ...]


def gathered(subject: Subject, wishes: Wishes, *, seed: int) -> Gathered:
    """Choose cases, say what each is worth, explain them, and make items.

    Raises
    ------
    AlignlabError
        If something wished for cannot be done.
    """
    import numpy as np

    from alignlab.errors import InputError
    from alignlab.oversight.making import case_items, image_media

    _require_possible(subject, wishes)
    cases = _cases(subject, wishes)
    columns = None if subject.images is not None or wishes.text else _columns(subject, wishes)
    gold = _gold(subject, wishes)
    worth, notes = _worth(subject)
    chosen = np.arange(len(subject))
    shares: Mapping[str, float] = {}
    if wishes.policy is not None:
        chosen, worth, note = _by_policy(subject, wishes)
        notes.append(note)
    if wishes.in_turn:
        from alignlab.oversight.making import worth_of

        worth = worth_of(asking=worth, slices=subject.groups)
    if wishes.balanced is not None:
        chosen, shares = _balanced(subject, wishes, seed)
        # By chance, so that who stops early has seen of each kind.
        worth, notes = np.zeros(len(subject)), []
        told = "; ".join(f"{name}: {share:.1%}" for name, share in shares.items())
        notes.append(f"They come by chance. Their shares as cases come are {told}.")
    if wishes.most is not None and wishes.most < len(chosen):
        whole = len(chosen)
        chosen = chosen[np.argsort(-worth[chosen], kind="stable")][: wishes.most]
        notes.append(
            f"These are the {len(chosen):,} of {whole:,} cases in which an answer is worth most: "
            "what is measured on them is about such cases, not about all."
        )
    if gold is not None:
        planted = np.flatnonzero([bool(each) for each in gold])
        chosen = np.concatenate([chosen, np.setdiff1d(planted, chosen)])
    if not len(chosen):
        raise InputError("No case is left to review: the policy asks about none of them.")
    cards = cards_of(subject, chosen, wishes, seed=seed) if wishes.explain else {}
    items = case_items(
        cases,
        subject.decisions if subject.probabilities is None else subject.probabilities,
        subject.classes,
        decisions=np.array(subject.classes, dtype=object)[subject.decisions],
        rows=chosen,
        columns=columns,
        labels={
            name: text for name, text in wishes.labels.items()
            if name in subject.classes or (columns is not None and name in subject.frame.columns)
        },
        key=_keys(subject, wishes),
        called_case=wishes.word,
        worth=worth,
        cards=cards,
        truth=subject.truth,
        gold=gold,
        group=subject.groups,
        name=subject.name,
    )  # fmt: skip
    if shares:
        from dataclasses import replace

        items = tuple(
            replace(each, source={**each.source, "share": shares.get(each.stratum)})
            for each in items
        )
    media = {} if subject.images is None else image_media(subject.images, items)
    return Gathered(items, media, tuple(notes))


def cards_of(
    subject: Subject, rows: NDArray[np.intp], wishes: Wishes, *, seed: int
) -> dict[int, Any]:
    """Explain the chosen cases, with what happened in them left out.

    A card of a row whose outcome is known says that outcome, and a reviewer would read it there.
    """
    from alignlab.transparency import explain_many

    assert subject.predictor is not None
    outcomes = None
    if subject.truth is not None:
        import pandas as pd

        outcomes = pd.Series(subject.truth.copy(), dtype=object, name=subject.target)
        outcomes.iloc[rows] = None
        if outcomes.notna().sum() == 0:
            outcomes = None
    read = set(subject.features.columns)
    known = {*read, *subject.classes, *([subject.target] if outcomes is not None else [])}
    cards = explain_many(
        subject.predictor,
        rows.tolist(),
        data=subject.features,
        outcomes=outcomes,
        protected=[name for name in subject.guarded if name in read],
        favourable=subject.favourable,
        labels={name: text for name, text in wishes.labels.items() if name in known},
        calibrated=wishes.calibrated,
        alternatives=wishes.alternatives,
        name=subject.name,
        seed=seed,
    )
    return {row: card.to_dict() for row, card in zip(rows.tolist(), cards, strict=True)}


def _require_possible(subject: Subject, wishes: Wishes) -> None:
    from alignlab.errors import InputError, nearest, require_whole

    for option, value in (
        ("most", wishes.most), ("balanced", wishes.balanced), ("capacity", wishes.capacity),
    ):  # fmt: skip
        if value is not None:
            require_whole(value, option, 1)
    if wishes.balanced is not None and (wishes.most or wishes.policy):
        other = "--most" if wishes.most else "--policy"
        raise InputError(
            f"--balanced draws cases by chance and {other} the most worthwhile: give one of them."
        )
    if wishes.balanced is not None and subject.truth is None:
        raise InputError("--balanced needs to know where the advice is wrong: give --target COL.")
    if wishes.in_turn and subject.groups is None:
        raise InputError("--groups-in-turn needs groups: name them with --groups COL.")
    if wishes.capacity is not None and wishes.policy is None:
        raise InputError("--capacity goes with --policy FILE; --most N takes so many without one.")
    if wishes.policy is not None and subject.predictor is None:
        raise InputError("--policy asks its model: give it with --model instead of --predictions.")
    if wishes.policy is not None and subject.images is not None:
        raise InputError("--policy reads a table, and these cases are images.")
    if wishes.explain and subject.predictor is None:
        raise InputError(
            "--explain asks the model about changed cases: give it with --model instead of "
            "--predictions."
        )
    if wishes.explain and subject.images is not None:
        raise InputError("--explain makes cards of rows of a table, and these cases are images.")
    if subject.images is not None and (wishes.text or wishes.show):
        option = "--text" if wishes.text else "--show"
        raise InputError(f"{option} names columns to be seen, and these cases are images.")
    if wishes.text and wishes.show:
        raise InputError("--text shows one column as a text and --show several: give one of them.")
    known = [*subject.classes, *map(str, subject.frame.columns)]
    for name in wishes.labels:
        if name not in known:
            raise InputError(
                f"--label {name}=…: {name!r} is no column and no class.{nearest(name, known)}"
            )


def _cases(subject: Subject, wishes: Wishes) -> Any:
    """Return the cases in the form in which they are shown."""
    from alignlab.datasets import require_column

    if subject.images is not None:
        return subject.images
    if wishes.text is None:
        return subject.frame
    column = subject.frame[require_column(subject.frame, wishes.text, role="--text")]
    return column.fillna("").astype(str).tolist()


def _columns(subject: Subject, wishes: Wishes) -> list[str]:
    from alignlab.datasets import require_column
    from alignlab.errors import InputError

    if wishes.show is None:
        hidden = {wishes.key, wishes.gold}
        shown = [str(name) for name in subject.features.columns if name not in hidden]
    else:
        shown = [require_column(subject.frame, name, role="--show") for name in wishes.show]
    if subject.target in shown:
        raise InputError(
            f"--show {subject.target}: that is what happened, which reviewers are to judge. Leave "
            "it out."
        )
    if wishes.gold in shown:
        raise InputError(f"--show {wishes.gold}: that is the right answer. Leave it out.")
    return shown


def _keys(subject: Subject, wishes: Wishes) -> Any:
    from alignlab.datasets import require_column

    if wishes.key is None:
        return None
    return subject.frame[require_column(subject.frame, wishes.key, role="--id")].tolist()


def _gold(subject: Subject, wishes: Wishes) -> list[Any] | None:
    """Return each case's right answer, missing where it is not planted."""
    from alignlab.errors import InputError, nearest
    from alignlab.oversight.making import read_gold

    if wishes.gold is None:
        return None
    if wishes.gold in subject.frame.columns:
        column = subject.frame[wishes.gold]
        return column.astype(object).where(column.notna(), None).tolist()
    if not Path(wishes.gold).exists():
        names = [str(each) for each in subject.frame.columns]
        raise InputError(
            f"--gold {wishes.gold} is no column of {subject.name} and no file."
            f"{nearest(wishes.gold, names)}"
        )
    answers = read_gold(wishes.gold)
    keys = _keys(subject, wishes)
    names = [str(each) for each in (range(len(subject)) if keys is None else keys)]
    known = set(names)
    unknown = [each for each in answers if each not in known]
    if unknown:
        raise InputError(
            f"{Path(wishes.gold).name} names the case {unknown[0]!r}, and there is none in "
            f"{subject.name}. Cases go by their row from 0, or by --id COL."
        )
    return [answers.get(each) for each in names]


def _worth(subject: Subject) -> tuple[NDArray[np.float64], list[str]]:
    """Return what a right answer would gain in each case, and how that was found."""
    import numpy as np

    from alignlab.values.utility import value_of_asking

    if subject.probabilities is None:
        note = "There are no probabilities, so all cases are worth alike and come by chance."
        return np.zeros(len(subject)), [note]
    seen = value_of_asking(
        subject.probabilities,
        subject.utilities,
        decisions=subject.decisions,
        asking_cost=subject.asking_cost or 0.0,
    )
    if subject.utilities is None and subject.asking_cost is None:
        return seen.value, ["The cases that the model is least sure of come first."]
    told = "by the stated utilities" if subject.utilities is not None else "if errors count alike"
    note = f"The cases in which an answer gains most, {told}, come first"
    if subject.asking_cost is None:
        return seen.value, [f"{note}."]
    n = len(subject)
    return seen.value - seen.asking_cost, [
        f"{note}; in {int(seen.ask.sum()):,} of {n:,} it gains more than the "
        f"{subject.asking_cost:g} that asking costs."
    ]


def _by_policy(
    subject: Subject, wishes: Wishes
) -> tuple[NDArray[np.intp], NDArray[np.float64], str]:
    """Return the cases that a deferral policy asks about, and what it expects to gain by each."""
    from alignlab.uncertainty import DeferralPolicy

    policy = DeferralPolicy.load(str(wishes.policy), subject.predictor)
    found = policy(subject.frame, probabilities=subject.probabilities, capacity=wishes.capacity)
    asked = found.queue
    within = "" if wishes.capacity is None else f" within the {wishes.capacity:,} that fit"
    return (
        asked,
        found.score,
        (
            f"The policy ({policy}) sends {len(asked):,} of {len(subject):,} cases to people"
            f"{within}."
        ),
    )


def _balanced(
    subject: Subject, wishes: Wishes, seed: int
) -> tuple[NDArray[np.intp], Mapping[str, float]]:
    from alignlab.oversight.making import advice_strata, balanced_rows
    from alignlab.predictors import class_positions

    assert subject.truth is not None
    assert wishes.balanced is not None
    truth = class_positions(subject.truth, subject.classes)
    choices = [wishes.labels.get(name, name) for name in subject.classes]
    strata = advice_strata(subject.decisions, truth, choices, n=len(subject))
    found = balanced_rows(strata, wishes.balanced, seed=seed)
    return found.rows, found.shares
