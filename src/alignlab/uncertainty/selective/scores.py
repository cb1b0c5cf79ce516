"""How sure a model is of each answer, as one number a row: the larger, the surer.

From probabilities p of a row with the largest p1 and the second p2:

    max_probability      p1                        [hendrycks2017baseline]
    margin               p1 - p2
    entropy              sum_k p_k log p_k         (minus the entropy)
    mutual_information   minus the part of the entropy that more data would remove
    variance             minus the variance of a predicted number, of the models' means alone where
                         the noise around them is not known

The sign is the same throughout, because sources differ in it: an uncertainty is negated here, once.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.errors import InputError, require_choice

__all__ = ["ConfidenceScore", "confidence_score"]

ConfidenceScore = Literal["max_probability", "margin", "entropy", "mutual_information", "variance"]

Floats = NDArray[np.float64]


def confidence_score(answers: Any, score: ConfidenceScore = "max_probability") -> Floats:
    """Return how sure a model is of each row, the larger the surer.

    With two classes the first three order rows alike. Use "mutual_information" to ask a person
    where the model has seen too little, the first three where it is likely to be wrong, for
    whatever reason.

    Parameters
    ----------
    answers
        Probabilities, shape (n, n_classes), or a posterior predictive (of `mc_dropout`,
        `deep_ensemble`, …), whose mean probabilities are taken.
    score
        "max_probability", "margin" (of the two largest) or "entropy"; of a posterior predictive
        also "mutual_information", and of one of a regression "variance".

    Returns
    -------
    ndarray
        Shape (n,).

    Raises
    ------
    InputError
        If there is no such score, or the answers do not have what it needs.

    References
    ----------
    [hendrycks2017baseline]

    Examples
    --------
    >>> said = np.array([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3]])
    >>> confidence_score(said).tolist(), confidence_score(said, "margin").round(3).tolist()
    ([0.9, 0.4], [0.8, 0.1])
    """
    require_choice(score, get_args(ConfidenceScore), what="score")
    posterior = hasattr(type(answers), "epistemic")
    if score in ("mutual_information", "variance"):
        if not posterior:
            raise InputError(
                f"score={score!r} needs a posterior predictive, such as that of mc_dropout or "
                f"deep_ensemble, and {type(answers).__name__} is none. Give one, or "
                "score='max_probability'."
            )
        spread = getattr(answers, score)
        if score == "variance" and answers.noise_variance is None:
            spread = answers.epistemic  # nobody has said how far outcomes lie around the models
        return _finite(-np.asarray(spread, dtype=float), score)
    said = np.asarray(answers.mean if posterior else answers, dtype=float)
    if said.ndim != 2 or said.shape[1] < 2:
        raise InputError(
            f"Probabilities of shape {said.shape} have no column for each class; score={score!r} "
            "takes shape (n, n_classes). For predicted numbers take score='variance'."
        )
    bad = (said < 0) | (said > 1) | ~np.isfinite(said)
    if bad.any():
        row, column = (int(at) for at in np.argwhere(bad)[0])
        raise InputError(
            f"Row {row} has the probability {said[row, column]:.4g}: it lies between 0 and 1. "
            "Turn logits into probabilities by a softmax."
        )
    if score == "entropy":
        return -np.asarray(special.entr(said).sum(axis=1))
    largest = np.sort(said, axis=1)[:, -2:]
    return largest[:, 1] if score == "max_probability" else largest[:, 1] - largest[:, 0]


def _finite(score: Floats, name: str) -> Floats:
    if score.ndim != 1 or not np.isfinite(score).all():
        raise InputError(
            f"score={name!r} has the shape {score.shape} and is not one finite number a row: the "
            "posterior is of another task, or has too few passes."
        )
    return score
