"""A text, and what may be left out of it: its words, each with all its occurrences.

A token is a run of letters, marks, digits and underscores of any script; an apostrophe, a hyphen or
a joiner between two of them belongs to it. Characters of scripts that set no spaces between words
(Han, kana, Thai, Lao, Khmer, Burmese) and symbols such as emoji are tokens each. Tokens that are
equal as written are one word; the text between tokens is never changed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.transparency.surrogates.neighbourhood import SPREAD_OF_TWO, Neighbourhood, two_states
from alignlab.transparency.surrogates.sampling import LocalFeature

__all__ = ["TextSubject", "Tokens", "text_subject", "tokens_of"]

Index = NDArray[np.intp]

WIDTHS = (float("inf"), 1.0, 0.71, 0.5)
"""Words are left out with the chances 0.50, 0.38, 0.27 and 0.12."""

Tokens = Callable[[str], Iterable[tuple[int, int]]]
"""From a text to the beginning and the end of each token, in their order."""

JOINERS = "'’-‐‑\u200d\u00b7"

AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class TextSubject:
    """A text and its words.

    Attributes
    ----------
    features
        One a word, in the order of first occurrence.
    spans
        The beginning, the end and the word of each token.
    """

    text: str
    features: tuple[LocalFeature, ...]
    spans: tuple[tuple[int, int, int], ...] = field(repr=False)
    fill: str = ""

    @property
    def row(self) -> Any:
        """The text, as the model takes it."""
        return _texts([self.text])

    @property
    def at_once(self) -> int:
        """Texts in one call."""
        return AT_ONCE

    def neighbourhood(self, width: float) -> Neighbourhood:
        """Return where samples come from."""
        return neighbourhood_of_two(len(self.features), width)

    def rows(self, choices: Index) -> Any:
        """Return the texts with words left out, which `choices` marks by 1."""
        pieces: list[str] = []
        owner: list[int] = []
        end = 0
        for start, stop, word in self.spans:
            pieces += [self.text[end:start], self.text[start:stop]]
            owner += [-1, word]
            end = stop
        pieces.append(self.text[end:])
        owner.append(-1)
        words = np.array(owner)
        # What stands between words is always there: one more column, never left out.
        kept = np.column_stack([choices == 0, np.ones(len(choices), dtype=bool)])[:, words]
        if not self.fill:
            return _texts(["".join(compress(pieces, line)) for line in kept])
        filled = [self.fill] * len(pieces)
        return _texts(
            [
                "".join([a if keep else b for a, b, keep in zip(pieces, filled, line, strict=True)])
                for line in kept.tolist()
            ]
        )


def text_subject(text: str, *, tokens: Tokens | None = None, fill: str = "") -> TextSubject:
    """Return a text as a subject.

    Parameters
    ----------
    text
        The text.
    tokens
        Finds the tokens; `None` takes `tokens_of`.
    fill
        What stands where a word was left out.

    Raises
    ------
    InputError
        If the text has no word, or `tokens` gives spans that overlap or lie outside.
    """
    spans = list((tokens or tokens_of)(text))
    end = 0
    for start, stop in spans:
        if not end <= start < stop <= len(text):
            raise InputError(
                f"tokens gave the span ({start}, {stop}) after one that ends at {end}, in a text "
                f"of {len(text)} characters. Give spans in their order that do not overlap."
            )
        end = stop
    if not spans:
        raise InputError(
            f"The text {text[:40]!r} has no words, so there is nothing to leave out. Give a text "
            "with at least one."
        )
    words = {word: at for at, word in enumerate(dict.fromkeys(text[a:b] for a, b in spans))}
    counts = [0] * len(words)
    for a, b in spans:
        counts[words[text[a:b]]] += 1
    features = tuple(
        LocalFeature(word, "once" if n == 1 else f"{n} times", "word", SPREAD_OF_TWO)
        for word, n in zip(words, counts, strict=True)
    )
    return TextSubject(text, features, tuple((a, b, words[text[a:b]]) for a, b in spans), fill)


def tokens_of(text: str) -> list[tuple[int, int]]:
    """Return the beginning and the end of each token of a text.

    Examples
    --------
    >>> text = "It's naïve, well-made: 東京 🙂"
    >>> [text[a:b] for a, b in tokens_of(text)]
    ["It's", 'naïve', 'well-made', '東', '京', '🙂']
    """
    kinds = [_kind(letter) for letter in text]
    spans = []
    at, n = 0, len(text)
    while at < n:
        if kinds[at] in ("other", "mark"):
            at += 1
            continue
        start, alone = at, kinds[at] != "word"
        at += 1
        while at < n:
            if kinds[at] == "mark" or (not alone and kinds[at] == "word"):
                at += 1
            elif (not alone and text[at] in JOINERS and at + 1 < n and kinds[at + 1] == "word") or (
                alone and text[at] == "\u200d" and at + 1 < n and kinds[at + 1] == "symbol"
            ):
                at += 2
            else:
                break
        spans.append((start, at))
    return spans


UNSPACED = (
    "CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "YI", "THAI", "LAO", "KHMER", "MYANMAR",
)  # fmt: skip
"""Scripts that set no spaces between words, as the names of their characters begin."""


def _kind(letter: str) -> str:
    if letter.isascii():
        return "word" if letter.isalnum() or letter == "_" else "other"
    category = unicodedata.category(letter)
    if category[0] == "M" or category == "Sk":
        return "mark"  # "Sk" holds the skin tones of emoji
    if category == "So":
        return "symbol"
    if category[0] not in "LN":
        return "other"
    if category == "Lo" and unicodedata.name(letter, "").startswith(UNSPACED):
        return "letter"
    return "word"


def neighbourhood_of_two(features: int, width: float) -> Neighbourhood:
    """Return the neighbourhood of features that are there (0) or left out (1)."""
    left = np.repeat(two_states(width)[:, None], features, axis=1)
    return Neighbourhood((~left).astype(np.float64), left.astype(np.intp))


def _texts(texts: Sequence[str]) -> NDArray[np.object_]:
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made
