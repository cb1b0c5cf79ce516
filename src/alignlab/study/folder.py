"""A study's folder: where each of its files is, and opening one.

    study.yaml       the statement                 registration.json   the plan, frozen
    experiment.py    the function that is run      log.jsonl           every run as it ended
    results.jsonl    the current runs, sorted      analysis.json       what the runs say
    figures/         drawn by the analysis         literature/         what others found
    paper/           the text, and the paper       revision.yaml       reviewers' comments

One folder holds one study: its name is what every seed follows from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from alignlab.errors import InputError, nearest
from alignlab.study.reading import read_study
from alignlab.study.spec import StudySpec

__all__ = ["REGISTRATION_FORMAT", "STATEMENT", "StudyFolder", "open_study", "require_one_study"]

STATEMENT = "study.yaml"
REGISTRATION_FORMAT = "alignlab registration 1"


@dataclass(frozen=True)
class StudyFolder:
    """A study and its files; `open_study` opens one.

    Attributes
    ----------
    root
        The folder.
    spec
        What `study.yaml` says, as it was when the folder was opened.
    """

    root: Path
    spec: StudySpec

    @classmethod
    def at(cls, path: str | Path = ".") -> StudyFolder:
        """Open a study; see `open_study`."""
        root = Path(path)
        if root.name == STATEMENT and not root.is_dir():
            root = root.parent
        require_one_study(root)
        return cls(root, read_study(root / STATEMENT))

    @property
    def statement_path(self) -> Path:
        """`study.yaml`: the statement."""
        return self.root / STATEMENT

    @property
    def registration_path(self) -> Path:
        """`registration.json`: what was planned before the first run."""
        return self.root / "registration.json"

    @property
    def log_path(self) -> Path:
        """`log.jsonl`: every run as it ended, with its times."""
        return self.root / "log.jsonl"

    @property
    def records_path(self) -> Path:
        """`results.jsonl`: the current runs, sorted."""
        return self.root / "results.jsonl"

    @property
    def analysis_path(self) -> Path:
        """`analysis.json`: what the runs say."""
        return self.root / "analysis.json"

    @property
    def figures(self) -> Path:
        """`figures/`: drawn by the analysis."""
        return self.root / "figures"

    @property
    def literature(self) -> Path:
        """`literature/`: what others found."""
        return self.root / "literature"

    @property
    def paper(self) -> Path:
        """`paper/`: the text, and beside it the paper."""
        return self.root / "paper"

    @property
    def revision_path(self) -> Path:
        """`revision.yaml`: reviewers' comments with answers."""
        return self.root / "revision.yaml"

    @cached_property
    def registration(self) -> Mapping[str, Any] | None:
        """What `registration.json` says; `None` where the study is not registered.

        Raises
        ------
        InputError
            If the file is damaged, of another format, or of another study.
        """
        path = self.registration_path
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
        except ValueError as error:
            raise InputError(
                f"{path} is damaged: {error}. Put back the file that alignlab study register wrote."
            ) from error
        if not isinstance(held, dict) or held.get("format") != REGISTRATION_FORMAT:
            found = held.get("format") if isinstance(held, dict) else type(held).__name__
            raise InputError(
                f"{path} is of the format {found!r}; this reads {REGISTRATION_FORMAT!r}."
            )
        try:
            registered = held["study"]["study"]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{path} is damaged: it states no study. Put back the file that alignlab study "
                "register wrote."
            ) from error
        if registered != self.spec.study:
            raise InputError(
                f"{path} is the registration of the study {registered!r}, and {STATEMENT} states "
                f"{self.spec.study!r}: one folder holds one study. Move one of them elsewhere."
            )
        return held


def open_study(path: str | Path = ".") -> StudyFolder:
    """Open the study in a folder.

    Parameters
    ----------
    path
        The folder, or its `study.yaml`.

    Raises
    ------
    InputError
        If there is no study, or more than one, or its statement cannot be used; the message names
        the file, the line and the key.
    """
    return StudyFolder.at(path)


def require_one_study(root: Path) -> None:
    """Raise unless a folder holds one study; its statement is not read."""
    if not root.is_dir():
        if root.exists():
            raise InputError(f"{root} is a file, not a study's folder.")
        near = [each.name for each in root.parent.iterdir()] if root.parent.is_dir() else []
        raise InputError(f"The folder {root} does not exist.{nearest(root.name, near)}")
    stated = sorted(
        each.name
        for each in root.iterdir()
        if each.suffix.lower() in (".yaml", ".yml") and each.stem.lower() == "study"
    )
    if len(stated) > 1:
        raise InputError(
            f"{root} holds two studies, {' and '.join(stated)}: one folder holds one study, in "
            f"{STATEMENT}. Move the other elsewhere."
        )
    if stated and stated != [STATEMENT]:
        raise InputError(f"{root / stated[0]}: name it {STATEMENT}; no other file is read.")
    if not stated:
        raise InputError(f"No {STATEMENT} in {root}; alignlab study new NAME makes one.")
