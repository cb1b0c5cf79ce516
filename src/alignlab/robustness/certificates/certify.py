"""The certificate for a model, by its kind: exact where there is an exact method, sound elsewhere.

linear model
    every row broken or certified (`linear`);
single tree
    every row broken or certified (`tree`);
torch network of known layers
    rows certified by interval arithmetic, or undecided (`propagation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignlab.predictors import Predictor
from alignlab.robustness.certificates.certificate import Certificate, decided_wrong
from alignlab.robustness.certificates.linear import certify_linear
from alignlab.robustness.certificates.propagation import certify_intervals
from alignlab.robustness.certificates.tree import certify_tree
from alignlab.robustness.threats import Ball, Threat

if TYPE_CHECKING:
    import torch

__all__ = ["certify"]


def certify(
    predictor: Predictor, x: torch.Tensor, y: torch.Tensor, threat: Threat
) -> Certificate | None:
    """Prove of rows that nothing allowed changes the right decision, or break them.

    Use it before an attack: what it settles need not be attacked. For a proof about any model at
    all, at the price of changing it into one that decides under noise, see `smooth`.

    Parameters
    ----------
    predictor
        The model, as `alignlab.predictors.as_predictor` returns it.
    x
        n rows within the threat's box, floats, shape (n, ...).
    y
        The positions of their true classes, shape (n,).
    threat
        `Linf`, `L2` or `L1`.

    Returns
    -------
    Certificate or None
        `None` where no method here is exact or sound for this kind of model or of threat.

    References
    ----------
    [kantchelian2016evasion], [gowal2018effectiveness]

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from alignlab.predictors import as_predictor
    >>> from alignlab.robustness.threats import L2
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X[:900] / 16, y[:900])
    >>> x, true = torch.from_numpy(X[900:] / 16), torch.from_numpy(y[900:])
    >>> certify(as_predictor(model), x, true, L2(0.3)).to_dict()["undecided"]
    0
    """
    if predictor.task != "classification" or not isinstance(threat, Ball) or threat.decodes:
        return None
    if threat.radius == 0:
        wrong = decided_wrong(predictor, x, y)
        return Certificate("the row itself is all that is allowed", ~wrong, wrong, x.clone())
    for method in (certify_linear, certify_tree, certify_intervals):
        found = method(predictor, x, y, threat)
        if found is not None:
            return found
    return None
