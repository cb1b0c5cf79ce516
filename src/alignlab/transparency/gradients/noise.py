"""SmoothGrad: the mean slope around a row, over Gaussian noise.

    s_p(x) = E [ df/dx_p (x + e) ],    e ~ N(0, diag(sd^2))

[smilkov2017smoothgrad]. It is the slope of the answer after blurring, so it says where the answer
would move, and not what made it: its values do not add up to anything. Noise is drawn in pairs e
and -e, which removes what is linear in it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import InputError, require_whole
from alignlab.random import as_generator
from alignlab.transparency.gradients.attribution import Attribution
from alignlab.transparency.gradients.network import Network, Slope, network_of

if TYPE_CHECKING:
    import torch

__all__ = ["smooth_gradients"]


def smooth_gradients(
    model: Any,
    X: Any,
    *,
    noise: float = 0.15,
    background: Any = None,
    draws: int = 50,
    target: Hashable | None = None,
    scale: Slope | None = None,
    seed: int | np.random.Generator = 0,
    batch_rows: int | None = None,
) -> Attribution:
    """Return the mean slope of each answer for each input, over noise around the row.

    Use it to look at images, where single slopes are grainy. To say how much each input
    contributed, use `integrated_gradients` or `expected_gradients`.

    Parameters
    ----------
    model
        A torch module that returns logits or values, or a `Predictor` that holds one.
    X
        Rows of floats, shape (n, ...).
    noise
        The standard deviation of the noise, as a share: of each image's range; where there is a
        background, of each input's standard deviation in it.
    background
        Rows that say how much each input varies; needed for tables, whose columns have units.
    draws
        Noisy rows for each row, an even number.
    target, scale
        Which output is explained, and on which scale ("logit" by default); see `network_of`.
    seed
        Of the noise.
    batch_rows
        Rows asked at once; `None` fits them to memory.

    Returns
    -------
    Attribution
        With standard errors from the pairs of draws, and without a base.

    Raises
    ------
    InputError
        If a table comes without a background, or an option is out of range.

    References
    ----------
    [smilkov2017smoothgrad]

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[2.0, -1.0]]))
    >>> rows = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> smooth_gradients(layer, rows, background=rows).values.tolist()
    [[2.0, -1.0], [2.0, -1.0]]
    """
    if not isinstance(noise, int | float) or not 0 < noise < np.inf:
        raise InputError(f"noise={noise!r} is not a number above 0. Give one, such as noise=0.15.")
    require_whole(draws, "draws", 4, even=True)  # noise comes in pairs
    rng = as_generator(seed, "smooth gradients")
    with network_of(model, X, target=target, scale=scale, batch_rows=batch_rows) as network:
        spread = noise * _spread(network, background)
        network.require_no_lookup(network.x + spread)
        values, errors = _means(network, spread, draws // 2, rng)
        return Attribution(
            values=values,
            standard_errors=errors,
            answers=network.answers,
            base=None,
            targets=network.positions.cpu().numpy().astype(np.intp),
            output_names=network.names,
            method=f"SmoothGrad, {draws} draws, noise {noise:g}, {network.precision}",
            scale=network.scale,
            features=network.features,
            rows=network.rows,
            evaluations=network.evaluations,
            freedom=draws // 2 - 1,
        )


def _spread(network: Network, background: Any) -> torch.Tensor:
    """Return the unit of the noise for each input of each row."""
    if background is not None:
        return network.background(background).std(dim=0).expand_as(network.x)
    if network.x.ndim == 2:
        raise InputError(
            "A table's columns have units of their own, so one noise does not fit them. Give "
            "background=…, rows that say how much each column varies."
        )
    flat = network.x.reshape(len(network.x), -1)
    ranges = flat.amax(dim=1) - flat.amin(dim=1)
    return ranges.reshape(-1, *[1] * (network.x.ndim - 1)).expand_as(network.x)


def _means(
    network: Network, spread: torch.Tensor, pairs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean slopes and their standard errors, a pair being one draw."""
    import torch

    first, second = torch.zeros_like(network.x), torch.zeros_like(network.x)
    rows = np.repeat(np.arange(len(network.x)), pairs)
    for at in range(0, len(rows), max(1, network.at_once // 2)):
        row = torch.as_tensor(rows[at : at + max(1, network.at_once // 2)], device=network.device)
        drawn = rng.standard_normal((len(row), *network.x.shape[1:]))
        away = torch.as_tensor(drawn, device=network.device) * spread[row]
        points = torch.cat([network.x[row] + away, network.x[row] - away])
        slopes = network.slopes(points, network.positions[row].repeat(2))[1]
        pair = (slopes[: len(row)] + slopes[len(row) :]) / 2
        first.index_add_(0, row, pair)
        second.index_add_(0, row, pair**2)
    mean = first / pairs
    variance = torch.clamp(second / pairs - mean**2, min=0) / (pairs - 1)
    return mean.cpu().numpy(), variance.sqrt().cpu().numpy()
