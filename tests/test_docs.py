"""What the README and the tutorial tell a reader to type is typed here; what they show comes back.

Python blocks of a page run in order in one namespace, and the `text` block after one is what it
prints. Of `console` blocks the lines `$ alignlab ...` run as commands. Every shown line must be
among the printed ones; `...` stands for what is left out. A `toml` block that begins with a
file's name as a comment is written to that file.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alignlab.audit.check import _REGISTER

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of every fenced block."""
    for found in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8")):
        yield found[1], found[2]


def words(line: str) -> str:
    """Return a line without the spaces, rules and frames that depend on the terminal's width."""
    return " ".join(re.sub(r"[^\S ]|[─-╿]", " ", line).split())


def assert_shown(shown: list[str], printed: str) -> None:
    lines = [words(line) for line in printed.splitlines()]
    for line in shown:
        if words(line) and words(line) != "...":
            assert any(words(line.removesuffix("...")) in each for each in lines), (
                f"{line!r} is not in:\n{printed}"
            )


ALIGNLAB = Path(sys.executable).parent / "alignlab"
LINE = re.compile(
    r"alignlab (?P<words>.*?)(?: < (?P<typed>\S+))?"
    r"(?:(?P<told>; echo exit code \$\?)|(?P<any> \|\| true))?"
)
"""A command, and what of a shell a page may use."""


def run_console(text: str, directory: Path, start: Callable[..., Any]) -> None:
    commands = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    for each in commands:
        command, *shown = re.sub(r"\\\n", " ", each).splitlines()
        if not command.startswith("alignlab"):
            continue
        line = LINE.fullmatch(command)
        assert line, command
        assert not re.search(r"[<>;|&$*]", re.sub(r'"[^"$]*"', "", line["words"])), command
        typed = directory / line["typed"] if line["typed"] else None
        words = shlex.split(line["words"])
        done = start(ALIGNLAB, *words, directory=directory, typed=typed, COLUMNS="120")
        printed = done.stdout + done.stderr
        if line["told"]:
            printed += f"exit code {done.returncode}\n"
        elif not line["any"]:
            assert done.returncode == 0, printed
        assert_shown(shown, printed)


PAGES = ["README.md", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]
TYPED = [
    page for page in PAGES if {"console", "python"} & {language for language, _ in blocks(page)}
]


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED)
def test_what_a_page_says_to_type_works(page, tmp_path, monkeypatch, start):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    languages = []
    for language, text in blocks(page):
        languages.append(language)
        if language == "console":
            run_console(text, tmp_path, start)
        elif language == "python":
            stream = io.StringIO()
            with contextlib.redirect_stdout(stream):
                exec(compile(text, page, "exec"), namespace)
            printed = stream.getvalue()
        elif language == "text" and languages[-2:] == ["python", "text"]:
            assert_shown(text.splitlines(), printed)
        elif language == "toml" and (named := re.match(r"# (\S+[.]toml)\n", text)):
            (tmp_path / named[1]).write_text(text, encoding="utf-8")


def test_the_check_of_the_contribution_guide_conforms():
    before = dict(_REGISTER)
    namespace: dict[str, object] = {"__name__": "__main__"}
    try:
        for language, text in blocks("CONTRIBUTING.md"):
            if language == "python":
                exec(compile(text, "CONTRIBUTING.md", "exec"), namespace)
        assert "performance.sure_and_wrong" in _REGISTER
    finally:
        _REGISTER.clear()
        _REGISTER.update(before)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_links_to_files_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link]
    assert files
    assert not [link for link in files if not (ROOT / link).exists()]


def test_a_shown_line_must_have_been_printed():
    assert_shown(["a  b", "...", "c ..."], "a b\n│ c d")
    with pytest.raises(AssertionError, match="is not in"):
        assert_shown(["a b x"], "a b\n")
