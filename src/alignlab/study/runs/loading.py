"""Finding the function that a study runs, and what its results are filed under.

    module:function     a module of the study's folder, or else an installed one

A module of the folder is loaded by path, and only while it is at work do `sys.path` and
`sys.modules` know of it: two studies may both have an `experiment.py`. Results are filed under the
digests of that module's source and of the files that the study names as `code` and `data`. What
else the module imports from the folder would go unseen when it changes, so that is refused.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import symtable
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from alignlab.errors import InputError, nearest
from alignlab.files import sha256_of_file
from alignlab.study.runs.seeds import Seed
from alignlab.study.spec import StudySpec

__all__ = [
    "Experiment",
    "Sources",
    "forget",
    "in_folder",
    "load_experiment",
    "require_function",
    "study_sources",
    "unchanged",
    "undeclared",
    "where",
]

Experiment = Callable[[dict[str, Any], Seed], Mapping[str, Any]]
"""What a study runs: given a configuration and a seed, it returns a number for each measure."""

LEFT_OUT = {"__pycache__", ".git", ".ipynb_checkpoints"}
"""Folders in which nobody writes code or data."""


@dataclass(frozen=True)
class Sources:
    """What the runs of a study rest on.

    Attributes
    ----------
    code, data
        Path, relative to the study's folder, to SHA-256; an installed module under its name.
    """

    code: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, dict[str, str]]:
        """Return the digests as plain values."""
        return {"code": dict(self.code), "data": dict(self.data)}


def study_sources(root: Path, spec: StudySpec) -> Sources:
    """Return the digests of all that the runs of a study rest on.

    Parameters
    ----------
    root
        The study's folder.
    spec
        Its statement.

    Raises
    ------
    InputError
        If there is no such module or file.
    """
    module, _ = _parts(spec.run)
    name, path = _source(root, module)
    code = {name: _digest(path)} | _digests(root, spec.code, "code")
    return Sources(dict(sorted(code.items())), _digests(root, spec.data, "data"))


def require_function(root: Path, run: str) -> None:
    """Raise unless a module's source holds the function that `run` names; nothing of it is run.

    Parameters
    ----------
    root
        The study's folder.
    run
        `module:function`.

    Raises
    ------
    InputError
        If there is no such module or function, or the source is not Python; with its line.
    """
    module, function = _parts(run)
    name, path = _source(root, module)
    source = path.read_bytes()
    try:
        symbols = symtable.symtable(source, name, "exec").get_symbols()  # type: ignore[arg-type]
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
        raise InputError(f"{name}{line}: this is not Python: {error.args[0]}.") from error
    names = [each.get_name() for each in symbols if each.is_assigned() or each.is_imported()]
    if not {function, "__getattr__"} & set(names) and b"import *" not in source:
        raise InputError(
            f"run: {run}: {name} has no function {function!r}.{nearest(function, names)}"
        )


def unchanged(root: Path, data: Mapping[str, str]) -> Callable[[], None]:
    """Return what raises an InputError as soon as a file of data is another than it was.

    Parameters
    ----------
    root
        The study's folder.
    data
        Path to SHA-256, as `Sources` has them.
    """

    def stamps() -> dict[str, tuple[int, ...] | None]:
        found: dict[str, tuple[int, ...] | None] = {}
        for name in data:
            try:
                stat = os.stat(root / name)
                found[name] = stat.st_mtime_ns, stat.st_size, stat.st_ino
            except OSError:
                found[name] = None
        return found

    seen = stamps()

    def require() -> None:
        nonlocal seen
        if (now := stamps()) == seen:
            return
        for name, digest in data.items():
            if now[name] is None or (now[name] != seen[name] and _digest(root / name) != digest):
                raise InputError(
                    f"{root / name} was changed while the study ran. Run it again: what was done "
                    "with the file as it was is kept, and all of it is run anew with what it is."
                )
        seen = now

    return require


def load_experiment(root: Path, run: str) -> Experiment:
    """Return the function that `run` names; call it inside `in_folder(root)`.

    Parameters
    ----------
    root
        The study's folder.
    run
        `module:function`.

    Raises
    ------
    InputError
        If the module cannot be imported, or holds no such function; the message names the line.
    """
    module, function = _parts(run)
    _, path = _source(root, module)
    with in_folder(root):
        importlib.invalidate_caches()
        try:
            loaded = importlib.import_module(module)
        except Exception as error:
            raise InputError(
                f"run: {run}: importing {module} fails at {where(error, root, path)}: "
                f"{type(error).__name__}: {error}"
            ) from error
    found = getattr(loaded, function, None)
    if not callable(found):
        names = [
            name for name, each in vars(loaded).items() if callable(each) and name[:1].isalpha()
        ]
        what = "no function" if found is None else f"a {type(found).__name__}, not a function,"
        raise InputError(f"run: {run}: {path} has {what} {function!r}.{nearest(function, names)}")
    return found


@contextmanager
def in_folder(root: Path) -> Iterator[None]:
    """Let the modules of a folder be imported inside the block, and known nowhere else.

    Parameters
    ----------
    root
        The folder. What was imported from it stays loaded for the next time.
    """
    place = str(root.resolve())
    own = _LOADED.setdefault(place, {})
    tops = _tops(root)
    hidden = {name: each for name, each in sys.modules.items() if name.partition(".")[0] in tops}
    for name in hidden:
        del sys.modules[name]
    sys.modules.update(own)
    sys.path.insert(0, place)
    # A file changed twice within a second, to the same length, would be read from its bytecode.
    wrote, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote
        with suppress(ValueError):  # the module may have made another list
            sys.path.remove(place)
        own.clear()
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in tops and _lies_in(module, place):
                own[name] = sys.modules.pop(name)
        sys.modules.update(hidden)


def forget(root: Path) -> None:
    """Let the modules of a folder be read anew: their files have changed."""
    _LOADED.pop(str(root.resolve()), None)


def undeclared(root: Path, declared: Iterable[str]) -> list[str]:
    """Return the files of the folder that were imported and are not among `declared`.

    Parameters
    ----------
    root
        The study's folder.
    declared
        Paths relative to it; those of `Sources.code`.
    """
    base, known = root.resolve(), set(declared)
    loaded = list(_LOADED.get(str(base), {}).values())  # which another thread may change
    files = (getattr(each, "__file__", None) for each in loaded)
    return sorted({_relative(Path(file), base) for file in files if file} - known)


def where(error: BaseException, root: Path, module: Path) -> str:
    """Return the line at which an error rose, the last one that is in the study's own code."""
    base, found = root.resolve(), ""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_relative(Path(error.filename), base)}:{error.lineno}"
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file == module or (file.is_absolute() and file.is_relative_to(base)):
            found = f"{_relative(file, base)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found or f"{module.name}:1"


_LOADED: dict[str, dict[str, ModuleType]] = {}


def _parts(run: str) -> tuple[str, str]:
    module, colon, function = run.partition(":")
    words = [*module.split("."), function]
    if not colon or not all(word.isidentifier() for word in words):
        raise InputError(f"run: {run!r} is not module:function, such as experiment:run.")
    return module, function


def _source(root: Path, module: str) -> tuple[str, Path]:
    """Return what a module's source is called, and where it lies; nothing of it is run."""
    base = root.resolve()
    stem = base.joinpath(*module.split("."))
    for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
        if path.is_file():
            return _relative(path, base), path
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None or found.origin is None or not os.path.isfile(found.origin):
        names = [each.stem for each in base.glob("*.py")]
        raise InputError(
            f"run: there is no {module.replace('.', '/')}.py in {root.resolve().name}, and no "
            f"installed module {module!r}.{nearest(module, names)}"
        )
    return module, Path(found.origin)


def _digests(root: Path, names: Iterable[str], key: str) -> dict[str, str]:
    base, found = root.resolve(), {}
    for name in names:
        path = base / name
        if path.is_file():
            found[_relative(path, base)] = _digest(path)
        elif path.is_dir():
            for each in path.rglob("*"):
                if each.is_file() and not LEFT_OUT & set(each.relative_to(path).parts):
                    found[_relative(each, base)] = _digest(each)
        else:
            near = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
            raise InputError(
                f"{key}: there is no file or folder {name} in {base.name}."
                f"{nearest(path.name, near)}"
            )
    return dict(sorted(found.items()))


def _digest(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _tops(root: Path) -> set[str]:
    """Return the names under which the folder's modules are imported."""
    return {
        each.stem
        for each in root.iterdir()
        if (each.suffix == ".py" and each.is_file()) or (each / "__init__.py").is_file()
    }


def _lies_in(module: ModuleType, place: str) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).is_relative_to(place)
