"""Plain values, and the two ways in which alignlab writes them as JSON: for people, for digests.

JSON knows no NaN and no infinity: they become null. Floats are written by their shortest
representation that reads back as the same number, keys stay in the order in which they were
given, and a list of plain values stays on one line, so that the same values always give the same
bytes and a person can still read them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from alignlab.errors import InputError

__all__ = ["canonical", "plain", "printable", "to_json"]

LINE = 120
"""A mapping of plain values stays on one line up to this many characters."""


def plain(value: Any) -> Any:
    """Return a value as what JSON can hold.

    Parameters
    ----------
    value
        Anything made of mappings, sequences, NumPy arrays and scalars. What is none of these is
        replaced by its text.

    Returns
    -------
    dict, list, str, int, float, bool or None
        Not-a-number and infinities are `None`.

    Examples
    --------
    >>> plain({"rate": np.float64(0.5), "low": float("nan"), "labels": ("f", "m")})
    {'rate': 0.5, 'low': None, 'labels': ['f', 'm']}
    """
    if value is None or type(value) in (str, bool, int):
        return value
    # A subclass (a string of NumPy's, an enumeration) is written as what it is made of.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return str(value)


def printable(text: str) -> str:
    r"""Return text with what XML and HTML cannot hold, even escaped, replaced by `�`.

    Examples
    --------
    >>> printable("a\x00b")
    'a�b'
    """
    return _NOT_XML.sub("\ufffd", text)


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_json(value: Any) -> str:
    """Return a value as JSON text that ends with a newline.

    Parameters
    ----------
    value
        See `plain`.

    Examples
    --------
    >>> print(to_json({"counts": [1, 2], "limits": {"low": 0.1}}), end="")
    {
      "counts": [1, 2],
      "limits": {"low": 0.1}
    }
    """
    return _written(plain(value), "") + "\n"


def canonical(value: Any) -> str:
    """Return plain values as the one JSON text that they have: keys sorted, no spaces.

    Examples
    --------
    >>> canonical({"b": [1, 0.5], "a": "é"})
    '{"a":"é","b":[1,0.5]}'

    Raises
    ------
    InputError
        If a value is none that JSON has, such as not-a-number, or a text is not Unicode.
    """
    try:
        text = _CANONICAL(value)
        if not text.isascii():
            text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"This cannot be kept as JSON: {error}.") from None
    return text


_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def _written(value: Any, indent: str) -> str:
    inner = indent + "  "
    flat = not isinstance(value, dict | list) or not any(
        isinstance(each, dict | list) and each
        for each in (value.values() if isinstance(value, dict) else value)
    )
    if flat:
        line = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if not isinstance(value, dict) or len(indent) + len(line) <= LINE:
            return line
    if isinstance(value, list):
        parts = [_written(each, inner) for each in value]
        return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}]"
    parts = [
        f"{json.dumps(key, ensure_ascii=False)}: {_written(each, inner)}"
        for key, each in value.items()
    ]
    return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
