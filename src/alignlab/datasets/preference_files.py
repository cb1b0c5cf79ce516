"""Preferences in files: one JSON object a line, or the same records as rows of a Parquet table.

A record is either an item, `{"item": 0, "text": "…"}` (or `"row": […]`, or a trajectory's
`"states"`, `"actions"`, `"rewards"`, `"ended"`; a `"group"` where there is one), or a comparison,
`{"compared": [0, 3], "ranks": [1, 2], "annotator": "ann"}`: the items in the order in which they
were shown, and 1 for the best. A comparison is one line, so answers can be appended to a file.
Pairs are read as well, one a line or a row: `chosen` and `rejected` texts, the names of a `winner`
and a `loser`, or those of the `first` and the `second` and which was `preferred`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from alignlab.datasets.chosen import read_chosen
from alignlab.datasets.preferences import PreferenceDataset
from alignlab.datasets.records import LINES, PARQUET, Record, read_records
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError, nearest
from alignlab.files import write_whole

__all__ = ["read_preferences", "write_preferences"]

ITEM_KEYS = ("row", "text", "states")

PAIRS = (("winner", "loser"), ("first", "second", "preferred"))

ANSWERS = {"first": 0.0, "0": 0.0, "second": 1.0, "1": 1.0, "tie": 0.5, "0.5": 0.5}

SUCH_AS = 'Write it such as {"compared": [0, 1], "ranks": [1, 2], "annotator": "ann"}, 1 the best.'


def read_preferences(path: str | Path) -> PreferenceDataset:
    """Read preferences from a `.jsonl`, `.csv` or `.parquet` file.

    Parameters
    ----------
    path
        Written by `write_preferences`, or in the same form; or with a pair in each record: `chosen`
        and `rejected` texts (see `read_chosen`), a `winner` and a `loser`, or a `first`, a `second`
        and what was `preferred` ("first", "second" or "tie"); and an `annotator` where known.

    Raises
    ------
    InputError
        With the line (or the row) of what cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "said.jsonl")
    >>> data = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1], annotators=["ann"])
    >>> write_preferences(data, path)
    >>> print(path.read_text(), end="")
    {"item": 0, "text": "a"}
    {"item": 1, "text": "b"}
    {"compared": [0, 1], "ranks": [2, 1], "annotator": "ann"}
    >>> read_preferences(path)
    <PreferenceDataset; comparisons: 1, texts: 2, annotators: 1>
    """
    places, records = read_records(path)
    if "chosen" in records[0]:
        annotator = "annotator" if any("annotator" in record for record in records) else None
        return read_chosen(records, places=places, annotator=annotator)
    for form in PAIRS:
        if set(form) <= records[0].keys():
            return _from_pairs(list(zip(places, records, strict=True)), form)
    return _from_records(list(zip(places, records, strict=True)))


def write_preferences(dataset: PreferenceDataset, path: str | Path) -> None:
    """Write preferences so that `read_preferences` gives the same back; whole or not at all.

    Parameters
    ----------
    dataset
        What to write. Texts can be written as `chosen` and `rejected` by `chosen_rows`.
    path
        Ends in `.jsonl` or `.parquet`.

    Raises
    ------
    InputError
        If the ending is another, or a text or a name is not valid Unicode.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower()
    _require_unicode(dataset)
    if kind in LINES:
        lines = (
            json.dumps(record, ensure_ascii=False, allow_nan=False) for record in _records(dataset)
        )
        write_whole(path, "".join(f"{line}\n" for line in lines))
    elif kind in PARQUET:
        import pyarrow as pa
        import pyarrow.parquet as pq

        records = list(_records(dataset))
        keys = dict.fromkeys(key for record in records for key in record)
        columns = {key: pa.array([record.get(key) for record in records]) for key in keys}
        stream = BytesIO()
        pq.write_table(pa.table(columns), stream)
        write_whole(path, stream.getvalue())
    else:
        raise InputError(
            f"{path.name} has no ending that preferences are written to."
            f"{nearest(kind, LINES + PARQUET)} Write to .jsonl or .parquet."
        )


def _require_unicode(dataset: PreferenceDataset) -> None:
    """Raise where half a character, as a text cut in the middle may hold, can not be written."""
    held = {"Item": dataset.items, "annotators": dataset.annotators, "groups": dataset.groups}
    for what, values in held.items():
        for at, value in enumerate(() if values is None else values):
            if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
                place = f"Item {at}" if what == "Item" else f"{what}[{at}]"
                raise InputError(
                    f"{place} is no valid Unicode: it has a lone surrogate, half of a character. "
                    "Take it out, such as by text.encode(errors='replace').decode()."
                )


def _records(dataset: PreferenceDataset) -> Iterator[dict[str, Any]]:
    for at, item in enumerate(dataset.items):
        record: dict[str, Any] = {"item": at}
        if isinstance(item, str):
            record["text"] = item
        elif isinstance(item, Trajectory):
            record |= item.to_dict()
        else:
            record["row"] = item.tolist()
        if dataset.groups is not None:
            record["group"] = dataset.groups[at]
        yield record
    for at, (start, stop) in enumerate(zip(dataset.starts, dataset.starts[1:], strict=False)):
        said: dict[str, Any] = {
            "compared": dataset.members[start:stop].tolist(),
            "ranks": (dataset.ranks[start:stop] + 1).tolist(),
        }
        if dataset.annotators is not None:
            said["annotator"] = dataset.annotators[at]
        if not dataset.order_known:
            said["order_known"] = False
        yield said


def _from_records(numbered: list[tuple[str, Record]]) -> PreferenceDataset:
    """Return the dataset; an item may stand after a comparison that names it."""
    place: dict[Any, int] = {}
    items: list[Any] = []
    groups: list[str | None] = []
    for where, record in numbered:
        if "item" in record:
            if not isinstance(record["item"], int | str) or record["item"] in place:
                what = f"the item {record['item']!r}"
                raise InputError(f"{where} names {what} again, or by no text or whole number.")
            place[record["item"]] = len(items)
            items.append(_item(record, where))
            if _shape(items[-1]) != _shape(items[0]):
                raise InputError(
                    f"{where} holds {_shape(items[-1])}, and the first item is {_shape(items[0])}."
                )
            groups.append(record.get("group"))
        elif "compared" not in record:
            raise InputError(
                f'{where} has neither "item" nor "compared".{nearest("compared", record)} An item '
                'is a line such as {"item": 0, "text": "…"}, a comparison one such as '
                '{"compared": [0, 1], "ranks": [1, 2]}; or each line has "chosen" and "rejected".'
            )
    if not items:
        raise InputError(f"{numbered[0][0].split(' of ')[1]} has comparisons and no items.")
    said = [(where, record) for where, record in numbered if "item" not in record]
    for where, record in said:
        if not isinstance(record.get("order_known", True), bool):
            raise InputError(f"{where}: order_known is {record['order_known']!r}, no truth value.")
    members, ranks, sizes = [], [], [0]
    for where, record in said:
        compared, ranked = _comparison(record, where, place)
        members += compared
        ranks += ranked
        sizes.append(len(compared))
    annotators = [record.get("annotator") for _, record in said]
    try:
        return PreferenceDataset(
            np.array(items, float) if isinstance(items[0], list) else tuple(items),
            np.array(members, np.int64),
            np.array(ranks),
            np.cumsum(sizes),
            annotators,  # type: ignore[arg-type]
            None if all(each is None for each in groups) else groups,  # type: ignore[arg-type]
            all(record.get("order_known", True) for _, record in said),
        )
    except InputError as error:
        raise InputError(f"{numbered[0][0].split(' of ')[1]}: {error}") from error


def _from_pairs(numbered: list[tuple[str, Record]], form: tuple[str, ...]) -> PreferenceDataset:
    """Return a dataset of named things, each row one pair of them."""
    place: dict[str, int] = {}
    first, second, preferred, annotators = [], [], [], []
    for where, record in numbered:
        missing = [key for key in form if key not in record]
        if missing:
            raise InputError(f"{where} has no {missing[0]}: it needs {' and '.join(form)}.")
        one, two = (str(record[key]) for key in form[:2])
        if one == two:
            raise InputError(f"{where} compares {one!r} with itself.")
        said = str(record[form[2]]).strip() if len(form) > 2 else "first"
        said = said.removesuffix(".0")
        named = {one: 0.0, two: 1.0, **ANSWERS}
        if said not in named:
            raise InputError(
                f"{where} says that {said!r} was preferred.{nearest(said, ANSWERS)} It is first, "
                "second or tie."
            )
        first.append(place.setdefault(one, len(place)))
        second.append(place.setdefault(two, len(place)))
        preferred.append(named[said])
        annotators.append(record.get("annotator"))
    return PreferenceDataset.from_pairs(
        tuple(place),
        first,
        second,
        preferred,
        annotators=annotators,
        order_known=len(form) > 2,
    )


def _item(record: Record, where: str) -> Any:
    held = [key for key in ITEM_KEYS if key in record]
    if len(held) != 1:
        raise InputError(
            f'{where} must hold the item as "text", as "row" or by "states" and "actions"; it '
            f"has {', '.join(map(repr, record))}."
        )
    value = record[held[0]]
    if held[0] == "text":
        if not isinstance(value, str):
            raise InputError(f"{where}: the text is {value!r}.")
        return value
    if held[0] == "row":
        numbers = isinstance(value, list) and all(isinstance(x, int | float) for x in value)
        if not numbers or not value:
            raise InputError(f"{where}: the row is {value!r} and not a list of numbers.")
        return value
    try:
        return Trajectory(
            value, record.get("actions", []), record.get("rewards"), record.get("ended", False)
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _shape(item: Any) -> str:
    if isinstance(item, list):
        return f"a row of {len(item)}"
    return "a text" if isinstance(item, str) else "a trajectory"


def _comparison(
    record: Record, where: str, place: Mapping[Any, int]
) -> tuple[list[int], list[float]]:
    compared, ranks = record["compared"], record.get("ranks")
    if not isinstance(compared, list) or len(set(map(str, compared))) < max(len(compared), 2):
        raise InputError(
            f"{where} compares {compared!r}: name two different items or more. {SUCH_AS}"
        )
    if not all(isinstance(each, int | str) and not isinstance(each, bool) for each in compared):
        raise InputError(
            f"{where} compares {compared!r}: items go by texts or whole numbers. {SUCH_AS}"
        )
    if not isinstance(ranks, list) or len(ranks) != len(compared):
        raise InputError(f"{where} has ranks {ranks!r} for {len(compared)} items. {SUCH_AS}")
    if not all(type(rank) in (int, float) and np.isfinite(rank) for rank in ranks):
        raise InputError(f"{where} has ranks {ranks!r}: they are numbers. {SUCH_AS}")
    missing = [each for each in compared if each not in place]
    if missing:
        raise InputError(f"{where} compares {missing[0]!r}, which is no item of the file.")
    return [place[each] for each in compared], ranks
