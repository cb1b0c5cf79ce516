"""What of a study's folder goes into its archive: what is named here, and nothing else.

A list of what may go in forgets at worst something that is missed; a list of what may not forgets
at worst a password. Hidden files never go in, links are not followed out of the folder, and a
private key stops everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alignlab.errors import InputError
from alignlab.study.folder import StudyFolder
from alignlab.study.paper.checklist import LOCKS
from alignlab.study.runs.loading import Sources, study_sources

__all__ = ["Gathered", "gather"]

FILES = (
    "study.yaml", "registration.json", "results.jsonl", "analysis.json", "cards.yaml",
    "CITATION.cff", "README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", *LOCKS,
)  # fmt: skip
FOLDERS = ("figures", "paper")
LITERATURE = (
    "references.bib", "screening.csv", "criteria.yaml", "themes.yaml", "imports.csv",
    "duplicates.csv", "matrix.csv", "matrix.svg",
)  # fmt: skip
UNSAID = ("worker", "printed")
"""Of a line of the log: the machine's name, and what a run printed, which may name a person."""

SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
SECRET_NAMES = re.compile(r"id_(rsa|dsa|ecdsa|ed25519)|.*\.(pem|p12|pfx|key|keystore)|\.?netrc")


@dataclass(frozen=True)
class Gathered:
    """What goes into an archive as it lies in the folder.

    Attributes
    ----------
    contents
        Each file's content by its path in the folder.
    sources
        The digests of code and data, those included that do not go in.
    outside
        Code and data that are not in the folder, or were not wanted: their digests alone go in.
    """

    contents: dict[str, bytes]
    sources: Sources
    outside: tuple[str, ...]


def gather(study: StudyFolder, *, data: bool = True) -> Gathered:
    """Return what of a study's folder goes into its archive.

    Parameters
    ----------
    study
        The study's folder.
    data
        Whether the files of `data` go in that are in the folder; their digests do in any case.

    Raises
    ------
    InputError
        If a file leads outside the folder, holds a private key, or cannot be read.
    """
    root = study.root.resolve()
    sources = study_sources(study.root, study.spec)
    kept = [*sources.code, *(sources.data if data else ())]
    inside = [name for name in kept if _lies_in(root, name)]
    named = [
        *(root / name for name in (*FILES, *inside)),
        *(root / "literature" / name for name in LITERATURE),
        *_within(root, FOLDERS),
    ]
    contents = {}
    for path in dict.fromkeys(named):
        if path.exists() or path.is_symlink():
            contents[path.relative_to(root).as_posix()] = _content(path, root)
    if study.log_path.exists():
        contents["log.jsonl"] = _log(_content(study.log_path.resolve(), root))
    outside = sorted({*sources.code, *sources.data} - set(contents))
    return Gathered(contents, sources, tuple(outside))


def _lies_in(root: Path, name: str) -> bool:
    parts = Path(name).parts
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and not Path(name).is_absolute() and (root / name).is_file()


def _within(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            made = "__pycache__" in path.parts or path.name.endswith("~")
            if not hidden and not made and (path.is_symlink() or path.is_file()):
                yield path


def _content(path: Path, root: Path) -> bytes:
    name = path.relative_to(root).as_posix()
    if not path.resolve().is_relative_to(root):
        raise InputError(
            f"{name} leads outside the study's folder, and nothing from there goes into an "
            "archive. Put a copy into the folder, or take the link away."
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {name}: {error.strerror or error}.") from error
    if SECRET.search(content) or SECRET_NAMES.fullmatch(path.name):
        raise InputError(f"{name} holds a private key: move it out of the study's folder.")
    return content


def _log(content: bytes) -> bytes:
    """Return the log without what a study does not need to say of a machine."""
    lines = []
    for line in content.decode("utf-8").splitlines():
        try:
            held = json.loads(line)
        except ValueError:
            continue  # a line that a kill cut off; the run was made again
        told = {key: value for key, value in held.items() if key not in UNSAID}
        lines.append(json.dumps(told, ensure_ascii=False) + "\n")
    return "".join(lines).encode()
