"""The themes of a review, as `themes.yaml` names them, and which papers belong to which.

    robustness:
      words: [adversarial, robust*, "distribution shift"]
      keys: [madry2018towards]      # by hand, whatever the words say
      without: [guo2017calibration] # by hand: a word stands there, the theme does not

A paper belongs to a theme if one of its words stands in the title, the abstract or the keywords,
in any case, as a whole word; an asterisk stands for any ending. Words find what is called by its
name and miss the rest, so what was placed by hand counts before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignlab.errors import InputError, nearest
from alignlab.study.literature.works import Work
from alignlab.study.strict_yaml import Stated, read_yaml

__all__ = ["Theme", "read_themes", "theme_pattern"]

KEYS = ("words", "keys", "without")


@dataclass(frozen=True, slots=True)
class Theme:
    """What belongs to a theme.

    Attributes
    ----------
    name
        The theme's.
    words
        That tell it.
    keys, without
        Of papers placed by hand in it, and out of it.
    """

    name: str
    words: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def mark(self, paper: Work) -> str:
        """Return how a paper came to the theme: "by hand", "words", or "" where it did not.

        >>> Theme("robustness", words=("robust*",)).mark(Work(key="a", title="On Robustness"))
        'words'
        """
        if paper.key in self.keys:
            return "by hand"
        if paper.key in self.without or not self.words:
            return ""
        text = f"{paper.title} | {paper.abstract} | {paper.more.get('keywords', '')}"
        return "words" if theme_pattern(self.words).search(text) else ""


def theme_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return what finds any of some words as whole words, an asterisk being any ending.

    Examples
    --------
    >>> bool(theme_pattern(["fair*"]).search("Unfairness")), bool(theme_pattern(["fair*"]).search(
    ...     "on Fairness"))
    (False, True)
    """
    parts = []
    for word in words:
        inner = r"\w*".join(re.escape(part) for part in word.split("*"))
        parts.append(re.sub(r"(\\[ -]|-)+", r"[\\s-]+", inner))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def read_themes(folder: str | Path, papers: Iterable[Work]) -> tuple[Theme, ...]:
    """Read `themes.yaml` in a study's `literature`.

    Parameters
    ----------
    folder
        The study's `literature`.
    papers
        The library, to which keys placed by hand must belong.

    Raises
    ------
    InputError
        If there is none, or a theme cannot be read; the message names the file and the line.
    """
    path = Path(folder) / "themes.yaml"
    if not path.exists():
        raise InputError(
            f"No {path}: name the themes and the words that tell them, such as fairness: {{words: "
            "[fair*, bias]}"
        )
    stated = read_yaml(path)
    if not isinstance(stated.value, dict) or not stated.value:
        raise InputError(f"{stated.at(())}: this names no themes, each with its words.")
    known = [each.key for each in papers]
    return tuple(_theme(stated, name, given, known) for name, given in stated.value.items())


def _theme(stated: Stated, name: str, given: Any, known: Sequence[str]) -> Theme:
    held: Mapping[str, Any] = {"words": given} if isinstance(given, list) else given
    if not isinstance(held, dict):
        raise InputError(f"{stated.at((name,))}: {name} is neither a list of words nor a mapping.")
    for key, listed in held.items():
        at = stated.at((name, key))
        if key not in KEYS:
            raise InputError(
                f"{at}: there is no key {key!r}.{nearest(key, KEYS)} Keys: {', '.join(KEYS)}."
            )
        texts = listed if isinstance(listed, list) else []
        if not texts or not all(isinstance(each, str) and each.strip(" *") for each in texts):
            raise InputError(f"{at}: {name}.{key} is not a list of words, such as [fair*, bias].")
        for i, each in enumerate(texts if key != "words" else ()):
            if each not in known:
                raise InputError(
                    f"{stated.at((name, key, i))}: the library has no work {each!r}."
                    f"{nearest(each, known)}"
                )
    both = set(held.get("keys", ())) & set(held.get("without", ()))
    if both:
        raise InputError(
            f"{stated.at((name,))}: {name} has {min(both)!r} both in keys and in without."
        )
    if not held.get("words") and not held.get("keys"):
        raise InputError(f"{stated.at((name,))}: {name} has neither words nor keys.")
    return Theme(name, *(tuple(held.get(key, ())) for key in KEYS))
