"""A deep ensemble: networks trained from different seeds, asked as draws from one posterior.

    p(y | x) = (1 / M) sum_m p(y | x, w_m)                          [lakshminarayanan2017simple]

Each member's probabilities are averaged, never their logits. What makes an ensemble is that its
members went different ways: copies, or members that began alike and saw the rows in one order, are
one model M times and spread too little, so that members with equal parameters are refused.

On an accelerator the members are stacked and asked at once (`torch.func.stack_module_state`,
buffers too), which spares it M launches; on a CPU, where that was slower by up to 2.5 times, they
are asked one after another. Stacking runs the first member's code with each one's tensors: what
members hold beside tensors, such as a number that scales, would silently be the first one's. Each
member's own answer to two rows is therefore compared with the stacked one.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from contextlib import ExitStack
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, InputError, ModelError, require_choice
from alignlab.predictors import Predictor, Task, class_text, undisturbed
from alignlab.uncertainty.posterior.asking import (
    as_samples,
    module_predictor,
    require_module,
    tensor_batches,
)
from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

if TYPE_CHECKING:
    import torch

__all__ = ["deep_ensemble"]

Floats = NDArray[np.float64]

CHECKED_ROWS = 2


def deep_ensemble(
    members: Sequence[Any] | Mapping[str, Any],
    X: Any,
    *,
    classes: Sequence[Hashable] | None = None,
    task: Task | None = None,
    features: Sequence[str] | None = None,
    initial: Sequence[Any] | Mapping[str, Any] | None = None,
    second_output: Literal["variance", "log_variance"] | None = None,
    stacked: bool | None = None,
) -> PosteriorPredictive:
    """Return what an ensemble of torch modules says of rows.

    Use it where training a few networks is affordable: of the ways to a posterior it has held best
    under shift. For estimators that are not torch modules use `bootstrap_predictive`.

    Parameters
    ----------
    members
        At least two trained modules, or models that hold one; a mapping names them. Each is asked
        in evaluation mode and left as it was.
    X
        n rows, as the members take them.
    classes
        The labels in the order of the logits.
    task
        "regression" for modules that return values.
    features
        The columns that the members read, in their order.
    initial
        The members before their training, as modules or state dictionaries, in the same order or
        under the same names. Members that began alike are then refused.
    second_output
        Regression with two outputs a row, the second of which is the outcome's "variance" or
        "log_variance". It becomes the result's `noise_variance`.
    stacked
        Whether all members are asked at once; `None` chooses (see the module's text), and asks
        one after another whatever can't be stacked.

    Returns
    -------
    PosteriorPredictive
        One pass a member.

    Raises
    ------
    InputError
        If members have the same parameters or began alike; the message names them. If
        `stacked=True` and they can't be.

    References
    ----------
    [lakshminarayanan2017simple], [ovadia2019trust]

    Examples
    --------
    >>> import torch
    >>> trained = [torch.nn.Linear(2, 3) for _ in range(5)]
    >>> drawn = deep_ensemble(trained, np.zeros((4, 2)), classes=("a", "b", "c"))
    >>> drawn.samples.shape, drawn.evaluations
    ((5, 4, 3), 20)
    >>> deep_ensemble([trained[0], trained[0]], np.zeros((4, 2)), classes=("a", "b", "c"))
    Traceback (most recent call last):
    alignlab.errors.InputError: Members 0 and 1 have the same parameters: copies are one model. \
Train each from a seed of its own.
    """
    named = _named(members, "members")
    if len(named) < 2:
        raise InputError(f"There are {len(named)} members, and an ensemble needs at least two.")
    predictors = {
        name: module_predictor(
            member, what="deep_ensemble", classes=classes, task=task, features=features
        )
        for name, member in named.items()
    }
    first = next(iter(predictors.values()))
    _require_one_task(predictors, first)
    if second_output is not None:
        require_choice(second_output, ["variance", "log_variance"], what="second_output")
        if first.classes:
            raise InputError("second_output is for regression: probabilities hold their own noise.")
    modules = {name: require_module(predictor) for name, predictor in predictors.items()}
    _require_different(modules, "have the same parameters: copies are one model")
    if initial is not None:
        began = _named(initial, "initial")
        if began.keys() != modules.keys():
            raise InputError(
                f"initial has {len(began)} entries for {len(modules)} members. Give one a member, "
                "in their order or under their names."
            )
        _require_different(began, "had the same parameters before training: they began alike")
    outputs, how, extra = _asked(modules, first, X, stacked)
    kind = f"{len(modules)} members of an ensemble, {how}"
    n, noise = outputs.shape[1], None
    if second_output is not None:
        outputs, noise = _mean_and_variance(outputs, second_output)
    return PosteriorPredictive(
        as_samples(outputs, first, n),
        kind,
        classes=first.classes,
        noise_variance=noise,
        evaluations=len(modules) * (n + extra),
    )


def _named(given: Sequence[Any] | Mapping[str, Any], what: str) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return {str(name): each for name, each in given.items()}
    if not hasattr(given, "__len__"):
        raise InputError(
            f"{what} is a {type(given).__name__}; a list of modules was expected, one a member."
        )
    return {str(index): each for index, each in enumerate(given)}


def _require_one_task(predictors: Mapping[str, Predictor], first: Predictor) -> None:
    for name, predictor in predictors.items():
        if (predictor.task, predictor.classes) != (first.task, first.classes):
            raise InputError(
                f"Member {name} answers for {_told(predictor)} and the first one for "
                f"{_told(first)}. An ensemble has one question."
            )


def _told(predictor: Predictor) -> str:
    return ", ".join(map(class_text, predictor.classes)) or "a value"


def _require_different(members: Mapping[str, Any], fault: str) -> None:
    seen: dict[bytes, str] = {}
    for name, member in members.items():
        other = seen.setdefault(_fingerprint(member), name)
        if other != name:
            raise InputError(
                f"Members {other} and {name} {fault}. Train each from a seed of its own."
            )


def _fingerprint(member: Any) -> bytes:
    """Return a hash of the parameters, or of all tensors of a state dictionary."""
    import torch

    held = dict(member.named_parameters()) if isinstance(member, torch.nn.Module) else member
    if not isinstance(held, Mapping):
        raise InputError(
            f"initial holds an entry of type {type(member).__name__}; a module or a state "
            "dictionary was expected."
        )
    found = sha256()
    for name in sorted(held):
        tensor = held[name].detach().cpu().contiguous()
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.digest()


def _asked(
    modules: Mapping[str, torch.nn.Module], predictor: Predictor, X: Any, stacked: bool | None
) -> tuple[torch.Tensor, str, int]:
    """Return all outputs (M, n, …), how they were asked, and rows asked beside X of each member."""
    import torch

    n = int(X.shape[0]) if hasattr(X, "shape") else len(X)
    tried = _on_accelerator(modules) if stacked is None else stacked
    with torch.no_grad(), ExitStack() as stack:
        for module in modules.values():
            stack.enter_context(undisturbed(module))
        if tried:
            found = _stacked(modules, predictor, X)
            if isinstance(found, torch.Tensor):
                return found, "stacked", min(CHECKED_ROWS, n)
            if stacked:
                raise InputError(
                    f"The members can't be stacked: {found} Leave stacked=True out, and they are "
                    "asked one after another."
                )
        batches = tensor_batches(predictor, X)
        outputs = [
            torch.stack([_answer(module, name, rows).cpu() for name, module in modules.items()])
            for _, rows in batches
        ]
    return torch.cat(outputs, dim=1), "one after another", 0


def _on_accelerator(modules: Mapping[str, torch.nn.Module]) -> bool:
    return all(next(module.parameters()).device.type != "cpu" for module in modules.values())


def _answer(module: torch.nn.Module, name: str, rows: torch.Tensor) -> torch.Tensor:
    """Return one member's output for rows that it may overwrite."""
    import torch

    like = next((p for p in module.parameters()), rows)
    try:
        output = module(rows.to(like.device).clone())
    except AlignlabError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise ModelError(f"Member {name} raised {type(error).__name__}: {reason}") from error
    if not isinstance(output, torch.Tensor) or output.shape[:1] != rows.shape[:1]:
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise ModelError(f"Member {name} returned {shape} for {len(rows)} rows, and not one a row.")
    return output


def _stacked(
    modules: Mapping[str, torch.nn.Module], predictor: Predictor, X: Any
) -> torch.Tensor | str:
    """Return all outputs (M, n, …), or why they can't be had in one call."""
    import torch
    from torch.func import functional_call, stack_module_state, vmap

    outputs: list[torch.Tensor] = []
    try:
        # A copy: a layer that stands under two names keeps the weights that were lent to it.
        lent = copy.deepcopy(next(iter(modules.values())))

        def one(parameters: Any, buffers: Any, rows: Any) -> Any:
            return functional_call(lent, (parameters, buffers), (rows,))

        parameters, buffers = stack_module_state(list(modules.values()))
        at_once = vmap(one, in_dims=(0, 0, None))
        for _, rows in tensor_batches(predictor, X, per_row=len(modules)):
            answer = at_once(parameters, buffers, rows.clone())
            if not outputs:
                strange = _strange(modules, rows[:CHECKED_ROWS], answer[:, :CHECKED_ROWS])
                if strange:
                    return strange
            outputs.append(answer.cpu())
    except AlignlabError:
        raise
    except Exception as error:  # whatever stands in vmap's way, asking one after another tells
        reason = (str(error).strip().splitlines() or [""])[0][:160]
        return f"{type(error).__name__}: {reason}."
    return torch.cat(outputs, dim=1)


def _strange(
    modules: Mapping[str, torch.nn.Module], rows: torch.Tensor, answers: torch.Tensor
) -> str:
    """Say which member answers otherwise by itself, if one does."""
    import torch

    for (name, module), answer in zip(modules.items(), answers, strict=True):
        own = _answer(module, name, rows)
        near = 1e-5 * float(own.abs().max()) + 1e-7
        if own.shape != answer.shape or not torch.allclose(own, answer, rtol=1e-3, atol=near):
            return f"member {name} answers otherwise by itself, so that it holds more than tensors."
    return ""


def _mean_and_variance(
    outputs: torch.Tensor, second: Literal["variance", "log_variance"]
) -> tuple[torch.Tensor, Floats]:
    if outputs.ndim != 3 or outputs.shape[2] != 2:
        raise ModelError(
            f"The members returned shape {tuple(outputs.shape[1:])} for {outputs.shape[1]} rows; "
            "two outputs a row were expected, the mean and the noise's variance or its log."
        )
    noise = outputs[:, :, 1].double()
    return outputs[:, :, 0], (noise.exp() if second == "log_variance" else noise).numpy()
