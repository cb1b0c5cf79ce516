"""The studied rows in compact form, so that two reports on the same rows can be compared in pairs.

What is kept of each row: what happened, what the model decided and how probable it held each class,
its weight and its groups; no feature. Arrays are little-endian, compressed by zlib and written in
base64. The fingerprint is the SHA-256 of outcomes, weights and groups: what the rows are, without
what a model said about them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.audit.context import AuditContext
from alignlab.datasets import Grouping
from alignlab.errors import InputError

__all__ = ["decode_rows", "encode_rows"]

PACKED_TYPES = ("<u1", "<u2", "<u4", "<f4", "<f8")


def encode_rows(context: AuditContext) -> dict[str, Any]:
    """Return the context's rows as plain values for the report.

    Parameters
    ----------
    context
        n rows.

    Returns
    -------
    dict
        Names to text, numbers and packed arrays; the same rows give the same bytes.
    """
    labels = context.task == "classification"
    outcome_type = _code_type(len(context.classes)) if labels else "<f8"
    encoded: dict[str, Any] = {
        "n": len(context.outcomes),
        "task": context.task,
        "classes": list(context.classes),
        "favourable": context.favourable,
        "outcomes": _pack(context.outcomes, outcome_type),
        "decisions": _pack(context.decisions, outcome_type),
        "probabilities": None,
        "weights": None,
        "groups": {each.name: _pack_grouping(each) for each in context.groupings},
        "control": None,
    }
    if context.control is not None:
        name, packed = context.control.name, _pack_grouping(context.control)
        encoded["control"] = {"name": name, **packed}
    if context.probabilities is not None:
        # Every class, although they sum to one: 1 - p would lose what log loss sees near 0.
        encoded["probabilities"] = _pack(context.probabilities, "<f4")
    if context.weights is not None:
        encoded["weights"] = _pack(context.weights, "<f8")
    encoded["fingerprint"] = _fingerprint(encoded)
    return encoded


def decode_rows(encoded: Mapping[str, Any]) -> AuditContext | None:
    """Return the context of a report's rows, without features and without a model.

    Parameters
    ----------
    encoded
        What `encode_rows` returned, as read from a report.

    Returns
    -------
    AuditContext or None
        `None` if the report holds no rows.

    Raises
    ------
    InputError
        If the rows are damaged.
    """
    if not encoded:
        return None
    try:
        context = _decoded(encoded)
        if encoded["fingerprint"] != _fingerprint(encoded):
            raise ValueError("they are not the ones that were written")
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise InputError(
            f"The rows in this report are damaged: {error}. Run the audit again."
        ) from (error)
    return context


def _decoded(encoded: Mapping[str, Any]) -> AuditContext:
    n, classes, task = int(encoded["n"]), tuple(encoded["classes"]), encoded["task"]
    of_labels = np.intp if task == "classification" else np.float64
    probabilities, weights = encoded["probabilities"], encoded["weights"]
    if probabilities is not None:
        table = _unpack(probabilities, n * len(classes)).astype(float).reshape(n, len(classes))
        probabilities = table / table.sum(axis=1, keepdims=True)
    control = encoded["control"]
    return AuditContext(
        task=task,
        classes=classes,
        frame=pd.DataFrame(index=range(n)),
        features=pd.DataFrame(index=range(n)),
        predictor=None,
        outcomes=_unpack(encoded["outcomes"], n).astype(of_labels),
        decisions=_unpack(encoded["decisions"], n).astype(of_labels),
        probabilities=probabilities,
        groupings=tuple(
            _unpack_grouping(name, packed, n) for name, packed in encoded["groups"].items()
        ),
        control=None if control is None else _unpack_grouping(control["name"], control, n),
        favourable=encoded["favourable"],
        weights=None if weights is None else _unpack(weights, n).astype(float),
    )


def _pack_grouping(grouping: Grouping) -> dict[str, Any]:
    codes = _pack(grouping.codes, _code_type(len(grouping.labels)))
    return {"labels": list(grouping.labels), "codes": codes}


def _unpack_grouping(name: str, packed: Mapping[str, Any], n: int) -> Grouping:
    return Grouping(name, _unpack(packed["codes"], n).astype(np.intp), tuple(packed["labels"]))


def _code_type(values: int) -> str:
    return "<u1" if values <= 2**8 else "<u2" if values <= 2**16 else "<u4"


def _pack(values: NDArray[Any], kind: str) -> dict[str, str]:
    raw = np.ascontiguousarray(values, dtype=kind).tobytes()
    return {"type": kind, "zlib": base64.b64encode(zlib.compress(raw, 9)).decode("ascii")}


def _unpack(packed: Mapping[str, str], values: int) -> NDArray[Any]:
    if packed["type"] not in PACKED_TYPES:
        raise ValueError(f"{packed['type']!r} is not one of {', '.join(PACKED_TYPES)}")
    unpacked = np.frombuffer(
        zlib.decompress(base64.b64decode(packed["zlib"], validate=True)), dtype=packed["type"]
    )
    if len(unpacked) != values:
        raise ValueError(f"{len(unpacked)} values stand where {values} belong")
    return unpacked


def _fingerprint(encoded: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what the rows are: their outcomes, weights and groups."""
    seen = hashlib.sha256(json.dumps([encoded["task"], encoded["classes"]]).encode())
    columns = {"outcomes": encoded["outcomes"], "weights": encoded["weights"]}
    for name, held in encoded["groups"].items():
        columns[f"group {name} {json.dumps(held['labels'])}"] = held["codes"]
    for name, packed in columns.items():
        seen.update(name.encode())
        if packed is not None:
            seen.update(_unpack(packed, encoded["n"]).tobytes())
    return seen.hexdigest()
