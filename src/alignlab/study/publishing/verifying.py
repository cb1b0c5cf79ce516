"""Whether an archive is what was published: each file's digest, and the results behind the paper.

A manifest in the archive itself finds accidents, not a forger, who would write it anew: the digest
of the whole archive, printed when it was made, finds that too.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from alignlab.errors import InputError
from alignlab.files import bytes_of
from alignlab.study.publishing.zipping import MANIFEST

__all__ = ["Verified", "verify_archive"]

LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of an archive.

    Attributes
    ----------
    files
        How many the manifest names.
    digest
        SHA-256 of the whole archive.
    changed, missing, extra
        Paths whose content is another, that are gone, and that the manifest does not name.
    faults
        What does not fit together otherwise, a sentence each.
    """

    files: int
    digest: str
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was altered."""
        return not (self.changed or self.missing or self.extra or self.faults)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {"ok": self.ok, **asdict(self)}


def verify_archive(path: str | Path) -> Verified:
    """Compute the digests of an archive anew and compare them with its manifest.

    Parameters
    ----------
    path
        The archive that `publish_study` wrote.

    Raises
    ------
    InputError
        If it cannot be read, is no archive, or has no manifest.
    """
    path = Path(path)
    content = bytes_of(path)
    digest = hashlib.sha256(content).hexdigest()
    try:
        with ZipFile(path) as archive:
            return _verified(archive, digest, path)
    except BadZipFile as error:
        raise InputError(f"{path} is no archive: {error}.") from error


def _verified(archive: ZipFile, digest: str, path: Path) -> Verified:
    names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    inner = [name for name in names if name.count("/") == 1 and name.endswith(f"/{MANIFEST}")]
    if len(inner) != 1:
        raise InputError(f"{path} has no {MANIFEST}: it is not what alignlab study publish wrote.")
    folder = inner[0].removesuffix(MANIFEST)
    faults = [f"{name} stands twice." for name in sorted(set(names)) if names.count(name) > 1]
    faults += [
        f"{name!r} would be unpacked outside of the archive's folder."
        for name in archive.namelist()
        if name.startswith("/") or ".." in re.split(r"[/\\]", name) or ":" in name
    ]
    text = _content(archive, inner[0])
    if text is None:
        return Verified(0, digest, changed=(MANIFEST,))
    listed: dict[str, str] = {}
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), start=1):
        if (found := LINE.fullmatch(line)) is None:
            faults.append(f"{MANIFEST}:{number} is no digest and path.")
        else:
            listed[found[2]] = found[1]
    there = {name.removeprefix(folder): name for name in names if name.startswith(folder)}
    outside = [name for name in names if not name.startswith(folder)]
    held = {name: _content(archive, there[name]) for name in listed if name in there}
    changed = tuple(
        name for name, each in held.items()
        if each is None or hashlib.sha256(each).hexdigest() != listed[name]
    )  # fmt: skip
    if not faults and not changed:
        faults += _unfit(held)
    return Verified(
        files=len(listed),
        digest=digest,
        changed=changed,
        missing=tuple(name for name in listed if name not in there),
        extra=tuple([name for name in there if name not in (*listed, MANIFEST)] + outside),
        faults=tuple(faults),
    )


def _content(archive: ZipFile, name: str) -> bytes | None:
    """Return a file's content; `None` where it is damaged."""
    try:
        return archive.read(name)
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError):  # the last: encrypted
        return None


def _unfit(held: dict[str, bytes | None]) -> list[str]:
    """Return what does not fit, though no file was changed since the manifest was written."""
    analysis, results = held.get("analysis.json"), held.get("results.jsonl")
    if analysis is None or results is None:
        return ["There are no results, or no analysis of them."]
    try:
        said = json.loads(analysis)["results"]
    except (ValueError, KeyError, TypeError):
        return ["analysis.json is damaged."]
    if said != hashlib.sha256(results).hexdigest():
        return ["analysis.json was made from other results than results.jsonl holds."]
    return []
