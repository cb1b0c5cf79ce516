"""Reads `study.yaml`, and refuses with file, line and key what cannot be a study.

Beyond each key's own kind: a hypothesis speaks of measures, factors and levels that exist; names
and levels can stand in a placeholder such as `{{ accuracy.training=adversarial }}`; two levels of
a factor are never one to a reader, as 1 and 1.0 or 1 and "1" would be.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from alignlab.errors import InputError, listed, nearest
from alignlab.study.spec import (
    Analysis,
    Author,
    Hypothesis,
    Level,
    Measure,
    PaperSpec,
    Resources,
    StudySpec,
)
from alignlab.study.strict_yaml import Place, Stated, parse_yaml, read_yaml

__all__ = ["level_text", "parse_study", "read_study"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LEVEL = re.compile(r"[A-Za-z0-9_.-]+")
REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

INSIDE: dict[str, type[BaseModel]] = {
    "authors": Author,
    "measures": Measure,
    "hypotheses": Hypothesis,
    "analysis": Analysis,
    "resources": Resources,
    "paper": PaperSpec,
}

Fault = tuple[Place, str]


def read_study(path: str | Path) -> StudySpec:
    """Read a study's statement from its file.

    Use it for a statement alone; `open_study` opens the folder with all that it holds.

    Parameters
    ----------
    path
        `study.yaml`.

    Raises
    ------
    InputError
        If the file cannot be read, is not YAML, or states what cannot be a study; the message
        names the file, the line and the key.
    """
    return _spec(read_yaml(path))


def parse_study(text: str, *, name: str = "study.yaml") -> StudySpec:
    r"""Read a study's statement from text.

    Parameters
    ----------
    text
        What the file holds.
    name
        What messages call it.

    Raises
    ------
    InputError
        As in `read_study`.

    Examples
    --------
    >>> parse_study("study: small\nquestoin: Why?")
    Traceback (most recent call last):
    alignlab.errors.InputError: study.yaml:2: there is no key 'questoin'. Did you mean 'question'?
    Keys: study, title, question, authors, run, factors, seeds, measures, hypotheses, analysis and
    4 more.
    """
    return _spec(parse_yaml(text, name=name))


def level_text(level: Level) -> str:
    """Return a level as names and placeholders hold it.

    Examples
    --------
    >>> level_text(True), level_text(0.1), level_text("pets")
    ('true', '0.1', 'pets')
    """
    return str(level).lower() if isinstance(level, bool) else str(level)


def _spec(stated: Stated) -> StudySpec:
    if not isinstance(stated.value, dict):
        what = "empty" if stated.value is None else "no mapping of keys to values"
        raise InputError(
            f"{stated.name}:1: this is {what}; alignlab study new NAME writes a study."
        )
    try:
        # In JSON's strict mode no text becomes a number, and no number a yes.
        spec = StudySpec.model_validate_json(json.dumps(stated.value), strict=True)
    except ValidationError as error:
        place, message = _first(error)
        raise InputError(f"{stated.at(place)}: {message}") from error
    for place, message in _faults(spec):
        raise InputError(f"{stated.at(place)}: {message}")
    return spec


def _faults(spec: StudySpec) -> Iterator[Fault]:
    """Yield what is wrong between keys that are each right."""
    if not REFERENCE.fullmatch(spec.run):
        yield (
            ("run",),
            f"run = {spec.run!r}: write module:function, such as experiment:run for the function "
            "run in experiment.py.",
        )
    yield from _factor_faults(spec)
    yield from _measure_faults(spec)
    for name, hypothesis in spec.hypotheses.items():
        yield from _hypothesis_faults(spec, name, hypothesis)
    yield from _analysis_faults(spec)
    for key in ("code", "data"):
        for i, path in enumerate(getattr(spec, key)):
            if not path.strip():
                yield (key, i), f"{key} holds an empty path."


def _factor_faults(spec: StudySpec) -> Iterator[Fault]:
    if not spec.factors:
        yield (
            ("factors",),
            "factors is empty: state what is varied; a constant is a factor of one level.",
        )
    for name, levels in spec.factors.items():
        here = ("factors", name)
        yield from _name_faults("factor", name, here)
        if not levels:
            yield here, f"factors.{name} is empty: give it at least one level."
        seen: dict[str, Level] = {}
        for i, level in enumerate(levels):
            text = level_text(level)
            if isinstance(level, float) and not math.isfinite(level):
                yield (*here, i), f"factors.{name} holds {level!r}, which is no finite number."
            if not LEVEL.fullmatch(text):
                yield (
                    (*here, i),
                    f"factors.{name} holds {level!r}: a level is a number, true, false or a word "
                    f"of letters, digits, _ . and -, for results are named by it{_word(text)}.",
                )
            alike = next((held for held in seen.values() if held == level), seen.get(text))
            if alike is not None:
                yield (
                    (*here, i),
                    f"factors.{name} holds {alike!r} and {level!r}, which are one level to a "
                    "reader. Keep one of them, or name them apart.",
                )
            seen[text] = level


def _measure_faults(spec: StudySpec) -> Iterator[Fault]:
    if not spec.measures:
        yield ("measures",), "measures is empty: name the numbers that every run returns."
    for name, measure in spec.measures.items():
        here = ("measures", name)
        yield from _name_faults("measure", name, here)
        for key in ("low", "high", "failed"):
            value = getattr(measure, key)
            if value is not None and not math.isfinite(value):
                yield (*here, key), f"measures.{name}.{key} = {value!r} is no finite number."
        low = -math.inf if measure.low is None else measure.low
        high = math.inf if measure.high is None else measure.high
        if low >= high:
            yield (*here, "low"), f"measures.{name}: low = {low:g} is not below high = {high:g}."
        elif measure.failed is not None and not low <= measure.failed <= high:
            yield (
                (*here, "failed"),
                f"measures.{name}.failed = {measure.failed:g} is not between low and high.",
            )


def _hypothesis_faults(spec: StudySpec, name: str, stated: Hypothesis) -> Iterator[Fault]:
    here = ("hypotheses", name)
    yield from _name_faults("hypothesis", name, here)
    if name in spec.measures:
        yield here, f"{name!r} is both a hypothesis and a measure: rename the hypothesis, as H1."
    if stated.measure not in spec.measures:
        yield (
            (*here, "measure"),
            _unknown(f"hypotheses.{name}.measure", stated.measure, spec.measures),
        )
    if stated.factor not in spec.factors:
        yield (*here, "factor"), _unknown(f"hypotheses.{name}.factor", stated.factor, spec.factors)
        return
    for key in ("of", "against"):
        yield from _level_faults(
            spec, f"hypotheses.{name}.{key}", (*here, key), stated.factor, getattr(stated, key)
        )
    if stated.of == stated.against:
        yield (
            (*here, "against"),
            f"hypotheses.{name} compares {level_text(stated.of)} with itself: of and against are "
            "two levels.",
        )
    for factor, level in stated.where.items():
        place, what = (*here, "where", factor), f"hypotheses.{name}.where.{factor}"
        if factor not in spec.factors:
            yield place, _unknown(f"hypotheses.{name}.where", factor, spec.factors)
        elif factor == stated.factor:
            yield place, f"{what} confines the factor that is compared: leave it out."
        else:
            yield from _level_faults(spec, what, place, factor, level)
    for key in ("smallest_effect", "spread"):
        value = getattr(stated, key)
        if value is not None and not math.isfinite(value):
            written = key.replace("_", "-")
            yield (
                (*here, written),
                f"hypotheses.{name}.{written} = {value!r} is no finite number.",
            )
    if stated.factor in spec.analysis.tasks:
        yield (
            (*here, "factor"),
            f"hypotheses.{name}.factor = {stated.factor!r} is one of analysis.tasks, and "
            "differences are taken within tasks: take it out of one of them.",
        )


def _level_faults(
    spec: StudySpec, what: str, place: Place, factor: str, level: Level
) -> Iterator[Fault]:
    levels = spec.factors[factor]
    if any(held == level and isinstance(held, bool) == isinstance(level, bool) for held in levels):
        return
    texts = [level_text(each) for each in levels]
    text = level_text(level)
    if text in texts:
        yield (
            place,
            f"{what} = {level!r} is a {_kind(level)}, and the level {text} of {factor} is a "
            f"{_kind(levels[texts.index(text)])}: write both alike.",
        )
    else:
        yield (
            place,
            f"{what} = {level!r} is no level of {factor}.{nearest(text, texts)} Levels: "
            f"{listed(texts)}.",
        )


def _analysis_faults(spec: StudySpec) -> Iterator[Fault]:
    tasks = spec.analysis.tasks
    for i, name in enumerate(tasks):
        if name not in spec.factors:
            yield ("analysis", "tasks", i), _unknown("analysis.tasks", name, spec.factors)
        if name in tasks[:i]:
            yield ("analysis", "tasks", i), f"analysis.tasks names {name!r} twice."
    if spec.analysis.generalise == "tasks":
        if not tasks:
            yield (
                ("analysis", "generalise"),
                "analysis.generalise = 'tasks' needs analysis.tasks: the factors that are tasks.",
            )
        elif len(spec.factors.get(tasks[0], ())) < 2:
            yield (
                ("analysis", "generalise"),
                f"analysis.generalise = 'tasks' needs at least 2 levels of {tasks[0]!r}: from one "
                "task nothing is learned about others.",
            )


def _name_faults(kind: str, name: str, place: Place) -> Iterator[Fault]:
    if not NAME.fullmatch(name):
        yield (
            place,
            f"the {kind} {name!r}: a name begins with a letter and holds letters, digits, _ and -, "
            f"for the paper asks for results by it{_word(name)}.",
        )


def _word(text: str) -> str:
    """Return a suggestion of a name that can stand, as the end of a sentence."""
    made = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")
    return f", such as {made}" if re.search("[A-Za-z0-9]", made) else ""


def _unknown(what: str, given: str, known: Mapping[str, Any]) -> str:
    return f"{what} = {given!r} is not stated.{nearest(given, known)} Stated: {listed(known)}."


def _kind(level: Level) -> str:
    names = {str: "text", bool: "yes or no", int: "number", float: "number"}
    return names[type(level)]


def _first(error: ValidationError) -> Fault:
    """Return the first thing wrong, with its place; a slip in a key comes before what it leaves."""
    found = error.errors(include_url=False)
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    place = tuple(
        part for part in first["loc"] if part not in ("str", "bool", "int", "float", "[key]")
    )
    key = ".".join(part for part in place if isinstance(part, str))
    kind = first["type"]
    if kind in ("extra_forbidden", "missing"):
        inside = place[0] if len(place) > 1 and isinstance(place[0], str) else ""
        model = INSIDE.get(inside, StudySpec)
        known = [field.alias or name for name, field in model.model_fields.items()]
        if kind == "missing":
            return place, f"the key {key!r} is missing."
        return place, (
            f"there is no key {key!r}.{nearest(str(place[-1]), known)} Keys: {listed(known)}."
        )
    given = repr(first["input"])
    shown = given if len(given) <= 60 else f"{given[:57]}..."
    if key == "study":
        return place, (
            f"study = {shown}: a study's name is of small letters and digits, parts joined by -, "
            "such as robust-and-fair."
        )
    if kind == "literal_error":
        allowed = str(first["ctx"]["expected"]).replace(" or ", ", ")
        near = nearest(str(first["input"]), re.findall("'(.*?)'", allowed))
        return place, f"{key} = {shown} is not one of {allowed}.{near}"
    if place[0] == "factors" and len(place) > 2:
        return place, f"{key} holds {shown}: a level is a number, true, false or a word."
    if first["input"] is None:
        return place, f"{key} is empty."
    wanted = {
        "dict_type": "a mapping, one `name: value` a line, set in",
        "mapping_type": "a mapping, one `name: value` a line, set in",
        "model_type": "a mapping, one `name: value` a line, set in",
        "tuple_type": "a list, such as [a, b]",
        "string_type": "a text; write a number in quotes",
        "string_too_short": "a text that is not empty",
        "bool_type": "true or false",
        "int_from_float": "a whole number",
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "float_parsing": "a number",
        "float_type": "a number",
    }
    if kind in wanted:
        return place, f"{key} = {shown} is not {wanted[kind]}."
    message = first["msg"].partition(", unable to parse")[0]
    return place, f"{key} = {shown}: {message[0].lower()}{message[1:].rstrip('.')}."
