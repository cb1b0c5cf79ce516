"""The environment a study was run in: Python, the platform, and the packages its code imports.

The imports are read from the code, which is not run. To the packages that they name come those
that these need, and alignlab itself with what it needs; each with its installed version.
"""

from __future__ import annotations

import ast
import platform
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Any

__all__ = ["environment_lock"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def environment_lock(code: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the versions of what code imports, of Python and of the platform.

    Parameters
    ----------
    code
        The content of each Python file, by its path in the study's folder.

    Returns
    -------
    dict
        "python", "platform", "packages" (name to version, sorted), and "unknown": what is imported
        and belongs to no installed package.

    Examples
    --------
    >>> lock = environment_lock({"experiment.py": b"import numpy as np, nowhere"})
    >>> "numpy" in lock["packages"], lock["unknown"]
    (True, ['nowhere'])
    """
    imported = set().union(*map(_imported, code.values())) if code else set()
    own = {path.removesuffix(".py").split("/")[0] for path in code}
    named = imported - own - set(sys.stdlib_module_names)
    providers = metadata.packages_distributions()
    unknown = sorted(name for name in named if name not in providers and name != "alignlab")
    begun = {dist for name in named for dist in providers.get(name, ())} | {"alignlab"}
    versions: dict[str, str] = {}
    waiting = sorted(begun)
    while waiting:
        try:
            found = metadata.distribution(waiting.pop())
        except metadata.PackageNotFoundError:  # needed on other platforms, or not at all
            continue
        name = _plain(found.metadata["Name"])
        if name not in versions:
            versions[name] = found.version
            waiting += [
                need[0]
                for each in found.requires or ()
                if not re.search(r"\bextra\s*==", each) and (need := NAME.match(each))
            ]
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": dict(sorted(versions.items())),
        "unknown": unknown,
    }


def _imported(source: bytes) -> set[str]:
    """Return the top names of what a file imports; none where it is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
