"""Where two texts differ, word by word: what each has that the other has not.

The words that both have, in the same order, are a longest common subsequence L(i, j) of the first i
words of the one and the first j of the other. Row i of L rises by 0 or 1 from each j to the next;
these steps, a bit each, follow from row i − 1 by one addition of whole numbers as long as the text
[allison1986bit], so that two texts of 5,000 words take some hundredths of a second where the table
itself would take minutes; longer texts are compared line by line. What is left between two long
differences by chance ("the", "of") counts as different too: scattered common words make a text
harder to read, not easier.

Neither text is the older one. So both sides are marked alike, and nothing is struck out: a line
through one of two answers would say which of them to prefer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

__all__ = ["Differences", "Part", "text_differences"]

MOST_CELLS = 25_000_000
"""The words of the one times those of the other that are compared: 3 MB of bits."""

LITTLE = 0.4
"""Texts with a smaller share of words in common are two texts, not two versions of one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one text, and whether the other text lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Differences:
    """Two texts as parts, which joined are the texts again, letter for letter.

    Attributes
    ----------
    first, second
        The parts of each.
    outcome
        "same"; "spaces", where they differ in spaces and line breaks only; "marked"; "unlike",
        where they have too little in common for marks to help; "long", where even their lines are
        too many to be compared while a person waits.
    places
        In how many places they differ; 0 where nothing is marked.
    shared
        The share of words (of long texts, of lines) that stand in both; `None` for "long".
    """

    first: tuple[Part, ...]
    second: tuple[Part, ...]
    outcome: Literal["same", "spaces", "marked", "unlike", "long"]
    places: int
    shared: float | None

    @property
    def words(self) -> str:
        """What a person is told about it, in one sentence."""
        if self.outcome == "marked":
            return (
                "The texts differ in one place, which is marked."
                if self.places == 1
                else f"The texts differ in {self.places} places, which are marked."
            )
        return _TOLD[self.outcome]


_TOLD = {
    "same": "The texts are the same.",
    "spaces": "The texts differ only in spaces and line breaks.",
    "unlike": "The texts have few words in common, so no differences are marked.",
    "long": "The texts are too long for differences to be marked.",
}


def text_differences(first: str, second: str) -> Differences:
    """Return what differs between two texts.

    Use it to show two answers to the same question beside each other. It compares words, not what
    they mean; spaces between words are not compared.

    Parameters
    ----------
    first, second
        The texts.

    References
    ----------
    [allison1986bit]

    Examples
    --------
    >>> found = text_differences("It is safe.", "It is not safe.")
    >>> [part.text for part in found.second if part.differs]
    ['not']
    >>> found.words
    'The texts differ in one place, which is marked.'
    """
    if first == second:
        return _unmarked(first, second, "same", 1.0)
    for cut in (_words, _lines):
        one, two = cut(first), cut(second)
        pairs = _common([each.rstrip() for each in one], [each.rstrip() for each in two])
        if pairs is not None:
            return _marked(one, two, pairs, unlike="unlike" if cut is _words else "long")
    return _unmarked(first, second, "long", None)


Span = tuple[int, int]
Block = tuple[Span, Span]


def _unmarked(
    first: str,
    second: str,
    outcome: Literal["same", "spaces", "unlike", "long"],
    shared: float | None,
) -> Differences:
    return Differences((Part(first, False),), (Part(second, False),), outcome, 0, shared)


def _marked(
    one: list[str], two: list[str], pairs: list[Span], *, unlike: Literal["unlike", "long"]
) -> Differences:
    weights = [_weight(each) for each in one]
    total = sum(weights) + sum(map(_weight, two))
    shared = 2 * sum(weights[at] for at, _ in pairs) / total if total else 1.0
    if shared < LITTLE:
        return _unmarked("".join(one), "".join(two), unlike, shared)
    blocks = [
        (here, there)
        for here, there in _blocks(pairs, weights, len(one), len(two))
        if "".join(one[slice(*here)] + two[slice(*there)]).strip()
    ]
    if not blocks:
        return _unmarked("".join(one), "".join(two), "spaces", shared)
    return Differences(
        _parts(one, [here for here, _ in blocks]),
        _parts(two, [there for _, there in blocks]),
        "marked",
        len(blocks),
        shared,
    )


def _words(text: str) -> list[str]:
    """Return the text cut into words, each with the spaces after it; joined they are the text."""
    return [text[slice(*each.span())] for each in _WORD.finditer(text.translate(_KINDS))]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


class _Kinds(dict[int, str]):
    """One letter a character: what it is to a word. Filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = self._kind(chr(code))
        return kind

    @staticmethod
    def _kind(character: str) -> str:
        if character.isspace():
            return "s"
        if character == "\u200d":
            return "z"
        category = unicodedata.category(character)
        if category[0] == "M" or "\U0001f3fb" <= character <= "\U0001f3ff":
            return "m"
        if "\U0001f1e6" <= character <= "\U0001f1ff":
            return "r"
        if category == "Lo" and _UNSPACED.match(character):
            return "c"
        if character in "'’.,":
            return "a"
        return "w" if character.isalnum() or character == "_" else "p"


_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Scripts that put no spaces between words: each of their characters is compared by itself."""

_KINDS = _Kinds()

_WORD = re.compile(r"(?:w(?:[wmz]|a(?=w))*|rr?m*|[acp](?:m|z[acp]?)*|[mz]+|^)s*(?<=.)")
"""A word with its accents, a number with its point, a flag, a character or a joined emoji; then the
spaces after it. Spaces that begin the text are by themselves."""


def _weight(key: str) -> int:
    """Return 1 for a word and 0 for marks of punctuation, which any two texts share."""
    return int(any(map(str.isalnum, key)))


def _common(one: Sequence[str], two: Sequence[str]) -> list[Span] | None:
    """Return the positions of a longest common subsequence; `None` if that would take too long."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and one[-1 - end] == two[-1 - end]:
        end += 1
    inner = _subsequence(one[start : len(one) - end], two[start : len(two) - end])
    if inner is None:
        return None
    before = [(at, at) for at in range(start)]
    after = [(len(one) - back, len(two) - back) for back in range(end, 0, -1)]
    return before + [(i + start, j + start) for i, j in inner] + after


def _subsequence(one: Sequence[str], two: Sequence[str]) -> list[Span] | None:
    if len(one) * len(two) > MOST_CELLS:
        return None
    where: dict[str, int] = {}
    for j, key in enumerate(two):
        where[key] = where.get(key, 0) | 1 << j
    everywhere = (1 << len(two)) - 1
    # Bit j of row i is 0 where L(i, j + 1) = L(i, j) + 1.
    row = everywhere
    rows = [row]
    for key in one:
        equal = row & where.get(key, 0)
        row = ((row + equal) | (row - equal)) & everywhere
        rows.append(row)
    pairs = []
    i, j = len(one), len(two)
    while i and j:
        if rows[i] >> (j - 1) & 1:
            j -= 1
        elif not rows[i - 1] >> (j - 1) & 1:
            # Both rows rise here: then L(i − 1, j) = L(i, j), and word i is not needed.
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _blocks(pairs: list[Span], worded: Sequence[int], n: int, m: int) -> list[Block]:
    """Return the stretches that differ, joined where too little lies between two of them."""
    found: list[Block] = []
    between: list[int] = []
    i = j = 0
    for at, to in [*pairs, (n, m)]:
        if at > i or to > j:
            block = ((i, at), (j, to))
            while found and between[-1] < min(_size(found[-1]), _size(block)):
                (begin, _), (start, _) = found.pop()
                between.pop()
                block = ((begin, at), (start, to))
            found.append(block)
            between.append(0)
        if at < n:
            if found:
                between[-1] += worded[at]
            i, j = at + 1, to + 1
    return found


def _size(block: Block) -> int:
    return max(end - start for start, end in block)


def _parts(tokens: list[str], spans: list[Span]) -> tuple[Part, ...]:
    parts = []
    at = 0
    for start, end in [*spans, (len(tokens), len(tokens))]:
        inside = "".join(tokens[start:end])
        marked = inside.rstrip()
        parts += [
            ("".join(tokens[at:start]), False),
            (marked, True),
            (inside[len(marked) :], False),
        ]
        at = end
    joined = [
        Part("".join(text for text, _ in group), differs)
        for differs, group in groupby(((t, d) for t, d in parts if t), key=itemgetter(1))
    ]
    return tuple(joined)
