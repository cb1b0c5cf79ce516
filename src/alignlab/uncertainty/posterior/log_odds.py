"""Mean class probabilities where logits are normally distributed, without sampling.

Class k against the others is a sigmoid of its log-odds a_k = z_k - log sum_{l != k} exp(z_l). To
second order around the mean m, with w the softmax of the others' means and v_kl = var(z_k - z_l),

    var a_k = s_k = var(z_k - sum_l w_l z_l)
    E a_k   = m_k - log sum_{l != k} exp(m_l) - (sum_l w_l v_kl - s_k) / 2
    p_k     ~ sigmoid(E a_k / (1 + pi s_k / 8)^(1/2))                        [mackay1992evidence]

rescaled to sum to one. For two classes a is one normal number and this is the probit approximation.
The usual softmax(m_k / (1 + pi v_k / 8)^(1/2)) with v_k = var z_k is not a function of the logits'
differences: a constant added to all of them, which no softmax can see, changes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.uncertainty.posterior.asking import class_probabilities

__all__ = ["gaussian_softmax"]

Floats = NDArray[np.float64]


def gaussian_softmax(mean: Floats, covariance: Floats) -> Floats:
    """Return approximate mean class probabilities of normally distributed logits.

    Only differences of logits enter, so that a constant added to all of them, known or not,
    changes nothing. For a single logit it is the probit approximation of the mean sigmoid. With
    many classes and logits that are uncertain by more than about 1 it flattens too little or too
    much; drawn weights do not.

    Parameters
    ----------
    mean
        Shape (n, K); K = 1 for a single logit of two classes.
    covariance
        Shape (n, K, K).

    Returns
    -------
    numpy.ndarray
        Shape (n, K), or (n, 2) for a single logit; rows sum to 1.

    References
    ----------
    [mackay1992evidence]

    Examples
    --------
    >>> gaussian_softmax(np.array([[0.0, 2.0]]), np.zeros((1, 2, 2))).round(3)
    array([[0.119, 0.881]])
    >>> gaussian_softmax(np.array([[0.0, 2.0]]), 8 * np.eye(2)[None]).round(3)
    array([[0.323, 0.677]])
    """
    if mean.shape[1] == 1:
        return class_probabilities(mean / np.sqrt(1 + np.pi / 8 * covariance[:, 0]))
    classes = mean.shape[1]
    ahead = np.where(np.eye(classes, dtype=bool), -np.inf, mean[:, None, :] - mean[:, :, None])
    others = special.softmax(ahead, axis=2)
    own = np.einsum("nkk->nk", covariance)
    apart = own[:, :, None] + own[:, None, :] - 2 * covariance
    toward = others @ covariance
    spread = own + np.sum(toward * others, axis=2) - 2 * np.einsum("nkk->nk", toward)
    bend = np.sum(others * apart, axis=2) - spread
    odds = -special.logsumexp(ahead, axis=2) - bend / 2
    logs = special.log_expit(odds / np.sqrt(1 + np.pi / 8 * np.maximum(spread, 0)))
    return np.asarray(special.softmax(logs, axis=1))
