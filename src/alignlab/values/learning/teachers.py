"""Teachers: one whose faults are known, and one that answers through a file.

The synthetic teacher knows the true reward and, after B-Pref [lee2021bpref, sec. 3], errs in stated
ways. With returns R = sum_t r_t of two segments and scores S = sum_t (1 - m)^(H - 1 - t) r_t, m
being the myopia and H the steps of the longer segment, it

    skips              where max(R_1, R_2) < the least return worth watching,
    says "alike"       where |R_2 - R_1| <= a margin,
    prefers the second with probability 1 / (1 + exp(-b (S_2 - S_1) / s)) otherwise,
    and says the opposite of what it preferred with the probability of a mistake.

The rationality b is per standard deviation s of scores, given or taken from the first questions:
on raw sums, which grow with the segments' length and the reward's unit, the same b means anything
from a coin to an oracle.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit

from alignlab.datasets.lines import append_lines, read_lines
from alignlab.datasets.questions import Answer, Query
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.random import as_generator

__all__ = ["FileTeacher", "SyntheticTeacher"]

ROUNDING = 1e-9
"""Returns that differ by less than this share of their size are equal: sums of floats round."""

FEWEST = 10
"""Of fewer questions the scores' standard deviation is not told."""


class SyntheticTeacher:
    """A teacher that knows the true reward, and whose faults are stated.

    Use it to find out how a method fares with teachers of a given quality before people are asked.
    It is no model of a particular person. An answer depends on the seed, the query and `score_sd`
    alone, so a run that is stopped and resumed gets the same ones. A teacher that is to find
    `score_sd` itself has another one if it is made anew in the middle of a run: then give it.

    Parameters
    ----------
    rationality
        How sharply it tells segments apart that differ by one standard deviation of their scores;
        infinite for a teacher that never errs here, 0 for a coin.
    myopia
        How much less a step counts than the one after it, from 0 (all alike) to below 1.
    skip_below
        It does not answer where both returns are below this; `None` answers always.
    equal_within
        It calls two segments alike whose returns differ by no more than this. `None` never does:
        of two equal segments it takes either, by a coin.
    mistakes
        The probability with which it says the opposite, from 0 to 1.
    score_sd
        The standard deviation that `rationality` is relative to, in the reward's unit; `None`
        takes that of the scores in the first questions, at least ten at once, and keeps it.
        Where the rationality is infinite or 0 it is not needed.
    seed
        Of its coins; a whole number.
    name
        What it signs with.

    Raises
    ------
    InputError
        If a number is out of range, or a segment has no true rewards; or if `score_sd` is needed,
        not given, and the first questions are fewer than ten.

    References
    ----------
    [lee2021bpref, sec. 3]

    Examples
    --------
    >>> fell = Trajectory([0, 1, 2], [0, 0], [1.0, 1.0], ended=True)
    >>> stood = Trajectory([0, 0, 0, 0], [1, 1, 1], [1.0, 1.0, 1.0])
    >>> teacher = SyntheticTeacher()
    >>> teacher.ask([Query(0, fell, stood), Query(1, stood, stood)])
    >>> [answer.preferred for answer in teacher.collect()]
    [1.0, 0.5]
    """

    def __init__(
        self,
        *,
        rationality: float = np.inf,
        myopia: float = 0.0,
        skip_below: float | None = None,
        equal_within: float | None = 0.0,
        mistakes: float = 0.0,
        score_sd: float | None = None,
        seed: int = 0,
        name: str = "synthetic",
    ) -> None:
        _require(rationality >= 0, "rationality", rationality, "a number from 0, or infinity")
        _require(0 <= myopia < 1, "myopia", myopia, "a number from 0 to below 1")
        _require(0 <= mistakes <= 1, "mistakes", mistakes, "a probability, from 0 to 1")
        within = 0.0 if equal_within is None else equal_within
        _require(within >= 0, "equal_within", equal_within, "a return difference from 0, or None")
        least = -np.inf if skip_below is None else skip_below
        _require(not np.isnan(least), "skip_below", skip_below, "a return, or None")
        _require(score_sd is None or 0 < score_sd < np.inf, "score_sd", score_sd, "positive")
        if isinstance(seed, np.random.Generator):
            raise InputError(
                "seed must be a whole number: each query has coins of its own, which a generator "
                "would toss in the order of asking."
            )
        as_generator(seed)  # refuses what is no seed
        self.rationality = float(rationality)
        self.myopia = float(myopia)
        self.skip_below = skip_below
        self.equal_within = equal_within
        self.mistakes = float(mistakes)
        self.score_sd = score_sd
        self.seed = seed
        self.name = name
        self._waiting: list[Answer] = []

    def ask(self, queries: Sequence[Query]) -> None:
        """Take the queries and think of the answers."""
        if not queries:
            return
        scores = np.array([self._scores(query) for query in queries]).reshape(-1, 2)
        if self.score_sd is None and 0 < self.rationality < np.inf:
            self.score_sd = _spread(scores)
        self._waiting += [
            Answer(query.id, self._preferred(query, float(one), float(two)), self.name)
            for query, (one, two) in zip(queries, scores, strict=True)
        ]

    def collect(self) -> Sequence[Answer]:
        """Return the answers to all queries since the last call."""
        told, self._waiting = self._waiting, []
        return told

    def _scores(self, query: Query) -> tuple[float, float]:
        steps = max(len(query.first), len(query.second))
        # A segment that ended early goes on at nothing, so both are weighted over the same steps.
        weights = (1 - self.myopia) ** np.arange(steps - 1, -1, -1.0)
        one, two = (_rewards(each, query) for each in (query.first, query.second))
        return float(weights[: len(one)] @ one), float(weights[: len(two)] @ two)

    def _preferred(self, query: Query, score: float, other: float) -> float | None:
        one, two = (float(np.sum(_rewards(e, query))) for e in (query.first, query.second))
        rounding = ROUNDING * max(abs(one), abs(two))
        if self.skip_below is not None and max(one, two) < self.skip_below:
            return None
        if self.equal_within is not None and abs(two - one) <= self.equal_within + rounding:
            return 0.5
        coins = as_generator(self.seed, "teacher", query.id).random(2)
        difference = other - score
        if abs(difference) <= ROUNDING * max(abs(score), abs(other)) or self.rationality == 0:
            chance = 0.5
        elif self.score_sd is None:
            chance = float(difference > 0)
        else:
            chance = float(expit(self.rationality * difference / self.score_sd))
        return float((coins[0] < chance) != (coins[1] < self.mistakes))


class FileTeacher:
    """A teacher who answers by writing lines into a file.

    Use it where a person answers without a browser, or another program does. Queries are appended
    to one file; the answers are read from another, one JSON object a line:
    `{"id": "0003-…", "preferred": "first", "annotator": "ana"}`, with "first", "second", "tie" or
    "skip". The true rewards are not in the queries. The first answer to a query stands, and a last
    line without its end is left until it has one.

    Parameters
    ----------
    queries, answers
        The two files; made or waited for if they do not exist.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> teacher = FileTeacher(folder / "queries.jsonl", folder / "answers.jsonl")
    >>> query = Query(0, Trajectory([0, 1], [0], ended=True), Trajectory([0, 0], [1]))
    >>> teacher.ask([query])
    >>> len(teacher.collect())
    0
    >>> append_lines(folder / "answers.jsonl", [{"id": query.id, "preferred": "second"}])
    >>> [answer.preferred for answer in teacher.collect()]
    [1.0]
    """

    def __init__(self, queries: str | Path, answers: str | Path) -> None:
        self.queries = Path(queries)
        self.answers = Path(answers)
        if self.queries.resolve() == self.answers.resolve():
            raise InputError(f"Queries and answers are both {self.queries}: give two files.")

    def ask(self, queries: Sequence[Query]) -> None:
        """Append the queries that are not in the file yet."""
        asked = {line.get("id") for _, line in read_lines(self.queries) if isinstance(line, dict)}
        append_lines(
            self.queries,
            (query.to_dict(rewards=False) for query in queries if query.id not in asked),
        )

    def collect(self) -> Sequence[Answer]:
        """Return the answers in the file, each time all: a line can be corrected and is then read.

        Raises
        ------
        InputError
            If a line is not an answer; the message names it.
        """
        told: dict[str, Answer] = {}
        for number, line in read_lines(self.answers):
            try:
                answer = Answer.from_dict(line)
            except InputError as error:
                raise InputError(f"Line {number} of {self.answers}: {error}") from error
            told.setdefault(answer.id, answer)
        return tuple(told.values())


def _rewards(segment: Trajectory, query: Query) -> np.ndarray:
    if segment.rewards is None:
        raise InputError(
            f"A segment of query {query.id} has no true rewards, which a synthetic teacher goes by."
        )
    return segment.rewards


def _spread(scores: np.ndarray) -> float | None:
    """Return the standard deviation of the first questions' scores; `None` if all are alike."""
    if len(scores) < FEWEST:
        raise InputError(
            f"The first questions to this teacher are {len(scores)}, too few to tell the standard "
            f"deviation of scores: ask at least {FEWEST} at once, or give score_sd=, in the "
            "reward's unit."
        )
    spread = float(scores.std())
    return spread if spread > ROUNDING * np.abs(scores).max() else None


def _require(holds: bool, what: str, given: object, allowed: str) -> None:
    if not holds:
        raise InputError(f"{what}={given!r} is not {allowed}.")
