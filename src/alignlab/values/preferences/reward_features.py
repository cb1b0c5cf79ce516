"""What a reward sees of an item: the numbers of a row, of each step of a trajectory, or of a text.

Every item becomes one or more steps x_1 … x_T; its utility is the sum of r(x_t), or their mean with
`normalise="length"`. A row or a text is one step. Linear rewards are fitted to features less their
mean over the compared items, in units of their standard deviation there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError, require_choice

__all__ = [
    "Encoder",
    "Features",
    "Normalise",
    "Standardised",
    "Steps",
    "encoder_for",
    "standardised",
]

Floats = NDArray[np.float64]
Features = Literal["states", "states and actions"] | Callable[..., Any] | None
Normalise = Literal["none", "length"]

FLAT = 1e-12
"""A feature that varies by less than this share of its size is the same everywhere."""

TEXT_FEATURES = ("log of words", "letters a word", "lines", "share of digits")
"""What a text is described by where nobody says better: its form, and nothing of its meaning."""


@dataclass(frozen=True, eq=False)
class Steps:
    """All items' steps, one below the other.

    Attributes
    ----------
    inputs
        Shape (n_steps, d).
    owner
        The item of each step, rising, (n_steps,).
    weight
        What each item's sum is multiplied by: 1, or 1 over its length; (n_items,).
    """

    inputs: Floats
    owner: NDArray[np.int64]
    weight: Floats

    def total(self, values: Floats) -> Floats:
        """Return each item's (weighted) sum of the steps' values, (n_items,) or (n_items, d)."""
        if values.ndim == 1:
            return np.bincount(self.owner, values, len(self.weight)) * self.weight
        return np.column_stack([self.total(column) for column in values.T])


@dataclass(frozen=True, eq=False)
class Encoder:
    """How items become numbers.

    Attributes
    ----------
    kind
        "rows", "trajectories" or "texts".
    features
        "states", "states and actions", a function, or `None` for what the kind offers.
    n_states, n_actions
        How many there are, where they are numbers of things; 0 where they are vectors.
    normalise
        "length" for the mean over steps.
    names
        Of the inputs.
    """

    kind: str
    features: Features
    n_states: int
    n_actions: int
    normalise: Normalise
    names: tuple[str, ...]

    def steps(self, items: Any) -> Steps:
        """Return the items' steps.

        Raises
        ------
        InputError
            If the items are of another kind, or are described by another number of inputs.
        """
        if self.kind == "rows":
            rows = np.atleast_2d(np.asarray(items, np.float64))
            inputs = rows if self.features is None else self._called(len(rows), rows)
            return self._checked(inputs, np.arange(len(rows)), np.ones(len(rows)))
        listed: list[Any] = [items] if isinstance(items, str | Trajectory) else list(items)
        wanted = str if self.kind == "texts" else Trajectory
        for at, item in enumerate(listed):
            if not isinstance(item, wanted):
                raise InputError(
                    f"Item {at} is a {type(item).__name__}; the reward is of {self.kind}."
                )
        if self.kind == "texts":
            given = [_form(text) for text in listed] if self.features is None else None
            inputs = np.array(given) if given is not None else self._called(len(listed), listed)
            return self._checked(inputs, np.arange(len(listed)), np.ones(len(listed)))
        lengths = np.array([len(each) for each in listed])
        owner = np.repeat(np.arange(len(listed)), lengths)
        states = np.concatenate([each.states[:-1] for each in listed])
        actions = np.concatenate([each.actions for each in listed if len(each)] or [np.zeros(0)])
        if callable(self.features):
            after = np.concatenate([each.states[1:] for each in listed])
            inputs = self._called(len(owner), states, actions, after)
        else:
            inputs = _columns(states, self.n_states, "state")
            if self.features == "states and actions":
                inputs = np.hstack([inputs, _columns(actions, self.n_actions, "action")])
        weight = 1 / np.maximum(lengths, 1) if self.normalise == "length" else np.ones(len(lengths))
        return self._checked(inputs, owner, weight)

    def _called(self, n: int, *given: Any) -> Floats:
        made = np.asarray(self.features(*given), np.float64)  # type: ignore[operator, misc]
        made = made[:, None] if made.ndim == 1 else made
        if made.ndim != 2 or len(made) != n or not np.isfinite(made).all():
            raise InputError(
                f"features returned an array of shape {made.shape}: return finite numbers, one row "
                f"for each of {n}."
            )
        return made

    def _checked(self, inputs: Floats, owner: NDArray[Any], weight: Floats) -> Steps:
        if self.names and inputs.shape[1] != len(self.names):
            raise InputError(
                f"The items have {inputs.shape[1]} inputs; the reward is of {len(self.names)}: "
                f"{', '.join(self.names[:5])}{' …' if len(self.names) > 5 else ''}."
            )
        return Steps(inputs, owner.astype(np.int64), weight)


def encoder_for(
    dataset: PreferenceDataset,
    *,
    features: Features = None,
    feature_names: Sequence[str] | None = None,
    normalise: Normalise = "none",
) -> Encoder:
    """Return the encoder of a dataset's items.

    Parameters
    ----------
    dataset
        Whose items are described.
    features
        Of trajectories "states" (the state in which each action was taken) or "states and actions",
        where numbered ones become indicators; or a function of (states, actions, next states) that
        returns one row a step. Of rows or texts a function of all of them, one row each.
    feature_names
        What the inputs are called.
    normalise
        "none": a trajectory's utility is the sum over its steps; "length": the mean.

    Raises
    ------
    InputError
        If the features do not fit the items.
    """
    require_choice(normalise, ("none", "length"), what="normalise")
    kind = dataset.kind
    if isinstance(features, str):
        require_choice(features, ("states", "states and actions"), what="features")
        if kind != "trajectories":
            raise InputError(f"features={features!r} is for trajectories; the items are {kind}.")
    if normalise == "length" and kind != "trajectories":
        raise InputError(f"normalise='length' is for trajectories; the items are {kind}.")
    states = actions = state_width = 0
    if kind == "trajectories" and not callable(features):
        features = features or "states"
        states = _count([each.states for each in dataset.items])  # type: ignore[union-attr]
        actions = _count([each.actions for each in dataset.items])  # type: ignore[union-attr]
        state_width = states or dataset.items[0].states.shape[1]  # type: ignore[union-attr]
    bare = Encoder(kind, features, states, actions, normalise, ())
    width = bare.steps(dataset.items).inputs.shape[1]
    names = (
        _names(bare, width, state_width)
        if feature_names is None
        else tuple(map(str, feature_names))
    )
    if len(names) != width:
        raise InputError(f"There are {len(names)} feature names for {width} features.")
    return Encoder(kind, features, states, actions, normalise, names)


@dataclass(frozen=True, eq=False)
class Standardised:
    """Features in standard deviations, and the way back to those that were given.

    Attributes
    ----------
    phi
        Shape (n_items, number of features that vary), or `None` for scores.
    names
        Of its columns, or of the items.
    centre
        The mean of the features that were given.
    back
        Multiplies the weights of `phi` to give those of the features; `None` for scores.
    constant
        Which of the features that were given are the same in all compared items.
    """

    phi: Floats | None
    names: tuple[str, ...]
    centre: Floats
    back: Floats | None
    constant: NDArray[np.bool_]

    def weights(self, own: Floats) -> Floats:
        """Return the weights of the features that were given, (..., n)."""
        return own if self.back is None else own @ self.back.T

    def flat(self, own: Floats) -> Floats:
        """Return the directions of those weights that comparisons do not tell, one a column."""
        if self.back is None:
            return own
        along = np.where(np.abs(own) > 1e-6, own, 0.0)
        return np.hstack([self.back @ along, np.eye(len(self.back))[:, self.constant]])


def standardised(train: PreferenceDataset, encoder: Encoder | None) -> Standardised:
    """Return a dataset's features in standard deviations over the compared items.

    Parameters
    ----------
    train
        Whose items are described.
    encoder
        How; `None` for scores, which are left as they are.
    """
    if encoder is None:
        names = tuple(str(at) for at in range(train.n_items))
        return Standardised(None, names, np.zeros(0), None, np.zeros(train.n_items, bool))
    steps = encoder.steps(train.items)
    given = steps.total(steps.inputs)
    compared = np.unique(train.members)
    centre = given[compared].mean(axis=0)
    spread = (given[compared] - centre).std(axis=0)
    constant = spread <= FLAT * np.sqrt(np.mean(given[compared] ** 2, axis=0))
    kept = np.flatnonzero(~constant)
    return Standardised(
        (given[:, kept] - centre[kept]) / spread[kept],
        tuple(encoder.names[at] for at in kept),
        centre,
        np.eye(len(centre))[:, kept] / spread[kept],
        constant,
    )


def _names(encoder: Encoder, width: int, states: int) -> tuple[str, ...]:
    if encoder.kind == "texts" and encoder.features is None:
        return TEXT_FEATURES
    if encoder.kind != "trajectories" or callable(encoder.features):
        return tuple(f"feature {at}" for at in range(width))
    named = [f"state {at}" for at in range(states)]
    return (*named, *(f"action {at}" for at in range(width - states)))


def _count(arrays: Sequence[NDArray[Any]]) -> int:
    """Return how many numbered things there are; 0 if they are vectors."""
    if arrays[0].ndim > 1:
        return 0
    return 1 + max((int(each.max()) for each in arrays if each.size), default=0)


def _columns(values: NDArray[Any], count: int, what: str) -> Floats:
    if not count:
        return values.reshape(len(values), -1).astype(np.float64)
    wrong = values[values >= count]
    if wrong.size:
        raise InputError(f"There is a {what} {wrong[0]}; the reward knows 0 to {count - 1}.")
    return np.eye(count)[values.astype(np.intp)]


def _form(text: str) -> tuple[float, ...]:
    words = re.findall(r"\w+", text)
    letters = sum(map(len, words))
    return (
        float(np.log1p(len(words))),
        letters / max(len(words), 1),
        float(text.count("\n") + 1),
        sum(each.isdigit() for each in text) / max(len(text), 1),
    )
