"""Maps from a model's probabilities to recalibrated ones: frozen numbers, nothing else.

With s = log p of a row (n_classes,) and r_k = log(1 - p_k), each map gives logits, then a softmax:

    temperature     s / T                                          [guo2017calibration, sec. 4.2]
    vector          w_k s_k + b_k                                  [guo2017calibration, sec. 4.2]
    Platt           a_k (s_k - r_k) + b_k, one class against the rest      [platt1999probabilistic]
    beta            a_k s_k - b_k r_k + c_k, likewise              [kull2017beta, eq. 4]
    isotonic        a non-decreasing step of s_k - r_k, likewise   [zadrozny2002transforming]

One class against the rest gives a probability each, and these are divided by their sum; of two
classes the second alone is mapped. Scores are log-probabilities, so that a constant added to a
model's logits changes nothing, and none is taken below log(2.2e-16), so that a certain answer has
one. The maps of NumPy and of torch are one code: a torch module stays differentiable.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import ModelError

__all__ = [
    "LOWEST",
    "MAPS",
    "Beta",
    "Identity",
    "Isotonic",
    "Platt",
    "ProbabilityMap",
    "Temperature",
    "Vector",
    "keeping_decisions",
    "log_probabilities",
    "map_from_dict",
    "normalised_scores",
    "one_against_rest",
    "recalibrated_scores",
]

Floats = NDArray[np.float64]
Array = Any
"""A NumPy array or a torch tensor; what comes in goes out."""

FLOOR = float(np.finfo(float).eps)
LOWEST = float(np.log(FLOOR))
"""No probability is taken below the first, no log-probability below the second."""

KEPT = 1e-3
"""Of the model's own order among classes that a kept decision has made equal, so much is left."""

AHEAD = 1e-6
"""How far a kept decision is ahead, in log-probability: enough for 32-bit floats."""


@dataclass(frozen=True, slots=True)
class ProbabilityMap(ABC):
    """A map from log-probabilities (n, n_classes) to probabilities (n, n_classes)."""

    name: ClassVar[str] = ""
    keeps_order: ClassVar[bool] = False
    """Whether the classes of every row stay in their order, so that no decision can change."""

    def __call__(self, log_probabilities: Array) -> Array:
        """Return probabilities, shape (n, n_classes).

        Parameters
        ----------
        log_probabilities
            Shape (n, n_classes); `log_probabilities(p)` gives them, and so do logits up to a
            constant a row.
        """
        return _library(log_probabilities).exp(self.log(log_probabilities))

    def log(self, log_probabilities: Array) -> Array:
        """Return log-probabilities, shape (n, n_classes)."""
        return _normalised(self._logits(normalised_scores(log_probabilities)))

    @abstractmethod
    def _logits(self, scores: Array) -> Array:
        """Return logits of normalised scores."""

    def to_dict(self) -> dict[str, Any]:
        """Return the map's name and its numbers."""
        return {"map": self.name, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Identity(ProbabilityMap):
    """The model's own probabilities."""

    name: ClassVar[str] = "none"
    keeps_order: ClassVar[bool] = True

    def _logits(self, scores: Array) -> Array:
        return scores


@dataclass(frozen=True, slots=True)
class Temperature(ProbabilityMap):
    """All log-probabilities times one number.

    Attributes
    ----------
    inverse
        1 / T: below 1 makes the model less sure, above 1 surer.
    """

    inverse: float

    name: ClassVar[str] = "temperature"
    keeps_order: ClassVar[bool] = True

    @property
    def temperature(self) -> float:
        """T."""
        return 1 / self.inverse

    def _logits(self, scores: Array) -> Array:
        return scores * self.inverse


@dataclass(frozen=True, slots=True)
class Vector(ProbabilityMap):
    """A slope and a shift for each class.

    Attributes
    ----------
    slopes, shifts
        One each class.
    """

    slopes: tuple[float, ...]
    shifts: tuple[float, ...]

    name: ClassVar[str] = "vector"

    def _logits(self, scores: Array) -> Array:
        return scores * _like(self.slopes, scores) + _like(self.shifts, scores)


@dataclass(frozen=True, slots=True)
class Platt(ProbabilityMap):
    """A line through each class's log-odds; with two classes, one line.

    Attributes
    ----------
    slopes, shifts
        One each class; of two classes one, the second's.
    """

    slopes: tuple[float, ...]
    shifts: tuple[float, ...]

    name: ClassVar[str] = "platt"

    def _logits(self, scores: Array) -> Array:
        event, rest = one_against_rest(scores)
        odds = (event - rest) * _like(self.slopes, scores) + _like(self.shifts, scores)
        return _from_odds(odds)


@dataclass(frozen=True, slots=True)
class Beta(ProbabilityMap):
    """A slope for an event's log-probability, another for its absence, and a shift.

    Attributes
    ----------
    event_slopes, rest_slopes
        From 0 up; one each class, of two classes one, the second's.
    shifts
        Likewise, of any sign.
    """

    event_slopes: tuple[float, ...]
    rest_slopes: tuple[float, ...]
    shifts: tuple[float, ...]

    name: ClassVar[str] = "beta"

    def _logits(self, scores: Array) -> Array:
        event, rest = one_against_rest(scores)
        odds = event * _like(self.event_slopes, scores) - rest * _like(self.rest_slopes, scores)
        return _from_odds(odds + _like(self.shifts, scores))


@dataclass(frozen=True, slots=True)
class Isotonic(ProbabilityMap):
    """A non-decreasing line through points, for each class.

    Attributes
    ----------
    log_odds
        For each class (of two the second) the points' places, ascending.
    probabilities
        Their probabilities, neither 0 nor 1, non-decreasing; between points a straight line,
        beyond them constant.
    """

    log_odds: tuple[tuple[float, ...], ...]
    probabilities: tuple[tuple[float, ...], ...]

    name: ClassVar[str] = "isotonic"

    def _logits(self, scores: Array) -> Array:
        library = _library(scores)
        event, rest = one_against_rest(scores)
        odds = event - rest
        columns = [
            _interpolated(odds[:, k], _like(places, scores), _like(values, scores))
            for k, (places, values) in enumerate(
                zip(self.log_odds, self.probabilities, strict=True)
            )
        ]
        mapped = library.stack(columns, -1)
        if len(columns) == 1:
            mapped = library.concatenate([1 - mapped, mapped], -1)
        return library.log(mapped)


MAPS: dict[str, type[ProbabilityMap]] = {
    each.name: each for each in (Identity, Temperature, Vector, Platt, Beta, Isotonic)
}
"""All maps by name."""


def map_from_dict(stated: Mapping[str, Any]) -> ProbabilityMap:
    """Return the map that `to_dict` wrote.

    Raises
    ------
    ModelError
        If it is none; the message says what is wrong.

    Examples
    --------
    >>> map_from_dict({"map": "temperature", "inverse": 0.5}).temperature
    2.0
    """
    kind = MAPS.get(str(stated.get("map")))
    if kind is None:
        raise ModelError(
            f"{stated.get('map')!r} is no map of probabilities; there are {', '.join(MAPS)}."
        )
    names = [field.name for field in fields(kind)]
    if set(stated) != {"map", *names}:
        raise ModelError(f"The map {kind.name!r} is made of {', '.join(names) or 'nothing'}.")
    values = {name: _frozen(stated[name], name) for name in names}
    parts = list(values.values())
    if any(_sizes(part) != _sizes(parts[0]) for part in parts):
        raise ModelError(f"The parts of the map {kind.name!r} differ in length.")
    for name in SOUND.keys() & set(names):
        said, holds = SOUND[name]
        try:
            sound = holds(values[name])
        except (TypeError, ValueError, IndexError):  # of another shape
            sound = False
        if not sound:
            raise ModelError(f"{name} of the map {kind.name!r} must be numbers {said}.")
    return kind(**values)


def log_probabilities(probabilities: Floats) -> Floats:
    """Return the logarithms of probabilities, none below that of 2.2e-16.

    Examples
    --------
    >>> log_probabilities(np.array([[0.0, 1.0]])).round(2).tolist()
    [[-36.04, 0.0]]
    """
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(probabilities), LOWEST)


def one_against_rest(scores: Array) -> tuple[Array, Array]:
    """Return log p_k and log(1 - p_k) of each class; of two classes, of the second alone.

    Near certainty 1 - p_k is the sum of the others: a difference would be rounding.
    """
    library = _library(scores)
    if scores.shape[1] == 2:
        return scores[:, 1:], scores[:, :1]
    shares = library.exp(scores)
    places = _counted(scores)
    first = places == scores.argmax(1)[:, None]
    others = (shares * ~first).sum(1)[:, None]
    return scores, library.log(library.where(first, others, 1 - shares).clip(FLOOR))


def recalibrated_scores(
    probability_map: ProbabilityMap, log_probabilities: Array, *, keep_decisions: bool
) -> Array:
    """Return a map's log-probabilities, with the model's own decisions where they are kept."""
    mapped = probability_map.log(log_probabilities)
    if probability_map.keeps_order or not keep_decisions:
        return mapped
    return keeping_decisions(mapped, _normalised(log_probabilities))


def keeping_decisions(log_mapped: Array, log_original: Array) -> Array:
    """Return mapped log-probabilities whose largest is the model's own choice, in every row.

    In a row whose largest class would be another, the model's class and those above it share their
    mean: the nearest probabilities, in Kullback-Leibler divergence from the mapped ones, that keep
    the decision. Among them a thousandth of the model's own log-probabilities keeps its order.

    Parameters
    ----------
    log_mapped
        Of the map, shape (n, n_classes).
    log_original
        Of the model.

    Examples
    --------
    >>> said, mapped = np.log([[0.4, 0.6]]), np.log([[0.8, 0.2]])
    >>> np.exp(keeping_decisions(mapped, said)).round(3).tolist()
    [[0.5, 0.5]]
    """
    library = _library(log_mapped)
    choice = log_original.argmax(1)
    changed = log_mapped.argmax(1) != choice
    if not bool(changed.any()):
        return log_mapped
    mapped, original = log_mapped[changed], log_original[changed]
    chosen = _counted(mapped) == choice[changed][:, None]
    shares = library.exp(mapped)
    own = (shares * chosen).sum(1)[:, None]
    others = _descending(shares * ~chosen)
    means = (own + others.cumsum(-1)) / (_counted(mapped) + 2)
    # Classes join, the largest first, for as long as their mean rises.
    level = library.maximum(own, library.amax(means, -1)[:, None])
    pooled = library.where(chosen | (shares > level), level, shares)
    ordered = library.log(pooled.clip(FLOOR))
    kept = _normalised(ordered + KEPT * original + AHEAD * chosen)
    if _is_torch(kept):
        return log_mapped.index_put((changed,), kept)
    result = log_mapped.copy()
    result[changed] = kept
    return result


def normalised_scores(given: Array) -> Array:
    """Return log-probabilities of logits of any kind, none below the lowest."""
    return _normalised(given).clip(LOWEST)


def _normalised(logits: Array) -> Array:
    if _is_torch(logits):
        return _library(logits).log_softmax(logits, dim=-1)
    with np.errstate(invalid="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _from_odds(odds: Array) -> Array:
    """Return logits of log-odds of each class; of two classes, of the second."""
    library = _library(odds)
    if odds.shape[1] == 1:
        return library.concatenate([0 * odds, odds], -1)
    return -library.logaddexp(0 * odds, -odds)


def _interpolated(at: Array, places: Array, values: Array) -> Array:
    if len(places) == 1:
        return values[0] + 0 * at
    library = _library(at)
    if _is_torch(at):
        above = library.searchsorted(places, at.detach().contiguous(), right=True)
    else:
        above = np.searchsorted(places, at, side="right")
    above = above.clip(1, len(places) - 1)
    left, right = places[above - 1], places[above]
    share = ((at - left) / (right - left)).clip(0, 1)
    return values[above - 1] + share * (values[above] - values[above - 1])


def _descending(array: Array) -> Array:
    if _is_torch(array):
        return array.sort(dim=-1, descending=True).values
    return -np.sort(-array, axis=-1)


def _library(array: Array) -> Any:
    return sys.modules["torch"] if _is_torch(array) else np


def _is_torch(array: Array) -> bool:
    return hasattr(array, "detach")


def _like(numbers: tuple[float, ...], array: Array) -> Array:
    if _is_torch(array):
        return array.new_tensor(numbers)
    return np.asarray(numbers, dtype=np.float64)


def _counted(array: Array) -> Array:
    """Return 0, 1, 2, … in the shape of one row."""
    width = array.shape[1]
    if _is_torch(array):
        return sys.modules["torch"].arange(width, device=array.device)[None, :]
    return np.arange(width)[None, :]


def _frozen(value: Any, name: str) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_frozen(each, name) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ModelError(f"{name} of a map of probabilities holds {value!r}, which is no number.")
    return float(value)


def _rises(steps: tuple[float, ...], *, strictly: bool) -> bool:
    return all(b > a or (b == a and not strictly) for a, b in pairwise(steps))


def _from_zero(slopes: tuple[float, ...]) -> bool:
    return min(slopes) >= 0


SOUND: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "inverse": ("above 0", lambda value: value > 0),
    "slopes": ("from 0 up", _from_zero),
    "event_slopes": ("from 0 up", _from_zero),
    "rest_slopes": ("from 0 up", _from_zero),
    "log_odds": ("ascending", lambda value: all(_rises(each, strictly=True) for each in value)),
    "probabilities": (
        "between 0 and 1, and not descending",
        lambda value: all(
            each[0] > 0 and each[-1] < 1 and _rises(each, strictly=False) for each in value
        ),
    ),
}
"""What the numbers of a map that ranks rows as its model does are like; shifts are free."""


def _sizes(value: Any) -> Any:
    if not isinstance(value, tuple):
        return None
    return tuple(_sizes(each) for each in value) or None
