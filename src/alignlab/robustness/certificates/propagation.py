"""Interval bound propagation: what each unit of a network may reach, layer by layer, outwards.

    ReLU, max pooling       [f(low), f(high)], as they are monotone
    z -> W z + b            W c + b ± |W| r,  c = (low + high) / 2,  r = (high - low) / 2
                                                             [gowal2018effectiveness, eq. 6]
    first such layer, L2    W x + b ± radius ‖w‖_2 a unit, and ± radius ‖w‖_∞ for L1: the dual
                            norm, where it is nearer than the box around the ball and the box
    last such layer         the margins z_j - z_y = (w_j - w_y) z + b_j - b_y at once, so that what
                            both scores share is not counted twice [gowal2018effectiveness, sec. 3]

All of it runs in float64 and widens every unit by what rounding may do in the model's own precision
(see `certificate`), so that a certified row holds for the network as computed. It is sound and
loose: what it does not certify may well hold. A network of one linear layer loses nothing under L∞.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alignlab.predictors import Predictor
from alignlab.robustness.certificates.certificate import TIE, Certificate, rounding
from alignlab.robustness.certificates.sequential import layers_of
from alignlab.robustness.threats import Ball, Linf

if TYPE_CHECKING:
    import torch

__all__ = ["certify_intervals", "margin_bounds"]

BATCH_ROWS = 256
"""Rows propagated at once."""


@dataclass(frozen=True, eq=False)
class _Reach:
    """What the units of a layer may be, in float64.

    Attributes
    ----------
    low, high
        Their limits, shape (n, ...).
    threat
        What may be done to the row.
    precision
        The torch dtype that the network computes in.
    center, scale, slip
        While the units are the row itself, scaled number by number: where they are if nothing is
        moved; what each moves when its number moves by 1, of one row; and how far off rounding may
        have left them. `None` further on.
    """

    low: torch.Tensor
    high: torch.Tensor
    threat: Ball
    precision: torch.dtype
    center: torch.Tensor | None = None
    scale: torch.Tensor | None = None
    slip: torch.Tensor | None = None

    @property
    def middle(self) -> torch.Tensor:
        return (self.low + self.high) / 2

    @property
    def half(self) -> torch.Tensor:
        return (self.high - self.low) / 2

    def each(self, function: Callable[[torch.Tensor], torch.Tensor]) -> _Reach:
        """Return what a rearrangement of the units may be."""
        names = ("low", "high", "center", "scale", "slip")
        held = {name: getattr(self, name) for name in names}
        return replace(self, **{name: function(it) for name, it in held.items() if it is not None})

    def of(self, at: torch.Tensor) -> _Reach:
        """Return those of some rows."""
        center = None if self.center is None else self.center[at]
        slip = None if self.slip is None else self.slip[at]
        return replace(self, low=self.low[at], high=self.high[at], center=center, slip=slip)

    def after(self, low: torch.Tensor, high: torch.Tensor) -> _Reach:
        """Return what further units may be, which are not the row any more."""
        return _Reach(low, high, self.threat, self.precision)


def certify_intervals(
    predictor: Predictor, x: torch.Tensor, y: torch.Tensor, threat: Ball
) -> Certificate | None:
    """Certify rows of a torch network; `None` if it is not a sequence of known layers.

    Known are `Linear`, `Conv2d`, `ReLU`, `Flatten`, average and max pooling, `BatchNorm` as it is
    evaluated, dropout and `Identity`, in a `Sequential` or several within each other.

    Parameters
    ----------
    predictor
        The model.
    x, y
        n rows within the threat's box, and the positions of their classes, shape (n,).
    threat
        A ball of L∞, L2 or L1.

    References
    ----------
    [gowal2018effectiveness]

    Examples
    --------
    >>> import torch
    >>> from alignlab.predictors import as_predictor
    >>> from alignlab.robustness.threats import Linf
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2))
    >>> for layer, weight in ((net[0], [[1.0], [-1.0]]), (net[2], [[1.0, 0.0], [0.0, 1.0]])):
    ...     _ = layer.weight.data.copy_(torch.tensor(weight)), layer.bias.data.zero_()
    >>> x = torch.tensor([[0.5], [0.125]])
    >>> found = certify_intervals(
    ...     as_predictor(net, classes=[0, 1]), x, torch.tensor([0, 0]), Linf(0.25, low=-1)
    ... )
    >>> found.holds.tolist()
    [True, False]
    """
    import torch

    if predictor.module is None or predictor.decision is not None:
        return None
    layers = layers_of(predictor.module)
    if layers is None or not layers or not all(_is_known(each) for each in layers):
        return None
    bounds = [
        margin_bounds(layers, rows, true, threat)
        for rows, true in zip(x.split(BATCH_ROWS), y.split(BATCH_ROWS), strict=True)
    ]
    holds = torch.cat(bounds).amax(1) < -TIE if bounds else y.bool()
    return Certificate("interval bound propagation", holds, torch.zeros_like(holds), x.clone())


def margin_bounds(
    layers: list[Any], x: torch.Tensor, y: torch.Tensor, threat: Ball
) -> torch.Tensor:
    """Return upper bounds of how far each class may come above the true one, (n, n_classes).

    Parameters
    ----------
    layers
        What the network does, in order.
    x, y
        Rows, and the positions of their true classes, where the bound is minus infinity.
    threat
        What may be done to them.
    """
    import torch

    with torch.no_grad():
        reach = _start(layers, x, threat)
        *inner, last = layers
        for layer in inner:
            reach = _through(layer, reach)
        if isinstance(last, torch.nn.Linear):
            margins = _margins(last, reach, y)
        else:
            reach = _through(last, reach)
            low, high = reach.low, reach.high
            if low.shape[1] == 1:  # one logit, of the second of two classes
                low, high = (torch.cat([torch.zeros_like(each), each], 1) for each in (low, high))
            margins = high - low.gather(1, y[:, None])
        return margins.scatter(1, y[:, None], float("-inf"))


def _is_known(layer: Any) -> bool:
    from torch import nn

    if isinstance(layer, nn.Flatten):
        return layer.start_dim >= 1
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return layer.running_mean is not None
    if isinstance(layer, nn.MaxPool1d | nn.MaxPool2d):
        return not layer.return_indices
    if isinstance(layer, nn.AvgPool2d):
        return layer.divisor_override is None
    return isinstance(layer, nn.Linear | nn.Conv2d | nn.ReLU | nn.AvgPool1d | nn.AdaptiveAvgPool2d)


def _start(layers: list[Any], x: torch.Tensor, threat: Ball) -> _Reach:
    import torch

    row = x.double()
    if isinstance(threat, Linf):
        low, high = (each.double() for each in threat.limits(x))
    else:
        low, high = (each.double() for each in threat._box(x))
        low = torch.maximum(low, row - threat.radius)
        high = torch.minimum(high, row + threat.radius)
    precision = next((p.dtype for layer in layers for p in layer.parameters()), x.dtype)
    # Rows are rounded to the network's precision, where that is another.
    share = 0.0 if x.dtype == precision else rounding(2, precision)
    slip = share * torch.maximum(low.abs(), high.abs())
    scale = torch.ones_like(row[:1])
    return _Reach(low - slip, high + slip, threat, precision, row, scale, slip)


def _through(layer: Any, reach: _Reach) -> _Reach:
    """Return what the units after a layer may be."""
    from torch import nn

    if isinstance(layer, nn.Flatten):
        return reach.each(layer)
    if isinstance(layer, nn.ReLU | nn.MaxPool1d | nn.MaxPool2d):
        return reach.after(layer(reach.low), layer(reach.high))
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return _normalised(layer, reach)
    if isinstance(layer, nn.Linear | nn.Conv2d):
        weight = layer.weight.double()
        bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.double()
        if isinstance(layer, nn.Linear):
            return _summed(reach, nn.functional.linear, weight, bias)
        # Padding that repeats numbers adds up weights on one number, which the norms do not see.
        known = reach if layer.padding_mode == "zeros" else replace(reach, center=None)
        return _summed(known, layer._conv_forward, weight, bias)
    middle, share = reach.middle, rounding(reach.low[0].numel() + 2, reach.precision)
    half = layer(reach.half + share * (middle.abs() + reach.half))  # an average has no other sign
    return reach.after(layer(middle) - half, layer(middle) + half)


def _normalised(layer: Any, reach: _Reach) -> _Reach:
    """Return what the units after a batch normalisation may be, as it is evaluated."""
    import torch

    shape = (1, -1, *[1] * (reach.low.ndim - 2))
    mean, variance = layer.running_mean.double(), layer.running_var.double()
    weight = torch.ones_like(mean) if layer.weight is None else layer.weight.double()
    bias = torch.zeros_like(mean) if layer.bias is None else layer.bias.double()
    factor = (weight / (variance + layer.eps).sqrt()).reshape(shape)
    mean, bias = mean.reshape(shape), bias.reshape(shape)
    size = torch.maximum(reach.low.abs(), reach.high.abs()) + mean.abs()
    slip = rounding(16, reach.precision) * (factor.abs() * size + bias.abs())
    middle, half = (reach.middle - mean) * factor + bias, reach.half * factor.abs() + slip
    after = reach.after(middle - half, middle + half)
    if reach.center is None or reach.scale is None or reach.slip is None:
        return after
    return replace(
        after,
        center=(reach.center - mean) * factor + bias,
        scale=reach.scale * factor.abs(),
        slip=reach.slip * factor.abs() + slip,
    )


def _summed(
    reach: _Reach,
    apply: Callable[[Any, Any, Any], Any],
    weight: torch.Tensor,
    bias: torch.Tensor,
    sizes: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> _Reach:
    """Return what sums of the units, with weights and a bias each, may be.

    `sizes` are the absolute weights and biases that the network adds up, where it adds up others.
    """
    import torch

    share = rounding(weight[0].numel() + 4, reach.precision)
    large, offset = (weight.abs(), bias.abs()) if sizes is None else sizes
    slip = share * apply(reach.middle.abs() + reach.half, large, offset)
    out, width = apply(reach.middle, weight, bias), apply(reach.half, weight.abs(), None) + slip
    low, high = out - width, out + width
    norm, radius = reach.threat.norm, reach.threat.radius
    if reach.center is not None and reach.scale is not None and norm < float("inf"):
        out = apply(reach.center, weight, bias)
        width = (1 + share) * radius * _dual(apply, weight, reach.scale, norm)
        width = width + apply(reach.slip, weight.abs(), None) + slip
        low, high = torch.maximum(low, out - width), torch.minimum(high, out + width)
    return reach.after(low, high)


def _dual(
    apply: Callable[[Any, Any, Any], Any], weight: torch.Tensor, scale: torch.Tensor, norm: float
) -> torch.Tensor:
    """Return how far each sum moves at most when the row moves by 1 in a norm."""
    if norm == 2:
        return apply(scale**2, weight**2, None).sqrt()
    if weight.ndim == scale.ndim == 2:
        return (weight.abs() * scale).amax(1)
    steepest = weight.abs().flatten(1).amax(1) * scale.max()
    return steepest.reshape(1, -1, *[1] * (weight.ndim - 2))


def _margins(layer: Any, reach: _Reach, y: torch.Tensor) -> torch.Tensor:
    """Return upper bounds of z_j - z_y, from the differences of the last layer's weights."""
    import torch

    weight = layer.weight.double()
    bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.double()
    if len(weight) == 1:  # one logit, of the second of two classes
        weight, bias = (torch.cat([torch.zeros_like(each), each]) for each in (weight, bias))
    margins = weight.new_empty(len(y), len(weight))
    for true in y.unique().tolist():
        sizes = weight.abs() + weight[true].abs(), bias.abs() + bias[true].abs()
        differences = weight - weight[true], bias - bias[true]
        at = y == true
        margins[at] = _summed(reach.of(at), torch.nn.functional.linear, *differences, sizes).high
    return margins
