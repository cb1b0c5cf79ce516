"""Brings references into a study: read, each work once, written to `literature/references.bib`.

What was found twice is kept in `literature/duplicates.csv`, and what was read from which file in
`literature/imports.csv`, for a review has to say how many records it began with and how many of
them were the same [page2021prisma].
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignlab.errors import InputError, require_choice
from alignlab.files import bytes_of, decoded, write_all
from alignlab.study.literature.bibtex import as_bibtex, works_of_bibtex
from alignlab.study.literature.csl import parse_csl
from alignlab.study.literature.duplicates import Alike, Duplicate, merged
from alignlab.study.literature.ris import parse_ris
from alignlab.study.literature.works import Work

__all__ = ["Imported", "import_works", "read_library", "read_works"]

READERS: dict[str, Callable[..., list[Work]]] = {
    ".bib": works_of_bibtex,
    ".ris": parse_ris,
    ".json": parse_csl,
}
LIBRARY = "references.bib"
IMPORTS = ("file", "sha256", "records", "added", "duplicates")
DUPLICATES = ("key", "by", "title", "source")


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes
    ----------
    records
        Read from each file, by its name.
    works
        In the library now.
    added
        Keys of those that are new.
    renamed
        Keys of the files that another work had already, and the keys given instead.
    duplicates
        Records that are a work again.
    alike
        Works that may be one, and are kept as two.
    before
        Files whose very content was imported before; they were not read again.
    """

    records: dict[str, int]
    works: tuple[Work, ...]
    added: tuple[str, ...]
    renamed: dict[str, str]
    duplicates: tuple[Duplicate, ...]
    alike: tuple[Alike, ...]
    before: tuple[str, ...]

    def __str__(self) -> str:
        """Return what came of it in a sentence."""
        read = sum(self.records.values())
        bare = sum(not each.abstract for each in self.works)
        without = f", {bare:,} of them without an abstract" if bare else ""
        held = "1 work" if len(self.works) == 1 else f"{len(self.works):,} works"
        return (
            f"{read:,} {'record' if read == 1 else 'records'} read: {len(self.added):,} new, "
            f"{len(self.duplicates):,} found twice. The library holds {held}{without}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, works by their keys."""
        return {
            "records": self.records,
            "works": len(self.works),
            "added": list(self.added),
            "renamed": self.renamed,
            "duplicates": [
                {name: getattr(each, name) for name in Duplicate.__dataclass_fields__}
                for each in self.duplicates
            ],
            "alike": [str(each) for each in self.alike],
            "before": list(self.before),
        }


def import_works(folder: str | Path, files: Iterable[str | Path]) -> Imported:
    r"""Read files of references into a study's library.

    Use it for what databases and reference managers export: .bib, .ris, and CSL-JSON (.json).
    Nothing is written where one of the files cannot be read.

    Parameters
    ----------
    folder
        The study's `literature`; made if it does not exist.
    files
        Read in this order; of a work found twice, the first record is kept.

    Returns
    -------
    Imported

    Raises
    ------
    InputError
        If a file cannot be read, or a record is malformed; the message names file and line.
    OutputError
        If the library cannot be written.

    References
    ----------
    [page2021prisma]

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> _ = (place / "a.ris").write_text("TY  - JOUR\nTI  - On Calibration\nER  - ")
    >>> print(import_works(place / "literature", [place / "a.ris"]))
    1 record read: 1 new, 0 found twice. The library holds 1 work, 1 of them without an abstract.
    """
    place = Path(folder)
    library = read_library(place)
    log = _read_rows(place / "imports.csv", IMPORTS)
    digests = {row["sha256"]: row["file"] for row in log}
    records: dict[str, int] = {}
    before: list[str] = []
    duplicates: list[Duplicate] = []
    alike: list[Alike] = []
    renamed: dict[str, str] = {}
    added: list[str] = []
    works: tuple[Work, ...] = tuple(library)
    for file in map(Path, files):
        content = _bytes_of(file)
        digest = hashlib.sha256(content).hexdigest()
        if digest in digests:
            before.append(file.name)
            continue
        digests[digest] = file.name
        read = _parsed(content, file)
        if not read:
            raise InputError(f"{file.name} holds no records: leave it out, or export it again.")
        found = merged(works, read)
        works = found.works
        count = len(found.added) + len(found.duplicates)
        records[file.name] = records.get(file.name, 0) + count
        log.append(
            {
                "file": file.name, "sha256": digest, "records": str(count),
                "added": str(len(found.added)), "duplicates": str(len(found.duplicates)),
            }
        )  # fmt: skip
        added += found.added
        duplicates += found.duplicates
        alike += found.alike
        renamed |= found.renamed
    twice = _read_rows(place / "duplicates.csv", DUPLICATES)
    twice += [
        {"key": each.key, "by": each.by, "title": each.title, "source": each.source}
        for each in duplicates
    ]
    if records:
        write_all(
            place,
            {
                LIBRARY: as_bibtex(works),
                "imports.csv": _rows_text(log, IMPORTS),
                "duplicates.csv": _rows_text(twice, DUPLICATES),
            },
        )
    return Imported(
        records, works, tuple(added), renamed, tuple(duplicates), tuple(alike), tuple(before)
    )


def read_works(path: str | Path) -> list[Work]:
    """Read the works of one file: .bib, .ris or CSL-JSON (.json).

    Raises
    ------
    InputError
        If it cannot be read, or a record is malformed; the message names file and line.
    """
    return _parsed(_bytes_of(Path(path)), Path(path))


def read_library(folder: str | Path) -> list[Work]:
    """Return the works in a study's `literature/references.bib`; none where there is no file."""
    path = Path(folder) / LIBRARY
    if not path.exists():
        return []
    content = _bytes_of(path).decode("utf-8", errors="replace")
    return works_of_bibtex(content, name=f"{path.parent.name}/{path.name}")


def _bytes_of(path: Path) -> bytes:
    require_choice(path.suffix.lower() or path.name, READERS, what=f"the ending of {path.name}")
    return bytes_of(path)


def _parsed(content: bytes, path: Path) -> list[Work]:
    return READERS[path.suffix.lower()](decoded(content, path.name), name=path.name)


def _read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    if not path.exists():
        return []
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    if rows.fieldnames is None or not set(columns) <= set(rows.fieldnames):
        raise InputError(f"{path}:1: the columns are not {', '.join(columns)}. Put the file back.")
    return [{name: row[name] or "" for name in columns} for row in rows]


def _rows_text(rows: Iterable[dict[str, str]], columns: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
