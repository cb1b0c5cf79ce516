"""A pickled model, opened only on the person's explicit word: a pickle is a program."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alignlab.errors import ModelError, UnsafeModelError
from alignlab.predictors.importing import importing_from_here

__all__ = ["read_pickle"]


def read_pickle(path: Path, allowed: bool, warn: Callable[[str], None]) -> Any:
    """Return the object in a pickle or joblib file.

    Parameters
    ----------
    path
        The file.
    allowed
        The person's word that code in it may run.
    warn
        Told in one sentence what that risks, before the file is opened.

    Raises
    ------
    UnsafeModelError
        If it is not allowed. Nothing was unpickled.
    ModelError
        If the file cannot be unpickled.
    """
    if not allowed:
        raise UnsafeModelError(
            f"{path.name} is a pickle: opening it runs whatever code it holds. Save the model as "
            "skops (skops.io.dump) or ONNX, or audit a table of its predictions instead; if you "
            "trust whoever made this file, allow it with --allow-pickle."
        )
    content = path.read_bytes()
    warn(
        f"Opening {path.name} runs any code that it holds, with your rights. Go on only if you "
        f"trust its maker and this is the file they made: sha256 "
        f"{hashlib.sha256(content).hexdigest()}."
    )
    import joblib

    try:
        with importing_from_here():
            return joblib.load(io.BytesIO(content))  # the very bytes that the warning named
    except SystemExit as error:
        raise ModelError(
            f"{path.name} called sys.exit({error.code!r}) while it was unpickled. Save the model "
            "without what calls it."
        ) from error
    except Exception as error:
        raise ModelError(
            f"{path.name} cannot be unpickled ({type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else 'no message'}). A pickle needs the "
            "package versions that it was made with."
        ) from error
