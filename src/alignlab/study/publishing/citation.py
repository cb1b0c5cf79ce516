"""`CITATION.cff`, by which others cite a study: written from its statement, or checked.

The Citation File Format 1.2.0 wants `cff-version`, `message`, `title` and at least one author; what
else this writes is checked by the same rules as a file that the authors wrote themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from alignlab.errors import InputError, listed, nearest
from alignlab.guide.people import person, split_people
from alignlab.study.spec import Author, StudySpec
from alignlab.study.strict_yaml import parse_yaml

__all__ = ["check_citation", "citation_text"]

KEYS = (
    "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi",
    "identifiers", "keywords", "license", "license-url", "message", "preferred-citation",
    "references", "repository", "repository-artifact", "repository-code", "title", "type", "url",
    "version",
)  # fmt: skip
NEEDED = ("cff-version", "message", "title", "authors")
SHARED = ("address", "alias", "city", "country", "email", "fax", "orcid", "post-code", "region",
          "tel", "website")  # fmt: skip
PERSON = (*SHARED, "affiliation", "family-names", "given-names", "name-particle", "name-suffix")
ENTITY = (*SHARED, "date-end", "date-start", "location", "name")
ORCID = re.compile(r"https://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
EMAIL = re.compile(r"\S+@\S+\.\S{2,}")
DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
TYPES = ("software", "dataset")


def citation_text(spec: StudySpec, *, anonymous: bool = False, released: date | None = None) -> str:
    """Return the content of a study's `CITATION.cff`.

    Parameters
    ----------
    spec
        The study's statement.
    anonymous
        Whether the authors' names are left out.
    released
        The day of publication, where it is known.

    Raises
    ------
    InputError
        If the statement names no author, or an author's address or ORCID is none.
    """
    if not spec.authors and not anonymous:
        raise InputError(
            "study.yaml names no authors, and nobody could be cited: add authors, or publish with "
            "--anonymous."
        )
    people = [{"name": "Anonymous"}] if anonymous else [_author(each) for each in spec.authors]
    held: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this study, please cite it as below.",
        "type": "dataset",
        "title": spec.title,
        "abstract": spec.question,
        "authors": people,
    }
    if spec.paper.keywords:
        held["keywords"] = list(dict.fromkeys(spec.paper.keywords))
    if released is not None:
        held["date-released"] = released.isoformat()
    text = yaml.safe_dump(held, sort_keys=False, allow_unicode=True, width=96)
    check_citation(text)
    return text


def check_citation(text: str, *, name: str = "CITATION.cff") -> None:
    r"""Refuse what is no citation file of version 1.2.0.

    Use it on a file that the authors wrote. Of `references` and the like it knows only that they
    may stand there.

    Raises
    ------
    InputError
        If a key is missing, unknown or holds what it may not; the message names the line.

    Examples
    --------
    >>> check_citation("cff-version: 1.2.0\nmessage: Cite it.\ntitle: T\nauthor: []")
    Traceback (most recent call last):
    alignlab.errors.InputError: CITATION.cff:4: there is no key 'author'. Did you mean 'authors'?
    """
    stated = parse_yaml(text, name=name)
    held = stated.value
    if not isinstance(held, dict):
        raise InputError(f"{name}:1: this is no mapping of keys to values.")
    for key in held:
        if key not in KEYS:
            raise InputError(f"{stated.at((key,))}: there is no key {key!r}.{nearest(key, KEYS)}")
    for key in NEEDED:
        if not held.get(key):
            raise InputError(f"{stated.at((key,))}: {key} is missing; {listed(NEEDED)} are needed.")

    def wrong(key: str, rule: str) -> InputError:
        return InputError(f"{stated.at((key,))}: {key} = {held[key]!r:.60} is not {rule}.")

    for key in ("message", "title", "abstract", "license-url", "url"):
        if key in held and (not isinstance(held[key], str) or not held[key]):
            raise wrong(key, "a text")
    if held["cff-version"] != "1.2.0":
        raise wrong("cff-version", "1.2.0")
    if held.get("type", "software") not in TYPES:
        raise wrong("type", f"one of {listed(TYPES)}")
    if "date-released" in held and not _is_day(held["date-released"]):
        raise wrong("date-released", "a day such as 2026-11-22")
    if "doi" in held and not DOI.fullmatch(str(held["doi"])):
        raise wrong("doi", "a DOI such as 10.5281/zenodo.1234")
    words = held.get("keywords")
    if "keywords" in held and not _different_texts(words):
        raise wrong("keywords", "a list of different words")
    people = held["authors"]
    if not isinstance(people, list):
        raise wrong("authors", "a list of people or institutions")
    for i, each in enumerate(people):
        if fault := _fault(each):
            raise InputError(f"{stated.at(('authors', i))}: author {i + 1}: {fault}.")
        if each in people[:i]:
            raise InputError(f"{stated.at(('authors', i))}: author {i + 1} stands twice.")


def _fault(author: Any) -> str:
    """Return what is wrong with an author; empty where nothing is."""
    if not isinstance(author, Mapping) or not author:
        return "a person or an institution is a mapping of keys to values"
    keys = ENTITY if "name" in author else PERSON
    unknown = next((key for key in author if key not in keys), None)
    if unknown is not None:
        return f"there is no key {unknown!r}{nearest(unknown, keys)}".rstrip("?.")
    empty = next((key for key, value in author.items() if not isinstance(value, str) or not value),
                 None)  # fmt: skip
    if empty is not None:
        return f"{empty} is no text"
    if not ORCID.fullmatch(author.get("orcid", "https://orcid.org/0000-0000-0000-0000")):
        return f"orcid {author['orcid']!r} is not https://orcid.org/0000-0000-0000-0000"
    if not EMAIL.fullmatch(author.get("email", "a@b.org")):
        return f"email {author['email']!r} is no address"
    return ""


def _author(author: Author) -> dict[str, str]:
    name = person(split_people(author.name)[0])
    held = (
        {"family-names": name.family, "given-names": name.given, "name-suffix": name.suffix}
        if name.given
        else {"name": author.name}
    )
    if author.affiliation and name.given:
        held["affiliation"] = author.affiliation
    held["email"] = author.email
    orcid = author.orcid.removeprefix("https://orcid.org/")
    held["orcid"] = f"https://orcid.org/{orcid}" if orcid else ""
    return {key: value for key, value in held.items() if value}


def _is_day(value: Any) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False


def _different_texts(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(each, str) and each for each in value) and len(set(value)) == len(value)
