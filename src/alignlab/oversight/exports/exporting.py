"""What people said, in the file that the next program reads; whole or not at all.

Every export names the head of the archive, the hash that all events until then have led to, so that
the archive can be held against it later: in a file beside it, `<name>.head.json`, since a reader of
lines or of a table chokes on anything else, and within it where the format has a place (Parquet's
schema, the npz). Answers after the head are not in the export, and none is missing before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from alignlab.errors import InputError, OutputError, listed, require_choice
from alignlab.files import replaced
from alignlab.oversight.exports.fragments import write_fragments
from alignlab.oversight.exports.pseudonyms import Pseudonyms, kept_key
from alignlab.oversight.exports.records import COLUMNS, compact, flat_row, line
from alignlab.oversight.exports.trl import TRL, Ties, trl_rows
from alignlab.oversight.exports.writers import write_csv, write_lines, write_parquet
from alignlab.plain import plain, to_json

if TYPE_CHECKING:
    from alignlab.oversight.archive.chain import Head
    from alignlab.oversight.review import Review

__all__ = ["ENDINGS", "Exported", "Format", "export"]

Format = Literal["jsonl", "parquet", "csv", "trl-dpo", "trl-kto", "trl-reward", "imitation"]

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet", ".pq"),
    "csv": (".csv",),
    **dict.fromkeys(TRL, (".jsonl", ".ndjson", ".parquet", ".pq")),
    "imitation": (".npz",),
}
"""How a file of each format may end, the usual ending first."""

TRIES = 100
"""Times that an export begins anew because somebody answered in the moment of its beginning."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written.

    Attributes
    ----------
    path
        The file.
    rows
        How many rows, or pairs, it has.
    head
        The archive's: `seq` and `hash`.
    left_out
        How many answers gave no row, by their reason; empty where every answer did.
    sidecar
        The file beside it, which holds all of this.
    """

    path: Path
    rows: int
    head: Head
    left_out: Mapping[str, int] = field(default_factory=dict)
    sidecar: Path = Path()

    def __str__(self) -> str:
        """Return what was written and what was not, in words."""
        rest = "".join(f" Left out: {reason}, {n:,}." for reason, n in self.left_out.items())
        return f"{self.rows:,} rows in {self.path}, head {self.head}.{rest}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "path": str(self.path),
            "rows": self.rows,
            "head": self.head.to_dict(),
            "left_out": dict(self.left_out),
            "sidecar": str(self.sidecar),
        }


def export(
    review: Review,
    path: str | Path,
    *,
    format: Format = "jsonl",
    pseudonyms: bool = False,
    key: bytes | None = None,
    gold: bool = False,
    ties: Ties = "drop",
) -> Exported:
    """Write what people said to a file.

    Use "jsonl" to keep everything, "parquet" or "csv" for statistics, the others to train with.
    Answers that were taken back are not in it; the sides of pairs stand as they were given,
    whichever way they were shown.

    Parameters
    ----------
    review
        A `Review`.
    path
        Ends in .jsonl, .parquet, .csv or .npz, as the format does; "trl-…" in .jsonl or .parquet.
    format
        "jsonl", "parquet", "csv"; "trl-dpo", "trl-kto", "trl-reward" (comparisons of texts);
        "imitation" (comparisons of behaviour, read by `read_fragments`).
    pseudonyms
        Whether people stand under pseudonyms, by a key that the review's folder keeps. What they
        wrote as a reason is left as it is.
    key
        Another key for the pseudonyms, at least 16 bytes.
    gold
        Whether answers to planted items are there too. Never in what is trained with.
    ties
        Of "trl-dpo" and "trl-reward": "drop" leaves ties out, "both" tells them in both directions.

    Returns
    -------
    Exported

    Raises
    ------
    InputError
        If something given does not fit.
    OutputError
        If the file cannot be written; nothing is then left behind, and an older file untouched.
    """
    path = Path(path)
    _require_fitting(path, format, gold=gold, ties=ties)
    if key is not None and not pseudonyms:
        raise InputError("A key is given and pseudonyms=False. Say pseudonyms=True, or no key.")
    name: Callable[[str], str] = str
    if pseudonyms:
        name = Pseudonyms(kept_key(review.folder) if key is None else key)
    trained = format in TRL or format == "imitation"
    head, answers = _at_one_moment(review, gold=gold, content=trained)
    stated = {
        "head": head.to_dict(),
        "format": format,
        "review": review.settings.title,
        "pseudonyms": pseudonyms,
        "gold": gold,
    }
    left_out: Counter[str] = Counter()
    metadata = compact(plain(stated))
    beside = f"{path.name}.head.json"
    with replaced(path.parent, [path.name, beside]) as (whole, sidecar):
        if format == "jsonl":
            rows = write_lines((line(each, name, gold=gold) for each in answers), whole)
        elif format == "imitation":
            rows = write_fragments(answers, whole, left_out, name=name, metadata=metadata)
        elif format in TRL:
            made = trl_rows(answers, format, left_out, ties=ties)
            rows = _write_trl(made, whole, format, path.suffix.lower(), metadata)
        else:
            columns = {each: kind for each, kind in COLUMNS.items() if gold or each != "gold"}
            told = (flat_row(each, name, gold=gold) for each in answers)
            if format == "csv":
                rows = write_csv(told, whole, columns)
            else:
                rows = write_parquet(told, whole, columns, metadata)
        sidecar.write_text(
            to_json({**stated, "rows": rows, "left_out": dict(left_out)}), encoding="utf-8"
        )
    return Exported(path, rows, head, dict(left_out), path.with_name(beside))


def _at_one_moment(review: Review, *, gold: bool, content: bool) -> tuple[Head, Iterator[Any]]:
    """Return the head and the answers that it stands for, whoever answers in the meantime.

    The answers are read as they were when the first was; the head before and after that moment is
    the same unless somebody answered between the two, and then all begins anew.
    """
    for _ in range(TRIES):
        head = review.head
        answers = iter(review.answers(gold=gold, content=content))
        begun = list(islice(answers, 1))
        if review.head == head:
            return head, chain(begun, answers)
    raise OutputError(
        "People answer faster than the export can begin. Nothing was written; try again."
    )


def _write_trl(
    rows: Iterator[dict[str, Any]], path: Path, format: str, ending: str, metadata: str
) -> int:
    if ending in ENDINGS["jsonl"]:
        return write_lines(map(compact, rows), path)
    import pyarrow as pa

    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    columns = {each: "bool" if each == "label" else messages for each in TRL[format]}
    return write_parquet((tuple(row.values()) for row in rows), path, columns, metadata)


def _require_fitting(path: Path, format: str, *, gold: bool, ties: str) -> None:
    require_choice(format, get_args(Format), what="format")
    require_choice(ties, get_args(Ties), what="ties")
    if path.suffix.lower() not in ENDINGS[format]:
        raise InputError(
            f"{path.name} does not end as format={format!r} does: {listed(ENDINGS[format])}. "
            "Name the file so, or give another format."
        )
    if path.is_dir():
        raise InputError(f"{path} is a directory: name a file in it.")
    if gold and (format in TRL or format == "imitation"):
        raise InputError(
            f"format={format!r} is trained with, and planted items are no training data. Leave out "
            'gold, or export format="jsonl".'
        )
    if ties == "both" and format not in ("trl-dpo", "trl-reward"):
        raise InputError(
            f'ties="both" is for "trl-dpo" and "trl-reward"; format={format!r} keeps ties as ties '
            "or has no place for them."
        )
