"""The ten steps of the guide's path: exercises run with this package, and checks that score them.

Each name is imported from its home when first used: to list the steps needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.lessons.form import Exercise, Held
    from alignlab.lessons.progress import Progress, begin, check_step, exercise, step_folder

__all__ = ["Exercise", "Held", "Progress", "begin", "check_step", "exercise", "step_folder"]

_HOMES = {
    "Exercise": "form",
    "Held": "form",
    "Progress": "progress",
    "begin": "progress",
    "check_step": "progress",
    "exercise": "progress",
    "step_folder": "progress",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
