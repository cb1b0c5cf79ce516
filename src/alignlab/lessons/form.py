"""The form of every exercise: files to begin with, what to do, and a check that runs what was made.

A check returns one `Held` for each thing asked for, never an exception for what a learner did: a
program that fails, hangs or is still blank is something that does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["Exercise", "Files", "Held"]

Files = Mapping[str, str | bytes]
"""File name to content."""


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that an exercise asks for, and whether it holds.

    Attributes
    ----------
    what
        What is asked for.
    holds
        Whether it does.
    found
        What was found, with its numbers.
    advice
        What to try, where it does not hold.
    """

    what: str
    holds: bool
    found: str
    advice: str = ""

    def __str__(self) -> str:
        """Return it on one line.

        >>> print(Held("two and two are four", False, "they are 5", "Count again."))
        two and two are four: they are 5. Count again.
        """
        told = f"{self.what}: {self.found}"
        whole = told if self.holds else f"{told.rstrip('.')}. {self.advice}"
        return " ".join(whole.split())

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "what": self.what,
            "holds": self.holds,
            "found": self.found,
            "advice": self.advice,
        }


@dataclass(frozen=True, slots=True)
class Exercise:
    """What a learner makes in one step, and how it is checked.

    Attributes
    ----------
    subject
        The step's folder is called so, after its number.
    do
        What to do, a sentence a line. `{folder}` stands for the step's folder.
    starter
        Makes the files to begin with, by name.
    check
        Says of a folder what holds.
    needs
        Modules and packages without which the exercise cannot be done.
    extra
        Of alignlab, that installs those packages.
    takes
        How long the check takes, in words, where that is noticeable.
    """

    subject: str
    do: tuple[str, ...]
    starter: Callable[[], Files]
    check: Callable[[Path], tuple[Held, ...]]
    needs: tuple[str, ...] = ()
    extra: str = ""
    takes: str = ""

    def absent(self) -> str:
        """Return in one sentence what is missing for the exercise; empty if nothing is."""
        for name in self.needs:
            if not _is_there(name):
                if name.startswith("alignlab."):
                    return f"{name} is not part of this alignlab: upgrade it to take this step."
                return f"It needs the package {name}: pip install 'alignlab[{self.extra}]'"
        return ""


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
