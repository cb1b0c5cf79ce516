"""Expected gradients: integrated gradients averaged over baselines from the data.

    phi_p(x) = E [ (x_p - b_p) df/dx_p (b + t (x - b)) ],    b a background row, t uniform on 0 to 1

[erion2021improving, eq. 4]. A draw is one background row and one t. The sum of a draw's terms has a
known mean, f(x) - E f(b), so it serves as a control variate: with beta_p the slope of the
regression of input p's terms on their sum s,

    phi_p = mean(terms_p) - beta_p (mean(s) - f(x) + E f(b)),       sum_p beta_p = 1.

The values are then complete exactly, and less noisy than the plain mean; their standard errors are
those of the regression's residuals.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import require_whole
from alignlab.random import as_generator
from alignlab.transparency.gradients.attribution import Attribution
from alignlab.transparency.gradients.network import Network, Slope, network_of

if TYPE_CHECKING:
    import torch

__all__ = ["expected_gradients"]

FEWEST = 4


def expected_gradients(
    model: Any,
    X: Any,
    background: Any,
    *,
    target: Hashable | None = None,
    scale: Slope | None = None,
    draws: int = 200,
    seed: int | np.random.Generator = 0,
    batch_rows: int | None = None,
) -> Attribution:
    """Return how much each input moved each answer away from the background's mean answer.

    Use it for torch modules where no single baseline is natural: it compares with rows of the data.
    It treats inputs along straight lines between rows, and approximates Shapley values, which
    `shapley_values` computes for any model.

    Parameters
    ----------
    model
        A torch module that returns logits or values, or a `Predictor` that holds one.
    X
        Rows of floats, shape (n, ...).
    background
        Rows that they are compared with, at least two; each is as likely to be drawn.
    target, scale
        Which output is explained, and on which scale ("logit" by default); see `network_of`.
    draws
        Background rows drawn for each row; each costs one evaluation with its slope.
    seed
        Of the draws.
    batch_rows
        Rows asked at once; `None` fits them to memory.

    Returns
    -------
    Attribution
        With standard errors from the draws; that the background is a sample is not in them.

    Raises
    ------
    InputError
        If the background is too small or of another shape, or draws are fewer than 4.

    References
    ----------
    [erion2021improving]

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[2.0, -1.0]]))
    >>> rows = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> result = expected_gradients(layer, np.array([[3.0, 4.0]]), rows)
    >>> float(abs(result.gap[0])) < 1e-12
    True
    """
    require_whole(draws, "draws", FEWEST)
    rng = as_generator(seed, "expected gradients")
    with network_of(model, X, target=target, scale=scale, batch_rows=batch_rows) as network:
        known = network.background(background)
        network.require_no_lookup(known)
        base = _mean_answers(network, known)
        values, errors = _means(network, known, base, draws, rng)
        return Attribution(
            values=values,
            standard_errors=errors,
            answers=network.answers,
            base=base,
            targets=network.positions.cpu().numpy().astype(np.intp),
            output_names=network.names,
            method=f"expected gradients, {draws} draws, {network.precision}",
            scale=network.scale,
            features=network.features,
            rows=network.rows,
            evaluations=network.evaluations,
            freedom=draws - 2,
        )


def _mean_answers(network: Network, known: torch.Tensor) -> np.ndarray:
    """Return the background's mean answer for the output of each row, shape (n,)."""
    base = np.empty(len(network.x))
    for output in network.positions.unique():
        answers = network.values(known, output.expand(len(known)))
        base[(network.positions == output).cpu().numpy()] = float(answers.mean())
    return base


def _means(
    network: Network,
    known: torch.Tensor,
    base: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values and their standard errors, from sums over the draws."""
    import torch

    n = len(network.x)
    target = torch.as_tensor(network.answers - base, device=network.device)
    first, second, crossed = (torch.zeros_like(network.x) for _ in range(3))
    sums, squares = torch.zeros_like(target), torch.zeros_like(target)
    rows = np.repeat(np.arange(n), draws)
    drawn = rng.integers(len(known), size=len(rows))
    t = rng.random(len(rows))
    shape = (-1, *[1] * (network.x.ndim - 1))
    for at in range(0, len(rows), network.at_once):
        part = slice(at, at + network.at_once)
        row = torch.as_tensor(rows[part], device=network.device)
        b = known[torch.as_tensor(drawn[part], device=network.device)]
        away = network.x[row] - b
        here = torch.as_tensor(t[part], device=network.device).reshape(shape)
        terms = away * network.slopes(b + here * away, network.positions[row])[1]
        together = terms.reshape(len(row), -1).sum(dim=1)
        # Away from the sum's known mean, so that the squares keep their digits.
        off = together - target[row]
        first.index_add_(0, row, terms)
        second.index_add_(0, row, terms**2)
        crossed.index_add_(0, row, terms * off.reshape(shape))
        sums.index_add_(0, row, off)
        squares.index_add_(0, row, off**2)
    mean, mean_off = first / draws, sums / draws
    spread = (squares / draws - mean_off**2).reshape(shape)
    covariance = crossed / draws - mean * mean_off.reshape(shape)
    variance = second / draws - mean**2
    some = torch.where(spread > 0, spread, 1.0)
    beta = torch.where(spread > 0, covariance / some, 0.0)
    off = mean_off.reshape(shape)
    values = mean - beta * off
    # The slope is estimated too, which counts the more the further the draws' sum is off.
    left = torch.clamp(variance - beta * covariance, min=0) / (draws - 2) * (1 + off**2 / some)
    return values.cpu().numpy(), left.sqrt().cpu().numpy()
