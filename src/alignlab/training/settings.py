"""What a training was asked for, as plain values, so that only the same one is gone on with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError
from alignlab.training.objective import Objective, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["require_same", "settings_of"]


def settings_of(
    *,
    module: torch.nn.Module,
    train: TrainingData,
    held: TrainingData,
    terms: Objective,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what decides how a training goes."""
    return {
        "module": {name: list(value.shape) for name, value in module.state_dict().items()},
        "rows": _digest(train),
        "validation rows": _digest(held),
        "terms": {term.name: _said(term) for term in terms.terms},
        "options": {
            name: value if value is None or isinstance(value, str | int | float) else _said(value)
            for name, value in options.items()
        },
    }


def require_same(was: Mapping[str, Any], now: Mapping[str, Any], *, where: str) -> None:
    """Raise if a training is to be gone on with that was asked for otherwise.

    More epochs and another patience may be asked for, unless the learning rate depends on the
    number of epochs.
    """
    free = {"patience"} | ({"epochs"} if now["options"]["schedule"] == "none" else set())
    before, after = was["options"], now["options"]
    for name in after.keys() - free:
        if before.get(name) != after[name]:
            raise InputError(
                f"The training in {where} has {name}={before.get(name)!r}, and "
                f"{name}={after[name]!r} is asked for. Go on with the same, or train anew in "
                "another directory."
            )
    for name in ("terms", "module", "rows", "validation rows"):
        if was[name] != now[name]:
            what = "another objective" if name == "terms" else f"another {name}"
            what = what if name in ("terms", "module") else f"other {name}"
            raise InputError(
                f"The training in {where} has {what}. Go on with the same, or train anew in "
                "another directory."
            )


def _said(value: Any) -> str:
    """Return how a value shows itself, without where in memory it lies."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _digest(data: TrainingData) -> str:
    digest = hashlib.sha256()
    tensors = [data.x, data.y, *(data.columns[name] for name in sorted(data.columns))]
    for tensor in tensors:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
