"""Many passes of dropout in one: what comes before the first dropout is computed once.

The module is mapped over the passes' numbers by `torch.func.vmap`, with rows that do not differ
between them; the first dropout makes a tensor of each pass from one that all share. Where an
operation cannot be mapped, the batch is repeated instead, pass after pass; the masks, and with them
the answers, are the same.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.random import row_streams
from alignlab.uncertainty.posterior.dropout_calls import (
    PACKED,
    DropoutCalls,
    DropoutSite,
    UnmappedError,
)
from alignlab.uncertainty.posterior.dropout_masks import keep
from alignlab.uncertainty.posterior.dropout_switch import (
    DropoutPlan,
    dropping,
    forgetting,
    tensors_of,
)

__all__ = ["Masks", "SharedMaskError", "mapped_passes", "repeated_passes"]


class SharedMaskError(Exception):
    """A mask is for all rows at once, so that a repeated batch can hold one pass only."""


@dataclass
class Masks:
    """The masks of one forward pass over some rows and passes.

    Attributes
    ----------
    plan
        Where dropout happens.
    seed
        Where the random numbers begin.
    rows
        The rows' positions in the data, which name their streams.
    passes
        The passes' numbers, int64.
    consistent
        Whether all rows of a pass share its masks.
    major
        Whether places of one row lie together where an axis holds several a row.
    repeats
        How often the rows stand below each other.
    call
        How many dropouts there were so far.
    """

    plan: DropoutPlan
    seed: int
    rows: np.ndarray[Any, np.dtype[np.intp]]
    passes: torch.Tensor
    consistent: bool
    major: bool = True
    repeats: int = field(default=1, init=False)
    call: int = field(default=0, init=False)

    def next(self, site: DropoutSite) -> torch.Tensor:
        """Return what the next dropout keeps, shape (passes, *site.shape), or repeated below."""
        axis, within = self._rows_at(site)
        purpose = ("dropout", str(self.call))
        self.call += 1
        n = len(self.rows)
        if axis is None and within:  # all rows share it, as they share a weight
            if self.repeats > 1:
                raise SharedMaskError
            keys = self._keys([0], *purpose, "shared")
            return keep(keys, self.passes, math.prod(site.shape), site.p).reshape(-1, *site.shape)
        if axis is None:  # nobody knows which number is whose; this block is one stream
            keys = self._keys([self.rows[0]], *purpose, "block")
            passes = self.passes if self.repeats == 1 else self.passes[:1]
            kept = keep(keys, passes, math.prod(site.shape), site.p)
            return kept.reshape(*(-1, *site.shape)[self.repeats > 1 :])
        others = [size for place, size in enumerate(site.shape) if place != axis]
        count = within * math.prod(others)
        if self.consistent:
            keys = self._keys([0], *purpose, "all rows")
            kept = keep(keys, self.passes, count, site.p)
            kept = kept.expand(-1, n, -1)
        else:
            kept = keep(self._keys(self.rows, *purpose), self.passes, count, site.p)
        if self.repeats > 1:
            return kept.reshape(-1, *others).movedim(0, axis)
        return kept.reshape(len(self.passes), n * within, *others).movedim(1, axis + 1)

    def _rows_at(self, site: DropoutSite) -> tuple[int | None, int]:
        """Return the axis along which rows lie, and how many places there are a row.

        It is the one whose size goes with the number of rows. `None` without one: then 1 if the
        shape does not depend on rows at all, and 0 if it does in some other way.
        """
        seen = self.plan.sites[self.call] if self.call < len(self.plan.sites) else None
        n, few = len(self.rows) * self.repeats, self.plan.rows
        if seen is None or seen.name != site.name or len(seen.shape) != len(site.shape):
            return self._unknown(site)
        if seen.shape == site.shape:
            return None, 1
        sizes = list(zip(seen.shape, site.shape, strict=True))
        differ = [axis for axis, (one, other) in enumerate(sizes) if one != other]
        within, rest = divmod(seen.shape[differ[0]], few)
        if len(differ) > 1 or rest or within * n != site.shape[differ[0]]:
            return self._unknown(site)
        if site.name.startswith(PACKED) or (within > 1 and not self.major):
            return self._unknown(site)
        return differ[0], within

    def _unknown(self, site: DropoutSite) -> tuple[None, int]:
        if self.consistent:
            raise InputError(
                f"The shape {site.shape} of what {site.name} drops does not tell the rows apart, "
                "so that they cannot share a mask. Take consistent=False."
            )
        return None, 0

    def _keys(self, rows: Any, *purpose: str) -> torch.Tensor:
        keys = row_streams(self.seed, np.asarray(rows), *purpose).keys
        return torch.from_numpy(keys.view(np.int64)).to(self.passes.device)


def mapped_passes(module: nn.Module, rows: torch.Tensor, masks: Masks) -> Any:
    """Return a module's answers, shape (passes, n, ...), the shared part computed once.

    Raises
    ------
    UnmappedError
        If dropout is where it cannot be mapped over passes.
    Exception
        Whatever an operation raises that cannot be mapped.
    """

    def one(number: torch.Tensor) -> Any:
        def draw(x: torch.Tensor, site: DropoutSite) -> torch.Tensor:
            finish: Any = lambda shared, passes: site.finished(shared, masks.next(site))  # noqa: E731
            return _Mapped.apply(x, number, finish)

        calls = DropoutCalls(
            draw,
            forced=masks.plan.forced,
            bernoulli=masks.plan.bernoulli,
            recur=_folded,
            times=_Product.apply,
        )
        with calls:
            return module(rows.clone())

    with forgetting(module), dropping(masks.plan.parts), warnings.catch_warnings():
        # An operation without a rule is looped over, pass by pass: a repeated batch is faster.
        warnings.filterwarnings("error", message="There is a performance drop")
        return torch.func.vmap(one, randomness="different")(masks.passes)


def repeated_passes(module: nn.Module, rows: torch.Tensor, masks: Masks) -> Any:
    """Return a module's answers, shape (passes, n, ...), from the rows repeated below each other.

    Raises
    ------
    SharedMaskError
        If a mask is for all rows at once and there is more than one pass.
    """
    passes, n = len(masks.passes), len(rows)

    def draw(x: torch.Tensor, site: DropoutSite) -> torch.Tensor:
        kept = masks.next(site)
        return site.finished(x, kept if masks.repeats > 1 else kept[0])

    masks.repeats = passes
    plan = masks.plan
    held = frozenset(tensor.untyped_storage().data_ptr() for tensor in tensors_of(module))
    calls = DropoutCalls(draw, forced=plan.forced, bernoulli=plan.bernoulli, held=held)
    try:
        with forgetting(module), dropping(plan.parts), calls:
            answer = module(rows.repeat(passes, *(1,) * (rows.ndim - 1)))
    finally:
        for tensor, before in reversed(calls.undo):
            tensor.copy_(before)
    if not isinstance(answer, torch.Tensor):
        return answer
    return answer.reshape(passes, n, *answer.shape[1:])


class _Mapped(torch.autograd.Function):  # type: ignore[misc]
    """Call `finish` with what passes share and what they do not, laid out along a first axis."""

    @staticmethod
    def forward(x: Any, number: Any, finish: Callable[..., Any]) -> Any:
        return finish(x[None], number[None])[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing: nobody asks for a gradient."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Any, number: Any, finish: Callable[..., Any]) -> Any:
        x = x[None] if in_dims[0] is None else x.movedim(in_dims[0], 0)
        return finish(x, number), 0


def _folded(
    layer: Callable[..., Any], x: torch.Tensor, rows_first: bool | None, *states: torch.Tensor
) -> Sequence[torch.Tensor]:
    """Run a layer of a recurrent network, with passes laid among its rows."""
    if rows_first is None:
        raise UnmappedError("it packs sequences of unequal length")
    place = 0 if rows_first else 1
    return _Folded.apply(layer, place, x, *states)


class _Folded(torch.autograd.Function):  # type: ignore[misc]
    """Call a recurrent layer with the passes' axis folded into the rows'."""

    @staticmethod
    def forward(layer: Callable[..., Any], place: int, *tensors: torch.Tensor) -> Any:
        return tuple(layer(*tensors))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing: nobody asks for a gradient."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, layer: Any, place: int, *tensors: torch.Tensor) -> Any:
        passes = info.batch_size
        places = (place, *(1 for _ in tensors[1:]))
        folded = []
        for tensor, dim, at in zip(tensors, in_dims[2:], places, strict=True):
            whole = tensor.expand(passes, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
            folded.append(whole.movedim(0, at).flatten(at, at + 1))
        found = layer(*folded)
        unfolded = tuple(
            each.unflatten(at, (passes, -1)) for each, at in zip(found, places, strict=True)
        )
        return unfolded, places


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """Multiply matrices, the passes' axis folded into the first one's rows."""

    @staticmethod
    def forward(one: torch.Tensor, other: torch.Tensor) -> Any:
        return one @ other

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing: nobody asks for a gradient."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, one: torch.Tensor, other: torch.Tensor) -> Any:
        tall = one.movedim(in_dims[0], -3).flatten(-3, -2)
        found = (tall @ other).unflatten(-2, (info.batch_size, -1))
        return found, found.ndim - 3
