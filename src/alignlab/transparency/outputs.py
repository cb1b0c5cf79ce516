"""Which numbers of a model are explained: probabilities, their log-odds, values or decisions.

    probability   p_k(x)
    log odds      log p_k(x) - log (1 - p_k(x))
    decision      1 where the model decides for class k, else 0
    value         the prediction itself, in regression

What adds up on one scale does not on another: the mean of probabilities is not the probability of
the mean log-odds. So a result names its scale, and no method changes it on the way.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError, require_choice
from alignlab.predictors import Predictor, as_predictor
from alignlab.predictors.labels import class_text

__all__ = ["Output", "Scale", "output_of"]

Floats = NDArray[np.float64]

Scale = Literal["probability", "log odds", "decision", "value"]

SCALES: tuple[Scale, ...] = ("probability", "log odds", "decision", "value")


@dataclass(frozen=True, slots=True)
class Output:
    """The numbers of a model that are explained: called with n rows, it returns shape (n, outputs).

    Attributes
    ----------
    predictor
        The model.
    scale
        "probability", "log odds", "decision" or "value".
    positions
        The classes explained, as columns of the model's probabilities; (0,) for regression.
    names
        What each output is called: the class, or "value".
    """

    predictor: Predictor
    scale: Scale
    positions: tuple[int, ...]
    names: tuple[str, ...]

    def __call__(self, rows: Any) -> Floats:
        """Ask the model about rows and return its outputs, shape (n, outputs)."""
        return self.of(self.predictor(rows))

    def of(self, answers: Floats) -> Floats:
        """Return the outputs of answers that the model has given already.

        Raises
        ------
        ModelError
            If a probability of 0 or 1 has no log-odds.
        """
        if self.scale == "value":
            return answers[:, None]
        columns = list(self.positions)
        if self.scale == "decision":
            return np.asarray(self.predictor.decide(answers)[:, None] == columns, dtype=np.float64)
        chosen = answers[:, columns]
        if self.scale == "probability":
            return chosen
        # 1 - p loses its digits near 1; the sum of the other classes keeps them.
        others = np.stack([np.delete(answers, k, axis=1).sum(axis=1) for k in columns], axis=1)
        if (chosen <= 0).any() or (others <= 0).any():
            raise ModelError(
                f"The model {self.predictor.name!r} answers with probabilities of 0 or 1, which "
                "have no log-odds. Explain scale='probability'."
            )
        return np.log(chosen) - np.log(others)


def output_of(
    model: Any,
    *,
    scale: Scale | None = None,
    target: Hashable | Sequence[Hashable] | None = None,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> Output:
    """Return the numbers of a model that are to be explained.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes.
    scale
        "probability" (default where there are any), "log odds", "decision" (default where the
        model gives decisions only) or "value" (regression, and only there).
    target
        The class or classes to explain. `None` takes the second of two classes, and all of more.
    classes, task, features
        Passed to `as_predictor`.

    Raises
    ------
    InputError
        If the model has no such scale or class.

    Examples
    --------
    >>> model = Predictor(lambda rows: rows[:, 0], "classification", classes=("no", "yes"))
    >>> output_of(model).names, output_of(model, target="no", scale="log odds").scale
    (('yes',), 'log odds')
    """
    predictor = as_predictor(model, classes=classes, task=task, features=features)
    if scale is not None:
        require_choice(scale, SCALES, what="scale")
    if predictor.task == "regression":
        if scale not in (None, "value") or target is not None:
            what = f"scale={scale!r}" if scale not in (None, "value") else f"target={target!r}"
            raise InputError(
                f"{what} is about classes, and the model {predictor.name!r} predicts a value. "
                "Leave it out."
            )
        return Output(predictor, "value", (0,), ("value",))
    if scale == "value":
        raise InputError(
            f"The model {predictor.name!r} predicts classes: explain scale='probability', "
            "'log odds' or 'decision'."
        )
    if not predictor.probabilistic and scale not in (None, "decision"):
        raise InputError(
            f"The model {predictor.name!r} gives decisions only, without probabilities, so "
            f"scale={scale!r} cannot be had. Explain scale='decision', or give a model with "
            "predict_proba."
        )
    positions = _positions(predictor, target)
    return Output(
        predictor,
        scale or ("probability" if predictor.probabilistic else "decision"),
        positions,
        tuple(predictor.class_names[k] for k in positions),
    )


def _positions(predictor: Predictor, target: Any) -> tuple[int, ...]:
    known = predictor.class_names
    if target is None:
        return (1,) if len(known) == 2 else tuple(range(len(known)))
    wanted = target if isinstance(target, list | tuple) else [target]
    texts = [class_text(each) for each in wanted]
    for text in texts:
        require_choice(text, known, what="target")
    if not texts or len(set(texts)) < len(texts):
        raise InputError(f"target={target!r} names no class, or one twice.")
    return tuple(known.index(text) for text in texts)
