"""Terms are found by name, those of other packages too."""

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import pytest

from alignlab.errors import InputError
from alignlab.training import Term, terms


@pytest.fixture
def plugged(monkeypatch):
    """Install a package that offers a term under a name."""

    def install(called):
        module = ModuleType("others_terms")

        @dataclass(eq=False, kw_only=True)
        class Theirs(Term):
            name: ClassVar[str] = called

        Theirs.__module__ = "others_terms"
        module.Theirs, module.Term = Theirs, Term

        class Point:
            def load(self):
                return module

        groups = {"alignlab.terms": [Point()]}
        monkeypatch.setattr(terms, "entry_points", lambda *, group: groups[group])
        terms.all_terms.cache_clear()
        return Theirs

    yield install
    monkeypatch.undo()
    terms.all_terms.cache_clear()


def test_ours_are_there_by_name():
    known = terms.all_terms()
    assert list(known) == sorted(known)
    assert {"adversarial", "cross_entropy", "l1", "member_parity", "trades"} <= known.keys()
    assert all(known[name].name == name for name in known)
    assert "term" not in known


def test_others_are_found(plugged):
    theirs = plugged("theirs")
    assert terms.term_named("theirs") is theirs
    assert terms.term_named("l2").__name__ == "L2"
    with pytest.raises(InputError, match="Did you mean 'theirs'"):
        terms.term_named("their")


def test_two_of_one_name_are_refused(plugged):
    plugged("l2")
    with pytest.raises(InputError, match="Two terms are named 'l2'"):
        terms.all_terms()
