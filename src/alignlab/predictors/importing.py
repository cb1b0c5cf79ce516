"""Python objects by reference: `package.module:name`, also from the current directory."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alignlab.errors import InputError, ModelError, nearest

__all__ = ["MODULE_REFERENCE", "imported", "importing_from_here"]

MODULE_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
"""package.module:name, where the name may lie inside a class."""


def imported(reference: str) -> Any:
    """Return the object that `package.module:name` names.

    Raises
    ------
    InputError
        If the reference is malformed, or there is no such module or name.
    ModelError
        If importing the module fails.

    Examples
    --------
    >>> imported("math:sqrt")(4.0)
    2.0
    """
    if not MODULE_REFERENCE.fullmatch(reference):
        raise InputError(f"{reference!r} is not of the form package.module:name.")
    module_name, _, path = reference.partition(":")
    try:
        with importing_from_here():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise InputError(
                f"There is no module {error.name!r} to import {reference!r} from, neither "
                "installed nor in the current directory."
            ) from error
        raise ModelError(
            f"The module {module_name!r} imports {error.name!r}, which is not installed."
        ) from error
    except SystemExit as error:
        raise ModelError(
            f"The module {module_name!r} called sys.exit({error.code!r}) while it was imported. "
            "Put what it runs as a program under: if __name__ == '__main__'."
        ) from error
    except Exception as error:
        raise ModelError(
            f"The module {module_name!r} raised while it was imported: "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        ) from error
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            public = [each for each in dir(found) if not each.startswith("_")]
            home = getattr(module, "__file__", None) or "built in"
            raise InputError(
                f"The module {module_name!r} ({home}) has no {path!r}.{nearest(name, public)}"
            )
        found = getattr(found, name)
    return found


@contextmanager
def importing_from_here() -> Iterator[None]:
    """Let imports find modules in the current directory, as `python -m` does, for a while."""
    before = list(sys.path)
    sys.path.insert(0, "")
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
