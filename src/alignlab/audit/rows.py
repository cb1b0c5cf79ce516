"""The studied rows in compact form, so that two reports on the same rows can be compared in pairs.

What is kept of each row: what happened, what the model decided and how probable it held each class,
its weight and its groups; no feature. Arrays are little-endian, compressed by zlib and written in
base64. The fingerprint is the SHA-256 of outcomes, weights and groups: what the rows are, without
what a model said about them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.context import AuditContext
from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.measures import Answers

__all__ = ["StudiedRows", "decode_rows", "encode_rows"]

PACKED_TYPES = ("<u1", "<u2", "<u4", "<f4", "<f8")


@dataclass(frozen=True, eq=False)
class StudiedRows:
    """The rows of one audit.

    Attributes
    ----------
    task
        "classification" or "regression".
    classes
        The class labels as text; empty for regression.
    favourable
        The index of the favourable class, or `None`.
    answers
        Outcomes, decisions, probabilities and weights, n rows.
    groupings
        The groupings asked for.
    """

    task: str
    classes: tuple[str, ...]
    favourable: int | None
    answers: Answers
    groupings: tuple[Grouping, ...]

    def in_classes(self, classes: tuple[str, ...]) -> StudiedRows | None:
        """Return the same rows with class indices into `classes`; `None` if the classes differ."""
        if sorted(classes) != sorted(self.classes):
            return None
        if classes == self.classes:
            return self
        position = np.array([classes.index(label) for label in self.classes], dtype=np.intp)
        order = np.argsort(position)
        given = self.answers.probabilities
        answers = replace(
            self.answers,
            outcomes=position[self.answers.outcomes],
            decisions=position[self.answers.decisions],
            probabilities=None if given is None else given[:, order],
        )
        favourable = None if self.favourable is None else int(position[self.favourable])
        return replace(self, classes=classes, favourable=favourable, answers=answers)


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
        "groups": {
            each.name: {
                "labels": list(each.labels),
                "codes": _pack(each.codes, _code_type(len(each.labels))),
            }
            for each in context.groupings
        },
    }
    if context.probabilities is not None:
        # Every class, although they sum to one: 1 - p would lose what log loss sees near 0.
        encoded["probabilities"] = _pack(context.probabilities, "<f4")
    if context.weights is not None:
        encoded["weights"] = _pack(context.weights, "<f8")
    encoded["fingerprint"] = _fingerprint(encoded)
    return encoded


def decode_rows(encoded: Mapping[str, Any]) -> StudiedRows | None:
    """Return the rows of a report; `None` if it holds none.

    Parameters
    ----------
    encoded
        What `encode_rows` returned, as read from a report.

    Raises
    ------
    InputError
        If the rows are damaged.
    """
    if not encoded:
        return None
    try:
        n = int(encoded["n"])
        classes = tuple(encoded["classes"])
        outcomes, decisions = (_unpack(encoded[name]) for name in ("outcomes", "decisions"))
        if encoded["task"] == "classification":
            outcomes, decisions = outcomes.astype(np.intp), decisions.astype(np.intp)
        probabilities = encoded["probabilities"]
        if probabilities is not None:
            probabilities = _unpack(probabilities).astype(float).reshape(n, len(classes))
            probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
        weights = None if encoded["weights"] is None else _unpack(encoded["weights"]).astype(float)
        groupings = tuple(
            Grouping(name, _unpack(held["codes"]).astype(np.intp), tuple(held["labels"]))
            for name, held in encoded["groups"].items()
        )
        columns = [outcomes, decisions, *(each.codes for each in groupings)]
        if any(len(column) != n for column in columns) or _fingerprint(encoded) != encoded.get(
            "fingerprint"
        ):
            raise ValueError("a column has another length or other values than it was written with")
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error, binascii.Error) as error:
        raise InputError(
            f"The rows in this report are damaged ({error}). Run the audit again."
        ) from (error)
    answers = Answers(outcomes, decisions, probabilities, weights)
    return StudiedRows(encoded["task"], classes, encoded["favourable"], answers, groupings)


def _code_type(values: int) -> str:
    return "<u1" if values <= 2**8 else "<u2" if values <= 2**16 else "<u4"


def _pack(values: NDArray[Any], kind: str) -> dict[str, str]:
    raw = np.ascontiguousarray(values, dtype=kind).tobytes()
    return {"type": kind, "zlib": base64.b64encode(zlib.compress(raw, 9)).decode("ascii")}


def _unpack(packed: Mapping[str, str]) -> NDArray[Any]:
    if packed["type"] not in PACKED_TYPES:
        raise ValueError(f"{packed['type']!r} is not one of {', '.join(PACKED_TYPES)}")
    raw = zlib.decompress(base64.b64decode(packed["zlib"], validate=True))
    return np.frombuffer(raw, dtype=packed["type"])


def _fingerprint(encoded: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what the rows are: their outcomes, weights and groups."""
    seen = hashlib.sha256(json.dumps([encoded["task"], encoded["classes"]]).encode())
    columns = {"outcomes": encoded["outcomes"], "weights": encoded["weights"]}
    for name, held in encoded["groups"].items():
        columns[f"group {name} {json.dumps(held['labels'])}"] = held["codes"]
    for name, packed in columns.items():
        seen.update(name.encode())
        seen.update(b"none" if packed is None else _unpack(packed).tobytes())
    return seen.hexdigest()
