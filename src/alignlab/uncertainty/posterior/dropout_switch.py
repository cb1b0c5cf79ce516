"""Switching on dropout and nothing else, in modules whose authors wrote `if self.training`.

Layers of torch are known: those that drop are put into training mode, and batch norm and its like
stay in evaluation. What a class of one's own does in training mode is found out: with every dropout
made to keep everything, it must answer exactly as in evaluation. One that does not (it adds noise,
returns a second output, normalises by the batch) stays in evaluation mode, and dropout that is told
`training=False` there drops nevertheless. Two rows are asked, twice where all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from alignlab.predictors import undisturbed
from alignlab.uncertainty.posterior.dropout_calls import DropoutCalls, DropoutSite
from alignlab.uncertainty.posterior.dropout_masks import kept_share

__all__ = [
    "DropoutPlan",
    "dropping",
    "find_dropout",
    "forgetting",
    "left_alone",
    "seen_by",
    "tensors_of",
]

DROPPING = (
    nn.modules.dropout._DropoutNd,
    nn.MultiheadAttention,
    nn.RNNBase,
    nn.TransformerEncoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
"""Layers of torch whose training mode is dropout and nothing else."""

NORMS = (nn.modules.batchnorm._NormBase, nn.modules.instancenorm._InstanceNorm)


@dataclass(frozen=True)
class DropoutPlan:
    """How to switch on a module's dropout.

    Attributes
    ----------
    parts
        The modules that are put into training mode.
    forced
        Whether dropout that is told not to train drops nevertheless.
    bernoulli
        Whether Bernoulli masks are dropout's; not if they are drawn in evaluation mode too.
    sites
        The calls of dropout, in order, as two rows saw them.
    rows
        How many rows saw them.
    widest, widest_dropped
        Bytes a row of the largest tensor, and of the largest from the first dropout on.
    kept_in_evaluation
        The classes that do something else in training mode and were left in evaluation mode.
    """

    parts: tuple[nn.Module, ...]
    forced: bool
    bernoulli: bool
    sites: tuple[DropoutSite, ...]
    rows: int
    widest: int
    widest_dropped: int
    kept_in_evaluation: tuple[str, ...]


def find_dropout(module: nn.Module, rows: torch.Tensor) -> DropoutPlan:
    """Return how to switch on a module's dropout; a few rows tell.

    To be called where `module` is in evaluation mode and gradients are off.
    """
    known = [part for part in module.modules() if isinstance(part, DROPPING)]
    own = [part for part in module.modules() if _is_own(part)]
    if not own:
        answer = _Kept(module, rows, known, forced=False, bernoulli=False)
        return answer.plan(known, rows, ())
    before = _Kept(module, rows, [], forced=True, bernoulli=False)
    bernoulli = not before.bernoullis
    together = _attempt(module, rows, [*known, *own], bernoulli, before)
    if together is not None:
        return together.plan([*known, *own], rows, ())
    good = _fine(own, lambda parts: _attempt(module, rows, [*known, *parts], bernoulli, before))
    left = sorted({type(part).__name__ for part in own if part not in good})
    parts = [*known, *good]
    answer = _Kept(module, rows, parts, forced=True, bernoulli=bernoulli)
    return answer.plan(parts, rows, tuple(left))


def seen_by(module: nn.Module, rows: torch.Tensor, plan: DropoutPlan) -> DropoutPlan:
    """Return the plan as other rows see it."""
    kept = _Kept(module, rows, plan.parts, forced=plan.forced, bernoulli=plan.bernoulli)
    return kept.plan(plan.parts, rows, plan.kept_in_evaluation)


@contextmanager
def dropping(parts: Sequence[nn.Module]) -> Iterator[None]:
    """Have some parts of a module in training mode, for as long as this is entered."""
    try:
        for part in parts:
            part.training = True
        yield
    finally:
        for part in parts:
            part.training = False


@contextmanager
def left_alone(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, and everything back afterwards, its attributes too.

    A module may keep what it has seen, such as its attention, in attributes or in tensors there.
    Compiled parts run as they were written: in compiled code no call of dropout is seen.
    """
    tensors = [(value, value.clone()) for value in _attributes(module)]
    compiled = any(
        hasattr(part, "_orig_mod") or getattr(part, "_compiled_call_impl", None)
        for part in module.modules()
    )
    eager = torch.compiler.set_stance("force_eager") if compiled else nullcontext()
    with eager, undisturbed(module), forgetting(module):
        try:
            yield
        finally:
            for value, before in tensors:
                if not torch.equal(value, before):
                    value.copy_(before)


def tensors_of(module: nn.Module) -> Iterator[torch.Tensor]:
    """Yield every tensor that a module holds: parameters, buffers, attributes."""
    yield from module.parameters()
    yield from module.buffers()
    yield from _attributes(module)


def _attributes(module: nn.Module) -> list[torch.Tensor]:
    values = (value for part in module.modules() for value in vars(part).values())
    return [value for value in values if isinstance(value, torch.Tensor)]


@contextmanager
def forgetting(module: nn.Module) -> Iterator[None]:
    """Have a module's attributes and buffers be afterwards those that they were."""
    own = [vars(part) for part in module.modules()]
    # A scripted module has no dictionary of its buffers.
    buffers = [each["_buffers"] for each in own if isinstance(each.get("_buffers"), dict)]
    held = [(at, dict(at)) for at in [*own, *buffers]]
    try:
        yield
    finally:
        for at, before in held:
            for name in set(at) - set(before):
                del at[name]
            at.update(before)


class _Kept:
    """One forward pass in which every dropout keeps everything, and what was seen in it."""

    def __init__(
        self,
        module: nn.Module,
        rows: torch.Tensor,
        parts: Sequence[nn.Module],
        *,
        forced: bool,
        bernoulli: bool,
    ) -> None:
        self.sites: list[DropoutSite] = []
        self.widest = self.widest_dropped = 0
        self.bernoullis = 0
        self.forced, self.bernoulli = forced, bernoulli
        calls = DropoutCalls(self._keep, forced=forced, bernoulli=True, watch=self._see)
        with forgetting(module), dropping(parts), calls:
            # What is random in evaluation too must be the same each time.
            torch.default_generator.manual_seed(0)
            self.answer = module(rows.clone())

    def plan(self, parts: Sequence[nn.Module], rows: torch.Tensor, left: Any) -> DropoutPlan:
        """Return the plan that this pass has tried."""
        return DropoutPlan(
            parts=tuple(parts),
            forced=self.forced,
            bernoulli=self.bernoulli,
            sites=tuple(self.sites),
            rows=len(rows),
            widest=-(-self.widest // len(rows)),
            widest_dropped=-(-self.widest_dropped // len(rows)),
            kept_in_evaluation=left,
        )

    def _keep(self, x: torch.Tensor, site: DropoutSite) -> torch.Tensor:
        if not site.mask:
            self.sites.append(site)
            return x
        self.bernoullis += 1
        if not self.bernoulli:
            return torch.bernoulli(torch.full_like(x, 1 - site.p))
        self.sites.append(site)
        return torch.full_like(x, kept_share(site.p))

    def _see(self, result: Any) -> None:
        for each in result if isinstance(result, list | tuple) else (result,):
            if isinstance(each, torch.Tensor):
                size = each.numel() * each.element_size()
                self.widest = max(self.widest, size)
                if self.sites:
                    self.widest_dropped = max(self.widest_dropped, size)


def _attempt(
    module: nn.Module,
    rows: torch.Tensor,
    parts: Sequence[nn.Module],
    bernoulli: bool,
    before: _Kept,
) -> _Kept | None:
    """Return the pass with these parts in training mode, if only dropout comes with it."""
    try:
        kept = _Kept(module, rows, parts, forced=False, bernoulli=bernoulli)
    except Exception:  # whatever it is, evaluation mode does not raise it
        return None
    one, other = before.answer, kept.answer
    if type(one) is not type(other):
        return None
    if not isinstance(one, torch.Tensor):
        return kept
    if one.shape != other.shape:
        return None
    close = torch.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)
    return kept if close else None


def _fine(
    parts: Sequence[nn.Module], tried: Callable[[Sequence[nn.Module]], object]
) -> list[nn.Module]:
    """Return the parts that pass a trial, halving those that do not pass it together."""
    if tried(parts):
        return list(parts)
    if len(parts) == 1:
        return []
    middle = len(parts) // 2
    return [*_fine(parts[:middle], tried), *_fine(parts[middle:], tried)]


def _is_own(part: nn.Module) -> bool:
    """Whether a module's code is not torch's, so that anything may hang on `training` in it."""
    if isinstance(part, (*DROPPING, *NORMS)):
        return False
    home = type(part).__module__
    return "forward" in vars(part) or home.split(".")[0] != "torch" or home.startswith("torch.fx")
