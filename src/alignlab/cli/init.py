"""`alignlab init`: look at a table, ask what it cannot know, and write the audit's file.

What is favourable and who the groups are is never filled in from the data: candidates are shown,
a person chooses.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from alignlab.audit.spec import AuditSpec

__all__ = ["init"]

FEW_VALUES = 20
"""Columns with more distinct values are not offered as outcomes or groups."""


def init(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A CSV, Parquet or Arrow file.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")] = Path(
        "audit.toml"
    ),
    target: Annotated[
        str | None, typer.Option(metavar="COL", help="The column that holds what happened.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="REF", help="The model, as for `alignlab audit`.")
    ] = None,
    prediction: Annotated[
        str | None, typer.Option(metavar="COL", help="Or the column of predicted values.")
    ] = None,
    probability: Annotated[
        str | None, typer.Option(metavar="COL[,COL…]", help="Or the columns of probabilities.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(metavar="TASK", help="classification or regression.")
    ] = None,
    favourable: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="The target's value that people want to receive."),
    ] = None,
    groups: Annotated[
        str | None, typer.Option(metavar="COL[,COL…]", help="The groups to compare.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Other rows that are as they should be, to compare with."
        ),
    ] = None,
) -> int:
    """Write the file for `alignlab audit` by looking at a table and asking what it can't know.

    What a flag says is not asked. Without a terminal, the flags must say enough.
    """
    from alignlab.audit.spec import AuditSpec, parse_probability
    from alignlab.audit.template import template
    from alignlab.datasets import read_table
    from alignlab.files import require_writable, write_whole

    frame = read_table(data)
    asking = _on_a_terminal()
    _require_free(out, asking)
    require_writable(out.parent)
    if asking:
        _show_columns(frame, data.name)
    flags = {
        "target": target,
        "model": model,
        "prediction": prediction,
        "probability": parse_probability(probability),
        "task": task,
        "favourable": favourable,
        "groups": groups,
    }
    said = {name: value for name, value in flags.items() if value is not None}
    spec = _asked(AuditSpec().overridden(said, limits={}), frame, asking)
    _require_running(spec, data, reference)
    where = os.path.relpath(data, out.parent)
    place = {"data": where} if spec.model is not None else {"predictions": where}
    if reference is not None:
        place["reference"] = os.path.relpath(reference, out.parent)
    classes = _labels(frame, spec) if spec.task == "classification" else []
    candidates = [name for name in _group_like(frame) if name not in _used(spec)]
    text = template(spec.model_copy(update=place), classes=classes, candidates=candidates)
    write_whole(out, text)
    typer.echo(f"Written: {out}. Look through it, then run: alignlab audit {out}")
    return 0


def _asked(spec: AuditSpec, frame: pd.DataFrame, asking: bool) -> AuditSpec:
    """Return the spec with what was still open, as the person answers it."""
    from alignlab.datasets import require_column

    if spec.target is None:
        question = f"Which column holds what really happened?{_listed(_outcome_like(frame))}"
        spec = _ask(spec, "target", question, asking, lambda it: _columns_exist(it, frame))
    require_column(frame, spec.target or "", role="--target")
    if spec.task is None:
        spec = _with_task(spec, frame, asking)
    if spec.model is None and spec.prediction is None and spec.probability is None:
        spec = _with_answerer(spec, frame, asking)
    if not spec.groups and asking:
        candidates = [name for name in _group_like(frame) if name not in _used(spec)]
        question = (
            "Which columns say who people are, so that groups can be compared? Several with "
            f"commas, an intersection as a*b, or nothing.{_listed(candidates)}"
        )
        spec = _ask(
            spec, "groups", question, asking, lambda it: _are_groups(it, frame), optional=True
        )
    if spec.favourable is None and spec.task == "classification" and (spec.groups or asking):
        labels = _labels(frame, spec)
        question = f"Which {spec.target} is good for the person it is about?" + _listed(
            labels, "One of"
        )
        spec = _ask(
            spec,
            "favourable",
            question,
            asking,
            lambda it: _is_label(it, labels),
            optional=not spec.groups,
        )
    return spec


def _with_task(spec: AuditSpec, frame: pd.DataFrame, asking: bool) -> AuditSpec:
    from alignlab.audit.answers import task_of
    from alignlab.errors import InputError

    assert spec.target is not None
    try:
        return spec.overridden({"task": task_of(frame[spec.target], spec.target)}, limits={})
    except InputError:
        question = f"{spec.target} holds few whole numbers: classification or regression?"
        return _ask(spec, "task", question, asking)


def _with_answerer(spec: AuditSpec, frame: pd.DataFrame, asking: bool) -> AuditSpec:
    """Ask who answers: a model, or columns of predictions."""
    from alignlab.audit.spec import parse_probability
    from alignlab.errors import InputError

    if not asking:
        raise InputError(
            "Who answers? There is no terminal to ask on: say it with --model, --prediction or "
            "--probability."
        )
    question = (
        "Which model (package.module:function, an address, a file)? Nothing, if this table holds "
        "its predictions."
    )
    spec = _ask(spec, "model", question, asking, optional=True)
    if spec.model is not None:
        return spec
    if spec.task == "classification":
        labels = _labels(frame, spec)
        of = f" of {spec.target} = {labels[-1]!r}" if len(labels) == 2 else f" of {labels}"
        question = (
            f"Which column holds the probability{of}? Nothing, if there are decisions only."
            f"{_listed(_probability_like(frame, spec))}"
        )
        spec = _ask(
            spec,
            "probability",
            question,
            asking,
            lambda it: _columns_exist(it, frame),
            read=parse_probability,
            optional=True,
        )
    question = f"Which column holds the decision or predicted value?{_listed(_alike(frame, spec))}"
    return _ask(
        spec,
        "prediction",
        question,
        asking,
        lambda it: _columns_exist(it, frame),
        optional=spec.probability is not None,
    )


def _ask(
    spec: AuditSpec,
    key: str,
    question: str,
    asking: bool,
    require: Callable[[str], None] = lambda _: None,
    *,
    read: Callable[[str], Any] = str,
    optional: bool = False,
) -> AuditSpec:
    """Return the spec with the person's answer, asked again until it can be used."""
    from alignlab.errors import AlignlabError, InputError

    if not asking:
        line = question.splitlines()[0]
        raise InputError(f"{line} There is no terminal to ask on: say it with --{key}.")
    while True:
        answer = str(typer.prompt(question, default="", show_default=False)).strip()
        if not answer and optional:
            return spec
        try:
            if not answer:
                raise InputError("This is needed.")
            require(answer)
            return spec.overridden({key: read(answer)}, limits={})
        except AlignlabError as error:
            typer.echo(f"  {error}")


def _require_running(spec: AuditSpec, data: Path, reference: Path | None) -> None:
    """Raise now what the audit of this file would raise before a model is asked."""
    from alignlab.audit.inputs import Request, read_study
    from alignlab.datasets import grouping, read_table

    if spec.model is None:
        options = {name: getattr(spec, name) for name in ("target", "prediction", "probability")}
        options |= {name: getattr(spec, name) for name in ("task", "groups", "favourable")}
        read_study(Request(predictions=data, reference=reference, **options))
    else:
        if reference is not None:
            read_table(reference)
        frame = read_table(data)
        for name in spec.groups:
            grouping(frame, name)


def _require_free(out: Path, asking: bool) -> None:
    from alignlab.errors import InputError

    if out.exists() and not (asking and typer.confirm(f"{out} exists. Replace it?")):
        raise InputError(f"{out} exists and is not replaced. Name another file with --out.")


def _columns_exist(text: str, frame: pd.DataFrame) -> None:
    from alignlab.audit.spec import parse_probability
    from alignlab.datasets import require_column
    from alignlab.predictors import probability_columns

    for column in probability_columns(parse_probability(text)):
        require_column(frame, column, role="this")


def _are_groups(text: str, frame: pd.DataFrame) -> None:
    from alignlab.datasets import grouping, parse_groups

    for name in parse_groups(text):
        grouping(frame, name)


def _is_label(text: str, labels: Sequence[str]) -> None:
    from alignlab.predictors import class_positions

    class_positions([text], labels, where="the answer")


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _show_columns(frame: pd.DataFrame, name: str) -> None:
    from rich.table import Table

    from alignlab.cli.terminal import printing

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("column", "values", "missing", "such as"):
        table.add_column(title, justify="right" if title in ("values", "missing") else "left")
    for column in frame.columns:
        values, missing = frame[column], int(frame[column].isna().sum())
        such_as = ", ".join(_texts(values)[:3])[:34]
        table.add_row(column, f"{values.nunique():,}", f"{missing:,}" if missing else "", such_as)
    with printing() as console:
        console.print(f"{name}: {len(frame):,} rows")
        console.print(table)


def _listed(names: Sequence[str], begin: str = "Perhaps") -> str:
    return f"\n  {begin}: {', '.join(names[:10])}\n" if names else "\n"


def _used(spec: AuditSpec) -> set[str | None]:
    from alignlab.predictors import probability_columns

    return {spec.target, spec.prediction, *probability_columns(spec.probability)}


def _texts(values: pd.Series[Any]) -> list[str]:
    from alignlab.predictors import class_text

    return [class_text(value) for value in values.dropna().unique()[:FEW_VALUES]]


def _labels(frame: pd.DataFrame, spec: AuditSpec) -> list[str]:
    from alignlab.predictors import class_text
    from alignlab.predictors.labels import sorted_classes

    return [class_text(label) for label in sorted_classes(frame[spec.target].dropna().unique())]


def _outcome_like(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if 2 <= frame[name].nunique() <= FEW_VALUES]


def _group_like(frame: pd.DataFrame) -> list[str]:
    return [name for name in _outcome_like(frame) if not _is_number(frame[name])]


def _probability_like(frame: pd.DataFrame, spec: AuditSpec) -> list[str]:
    numbers = [name for name in frame.columns if _is_number(frame[name]) and name != spec.target]
    return [
        name
        for name in numbers
        if frame[name].dropna().between(0, 1).all() and frame[name].nunique() > 2
    ]


def _alike(frame: pd.DataFrame, spec: AuditSpec) -> list[str]:
    """Return the columns that hold values like the target's."""
    others = [name for name in frame.columns if name != spec.target]
    if spec.task == "regression":
        return [name for name in others if _is_number(frame[name])]
    known = set(_texts(frame[spec.target]))
    return [name for name in others if set(_texts(frame[name])) <= known]


def _is_number(values: pd.Series[Any]) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
