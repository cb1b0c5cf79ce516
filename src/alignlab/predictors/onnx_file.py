"""A model in an ONNX file, run by ONNX Runtime: a graph of known operators, and no code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignlab.errors import InputError, MissingExtraError, ModelError, UnnamedClassesError, listed
from alignlab.predictors.labels import class_text
from alignlab.predictors.predictor import Predictor, Task

__all__ = ["from_onnx"]

_NUMPY_TYPES: dict[str, type] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}

_FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")


def from_onnx(
    path: Path,
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
) -> Predictor:
    """Return a Predictor that asks ONNX Runtime.

    Parameters
    ----------
    path
        The file. Its inputs are columns by name, each of one column, or one matrix of all
        columns. Its answer is the one floating-point output, or the one called probabilities;
        scikit-learn's converted classifiers fit, with their maps from class to probability too.
    task, classes
        A graph says neither: name the classes in the order of its probabilities, or
        `task="regression"`.

    Raises
    ------
    InputError
        If neither classes nor `task="regression"` is given.
    ModelError
        If it is not an ONNX file, or takes or gives something that a table does not hold.
    MissingExtraError
        If ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx", "Running an ONNX model") from error
    if task is None and classes is None:
        raise UnnamedClassesError(
            f"{path.name} does not say what its outputs mean. Name classes=[...] in the order of "
            "its probabilities, or state task='regression'."
        )
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), sess_options=quiet, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's errors have no common class of their own
        raise ModelError(
            f"{path.name} is not an ONNX model that this runtime reads: "
            f"{str(error).splitlines()[0][:200]}"
        ) from error
    inputs = session.get_inputs()
    for each in inputs:
        if each.type not in _NUMPY_TYPES:
            raise ModelError(
                f"The input {each.name!r} of {path.name} is a {each.type}, not a column."
            )
    output = _answer_of(session.get_outputs(), path.name)
    labels = () if task == "regression" else tuple(() if classes is None else classes)
    matrix = len(inputs) == 1 and _width(inputs[0]) != 1
    read = _matrix_reader(inputs[0], path.name) if matrix else _column_reader(inputs, path.name)

    def answer(rows: Any) -> Any:
        (raw,) = session.run([output], read(rows))
        if isinstance(raw, list):
            return _from_maps(raw, [class_text(label) for label in labels], path.name)
        return raw

    first = inputs[0].shape[0] if inputs[0].shape else None
    return Predictor(
        answer,
        "regression" if task == "regression" else "classification",
        classes=labels,
        name=path.name,
        kind="ONNX model",
        features=None if matrix else tuple(each.name for each in inputs),
        batch_rows=first if isinstance(first, int) else None,
        width=_width(inputs[0]) if matrix else None,
    )


def _answer_of(outputs: Sequence[Any], name: str) -> str:
    """Return the name of the output that holds probabilities or values."""
    fitting = [each for each in outputs if each.type in _FLOATS or each.type.startswith("seq(map(")]
    if len(fitting) > 1:
        fitting = [each for each in fitting if "prob" in each.name.lower()]
    if len(fitting) != 1:
        shown = listed(f"{each.name} ({each.type})" for each in outputs)
        raise ModelError(
            f"It is not clear which output of {name} holds the predictions: {shown}. Export it "
            "with one floating-point output, or call that output 'probabilities'."
        )
    return str(fitting[0].name)


def _width(given: Any) -> int | None:
    """Return how many columns an input takes; `None` if the graph leaves it open."""
    if len(given.shape) < 2:
        return 1
    return given.shape[1] if isinstance(given.shape[1], int) else None


def _matrix_reader(given: Any, name: str) -> Callable[[Any], dict[str, Any]]:
    width, kind = _width(given), _NUMPY_TYPES[given.type]

    def read(rows: Any) -> dict[str, Any]:
        if isinstance(rows, pd.DataFrame):
            if width is not None and len(rows.columns) != width:
                raise InputError(
                    f"{name} takes one matrix of {width} columns, and the data has "
                    f"{len(rows.columns)}: {listed(rows.columns)}. Name the columns that it "
                    "reads, in its order, with --features COL,… (in Python: features=[...])."
                )
            columns = [_values(rows[column], kind, str(column), name) for column in rows.columns]
            return {given.name: np.column_stack(columns).astype(kind, copy=False)}
        return {given.name: np.ascontiguousarray(rows, dtype=kind)}

    return read


def _column_reader(inputs: Sequence[Any], name: str) -> Callable[[Any], dict[str, Any]]:
    def read(rows: Any) -> dict[str, Any]:
        feed = {}
        for given in inputs:
            values = _values(rows[given.name], _NUMPY_TYPES[given.type], given.name, name)
            feed[given.name] = values if len(given.shape) < 2 else values.reshape(-1, 1)
        return feed

    return read


def _values(column: pd.Series[Any], kind: type, label: str, name: str) -> np.ndarray[Any, Any]:
    if kind is np.object_:
        # A graph knows no missing text; the empty text is a category like any unknown one.
        return column.astype(object).where(column.notna(), "").map(str).to_numpy(dtype=object)
    if not issubclass(kind, np.floating) and column.isna().any():
        row = column.index[
            int(column.isna().to_numpy().argmax())
        ]  # a batch keeps its rows' numbers
        raise InputError(
            f"Column {label!r} is missing on row {row}, and {name} takes whole numbers there. "
            "Fill it in, or export the model with a floating-point input."
        )
    try:
        return (
            column.to_numpy(dtype=kind, na_value=np.nan)
            if column.isna().any()
            else (column.to_numpy(dtype=kind))
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Column {label!r} holds {column.dtype}, and {name} takes numbers there: {error}."
        ) from error


def _from_maps(maps: list[dict[Any, float]], names: list[str], of: str) -> list[list[float]]:
    """Return probabilities in the classes' order, from one map from class to probability a row."""
    known = {class_text(label): label for label in maps[0]} if maps else {}
    if set(known) != set(names):
        raise ModelError(
            f"{of} gives probabilities for the classes {listed(known)}, and the classes stated, or "
            f"found in the target, are {listed(names)}. Name the model's with --classes A,B,…, or "
            "rename the labels in the data."
        )
    order = [known[name] for name in names]
    return [[row[label] for label in order] for row in maps]
