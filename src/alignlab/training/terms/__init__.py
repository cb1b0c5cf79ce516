"""The terms that an objective is made of, one file each, found by name.

A term from another package is found through the entry-point group `alignlab.terms`, which names a
module: every subclass of `Term` defined there is a term under its `name`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from alignlab.errors import InputError, require_choice
from alignlab.training.objective import Term

__all__ = ["all_terms", "term_named"]


@cache
def all_terms() -> dict[str, type[Term]]:
    """Return every term by name, ours and those of installed packages.

    Raises
    ------
    InputError
        If two terms have one name.

    Examples
    --------
    >>> all_terms()["cross_entropy"].__name__
    'CrossEntropy'
    """
    own = (
        importlib.import_module(f"{__name__}.{each.name}")
        for each in pkgutil.iter_modules(__path__)
    )
    plugged = (point.load() for point in entry_points(group="alignlab.terms"))
    terms: dict[str, type[Term]] = {}
    for module in (*own, *plugged):
        for term in _defined_in(module):
            if terms.setdefault(term.name, term) is not term:
                raise InputError(f"Two terms are named {term.name!r}: rename the plug-in's.")
    return dict(sorted(terms.items()))


def term_named(name: str) -> type[Term]:
    """Return a term's class by its name; the error names the nearest one."""
    return all_terms()[require_choice(name, all_terms(), what="term")]


def _defined_in(module: ModuleType) -> list[type[Term]]:
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Term)
        and each.__module__ == module.__name__
        and each.name != Term.name
    ]
