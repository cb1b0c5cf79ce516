"""Surrogate losses of learning to defer, in class scores z and a deferral score g.

With r = 1 where the person is right and 0 where not (or what the person earns, between 0 and 1),

    Mozannar–Sontag   -ln softmax(z, g)_y - r ln softmax(z, g)_defer   [mozannar2020consistent]
    one-vs-all        phi(z_y) + sum_{k != y} phi(-z_k) + r phi(g) + (1 - r) phi(-g),
                      phi(u) = ln(1 + exp(-u))                         [verma2022calibrated]

both written with log-sum-exp, so that scores of any size give finite values and exact gradients.
As functions of g, with C = ln sum_k exp z_k, they are a softplus each:

    (1 + r) ln(1 + exp(g - C)) - r (g - C) + ...        least where exp(g - C) = E[r | x]
    ln(1 + exp g) - r g + ...                           least where 1 / (1 + exp(-g)) = E[r | x]

so that the first is a logistic regression on r / (1 + r) with the weight 1 + r, and the second one
on r. Both compare the person with what the *model says of itself*: they find the best deferral if
the model's probabilities are right, and only then where the model's scores are not learned too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp

from alignlab.errors import InputError

__all__ = ["SurrogateLoss", "as_logistic", "mozannar_sontag_loss", "one_vs_all_loss"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SurrogateLoss:
    """A surrogate loss row by row, with its gradients.

    Attributes
    ----------
    value
        Each row's loss in nats, shape (n,).
    by_deferral
        Its derivative by the deferral score, shape (n,).
    by_scores
        Its derivative by the class scores, shape (n, n_classes).
    """

    value: Floats
    by_deferral: Floats
    by_scores: Floats


def mozannar_sontag_loss(
    scores: ArrayLike, deferral: ArrayLike, outcomes: ArrayLike, person: ArrayLike
) -> SurrogateLoss:
    """Return the Mozannar–Sontag loss and its gradients.

    Use it to train a network that decides and defers at once; `fit_deferral` uses it for a model
    that stays as it is. Its estimate of the person's accuracy, exp(g - C), may exceed 1.

    Parameters
    ----------
    scores
        The model's class scores (logits), shape (n, n_classes).
    deferral
        The deferral score, shape (n,).
    outcomes
        The true classes' positions, shape (n,).
    person
        1 where the person is right and 0 where not, or what the person earns from 0 to 1; (n,).

    Raises
    ------
    InputError
        If shapes do not fit or a number is not finite.

    References
    ----------
    [mozannar2020consistent]

    Examples
    --------
    >>> loss = mozannar_sontag_loss([[0.0, 0.0]], [0.0], [1], [1])
    >>> print(loss.value.round(4), loss.by_deferral.round(4))
    [2.1972] [-0.3333]
    >>> mozannar_sontag_loss([[4000.0, -4000.0]], [-4000.0], [1], [1]).value
    array([16000.])
    """
    z, g, y, r = _checked(scores, deferral, outcomes, person)
    rows = np.arange(len(z))
    every = np.column_stack([z, g])
    total = logsumexp(every, axis=1)
    share = np.exp(every - total[:, None])
    by_scores = (1 + r)[:, None] * share[:, :-1]
    by_scores[rows, y] -= 1
    return SurrogateLoss(
        value=(total - z[rows, y]) + r * (total - g),
        by_deferral=(1 + r) * share[:, -1] - r,
        by_scores=by_scores,
    )


def one_vs_all_loss(
    scores: ArrayLike, deferral: ArrayLike, outcomes: ArrayLike, person: ArrayLike
) -> SurrogateLoss:
    """Return the one-vs-all loss and its gradients.

    Use it as `mozannar_sontag_loss`; its estimate of the person's accuracy is a probability.

    Parameters
    ----------
    scores
        The classes' log-odds, each against all others, shape (n, n_classes).
    deferral
        The deferral score, shape (n,).
    outcomes
        The true classes' positions, shape (n,).
    person
        1 where the person is right and 0 where not, or what the person earns from 0 to 1; (n,).

    Raises
    ------
    InputError
        If shapes do not fit or a number is not finite.

    References
    ----------
    [verma2022calibrated]

    Examples
    --------
    >>> loss = one_vs_all_loss([[0.0, 0.0]], [0.0], [1], [1])
    >>> print(loss.value.round(4), loss.by_deferral)
    [2.0794] [-0.5]
    """
    z, g, y, r = _checked(scores, deferral, outcomes, person)
    hit = np.zeros_like(z)
    hit[np.arange(len(z)), y] = 1
    sign = np.where(hit == 1, -1.0, 1.0)
    return SurrogateLoss(
        value=np.logaddexp(0, sign * z).sum(axis=1)
        + r * np.logaddexp(0, -g)
        + (1 - r) * np.logaddexp(0, g),
        by_deferral=expit(g) - r,
        by_scores=expit(z) - hit,
    )


def as_logistic(reward: Floats, *, softmax: bool) -> tuple[Floats, Floats]:
    """Return the targets and weights of the logistic regression that a surrogate is in g - C.

    Parameters
    ----------
    reward
        What the person earns, between 0 and 1, shape (n,).
    softmax
        True for Mozannar–Sontag, False for one-vs-all.

    Examples
    --------
    >>> as_logistic(np.array([0.0, 1.0]), softmax=True)
    (array([0. , 0.5]), array([1., 2.]))
    """
    if softmax:
        return reward / (1 + reward), 1 + reward
    return reward, np.ones_like(reward)


def _checked(
    scores: ArrayLike, deferral: ArrayLike, outcomes: ArrayLike, person: ArrayLike
) -> tuple[Floats, Floats, NDArray[np.intp], Floats]:
    z, g, r = (np.asarray(each, dtype=np.float64) for each in (scores, deferral, person))
    y = np.asarray(outcomes)
    if z.ndim != 2 or any(each.shape != z.shape[:1] for each in (g, y, r)):
        raise InputError(
            f"The shapes {z.shape}, {g.shape}, {y.shape} and {r.shape} do not fit. Give scores "
            "(n, n_classes), and n deferral scores, outcomes and rewards of the person."
        )
    if not (np.isfinite(z).all() and np.isfinite(g).all()):
        raise InputError("A score is not finite. Give logits, not logarithms of zeros.")
    if not np.isin(y, np.arange(z.shape[1])).all():
        raise InputError(f"outcomes are positions of classes, from 0 to {z.shape[1] - 1}.")
    if not ((r >= 0) & (r <= 1)).all():
        raise InputError("person is 1 where the person is right and 0 where not, or between them.")
    return z, g, y.astype(np.intp), r
