"""The model under study, whatever it is made of: rows in, probabilities or values out.

A `Predictor` batches rows to a memory budget, counts every row that the model is asked for, and
holds the model to its promise: the right number of answers, finite, probabilities that sum to one.
The model itself is never refitted, cloned or changed, nor are the rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import (
    AlignlabError,
    InputError,
    ModelError,
    UnnamedClassesError,
    listed,
    nearest,
)
from alignlab.predictors.labels import class_text

if TYPE_CHECKING:
    import torch

__all__ = ["BATCH_BYTES", "Predictor", "Rows", "Task"]

Rows = Any
"""n rows: a pandas data frame, a numpy array, a sparse matrix or a torch tensor."""

Task = Literal["classification", "regression"]

BATCH_BYTES = 128 * 2**20
"""Default size of one batch of rows, in bytes; a model's own temporaries come on top."""

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1: half-precision models round by about 1e-3."""

SUM_ROUNDING = 1e-12
"""A row of probabilities no farther than this from 1 is left as the model gave it."""


@dataclass(eq=False)
class Predictor:
    """A model that answers for rows.

    Called with n rows it returns an array: `(n, n_classes)` probabilities for classification,
    `(n,)` values for regression. `as_predictor` makes one from a model, `load_model` from a file
    or an address.

    Attributes
    ----------
    answer
        Called with a batch of rows; returns probabilities or values for them. For two classes,
        one number a row is the probability of the second class.
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
    width
        How many columns it takes, where it says so and gives them no names.
    probabilistic
        False if the model gives decisions only: each row is then one-hot, and measures of scores
        do not apply.
    decision
        From probabilities (n, n_classes) to class indices (n,), where the model decides otherwise
        than for the most probable class; `None` where it does not.
    fingerprint
        SHA-256 of the artefact where the model came from a file, else empty.
    module
        The `torch.nn.Module` that returns logits, where there are gradients.
    estimator
        The fitted scikit-learn object, or one with its methods, where the model is one: for methods
        that read a model's parameters, as certificates do.
    batch_rows
        Rows in one call of `answer`; `None` fits them to `BATCH_BYTES`.
    trained_on
        The hashes (`alignlab.datasets.row_hashes.row_hashes`) of the rows that the model was fitted
        on, as `selected` gives them, repetitions included; `None` where nothing says so.
    rows_evaluated
        How many rows the model has been asked for so far.

    Examples
    --------
    >>> model = Predictor(lambda rows: rows[:, 0], "classification", classes=("no", "yes"))
    >>> model(np.array([[0.25], [1.0]]))
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    >>> model.rows_evaluated
    2
    """

    answer: Callable[[Any], Any]
    task: Task
    classes: tuple[Hashable, ...] = ()
    name: str = "model"
    kind: str = "function"
    features: tuple[str, ...] | None = None
    probabilistic: bool = True
    decision: Callable[[NDArray[np.float64]], NDArray[np.intp]] | None = None
    fingerprint: str = ""
    module: torch.nn.Module | None = None
    batch_rows: int | None = None
    width: int | None = None
    estimator: Any = None
    trained_on: NDArray[np.uint64] | None = field(default=None, repr=False)
    rows_evaluated: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.classes = tuple(self.classes)
        if self.task == "classification" and len(self.classes) < 2:
            raise UnnamedClassesError(
                f"The model {self.name!r} has {len(self.classes)} classes; a decision needs at "
                "least two. Name them, in the order of its probabilities, with --classes A,B,… "
                "(in Python: classes=[...])."
            )
        if len(set(self.class_names)) < len(self.classes):
            raise InputError(f"The model {self.name!r} names a class twice: {self.class_names}.")
        if self.batch_rows is not None and self.batch_rows < 1:
            raise InputError(f"batch_rows={self.batch_rows!r} is not a whole number from 1.")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes as text."""
        return tuple(class_text(name) for name in self.classes)

    def __call__(self, rows: Rows) -> NDArray[np.float64]:
        """Return the model's answers for `rows`.

        Parameters
        ----------
        rows
            n rows: a data frame, an array or a tensor. Of a data frame only `features` are
            handed on, in their order; an array's columns are taken to be the `features`.

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
        rows = self.selected(rows)
        n = _length(rows)
        step = self.batch_rows or max(1, BATCH_BYTES // _bytes_per_row(rows))
        answers = [
            self._answer_batch(_slice(rows, start, min(start + step, n)), start)
            for start in range(0, n, step)
        ]
        if not answers:
            return np.zeros((0, len(self.classes)) if self.task == "classification" else 0)
        return np.concatenate(answers)

    def selected(self, rows: Rows) -> Any:
        """Return rows as the model is given them: the columns that it reads, in its order.

        Raises
        ------
        InputError
            If a column that the model reads is missing.
        """
        if isinstance(rows, list | tuple):
            rows = np.asarray(rows)
        if self.features is None:
            return rows
        if isinstance(rows, np.ndarray) and rows.ndim == 2:
            if rows.shape[1] != len(self.features):
                raise InputError(
                    f"The model {self.name!r} reads {len(self.features)} columns, and the array "
                    f"has {rows.shape[1]}. Give its columns in this order: "
                    f"{listed(self.features)}."
                )
            return pd.DataFrame(rows, columns=list(self.features))
        if not isinstance(rows, pd.DataFrame):
            return rows
        columns = self.columns_in(rows.columns)
        missing = [name for name in columns if name not in rows.columns]
        if missing:
            present = [str(column) for column in rows.columns]
            raise InputError(
                f"The model {self.name!r} reads the column {missing[0]!r}, which the data does "
                f"not have.{nearest(missing[0], present) or f' Its columns: {listed(present)}.'}"
            )
        selected = rows[columns]
        return (
            selected
            if columns == list(self.features)
            else selected.set_axis(list(self.features), axis=1)
        )

    def decide(self, answers: NDArray[np.float64]) -> NDArray[Any]:
        """Return the decision for each row of `answers`: a class index, or the value itself.

        The most probable class, the first one of equals, unless the model has a `decision` rule.
        """
        if self.task == "regression":
            return answers
        return answers.argmax(axis=1) if self.decision is None else self.decision(answers)

    def columns_in(self, columns: Iterable[object]) -> list[str]:
        """Return the data's columns that the model reads, in its order.

        A feature that the data does not have is looked for by its letters, digits and
        underscores alone: converters to ONNX turn `hours-per-week` into `hours_per_week`. One
        that is still not found, or that several columns could be, is returned as it is.

        Examples
        --------
        >>> model = Predictor(len, "regression", features=("hours_per_week", "age"))
        >>> model.columns_in(["age", "sex", "hours-per-week"])
        ['hours-per-week', 'age']
        """
        present = [str(column) for column in columns]
        wanted = self.features if self.features is not None else tuple(present)
        free = sorted(set(present) - set(wanted))
        absent = set(wanted) - set(present)
        spelled = {}
        for name in absent:
            close = [column for column in free if _plain(column) == _plain(name)]
            rivals = [other for other in absent if _plain(other) == _plain(name)]
            if len(close) == len(rivals) == 1:
                spelled[name] = close[0]
        return [spelled.get(name, name) for name in wanted]

    def _answer_batch(self, batch: Any, start: int) -> NDArray[np.float64]:
        n = _length(batch)
        try:
            raw = self._ask(batch)
        except AlignlabError:
            raise
        # A model that ends the program would end the audit, with whatever code it likes.
        except (Exception, SystemExit) as error:
            if _is_out_of_memory(error) and n > 1:
                halves = (
                    (_slice(batch, 0, n // 2), start),
                    (_slice(batch, n // 2, n), start + n // 2),
                )
                return np.concatenate([self._answer_batch(*half) for half in halves])
            raise self._failure(error, batch, start) from error
        return self._validated(raw, n, start)

    def _ask(self, batch: Any) -> Any:
        self.rows_evaluated += _length(batch)
        # An array is handed out as a copy: models that scale in place must not change the data.
        return self.answer(batch.copy() if isinstance(batch, np.ndarray) else batch)

    def _failure(self, error: BaseException, batch: Any, start: int) -> ModelError:
        """Return the error that names the first row on which the model raises, by halving."""
        low, high = 0, _length(batch)
        while high - low > 1:
            middle = (low + high) // 2
            raised = self._raised(_slice(batch, low, middle))
            if raised is None:
                low = middle
            else:
                high, error = middle, raised
        alone = self._raised(_slice(batch, low, high))
        if alone is None:  # it answers for each row, and not for all of them at once
            last = start + _length(batch) - 1
            return ModelError(
                f"The model {self.name!r} "
                f"{_failed(error, f'on rows {start} to {last} taken at once, not on one alone')}. "
                "Ask it for fewer at a time: as_predictor(model, batch_rows=…), or batch_rows in "
                "[endpoint] of the audit file."
            )
        return ModelError(f"The model {self.name!r} {_failed(alone, f'on row {start + low}')}")

    def _raised(self, batch: Any) -> BaseException | None:
        try:
            self._ask(batch)
        except (Exception, SystemExit) as error:
            return error
        return None

    def _validated(self, raw: Any, n: int, start: int) -> NDArray[np.float64]:
        answers = self._numbers(raw)
        expected: tuple[int, ...] = (n,)
        if self.task == "classification":
            expected = (n, len(self.classes))
            if len(self.classes) == 2 and answers.shape in ((n,), (n, 1)):
                return self._two_columns(answers.reshape(n), start)
        elif answers.shape == (n, 1):
            answers = answers[:, 0]
        if answers.shape != expected:
            meant = f"one probability for each of {listed(map(repr, self.class_names))}"
            raise ModelError(
                f"The model {self.name!r} answered with shape {answers.shape} for {n} rows; "
                f"{expected} was expected: "
                f"{meant if self.task == 'classification' else 'one value a row'}."
            )
        self._require_finite(answers, start)
        return answers if self.task == "regression" else self._normalised(answers, start)

    def _numbers(self, raw: Any) -> NDArray[np.float64]:
        if hasattr(raw, "detach"):  # a tensor, perhaps with a gradient, perhaps on a device
            raw = raw.detach().cpu().double().numpy()
        try:
            return np.asarray(raw, dtype=np.float64)
        except (TypeError, ValueError) as error:
            hint = (
                " It must return probabilities; decisions can be given as probabilities of 0 and "
                "1, or audited as a table of predictions."
                if self.task == "classification"
                else ""
            )
            raise ModelError(
                f"The model {self.name!r} answered something that is not an array of numbers "
                f"({_one_line(error)}).{hint}"
            ) from error

    def _two_columns(self, second: NDArray[np.float64], start: int) -> NDArray[np.float64]:
        self._require_finite(second, start)
        bad = (second < -SUM_TOLERANCE) | (second > 1 + SUM_TOLERANCE)
        if bad.any():
            row = int(bad.argmax())
            raise ModelError(
                f"The model {self.name!r} answered {second[row]:.4g} on row {start + row} as the "
                f"probability of {self.class_names[1]!r}: a probability lies between 0 and 1. If "
                "it is a logit, apply a sigmoid first."
            )
        second = np.clip(second, 0, 1)
        return np.column_stack([1 - second, second])

    def _normalised(self, answers: NDArray[np.float64], start: int) -> NDArray[np.float64]:
        """Return probabilities that sum to one, or say which row's do not."""
        totals = answers.sum(axis=1)
        # What nearly every model answers is told by a few passes over all numbers at once; the
        # checks row by row take as long as a fast model does.
        if (
            answers.size
            and answers.min() >= 0
            and answers.max() <= 1
            and np.abs(totals - 1).max() <= SUM_ROUNDING
        ):
            return answers
        bad = (
            (np.abs(totals - 1) > SUM_TOLERANCE)
            | (answers < -SUM_TOLERANCE).any(axis=1)
            | (answers > 1 + SUM_TOLERANCE).any(axis=1)
        )
        if bad.any():
            row = int(bad.argmax())
            shown = ", ".join(f"{value:.4g}" for value in answers[row][:6])
            more = ", …" if answers.shape[1] > 6 else ""
            raise ModelError(
                f"The model {self.name!r} answered [{shown}{more}] on row {start + row}, which "
                f"sums to {totals[row]:.4g}: probabilities lie between 0 and 1 and sum to 1. If "
                "these are logits, apply a softmax first."
            )
        return rescaled(np.clip(answers, 0, 1))

    def _require_finite(self, answers: NDArray[np.float64], start: int) -> None:
        finite = np.isfinite(answers)
        if finite.all():
            return
        bad = ~finite.reshape(len(answers), -1).all(axis=1)
        if bad.any():
            row = int(bad.argmax())
            raise ModelError(
                f"The model {self.name!r} answered {answers[row].tolist()} on row {start + row} "
                f"({int(bad.sum())} such rows): not a finite number."
            )


def rescaled(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities whose rows sum to one; those that do up to rounding stay as they are."""
    totals = probabilities.sum(axis=1, keepdims=True)
    return np.where(np.abs(totals - 1) > SUM_ROUNDING, probabilities / totals, probabilities)


def _plain(column: str) -> str:
    return re.sub(r"\W", "_", column)


def _length(rows: Any) -> int:
    return int(rows.shape[0]) if hasattr(rows, "shape") else len(rows)  # a sparse matrix has no len


def _slice(rows: Any, start: int, stop: int) -> Any:
    return rows.iloc[start:stop] if hasattr(rows, "iloc") else rows[start:stop]


def _bytes_per_row(rows: Any) -> int:
    if isinstance(rows, pd.DataFrame):  # strings and categories expand in a pipeline
        return 64 * max(len(rows.columns), 1)
    shape: Sequence[int] = getattr(rows, "shape", (0,))[1:]
    return max(1, int(np.prod(shape, dtype=int)) * int(getattr(rows, "itemsize", 8)))


def _is_out_of_memory(error: BaseException) -> bool:
    # torch's class is known by its name, so that asking does not import torch.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def _failed(error: BaseException, where: str) -> str:
    if isinstance(error, SystemExit):
        return f"called sys.exit({error.code!r}) {where}"
    return f"raised {where}: {_one_line(error)}"


def _one_line(error: BaseException) -> str:
    """Return an error's kind and the first line of its message, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:200]
