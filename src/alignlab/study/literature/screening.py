"""The screening of a review: who says of which paper that it is taken in, and what comes of it.

`screening.csv` holds every paper with a pair of columns a screener, decision and reason, and a
pair "agreed" for what they settle where they differ. It shows everything, so screeners do not work
in it: each has a sheet of their own, `sheets/NAME.csv`, with nobody else's decisions in it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from alignlab.errors import InputError, listed, nearest, require_choice
from alignlab.files import text_of
from alignlab.study.literature.criteria import Criteria
from alignlab.study.literature.works import Work

__all__ = [
    "AGREED",
    "DECISIONS",
    "Decision",
    "Outcome",
    "Screening",
    "read_screening",
    "require_screener",
    "screening_text",
    "sheet_text",
    "with_sheets",
]

Word = Literal["include", "exclude", "unsure"]
DECISIONS: tuple[Word, ...] = get_args(Word)
Outcome = Literal["include", "exclude", "conflict", "waiting"]
AGREED = "agreed"
PAPER = ("key", "title", "abstract", "year")
PAIR = re.compile(r"(.+) (decision|reason)")
NAME = re.compile(r"\w[\w.-]{0,59}")


class Decision(NamedTuple):
    """What one person says of one paper.

    Attributes
    ----------
    decision
        "include", "exclude" or "unsure".
    reason
        Why; the name of a criterion where the paper is excluded.
    """

    decision: Word
    reason: str = ""


@dataclass(frozen=True)
class Screening:
    """What was decided of each paper.

    Attributes
    ----------
    papers
        Those to be screened.
    said
        Each screener's decisions, by the paper's key.
    agreed
        What the screeners settled on, where they differed.
    """

    papers: tuple[Work, ...]
    said: Mapping[str, Mapping[str, Decision]] = field(default_factory=dict)
    agreed: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def screeners(self) -> tuple[str, ...]:
        """Who screens."""
        return tuple(self.said)

    def outcome(self, key: str) -> Outcome:
        """Return what came of a paper.

        "conflict" where the screeners differ or one is unsure, and nothing is agreed; "waiting"
        where not all have decided.
        """
        if key in self.agreed and self.agreed[key].decision != "unsure":
            return self.agreed[key].decision  # type: ignore[return-value]
        words = {by[key].decision if key in by else None for by in self.said.values()}
        if None in words or not words:
            return "waiting"
        if len(words) > 1 or "unsure" in words:
            return "conflict"
        return words.pop()  # type: ignore[return-value]

    def with_outcome(self, *outcomes: Outcome) -> tuple[Work, ...]:
        """Return the papers of which one of these came."""
        return tuple(each for each in self.papers if self.outcome(each.key) in outcomes)

    def reason(self, key: str) -> str:
        """Return why a paper is excluded: what was agreed, else what the screeners gave."""
        given = [self.agreed[key].reason] if key in self.agreed else []
        given += [by[key].reason for by in self.said.values() if key in by]
        return next((each for each in given if each), "")

    def reasons(self, criteria: Criteria | None = None) -> dict[str, int]:
        """Return how many papers were excluded for which reason, the most frequent first."""
        given = [self.reason(each.key) for each in self.with_outcome("exclude")]
        named = [
            (criteria.named(each) if criteria else "") or each or "no reason" for each in given
        ]
        return dict(sorted(Counter(named).items(), key=lambda each: (-each[1], each[0])))

    def without_reason(self) -> tuple[str, ...]:
        """Return the keys of excluded papers of which nobody says why."""
        return tuple(each.key for each in self.with_outcome("exclude") if not self.reason(each.key))

    def counts(self) -> dict[str, int]:
        """Return how many papers there are, and of how many what came."""
        found = Counter(self.outcome(each.key) for each in self.papers)
        return {
            "papers": len(self.papers),
            **{str(name): found[name] for name in get_args(Outcome)},
        }

    def by(self, screener: str, said: Mapping[str, Decision]) -> Screening:
        """Return the screening with more decisions of a person; a later one replaces theirs."""
        return replace(self, said={**self.said, screener: {**self.said.get(screener, {}), **said}})


def read_screening(folder: str | Path, works: Iterable[Work]) -> Screening:
    """Return the screening of a library as `screening.csv` has it; empty where there is no file.

    Parameters
    ----------
    folder
        The study's `literature`.
    works
        The library.

    Raises
    ------
    InputError
        If a row or a decision cannot be read; the message names the file and the line.
    """
    papers = tuple(works)
    path = Path(folder) / "screening.csv"
    if not path.exists():
        return Screening(papers)
    keys = [each.key for each in papers]
    said: dict[str, dict[str, Decision]] = {}
    columns = [PAIR.fullmatch(name) for name in _header(path)]
    for found in columns:
        if found and found[1] not in said and found[2] == "decision":
            said[found[1]] = {}
    for where, row in _rows(path, ("key",), keys):
        for name, decisions in said.items():
            given = _decision(
                row.get(f"{name} decision", ""), row.get(f"{name} reason", ""), where, name
            )
            if given is not None:
                decisions[row["key"]] = given
    agreed = said.pop(AGREED, {})
    return Screening(papers, said, agreed)


def with_sheets(folder: str | Path, screening: Screening) -> Screening:
    """Return the screening with what stands in the screeners' sheets.

    A decision that a sheet no longer has is kept as it was: sheets are cut and sorted.

    Raises
    ------
    InputError
        If a row or a decision cannot be read; the message names the file and the line.
    """
    keys = [each.key for each in screening.papers]
    for path in sorted((Path(folder) / "sheets").glob("*.csv")):
        require_screener(path.stem)
        said = {}
        for where, row in _rows(path, ("key", "decision"), keys):
            given = _decision(row.get("decision", ""), row.get("reason", ""), where, "")
            if given is not None:
                said[row["key"]] = given
        screening = screening.by(path.stem, said)
    return screening


def screening_text(screening: Screening) -> str:
    """Return the content of `screening.csv`."""
    names = (*screening.screeners, AGREED)
    pairs = [f"{name} {what}" for name in names for what in ("decision", "reason")]
    held = {**screening.said, AGREED: screening.agreed}
    rows = [
        [*_about(each), *(part for name in names for part in held[name].get(each.key, ("", "")))]
        for each in screening.papers
    ]
    return _text([*PAPER, *pairs], rows)


def sheet_text(screening: Screening, screener: str, order: Sequence[str]) -> str:
    """Return a screener's sheet: what they have still to decide, in order, then what they have."""
    said = screening.said.get(screener, {})
    papers = {each.key: each for each in screening.papers}
    keys = [key for key in order if key not in said] + [key for key in papers if key in said]
    rows = [[*_about(papers[key]), *said.get(key, ("", ""))] for key in keys]
    return _text([*PAPER, "decision", "reason"], rows)


def require_screener(name: str) -> None:
    """Refuse what cannot name a screener, for files and columns are named by it.

    Examples
    --------
    >>> require_screener("agreed")
    Traceback (most recent call last):
    alignlab.errors.InputError: 'agreed' is no name of a screener: it is what they settle on.
    """
    if name.casefold() == AGREED:
        raise InputError(f"{name!r} is no name of a screener: it is what they settle on.")
    if not NAME.fullmatch(name):
        made = re.sub(r"[^\w.-]+", "-", name).strip("-.")
        raise InputError(
            f"{name!r} is no name of a screener: files are named by it, so it has letters, digits, "
            f"_ . and - only{f', such as {made}' if made else ''}."
        )


def _about(paper: Work) -> tuple[str, ...]:
    return paper.key, paper.title, paper.abstract, str(paper.year or "")


def _text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _decision(word: str, reason: str, where: str, name: str) -> Decision | None:
    given, why = word.strip().casefold(), " ".join(reason.split())
    if not given:
        if why:
            raise InputError(
                f"{where}: there is a reason and no decision. Decisions: {listed(DECISIONS)}."
            )
        return None
    what = f"{where}: {f'{name} ' if name else ''}decision"
    require_choice(given, DECISIONS, what=what)
    return Decision(given, why)  # type: ignore[arg-type]


def _reader(path: Path) -> csv.DictReader[str]:
    text = text_of(path)
    first = text.partition("\n")[0]
    # Some spreadsheets part columns by what their country does.
    sign = max(",;\t", key=first.count)
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=sign, restval="")


def _header(path: Path) -> list[str]:
    return [name.strip() for name in _reader(path).fieldnames or ()]


def _rows(
    path: Path, needed: Sequence[str], keys: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row with its place in the file; each paper once."""
    reader = _reader(path)
    absent = [name for name in needed if name not in _header(path)]
    if absent:
        raise InputError(f"{path}:1: there is no column {absent[0]!r}. Put it back.")
    known, seen, line = set(keys), dict[str, int](), 1
    for row in reader:
        begins, line = line + 1, reader.line_num
        held = {name.strip(): value or "" for name, value in row.items() if isinstance(name, str)}
        where, key = f"{path}:{begins}", held["key"].strip()
        if not any(value.strip() for value in held.values()):
            continue
        if key not in known:
            raise InputError(
                f"{where}: the library has no work {key!r}.{nearest(key, keys)} Name one of "
                "references.bib, or take the row out."
            )
        if key in seen:
            raise InputError(f"{where}: {key!r} stands here and in line {seen[key]}. Keep one.")
        seen[key] = begins
        yield where, {**held, "key": key}
