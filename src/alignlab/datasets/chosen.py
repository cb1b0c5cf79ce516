"""Preferences as pairs of a chosen and a rejected text: the form of public preference data.

A row holds a `chosen` and a `rejected` text and, mostly, the `prompt` that both answer. The form
does not say which of the two was shown first, so nothing may be concluded from the order of its
columns: the chosen one always stands first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alignlab.datasets.preferences import PreferenceDataset
from alignlab.datasets.records import read_records
from alignlab.errors import InputError, listed, nearest

__all__ = ["chosen_rows", "read_chosen"]


def read_chosen(
    source: Any,
    *,
    chosen: str = "chosen",
    rejected: str = "rejected",
    prompt: str | None = None,
    annotator: str | None = None,
    places: Sequence[str] | None = None,
) -> PreferenceDataset:
    """Return preferences from chosen and rejected texts.

    Parameters
    ----------
    source
        A list of dictionaries, one a comparison; the path of a `.jsonl` or `.parquet` file; or
        anything that answers `source["chosen"]` with a column: a data frame, a dictionary of
        lists, a `datasets.Dataset`.
    chosen, rejected, prompt, annotator
        The columns' names. `prompt=None` reads a column named "prompt" if there is one. The prompt
        becomes the items' group; a text may be a list of messages with "role" and "content", which
        are joined.
    places
        What errors call the rows; by default "Row 1" and so on.

    Returns
    -------
    PreferenceDataset
        Of texts; an answer to one prompt that is in several rows is one item.

    Raises
    ------
    InputError
        With the row that has no text, or the same text twice.

    Examples
    --------
    >>> data = read_chosen([{"prompt": "2 + 2?", "chosen": "4", "rejected": "5"}])
    >>> data.items, data.groups.tolist(), data.order_known
    (('4', '5'), ['2 + 2?', '2 + 2?'], False)
    """
    if isinstance(source, str | Path):
        places, source = read_records(source)
    wanted = [each for each in (chosen, rejected, prompt, annotator) if each]
    columns = _columns(source, wanted, "prompt" if prompt is None else prompt)
    n = len(columns[chosen])
    if n == 0:
        raise InputError("There are 0 rows of chosen and rejected texts.")
    if any(len(column) != n for column in columns.values()):
        sizes = listed(f"{name}: {len(column)}" for name, column in columns.items())
        raise InputError(f"The columns have different lengths ({sizes}).")
    at = places if places is not None else [f"Row {row + 1}" for row in range(n)]
    groups = columns.get("prompt" if prompt is None else prompt)
    place: dict[tuple[str | None, str], int] = {}
    members = []
    for row in range(n):
        asked = None if groups is None else _text(groups[row], at[row], "prompt")
        good, bad = (_text(columns[name][row], at[row], name) for name in (chosen, rejected))
        if good == bad:
            raise InputError(
                f"{at[row]} has the same text as chosen and as rejected. Leave it out: it says "
                "nothing."
            )
        members += [place.setdefault((asked, text), len(place)) for text in (good, bad)]
    return PreferenceDataset(
        tuple(text for _, text in place),
        np.array(members),
        np.tile([0, 1], n),
        np.arange(0, 2 * n + 1, 2),
        columns[annotator] if annotator else None,  # type: ignore[arg-type]
        None if groups is None else [asked for asked, _ in place],  # type: ignore[arg-type]
        order_known=False,
    )


def chosen_rows(dataset: PreferenceDataset) -> list[dict[str, str]]:
    """Return the decided pairs as rows of chosen and rejected texts; ties are left out.

    Parameters
    ----------
    dataset
        Of texts. Rankings give every decided pair. `datasets.Dataset.from_list` takes the result.

    Examples
    --------
    >>> data = PreferenceDataset.from_pairs(["a", "b", "c"], [0, 1], [1, 2], [1, 0.5])
    >>> chosen_rows(data)
    [{'chosen': 'b', 'rejected': 'a'}]
    """
    if dataset.kind != "texts":
        raise InputError(f"The items are {dataset.kind}; chosen and rejected are texts.")
    pairs = dataset.pairs()
    rows = []
    for first, second, said in zip(pairs.first, pairs.second, pairs.preferred, strict=True):
        if said != 0.5:
            good, bad = (first, second) if said == 0 else (second, first)
            asked = {} if dataset.groups is None else {"prompt": dataset.groups[good]}
            rows.append({**asked, "chosen": dataset.items[good], "rejected": dataset.items[bad]})
    return rows


def _columns(source: Any, wanted: Iterable[str], optional: str) -> dict[str, Sequence[Any]]:
    """Return the wanted columns, whatever holds them."""
    if isinstance(source, list | tuple):
        for row, each in enumerate(source, start=1):
            if not isinstance(each, Mapping):
                raise InputError(f"Row {row} is a {type(each).__name__} and not a dictionary.")
        names = list(dict.fromkeys(name for each in source for name in each))
        take = {name: [each.get(name) for each in source] for name in names}
    else:
        found = getattr(source, "column_names", None)
        found = found if found is not None else getattr(source, "columns", None)
        if found is None and isinstance(source, Mapping):
            found = source.keys()
        if found is None or isinstance(found, Mapping):
            raise InputError(
                f"A value of type {type(source).__name__} has no single table of columns. Give a "
                'list of dictionaries, a data frame, one split of a dataset (dataset["train"]) or '
                "a file."
            )
        names = [str(name) for name in found]
        take = {name: source[name] for name in names if name in (*wanted, optional)}
    if not names:
        raise InputError("There are 0 rows of chosen and rejected texts.")
    for name in wanted:
        if name not in names:
            raise InputError(
                f"There is no column {name!r} among {listed(map(repr, names))}."
                f"{nearest(name, names)}"
            )
    return {name: list(take[name]) for name in dict.fromkeys((*wanted, optional)) if name in take}


def _text(value: Any, where: str, name: str) -> str:
    if isinstance(value, str):
        return value
    messages = list(value) if isinstance(value, list | tuple | np.ndarray) else []
    if messages and all(isinstance(each, Mapping) and "content" in each for each in messages):
        return "\n\n".join(f"{each.get('role', '')}: {each['content']}" for each in messages)
    raise InputError(
        f"{where} has no text as {name!r} but {type(value).__name__}: give a text, or a list of "
        'messages with "role" and "content".'
    )
