"""How far a learner is on the path: the steps' folders, and `path.json` beside them.

A step's folder gets its starter files where they are absent; nothing that a learner wrote is ever
written over. What a check found is kept in `path.json`, with the day on which a step was first
whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from alignlab.errors import InputError
from alignlab.files import write_whole
from alignlab.lessons.form import Exercise, Held
from alignlab.plain import to_json

__all__ = ["STEPS", "Checked", "Progress", "begin", "check_step", "exercise", "step_folder"]

FORMAT = "alignlab path 1"
FILE = "path.json"

STEPS = {
    1: "planning",
    2: "reading_list",
    3: "fair_scores",
    4: "risk",
    5: "screening",
    6: "plugin",
    7: "resuming",
    8: "challenge",
    9: "reviewing",
    10: "publishing",
}
"""The file of each step's exercise."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the last check of a step found.

    Attributes
    ----------
    checked
        When, in UTC.
    whole
        When the step was first whole; empty if it never was.
    held
        What was asked for, and what of it holds.
    """

    checked: str
    whole: str
    held: tuple[Held, ...]

    @property
    def holds(self) -> bool:
        """Whether everything did."""
        return bool(self.held) and all(each.holds for each in self.held)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "checked": self.checked,
            "whole": self.whole,
            "held": [each.to_dict() for each in self.held],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a learner's steps.

    Attributes
    ----------
    folder
        The learner's.
    steps
        The last check of each step that was checked.
    """

    folder: Path
    steps: Mapping[int, Checked] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path) -> Progress:
        """Read a learner's progress; there is none where there is no file.

        Raises
        ------
        InputError
            If the folder is a file, or its `path.json` is damaged.
        """
        place = Path(folder)
        if place.exists() and not place.is_dir():
            raise InputError(f"{place} is a file. Name a folder with --folder.")
        path = place / FILE
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            if told["format"] != FORMAT:
                raise ValueError(f"its format is {told['format']!r}")
            steps = {int(step): _checked(each) for step, each in told["steps"].items()}
        except FileNotFoundError:
            return cls(place)
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"{path} is damaged: {' '.join(str(error).split())[:120]}. Take it away, and check "
                "the steps again: their folders are whole."
            ) from error
        return cls(place, {step: each for step, each in steps.items() if step in STEPS})

    def state(self, step: int) -> str:
        """Return how far a step is, in a few words."""
        checked = self.steps.get(step)
        if checked is None:
            begun = step_folder(self.folder, step).is_dir()
            return "begun" if begun else ""
        if checked.holds:
            return f"whole, {checked.whole[:10]}"
        count = sum(each.holds for each in checked.held)
        was = f", was whole on {checked.whole[:10]}" if checked.whole else ""
        return f"{count} of {len(checked.held)} hold{was}"

    @property
    def next_step(self) -> int | None:
        """The first step that is not whole; `None` where all are."""
        return next((step for step in STEPS if not self._whole(step)), None)

    def _whole(self, step: int) -> bool:
        return step in self.steps and self.steps[step].holds

    def with_check(self, step: int, held: tuple[Held, ...]) -> Progress:
        """Return the progress after a check, and keep it in the file."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        before = self.steps[step].whole if step in self.steps else ""
        whole = before or (now if held and all(each.holds for each in held) else "")
        steps = {**self.steps, step: Checked(now, whole, held)}
        after = Progress(self.folder, dict(sorted(steps.items())))
        write_whole(self.folder / FILE, to_json(after.to_dict()))
        return after

    def to_dict(self) -> dict[str, Any]:
        """Return what the file holds."""
        return {
            "format": FORMAT,
            "steps": {str(step): each.to_dict() for step, each in self.steps.items()},
        }


def exercise(step: int) -> Exercise:
    """Return a step's exercise.

    Raises
    ------
    InputError
        If there is no such step.

    Examples
    --------
    >>> exercise(11)
    Traceback (most recent call last):
    alignlab.errors.InputError: step=11 is not one of the ten: 1 to 10.
    """
    if step not in STEPS:
        raise InputError(f"step={step!r} is not one of the ten: 1 to 10.")
    found: Exercise = import_module(f"alignlab.lessons.{STEPS[step]}").EXERCISE
    return found


def step_folder(folder: str | Path, step: int) -> Path:
    """Return where a step's files are.

    >>> step_folder("alignlab-path", 4).as_posix()
    'alignlab-path/04-risk'
    """
    return Path(folder, f"{step:02}-{exercise(step).subject}")


def begin(step: int, folder: str | Path) -> tuple[Path, ...]:
    """Write a step's starter files where they are absent; return those that were written.

    Raises
    ------
    InputError
        If there is no such step, or the folder is a file.
    OutputError
        If they cannot be written.
    """
    place = step_folder(folder, step)
    for each in (Path(folder), place):
        if each.exists() and not each.is_dir():
            raise InputError(f"{each} is a file. Name a folder with --folder.")
    if exercise(step).absent():
        return ()
    written = []
    for name, content in exercise(step).starter().items():
        path = place / name
        if not path.exists():
            write_whole(path, content)
            written.append(path)
    return tuple(written)


def check_step(step: int, folder: str | Path) -> tuple[Held, ...]:
    """Run a learner's work on a step, say what holds, and keep that in the learner's folder.

    Raises
    ------
    InputError
        If there is no such step, it was not begun, or what it needs is not installed.
    """
    asked, place = exercise(step), step_folder(folder, step)
    progress = Progress.read(folder)
    if absent := asked.absent():
        return (Held(f"step {step}", False, absent),)
    if not place.is_dir():
        raise InputError(
            f"Step {step} is not begun: there is no {place}. Begin it with: alignlab guide path "
            f"--step {step}"
        )
    held = asked.check(place.resolve())
    progress.with_check(step, held)
    return held


def _checked(told: Any) -> Checked:
    held = tuple(
        Held(str(each["what"]), bool(each["holds"]), str(each["found"]), str(each["advice"]))
        for each in told["held"]
    )
    return Checked(str(told["checked"]), str(told["whole"]), held)
