"""A model card and a datasheet of a study: what its files tell, and what its authors add.

The sections are those of [mitchell2019model, sec. 4] and [gebru2021datasheets, sec. 3]. Numbers
come from `analysis.json` alone. What no file can tell, the authors say in `cards.yaml`, and where
they do not, the card says so:

    model-card:
      intended use: Research on how training changes gaps; no decision about people.
    datasheet:
      motivation: The runs were made to compare two ways of training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.errors import InputError, listed, nearest
from alignlab.guide import references
from alignlab.study.paper.values import Findings
from alignlab.study.spec import StudySpec
from alignlab.study.strict_yaml import parse_yaml

__all__ = ["datasheet", "model_card", "parse_cards"]

MODEL_CARD = (
    "model details", "intended use", "factors", "metrics", "evaluation data", "training data",
    "quantitative analyses", "ethical considerations", "caveats and recommendations",
)  # fmt: skip
DATASHEET = (
    "motivation", "composition", "collection process", "preprocessing, cleaning and labelling",
    "uses", "distribution", "maintenance",
)  # fmt: skip
SECTIONS = {"model-card": MODEL_CARD, "datasheet": DATASHEET}
UNSAID = "*The authors have not said.*"


def parse_cards(text: str, *, name: str = "cards.yaml") -> dict[str, dict[str, str]]:
    r"""Return what the authors say in `cards.yaml`: card to section to text.

    Raises
    ------
    InputError
        If there is no such card or section; the message names the line.

    Examples
    --------
    >>> parse_cards("datasheet:\n  uses: Compare with it.")["datasheet"]["uses"]
    'Compare with it.'
    """
    stated = parse_yaml(text, name=name)
    held = stated.value if stated.value is not None else {}
    if not isinstance(held, dict):
        raise InputError(f"{name}:1: this is no mapping of cards to their sections.")
    for card, sections in held.items():
        if card not in SECTIONS:
            raise InputError(
                f"{stated.at((card,))}: there is no card {card!r}.{nearest(card, SECTIONS)} Cards: "
                f"{listed(SECTIONS)}."
            )
        for section, said in sections.items() if isinstance(sections, dict) else ((card, None),):
            at = stated.at((card, section))
            if section != card and section not in SECTIONS[card]:
                raise InputError(
                    f"{at}: there is no section {section!r}.{nearest(section, SECTIONS[card])} "
                    f"Sections: {listed(SECTIONS[card])}."
                )
            if not isinstance(said, str):
                raise InputError(f"{at}: {section} is not a text.")
    return held


def model_card(
    spec: StudySpec, findings: Findings, code: Mapping[str, str], said: Mapping[str, str]
) -> str:
    """Return the model card of what a study trained or compared, as Markdown.

    Parameters
    ----------
    spec, findings
        The study and what its analysis found.
    code
        Digests of the code.
    said
        What the authors add, by section.
    """
    numbers = findings.numbers
    primary = [name for name, measure in spec.measures.items() if measure.primary]
    told = {
        "model details": [
            f"What was compared: {_levels(spec)}.",
            f"Run by `{spec.run}`; code: {_digests(code)}.",
        ],
        "factors": [f"- {name}: {listed(levels)}" for name, levels in spec.factors.items()],
        "metrics": [
            f"- {measure.label or name}{f' ({measure.unit})' if measure.unit else ''}"
            f"{f', {measure.better} is better' if measure.better else ''}"
            f"{', primary' if name in primary else ''}"
            for name, measure in spec.measures.items()
        ],
        "quantitative analyses": [
            f"Runs: {_plain(numbers, 'runs')}; failed: {_plain(numbers, 'failed')}.",
            "",
            *_verdicts(spec, findings),
            "",
            *_numbers(findings),
        ],
    }
    return _card(f"Model card: {spec.title}", "mitchell2019model", MODEL_CARD, told, said)


def datasheet(
    spec: StudySpec, findings: Findings, data: Mapping[str, str], said: Mapping[str, str]
) -> str:
    """Return the datasheet of a study's results and of the data behind them, as Markdown.

    Parameters
    ----------
    spec, findings
        The study and what its analysis found.
    data
        Digests of the data.
    said
        What the authors add, by section.
    """
    numbers = findings.numbers
    told = {
        "motivation": [spec.question],
        "composition": [
            f"`results.jsonl`: {_plain(numbers, 'runs')} runs, one a line: "
            f"{len(spec.configurations())} configurations ({_levels(spec)}), {spec.seeds} "
            f"{'replicate' if spec.seeds == 1 else 'replicates'} each, with "
            f"{listed(spec.measures)}. {_plain(numbers, 'failed')} failed, and are among them.",
            "",
            f"Data that the runs read: {_digests(data)}.",
        ],
        "collection process": [
            f"By `{spec.run}`, with a seed that follows from the study's name, the configuration "
            "and the replicate."
        ],
        "distribution": ["This archive; `MANIFEST.sha256` holds the digest of each file."],
    }
    return _card(f"Datasheet: {spec.title}", "gebru2021datasheets", DATASHEET, told, said)


def _card(
    title: str,
    key: str,
    sections: Sequence[str],
    told: Mapping[str, Sequence[str]],
    said: Mapping[str, str],
) -> str:
    lines = [f"# {title}", "", f"Sections after {references()[key].by} ({references()[key].year})."]
    for section in sections:
        parts = [*told.get(section, ()), *([""] if section in told and section in said else [])]
        if section in said:
            parts.append(said[section].strip())
        lines += ["", f"## {section.capitalize()}", "", *(parts or [UNSAID])]
    return "\n".join(lines) + "\n"


def _levels(spec: StudySpec) -> str:
    return "; ".join(f"{name} {listed(levels)}" for name, levels in spec.factors.items())


def _digests(files: Mapping[str, str]) -> str:
    return "; ".join(f"`{name}` (SHA-256 {digest})" for name, digest in files.items()) or "none"


def _verdicts(spec: StudySpec, findings: Findings) -> list[str]:
    lines = []
    for name, hypothesis in spec.hypotheses.items():
        verdict = findings.numbers.get(f"{name}.verdict", {}).get("text", "not analysed")
        lines.append(f"- {name}: {hypothesis.says} {verdict}")
    return lines


def _numbers(findings: Findings) -> list[str]:
    """Return a table of every estimate, its numbers as `analysis.json` writes them."""
    rows = [
        f"| {name} | {_cell(each['value'])} | {_cell(each['low'])} | {_cell(each['high'])} | "
        f"{_cell(each.get('level'))} | {_cell(each.get('n'))} |"
        for name, each in findings.numbers.items()
        if {"value", "low", "high"} <= each.keys()
    ]
    if not rows:
        return []
    return ["| number | value | low | high | level | n |", "|---|---|---|---|---|---|", *rows]


def _plain(numbers: Mapping[str, Mapping[str, Any]], name: str) -> str:
    return _cell(numbers.get(name, {}).get("value"))


def _cell(value: Any) -> str:
    return "unknown" if value is None else repr(value) if isinstance(value, float) else str(value)
