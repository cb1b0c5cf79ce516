"""Dropout at prediction time: T networks, each with another part of its units taken away.

    p(y | x)  ~  1/T sum_t p(y | x, w z_t),        z_t,i = Bernoulli(1 - p) / (1 - p)

the mean over masks z_t, which approximates a posterior over weights [gal2016dropout, eq. 6]. What
comes before the first dropout is the same in every pass and is computed once. Only dropout is
switched on: batch norm keeps its running statistics. Each row and pass has masks of its own; with
`consistent`, all rows of a pass share them, so that a pass is one network for all rows
[kirsch2019batchbald, sec. 3.3].
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, InputError, ModelError, listed
from alignlab.predictors import Predictor, Task, rows_as_tensor
from alignlab.random import as_generator
from alignlab.uncertainty.posterior.asking import (
    as_samples,
    module_predictor,
    require_module,
    rows_for,
    some_rows,
)
from alignlab.uncertainty.posterior.dropout_masks import kept_share
from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

if TYPE_CHECKING:
    import torch

    from alignlab.uncertainty.posterior.dropout_switch import DropoutPlan

__all__ = ["mc_dropout"]

MEMORY = 2**26
"""Bytes for the tensors of all passes that live at once."""

LIVE = 4
"""How many tensors as large as the largest live at once: input, output, mask, random words."""


def mc_dropout(
    model: Any,
    X: Any,
    passes: int = 100,
    *,
    seed: int | np.random.Generator = 0,
    consistent: bool = False,
    memory: int = MEMORY,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
    noise_variance: float | NDArray[Any] | None = None,
) -> PosteriorPredictive:
    """Ask a network many times, each time with dropout, and see how far its answers differ.

    Use it for a network that was trained with dropout: it costs one pass of what comes before the
    first dropout and `passes` of the rest. It sees every dropout that torch offers, in layers,
    functions, attention and recurrent networks, and `if self.training` in modules of your own. It
    says how unsure the network is, not whether it is right: check that with `calibration_error`.
    Several networks trained apart are a better posterior, at several trainings' cost. For one
    dropout before one linear layer `dropout_moments` is exact.

    Parameters
    ----------
    model
        A `torch.nn.Module` that returns logits (or values), or a Predictor of one.
    X
        n rows: a data frame, an array or a tensor.
    passes
        How many masks; the standard error of a mean falls with their root.
    seed
        Seed or generator. Equal seeds give equal masks, whatever `memory` is.
    consistent
        Whether the rows of a pass share their masks, for questions about several rows at once.
    memory
        About how many bytes the passes may take at a time. Rows are asked in as many parts as that
        needs. The samples come on top; they are in single precision where they would exceed it.
    task, classes, features
        As in `as_predictor`, where the model does not say them.
    noise_variance
        Regression: the variance of an outcome around the network's mean, one number or one a row.

    Returns
    -------
    PosteriorPredictive
        `evaluations` is n times `passes`, and `kind` says how the passes were made.

    Raises
    ------
    InputError
        If the model is not a torch module, has no dropout, or an argument is out of range.
    ModelError
        If the module fails, or returns something that is not logits or values.

    References
    ----------
    [gal2016dropout], [kirsch2019batchbald]

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(2, 1))
    >>> drawn = mc_dropout(net, np.array([[1.0, 1.0], [0.0, 0.0]]), task="regression")
    >>> drawn.epistemic[0] > 0, drawn.epistemic[1] == 0
    (np.True_, np.True_)
    """
    import torch

    from alignlab.uncertainty.posterior.dropout_switch import left_alone

    if isinstance(passes, bool) or not isinstance(passes, int) or passes < 2:
        raise InputError(f"passes={passes!r} is not a whole number from 2. Give passes=100.")
    if memory < 1:
        raise InputError(f"memory={memory!r} is no number of bytes. Give such as 2**26.")
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    as_generator(seed)  # says what is wrong with a seed
    predictor = module_predictor(
        model, what="mc_dropout", task=task, classes=classes, features=features
    )
    compiled: Any = require_module(predictor)
    module = getattr(compiled, "_orig_mod", compiled)
    rows = rows_for(predictor, X)
    n = len(rows)
    with torch.no_grad(), left_alone(module):
        plan = _plan(predictor, module, rows)
        job = _Job(predictor, module, rows, plan, passes, seed, consistent, memory)
        samples = job.samples()
    if not (samples != samples[:1]).any():
        raise InputError(
            f"The torch module {predictor.name} drops units, and no answer depends on them: "
            f"{passes} equal passes would look like certainty. Give rows on which dropout acts."
        )
    left = plan.kept_in_evaluation
    kind = f"{passes} passes of dropout, {job.way}"
    return PosteriorPredictive(
        samples,
        f"{kind}; {listed(left)} left in evaluation mode" if left else kind,
        classes=predictor.classes,
        noise_variance=None if noise_variance is None else np.asarray(noise_variance),
        evaluations=passes * n,
        joint=consistent,
    )


@dataclass
class _Job:
    """All passes over all rows, in parts that fit into memory."""

    predictor: Predictor
    module: torch.nn.Module
    rows: Any
    plan: DropoutPlan
    passes: int
    seed: int
    consistent: bool
    memory: int
    failure: str = ""
    major: bool = True

    @property
    def way(self) -> str:
        """How the passes were made, in words."""
        if self.failure:
            return f"each computed from the start ({self.failure})"
        return "what comes before it computed once"

    def samples(self) -> NDArray[Any]:
        """Return the samples, shape (passes, n, ...)."""
        n, classes = len(self.rows), len(self.predictor.classes)
        shape = (self.passes, n, classes) if classes else (self.passes, n)
        single = 8 * self.passes * n * max(classes, 1) > self.memory
        found = np.empty(shape, dtype=np.float32 if single else np.float64)
        each = LIVE * max(self.plan.widest_dropped, 1)
        at_once = min(self.passes, max(1, self.memory // each))
        step = min(self.memory // (each * at_once), self.memory // (LIVE * self.plan.widest))
        step = min(n, max(1, step))
        self._tell_rows_apart(step, at_once)
        for first in range(0, n, step):
            here = slice(first, min(first + step, n))
            rows = rows_as_tensor(some_rows(self.rows, here), self.module)
            start = 0
            while start < self.passes:
                stop = min(start + at_once, self.passes)
                outputs = self._outputs(rows, np.arange(here.start, here.stop), start, stop)
                if outputs is None:
                    at_once = 1
                    continue
                found[start:stop, here] = as_samples(outputs, self.predictor, len(rows))
                start = stop
        return found

    def _outputs(self, rows: torch.Tensor, places: NDArray[Any], start: int, stop: int) -> Any:
        """Return what the module says in some passes, or `None` if it takes one at a time only."""
        import torch

        from alignlab.uncertainty.posterior import dropout_passes as ways
        from alignlab.uncertainty.posterior.dropout_calls import UnmappedError

        numbers = torch.arange(start, stop, device=rows.device)
        torch.default_generator.manual_seed(self.seed % 2**63 + start)
        if not self.failure:
            masks = ways.Masks(self.plan, self.seed, places, numbers, self.consistent, self.major)
            try:
                outputs = ways.mapped_passes(self.module, rows, masks)
                if not isinstance(outputs, torch.Tensor) or _finite(outputs):
                    return outputs
                self.failure = "it answers with numbers that are not finite"
            except AlignlabError:
                raise
            except UnmappedError as reason:
                self.failure = str(reason)
            except Exception as error:  # the module's own errors come again, below
                self.failure = _one_line(error)
        masks = ways.Masks(self.plan, self.seed, places, numbers, self.consistent, self.major)
        try:
            return ways.repeated_passes(self.module, rows, masks)
        except ways.SharedMaskError:
            return None
        except AlignlabError:
            raise
        except Exception as error:
            raise ModelError(
                f"The torch module {self.predictor.name} raised with dropout switched on, on rows "
                f"{places[0]} to {places[-1]}: {_one_line(error)}"
            ) from error

    def _tell_rows_apart(self, step: int, at_once: int) -> None:
        """Have the plan seen by another number of rows than any part has: sizes tell the axis."""
        from alignlab.uncertainty.posterior.dropout_calls import ATTENTION
        from alignlab.uncertainty.posterior.dropout_switch import seen_by

        n = len(self.rows)
        rows, passes = {step, n % step}, {1, at_once, self.passes % at_once}
        taken = {a * b for a in rows for b in passes}
        few = next(size for size in itertools.count(2) if size not in taken)
        if few != self.plan.rows:
            some = rows_as_tensor(some_rows(self.rows, np.arange(few) % n), self.module)
            self.plan = seen_by(self.module, some, self.plan)
        # Attention's rows are known to come first, and a first axis of their number holds them.
        plain = all(s.name == ATTENTION or s.shape[:1] == (few,) for s in self.plan.sites)
        if self.consistent or not plain:
            self.major = self._equal_rows_agree(few)

    def _equal_rows_agree(self, few: int) -> bool:
        """Whether copies of one row with one mask get one answer, as they do if masks fit rows."""
        import torch

        from alignlab.uncertainty.posterior.dropout_passes import Masks, repeated_passes

        same = rows_as_tensor(some_rows(self.rows, np.zeros(few + 1, dtype=int)), self.module)
        numbers = torch.zeros(1, dtype=torch.int64, device=same.device)
        places = np.zeros(few + 1, dtype=np.intp)
        try:
            answer = repeated_passes(
                self.module, same, Masks(self.plan, self.seed, places, numbers, False)
            )
        except Exception:  # the module's own errors come again where rows are asked
            return False
        if not isinstance(answer, torch.Tensor):
            return False
        return torch.allclose(answer, answer[:, :1].expand_as(answer), rtol=1e-4, atol=1e-5)


def _plan(predictor: Predictor, module: torch.nn.Module, rows: Any) -> DropoutPlan:
    from alignlab.uncertainty.posterior.dropout_switch import find_dropout

    few = some_rows(rows, np.arange(2) % len(rows))
    try:
        plan = find_dropout(module, rows_as_tensor(few, module))
    except Exception as error:
        predictor(few)  # says in the person's words what is wrong
        raise ModelError(
            f"The torch module {predictor.name} raised with dropout switched on: {_one_line(error)}"
        ) from error
    if not any(0 < kept_share(site.p) < 1 for site in plan.sites):
        left = plan.kept_in_evaluation
        why = (
            f" ({listed(left)} does something else in training mode too, and was not switched on)"
            if left
            else ""
        )
        raise InputError(
            f"The torch module {predictor.name} has no dropout to switch on{why}: equal passes "
            "would look like certainty. Give one trained with dropout, or use an ensemble."
        )
    return plan


def _finite(outputs: torch.Tensor) -> bool:
    import torch

    return math.isfinite(outputs.sum(dtype=torch.float64))


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:200]
