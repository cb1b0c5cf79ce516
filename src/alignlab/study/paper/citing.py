"""Which works a paper cites: keys looked up in the study's own literature, then in the guide.

The bibliography holds the cited entries and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alignlab.errors import InputError, nearest
from alignlab.files import text_of
from alignlab.guide import Reference, parse_bibtex, references

__all__ = ["Library", "citable_works"]


@dataclass(frozen=True)
class Library:
    """The works that may be cited.

    Attributes
    ----------
    own
        Those of `literature/references.bib`, which win where a key stands in both.
    guide
        Those of the guide.
    """

    own: Mapping[str, Reference]
    guide: Mapping[str, Reference]

    def require(self, key: str) -> None:
        """Raise where no work has this key, naming the nearest one.

        Raises
        ------
        InputError
            If there is none.
        """
        if key not in self.own and key not in self.guide:
            near = nearest(key, [*self.own, *self.guide])
            raise InputError(
                f"there is no work {key!r} in literature/references.bib or in the guide.{near}"
            )

    def cited(self, keys: Iterable[str]) -> tuple[Reference, ...]:
        """Return the works with these keys, each once, sorted by key."""
        return tuple(self.own.get(key) or self.guide[key] for key in sorted(set(keys)))


def citable_works(literature: Path) -> Library:
    """Read the works that a study may cite.

    Parameters
    ----------
    literature
        The study's folder of literature; `references.bib` in it may be missing.

    Raises
    ------
    InputError
        If that file is damaged; the message names the file and the line.
    """
    path = literature / "references.bib"
    if not path.exists():
        return Library({}, references())
    return Library(parse_bibtex(text_of(path), name="literature/references.bib"), references())
