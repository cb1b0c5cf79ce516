"""A reward from preferences: scores of items, weights of features, or a network.

Minimises the negative log-likelihood of `comparisons` over the utilities u_i: free scores
[bradley1952rank], u = Phi theta, or u_i = sum_t r(x_t) with a network r [christiano2017deep, sec.
2.2.3]. With `annotators="reliability"` every annotator has an inverse temperature of their own that
multiplies the utilities, estimated together with them, whose mean is 1 [raman2014methods, sec. 3].

Part of the comparisons is held out, and the reward that is returned is the one that was judged on
them. Assumes that answers are independent given the utilities, except within an annotator where
standard errors are clustered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from alignlab.datasets import PreferenceDataset
from alignlab.errors import InputError, require_choice
from alignlab.random import as_generator
from alignlab.values.preferences.comparisons import Choices, Ties, choices_of
from alignlab.values.preferences.fitted_reward import FittedReward
from alignlab.values.preferences.held_out import questions_of
from alignlab.values.preferences.reward_checks import checked
from alignlab.values.preferences.reward_features import Encoder, Features, Normalise, encoder_for
from alignlab.values.preferences.reward_networks import NetworkTraining, train_networks
from alignlab.values.preferences.reward_weights import fit_weights

if TYPE_CHECKING:
    import torch

__all__ = ["fit_reward"]

WEIGHT_DECAY = 0.01
"""Of networks, where nothing else is asked for."""


def fit_reward(
    preferences: PreferenceDataset,
    *,
    model: Literal["scores", "linear", "network"] | torch.nn.Module = "scores",
    features: Features = None,
    feature_names: Sequence[str] | None = None,
    normalise: Normalise = "none",
    ties: Ties = "davidson",
    annotators: Literal["alike", "reliability"] = "alike",
    ensemble: int = 1,
    regularization: float | None = None,
    holdout: float = 0.2,
    level: float = 0.95,
    training: NetworkTraining | None = None,
    seed: int = 0,
) -> FittedReward:
    """Fit a reward to preferences.

    Use "scores" to rank the items that were compared, "linear" to say what about them is preferred,
    and a network where sums of known features will not do and there are many comparisons.

    Parameters
    ----------
    preferences
        Pairs or rankings of rows, trajectories or texts.
    model
        "scores": one number an item. "linear": weights of features. "network": a small one; or a
        `torch.nn.Module` that takes (n, d) inputs and returns one number each, of which a copy is
        made and initialised anew.
    features, feature_names, normalise
        What the reward sees of an item, see `encoder_for`. A trajectory's utility is the sum over
        its steps, with `normalise="length"` their mean.
    ties
        "davidson": a tie is an answer of its own; "half": half a preference either way.
    annotators
        "alike", or "reliability": each has their own, estimated jointly (not for networks). With
        fewer than about a hundred answers each, intervals of reliabilities are too short.
    ensemble
        How many members, each fitted to its own bootstrap sample of the comparisons.
    regularization
        The ridge on scores or on weights per standard deviation of their feature (a normal prior of
        standard deviation 1/sqrt of it); of networks the weight decay. `None`: maximum likelihood
        where it exists, and otherwise a ridge of 0.25, with a note that says why; with
        reliabilities a ridge of 0.1, since two factors have no finite maximum where one annotator
        never errs.
    holdout
        Share of the comparisons to judge the reward on, all answers to one question together; 0 to
        fit to all of them.
    level
        Of the intervals.
    training
        Of networks.
    seed
        Chooses what is held out, bootstrap samples and first weights.

    Returns
    -------
    FittedReward

    Raises
    ------
    InputError
        If there is nothing to learn from, an option does not fit the items, or with
        `regularization=0` the likelihood has no finite maximum.

    References
    ----------
    [bradley1952rank], [davidson1970extending], [christiano2017deep]

    Examples
    --------
    >>> data = PreferenceDataset.from_pairs(
    ...     [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0, 1, 2, 0, 2], [1, 2, 0, 2, 1], [0, 1, 0, 0, 0])
    >>> reward = fit_reward(data, holdout=0)
    >>> reward.predict().round(2).tolist()
    [0.64, -1.36, 0.72]
    """
    _check(preferences, model, annotators, ensemble, regularization, holdout, ties)
    train, held_out, notes = _split(preferences, holdout, seed, by_content=model != "scores")
    choices = choices_of(train, ties=ties)
    if model == "scores":
        encoder = None
    else:
        encoder = encoder_for(
            preferences, features=features, feature_names=feature_names, normalise=normalise
        )
    if isinstance(model, str) and model != "network":
        fitted = fit_weights(
            train, choices, encoder, annotators, ensemble, regularization, level, seed, notes
        )
    else:
        fitted = _fit_network(
            train, choices, encoder, model, ensemble, regularization, training, seed, notes  # type: ignore[arg-type]
        )  # fmt: skip
    return checked(fitted, preferences, train, held_out, ties=ties, level=level, seed=seed)


def _check(
    preferences: PreferenceDataset,
    model: Any,
    annotators: str,
    ensemble: int,
    regularization: float | None,
    holdout: float,
    ties: str,
) -> None:
    if not isinstance(preferences, PreferenceDataset):
        raise InputError(
            f"preferences are a {type(preferences).__name__}: give a PreferenceDataset, as from "
            "PreferenceDataset.from_pairs or read_preferences."
        )
    require_choice(annotators, ("alike", "reliability"), what="annotators")
    require_choice(ties, ("davidson", "half"), what="ties")
    if isinstance(model, str):
        require_choice(model, ("scores", "linear", "network"), what="model")
    elif not hasattr(model, "parameters"):
        raise InputError(
            f"model is a {type(model).__name__}: give 'scores', 'linear', 'network' or a "
            "torch.nn.Module."
        )
    if isinstance(ensemble, bool) or not isinstance(ensemble, int) or ensemble < 1:
        raise InputError(f"ensemble={ensemble!r} is not a whole number from 1.")
    if regularization is not None and not (np.isfinite(regularization) and regularization >= 0):
        raise InputError(f"regularization={regularization!r} is not a finite number from 0.")
    if not 0 <= holdout < 1:
        raise InputError(f"holdout={holdout!r} is not between 0 and 1.")
    if annotators == "reliability":
        if preferences.annotators is None:
            raise InputError(
                "annotators='reliability' needs to know who made each comparison: give annotators "
                "in the dataset."
            )
        nameless = int((preferences.annotators == "").sum())
        if nameless:
            raise InputError(
                f"annotators='reliability' needs to know who made each comparison, and {nameless} "
                f"of {len(preferences)} name nobody. Name them, or leave these comparisons out."
            )
        if ensemble > 1 or not (isinstance(model, str) and model != "network"):
            raise InputError(
                "annotators='reliability' is for one set of scores or weights: leave out the "
                "ensemble, or use model='linear'."
            )


def _split(
    preferences: PreferenceDataset, holdout: float, seed: int, *, by_content: bool
) -> tuple[PreferenceDataset, PreferenceDataset | None, list[str]]:
    if holdout == 0:
        return preferences, None, []
    # A reward of features remembers a question by what its items look like, whatever their places.
    asked = questions_of(preferences, by_content=by_content)
    n = int(asked.max(initial=-1)) + 1
    if n < 2 or len(preferences) < 10:
        return preferences, None, ["Nothing is held out: there are too few different comparisons."]
    rng = as_generator(seed, "reward", "holdout")
    held = np.isin(asked, rng.permutation(n)[: min(max(round(holdout * n), 1), n - 1)])
    return preferences.at(~held), preferences.at(held), []


def _fit_network(
    train: PreferenceDataset,
    choices: Choices,
    encoder: Encoder,
    model: Any,
    ensemble: int,
    regularization: float | None,
    training: NetworkTraining | None,
    seed: int,
    notes: list[str],
) -> FittedReward:
    training = training or NetworkTraining()
    decay = WEIGHT_DECAY if regularization is None else regularization
    steps = encoder.steps(train.items)
    networks, deltas = train_networks(
        choices,
        steps,
        module=None if model == "network" else model,
        training=training,
        ensemble=ensemble,
        weight_decay=decay,
        seed=as_generator(seed, "reward", "network"),
    )
    return FittedReward(
        model="network",
        names=encoder.names,
        weights=np.zeros((ensemble, 0)),
        estimates=(),
        covariance=None,
        tie_sizes=choices.tie_sizes,
        tie_logs=deltas,
        n_comparisons=len(train),
        log_loss=float("nan"),
        regularization=decay,
        standard_errors=f"spread of {ensemble} bootstrap members" if ensemble > 1 else "none",
        converged=True,
        iterations=training.epochs,
        gradient=float("nan"),
        centre=np.zeros(ensemble),
        encoder=encoder,
        networks=networks,
        notes=tuple(notes),
    )
