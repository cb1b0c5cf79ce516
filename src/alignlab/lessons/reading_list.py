"""Step 2: a reading list about one problem, which parses, bears on it, and can be printed.

The problems are the five of [amodei2016concrete]. A work bears on one if a file of the rooms that
practise it cites the work, or if its title or subjects speak of it; a method does if it lies in one
of those rooms. The list is BibTeX, as `alignlab guide cite` exports it, and typst sets it without a
warning.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from alignlab.errors import AlignlabError, listed, nearest
from alignlab.lessons.form import Exercise, Files, Held

__all__ = ["EXERCISE", "PROBLEMS", "bearing", "parsed", "typst_warnings"]

PROBLEMS = MappingProxyType(
    {
        "side effects": (("values.rewards", "values.utility", "values.processes"), "side effect"),
        "reward hacking": (("values.rewards", "values.preferences", "values.learning"), "reward"),
        "scalable oversight": (("oversight", "values.learning", "values.preferences"), "oversight"),
        "safe exploration": (("values.utility", "values.processes"), "safe exploration"),
        "distributional shift": (("robustness.corruption", "uncertainty"), "shift"),
    }
)
"""The problems of "Concrete Problems in AI Safety": rooms that practise them, a word of theirs."""

LIST, STATEMENT = "reading.bib", "reading.yaml"
LEAST, LEAST_METHODS = 5, 2
OWN = "amodei2016concrete"
LARGEST = 1_000_000
"""Bytes of a reading list."""

PARSES = f"a list of at least {LEAST} works that parses"
KNOWN = "every key is in the guide"
BEARS = "every work bears on one problem"
METHODS = f"at least {LEAST_METHODS} methods of alignlab bear on it too"
PRINTS = "typst sets it without a warning"

STARTER = f"""\
# Step 2: choose one of the problems of "Concrete Problems in AI Safety".
# {", ".join(PROBLEMS)}
problem:

# Functions of alignlab that bear on it, two or more, such as alignlab.values.check_shaping
methods:
"""


def _starter() -> Files:
    return {STATEMENT: STARTER}


def _check(folder: Path) -> tuple[Held, ...]:
    problem, methods, wrong = _statement(folder / STATEMENT)
    keys, said = parsed(folder / LIST)
    advice = f"Search with alignlab guide papers WORDS, then: alignlab guide cite KEYS > {LIST}"
    if not keys:
        return (Held(PARSES, False, said, advice),)
    enough = Held(PARSES, len(keys) >= LEAST, f"{len(keys)} works", advice)
    return (
        enough,
        _known_held(keys),
        _bearing_held(keys, problem, wrong),
        _methods_held(methods, problem, wrong),
        _printed_held(folder / LIST),
    )


def _statement(path: Path) -> tuple[str, list[str], str]:
    """Return problem and methods, and what is wrong with the statement; empty if nothing is."""
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "", [], f"there is no {STATEMENT}: alignlab guide path --step 2 writes one"
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return "", [], f"{STATEMENT} cannot be read: {' '.join(str(error).split())[:120]}"
    told = told if isinstance(told, dict) else {}
    problem, methods = told.get("problem"), told.get("methods") or []
    methods = re.split(r"[,\s]+", methods) if isinstance(methods, str) else methods
    methods = [str(each) for each in methods] if isinstance(methods, list) else []
    if not problem:
        return "", methods, f"the problem in {STATEMENT} is still blank"
    if problem not in PROBLEMS:
        near = nearest(str(problem), PROBLEMS)
        return "", methods, f"{str(problem)!r} is not one of {listed(PROBLEMS)}.{near}"
    return str(problem), methods, ""


def parsed(path: Path) -> tuple[tuple[str, ...], str]:
    """Return the keys of a .bib file, or none and why."""
    from alignlab.guide import parse_bibtex

    try:
        if path.stat().st_size > LARGEST:
            return (), f"{path.name} has more than {LARGEST:,} bytes"
        keys = tuple(parse_bibtex(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return (), f"there is no {path.name}"
    except (OSError, UnicodeDecodeError, AlignlabError) as error:
        return (), f"{path.name}: {' '.join(str(error).split())}"
    return keys, "" if keys else f"{path.name} holds no entry"


def _known_held(keys: tuple[str, ...]) -> Held:
    from alignlab.guide import references

    known = references()
    strange = [key for key in keys if key not in known]
    if not strange:
        return Held(KNOWN, True, listed(keys))
    near = nearest(strange[0], known)
    return Held(KNOWN, False, f"{listed(strange)} {'is' if len(strange) == 1 else 'are'} not", near)


def bearing(problem: str) -> frozenset[str]:
    """Return the keys of the guide's works that bear on a problem.

    >>> "ng1999policy" in bearing("reward hacking"), "ng1999policy" in bearing("side effects")
    (True, True)
    """
    from alignlab.guide import references

    rooms, word = PROBLEMS[problem]
    cited = frozenset().union(*(_cited_in(room) for room in rooms))
    said = {
        key
        for key, each in references().items()
        if word in f"{each.title} {' '.join(each.keywords)}".lower()
    }
    return frozenset({OWN, *said, *(cited & references().keys())})


@cache
def _cited_in(room: str) -> frozenset[str]:
    folder = files("alignlab").joinpath(*room.split("."))
    return frozenset(
        key
        for text in _sources(folder)
        for group in re.findall(r"\[([a-z]+\d{4}[a-z]+[^\[\]]*)\]", text)
        for key in re.findall(r"\b[a-z]{2,}\d{4}[a-z]+\b", group)
    )


def _sources(folder: Traversable) -> list[str]:
    texts = []
    for each in folder.iterdir():
        if each.is_dir():
            texts += _sources(each)
        elif each.name.endswith(".py"):
            texts.append(each.read_text(encoding="utf-8"))
    return texts


def _bearing_held(keys: tuple[str, ...], problem: str, wrong: str) -> Held:
    if wrong:
        return Held(BEARS, False, wrong, "Name one problem.")
    right = bearing(problem)
    beside = [key for key in keys if key not in right]
    if not beside:
        return Held(BEARS, True, f"{len(keys)} of {len(keys)} on {problem}")
    others = sorted(right - set(keys))
    found = f"nothing here ties {listed(beside, 5)} to {problem}"
    rooms = listed(PROBLEMS[problem][0])
    return Held(BEARS, False, found, f"{rooms} go by others, such as {listed(others, 3)}.")


def _methods_held(methods: list[str], problem: str, wrong: str) -> Held:
    if wrong:
        return Held(METHODS, False, wrong, "Name one problem.")
    rooms = PROBLEMS[problem][0]
    homes = {name: _home(name) for name in dict.fromkeys(methods)}
    lost = [name for name, home in homes.items() if home is None]
    if lost:
        advice = "Write them as Python imports them, such as alignlab.values.check_shaping."
        return Held(METHODS, False, f"there is no {listed(lost)}", advice)
    inside = tuple(f"alignlab.{room}" for room in rooms)
    beside = [name for name, home in homes.items() if not str(home).startswith(inside)]
    if beside:
        found = f"{listed(beside)} is not of {listed(inside)}"
        return Held(METHODS, False, found, "Look into those rooms for what bears on the problem.")
    advice = f"Look into {listed(inside)}."
    enough = len(homes) >= LEAST_METHODS
    return Held(METHODS, enough, listed(homes) or "none is named", advice)


def _home(name: str) -> str | None:
    """Return the module that a public name of alignlab comes from; `None` where there is none."""
    module, _, last = name.rpartition(".")
    if not re.fullmatch(r"alignlab(\.[a-z_]+)+", module) or not last.isidentifier():
        return None
    try:
        found: Any = getattr(import_module(module), last)
    except (ImportError, AttributeError):
        return None
    return str(getattr(found, "__module__", module)) if callable(found) else None


def _printed_held(path: Path) -> Held:
    warned = typst_warnings(path.read_text(encoding="utf-8"))
    advice = "Export it anew with alignlab guide cite, which writes what typst reads."
    if warned:
        return Held(PRINTS, False, f"{warned[0][:200]} ({len(warned)} in all)", advice)
    return Held(PRINTS, True, "set in IEEE style")


def typst_warnings(bibliography: str) -> list[str]:
    """Return what typst warns of, or fails of, as it sets a bibliography whole."""
    import typst

    with tempfile.TemporaryDirectory(prefix="alignlab-reading-") as place:
        Path(place, LIST).write_text(bibliography, encoding="utf-8")
        main = Path(place, "list.typ")
        main.write_text(f'#bibliography("{LIST}", full: true, style: "ieee")\n', encoding="utf-8")
        try:
            _, warned = typst.compile_with_warnings(str(main))
        except Exception as error:  # typst has no public class of its own for what it refuses
            return [" ".join(str(error).split())]
    return [" ".join(str(each).split()) for each in warned]


EXERCISE = Exercise(
    subject="reading",
    do=(
        "Choose one of the problems in {folder}/reading.yaml, and name two methods of alignlab "
        "that bear on it.",
        "Find five works with alignlab guide papers WORDS, read on with alignlab guide show KEY, "
        "and export them: alignlab guide cite KEY KEY KEY KEY KEY > {folder}/reading.bib",
    ),
    starter=_starter,
    check=_check,
    needs=("typst",),
    extra="study",
)
