"""The process in which a learner's program runs: load it, ask it, write down what it says.

    python -m alignlab.lessons.worker FILE ASKED.json ANSWERS.jsonl

Whatever the program does, what is written is either its answer or one sentence that says what went
wrong and in which line of the learner's file.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["BLANK", "Work", "answer", "main"]

BLANK = "is still blank"
"""What is said of a place that the learner has not filled in."""

LONGEST = 300
"""Letters of an error's message."""


class BlankError(Exception):
    """A value is still to be filled in."""


class Work:
    """A learner's module, whose names are asked for one by one."""

    def __init__(self, module: Any, path: Path) -> None:
        self.module, self.path = module, path

    def value(self, name: str) -> Any:
        """Return a value that the module defines and that is no longer blank."""
        found = self._named(name)
        if found is ...:
            lines = self.path.read_text(encoding="utf-8").splitlines()
            at = next((n for n, line in enumerate(lines, 1) if line.startswith(name)), 1)
            raise BlankError(f"{self.path.name}:{at} {BLANK} ({name})")
        return found

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function, or a class, that the module defines."""
        found = self._named(name)
        if not callable(found):
            raise TypeError(f"{name} is {type(found).__name__}, and must be a function")
        return found

    def _named(self, name: str) -> Any:
        if not hasattr(self.module, name):
            raise AttributeError(f"{self.path.name} has no {name} any more")
        return getattr(self.module, name)


def main(words: list[str]) -> None:
    """Answer every question in a file; see the module's first lines."""
    file, questions, answers = map(Path, words)
    asked = json.loads(questions.read_text(encoding="utf-8"))
    warnings.simplefilter("ignore")  # a learner reads one line, not a library's plans
    with answers.open("a", encoding="utf-8") as stream:
        for name, (reference, about) in asked.items():
            told = {"name": name, **answer(reference, file, about)}
            stream.write(f"{json.dumps(told)}\n")
            stream.flush()


def answer(reference: str, path: Path, asked: Any) -> dict[str, Any]:
    """Return `{"value": ...}`, or `{"failure": sentence, "blank": bool}`.

    Parameters
    ----------
    reference
        The probe, as `module:function`.
    path
        The learner's file, which is loaded once; a folder is handed to the probe as it is.
    asked
        What the probe is asked about.
    """
    module_name, _, function = reference.partition(":")
    probe = getattr(importlib.import_module(module_name), function)
    try:
        value = _plain(probe(path if path.is_dir() else Work(load(path), path), asked))
    except NotImplementedError as error:
        return {"failure": f"{_line(error, path)} {BLANK} ({_message(error)})", "blank": True}
    except BlankError as error:
        return {"failure": str(error), "blank": True}
    except SyntaxError as error:
        name = Path(error.filename or path.name).name
        where = name if error.lineno is None else f"{name}:{error.lineno}"
        return {"failure": f"{where} is no Python: {error.msg}", "blank": False}
    except SystemExit as error:
        return {"failure": f"{_line(error, path)} ends the program by exit", "blank": False}
    except BaseException as error:  # a learner's program may raise anything at all
        kind = type(error).__name__
        return {"failure": f"{_line(error, path)}: {kind}: {_message(error)}", "blank": False}
    return {"value": value}


@cache
def load(path: Path) -> Any:
    """Return the learner's file as a module; files beside it can be imported by it."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # at the end: a file called random.py replaces nothing
    spec = importlib.util.spec_from_file_location(f"learner_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _line(error: BaseException, path: Path) -> str:
    """Return the last line of the learner's own files that an error went through."""
    folder = path if path.is_dir() else path.parent
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if Path(each.filename).parent == folder]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else path.name


def _message(error: BaseException) -> str:
    message = " ".join(str(error).split()) or "without a message"
    return message if len(message) <= LONGEST else f"{message[:LONGEST]}…"


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; NaN stays NaN, so that it can be talked about."""
    if hasattr(value, "tolist"):  # arrays and tensors, numbers of NumPy's
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"it returned {type(value).__name__}, where a number or an array is asked for")


if __name__ == "__main__":
    main(sys.argv[1:])
