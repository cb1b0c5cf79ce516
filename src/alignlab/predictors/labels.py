"""Class labels: the same class under its value, its text, and the spelling a file gives it.

A file says `"1"`, pandas reads `1` or, beside a missing value, `1.0`, and a model holds
`numpy.int64(1)`: these are one class. `"01"` is another.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest

__all__ = ["class_positions", "class_text", "sorted_classes", "unknown_labels"]


def class_positions(
    labels: Sequence[Hashable] | NDArray[Any] | pd.Series[Any],
    classes: Sequence[Hashable],
    *,
    where: str = "",
    of_model: bool = False,
) -> NDArray[np.intp]:
    """Return each label's position in `classes`, comparing as values and as text.

    Parameters
    ----------
    labels
        n labels; a tensor's too.
    classes
        The classes, in their order.
    where
        What the labels are, for the error ("column 'deny'").
    of_model
        The classes are a model's, for the error.

    Returns
    -------
    numpy.ndarray
        Shape (n,), positions from 0.

    Raises
    ------
    InputError
        If a label is missing, or is none of the classes; the message names its row.

    Examples
    --------
    >>> class_positions(["1", "0", "1"], classes=(0, 1))
    array([1, 0, 1])
    """
    codes, distinct = pd.factorize(_as_array(labels))
    by_text = {
        text: position
        for depth in (1, 0)  # a class's own text wins over another class's second spelling
        for position, name in enumerate(classes)
        for text in _spellings(name)[depth : depth + 1]
    }
    place = f" of {where}" if where else ""
    positions = np.empty(len(distinct) + 1, dtype=np.intp)  # the last is where -1, missing, points
    positions[-1] = -1
    for code, label in enumerate(distinct):
        found = next((by_text[text] for text in _spellings(label) if text in by_text), None)
        if found is None:
            row = int((codes == code).argmax())
            names = [class_text(name) for name in classes]
            whose = "model's " if of_model else ""
            advice = nearest(class_text(label), names)
            if of_model:
                advice += (
                    " Rename the labels in the data or, if the model has no labels of its own, "
                    "name its outputs with --classes."
                )
            raise InputError(
                f"Row {row}{place} has the label {class_text(label)!r}, which is none of the "
                f"{whose}classes {listed(map(repr, names))}.{advice}"
            )
        positions[code] = found
    if len(codes) and codes.min() < 0:
        raise InputError(f"Row {int((codes < 0).argmax())}{place} has no label: it is missing.")
    return positions[codes]


def sorted_classes(labels: Iterable[Hashable]) -> tuple[Hashable, ...]:
    """Return distinct labels in order: numbers by value, anything else by its text.

    Two spellings of one class are one; the first one met is kept.

    Examples
    --------
    >>> sorted_classes([10, 9, 9.0, 2])
    (2, 9, 10)
    >>> sorted_classes(["b", "a", "10", "9"])
    ('10', '9', 'a', 'b')
    """
    kept: dict[str, Hashable] = {}
    for label in labels:
        kept.setdefault(class_text(label), label)
    numbers = all(isinstance(label, int | float | np.number | np.bool_) for label in kept.values())
    if numbers:
        return tuple(sorted(kept.values(), key=float))  # type: ignore[arg-type]
    try:
        as_numbers = {text: float(text) for text in kept}
    except ValueError:
        return tuple(kept[text] for text in sorted(kept))
    return tuple(kept[text] for text in sorted(kept, key=lambda text: (as_numbers[text], text)))


def unknown_labels(labels: Iterable[Hashable], classes: Iterable[Hashable]) -> list[Hashable]:
    """Return the labels that are none of the classes in any spelling, each once.

    Examples
    --------
    >>> unknown_labels([True, "1.0", 0, "maybe"], classes=(0, 1))
    ['maybe']
    """
    known = {text for name in classes for text in _spellings(name)}
    unknown: dict[str, Hashable] = {}
    for label in labels:
        if known.isdisjoint(_spellings(label)):
            unknown.setdefault(class_text(label), label)
    return list(unknown.values())


def class_text(label: Any) -> str:
    """Return a class's name as text: whole numbers without a decimal point.

    Examples
    --------
    >>> [class_text(label) for label in (1, 1.0, np.int64(1), "1", True, 0.5, "yes")]
    ['1', '1', '1', '1', 'True', '0.5', 'yes']
    """
    if isinstance(label, bool | np.bool_):
        return str(bool(label))
    if isinstance(label, float | np.floating):
        return str(int(label)) if float(label).is_integer() else repr(float(label))
    return str(label)


def _spellings(label: Any) -> tuple[str, ...]:
    """Return the texts under which a label is looked up, its own first."""
    text = class_text(label)
    if text in ("True", "False"):  # a flag that a file or a model keeps as 0 and 1
        return text, str(int(text == "True"))
    if isinstance(label, str) and text.endswith(".0") and text[:-2].lstrip("-").isdigit():
        return text, text[:-2]
    return (text,)


def _as_array(labels: Any) -> Any:
    if isinstance(labels, pd.Series | pd.Categorical | np.ndarray):
        return labels
    if hasattr(labels, "detach"):
        return labels.detach().cpu().numpy()
    # Built by hand: numpy would turn a mixed list into text, and NaN into "nan".
    array = np.empty(len(labels), dtype=object)
    array[:] = list(labels)
    return array
