"""`alignlab values prefer`: a reward from comparisons in a file, or a policy from asking."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alignlab.cli.options import Json, Level, Seed
from alignlab.cli.values.options import Options, Out

__all__ = ["prefer"]

ONLY_FILE = ("features", "model", "ties", "annotators", "holdout", "regularization")
ONLY_RUN = (
    "teacher", "comparisons", "rounds", "segment", "policy_steps", "rationality", "mistakes",
)  # fmt: skip


def prefer(
    context: typer.Context,
    preferences: Annotated[
        Path | None,
        typer.Argument(
            metavar="PREFERENCES",
            help="Comparisons. A .csv with the columns winner, loser; chosen, rejected; or first, "
            "second, preferred (first, second or tie); and annotator where known. Or a .jsonl of "
            'lines such as {"item": "bus", "text": "…"} and {"compared": ["bus", "car"], "ranks": '
            '[1, 2], "annotator": "ana"}, 1 the best; or of {"chosen": "…", "rejected": "…"}. Or '
            "either as .parquet.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="scores: one an item (Bradley-Terry); linear: weights of features. [default: "
            "linear where items have numbers, else scores]",
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME[,…]", help="What the numbers of the items are called."),
    ] = None,
    ties: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="davidson: an answer of its own; half: half a preference either way. [default: "
            "davidson]",
        ),
    ] = None,
    annotators: Annotated[
        bool | None,
        typer.Option(
            "--annotators", help="Estimate how reliable each annotator is.", show_default=False
        ),
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Of the comparisons, kept to test on. [default: 0.2]"),
    ] = None,
    regularization: Annotated[
        float | None,
        typer.Option(metavar="L", help="Pull scores or weights together; 0 leaves them."),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Instead of a file: ask about behaviour in this Gymnasium environment, and learn "
            "a policy.",
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Who answers: synthetic, by the environment's own reward; or file, by lines in "
            "DIR/answers.jsonl. [default: synthetic]",
        ),
    ] = None,
    comparisons: Annotated[
        int | None, typer.Option(metavar="N", help="Questions to ask in all. [default: 300]")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(metavar="N", help="Over so many rounds. [default: 6]")
    ] = None,
    segment: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps of each of the two in a question. [default: 50]"),
    ] = None,
    policy_steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps that the policy learns from. [default: 100000]"),
    ] = None,
    rationality: Annotated[
        float | None,
        typer.Option(metavar="B", help="How sharply the synthetic teacher tells. [default: inf]"),
    ] = None,
    mistakes: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="How often it says the opposite. [default: 0]"),
    ] = None,
    seed: Seed = 0,
    level: Level = 0.95,
    option: Options = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Learn a reward from comparisons.

    They are in a file; or, with --environment, asked for while a policy is learned. Then the
    run is kept in DIR, and the same command goes on where it stopped: a teacher that is a file
    stops it until the answers are there.
    """
    from alignlab.cli.output import prepare
    from alignlab.errors import InputError

    given = {
        "features": features,
        "model": model,
        "ties": ties,
        "annotators": annotators,
        "holdout": holdout,
        "regularization": regularization,
        "teacher": teacher,
        "comparisons": comparisons,
        "rounds": rounds,
        "segment": segment,
        "policy_steps": policy_steps,
        "rationality": rationality,
        "mistakes": mistakes,
    }
    if (preferences is None) == (environment is None):
        if preferences is not None:
            raise InputError(
                f"{preferences} and --environment {environment} are two ways: give one of them."
            )
        raise InputError(
            "nothing to learn from: give a file of comparisons, or --environment NAME to ask."
        )
    wrong = ONLY_RUN if environment is None else ONLY_FILE
    for name in wrong:
        if given[name] is not None:
            flag = f"--{name.replace('_', '-')}"
            where = "with --environment" if environment is None else "with a file of comparisons"
            raise InputError(f"{flag} says something only {where}: leave it out.")
    if environment is None and option:
        raise InputError(f"--option {option[0]}: options are an environment's, and there is none.")
    place = prepare(out)
    if environment is None:
        from alignlab.cli.values.preference_fit import fit_file

        assert preferences is not None
        chosen = {name: given[name] for name in ONLY_FILE if given[name] is not None}
        return fit_file(
            preferences, chosen, seed=seed, level=level, words=context.obj, out=place,
            as_json=as_json,
        )  # fmt: skip
    from alignlab.cli.values.preference_run import run_environment

    chosen = {name: given[name] for name in ONLY_RUN if given[name] is not None}
    return run_environment(
        environment, option, chosen, seed=seed, level=level, words=context.obj, out=place,
        as_json=as_json,
    )  # fmt: skip
