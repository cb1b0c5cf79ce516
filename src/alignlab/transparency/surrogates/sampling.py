"""Samples are drawn until the ranking is stable, in the widest neighbourhood that a line fits.

Width: for each of a few widths, a pilot sample of its own gives R^2 on rows not fitted. Taken is
the widest neighbourhood with R^2 >= min(0.9, best R^2 - its standard error): an explanation should
speak of as much as it can while it is true [visani2020optilime], and where nothing is faithful, the
most faithful one up to the pilot's noise is taken [breiman1984classification, sec. 3.4.3]. The
pilots' random numbers do not depend on the seed: how wide the neighbourhood is belongs to the
question, and reruns answer the same one.

Samples: fresh ones, so that choosing has no part in the standard errors. Their number doubles, or
grows fourfold where twice as many would not do, until a rerun would rank the features alike with
probability 0.95, or until the budget is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.random import as_generator
from alignlab.transparency.pool import chunks
from alignlab.transparency.surrogates.neighbourhood import Neighbourhood, drawn_pairs
from alignlab.transparency.surrogates.regression import LocalFit, Samples, local_fit
from alignlab.transparency.surrogates.stability import stability_of

__all__ = ["LocalFeature", "Run", "Subject", "Trial", "sampled", "widest_faithful"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

Kind = Literal["number", "state", "word", "superpixel"]

FAITHFUL = 0.9
"""A neighbourhood in which a line explains this much may be as wide as there are."""

STABLE = 0.95
"""Sampling stops where a rerun ranks the features alike with this probability."""

PILOT, FIRST = 256, 512
"""Pairs of samples, at least, in a pilot and in the first round."""


@dataclass(frozen=True, slots=True)
class LocalFeature:
    """One feature of a local explanation.

    Attributes
    ----------
    name
        What it is called.
    given
        What the row holds, as text.
    kind
        "number", whose slope is per unit; "state", which is as it is or otherwise; "word";
        "superpixel".
    spread
        What makes strengths comparable: how widely a number spreads in the background, 1/2 for all
        that has two states.
    moves
        Whether it could be changed at all.
    """

    name: str
    given: str
    kind: Kind
    spread: float
    moves: bool = True


class Subject(Protocol):
    """What is explained: knows its features, and makes rows for the model from choices."""

    @property
    def features(self) -> tuple[LocalFeature, ...]:
        """All features, those that cannot move included."""

    @property
    def at_once(self) -> int:
        """Rows in one call."""

    def neighbourhood(self, width: float) -> Neighbourhood:
        """Return where samples come from, for the features that move."""

    def rows(self, choices: Index) -> Any:
        """Return rows for the model from what each holds, shape (n, moving features)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a pilot sample said of one width."""

    width: float
    fidelity: float
    error: float


@dataclass(frozen=True, eq=False)
class Run:
    """A local fit and how it came about; `check` are samples of the neighbourhood asked for."""

    fit: LocalFit
    width: float
    stability: float
    trials: tuple[Trial, ...] = ()
    check: tuple[Floats, Floats] | None = None


def sampled(
    subject: Subject,
    ask: Callable[[Any], Floats],
    *,
    widths: Sequence[float],
    top: int,
    budget: int,
    generator: np.random.Generator,
    check: float | None = None,
) -> Run:
    """Choose a width, then draw samples until the ranking is stable.

    Parameters
    ----------
    subject
        What is explained.
    ask
        The model's answers for rows, shape (n,).
    widths
        The widths to choose from, the widest first; one is taken as it is.
    top
        How many features of the ranking must be stable.
    budget
        Rows that the model may be asked for.
    generator
        Draws the samples.
    check
        The width of one more neighbourhood, of which samples are returned as they are: their
        design, shape (n, features), and the answers.

    Raises
    ------
    InputError
        If the budget does not suffice for the first round.
    """
    spread = np.array([each.spread for each in subject.features if each.moves])
    features = len(spread)
    pilot = max(PILOT, 2 * (features + 1)) if len(widths) > 1 else 0
    first = max(FIRST, 4 * (features + 1))
    checked = PILOT if check is not None else 0
    before = 2 * (pilot * len(widths) + checked)
    if budget < before + 2 * first:
        raise InputError(
            f"max_evaluations leaves {max(budget, 0):,} samples, and {features} features take at "
            f"least {before + 2 * first:,}. Raise it, state width=…, or explain fewer features."
        )
    places = [subject.neighbourhood(width) for width in widths]
    asked = [(place, pilot) for place in places if pilot]
    if check is not None:
        asked.append((subject.neighbourhood(check), checked))
    # How far around the row is part of the question: another seed does not ask another one.
    pilots = as_generator(0, "lime pilots")
    slots = [drawn_pairs(pilots, pairs, features) for _, pairs in asked]
    tried = _answered(subject, ask, [place for place, _ in asked], slots) if asked else []
    trials = tuple(
        _trial(width, place, batch)
        for width, place, batch in zip(widths, places, tried, strict=False)
        if pilot
    )
    width = widest_faithful(trials) if trials else widths[0]
    place = places[list(widths).index(width)]
    mean, deviation = place.mean, place.deviation

    left = budget - before
    batches: list[Samples] = []
    pairs = first
    while True:
        drawn = drawn_pairs(generator, pairs, features)
        batches += _answered(subject, ask, [place], [drawn])
        fit = local_fit(batches, mean, deviation)
        strengths = fit.slopes * spread
        covariance = fit.covariance * np.outer(spread, spread)
        stability = stability_of(strengths, covariance, top=top)
        left -= 2 * pairs
        # Few rounds, but no more samples than needed: each round fits all of them again.
        twice = stability_of(strengths, covariance / 2, top=top) >= STABLE
        pairs = min(fit.samples // 2 * (1 if twice else 3), left // 2)
        if stability >= STABLE or pairs < 1:
            kept = None
            if check is not None:
                raw = tried[-1].design * asked[-1][0].deviation + asked[-1][0].mean
                kept = raw.reshape(-1, features), tried[-1].answers.reshape(-1)
            return Run(fit, width, stability, trials, kept)


def widest_faithful(trials: Sequence[Trial]) -> float:
    """Return the widest width whose fidelity is high, or as good as the best.

    Parameters
    ----------
    trials
        The widest first.

    Examples
    --------
    >>> widest_faithful([Trial(1.0, 0.5, 0.02), Trial(0.5, 0.93, 0.01), Trial(0.2, 0.99, 0.001)])
    0.5
    >>> widest_faithful([Trial(1.0, 0.28, 0.02), Trial(0.5, 0.31, 0.04), Trial(0.2, 0.1, 0.02)])
    1.0
    """
    told = [trial for trial in trials if np.isfinite(trial.fidelity)]
    if not told:
        return trials[0].width
    best = max(told, key=lambda trial: trial.fidelity)
    enough = min(FAITHFUL, best.fidelity - best.error)
    return next(trial.width for trial in told if trial.fidelity >= enough)


def _trial(width: float, place: Neighbourhood, batch: Samples) -> Trial:
    fit = local_fit([batch], place.mean, place.deviation)
    return Trial(width, fit.fidelity, (1 - fit.fidelity) * fit.error)


def _answered(
    subject: Subject,
    ask: Callable[[Any], Floats],
    places: Sequence[Neighbourhood],
    slots: Sequence[NDArray[np.uint16]],
) -> list[Samples]:
    """Return the samples of each place with the model's answers, asked for in large calls."""
    cells = [place.cells(each) for place, each in zip(places, slots, strict=True)]
    chosen = [
        place.chosen(each.reshape(-1, each.shape[-1]))
        for place, each in zip(places, cells, strict=True)
    ]
    choices = chosen[0] if len(chosen) == 1 else np.concatenate(chosen)
    answers = np.concatenate(
        [ask(subject.rows(choices[part])) for part in chunks(len(choices), subject.at_once)]
    )
    parts = np.split(answers, np.cumsum([2 * len(each) for each in slots])[:-1])
    return [
        Samples(place.designed(each), part.reshape(-1, 2))
        for place, each, part in zip(places, cells, parts, strict=True)
    ]
