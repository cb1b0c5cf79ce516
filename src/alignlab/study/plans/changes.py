"""What differs between two statements of a study, each difference as one sentence.

Compared is what could turn a result. Authors, the title, labels, resources and how the paper is set
are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignlab.study.reading import level_text
from alignlab.wording import joined

__all__ = ["changes_between"]

TELLING = {
    "measures": ("better", "primary", "low", "high", "failed"),
    "hypotheses": (
        "measure", "factor", "of", "against", "where", "direction", "smallest-effect", "spread",
        "says",
    ),
    "analysis": ("level", "power", "correction", "tasks", "generalise"),
}  # fmt: skip
"""The keys within a key that matter."""

CALLED = {
    "better": "the better direction",
    "primary": "whether it is primary",
    "low": "its lowest value",
    "high": "its highest value",
    "failed": "what a failed run counts as",
    "says": "its wording",
    "smallest-effect": "the smallest effect that matters",
    "spread": "the spread expected",
    "where": "what it is confined to",
    "of": "the level compared",
    "against": "the level compared with",
    "tasks": "what counts as a task",
    "generalise": "what is generalised to",
    "power": "the power wanted",
}


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the differences between two statements with their code and data.

    Parameters
    ----------
    before, after
        With the keys `study` (a statement's `to_dict()`), `code` and `data` (path to SHA-256).
    """
    first, then = before["study"], after["study"]
    if first["question"] != then["question"]:
        yield f"The question was changed from “{first['question']}” to “{then['question']}”."
    yield from _hypotheses(first["hypotheses"], then["hypotheses"])
    yield from _factors(first["factors"], then["factors"])
    if first["seeds"] != then["seeds"]:
        yield f"The number of seeds was changed from {first['seeds']} to {then['seeds']}."
    yield from _measures(first["measures"], then["measures"])
    for name, told in _within("analysis", first["analysis"], then["analysis"]):
        yield f"In the analysis, {name} was changed {told}."
    if first["run"] != then["run"]:
        yield f"The function that is run was changed from {first['run']} to {then['run']}."
    yield from _files("code", before["code"], after["code"])
    yield from _files("data", before["data"], after["data"])


def _hypotheses(first: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    for name in then:
        if name not in first:
            yield f"Hypothesis {name} was not registered; what is found about it is exploratory."
            continue
        for key, told in _within("hypotheses", first[name], then[name]):
            yield f"In hypothesis {name}, {key} was changed {told}."
    for name in first:
        if name not in then:
            yield f"Hypothesis {name} was dropped: “{first[name]['says']}”"


def _factors(first: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    for name in then:
        if name not in first:
            yield f"Factor {name} was added, with {_value(then[name])}."
            continue
        added = [each for each in then[name] if not _among(each, first[name])]
        dropped = [each for each in first[name] if not _among(each, then[name])]
        for levels, what in ((added, "added to"), (dropped, "dropped from")):
            if levels:
                noun = "Level" if len(levels) == 1 else "Levels"
                verb = "was" if len(levels) == 1 else "were"
                yield f"{noun} {_value(levels)} {verb} {what} factor {name}."
    for name in first:
        if name not in then:
            yield f"Factor {name} was dropped."


def _measures(first: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    for name in then:
        if name not in first:
            primary = ", as a primary one" if then[name]["primary"] else ""
            yield f"Measure {name} was added{primary}."
            continue
        for key, told in _within("measures", first[name], then[name]):
            yield f"Of measure {name}, {key} was changed {told}."
    for name in first:
        if name not in then:
            primary = "primary " if first[name]["primary"] else ""
            yield f"The {primary}measure {name} was dropped."


def _files(kind: str, first: Mapping[str, str], then: Mapping[str, str]) -> Iterator[str]:
    for path in sorted({*first, *then}):
        if path not in then:
            yield f"{path} no longer belongs to the {kind}."
        elif path not in first:
            yield f"{path} was added to the {kind}."
        elif first[path] != then[path]:
            yield f"{path} ({kind}) was changed after the registration."


def _within(
    kind: str, first: Mapping[str, Any], then: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for key in TELLING[kind]:
        if first.get(key) != then.get(key):
            was, became = _value(first.get(key)), _value(then.get(key))
            yield CALLED.get(key, f"the {key}"), f"from {was} to {became}"


def _among(level: Any, levels: list[Any]) -> bool:
    return any(
        level == each and isinstance(level, bool) == isinstance(each, bool) for each in levels
    )


def _value(value: Any) -> str:
    if value is None or value in ([], {}, ""):
        return "nothing"
    if isinstance(value, Mapping):
        return joined(f"{key} = {_value(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return joined(_value(each) for each in value)
    if isinstance(value, str) and " " in value:
        return f"“{value}”"
    return level_text(value)
