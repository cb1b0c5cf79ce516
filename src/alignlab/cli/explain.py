"""`alignlab explain`: one decision in plain words, on the terminal and as a page."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.options import (
    AllowPickle,
    Classes,
    Features,
    Json,
    Level,
    Model,
    Seed,
    Task,
    Trust,
    split_names,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from rich.console import Console

    from alignlab.transparency.cards import ExplanationCard

__all__ = ["explain"]

FINE = 0

SHOWN = 8
"""Features in the table on a terminal; the page and the JSON have them all."""

# Each option is a type of its own, so that the command's signature reads as the list of options.
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="The table that the case is in and is compared with: a CSV, Parquet or Arrow file.",
    ),
]
Row = Annotated[
    int | None, typer.Option(metavar="N", help="The case: its position in DATA, from 0.")
]
Rows = Annotated[
    str | None, typer.Option(metavar="N,N[,…]", help="Several cases, with a card for each.")
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COL", help="The column of what happened: how did similar cases go?"),
]
Favourable = Annotated[
    str | None,
    typer.Option(metavar="CLASS", help="The decision that people want, for what would change it."),
]
Wanted = Annotated[
    str | None,
    typer.Option(
        metavar="LOW:HIGH",
        help="Of a model of numbers: the answers that changes should lead to; :700 is at most 700.",
    ),
]
Groups = Annotated[
    str | None,
    typer.Option(
        metavar="COL[,COL…]",
        help="Columns that people must not be judged by: never suggested to change, and named "
        "where they count.",
    ),
]
Immutable = Annotated[
    str | None,
    typer.Option(metavar="COL[,COL…]", help="Further columns that are never suggested to change."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=TEXT",
        help="What a column or a class is called on the card; repeatable.",
    ),
]
Calibrated = Annotated[
    bool | None,
    typer.Option(
        "--calibrated/--not-calibrated",
        help="Whether the model's probabilities come true as often as they say; the card passes it "
        "on. [default: not stated]",
    ),
]
Background = Annotated[
    int, typer.Option(metavar="N", help="Cases that unknown features are taken from.")
]
Similar = Annotated[int, typer.Option(metavar="N", help="Similar cases to look at.")]
Out = Annotated[
    str | None, typer.Option(metavar="FILE.html", help="Write the card as a page there.")
]


def explain(
    context: typer.Context,
    model: Model,
    data: Data,
    row: Row = None,
    rows: Rows = None,
    target: Target = None,
    favourable: Favourable = None,
    wanted: Wanted = None,
    groups: Groups = None,
    immutable: Immutable = None,
    label: Labels = None,
    calibrated: Calibrated = None,
    background: Background = 100,
    similar: Similar = 50,
    task: Task = None,
    classes: Classes = None,
    features: Features = None,
    seed: Seed = 0,
    level: Level = 0.95,
    allow_pickle: AllowPickle = False,
    trust: Trust = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Explain one decision: what counted, what would have changed it, how similar cases went.

    Says what was decided and how sure the model is, the three features that counted most (Shapley
    values), the fewest changes after which the answer would have been another, and how true the
    explanation is to the model. It says nothing of causes. Exit code: 0 fine, 2 if something given
    cannot be used.
    """
    from alignlab.cli.predicted_data import Reading, opened, read_rows
    from alignlab.errors import InputError
    from alignlab.transparency.cards import explain_many

    positions = _positions(row, rows)
    place = _page(out)
    labels = _labels(label)
    guarded = split_names(groups, "--groups") or []
    fixed = split_names(immutable, "--immutable") or []
    limits = None if wanted is None else _limits(wanted)
    reading = Reading(
        model=model,
        target=target,
        by=None,
        classes=split_names(classes, "--classes"),
        features=split_names(features, "--features"),
        task=task,
        allow_pickle=allow_pickle,
        trust=trust or (),
    )
    predictor = opened(reading, data if target is not None else None)
    table, predictor = read_rows(data, predictor, reading, labelled=target is not None)
    if not hasattr(table.X, "columns"):
        raise InputError(f"alignlab explain is about rows of a table, and {data} holds images.")
    unread = _unread(data, [*guarded, *fixed], table.X)
    cards = explain_many(
        predictor,
        positions,
        data=table.X,
        outcomes=None if table.y is None else _named(table.y, target),
        protected=[each for each in guarded if each not in unread],
        immutable=[each for each in fixed if each not in unread],
        favourable=favourable,
        wanted=limits,
        labels=_of_what_is_read(data, labels, table.X, {*predictor.class_names, target}),
        calibrated=calibrated,
        background=background,
        similar=similar,
        name=table.name,
        seed=seed,
        level=level,
    )
    told = [labels.get(name, name) for name in guarded if name in unread]
    if told:
        note = f"The model does not read {', '.join(told)}; other columns may stand in for it."
        cards = tuple(replace(each, notes=(*each.notes, note)) for each in cards)
    _deliver(cards, context.obj, place, as_json)
    return FINE


def _deliver(
    cards: Sequence[ExplanationCard],
    words: Sequence[str],
    place: Path | None,
    as_json: bool,
) -> None:
    """Write the page, then print the JSON or what a person reads."""
    from alignlab import __version__
    from alignlab.cli.audit import command_line
    from alignlab.cli.terminal import printing
    from alignlab.files import write_whole
    from alignlab.plain import to_json
    from alignlab.transparency.cards import cards_html

    contents = [each.to_dict() for each in cards] if as_json or place is not None else []
    if place is not None:
        write_whole(place, cards_html(contents))
    if as_json:
        head = {"alignlab": __version__, "command": command_line(words)}
        sys.stdout.write(to_json({**head, "cards": contents}))
        sys.stdout.flush()
        return
    with printing() as console:
        for at, card in enumerate(cards):
            if at:
                console.print()
                console.rule(characters="-")
                console.print()
            _show(console, card)
        if place is not None:
            console.print()
            console.print(f"Written to {place}", soft_wrap=True)


def _positions(row: int | None, rows: str | None) -> list[int]:
    from alignlab.errors import InputError

    if (row is None) == (rows is None):
        said = "both --row and --rows were given" if row is not None else "no case was named"
        raise InputError(
            f"Say which case to explain: {said}. Give --row N, its position in DATA from 0, or "
            "several by --rows N,N."
        )
    if row is not None:
        return [row]
    found = []
    for each in split_names(rows, "--rows") or []:
        if not each.isdigit():
            raise InputError(f"--rows {rows}: {each!r} is not a whole number from 0.")
        found.append(int(each))
    if len(set(found)) < len(found):
        raise InputError(f"--rows {rows} names a row twice.")
    return found


def _page(out: str | None) -> Path | None:
    """Return the file that `--out` names; raise now what writing it would raise later."""
    from alignlab.errors import InputError, OutputError
    from alignlab.files import require_writable

    if out is None:
        return None
    place = Path(out)
    if place.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out {out!r} names no page. Name a file that ends with .html.")
    if place.is_dir():
        raise OutputError(f"Cannot write to {out}: it is a directory. Nothing was written.")
    if place.parent.is_file():
        raise OutputError(
            f"Cannot write to {out}: {place.parent} is a file. Nothing was written. Name another "
            "place with --out."
        )
    require_writable(place.parent)
    return place


def _labels(given: Sequence[str] | None) -> dict[str, str]:
    from alignlab.errors import InputError

    found = {}
    for each in given or ():
        name, equals, text = (part.strip() for part in each.partition("="))
        if not (name and equals and text):
            raise InputError(f"--label {each!r} is no NAME=TEXT, such as lvrat='loan to value'.")
        found[name] = text
    return found


def _limits(text: str) -> tuple[float | None, float | None]:
    from alignlab.errors import InputError

    low, colon, high = (part.strip() for part in text.partition(":"))
    try:
        ends = [None if not end else float(end) for end in (low, high)]
    except ValueError:
        ends = [None, None]
    if not colon or ends == [None, None]:
        raise InputError(
            f"--wanted {text!r} is no LOW:HIGH of two numbers; leave one out for no end, such as "
            ":700."
        )
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise InputError(f"--wanted {text!r} is no LOW:HIGH: the first number is the lesser one.")
    return ends[0], ends[1]


def _unread(source: str, names: Sequence[str], X: pd.DataFrame) -> list[str]:
    """Return the named columns that are in the file and not among what the model reads."""
    from alignlab.datasets import read_table, require_column
    from alignlab.errors import InputError
    from alignlab.transparency.features import one_hot_groups

    known = {*X.columns, *one_hot_groups(X)}
    absent = [name for name in names if name not in known]
    if absent:
        frame = read_table(source)
        for name in absent:
            if "*" in name and name not in frame:
                raise InputError(
                    f"--groups or --immutable {name}: a card names each column by itself. Give "
                    f"{name.replace('*', ',')}."
                )
            require_column(frame, name, role=f"--groups or --immutable in {Path(source).name}")
    return absent


def _of_what_is_read(
    source: str, labels: dict[str, str], X: pd.DataFrame, others: set[str | None]
) -> dict[str, str]:
    """Return the labels without those of columns that are in the file and that nothing reads."""
    from alignlab.datasets import read_table
    from alignlab.transparency.features import one_hot_groups

    spare = set(labels) - {*X.columns, *one_hot_groups(X), *others}
    if spare:
        spare &= set(read_table(source).columns)
    return {name: text for name, text in labels.items() if name not in spare}


def _named(values: object, name: str | None) -> pd.Series:
    import pandas as pd

    return pd.Series(values, name=name)


def _show(console: Console, card: ExplanationCard) -> None:
    from rich.text import Text

    from alignlab.cli.output import bullet, rows_table
    from alignlab.wording import called

    where = f"row {card.row} of {card.data}"
    heading = called(card.decision, card.labels)
    console.print(f"{heading[:1].upper()}{heading[1:]}: {where}", style="bold", soft_wrap=True)
    for section in card.sections:
        console.print()
        console.print(Text(section.question, style="bold"))
        for line in section.sentences:
            bullet(console, line)
        if section.key == "reasons":
            console.print()
            console.print(rows_table(_table(card), right=("counted", "from", "to")))
    for note in card.notes:
        console.print()
        console.print(Text(f"Note: {note}", style="dim"))


def _table(card: ExplanationCard) -> pd.DataFrame:
    import pandas as pd

    from alignlab.transparency.cards.shown import number
    from alignlab.wording import called

    points = card.scale in ("probability", "decision")

    def shown(value: float) -> str:
        if points:
            return f"{100 * value:+.1f}"
        return f"{'-' if value < 0 else '+'}{number(abs(value))}"

    rows = [
        [
            called(each.feature, card.labels) + (" (protected)" if each.protected else ""),
            each.given,
            shown(each.value),
            shown(each.low),
            shown(each.high),
            "" if each.sure else "not surely apart from 0",
        ]
        for each in card.reasons[:SHOWN]
    ]
    return pd.DataFrame(rows, columns=["feature", "here", "counted", "from", "to", ""])
