"""How unusual a row looks from the model's own answer: four scores of logits or probabilities.

With logits z and probabilities p = softmax(z),

    maximum probability   1 - max p                       [hendrycks2017baseline]
    entropy               -sum p ln p
    maximum logit         -max z                          [hendrycks2022scaling]
    energy                -T ln sum exp(z / T)            [liu2020energy, eq. 4]

**Larger is more unusual**, here and everywhere in alignlab; papers and libraries differ. The first
two depend on p alone. The last two are not free of shifts: a constant added to a row's logits
changes nothing that the model says, and moves them by that constant; energy changes with the
temperature as well. So they compare rows of one model, never two models, and say nothing where
logits are only known up to a constant, as ln p is.

1 - max p is added up from the other classes: as a difference it is 0 for every row of which a
model is sure to 16 digits, and those rows would be tied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.errors import InputError

__all__ = [
    "ANSWER_SCORES",
    "energy_score",
    "entropy_score",
    "max_logit_score",
    "max_probability_score",
]

Floats = NDArray[np.float64]


def max_probability_score(*, logits: Any = None, probabilities: Any = None) -> Floats:
    """Return 1 - the largest probability: how little the model commits itself.

    The baseline that others must beat. It only looks at the answer: a row far from everything seen
    can get a sure one.

    Parameters
    ----------
    logits, probabilities
        Shape (n, n_classes); exactly one of them, and nothing is guessed from the values. One
        logit a row, shape (n,), is that of the second of two classes.

    Returns
    -------
    numpy.ndarray
        Shape (n,); larger is more unusual.

    Raises
    ------
    InputError
        If both or neither is given, or a number is not what it is said to be.

    References
    ----------
    [hendrycks2017baseline]

    Examples
    --------
    >>> max_probability_score(probabilities=[[0.9, 0.1], [0.5, 0.5]])
    array([0.1, 0.5])
    >>> max_probability_score(logits=[[50.0, 0.0], [60.0, 0.0]])
    array([1.92874985e-22, 8.75651076e-27])
    """
    p = _one_of(logits, probabilities)
    others = np.arange(p.shape[1]) != p.argmax(axis=1)[:, None]
    return np.asarray(np.sum(p, axis=1, where=others))


def entropy_score(*, logits: Any = None, probabilities: Any = None) -> Floats:
    """Return the entropy of the answer in nats: how spread out it is over the classes.

    Parameters
    ----------
    logits, probabilities
        As for `max_probability_score`.

    Returns
    -------
    numpy.ndarray
        Shape (n,), from 0 to ln(n_classes); larger is more unusual.

    Examples
    --------
    >>> entropy_score(probabilities=[[1.0, 0.0], [0.5, 0.5]]).round(3)
    array([0.   , 0.693])
    """
    p = _one_of(logits, probabilities)
    # Of the largest, ln p is taken from the rest: near 1 it has lost what the others still say.
    top = np.arange(p.shape[1]) == p.argmax(axis=1)[:, None]
    rest = np.sum(p, axis=1, where=~top)
    largest = np.maximum(np.max(p, axis=1), np.finfo(float).tiny)
    log_largest = np.where(rest < 0.5, np.log1p(-np.minimum(rest, 0.5)), np.log(largest))
    others = np.sum(special.entr(p), axis=1, where=~top)
    return np.asarray(np.maximum(others - largest * log_largest, 0.0))


def max_logit_score(*, logits: Any) -> Floats:
    """Return minus the largest logit.

    It sees how strongly the best class is supported, which probabilities have divided out. A
    constant added to a row's logits moves it: compare rows of one model only.

    Parameters
    ----------
    logits
        Shape (n, n_classes). One logit z a row, shape (n,) or (n, 1), is read as (-z/2, z/2): two
        classes treated alike.

    Returns
    -------
    numpy.ndarray
        Shape (n,); larger is more unusual.

    References
    ----------
    [hendrycks2022scaling]

    Examples
    --------
    >>> max_logit_score(logits=[[9.0, 1.0], [2.0, 1.0]])
    array([-9., -2.])
    """
    return np.asarray(-_logits(logits).max(axis=1))


def energy_score(*, logits: Any, temperature: float = 1.0) -> Floats:
    """Return the energy -T ln sum exp(z / T): how little support all classes have together.

    A constant added to a row's logits moves it by as much, and so does a temperature fitted to
    calibrate the model: compare rows of one model at one temperature only.

    Parameters
    ----------
    logits
        As for `max_logit_score`.
    temperature
        T, above 0; 1 is the model as it is.

    Returns
    -------
    numpy.ndarray
        Shape (n,); larger is more unusual.

    References
    ----------
    [liu2020energy]

    Examples
    --------
    >>> energy_score(logits=[[9.0, 1.0], [2.0, 1.0]]).round(3)
    array([-9.   , -2.313])
    """
    if isinstance(temperature, bool) or not (np.isfinite(temperature) and temperature > 0):
        raise InputError(f"temperature={temperature!r} is not a number above 0. Give 1 for none.")
    z = _logits(logits)
    return np.asarray(-temperature * special.logsumexp(z / temperature, axis=1))


ANSWER_SCORES: dict[str, Callable[..., Floats]] = {
    "max_probability": max_probability_score,
    "entropy": entropy_score,
    "max_logit": max_logit_score,
    "energy": energy_score,
}
"""The scores of a model's answers, by name."""


def _one_of(logits: Any, probabilities: Any) -> Floats:
    """Return probabilities from whichever was given."""
    if (logits is None) == (probabilities is None):
        given = "Neither was" if logits is None else "Both were"
        raise InputError(f"{given} given: say either logits=... or probabilities=...")
    if logits is not None:
        return np.asarray(special.softmax(_logits(logits), axis=1))
    p = _numbers(probabilities, "probabilities")
    if p.ndim != 2 or p.shape[1] < 2:
        raise InputError(
            f"probabilities has the shape {p.shape}. Give one column a class, shape (n, n_classes)."
        )
    bad = ~((p >= 0) & (p <= 1)).all(axis=1) | (np.abs(p.sum(axis=1) - 1) > 1e-3)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"Row {row} of probabilities is {p[row].tolist()}: they lie between 0 and 1 and sum to "
            "1. Give logits as logits=..."
        )
    return p


def _logits(logits: Any) -> Floats:
    z = _numbers(logits, "logits")
    if z.ndim == 1 or (z.ndim == 2 and z.shape[1] == 1):
        half = z.reshape(-1, 1) / 2
        return np.hstack([-half, half])
    if z.ndim != 2 or z.shape[1] == 0:
        raise InputError(f"logits has the shape {z.shape}. Give one a class, shape (n, n_classes).")
    return z


def _numbers(given: Any, what: str) -> Floats:
    if hasattr(given, "detach"):
        given = given.detach().cpu().double().numpy()
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} is not an array of numbers, shape (n, n_classes).") from None
    bad = ~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1) if numbers.ndim else [True]
    if np.any(bad):
        row = int(np.argmax(bad))
        raise InputError(f"Row {row} of {what} is not finite. Leave such rows out.")
    return numbers
