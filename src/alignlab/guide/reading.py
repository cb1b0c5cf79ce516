"""One list of one YAML file of the guide, read strictly into frozen dataclasses.

A key that no field has, one that is missing, a value of another type or one that is not among the
choices is refused with the file and the entry. Every entry of a file is as old as the file says
under `as_of`, unless it says so of itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from alignlab.errors import InputError, listed, nearest
from alignlab.guide.works import bundled_text

__all__ = ["read_list", "record"]

Kind = TypeVar("Kind")

WORDS = {str: "text", int: "a whole number", bool: "true or false"}


def read_list(
    name: str, part: str, kind: type[Kind], *, text: str | None = None
) -> tuple[Kind, ...]:
    """Return the entries under `part` of a file of the guide's data.

    Parameters
    ----------
    name
        The file, such as "books.yaml".
    part
        The list in it.
    kind
        The dataclass of an entry; a field `as_of` gets the file's day.
    text
        The content, where it is not that of the bundled file.

    Raises
    ------
    InputError
        If the file is not YAML or an entry is not as the dataclass says.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(bundled_text(name) if text is None else text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{name}{line}: this is not YAML: {_first_line(error)}.") from None
    if not isinstance(content, Mapping) or not isinstance(content.get(part), list):
        raise InputError(f"{name} has no list {part!r}.")
    dated = content.get("as_of")
    if not isinstance(dated, str) or not _is_day(dated):
        raise InputError(f"{name}: as_of={dated!r} is not a day such as '2026-11-21', in quotes.")
    return tuple(
        record(kind, entry, where=f"{name}: {_called(entry, number, part)}", as_of=dated)
        for number, entry in enumerate(content[part], start=1)
    )


def record(kind: type[Kind], given: Any, *, where: str, as_of: str = "") -> Kind:
    """Return a mapping as the dataclass it must be.

    Parameters
    ----------
    kind
        A dataclass whose fields are str, int, bool, a Literal, a dataclass, a tuple of str, or
        one of these or `None`.
    given
        What the file holds.
    where
        The entry, as an error names it.
    as_of
        The value of the field `as_of` where the entry has none.

    Raises
    ------
    InputError
        If a key is unknown or missing, or a value is of another type.

    Examples
    --------
    >>> from alignlab.guide.kinds import Edition
    >>> record(Edition, {"number": 9, "yeer": 2026}, where="venues.yaml: 'aies'")
    Traceback (most recent call last):
    alignlab.errors.InputError: venues.yaml: 'aies' has 'yeer', which is no field of Edition. ...
    """
    if not isinstance(given, Mapping):
        raise InputError(f"{where} is {given!r:.60}, not a mapping of fields.")
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            near = nearest(str(name), known)
            raise InputError(f"{where} has {name!r}, which is no field of {kind.__name__}.{near}")
    values: dict[str, Any] = {}
    for name, each in known.items():
        if name in given:
            values[name] = _value(given[name], hints[name], f"{where}: {name}")
        elif name == "as_of":
            values[name] = as_of
        elif each.default is MISSING and each.default_factory is MISSING:
            raise InputError(f"{where} has no {name!r}. Add it.")
    return kind(**values)


def _value(given: Any, wanted: Any, where: str) -> Any:
    origin, inside = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        if given is None:
            return None
        return _value(given, next(each for each in inside if each is not NoneType), where)
    if origin is Literal:
        if given in inside:
            return given
        near = nearest(given, inside) if isinstance(given, str) else ""
        raise InputError(f"{where}={given!r} is not one of {listed(map(repr, inside))}.{near}")
    if origin is tuple:
        if not isinstance(given, list):
            raise InputError(f"{where}={given!r:.60} is not a list.")
        return tuple(_value(each, inside[0], where) for each in given)
    if wanted not in WORDS:
        return record(wanted, given, where=where)
    if type(given) is not wanted or given == "":
        raise InputError(f"{where}={given!r:.60} is not {WORDS[wanted]}.")
    return given


def _called(entry: Any, number: int, part: str) -> str:
    if isinstance(entry, Mapping) and isinstance(entry.get("key"), str):
        return repr(entry["key"])
    return f"entry {number} of {part}"


def _is_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0].rstrip(".")
