"""Reads YAML in which every value is what it looks like, and knows the line of each.

YAML's readers disagree: `no` is false to one and a word to another, `012` is ten or twelve, `1e-3`
a word or a number, `1:30` ninety or a word; of a key that stands twice most keep the last in
silence. Here plain words are words, `1e-3` is a number, and what readers disagree about is refused
with the line and the remedy. Nothing is constructed but mappings, lists, texts, numbers, booleans
and null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alignlab.errors import InputError
from alignlab.files import text_of

__all__ = ["Place", "Stated", "parse_yaml", "read_yaml"]

Place = tuple[str | int, ...]
"""Where a value stands: the keys and positions that lead to it."""

WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
DISPUTED = re.compile(
    r"(?P<word>yes|no|on|off)|[-+]?0[0-9_]+|[-+]?0[xob][0-9a-f_]+|[-+]?[0-9][0-9_]*_[0-9_.]*"
    r"|[-+]?[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?|[-+]?\.(inf|nan)",
    re.IGNORECASE,
)
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
PLAIN_TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = {
    PLAIN_TAG + name
    for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value")
}
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Stated:
    """What a YAML file says.

    Attributes
    ----------
    name
        The file's, for messages.
    value
        Its content.
    lines
        The line of each value, by its place; a key's value has the line of its key.
    """

    name: str
    value: Any
    lines: Mapping[Place, int]

    def at(self, place: Place) -> str:
        """Return `file:line` of a place, or of the nearest one that it is in."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.name}:{self.lines.get(place, 1)}"


def read_yaml(path: str | Path) -> Stated:
    """Read a YAML file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        If it cannot be read, is not YAML, or holds what readers of YAML disagree about; the
        message names the file and the line.
    """
    return parse_yaml(text_of(Path(path)), name=str(path))


def parse_yaml(text: str, *, name: str = "text") -> Stated:
    r"""Read YAML text.

    Parameters
    ----------
    text
        The YAML.
    name
        What messages call it.

    Raises
    ------
    InputError
        As in `read_yaml`.

    Examples
    --------
    >>> parse_yaml("rate: 1e-3\nkind: [a, 'no']").value
    {'rate': 0.001, 'kind': ['a', 'no']}
    >>> parse_yaml("kinds:\n  - no")
    Traceback (most recent call last):
    alignlab.errors.InputError: text:2: kinds holds no, which some readers of YAML take for false:
    write 'no' in quotes if it is a word, or false.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise InputError(_malformed(error, text, name)) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        at = getattr(error, "position", 0)
        line = text[: at if isinstance(at, int) else 0].count("\n") + 1
        raise InputError(f"{name}:{line}: a character that YAML does not allow.") from error
    except RecursionError as error:
        raise InputError(f"{name}: this is nested deeper than {DEEPEST} levels.") from error
    reader = _Reader(name)
    value = None if root is None else reader.value(root, ())
    return Stated(name, value, reader.lines)


class _Reader:
    """Turns YAML's nodes into values, and keeps their lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if len(place) > DEEPEST:
            raise InputError(f"{self.name}:{line}: this is nested deeper than {DEEPEST} levels.")
        if id(node) in self._seen:
            raise InputError(
                f"{self.name}:{line}: {_named(place)} repeats what stands elsewhere by * and &. "
                "Write it out."
            )
        self._seen.add(id(node))
        if node.tag not in PLAIN_TAGS and not node.tag.endswith(":merge"):
            raise InputError(
                f"{self.name}:{line}: {_named(place)} bears the tag "
                f"{'!!' + node.tag.removeprefix(PLAIN_TAG)!r}: leave the tag out."
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*place, i)) for i, each in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        held: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError(f"{self.name}:{line}: a key is a word, and this is none.")
            key = key_node.value
            if key_node.style is None and DISPUTED.fullmatch(key):
                raise InputError(
                    f"{self.name}:{line}: some readers of YAML do not take the key {key} for a "
                    f"word: write '{key}' in quotes."
                )
            inner = (*place, key)
            if key in held:
                raise InputError(
                    f"{self.name}:{line}: {_named(inner)} stands here and in line "
                    f"{self.lines[inner]}. Keep one of them."
                )
            self.lines[inner] = line
            held[key] = self.value(value_node, inner)
        return held

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        text: str = node.value
        if node.style is not None:
            return text
        if text.lower() in WORDS:
            return WORDS[text.lower()]
        if (disputed := DISPUTED.fullmatch(text)) is not None:
            where = f"{self.name}:{node.start_mark.line + 1}: {_named(place)} holds {text}"
            if disputed["word"]:
                meant = "true" if text.lower() in ("yes", "on") else "false"
                raise InputError(
                    f"{where}, which some readers of YAML take for {meant}: write '{text}' in "
                    f"quotes if it is a word, or {meant}."
                )
            raise InputError(
                f"{where}, about which readers of YAML disagree: write '{text}' in quotes if it "
                "is a word, or a plain decimal number."
            )
        if WHOLE.fullmatch(text):
            return int(text)
        return float(text) if NUMBER.fullmatch(text) else text


def _named(place: Place) -> str:
    """Return a place as a person writes it.

    >>> _named(("factors", "data", 1)), _named(())
    ('factors.data', 'the file')
    """
    return ".".join(part for part in place if isinstance(part, str)) or "the file"


def _malformed(error: yaml.MarkedYAMLError, text: str, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    line = 1 if mark is None else min(mark.line + 1, max(len(text.splitlines()), 1))
    problem = " ".join(str(error.problem or "it cannot be read").split())
    if isinstance(error, yaml.composer.ComposerError) and "single document" in str(error.context):
        return f"{name}:{line}: a second document begins at ---. One file states one study."
    advice = ""
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in problem:
        advice = " Set lines in with spaces, not with tabs."
    elif "mapping values are not allowed" in problem:
        advice = " A text that holds a colon stands in quotes."
    elif "got '?'" in problem:
        advice = " Within { } and [ ], a text that holds ? stands in quotes."
    return f"{name}:{line}: this is not YAML: {problem}.{advice}"
