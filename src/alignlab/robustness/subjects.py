"""What a person gives to an attack, checked once at the door: a model, rows, and their classes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from alignlab.errors import InputError
from alignlab.predictors import Predictor, as_predictor, class_positions
from alignlab.robustness.threats import Threat

if TYPE_CHECKING:
    import torch

__all__ = ["Subject", "as_subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the rows on which it is attacked.

    Attributes
    ----------
    predictor
        The model.
    x
        The rows as they are moved, shape (n, ...), on the model's device.
    y
        The positions of their true classes, shape (n,).
    given
        The rows as the person gave them.
    threat
        What may be done to them.
    """

    predictor: Predictor
    x: torch.Tensor
    y: torch.Tensor
    given: Any
    threat: Threat

    @property
    def has_gradients(self) -> bool:
        """Whether the model's gradients by the moved rows can be asked for."""
        return self.predictor.module is not None and not self.threat.decodes

    def for_model(self, x: torch.Tensor) -> Any:
        """Return moved rows as the model is asked about them, in the form of those given."""
        import torch

        if self.threat.decodes:
            return self.threat.decode(x)
        if isinstance(self.given, torch.Tensor):
            return x
        array = x.cpu().numpy()
        if isinstance(self.given, pd.DataFrame):
            return pd.DataFrame(array, columns=self.predictor.columns_in(self.given.columns))
        return array

    def moved(self, rows: Any) -> torch.Tensor:
        """Return rows in the form of those given as they are moved."""
        import torch

        if isinstance(rows, pd.DataFrame) and not self.threat.decodes:
            rows = _numbers(rows[self.predictor.columns_in(rows.columns)])
        x = self.threat.encode(rows) if self.threat.decodes else torch.as_tensor(rows)
        return x.to(self.x.device)

    def as_given(self, x: torch.Tensor) -> Any:
        """Return all rows after a move, with everything that was given beside what was moved."""
        rows = self.for_model(x)
        if not isinstance(rows, pd.DataFrame):
            return rows
        frame = self.given.reset_index(drop=True)
        return frame.assign(**{name: rows[name].array for name in rows.columns})


def as_subject(
    model: Any,
    X: Any,
    y: Any,
    threat: Threat,
    *,
    classes: Sequence[Hashable] | None = None,
) -> Subject:
    """Return a model, rows and classes as attacks take them.

    Parameters
    ----------
    model
        A Predictor, or anything that `as_predictor` takes.
    X
        n rows: an array or a tensor of floats, or a data frame.
    y
        Their true classes, shape (n,).
    threat
        What may be done to them.
    classes
        The model's classes, in the order of its answers. A module or a function for which none
        are named has as many as it answers for the first row, numbered from 0.

    Raises
    ------
    InputError
        If there is no row, lengths differ, a class is unknown, the model predicts a number, or a
        row is outside of what the threat calls valid.
    """
    import torch

    if not hasattr(threat, "encode"):
        raise InputError(f"{threat!r} is no threat. Give one, such as Linf(0.1).")
    n = len(X) if hasattr(X, "__len__") else 0
    if n == 0:
        raise InputError("There is no row to attack: X is empty.")
    if len(y) != n:
        raise InputError(f"There are {n} rows in X and {len(y)} classes in y.")
    if np.ndim(y) != 1:
        shape = tuple(np.shape(y))
        raise InputError(f"y has the shape {shape}. Give one class a row, shape ({n},).")
    if isinstance(X, torch.Tensor):
        X = X.detach()
    if isinstance(X, pd.DataFrame):
        X = X.set_axis([str(name) for name in X.columns], axis=1)
    predictor = as_predictor(model, classes=classes if classes else _numbered(model, X))
    if predictor.task != "classification":
        raise InputError(
            f"The model {predictor.name!r} predicts a number, and these attacks look for a change "
            "of class. Small changes (alignlab.robustness.small_changes) measure how far it moves."
        )
    rows = X
    if isinstance(X, pd.DataFrame) and not threat.decodes:
        rows = _numbers(X[predictor.columns_in(X.columns)])
    x = threat.encode(rows)
    if predictor.module is not None:
        held = next(iter(predictor.module.parameters()), x)
        x = x.to(held.device)
    true = class_positions(y, predictor.classes, where="y", of_model=True)
    return Subject(predictor, x, torch.as_tensor(true, device=x.device), X, threat)


def _numbered(model: Any, X: Any) -> Sequence[Hashable] | None:
    """Return classes 0, 1, … for a model that names none, as many as it tells apart."""
    import torch

    if isinstance(model, Predictor) or hasattr(model, "predict") or not callable(model):
        return None
    if isinstance(model, torch.nn.Module):
        answer = as_predictor(model, task="regression").answer(X[:1])
    else:
        answer = np.asarray(model(X[:1]))
    return range(max(2, answer.shape[1] if answer.ndim == 2 else 1))


def _numbers(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise InputError(
                f"Column {str(name)!r} holds {frame[name].dtype}, and a ball is around numbers. "
                "State what may be done to a table's rows: TabularThreat(Constraints(…), radius)."
            )
    return frame.to_numpy(np.float64, na_value=np.nan)
