"""The model under study, whatever it is made of: rows in, probabilities or values out.

A `Predictor` batches rows to a memory budget, counts every row that the model is asked for, and
holds the model to its promise: the right number of answers, finite, probabilities that sum to one.
The model itself is never refitted, cloned or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, InputError, ModelError

if TYPE_CHECKING:
    import torch

__all__ = ["BATCH_BYTES", "Predictor", "Rows", "Task"]

Rows = Any
"""n rows: a pandas data frame, a numpy array or a torch tensor."""

Task = Literal["classification", "regression"]

BATCH_BYTES = 128 * 2**20
"""Default size of one batch of rows, in bytes; a model's own temporaries come on top."""

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1: half-precision models round by about 1e-3."""


@dataclass(eq=False)
class Predictor:
    """A model that answers for rows.

    Called with n rows it returns an array: `(n, n_classes)` probabilities for classification,
    `(n,)` values for regression.

    Attributes
    ----------
    answer
        Called with a batch of rows; returns probabilities or values for them.
    task
        "classification" or "regression".
    classes
        The labels of the probability columns, in their order; empty for regression.
    name
        What the report calls the model.
    kind
        What it is made of, in words ("scikit-learn Pipeline").
    features
        The columns that the model reads, in its order; `None` if it takes rows as they come.
    probabilistic
        False if the model gives decisions only: each row is then one-hot, and measures of scores
        do not apply.
    fingerprint
        SHA-256 of the artefact where the model came from a file, else empty.
    module
        The `torch.nn.Module` that returns logits, where there are gradients.
    batch_rows
        Rows in one call of `answer`; `None` fits them to `BATCH_BYTES`.
    rows_evaluated
        How many rows the model has been asked for so far.
    """

    answer: Callable[[Any], Any]
    task: Task
    classes: tuple[Hashable, ...] = ()
    name: str = "model"
    kind: str = "function"
    features: tuple[str, ...] | None = None
    probabilistic: bool = True
    fingerprint: str = ""
    module: torch.nn.Module | None = None
    batch_rows: int | None = None
    rows_evaluated: int = field(default=0, init=False)

    def __call__(self, rows: Rows) -> NDArray[np.float64]:
        """Return the model's answers for `rows`.

        Parameters
        ----------
        rows
            n rows: a data frame, an array or a tensor. Of a data frame only `features` are
            handed on, in their order.

        Returns
        -------
        numpy.ndarray
            Shape (n, n_classes) of probabilities, or (n,) of values.

        Raises
        ------
        InputError
            If a column that the model needs is missing.
        ModelError
            If the model raises, or answers with the wrong shape, with numbers that are not
            finite, or with probabilities that do not sum to one. The message names the row.
        """
        rows = self._select(rows)
        answers = [
            self._answer_batch(rows[start : start + step], start)
            for start, step in self._batches(rows)
        ]
        if not answers:
            width = (0, len(self.classes)) if self.task == "classification" else (0,)
            return np.zeros(width)
        return np.concatenate(answers)

    def decide(self, answers: NDArray[np.float64]) -> NDArray[Any]:
        """Return the decision for each row of `answers`: a class index, or the value itself."""
        return answers.argmax(axis=1) if self.task == "classification" else answers

    def _select(self, rows: Any) -> Any:
        if self.features is None or not hasattr(rows, "columns"):
            return rows
        missing = [name for name in self.features if name not in rows.columns]
        if missing:
            raise InputError(
                f"The model reads column {missing[0]!r}, which the data does not have. "
                f"Its columns: {', '.join(map(str, rows.columns))}."
            )
        return rows[list(self.features)]

    def _batches(self, rows: Any) -> list[tuple[int, int]]:
        n = len(rows)
        step = self.batch_rows or max(1, BATCH_BYTES // max(_bytes_per_row(rows), 1))
        return [(start, step) for start in range(0, n, step)]

    def _answer_batch(self, batch: Any, start: int) -> NDArray[np.float64]:
        n = len(batch)
        self.rows_evaluated += n
        try:
            raw = self.answer(batch)
        except AlignlabError:
            raise
        except Exception as error:
            row = start + self._first_failing(batch)
            reason = f"{type(error).__name__}: {_one_line(error)}"
            raise ModelError(f"The model {self.name!r} raised on row {row}: {reason}") from error
        return self._validated(raw, n, start)

    def _first_failing(self, batch: Any) -> int:
        """Return the position of the first row on which the model raises, by halving the batch."""
        low, high = 0, len(batch)
        while high - low > 1:
            middle = (low + high) // 2
            self.rows_evaluated += middle - low
            try:
                self.answer(batch[low:middle])
                low = middle
            except Exception:
                high = middle
        return low

    def _validated(self, raw: Any, n: int, start: int) -> NDArray[np.float64]:
        try:
            answers = np.asarray(raw, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"The model {self.name!r} answered something that is not a number: "
                f"{_one_line(error)}"
            ) from error
        expected: tuple[int, ...] = (n,)
        if self.task == "classification":
            expected = (n, len(self.classes))
            # One column for two classes is the probability of the second one.
            if len(self.classes) == 2 and answers.shape in ((n,), (n, 1)):
                second = answers.reshape(n)
                answers = np.column_stack([1 - second, second])
        elif answers.shape == (n, 1):
            answers = answers[:, 0]
        if answers.shape != expected:
            raise ModelError(
                f"The model {self.name!r} answered with shape {answers.shape} for {n} rows; "
                f"{expected} was expected."
            )
        require_finite(answers, start, what=f"The model {self.name!r} answered")
        if self.task == "classification":
            answers = normalised(answers, start, what=f"The model {self.name!r} answered")
        return answers


def require_finite(answers: NDArray[np.float64], start: int, *, what: str) -> None:
    """Raise if an answer is NaN or infinite, naming its row."""
    bad = ~np.isfinite(answers).reshape(len(answers), -1).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        value = answers[row].tolist()
        raise ModelError(
            f"{what} {value} on row {start + row} "
            f"({int(bad.sum())} such rows): not a finite number."
        )


def normalised(probabilities: NDArray[np.float64], start: int, *, what: str) -> NDArray[np.float64]:
    """Return probabilities that sum to one to the last bit, or say which row's do not."""
    totals = probabilities.sum(axis=1)
    bad = (
        (np.abs(totals - 1) > SUM_TOLERANCE)
        | (probabilities < -SUM_TOLERANCE).any(axis=1)
        | (probabilities > 1 + SUM_TOLERANCE).any(axis=1)
    )
    if bad.any():
        row = int(bad.argmax())
        shown = ", ".join(f"{value:.4g}" for value in probabilities[row][:6])
        raise ModelError(
            f"{what} [{shown}] on row {start + row}, which sums to {totals[row]:.4g}: "
            "probabilities lie between 0 and 1 and sum to 1. If these are logits, apply a "
            "softmax first."
        )
    clipped = np.clip(probabilities, 0, 1)
    return clipped / clipped.sum(axis=1, keepdims=True)


def _bytes_per_row(rows: Any) -> int:
    if len(rows) == 0:
        return 1
    if hasattr(rows, "columns"):  # a data frame: strings and categories expand in a pipeline
        return 64 * len(rows.columns)
    itemsize = rows.element_size() if hasattr(rows, "element_size") else rows.itemsize
    return int(np.prod(rows.shape[1:], dtype=int)) * int(itemsize)


def _one_line(error: BaseException) -> str:
    """Return the first line of an error's message, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else "no message")[:200]


def class_positions(labels: Sequence[Hashable], classes: Sequence[Hashable]) -> NDArray[np.intp]:
    """Return each label's position in `classes`, comparing as values and then as text.

    A label read from a file (`"1"`) and one that a model holds (`numpy.int64(1)`) mean the same.

    Raises
    ------
    InputError
        If a label is none of the classes.
    """
    by_value = {label: position for position, label in enumerate(classes)}
    by_text = {str(label): position for position, label in enumerate(classes)}
    positions = np.empty(len(labels), dtype=np.intp)
    for row, label in enumerate(labels):
        found = by_value.get(label, by_text.get(str(label)))
        if found is None:
            shown = ", ".join(repr(str(name)) for name in classes)
            raise InputError(
                f"Row {row} has the label {str(label)!r}, which is none of the model's "
                f"classes: {shown}."
            )
        positions[row] = found
    return positions
