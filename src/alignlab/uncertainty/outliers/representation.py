"""What a network makes of a row before its last layer, and its logits, in one pass.

The representation is the input of the last linear layer that ran: found by watching one forward
pass, so that a module is neither rewritten nor split, and it does not matter how its `forward` is
written. Where that input has a position axis (tokens), it is averaged over it. The module is asked
through its Predictor, in evaluation mode and without gradients, and left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.predictors import Predictor

if TYPE_CHECKING:
    import torch

__all__ = ["Seen", "network_answers"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen of a network while it answered.

    Attributes
    ----------
    probabilities
        What it answered, shape (n, n_classes), or (n,) values for regression.
    logits
        What its module returned, shape (n, n_classes) or (n,).
    features
        The input of its last linear layer, shape (n, d).
    layer
        That layer's name.
    """

    probabilities: Floats
    logits: Floats
    features: Floats
    layer: str


def network_answers(predictor: Predictor, X: Any, *, look_inside: bool = True) -> Seen:
    """Ask a network about rows and look at its last hidden representation meanwhile.

    Parameters
    ----------
    predictor
        A model with a module, which it asks itself.
    X
        n rows, at least one.
    look_inside
        Whether the representation is wanted; without it a network needs no linear layer.

    Raises
    ------
    InputError
        If there is no module, no linear layer ran, or what the layer was given has no row for each
        row of X.

    Examples
    --------
    >>> import torch
    >>> from alignlab.predictors import as_predictor
    >>> module = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
    >>> seen = network_answers(as_predictor(module, classes=["a", "b"]), torch.ones(4, 3))
    >>> seen.features.shape, seen.logits.shape, seen.layer
    ((4, 5), (4, 2), '2')
    """
    if predictor.module is None:
        raise InputError(
            f"The model {predictor.name!r} has no torch module to look into. Ask for a score of "
            "its answers, such as score='entropy', or give model=None to compare the rows "
            "themselves."
        )
    watch = _Watch()
    with watch.over(predictor.module):
        answers = predictor(X)
    logits = np.concatenate(watch.logits) if watch.logits else np.zeros(0)
    if len(logits) != len(answers):
        raise InputError(
            f"{type(predictor.module).__name__} returned {len(logits)} rows of logits while the "
            f"model {predictor.name!r} answered for {len(answers)}. Ask for a score of its answers "
            "without its module: give a function of rows that returns probabilities."
        )
    if not look_inside:
        return Seen(answers, logits, np.zeros((len(answers), 0)), "")
    if not watch.features:
        raise InputError(
            f"No linear layer ran in {type(predictor.module).__name__}, so that it has no "
            "representation to look at. Ask for a score of its answers, such as score='energy', or "
            "give model=None to compare the rows themselves."
        )
    features = np.concatenate(watch.features)
    if len(features) != len(answers):
        raise InputError(
            f"The last linear layer of {type(predictor.module).__name__}, {watch.layer!r}, was "
            f"given {len(features)} rows for {len(answers)}. Ask for a score of its answers, such "
            "as score='energy'."
        )
    return Seen(answers, logits, features, watch.layer)


class _Watch:
    """Keeps, for each finished pass, the module's output and the last linear layer's input."""

    def __init__(self) -> None:
        self.features: list[Floats] = []
        self.logits: list[Floats] = []
        self.layer = ""
        self._latest: torch.Tensor | None = None

    @contextmanager
    def over(self, module: torch.nn.Module) -> Iterator[None]:
        import torch

        def entering(name: str) -> Any:
            def hook(_: Any, given: tuple[Any, ...]) -> None:
                # Layers that share work may run several times: the last run counts.
                self._latest, self.layer = given[0], name

            return hook

        def finished(_: Any, __: Any, output: Any) -> None:
            # A pass that ran out of memory never comes here, and is repeated in halves.
            if self._latest is not None:
                self.features.append(_flat(self._latest))
            if isinstance(output, torch.Tensor):
                self.logits.append(output.detach().double().cpu().numpy())
            self._latest = None

        handles = [
            part.register_forward_pre_hook(entering(name))
            for name, part in module.named_modules()
            if isinstance(part, torch.nn.Linear)
        ]
        handles.append(module.register_forward_hook(finished))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _flat(features: torch.Tensor) -> Floats:
    kept = features.detach()
    if kept.ndim > 2:  # (n, positions..., d)
        kept = kept.flatten(1, -2).mean(dim=1)
    # A copy: a later layer may work in place on what it was given.
    return np.array(kept.double().cpu().numpy())
