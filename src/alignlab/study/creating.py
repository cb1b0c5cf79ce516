"""Makes a study's folder from a template, whole or not at all.

A template is a folder with a `study.yaml`, in which `__STUDY__`, `__TITLE__` and `__QUESTION__`
stand for the new study's own; a file's ending `.txt` after another, as in `experiment.py.txt`,
falls away.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath

from alignlab.errors import InputError, OutputError, nearest
from alignlab.study.folder import STATEMENT, StudyFolder, open_study
from alignlab.study.reading import parse_study
from alignlab.study.strict_yaml import read_yaml

__all__ = ["create_study", "templates"]

DEFAULT = "comparison"
QUESTION = "Does a majority of three people label better than one person?"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LEFT_OUT = {"__pycache__", ".git", ".DS_Store"}
OF_A_STUDY = ("registration.json", "log.jsonl", "results.jsonl", "analysis.json", "study.yml")
"""What tells that a folder is a study's, beside `study.yaml`."""


def templates() -> tuple[str, ...]:
    """Return the names of the templates that come with alignlab.

    Examples
    --------
    >>> "comparison" in templates()
    True
    """
    inside = files("alignlab.study").joinpath("templates")
    return tuple(
        sorted(each.name for each in inside.iterdir() if each.joinpath(STATEMENT).is_file())
    )


def create_study(
    path: str | Path, *, question: str | None = None, template: str | Path | None = None
) -> StudyFolder:
    """Make a study in a folder.

    Use it to begin: what it writes runs as it is, and its comments say what to change.

    Parameters
    ----------
    path
        The folder. Its last part is the study's name: small letters, digits and dashes.
    question
        The research question, in one line; the template's, if left out.
    template
        The name of a template, or a folder that is one; "comparison", if left out.

    Raises
    ------
    InputError
        If the name or the question cannot be used, there is no such template, or the folder holds
        a study or anything of the same names.
    OutputError
        If nothing can be written there. What stood there before is untouched.
    """
    path = Path(path)
    name = path.resolve().name
    _require_name(name)
    stated = _one_line(question)
    contents = {
        where: _filled(content, name, stated) if where == STATEMENT else content
        for where, content in _contents(template).items()
    }
    spec = parse_study(contents[STATEMENT].decode(), name=f"{template or DEFAULT}/{STATEMENT}")
    if stated is not None and spec.question != stated:
        raise InputError(
            f"The template {str(template)!r} has a question of its own: leave out --question, or "
            "take the template 'comparison'."
        )
    _require_free(path, contents)
    _write(path, contents)
    return open_study(path)


def _require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
        made = re.sub("[^a-z0-9]+", "-", plain).strip("-")
        such = f", such as {made}" if made else ""
        raise InputError(
            f"{name!r} cannot be a study's name, from which its seeds follow: write small letters, "
            f"digits and dashes{such}."
        )


def _one_line(question: str | None) -> str | None:
    if question is None:
        return None
    if not question.strip():
        raise InputError("--question is empty: ask something, or leave it out.")
    if not question.isprintable():
        raise InputError("--question is one line of text without control characters.")
    return question.strip()


def _contents(template: str | Path | None) -> dict[str, bytes]:
    """Return a template's files by path, parts joined by a slash."""
    given = str(template or DEFAULT)
    if given in templates():
        root = Path(str(files("alignlab.study").joinpath("templates", given)))
    else:
        root = Path(given)
        if not root.is_dir():
            raise InputError(
                f"There is no template {given!r}.{nearest(given, templates())} Templates: "
                f"{', '.join(templates())}; or name a folder."
            )
        if not (root / STATEMENT).is_file():
            raise InputError(f"{root} is no template: it has no {STATEMENT}.")
        read_yaml(root / STATEMENT)  # what is wrong with it is said of the template's own line
    found = {}
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        if LEFT_OUT & set(inside.parts) or file.suffix == ".pyc":
            continue
        if file.is_symlink():
            raise InputError(f"{file} is a link, and a template holds files: put the file there.")
        if file.is_file():
            if inside.as_posix() in OF_A_STUDY:
                raise InputError(
                    f"{root} holds {inside}: it is a study that was begun, not a template."
                )
            found[_target(inside.as_posix())] = file.read_bytes()
    return found


def _target(name: str) -> str:
    """Return the name of a template's file in the study.

    >>> _target("experiment.py.txt"), _target("paper/notes.txt")
    ('experiment.py', 'paper/notes.txt')
    """
    whole = PurePosixPath(name)
    return (
        str(whole.with_suffix("")) if len(whole.suffixes) > 1 and whole.suffix == ".txt" else name
    )


def _filled(content: bytes, name: str, question: str | None) -> bytes:
    text = content.decode()
    asked = question or QUESTION
    # YAML takes texts as JSON writes them.
    values = {
        "__STUDY__": name,
        "__TITLE__": json.dumps(asked.rstrip(" ?.!") or asked, ensure_ascii=False),
        "__QUESTION__": json.dumps(asked, ensure_ascii=False),
    }
    return re.sub("|".join(values), lambda found: values[found[0]], text).encode()


def _require_free(path: Path, contents: Mapping[str, bytes]) -> None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise InputError(f"{path} is a file or a link: name a folder that is free.")
    for held in (STATEMENT, *OF_A_STUDY):
        if (path / held).exists():
            raise InputError(
                f"{path} holds a study already ({held}): one folder holds one study. Name another."
            )
    for top in _tops(contents):
        if (path / top).exists() or (path / top).is_symlink():
            raise InputError(f"{path / top} exists and is not replaced: name another folder.")


def _write(path: Path, contents: Mapping[str, bytes]) -> None:
    existed = path.exists()
    parent = path if existed else path.resolve().parent
    moved: list[Path] = []
    try:
        if not parent.is_dir():
            raise InputError(f"The folder {parent} does not exist: make it, or name another.")
        with _temporary(parent) as waiting:
            for name, content in contents.items():
                file = waiting / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            if not existed:
                waiting.chmod(0o755)
                waiting.rename(path)
                return
            for top in _tops(contents):
                (waiting / top).rename(path / top)
                moved.append(path / top)
    except BaseException as error:
        for each in moved:
            shutil.rmtree(each) if each.is_dir() else each.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, InputError):
            raise OutputError(
                f"Cannot write to {parent}: {error.strerror or error}. Nothing was written. Name "
                "another folder."
            ) from error
        raise


@contextlib.contextmanager
def _temporary(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".study-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tops(contents: Mapping[str, bytes]) -> list[str]:
    return sorted({name.partition("/")[0] for name in contents})
