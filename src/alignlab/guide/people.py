"""Names as BibTeX writes them: `First von Last`, `von Last, First`, `von Last, Jr, First`.

A name that begins without a capital is a particle; braces hold together what belongs together, so
that an institution keeps its whole name. Here every name becomes `von Last, Jr, First`, and an
institution, or a person with one name, stands alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["OTHERS", "Person", "person", "split_people"]

OTHERS = "others"
"""What BibTeX writes for those whom a list leaves out."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person, or an institution, which has a family name alone.

    Attributes
    ----------
    family
        With the particle: "van der Vorst".
    given
        All given names.
    suffix
        Such as "Jr."
    """

    family: str
    given: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        """Return the name as lists sort it.

        >>> print(Person("Steele", "Guy L.", "Jr."))
        Steele, Jr., Guy L.
        """
        return ", ".join(part for part in (self.family, self.suffix, self.given) if part)

    @property
    def initials(self) -> str:
        """The given names' first letters, as APA has them.

        >>> Person("Sartre", "Jean-Paul Charles").initials
        'J.-P. C.'
        """
        return " ".join(
            "-".join(f"{part[0].upper()}." for part in name.split("-") if part)
            for name in self.given.replace(".", ". ").split()
            if name.strip(".-")
        )


def split_people(value: str) -> tuple[str, ...]:
    """Return the names of a list of people, each as "Family, Given".

    Parameters
    ----------
    value
        A BibTeX list, joined by "and"; braces hold a name together.

    Examples
    --------
    >>> split_people("Ludwig van Beethoven and {World Health Organization} and de Bruin, Jo")
    ('van Beethoven, Ludwig', 'World Health Organization', 'de Bruin, Jo')
    """
    names = _split(value, re.compile(r"\s+and\s+", re.IGNORECASE))
    return tuple(_sorted_form(name) for name in names if name.strip())


def person(name: str) -> Person:
    """Return the parts of a name in the form that `split_people` gives.

    Examples
    --------
    >>> person("Steele, Jr., Guy L.")
    Person(family='Steele', given='Guy L.', suffix='Jr.')
    """
    parts = [part.strip() for part in name.split(", ")]
    if len(parts) == 1:
        return Person(parts[0])
    if len(parts) == 2:
        return Person(parts[0], parts[1])
    return Person(parts[0], ", ".join(parts[2:]), parts[1])


def _sorted_form(name: str) -> str:
    parts = [part.strip() for part in _split(name, re.compile(","))]
    if len(parts) > 1:
        return ", ".join(_bare(part) for part in parts if part)
    words = _split(name.strip(), re.compile(r"\s+"))
    if len(words) == 1:
        return _bare(words[0]).replace(", ", " ")
    particles = [at for at, word in enumerate(words[:-1]) if _is_particle(word)]
    begins = particles[0] if particles else len(words) - 1
    family, given = " ".join(words[begins:]), " ".join(words[:begins])
    return ", ".join(_bare(part) for part in (family, given) if part)


def _is_particle(word: str) -> bool:
    return word[:1].islower()


def _split(value: str, where: re.Pattern[str]) -> list[str]:
    """Return what a pattern parts outside of braces."""
    if "{" not in value:
        return where.split(value)
    parts, start, depth, at = [], 0, 0, 0
    while at < len(value):
        depth += {"{": 1, "}": -1}.get(value[at], 0)
        if depth == 0 and (found := where.match(value, at)) and found.end() > at:
            parts.append(value[start:at])
            start = at = found.end()
        else:
            at += 1
    return [*parts, value[start:]]


def _bare(text: str) -> str:
    return text.replace("{", "").replace("}", "").strip()
