"""A scikit-learn model in a skops file: types that skops vouches for, others only by name."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alignlab.errors import ModelError, UnsafeModelError
from alignlab.predictors.importing import importing_from_here

__all__ = ["read_skops"]


def read_skops(path: Path, trust: Sequence[str]) -> Any:
    """Return the estimator in a skops file.

    Parameters
    ----------
    path
        The file.
    trust
        Types, by full name, that may be loaded although skops does not vouch for them.

    Raises
    ------
    UnsafeModelError
        If the file holds a type that nobody has vouched for. Nothing was loaded.
    ModelError
        If it is not a skops file, or needs a package that is not installed.
    """
    from skops.io import get_untrusted_types, loads

    content = path.read_bytes()
    try:
        untrusted = get_untrusted_types(data=content)
        unknown = [name for name in untrusted if name not in trust]
        if unknown:
            # All of them, however many: each is to be known and allowed, and none is guessed.
            allow = " ".join(f"--trust {name}" for name in unknown)
            raise UnsafeModelError(
                f"{path.name} holds types that skops does not vouch for. If you know them, allow "
                f"them by name: {allow}"
            )
        with importing_from_here():
            return loads(content, trusted=untrusted)
    except UnsafeModelError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelError(
            f"{path.name} is not a skops file ({error}). Nothing in it was run. Make one with "
            "skops.io.dump(model, path)."
        ) from error
    except SystemExit as error:
        raise ModelError(
            f"{path.name} called sys.exit({error.code!r}) while it was loaded."
        ) from error
    except Exception as error:
        raise ModelError(
            f"{path.name} cannot be loaded ({type(error).__name__}: {error}). It may need a "
            "package that is not installed, or another version of one."
        ) from error
