"""Which papers to screen next: those like what was taken in so far, and a tenth by chance.

A logistic regression on the words of title and abstract (TF-IDF) learns from the papers that all
screeners have decided, and ranks the rest. So no order tells one screener what another says of a
paper that is still theirs to decide. The tenth by chance is drawn once, by the seed and each
paper's key, and comes in its own order between the others: whatever the ranking does, it stays a
random sample of the whole list, from which `estimate_recall` tells what is missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignlab.errors import InputError
from alignlab.random import as_generator
from alignlab.study.literature.screening import Screening
from alignlab.study.literature.works import Work

__all__ = ["Order", "random_sample", "screening_order"]

SHARE = 0.1
HASHES = 2**64


@dataclass(frozen=True, slots=True)
class Order:
    """In which order papers are to be screened.

    Attributes
    ----------
    keys
        Of all papers, those first that are to be decided first.
    sample
        Keys of the papers drawn by chance, in the order drawn.
    learned
        How many decided papers the ranking learned from; 0 where it is by chance.
    """

    keys: tuple[str, ...]
    sample: tuple[str, ...]
    learned: int


def screening_order(screening: Screening, *, seed: int = 0, random_share: float = SHARE) -> Order:
    """Return in which order papers are to be screened.

    Use it again after each sitting: the more is decided, the better it ranks. It finds relevant
    papers early; it does not say when to stop (`estimate_recall`).

    Parameters
    ----------
    screening
        The papers, and what was decided.
    seed
        Of the tenth by chance, and of the order before anything is learned.
    random_share
        The share by chance.

    Returns
    -------
    Order

    Raises
    ------
    InputError
        If the seed or the share cannot be.

    Examples
    --------
    >>> from alignlab.study.literature.screening import Decision
    >>> papers = [Work(key=f"p{n}", title=("fair groups" if n % 2 else "fast chips") + f" {n}")
    ...           for n in range(40)]
    >>> said = {f"p{n}": Decision("include" if n % 2 else "exclude") for n in range(10)}
    >>> order = screening_order(Screening(tuple(papers), {"ana": said}), random_share=0.05)
    >>> [key for key in order.keys if key not in {*said, *order.sample}][:3]
    ['p39', 'p29', 'p13']
    """
    sample = random_sample(screening.papers, seed=seed, random_share=random_share)
    chosen = set(sample)
    drawn = {each.key: _hash(each.key, seed, "order") for each in screening.papers}
    scores, learned = _scores(screening)
    ranked = sorted(
        (each.key for each in screening.papers if each.key not in chosen),
        key=lambda key: (-scores.get(key, 0.0), drawn[key]),
    )
    # A decided paper is not asked for again, and must not take the place of one that is.
    settled = {each.key for each in screening.papers if screening.outcome(each.key) != "waiting"}
    waiting = [key for key in ranked if key not in settled]
    queue = [key for key in sample if key not in settled]
    keys = _between(waiting, queue, random_share)
    return Order(
        (*keys, *(each.key for each in screening.papers if each.key in settled)), sample, learned
    )


def random_sample(
    papers: Sequence[Work], *, seed: int = 0, random_share: float = SHARE
) -> tuple[str, ...]:
    """Return the keys of the papers drawn by chance, in the order drawn.

    Each paper is drawn by its key alone, so that papers added later change nothing for these.
    """
    as_generator(seed)  # says what is wrong with a seed
    if not 0 < random_share <= 1:
        raise InputError(f"random_share={random_share!r} is not above 0 and at most 1.")
    hashes = {each.key: _hash(each.key, seed, "sample") for each in papers}
    drawn = [key for key, value in hashes.items() if value < random_share * HASHES]
    return tuple(sorted(drawn, key=hashes.__getitem__))


def _hash(key: str, seed: int, purpose: str) -> int:
    text = f"{purpose}\0{seed}\0{key}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def _between(ranked: Sequence[str], queue: Sequence[str], share: float) -> list[str]:
    """Return both lists as one, of whose every beginning about the share is from the second."""
    ranked, queue = list(ranked)[::-1], list(queue)[::-1]
    keys: list[str] = []
    due = 0.0
    while ranked or queue:
        due += share
        if queue and (due > 1 - 1e-9 or not ranked):  # ten tenths are less than 1
            keys.append(queue.pop())
            due -= 1
        else:
            keys.append(ranked.pop())
    return keys


def _scores(screening: Screening) -> tuple[Mapping[str, float], int]:
    """Return how like the papers taken in each paper is, and from how many that was learned.

    A conflict is learned as taken in: it will be read.
    """
    outcomes = {each.key: screening.outcome(each.key) for each in screening.papers}
    learned = [each for each in screening.papers if outcomes[each.key] != "waiting"]
    labels = [outcomes[each.key] != "exclude" for each in learned]
    if len(set(labels)) < 2:
        return {}, 0
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(sublinear_tf=True, stop_words="english", token_pattern=r"\b\w+\b")
    texts = [f"{each.title} {each.abstract} {each.more.get('keywords', '')}"
             for each in screening.papers]  # fmt: skip
    try:
        found = words.fit_transform(texts)
    except ValueError:  # no paper has a word
        return {}, 0
    places = {each.key: at for at, each in enumerate(screening.papers)}
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
    model.fit(found[[places[each.key] for each in learned]], labels)
    # Rounded, so that the last digits of another machine's algebra move no paper.
    scores = model.decision_function(found).round(6).tolist()
    return {key: scores[at] for key, at in places.items()}, len(learned)
