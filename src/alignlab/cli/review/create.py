"""`alignlab review create`: a review from an audit, from predictions, or from pairs to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.audit import (
    Data,
    Favourable,
    Model,
    Prediction,
    Predictions,
    Probability,
    Spec,
    Target,
)
from alignlab.cli.options import AllowPickle, Classes, Features, Trust, split_names
from alignlab.cli.review.options import Database, Project, typed
from alignlab.cli.review.stating import labels_of, require_free, settings_of, spec_of

if TYPE_CHECKING:
    from alignlab.audit.spec import AuditSpec
    from alignlab.cli.review.gathering import Gathered, Wishes
    from alignlab.oversight.settings import Settings

__all__ = ["create"]

Groups = Annotated[
    str | None,
    typer.Option(
        metavar="COL[,COL…]",
        help='Slices to tell apart: the first, such as race or "race*sex", stands with each case. '
        "None is ever suggested to change on a card.",
    ),
]
InTurn = Annotated[
    bool,
    typer.Option("--groups-in-turn", help="The slices take turns, so that no small one waits."),
]
Pairs = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Instead of cases: pairs to compare. A .jsonl, .csv or .parquet with first, second "
        "and prompt; or preferences that were answered before, as alignlab values prefer reads.",
    ),
]
Scene = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="How trajectories are drawn: series or cartpole. [default: series]"
    ),
]
Policy = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A deferral policy: it says which cases people decide."),
]
Capacity = Annotated[
    int | None,
    typer.Option(metavar="N", help="With --policy: how many cases people have time for."),
]
Most = Annotated[
    int | None, typer.Option(metavar="N", help="Only the N cases most worthwhile. [default: all]")
]
Balanced = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="For an experiment: N cases, as many where the model is wrong as where it is right, "
        "class by class. Needs --target.",
    ),
]
Utilities = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.toml",
        help="What each decision is worth under each truth, as alignlab values elicit writes it.",
    ),
]
AskingCost = Annotated[
    float | None, typer.Option(metavar="X", help="What asking a person costs, on the same scale.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Explain each decision on a card beside the case.")
]
Alternatives = Annotated[
    int, typer.Option(metavar="N", help="Changed cases that a card names; 0 is fastest.")
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=TEXT",
        help="What a column or a class is called; repeatable.",
    ),
]
Show = Annotated[
    str | None,
    typer.Option(metavar="COL[,COL…]", help="Columns to show. [default: what the model reads]"),
]
Text = Annotated[
    str | None, typer.Option(metavar="COL", help="The case is this column's text, not a row.")
]
Key = Annotated[
    str | None,
    typer.Option("--id", metavar="COL", help="The column that names a case. [default: its row]"),
]
Word = Annotated[
    str, typer.Option("--case", metavar="WORD", help="What a case is called, such as Application.")
]
Gold = Annotated[
    str | None,
    typer.Option(
        metavar="COL|FILE",
        help="Right answers of cases planted to see who looks: a column that is empty elsewhere, "
        "or a file with the columns key and answer.",
    ),
]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="What stands above every case.")]
Question = Annotated[str | None, typer.Option(metavar="TEXT", help="What reviewers are asked.")]
Overlap = Annotated[int, typer.Option(metavar="N", help="How many people answer each case.")]
Arms = Annotated[
    str | None,
    typer.Option(
        metavar="ARM[,ARM…]",
        help="What is shown beside a case: none, advice, confidence, explanation, on demand, own "
        "first. Several make an experiment. [default: explanation with --explain, else confidence]",
    ),
]
ArmsBy = Annotated[
    str, typer.Option(metavar="NAME", help="Arms change from case to case, or by reviewer.")
]
RandomShare = Annotated[
    float, typer.Option(metavar="SHARE", help="Asked by chance, at least 0.1: unbiased numbers.")
]
GoldRate = Annotated[
    float | None, typer.Option(metavar="SHARE", help="How often a planted case comes.")
]
Lease = Annotated[
    float, typer.Option("--lease", metavar="MINUTES", help="How long a case is one person's.")
]
NoConfidence = Annotated[
    bool, typer.Option("--no-confidence", help="Do not ask how sure people are.")
]
NoReason = Annotated[bool, typer.Option("--no-reason", help="Do not ask for a reason.")]
TrustPage = Annotated[
    bool, typer.Option("--trust-page", help="Offer the questionnaire on trust in the model.")
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", help="The root of all randomness. [default: 0]")
]
Calibrated = Annotated[
    bool | None,
    typer.Option(
        "--calibrated/--not-calibrated",
        help="Whether the probabilities come true as often as they say; cards repeat it.",
    ),
]


def create(
    project: Project,
    spec: Spec = None,
    model: Model = None,
    data: Data = None,
    predictions: Predictions = None,
    pairs: Pairs = None,
    target: Target = None,
    prediction: Prediction = None,
    probability: Probability = None,
    groups: Groups = None,
    favourable: Favourable = None,
    utilities: Utilities = None,
    asking_cost: AskingCost = None,
    policy: Policy = None,
    capacity: Capacity = None,
    most: Most = None,
    balanced: Balanced = None,
    groups_in_turn: InTurn = False,
    explain: Explain = False,
    alternatives: Alternatives = 3,
    calibrated: Calibrated = None,
    title: Title = None,
    question: Question = None,
    case: Word = "Case",
    label: Labels = None,
    show: Show = None,
    text: Text = None,
    key: Key = None,
    overlap: Overlap = 1,
    arms: Arms = None,
    arms_by: ArmsBy = "case",
    gold: Gold = None,
    gold_rate: GoldRate = None,
    random_share: RandomShare = 0.1,
    lease: Lease = 30.0,
    no_confidence: NoConfidence = False,
    no_reason: NoReason = False,
    trust_page: TrustPage = False,
    scene: Scene = None,
    classes: Classes = None,
    features: Features = None,
    seed: Seed = None,
    allow_pickle: AllowPickle = False,
    trust: Trust = None,
    database: Database = None,
) -> int:
    """Make a review of cases, or of pairs to compare.

    A model and rows are given as to alignlab audit, by flags or in its file; or a table of
    predictions; or pairs. The cases in which an answer is worth most come first, and a share by
    chance. Nothing is written where something cannot be used. Then: alignlab review invite PROJECT
    NAME, and alignlab review serve PROJECT.
    """
    from alignlab.cli.review.gathering import Wishes
    from alignlab.errors import InputError

    require_free(project, database)
    for option, words in (("title", title), ("question", question), ("case", case)):
        if words is not None and not words.strip():
            raise InputError(f"--{option} is empty: give it words, or leave it out.")
    settings = {
        "title": title,
        "question": question,
        "overlap": overlap,
        "arms_by": arms_by,
        "random_share": random_share,
        "gold_rate": gold_rate,
        "lease_minutes": lease,
        "confidence": not no_confidence,
        "reason": not no_reason,
        "trust": trust_page,
    }
    flags = {
        "model": model,
        "predictions": predictions,
        "data": data,
        "target": target,
        "prediction": prediction,
        "probability": probability,
        "groups": groups,
        "favourable": favourable,
        "classes": classes,
        "features": features,
        "seed": seed,
    }
    wishes = Wishes(
        most=most,
        balanced=balanced,
        in_turn=groups_in_turn,
        policy=policy,
        capacity=capacity,
        explain=explain,
        alternatives=alternatives,
        calibrated=calibrated,
        show=split_names(show, "--show"),
        text=text,
        key=key,
        word=case,
        gold=gold,
        labels=labels_of(label),
    )
    if pairs is not None:
        only_cases = {
            **flags,
            "utilities": utilities,
            "asking-cost": asking_cost,
            "policy": policy,
            "capacity": capacity,
            "most": most,
            "balanced": balanced,
            "groups-in-turn": groups_in_turn or None,
            "explain": explain or None,
            "show": show,
            "text": text,
            "id": key,
            "gold": gold,
            "label": label,
        }
        only_cases.pop("seed")
        said = {name: value for name, value in only_cases.items() if value is not None}
        found = _from_pairs(pairs, said, spec, scene)
        stated = settings_of(settings, arms, default=("none",), seed=seed or 0)
        if stated.arms != ("none",):
            _refuse_arms(stated, "pairs have no advice to show; leave it out")
    else:
        if scene is not None:
            raise InputError(f"--scene {scene} is how trajectories of --pairs are drawn.")
        asked = spec_of(spec, flags, utilities)
        default = ("explanation",) if explain else ("confidence",)
        stated = settings_of(settings, arms, default=default, seed=asked.seed)
        if {"explanation", "on demand"} & set(stated.arms) and not explain:
            _refuse_arms(stated, "no cards are made; add --explain")
        found = _from_cases(asked, asking_cost, allow_pickle, trust or (), wishes)
    _write(project, found, stated, database)
    return 0


def _from_pairs(
    pairs: str, said: Mapping[str, Any], spec: Path | None, scene: str | None
) -> Gathered:
    """Read pairs; what is said of cases only is refused."""
    from alignlab.cli.review.gathering import Gathered
    from alignlab.errors import InputError
    from alignlab.oversight.making import read_pairs

    if spec is not None:
        raise InputError(f"{spec} says what is audited, and --pairs what is compared: give one.")
    for option in said:
        raise InputError(f"--{option} is about cases to decide, and --pairs are compared.")
    found = read_pairs(pairs, **({} if scene is None else {"scene": scene}))
    return Gathered(found, {}, ())


def _from_cases(
    asked: AuditSpec,
    asking_cost: float | None,
    allow_pickle: bool,
    trust: Sequence[str],
    wishes: Wishes,
) -> Gathered:
    from alignlab.cli.review.gathering import gathered
    from alignlab.cli.review.subjects import read_subject

    subject = read_subject(asked, asking_cost=asking_cost, allow_pickle=allow_pickle, trust=trust)
    return gathered(subject, wishes, seed=asked.seed)


def _refuse_arms(settings: Settings, reason: str) -> None:
    from alignlab.errors import InputError

    raise InputError(f"--arms {','.join(settings.arms)}: {reason}.")


def _write(project: Path, found: Gathered, settings: Settings, database: str | None) -> None:
    from alignlab.cli.terminal import printing
    from alignlab.oversight.review import Review

    Review.create(
        project, found.items, settings=settings, media=dict(found.media), database=database
    ).close()
    planted = sum(each.gold is not None for each in found.items)
    kind = "pair" if found.items[0].kind == "prefer" else "case"
    n = len(found.items) - planted
    told = f"{n:,} {kind}{'' if n == 1 else 's'}"
    if planted:
        told += f" and {planted:,} planted"
    with printing() as console:
        console.print(f"Made {project}: {told}, each for {settings.overlap}.")
        for note in found.notes:
            console.print(note)
        console.print()
        for command in (typed("invite", project, "NAME", "--owner"), typed("serve", project)):
            console.print(f"  {command}", soft_wrap=True)
