"""The parts of a paper that its author does not write: they follow from the study's folder.

In Method what was planned; in Results what was planned and not placed; every deviation; the runs
that failed; and the answers to the reproducibility checklist (see `checklist.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignlab.study.paper.nodes import (
    Block,
    Citation,
    Cited,
    Code,
    Emphasis,
    Heading,
    Inline,
    Items,
    Paragraph,
    See,
    Strong,
    Text,
    as_text,
)
from alignlab.study.paper.placed_tables import placed_table
from alignlab.study.paper.values import Findings, number_text
from alignlab.study.plans.planning import plan_study
from alignlab.study.reading import level_text
from alignlab.study.spec import Hypothesis, StudySpec
from alignlab.wording import called, joined

__all__ = ["deviation_blocks", "failure_blocks", "method_blocks", "planned_results"]

EXPECTED = {
    "greater": "expected to be above zero",
    "less": "expected to be below zero",
    "different": "expected to differ from zero",
    "equivalent": "expected to lie within the smallest effect of interest on either side of zero",
}

PLANNED_TABLES = ("main", "hypotheses")


def method_blocks(spec: StudySpec, registration: Mapping[str, Any] | None) -> tuple[Block, ...]:
    """Return design, measures, hypotheses, analysis and registration.

    Parameters
    ----------
    spec
        The statement.
    registration
        What `registration.json` says, or `None`.
    """
    blocks: list[Block] = [Heading(2, as_text("Design")), Paragraph(tuple(_design(spec)))]
    blocks += [
        Heading(2, as_text("Measures")),
        Items(tuple((_measure(spec, name),) for name in spec.measures)),
    ]
    blocks.append(Heading(2, as_text("Hypotheses and planned analysis")))
    if spec.hypotheses:
        plan = registration["plan"] if registration else plan_study(spec).to_dict()
        powers = {each["name"]: each for each in plan.get("hypotheses", ())}
        blocks.append(
            Items(
                tuple(
                    (Paragraph(tuple(_hypothesis(spec, name, each, powers.get(name, {})))),)
                    for name, each in spec.hypotheses.items()
                )
            )
        )
    else:
        blocks.append(Paragraph(as_text("No hypothesis was stated: the study is exploratory.")))
    blocks.append(Paragraph(tuple(_analysis(spec))))
    blocks += [Heading(2, as_text("Registration")), Paragraph(tuple(_registered(registration)))]
    return tuple(blocks)


def _design(spec: StudySpec) -> list[Inline]:
    count = len(spec.configurations())
    factors = [
        f"{called(name, {})} ({joined(level_text(level) for level in levels)})"
        for name, levels in spec.factors.items()
    ]
    runs = count * spec.seeds
    text = (
        f"The study varies {joined(factors)}. A configuration is one level of every factor. "
        f"Each of the {_counted(count, 'configuration')} is run with {_counted(spec.seeds, 'seed')}"
        f", {_counted(runs, 'run')} in all. Replicates with the same number form pairs across "
        "configurations: what they share, such as how data are split, is drawn from the same seed, "
        "and every comparison is made within pairs."
    )
    if spec.analysis.tasks:
        tasks = joined(called(task, {}) for task in spec.analysis.tasks)
        text += (
            f" A task is one level of {tasks}; differences are averaged within tasks first. "
            "Intervals and tests speak about "
            + (
                "new seeds on these tasks."
                if spec.analysis.generalise == "seeds"
                else "new tasks like these."
            )
        )
    return list(as_text(text))


def _measure(spec: StudySpec, name: str) -> Block:
    stated = spec.measures[name]
    traits = []
    if stated.primary:
        traits.append("primary")
    if stated.unit:
        traits.append(f"in {stated.unit}")
    if stated.low is not None and stated.high is not None:
        traits.append(f"from {number_text(stated.low)} to {number_text(stated.high)}")
    elif stated.low is not None:
        traits.append(f"from {number_text(stated.low)}")
    elif stated.high is not None:
        traits.append(f"up to {number_text(stated.high)}")
    if stated.better:
        traits.append(f"{stated.better} is better")
    if stated.failed is not None:
        traits.append(f"a failed run counts as {number_text(stated.failed)}")
    about = f": {'; '.join(traits)}." if traits else "."
    label = stated.label or called(name, {})
    return Paragraph((Strong(as_text(label[:1].upper() + label[1:])), Text(about)))


def _hypothesis(
    spec: StudySpec, name: str, stated: Hypothesis, planned: Mapping[str, Any]
) -> list[Inline]:
    measure = spec.measures[stated.measure]
    label = measure.label or called(stated.measure, {})
    primary = " (primary)" if measure.primary else ""
    where = "".join(
        f", where {called(factor, {})} is {level_text(level)}"
        for factor, level in stated.where.items()
    )
    unit = f" (in {measure.unit})" if measure.unit else ""
    says = stated.says if stated.says.endswith((".", "!", "?")) else f"{stated.says}."
    parts: list[Inline] = [Strong(as_text(f"{name}{primary}. ")), Emphasis(as_text(says))]
    text = (
        f" {label[:1].upper()}{label[1:]} with {called(stated.factor, {})} "
        f"{level_text(stated.of)}, less that with {level_text(stated.against)}{where}: "
        f"{EXPECTED[stated.direction]}. Smallest effect of interest{unit}: "
        f"{number_text(stated.smallest_effect)}."
    )
    if planned.get("power") is not None and stated.spread is not None:
        text += (
            f" Planned power: {number_text(planned['power'], '.0%')}, if differences within pairs "
            f"have a standard deviation{unit} of {number_text(stated.spread)}."
        )
    else:
        text += " Its power is not known, since the spread of differences was not."
    return [*parts, Text(text)]


def _analysis(spec: StudySpec) -> list[Inline]:
    level = number_text(100 * spec.analysis.level, ".4g")
    family = [n for n, each in spec.hypotheses.items() if spec.measures[each.measure].primary]
    parts: list[Inline] = [Text(f"Intervals hold with a confidence of {level}%.")]
    if spec.analysis.correction == "holm" and len(family) > 1:
        parts += [
            Text(
                f" The {len(family)} hypotheses about primary measures are one family: their "
                "p-values are corrected by Holm's procedure "
            ),
            Citation((Cited("holm1979simple"),)),
            Text(", and the intervals of their differences hold all together."),
        ]
    elif len(family) > 1:
        parts.append(Text(" p-values are not corrected for the number of hypotheses."))
    return parts


def _registered(registration: Mapping[str, Any] | None) -> list[Inline]:
    if registration is None:
        return list(
            as_text(
                "The study was not registered before it was run: all of its results are "
                "exploratory."
            )
        )
    before = registration.get("runs_before", 0)
    when = str(registration["registered"])[:16].replace("T", " ")
    first = (
        "before its first run"
        if not before
        else f"after {_counted(int(before), 'run')} had been made"
    )
    parts: list[Inline] = [
        Text(
            f"Question, hypotheses, factors, seeds, measures, analysis, code and data were "
            f"registered on {when} UTC, {first}. SHA-256 of the registration: "
        ),
        Code(str(registration["digest"])[:16]),
        Text("…"),
    ]
    amendments = registration.get("amendments", ())
    if amendments:
        parts.append(Text(f" It was amended {_counted(len(amendments), 'time')}; see deviations."))
    return parts


def planned_results(
    findings: Findings, spec: StudySpec, placed: frozenset[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the tables and figures that were planned and that the author has not placed.

    Parameters
    ----------
    findings
        The results.
    spec
        The statement; a figure is planned if it is a hypothesis'.
    placed
        What the author placed, as ("table", name).
    """
    tables = [("table", name) for name in PLANNED_TABLES if name in findings.tables]
    figures = [("figure", name) for name in findings.figures if name in spec.hypotheses]
    return [each for each in (*tables, *figures) if each not in placed]


def pointing(missing: list[tuple[str, str]]) -> Paragraph:
    """Return the sentence that points to what was planned."""
    sees = [See("table" if kind == "table" else "figure", name) for kind, name in missing]
    parts: list[Inline] = [Text("The planned analysis is completed by ")]
    for at, see in enumerate(sees):
        if at:
            parts.append(Text(" and " if at == len(sees) - 1 else ", "))
        parts.append(see)
    return Paragraph((*parts, Text(".")))


def deviation_blocks(sentences: tuple[str, ...]) -> tuple[Block, ...]:
    """Return the section about what was done otherwise than registered."""
    title = Heading(1, as_text("Deviations from the plan"))
    if not sentences:
        return (title, Paragraph(as_text("There are none: what was registered is what was done.")))
    return (title, Items(tuple((Paragraph(as_text(each)),) for each in sentences)))


def failure_blocks(findings: Findings, placed: frozenset[tuple[str, str]]) -> tuple[Block, ...]:
    """Return what the limitations say of runs that failed."""
    runs = findings.said("runs") if "runs" in findings.numbers else ""
    failed = int(findings.numbers.get("failed", {}).get("value", 0))
    if not failed:
        return (Paragraph(as_text(f"None of the {runs} runs failed.")),) if runs else ()
    table = findings.tables.get("failures")
    shown = table is not None and bool(table["rows"]) and ("table", "failures") not in placed
    parts: list[Inline] = [Text(f"{number_text(failed)} of the {runs} runs failed")]
    if table is not None and table["rows"]:
        parts += [Text(" ("), See("table", "failures"), Text(")")]
    parts.append(
        Text(
            ". A pair with a failed run is missing from the differences, unless the measure says "
            "what a failed run counts as."
        )
    )
    blocks: list[Block] = [Paragraph(tuple(parts))]
    if table is not None and shown:
        blocks.append(placed_table(table, name="failures"))
    return tuple(blocks)


def _counted(count: int, name: str) -> str:
    return f"{number_text(count)} {name}{'' if count == 1 else 's'}"
