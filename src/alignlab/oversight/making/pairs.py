"""Pairs to compare, from preferences that were given before or from pairs that wait for an answer.

Who answered before, and how, is kept in an item's `source` and as its truth where all agreed; it is
never shown. A pair that several people answered differently is worth more. Which side is shown
first is drawn anew for each person, by the queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from alignlab.datasets import PreferenceDataset, Trajectory, read_preferences
from alignlab.datasets.records import read_records
from alignlab.errors import InputError, require_choice
from alignlab.oversight.items import Item
from alignlab.plain import plain
from alignlab.wording import cell

__all__ = ["pair_items", "read_pairs"]

SCENES = ("series", "cartpole", "grid")

SAID = {0.0: "first", 1.0: "second", 0.5: "tie"}

ANSWERS = ("first", "second", "tie")


def pair_items(
    dataset: PreferenceDataset,
    *,
    scene: Literal["series", "cartpole", "grid"] = "series",
    names: Sequence[str] = (),
    action_names: Sequence[str] = (),
    grid: Sequence[str] = (),
    worth: ArrayLike | None = None,
    wanted: int | None = None,
    name: str = "the pairs",
) -> tuple[Item, ...]:
    """Return an item for each two things that were compared; the same two are one item.

    Use it to have people answer comparisons anew, or comparisons that others answered. Pairs that
    nobody has answered are read by `read_pairs`.

    Parameters
    ----------
    dataset
        Texts, trajectories or rows of numbers, and what was compared.
    scene
        How trajectories are drawn: curves of their states, a cart with a pole, or a walk on a map.
    names, action_names
        What the numbers of a state or of a row, and the actions, are called.
    grid
        Of a walk: the rows of its map, as texts.
    worth
        What an answer is worth, one a pair in the order of its first comparison; `None` takes how
        far earlier answers disagree, 4 p (1 - p).
    wanted
        How many people are to answer each.
    name
        What the pairs are called, kept in `source`.

    Raises
    ------
    InputError
        If there is no comparison, or sizes do not fit.

    Examples
    --------
    >>> said = PreferenceDataset.from_pairs(["4", "5"], [0, 1], [1, 0], [0, 0], groups=["2+2?"] * 2)
    >>> (item,) = pair_items(said)
    >>> item.content["prompt"], item.content["second"], item.truth, item.worth
    ('2+2?', {'text': '5'}, None, 1.0)
    """
    require_choice(scene, SCENES, what="scene")
    if scene == "grid" and not grid:
        raise InputError("scene='grid' needs the rows of its map: give grid=.")
    said: dict[tuple[int, int], list[float]] = {}
    pairs = dataset.pairs()
    for one, two, preferred in zip(
        pairs.first.tolist(), pairs.second.tolist(), pairs.preferred.tolist(), strict=True
    ):
        turned = (two, one) in said
        said.setdefault((two, one) if turned else (one, two), []).append(
            1 - preferred if turned else preferred
        )
    if not said:
        raise InputError(f"There are 0 comparisons in {name}.")
    if worth is None:
        means = np.array([np.mean(each) for each in said.values()])
        values = 4 * means * (1 - means)
    else:
        values = np.asarray(worth, dtype=np.float64)
    if values.shape != (len(said),) or not np.isfinite(values).all():
        raise InputError(f"worth is {len(said):,} finite numbers, one a pair.")
    form = "trajectory" if dataset.kind == "trajectories" else "text"
    looks = {"scene": scene, "names": list(names), "action_names": list(action_names)}
    if grid:
        looks["grid"] = list(grid)
    items = []
    for at, ((one, two), answers) in enumerate(said.items()):
        sides = [_side(dataset.items[each], looks) for each in (one, two)]
        prompt = "" if dataset.groups is None else str(dataset.groups[one] or "")
        told = Counter(SAID[each] for each in answers)
        items.append(
            Item(
                key=f"{one}-{two}",
                kind="prefer",
                content={
                    "form": form, "prompt": prompt, "first": sides[0], "second": sides[1],
                },
                truth=next(iter(told)) if len(told) == 1 else None,
                worth=float(values[at]),
                wanted=wanted,
                source={"pairs": name, "first": one, "second": two, "answers": dict(told)},
            )
        )  # fmt: skip
    return tuple(items)


def read_pairs(path: str | Path, **looks: Any) -> tuple[Item, ...]:
    r"""Read pairs to compare from a `.jsonl`, `.csv` or `.parquet` file.

    Parameters
    ----------
    path
        A record a pair: `first` and `second`, texts; and `prompt`, `key`, `worth`, `group` and
        `gold` ("first", "second" or "tie", of a pair planted to see who looks) where there are any.
        Or answered preferences, in any form that `read_preferences` takes.
    **looks
        What else `pair_items` takes, for trajectories.

    Raises
    ------
    InputError
        With the line or the row of what cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "pairs.jsonl")
    >>> _ = path.write_text('{"prompt": "2 + 2?", "first": "4", "second": "5"}\n')
    >>> read_pairs(path)[0].content["first"]
    {'text': '4'}
    """
    path = Path(path)
    places, records = read_records(path)
    asked = [
        {"first", "second"} <= record.keys() and "preferred" not in record for record in records
    ]
    if not asked[0]:
        return pair_items(read_preferences(path), name=path.name, **looks)
    if looks:
        raise InputError(f"{path.name} holds texts, which have no {', '.join(looks)}.")
    items, seen = [], set()
    for row, (place, record) in enumerate(zip(places, records, strict=True)):
        item = _asked(record, place, row, path.name)
        if item.key in seen:
            raise InputError(f"{place} has the key {item.key!r} again: each pair has its own.")
        seen.add(item.key)
        items.append(item)
    return tuple(items)


def _asked(record: Mapping[str, Any], place: str, row: int, name: str) -> Item:
    """Return the item of one pair that waits for an answer."""
    sides = []
    for side in ("first", "second"):
        value = record.get(side)
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{place} has no text as {side!r}.")
        sides.append(value)
    if sides[0] == sides[1]:
        raise InputError(f"{place} compares a text with itself.")
    gold = record.get("gold")
    if gold is not None and gold not in ANSWERS:
        raise InputError(f"{place} has the right answer {gold!r}: it is first, second or tie.")
    try:
        worth = float(record.get("worth", 0))
    except (TypeError, ValueError):
        worth = np.nan
    if not np.isfinite(worth):
        raise InputError(f"{place} has the worth {record['worth']!r}, which is no finite number.")
    return Item(
        key=str(record.get("key", row)),
        kind="prefer",
        content={
            "form": "text",
            "prompt": str(record.get("prompt", "")),
            "first": {"text": sides[0]},
            "second": {"text": sides[1]},
        },
        gold=gold,
        worth=worth,
        group=str(record.get("group", "")),
        source={"pairs": name, "row": row},
    )


def _side(item: Any, looks: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, Trajectory):
        held = {name: each for name, each in item.to_dict().items() if name != "rewards"}
        return {"trajectory": {**looks, **held}}
    names = looks["names"]
    if names and len(names) != len(item):
        raise InputError(f"There are {len(names)} names for rows of {len(item)} numbers.")
    numbers = [cell(each) for each in plain(item)]
    lines = numbers if not names else [f"{n}: {v}" for n, v in zip(names, numbers, strict=True)]
    return {"text": "\n".join(lines)}
