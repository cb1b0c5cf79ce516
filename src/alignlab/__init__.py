"""alignlab: measure how far a model is from what people want of it, and move it closer.

The rooms are imported when first used, so that `import alignlab` costs next to nothing.

Examples
--------
>>> import alignlab
>>> table = alignlab.load_example("mortgage")
>>> len(table.frame)
2380
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.audit import audit
    from alignlab.datasets import load_example
    from alignlab.intervals import Estimate
    from alignlab.predictors import Predictor, as_predictor

__all__ = ["Estimate", "Predictor", "__version__", "as_predictor", "audit", "load_example"]

__version__ = "0.1.0"

_HOMES = {
    "Estimate": "alignlab.intervals",
    "Predictor": "alignlab.predictors",
    "as_predictor": "alignlab.predictors",
    "load_example": "alignlab.datasets",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    try:
        return import_module(f"alignlab.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"alignlab.{name}":
            raise
        raise AttributeError(f"module 'alignlab' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted(__all__)
