"""Full-text search over the references: words, beginnings of words, several words at once.

Every word of the query must be in a work's key, title, authors, venue or keywords, whole or as the
beginning of a word there; letters' accents and case do not count. What is found is ranked by BM25
over fields [robertson2009probabilistic, sec. 3.6]: a word counts by the fields that it is in, and
the more, the fewer works have it:

    score = Σ_word ln(1 + (N − n + ½) / (n + ½)) · w / (k + w),    w = Σ_field weight · occurrences

with n of the N works having the word. A word that is whole counts more than one that is begun.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache

from alignlab.errors import require_choice
from alignlab.guide.latex import folded
from alignlab.guide.works import TOPICS, Reference, references
from alignlab.wording import joined

__all__ = ["search", "suggestion"]

SATURATION = 1.2
"""BM25's k: how soon more occurrences stop to count."""

WEIGHTS = {"key": 2.0, "title": 3.0, "authors": 3.0, "keywords": 1.0, "venue": 1.0, "year": 2.0}
BEGUN = 0.4
"""What a word counts of which the query has only the beginning."""

NEAR = 0.7


def search(words: str | Iterable[str], topic: str | None = None) -> tuple[Reference, ...]:
    """Return the references that have all the words, best first.

    Parameters
    ----------
    words
        What to look for; without any, everything is found, in the order of the file.
    topic
        One of the guide's subjects, such as "robustness"; all, if it is not given.

    Returns
    -------
    tuple of Reference
        Empty if nothing has all the words; `suggestion` then knows what may have been meant.

    Raises
    ------
    InputError
        If there is no such topic.

    References
    ----------
    robertson2009probabilistic

    Examples
    --------
    >>> search("guo calib")[0].key
    'guo2017calibration'
    """
    if topic is not None:
        require_choice(topic, TOPICS, what="topic")
    works = references()
    asked = _asked(words)
    scores: dict[str, float] = dict.fromkeys(works, 0.0)
    for word in asked:
        found = _having(word)
        rarity = math.log(1 + (len(works) - len(found) + 0.5) / (len(found) + 0.5))
        scores = {
            key: scores[key] + rarity * weight / (SATURATION + weight)
            for key, weight in found.items()
            if key in scores
        }
    ranked = sorted(scores, key=lambda key: -scores[key])
    return tuple(works[key] for key in ranked if topic is None or topic in works[key].topics)


def suggestion(words: str | Iterable[str]) -> str:
    """Return what may have been meant by words that no reference has all of, or nothing.

    Examples
    --------
    >>> suggestion("shaply value")
    'Did you mean "shapley value"?'
    """
    asked = _asked(words)
    meant = [
        word
        if _having(word)
        else next(iter(get_close_matches(word, _index(), n=1, cutoff=NEAR)), word)
        for word in asked
    ]
    if meant != asked:
        return f'Did you mean "{" ".join(meant)}"?'
    counts = {word: len(_having(word)) for word in asked}
    if len(counts) > 1 and all(counts.values()):
        each = joined([f"{word} in {count}" for word, count in counts.items()])
        return f"Each word is there, but no work has all: {each}."
    return ""


def _asked(words: str | Iterable[str]) -> list[str]:
    text = words if isinstance(words, str) else " ".join(words)
    return list(dict.fromkeys(_terms(text)))


def _having(word: str) -> dict[str, float]:
    """Return the works that have a word, or one that begins so, and how much they have of it."""
    found: dict[str, float] = defaultdict(float)
    for term, works in _index().items():
        if term.startswith(word):
            share = 1.0 if term == word else BEGUN
            for key, weight in works.items():
                found[key] = max(found[key], share * weight)
    return dict(found)


@cache
def _index() -> Mapping[str, Mapping[str, float]]:
    """Return, for every word, the works that have it, with the weights of its occurrences."""
    index: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for key, work in references().items():
        texts = {
            "key": f"{key} {' '.join(re.findall(r'[a-z]+|[0-9]+', key))}",
            "title": work.title,
            "authors": " ".join(work.authors),
            "keywords": " ".join((*work.keywords, *work.topics)),
            "venue": work.venue,
            "year": str(work.year or ""),
        }
        for field, text in texts.items():
            for term in _terms(text):
                index[term][key] += WEIGHTS[field]
    return index


def _terms(text: str) -> list[str]:
    """Return the words of a text without accents, in lower case.

    >>> _terms("Wäldchen & Łukasz: L2-norm")
    ['waldchen', 'lukasz', 'l2', 'norm']
    """
    return re.findall(r"[^\W_]+", folded(text))
