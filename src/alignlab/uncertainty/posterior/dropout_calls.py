"""Where dropout happens while a module runs, and the one door through which it does.

`DropoutCalls` sees each call of torch made by a module and hands every dropout in training mode to
one function: that of layers and functions, of whole channels, alpha dropout, that inside attention
(as softmax(q k' / sqrt(d)), dropped, times v [vaswani2017attention, eq. 1]) and between the layers
of a recurrent network, and Bernoulli masks as stochastic depth draws them [huang2016deep]. Nothing
of torch or of the module is replaced for that.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from alignlab.uncertainty.posterior.dropout_masks import kept_share

__all__ = ["ATTENTION", "PACKED", "Draw", "DropoutCalls", "DropoutSite", "UnmappedError"]

SELU_FLOOR = -1.7580993408473766
"""What alpha dropout puts in place of what it drops: SELU's limit at minus infinity."""


ATTENTION, PACKED = "attention", "packed"


class UnmappedError(Exception):
    """Why a module cannot be mapped over passes, in words: the batch is repeated instead."""


@dataclass(frozen=True)
class DropoutSite:
    """One call of dropout in a forward pass.

    Attributes
    ----------
    name
        The function called, or `ATTENTION` inside of it; after `PACKED`, where rows of unequal
        length lie mingled.
    shape
        The shape of what is kept or not: 1 along the axes that share their fate.
    p
        The chance of being dropped.
    alpha
        Whether it is alpha dropout.
    mask
        Whether the mask itself is asked for.
    """

    name: str
    shape: tuple[int, ...]
    p: float
    alpha: bool = False
    mask: bool = False

    def finished(self, x: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        """Return what a tensor becomes, given what is kept of it."""
        if self.mask:
            return kept.to(x.dtype)
        share = kept_share(self.p)
        if not self.alpha:
            # A product is several times faster than a choice; what a mask repeats for every pass is
            # scaled before, what it does not, after.
            numbers = kept.to(x.dtype)
            if torch.broadcast_shapes(x.shape, numbers.shape) != numbers.shape:
                return x * numbers.mul_(1 / share)
            if x.numel() < numbers.numel():
                return numbers.mul_(x * (1 / share))
            return numbers.mul_(1 / share).mul_(x)
        # What keeps the mean at 0 and the variance at 1 [klambauer2017self, sec. 3].
        stretch = (share * (1 + (1 - share) * SELU_FLOOR**2)) ** -0.5
        shift = -stretch * (1 - share) * SELU_FLOOR
        return torch.where(kept != 0, x * stretch + shift, SELU_FLOOR * stretch + shift)


Draw = Callable[[torch.Tensor, DropoutSite], torch.Tensor]
"""Called with what is to be dropped and the site; returns `site.finished(x, kept)`."""

Times = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Multiplies matrices, row by row of a batch."""

Recur = Callable[..., Sequence[torch.Tensor]]
"""Called with a layer of a recurrent network, what it reads, whether rows come first (`None`: they
are packed), and the states it begins with; returns the layer's output and its last states."""


def _run_layer(
    layer: Recur, x: torch.Tensor, rows_first: bool | None, *states: torch.Tensor
) -> Sequence[torch.Tensor]:
    return layer(x, *states)


class DropoutCalls(TorchFunctionMode):  # type: ignore[misc]
    """Hand every dropout in training mode to `draw`, as long as this is entered.

    Parameters
    ----------
    draw
        Chooses what is kept.
    forced
        Whether calls that are told not to train drop as well.
    bernoulli
        Whether Bernoulli masks are dropout's.
    recur
        Runs one layer of a recurrent network.
    times
        Multiplies attention that differs between passes and values that do not.
    watch
        Called with the result of each call.
    held
        The memory of tensors that outlive the pass. What dropout in place did to them is in `undo`.
    """

    def __init__(
        self,
        draw: Draw,
        *,
        forced: bool = False,
        bernoulli: bool = True,
        recur: Recur = _run_layer,
        times: Times = torch.matmul,
        watch: Callable[[Any], None] | None = None,
        held: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__()
        self.draw = draw
        self.forced = forced
        self.bernoulli = bernoulli
        self.recur = recur
        self.times = times
        self.watch = watch
        self.held = held
        self.undo: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.inside_attention = False
        self.overwritten: list[torch.Tensor] = []

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Answer for one call of torch."""
        if self.overwritten:
            self._require_unread((*args, *(kwargs or {}).values()))
        handler = HANDLERS.get(getattr(func, "__name__", ""))
        given = kwargs or {}
        result = func(*args, **given) if handler is None else handler(self, func, args, given)
        if self.watch is not None:
            self.watch(result)
        return result

    def drop(self, x: torch.Tensor, site: DropoutSite) -> torch.Tensor:
        """Return `x` with some of it dropped."""
        share = kept_share(site.p)
        if share == 1:
            return x
        result = self.draw(x, site) if share else torch.zeros_like(x)
        if self.watch is not None:
            self.watch(result)
        return result

    def _require_unread(self, given: Sequence[Any]) -> None:
        """Refuse to go on where a tensor is read that dropout in place should have changed."""
        gone = {each.untyped_storage().data_ptr() for each in self.overwritten}
        for each in given:
            for tensor in each if isinstance(each, list | tuple) else (each,):
                if not isinstance(tensor, torch.Tensor) or is_batched(tensor):
                    continue
                if tensor.untyped_storage().data_ptr() in gone:
                    raise UnmappedError("it reads again what dropout changes in place")


def is_batched(tensor: torch.Tensor) -> bool:
    """Whether a tensor differs between the passes that are run as one."""
    return bool(torch._C._functorch.is_batchedtensor(tensor))


def _dropout(mode: DropoutCalls, func: Any, args: Any, kwargs: Any) -> Any:
    given = dict(zip(("input", "p", "training"), args, strict=False)) | kwargs
    name = func.__name__
    x, p = given["input"], float(given.get("p", 0.5))
    training = given.get("training", given.get("train", True)) or mode.forced
    if not training or not 0 < p <= 1:
        return func(*args, **kwargs)
    plain = name.rstrip("_")
    shape = tuple(x.shape)
    if plain not in ("dropout", "alpha_dropout"):
        # Without an axis for rows, one- and three-dimensional dropout take the first for channels.
        channels = 1 if (plain, x.ndim) in (("dropout1d", 2), ("dropout3d", 4)) else 2
        shape = shape[:channels] + (1,) * (x.ndim - channels)
    called = ATTENTION if mode.inside_attention else name
    dropped = mode.drop(x, DropoutSite(called, shape, p, alpha="alpha" in plain))
    if dropped is x or not (given.get("inplace", False) or name.endswith("_")):
        return dropped
    if is_batched(dropped) and not is_batched(x):
        # One tensor cannot become a tensor for each pass; a copy will do if nobody looks again.
        mode.overwritten.append(x)
        return dropped
    if not is_batched(x) and x.untyped_storage().data_ptr() in mode.held:
        mode.undo.append((x, x.clone()))
    return x.copy_(dropped)


def _attention(mode: DropoutCalls, func: Any, args: Any, kwargs: Any) -> Any:
    names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
    given = dict(zip(names, args, strict=False)) | kwargs
    p = float(given.get("dropout_p", 0.0))
    if p <= 0:
        return func(*args, **kwargs)
    query, key, value = given["query"], given["key"], given["value"]
    if given.get("enable_gqa"):
        key = key.repeat_interleave(query.size(-3) // key.size(-3), -3)
        value = value.repeat_interleave(query.size(-3) // value.size(-3), -3)
    scale = given.get("scale") or 1 / math.sqrt(query.size(-1))
    scores = (query * scale) @ key.transpose(-2, -1)
    allowed = given.get("attn_mask")
    if given.get("is_causal"):
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).tril()
    if allowed is not None and allowed.dtype == torch.bool:
        scores = torch.where(allowed, scores, -math.inf)
    elif allowed is not None:
        scores = scores + allowed
    weights = scores.softmax(-1)
    dropped = mode.drop(weights, DropoutSite(ATTENTION, tuple(weights.shape), p))
    return _product(mode, torch.matmul, (dropped, value), {})


def _product(mode: DropoutCalls, func: Any, args: Any, kwargs: Any) -> Any:
    if kwargs or len(args) != 2 or not all(isinstance(each, torch.Tensor) for each in args):
        return func(*args, **kwargs)
    one, other = args
    alike = one.ndim == other.ndim > 2 and one.shape[:-2] == other.shape[:-2]
    if alike and is_batched(one) and not is_batched(other):
        return mode.times(one, other)
    return func(one, other)


def _multi_head_attention(mode: DropoutCalls, func: Any, args: Any, kwargs: Any) -> Any:
    if mode.forced:
        kwargs = {**kwargs, "training": True}
    mode.inside_attention = True
    try:
        with mode:
            return _attention_body()(*args, **kwargs)
    finally:
        mode.inside_attention = False


@functools.cache
def _attention_body() -> Any:
    """Return torch's attention layer without its first question, whether anybody listens.

    Somebody does, to the functions that it calls; asked for the whole, it would never get there.
    """
    original = functional.multi_head_attention_forward
    names = {**vars(functional), "has_torch_function": lambda tensors: False}
    body = types.FunctionType(original.__code__, names, argdefs=original.__defaults__)
    body.__kwdefaults__ = original.__kwdefaults__
    return body


def _recurrent(mode: DropoutCalls, func: Any, args: Any, kwargs: Any) -> Any:
    packed = not isinstance(args[3], bool)
    name = f"{PACKED} {func.__name__}" if packed else func.__name__
    sizes = (args[1],) if packed else ()
    hidden, weights, biases, layers, p, training, both = args[1 + packed : 8 + packed]
    rows_first = None if packed else bool(args[8])
    several = isinstance(hidden, list | tuple)
    directions, per = 2 if both else 1, len(weights) // layers
    drops = (training or mode.forced) and p > 0
    x, ends = args[0], []
    for index in range(layers):
        own = weights[index * per : (index + 1) * per]
        last = () if packed else (rows_first,)

        def layer(x: Any, *begin: Any, own: Any = own, last: Any = last) -> Any:
            state = begin if several else begin[0]
            return func(x, *sizes, state, own, biases, 1, 0.0, False, both, *last)

        here = slice(index * directions, (index + 1) * directions)
        begin = [state[here] for state in (hidden if several else (hidden,))]
        x, *end = mode.recur(layer, x, rows_first, *begin)
        ends.append(end)
        if drops and index < layers - 1:
            x = mode.drop(x, DropoutSite(name, tuple(x.shape), float(p)))
    return (x, *(torch.cat(each) for each in zip(*ends, strict=True)))


def _bernoulli(mode: DropoutCalls, func: Any, args: Any, kwargs: Any) -> Any:
    x, in_place = args[0], func.__name__.endswith("_")
    share = args[1] if len(args) > 1 else kwargs.get("p", 0.5 if in_place else None)
    if share is None and not is_batched(x) and x.numel() and bool((x == x.flatten()[0]).all()):
        share = float(x.flatten()[0])
    if not mode.bernoulli or "out" in kwargs or not isinstance(share, float | int):
        return func(*args, **kwargs)
    if not 0 < share < 1:
        return func(*args, **kwargs)
    drawn = mode.drop(x, DropoutSite(func.__name__, tuple(x.shape), 1 - share, mask=True))
    if not in_place:
        return drawn
    if is_batched(drawn) and not is_batched(x):
        x.fill_(math.nan)  # who reads it and not the result is found out
        return drawn
    return x.copy_(drawn)


_DROPOUTS = (
    *("dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d", "feature_dropout"),
    *("feature_dropout_", "alpha_dropout", "alpha_dropout_", "feature_alpha_dropout"),
    "feature_alpha_dropout_",
)

HANDLERS: dict[str, Callable[[DropoutCalls, Any, Any, Any], Any]] = {
    **dict.fromkeys(_DROPOUTS, _dropout),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
    **dict.fromkeys(("bernoulli", "bernoulli_"), _bernoulli),
    **dict.fromkeys(("bmm", "matmul", "__matmul__"), _product),
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _multi_head_attention,
}
"""The functions through which dropout happens, by their names in torch."""
