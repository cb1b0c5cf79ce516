"""Grad-CAM: which places of an image a layer's maps speak for, weighted by their slopes.

    L(x) = relu( sum_k a_k A_k(x) ),    a_k = mean over places of df/dA_k

for the maps A_k of a named convolution [selvaraju2017gradcam, eq. 1 and 2], enlarged to the image
by bilinear interpolation. It shows places in the layer's resolution, not pixels, and places that
speak against the output are cut off.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import InputError, listed, nearest
from alignlab.transparency.gradients.attribution import Attribution
from alignlab.transparency.gradients.network import Network, Slope, network_of

if TYPE_CHECKING:
    import torch

__all__ = ["grad_cam"]


def grad_cam(
    model: Any,
    X: Any,
    *,
    layer: str,
    target: Hashable | None = None,
    scale: Slope | None = None,
    batch_rows: int | None = None,
) -> Attribution:
    """Return the places of each image that a layer's maps speak for.

    Use it for convolutional networks and a quick look; the last convolution is the usual layer. It
    is coarse, it adds up to nothing, and it cuts off what speaks against: use
    `integrated_gradients` for amounts, `occlusion` for what really changes the answer.

    Parameters
    ----------
    model
        A torch module that returns logits, or a `Predictor` that holds one.
    X
        Images, shape (n, channels, H, W), of any size that the module takes.
    layer
        The layer's name in `module.named_modules()`, such as "features.8".
    target, scale
        Which output is explained, and on which scale ("logit" by default); see `network_of`.
    batch_rows
        Rows asked at once; `None` fits them to memory.

    Returns
    -------
    Attribution
        Of shape (n, 1, H, W), not negative.

    Raises
    ------
    InputError
        If there is no such layer, it is used twice, or it gives no maps.

    References
    ----------
    [selvaraju2017gradcam]

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(),
    ...                           torch.nn.Linear(2 * 3 * 5, 2))
    >>> grad_cam(net, np.random.default_rng(0).random((1, 1, 5, 7)), layer="0").values.shape
    (1, 1, 5, 7)
    """
    import torch

    with network_of(model, X, target=target, scale=scale, batch_rows=batch_rows) as network:
        if network.x.ndim != 4:
            raise InputError(
                f"Grad-CAM needs images, shape (n, channels, H, W); X has the shape "
                f"{tuple(network.x.shape)}."
            )
        found = dict(network.module.named_modules())
        if not isinstance(layer, str) or layer not in found or layer == "":
            known = [name for name in found if name]
            raise InputError(
                f"layer={layer!r} is not a layer of the torch module {network.title}."
                f"{nearest(str(layer), known) or f' Its layers: {listed(known)}.'}"
            )
        parts = [
            _map(network, found[layer], layer, slice(at, at + network.at_once))
            for at in range(0, len(network.x), network.at_once)
        ]
        return Attribution(
            values=torch.cat(parts).cpu().numpy(),
            standard_errors=None,
            answers=network.answers,
            base=None,
            targets=network.positions.cpu().numpy().astype(np.intp),
            output_names=network.names,
            method=f"Grad-CAM, layer {layer}, {network.precision}",
            scale=network.scale,
            features=(),
            rows=network.rows,
            evaluations=network.evaluations,
        )


def _map(network: Network, layer: torch.nn.Module, name: str, part: slice) -> torch.Tensor:
    """Return the heat maps of some rows, of the images' size."""
    import torch

    held: list[Any] = []

    def hold(_: torch.nn.Module, inputs: Any, output: Any) -> Any:
        held.append(output)
        # The layer behind may work in place, and must not change what is held.
        return output.clone() if isinstance(output, torch.Tensor) else output

    handle = layer.register_forward_hook(hold)
    try:
        maps, slopes = network.slopes_at(network.x[part], network.positions[part], held)
    except IndexError:
        raise InputError(f"layer={name!r} is never reached by these rows.") from None
    finally:
        handle.remove()
    if len(held) > 1:
        raise InputError(f"layer={name!r} is used {len(held)} times. Name one that is used once.")
    if maps.ndim != 4:
        raise InputError(
            f"layer={name!r} gives the shape {tuple(maps.shape)} and no maps (n, maps, H, W). "
            "Name a convolution."
        )
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weights * maps).sum(dim=1, keepdim=True)).double()
    return torch.nn.functional.interpolate(
        heat, size=network.x.shape[2:], mode="bilinear", align_corners=False
    )
