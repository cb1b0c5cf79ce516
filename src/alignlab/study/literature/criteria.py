"""Which papers a review takes in and which it leaves out, stated before the first is screened.

    include:
      topic: It measures how a trained classifier treats groups of people.
    exclude:
      no-experiment: No experiment is reported.
      not-a-paper: It is an editorial, a poster or a talk.

The names of what excludes are the reasons that screeners give; more words may follow a colon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alignlab.errors import InputError, nearest
from alignlab.study.strict_yaml import read_yaml

__all__ = ["Criteria", "read_criteria"]

KINDS = ("include", "exclude")


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a review takes in and leaves out.

    Attributes
    ----------
    include, exclude
        Sentences by their names.
    """

    include: Mapping[str, str]
    exclude: Mapping[str, str]

    def named(self, reason: str) -> str:
        """Return the criterion that a reason names; empty where it names none.

        >>> Criteria({}, {"no-experiment": "No experiment."}).named("No-experiment: a survey")
        'no-experiment'
        """
        begun = reason.partition(":")[0].strip().casefold()
        return next((name for name in self.exclude if name.casefold() == begun), "")

    def __str__(self) -> str:
        """Return the criteria as people are shown them."""
        taken = "; ".join(text.rstrip(".") for text in self.include.values())
        left = "; ".join(f"{name} ({text.rstrip('.')})" for name, text in self.exclude.items())
        return f"Include: {taken}. Exclude, and say why: {left}."


def read_criteria(folder: str | Path) -> Criteria:
    """Read `criteria.yaml` in a study's `literature`.

    Raises
    ------
    InputError
        If there is none, or it does not name what includes and what excludes.
    """
    path = Path(folder) / "criteria.yaml"
    if not path.exists():
        raise InputError(
            f"No {path}: state what is taken in and left out before the first paper is screened, "
            "such as include: {topic: It measures fairness.} and exclude: {no-experiment: No "
            "experiment is reported.}"
        )
    stated = read_yaml(path)
    held = stated.value if isinstance(stated.value, dict) else {}
    for name in held:
        if name not in KINDS:
            raise InputError(
                f"{stated.at((name,))}: there is no key {name!r}.{nearest(name, KINDS)} Keys: "
                "include and exclude."
            )
    for kind in KINDS:
        named = held.get(kind)
        if not isinstance(named, dict) or not named:
            raise InputError(
                f"{stated.at((kind,))}: {kind} holds no criteria, each a name and a sentence."
            )
        for name, text in named.items():
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"{stated.at((kind, name))}: {kind}.{name} is not a sentence.")
    return Criteria(held["include"], held["exclude"])
