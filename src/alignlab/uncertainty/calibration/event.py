"""The statement whose probability is judged: it came true or not, row by row.

What is called "the" calibration error of a classifier is that of the class chosen (top label), of
one class, or of each class in turn: different statements, different numbers. `about` says which.
Logits are turned into probabilities where the caller says that they are logits, and only there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError, require_choice

__all__ = ["About", "Event", "as_event", "as_outcomes", "as_probabilities", "as_weights"]

Floats = NDArray[np.float64]

About = Literal["auto", "top-label"] | int
"""Which statement: "auto", "top-label", or the position of a class."""

ROUNDED = 0.01
"""Printed probabilities of K classes miss a sum of one by at most K times this, and by 0.1."""


@dataclass(frozen=True, eq=False)
class Event:
    """A yes-or-no statement about each row, the probability given to it, and whether it came true.

    Attributes
    ----------
    probability
        Shape (n,).
    outcome
        1.0 where it came true, else 0.0; shape (n,).
    weights
        Positive, shape (n,).
    weighted
        Whether weights were given.
    name
        Which probability this is, in words.
    """

    probability: Floats
    outcome: Floats
    weights: Floats
    weighted: bool
    name: str

    def __len__(self) -> int:
        return len(self.probability)

    def __getitem__(self, at: NDArray[Any]) -> Event:
        """Return the statement about some of the rows."""
        return Event(
            self.probability[at], self.outcome[at], self.weights[at], self.weighted, self.name
        )

    @property
    def effective_rows(self) -> float:
        """The number of equally weighted rows that would know as much."""
        return float(self.weights.sum() ** 2 / (self.weights @ self.weights))

    @property
    def fewest(self) -> int:
        """How many rows have the rarer outcome."""
        came_true = int(self.outcome.sum())
        return min(came_true, len(self) - came_true)


def as_event(
    probability: ArrayLike,
    outcome: ArrayLike,
    weights: ArrayLike | None = None,
    name: str | None = None,
    *,
    about: About = "auto",
    logits: bool = False,
) -> Event:
    """Check what was given and say which event it is about.

    Parameters
    ----------
    probability
        Shape (n,): the probability of the event. Shape (n, K): one column a class.
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,); rows of weight 0 are left out. `None` weighs all alike.
    name
        Which probability this is, in words; `None` says it as `about` has it.
    about
        Of (n, K) probabilities: "top-label", each row's largest, the event being that it was
        right; a class's position, that class's column; "auto", the second class of two and the
        top label of more.
    logits
        Whether `probability` holds logits: log-odds where its shape is (n,), unnormalised
        log-probabilities where it is (n, K).

    Raises
    ------
    InputError
        If shapes differ, a number is out of range, or fewer than two rows have weight.
    """
    said = as_probabilities(probability, logits=logits)
    happened = as_outcomes(outcome, said)
    mass = as_weights(weights, len(said))
    if isinstance(about, str):
        require_choice(about, ("auto", "top-label"), what="about")
    if said.ndim == 1:
        if about != "auto":
            raise InputError(
                f"about={about!r}, but probability has shape {said.shape}: the probability of one "
                "event. Give (n, n_classes), or leave `about` out."
            )
        words = "the probability of the event"
    else:
        n_classes = said.shape[1]
        if about == "auto":
            about = 1 if n_classes == 2 else "top-label"
        if about == "top-label":
            happened = said.argmax(axis=1) == happened
            said, words = said.max(axis=1), "the probability of the class chosen (top label)"
        else:
            if isinstance(about, bool) or about not in range(n_classes):
                raise InputError(
                    f"about={about!r} is not a class's position from 0 to {n_classes - 1}, "
                    "'top-label' or 'auto'."
                )
            second = n_classes == 2 and about == 1
            words = f"the probability of {'the second class' if second else f'class {about}'}"
            happened, said = happened == about, said[:, about]
    kept = mass > 0
    return Event(
        said[kept], happened[kept].astype(float), mass[kept], weights is not None, name or words
    )


def as_probabilities(probability: ArrayLike, *, logits: bool = False) -> Floats:
    """Return probabilities of shape (n,) or (n, K) that are in range and sum to one."""
    said = np.asarray(probability, float)
    if said.ndim not in (1, 2) or (said.ndim == 2 and said.shape[1] < 2):
        raise InputError(
            f"probability has shape {said.shape}: give (n,) or (n, n_classes), two classes or more."
        )
    if logits:
        bad = ~_in_row(np.isfinite(said))
        if bad.any():
            row = int(bad.argmax())
            raise InputError(f"The logits in row {row} are {said[row].tolist()}: they are finite.")
        return np.asarray(special.expit(said) if said.ndim == 1 else special.softmax(said, axis=1))
    # `not >=` rather than `<`, so that NaN is caught as well.
    bad = ~_in_row((said >= 0) & (said <= 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"The probability in row {row} is {said[row].tolist()}: it lies between 0 and 1. "
            "If these are logits, say logits=True."
        )
    if said.ndim == 2:
        off = np.abs(said.sum(axis=1) - 1)
        if len(off) and off.max() > min(ROUNDED * said.shape[1], 0.1) + 1e-9:
            row = int(off.argmax())
            raise InputError(
                f"The probabilities in row {row} sum to {said[row].sum():.3g}: they sum to 1. "
                "If these are logits, say logits=True."
            )
    return said


def _in_row(holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return holds if holds.ndim == 1 else np.asarray(holds.all(axis=1))


def as_outcomes(outcome: ArrayLike, said: Floats) -> NDArray[Any]:
    """Return outcomes of shape (n,): 0 or 1, or the index of a class."""
    happened = np.asarray(outcome)
    if happened.shape != said.shape[:1]:
        raise InputError(
            f"probability has shape {said.shape} and outcome {happened.shape}: give (n,) or "
            "(n, n_classes) probabilities and (n,) outcomes."
        )
    n_classes = said.shape[1] if said.ndim == 2 else 2
    wrong = ~np.isin(happened, np.arange(n_classes))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"The outcome in row {row} is {happened[row]!r}: it is a whole number from 0 to "
            f"{n_classes - 1}."
        )
    return happened.astype(np.intp)


def as_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Return one finite weight from 0 for each of n rows, at least two of them above 0."""
    mass = np.ones(n) if weights is None else np.asarray(weights, float)
    if mass.shape != (n,) or not (np.isfinite(mass) & (mass >= 0)).all():
        raise InputError("weights are finite numbers from 0, one a row.")
    if (mass > 0).sum() < 2:
        raise InputError(f"{int((mass > 0).sum())} rows have weight; calibration needs at least 2.")
    return mass
