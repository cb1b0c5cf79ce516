"""Scores or weights by maximum likelihood: which maximum, its covariance, and what is not known.

Where the likelihood has a finite maximum, that is the estimate; where it has none, a ridge keeps it
finite and a note says which items or weights run off [albert1984existence]. Features are centred
and divided by their standard deviation before they are fitted; one that is the same in all compared
items is left out. Standard errors are of the sandwich: between annotators where there are enough of
them, otherwise between comparisons. With joint reliabilities they are of the inverse Hessian,
carried by the delta method to the scale on which the mean reliability is 1; they are too short
where annotators gave fewer than about a hundred answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import PreferenceDataset
from alignlab.errors import InputError, listed
from alignlab.intervals import Estimate, critical_value
from alignlab.random import as_generator
from alignlab.values.preferences.comparisons import Choices
from alignlab.values.preferences.existence import separating_direction
from alignlab.values.preferences.fitted_reward import FittedReward, Reliability
from alignlab.values.preferences.maximum_likelihood import (
    DENSE_JOINT,
    ChoiceModel,
    Maximum,
    inverse,
    maximise,
    sandwich,
)
from alignlab.values.preferences.reward_features import Encoder, standardised

__all__ = ["fit_weights"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REMEDY = 0.25
"""The ridge where there is no finite maximum: a prior of standard deviation 2 on the log odds."""

PULL = 0.1
"""A ridge of reliabilities around 1, and of the scores or weights that they multiply: where one
annotator never errs, the product has a finite maximum and its factors have none."""

FEWEST_CLUSTERS = 10
"""With fewer annotators, or fewer than two a weight, how they differ cannot be told."""

FEWEST_JUDGES = 20
"""Where fewer annotators judged an item, its score follows them, and what they answered differs
from it by nothing: at the maximum the gradient by a score is 0, and clusters look certain."""

FEW_ANSWERS = 100
"""With fewer answers an annotator, intervals of reliabilities cover less than they say."""

MOST_ERRORS = 1_500
"""With more scores than this their covariance is not computed: it would take minutes."""

NO_MEAN = 0.1
"""A mean of reliabilities below this share of their size is no scale to tell them on."""

CONTRADICTION = (
    "The annotators contradict each other: their reliabilities have a mean that cannot be told "
    "from 0. Use annotators='alike'."
)

ONLY_TIES = "Every answer is a tie: the chance of one runs off to 100 %."

CERTAIN = 15.0
"""Log odds beyond which a maximum is looked at: is it one, or is it on its way to infinity?"""


@dataclass(frozen=True, eq=False)
class _Weights:
    """What Newton's method found: parameters in their final scale, and what is known of them."""

    found: Maximum
    model: ChoiceModel
    ridge: float


def fit_weights(
    train: PreferenceDataset,
    choices: Choices,
    encoder: Encoder | None,
    annotators: str,
    ensemble: int,
    regularization: float | None,
    level: float,
    seed: int,
    notes: list[str],
) -> FittedReward:
    """Return the scores (without an encoder) or the weights; `notes` are added to."""
    standard = standardised(train, encoder)
    phi, names = standard.phi, standard.names
    who, code = _annotators(train)
    made = _maximum(choices, phi, code if annotators == "reliability" else None, regularization,
                    names, notes)  # fmt: skip
    parameters, covariance, flat, method, freedom = _covariance(made, code, len(train), len(who))
    d = made.model.n_weights
    own = _flat(flat, made.model)
    if d > MOST_ERRORS:
        notes.append(
            f"There are {d:,} scores, too many for standard errors: fit with ensemble=20 for their "
            "spread."
        )
    flat = standard.flat(own)
    unknown = np.abs(flat).max(axis=1, initial=0.0) > 0
    if encoder is not None and unknown.any():
        lost = listed(encoder.names[at] for at in np.flatnonzero(unknown))
        notes.append(
            f"These comparisons cannot tell the weight of {lost}: along them, alone or together, "
            "the compared items do not differ."
        )
    t = critical_value(level, freedom=freedom)
    errors = t * np.sqrt(np.maximum(np.diag(covariance), 0))
    weights, tie_logs = parameters[None, :d], parameters[None, d : d + len(choices.tie_sizes)]
    weights = standard.weights(weights - weights @ own @ own.T)
    told = standard.weights(standard.weights(covariance[:d, :d]).T)
    half = np.where(unknown, np.inf, t * np.sqrt(np.maximum(np.diag(told), 0)))
    name = method.split(":")[0]
    estimates = tuple(
        Estimate(float(v), float(v - h), float(v + h), level, len(train), name)
        for v, h in zip(weights[0], half, strict=True)
    )
    ties = len(choices.tie_sizes)
    reliabilities = []
    if annotators == "reliability":
        for at, person in enumerate(who):
            tau, off = parameters[d + ties + at], errors[d + ties + at]
            each = Estimate(float(tau), float(tau - off), float(tau + off), level,
                            int(np.sum(code == at)), name)  # fmt: skip
            reliabilities.append(Reliability(person, each.n, each))
        fewest = min(each.n_comparisons for each in reliabilities)
        if fewest < FEW_ANSWERS:
            notes.append(
                f"Somebody gave {fewest} answers: with fewer than about {FEW_ANSWERS} each, "
                "intervals of reliabilities are too short."
            )
    if ensemble > 1:
        weights, tie_logs = _bootstrap(choices, phi, made.ridge, ensemble, seed, names)
        weights = standard.weights(weights - weights @ own @ own.T)
        method = f"spread of {ensemble} bootstrap members beside {method}"
    return FittedReward(
        model="scores" if encoder is None else "linear",
        names=names if encoder is None else encoder.names,
        weights=weights,
        estimates=estimates,
        covariance=None if ensemble > 1 or d > MOST_ERRORS else told,
        flat=flat,
        tie_sizes=choices.tie_sizes,
        tie_logs=tie_logs,
        n_comparisons=len(train),
        log_loss=made.found.loss.value / len(train),
        regularization=made.ridge,
        standard_errors=method,
        converged=made.found.converged,
        iterations=made.found.iterations,
        gradient=made.found.gradient,
        centre=standard.centre,
        encoder=encoder,
        reliabilities=tuple(reliabilities),
        notes=tuple(notes),
    )


def _annotators(train: PreferenceDataset) -> tuple[list[str], Ints | None]:
    if train.annotators is None:
        return [], None
    names = train.annotators.astype(str)
    # Who is not named may be anybody: each such answer stands for a person of its own.
    apart = [name or f"\n{at}" for at, name in enumerate(names)]
    who, code = np.unique(apart, return_inverse=True)
    return [str(name).strip() for name in who], code.astype(np.int64)


def _maximum(
    choices: Choices,
    phi: Floats | None,
    code: Ints | None,
    regularization: float | None,
    names: Sequence[str],
    notes: list[str],
) -> _Weights:
    """Return the maximum; where there is none, that of the ridge, or an error if none is wanted."""
    ridge = regularization or 0.0
    if code is not None and regularization is None:
        ridge = PULL
    model = _model(choices, phi, code, ridge)
    why, apart = "", False
    if phi is None and not ridge:
        why, apart = _infinite_scores(model, names), model.connection.n_parts > 1
    if why and (apart or not (choices.tie_sizes or code is not None)):
        return _remedied(choices, phi, code, regularization, why, notes)
    found = maximise(model)
    eta = model.eta(found.parameters)
    spread = np.maximum.reduceat(eta, choices.starts[:-1])[choices.choice] - eta
    if not ridge and (spread.max() > CERTAIN or not found.converged):
        sure = _infinite_weights(model, found, choices, names)
        if sure:
            why = why or sure
            return _remedied(choices, phi, code, regularization, why, notes)
    if not found.converged:
        notes.append(f"Newton's method stopped at a gradient of {found.gradient:.1e}.")
    return _Weights(found, model, ridge)


def _model(choices: Choices, phi: Floats | None, code: Ints | None, ridge: float) -> ChoiceModel:
    d = choices.members.shape[1] if phi is None else phi.shape[1]
    people = 0 if code is None else int(code.max()) + 1
    if people and d + people > DENSE_JOINT:
        raise InputError(
            f"{d:,} scores or weights and {people:,} reliabilities are more than the "
            f"{DENSE_JOINT:,} that can be fitted together: use annotators='alike'."
        )
    strength = np.full(d + len(choices.tie_sizes) + people, ridge)
    strength[len(strength) - people :] = PULL
    return ChoiceModel(choices, phi, code, strength)


def _remedied(
    choices: Choices,
    phi: Floats | None,
    code: Ints | None,
    regularization: float | None,
    why: str,
    notes: list[str],
) -> _Weights:
    if regularization is not None:
        raise InputError(
            f"{why} The likelihood has no finite maximum: give regularization={REMEDY}, or leave "
            "it out."
        )
    notes.append(f"{why} A ridge of {REMEDY} keeps them finite.")
    model = _model(choices, phi, code, REMEDY)
    return _Weights(maximise(model), model, REMEDY)


def _infinite_scores(model: ChoiceModel, names: Sequence[str]) -> str:
    found = model.connection
    if found.n_parts > 1:
        return (
            f"The items fall into {found.n_parts} groups that were never compared with each other."
        )
    if _only_ties(model.choices):
        return ONLY_TIES
    if found.finite:
        return ""
    over = [names[at] for at in found.unbeaten.tolist()]
    under = [names[at] for at in found.unpreferred.tolist()]
    parts = []
    if over:
        parts.append(f"nothing was ever preferred to {_items(over)}")
    if under:
        parts.append(f"{_items(under)} {'was' if len(under) == 1 else 'were'} preferred to nothing")
    text = " but what is among them, and ".join(parts)
    return f"{text[0].upper()}{text[1:]} but what is among them: the scores run off to infinity."


def _only_ties(choices: Choices) -> bool:
    return bool(np.all(choices.size[choices.chosen > 0] > 1))


def _items(names: Sequence[str]) -> str:
    return f"{'item' if len(names) == 1 else 'items'} {listed(names, 5)}"


def _infinite_weights(
    model: ChoiceModel, found: Maximum, choices: Choices, names: Sequence[str]
) -> str:
    # With reliabilities the question is asked at the ones found: their signs are what decides it.
    n = model.n_weights + len(choices.tie_sizes)
    direction = separating_direction(model.jacobian(found.parameters)[:, :n], choices)
    if direction is None:
        return ""
    if _only_ties(choices):
        return ONLY_TIES
    large = np.argsort(-np.abs(direction[: model.n_weights]), kind="stable")[:3]
    named = listed(names[at] for at in large if abs(direction[at]) > 1e-6) or "ties"
    return f"No comparison contradicts a reward along {named}: its weights run off to infinity."


def _covariance(
    made: _Weights, code: Ints | None, n: int, n_people: int
) -> tuple[Floats, Floats, Floats, str, float | None]:
    """Return the parameters as they are told, their covariance, flat directions, and the method."""
    model, at, loss = made.model, made.found.parameters, made.found.loss
    if len(at) > MOST_ERRORS:
        nothing = np.broadcast_to(np.nan, (len(at), len(at)))
        at = at if model.annotator is None else _scaled(model, at)[0]
        return _anchored(model, at), nothing, np.zeros((len(at), 0)), "none: too many scores", None
    hessian = model.hessian(at, loss)
    inverted, flat = inverse(hessian)
    if model.annotator is not None:
        _refuse_contradiction(at[-n_people:], inverted[-n_people:, -n_people:])
        at, change = _scaled(model, at)
        covariance = _centred(model, change @ inverted @ change.T)
        return _anchored(model, at), covariance, flat, "Wald: inverse of the joint Hessian", None
    at = _anchored(model, at)
    if made.ridge:
        covariance = _centred(model, inverted)
        return at, covariance, flat, "Laplace: inverse of the Hessian with the ridge", None
    few = "" if code is None else _too_few(model, code, n_people)
    clustered = code is not None and not few
    cluster = code if clustered else np.arange(n)
    covariance = sandwich(inverted, model.scores(at, loss, cluster))  # type: ignore[arg-type]
    if clustered:
        method = f"sandwich: clustered by {n_people} annotators, Student's t"
        return at, covariance, flat, method, float(n_people - 1)
    return at, covariance, flat, f"sandwich: comparisons independent{few}", None


def _too_few(model: ChoiceModel, code: Ints, n_people: int) -> str:
    """Return why answers cannot be clustered by annotator; empty if they can."""
    choices = model.choices
    if model.features is not None:
        enough = n_people >= max(FEWEST_CLUSTERS, 2 * model.n_weights)
        return "" if enough else f"; {n_people} annotators are too few to cluster by"
    rows = np.repeat(np.arange(choices.members.shape[0]), np.diff(choices.members.indptr))
    who = code[choices.comparison[choices.choice[rows]]]
    judged = np.unique(choices.members.indices * np.int64(n_people) + who) // n_people
    fewest = int(np.unique(judged, return_counts=True)[1].min())
    if fewest >= FEWEST_JUDGES:
        return ""
    return (
        f"; an item was judged by {fewest} of the {n_people} annotators, too few to cluster by "
        f"(it takes {FEWEST_JUDGES})"
    )


def _refuse_contradiction(tau: Floats, covariance: Floats) -> None:
    """Raise an error where some answer the wrong way round and nobody knows which way that is.

    Looks at reliabilities of mean square 1: their own scale is the ridge's.
    """
    size = float(np.sqrt(np.mean(tau**2)))
    own = tau / size
    change = (np.eye(len(tau)) - np.outer(own, own) / len(tau)) / size
    spread = change @ covariance @ change.T
    errors = np.sqrt(np.maximum(np.diag(spread), 0))
    sure = np.abs(own) > 2 * errors
    error = float(np.sqrt(max(spread.mean(), 0.0)))
    both = (sure & (own > 0)).any() and (sure & (own < 0)).any()
    if abs(own.mean()) < NO_MEAN or (both and own.mean() < error):
        raise InputError(CONTRADICTION)


def _scaled(model: ChoiceModel, at: Floats) -> tuple[Floats, Floats]:
    """Return the parameters with a mean reliability of 1, and the derivative of that change."""
    d, people = model.n_weights, model.n_annotators
    tau = at[-people:]
    mean = float(tau.mean())
    if abs(mean) < 1e-3:
        raise InputError(CONTRADICTION)
    change = np.eye(len(at))
    change[:d, :d] *= mean
    change[:d, -people:] = at[:d, None] / people
    change[-people:, -people:] = np.eye(people) / mean - tau[:, None] / (people * mean**2)
    scaled = at.copy()
    scaled[:d] *= mean
    scaled[-people:] /= mean
    return scaled, change


def _anchored(model: ChoiceModel, at: Floats) -> Floats:
    """Return scores that sum to 0 in every group of items that hang together."""
    if model.features is not None:
        return at
    part = model.connection.part
    moved = at.copy()
    d = model.n_weights
    moved[:d] -= (np.bincount(part, at[:d]) / np.bincount(part))[part]
    return moved


def _centred(model: ChoiceModel, covariance: Floats) -> Floats:
    """Return the covariance of scores less their mean, which only the ridge knows."""
    if model.features is not None:
        return covariance
    centre = np.eye(len(covariance))
    centre[: model.n_weights, : model.n_weights] -= 1 / model.n_weights
    return centre @ covariance @ centre


def _flat(flat: Floats, model: ChoiceModel) -> Floats:
    """Return the directions of scores or weights that comparisons do not tell, orthonormal."""
    if model.features is None:
        alone = model.connection.alone
        flat = np.zeros((model.n_weights, len(alone)))
        flat[alone, np.arange(len(alone))] = 1.0
        return flat
    return flat[: model.n_weights]


def _bootstrap(
    choices: Choices,
    phi: Floats | None,
    ridge: float,
    ensemble: int,
    seed: int,
    names: Sequence[str],
) -> tuple[Floats, Floats]:
    """Return each member's parameters; a sample without a finite maximum gets the ridge."""
    rng = as_generator(seed, "reward", "bootstrap")
    n = int(choices.comparison.max()) + 1
    weights, deltas = [], []
    for _ in range(ensemble):
        counts = np.bincount(rng.integers(0, n, n), minlength=n)
        own = choices.reweighted(counts.astype(float))
        made = _maximum(own, phi, None, ridge or None, names, [])
        d = made.model.n_weights
        at = _anchored(made.model, made.found.parameters)
        weights.append(at[:d])
        deltas.append(at[d:])
    return np.stack(weights), np.stack(deltas)
