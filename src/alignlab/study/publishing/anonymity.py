"""An archive for reviewers who must not know whose it is: names taken out, and looked for.

What states the authors is written without them: the statement, the registration, the citation file;
screeners become "screener 1" and so on. The registration's digest is then another, and both are
kept. Names that stand elsewhere are not cut out of sentences: they are found, and nothing is
written. References are left as they are, for others' names stand in them, and one's own works are
cited like others'.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from alignlab.errors import InputError, listed
from alignlab.plain import to_json
from alignlab.study.paper.pdf_reading import pdf_text
from alignlab.study.plans.registration import entry_seal, statement_digest
from alignlab.study.spec import StudySpec

__all__ = ["names_in", "require_no_names", "without_names"]

REFERENCES = "literature/references.bib"
PLACES = 3
"""So many places of a name are told."""


def without_names(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of an archive without what states its authors.

    Parameters
    ----------
    contents
        Each file's content by its path.
    """
    held = {name: each for name, each in contents.items() if name != "CITATION.cff"}
    held["study.yaml"] = _without_authors(held["study.yaml"].decode("utf-8-sig")).encode()
    digests: dict[str, str] = {}
    if "registration.json" in held:
        entry = json.loads(held["registration.json"])
        for each in (entry, *entry.get("amendments", ())):
            registered = each["digest"]
            digests[registered] = _unname(each)
        held["registration.json"] = to_json(entry).encode()
    if "analysis.json" in held:
        text = held["analysis.json"].decode()
        for before, after in digests.items():
            text = text.replace(before, after)
        held["analysis.json"] = text.encode()
    if "literature/screening.csv" in held:
        text = held["literature/screening.csv"].decode("utf-8-sig")
        held["literature/screening.csv"] = _without_screeners(text).encode()
    return held


def names_in(contents: Mapping[str, bytes], spec: StudySpec) -> Iterator[tuple[str, str]]:
    """Yield each name, e-mail address or ORCID of an author with the place where it stands.

    Accents, capitals, and what stands between the parts of a name do not matter. References are
    not searched.
    """
    sought = _sought(spec)
    for path, content in sorted(contents.items()):
        if path == REFERENCES:
            continue
        for name, pattern in sought.items():
            if pattern.search(_folded(path)):
                yield name, f"the name of {path}"
        for where, text in _texts(path, content):
            folded = _folded(text)
            for name, pattern in sought.items():
                for found in pattern.finditer(folded):
                    line = folded.count("\n", 0, found.start()) + 1
                    yield name, where if where != path else f"{path}:{line}"


def require_no_names(contents: Mapping[str, bytes], spec: StudySpec) -> None:
    """Refuse files in which an author is named.

    Raises
    ------
    InputError
        If a name, an e-mail address or an ORCID of an author stands in a file or in its name, or a
        PDF cannot be searched.
    """
    places: dict[str, list[str]] = {}
    for name, place in names_in(contents, spec):
        places.setdefault(name, []).append(place)
    if places:
        name, where = next(iter(places.items()))
        more = f" So are {listed(list(places)[1:])}." if len(places) > 1 else ""
        raise InputError(
            f"{name!r} stands in {listed(dict.fromkeys(where), PLACES)}: take it out, or publish "
            f"without --anonymous.{more}"
        )


def _unname(entry: dict[str, Any]) -> str:
    """Take the authors out of a registration, and return its new digest."""
    entry["study"]["authors"] = []
    entry["text"] = _without_authors(entry["text"])
    entry["digest_with_names"] = entry["digest"]
    entry["digest"] = statement_digest(entry["study"], entry["code"], entry["data"])
    entry["seal"] = entry_seal(entry)
    return str(entry["digest"])


def _without_authors(text: str) -> str:
    """Return a statement without its authors, all other lines as they are."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return text
    pairs = [(key, value) for key, value in root.value]
    for at, (key, _) in enumerate(pairs):
        if key.value == "authors":
            begin = key.start_mark.index
            end = pairs[at + 1][0].start_mark.index if at + 1 < len(pairs) else root.end_mark.index
            if root.flow_style:
                return text  # one line in braces: what stands in it is found, and refused
            return text[:begin] + text[end:]
    return text


def _without_screeners(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    names: dict[str, str] = {}
    for at, column in enumerate(rows[0] if rows else ()):
        name, space, what = column.rpartition(" ")
        if space and what in ("decision", "reason") and name != "agreed":
            number = names.setdefault(name, str(len(names) + 1))
            rows[0][at] = f"screener-{number} {what}"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _sought(spec: StudySpec) -> dict[str, re.Pattern[str]]:
    """Return what finds each author: the name both ways round, the address, the ORCID."""
    found = {}
    for author in spec.authors:
        family, comma, given = author.name.partition(",")
        parts = [*given.split(), *family.split()] if comma else author.name.split()
        ways = [parts, parts[-1:] + parts[:-1]]
        if comma:
            ways.append([*family.split(), *given.split()])
        texts = [
            r"[\W_]{1,4}".join(re.escape(_folded(part).strip(".")) + r"\.?" for part in way)
            for way in ways
        ]
        found[author.name] = re.compile(rf"(?<!\w)(?:{'|'.join(texts)})(?!\w)")
        for more in (author.email, author.orcid.rpartition("/")[2]):
            if more:
                found[more] = re.compile(re.escape(_folded(more)))
    return found


def _folded(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in split if not unicodedata.combining(each))


def _texts(path: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield what can be read in a file, each with what it is called."""
    if content.startswith(b"%PDF-"):
        text = pdf_text(content)
        if text is None:
            raise InputError(
                f"{path} cannot be searched for names: it is not a PDF that Typst made. Leave it "
                "out of the folder, or place an SVG."
            )
        # Words that the end of a line divides are made whole; so are those of a figure, whose
        # letters are set one by one.
        yield f"the text of {path}", re.sub("[-\u00ad\u2010]\n", "", text)
        yield f"the text of {path}", text.replace("\n", "")
    yield path, content.decode("utf-8", "ignore")
    if b"\x00" in content:
        yield f"the bytes of {path}", content.decode("utf-16-be", "ignore")
        yield f"the bytes of {path}", content.decode("utf-16-le", "ignore")
