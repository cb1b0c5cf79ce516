import importlib
import os
import re
import subprocess
import sys
import time

import pytest

from alignlab import __version__
from alignlab.cli import app, main
from alignlab.errors import InputError, StoppedError


def run(*words, **environment):
    command = [sys.executable, "-c", "import sys; from alignlab.cli import main; sys.exit(main())"]
    return subprocess.run(
        [*command, *words], capture_output=True, text=True, env={**os.environ, **environment},
        check=False,
    )  # fmt: skip


def test_help_is_fast_and_imports_little(tmp_path):
    fastest = min(_seconds(lambda: run("--help")) for _ in range(3))
    assert fastest < 0.5
    code = (
        "import sys; from alignlab.cli import main; main(['audit', '--help']); "
        "main(['values', '--help']); main(['values', 'solve', '--help']); "
        "main(['train', '--init', sys.argv[1]]); "
        "print([m for m in ('numpy', 'pandas', 'torch', 'rich', 'jinja2') if m in sys.modules])"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "train.toml")]
    shown = subprocess.run(words, capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("[]\n")


def _seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def test_version_and_help(alignlab):
    assert alignlab("--version") == (0, f"alignlab {__version__}\n", "")
    for line in ("--help", "", "-h"):
        code, shown, _ = alignlab(line)
        assert code == 0
        assert all(name in shown for name in ("audit", "init", "compare", "values"))


def test_a_group_of_commands_lists_them(alignlab):
    listed = alignlab("values --help")
    assert listed[0] == 0
    assert alignlab("values") == listed
    for name in ("solve", "irl", "prefer", "shape", "compare", "elicit"):
        assert f"  {name} " in listed[1]
    assert "..." not in listed[1].partition("Commands:")[2]


def test_what_was_kept_is_said_when_a_command_is_stopped(alignlab, monkeypatch):
    def stopped(words):
        raise StoppedError("stopped; it is kept.")

    monkeypatch.setattr(app, "_run", stopped)
    assert alignlab("values") == (130, "", "alignlab: stopped; it is kept.\n")


def test_every_flag_of_the_audit_is_listed(alignlab):
    code, shown, _ = alignlab("audit --help")
    assert code == 0
    flags = set(re.findall(r"--[a-z-]+", shown))
    assert flags >= {
        "--model", "--predictions", "--data", "--target", "--prediction", "--probability",
        "--groups", "--favourable", "--weights", "--limit", "--seed", "--fail-on", "--out",
        "--allow-pickle", "--trust", "--checks", "--control", "--level",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("audti", "there is no command 'audti'. Did you mean 'audit'?"),
        ("values slove", "there is no command 'values slove'. Did you mean 'solve'?"),
        ("values slove", "Commands: solve, irl, prefer, shape, compare, elicit."),
        ("solve", "there is no command 'solve'. Did you mean 'values solve'?"),
        ("values solve", "See: alignlab values solve --help"),
        ("values solve a.csv --discont 1", "Did you mean '--discount'? See: alignlab values solve"),
        ("values --verbose", "there is no option --verbose. See: alignlab values --help"),
        ("audit --favorable no", "there is no option --favorable. Did you mean '--favourable'?"),
        ("audit --target", "requires an argument"),
        ("audit --seed many", "--seed 'many' is not a whole number."),
        ("attack m d --threat linf:1 --seconds=1s", "--seconds '1s' is not a number."),
        ("audit model data.npz", "does not take 'data.npz' there. A model is named with --model"),
        ("audit .", ". is a directory, and a file SPEC.toml stands there. A model is named"),
        ("train a.toml --epochs 3", "there is no option --epochs. What is trained is said in"),
        ("compare a.json", "B.json"),
        ("--verbose", "there is no option --verbose"),
    ],
)
def test_wrong_usage_is_one_line(alignlab, line, message):
    code, shown, error = alignlab(line)
    assert (code, shown) == (2, "")
    assert error.startswith("alignlab: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ("level=95.0 is none. Give level=0.95.", "--level 95.0 is none. Give --level 0.95."),
        ("Use attacks='efficient'.", "Use --attacks efficient."),
        ("max_changed=-1 (rows=5)", "--max-changed -1 (rows=5)"),
        (
            "attack='x', threat=Linf(0.1), target='a b'",
            "attack='x', threat=Linf(0.1), --target 'a b'",
        ),
    ],
)
def test_options_are_named_as_they_are_typed(alignlab, monkeypatch, message, typed):
    def wrong(words):
        raise InputError(message)

    monkeypatch.setattr(app, "_run", wrong)
    line = "attack m d --level=95 --attacks pgd --max-changed -1 --target 'a b' --threat linf:1"
    assert alignlab(line) == (2, "", f"alignlab: {typed}\n")
    assert alignlab("audit audit.toml") == (2, "", f"alignlab: {message}\n")


def test_debug_stands_in_the_help(capsys):
    assert main(["--help"]) == 0
    assert "--debug" in capsys.readouterr().out


def test_an_error_is_one_line_and_debug_shows_where(alignlab, monkeypatch):
    code, _, error = alignlab("audit --predictions absent.csv --target y")
    assert code == 2
    assert "absent.csv" in error
    assert error.count("\n") == 1
    with pytest.raises(Exception, match=r"absent\.csv"):
        main(["audit", "--debug", "--predictions", "absent.csv", "--target", "y"])
    monkeypatch.setenv("ALIGNLAB_DEBUG", "1")
    with pytest.raises(Exception, match=r"absent\.csv"):
        main(["audit", "--predictions", "absent.csv", "--target", "y"])


def test_a_defect_says_that_it_is_one(alignlab, monkeypatch):
    def broken(words):
        raise KeyError("x")

    monkeypatch.setattr(app, "_run", broken)
    code, _, error = alignlab("audit")
    assert code == 2
    assert "a defect of alignlab" in error
    assert "KeyError" in error


def test_an_interruption_is_one_line(alignlab, monkeypatch):
    importlib.import_module("alignlab.audit")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["alignlab.audit"], "audit", interrupted)
    code, _, error = alignlab("audit --predictions p.csv --target deny --prediction said")
    assert code == 130
    assert error == "alignlab: stopped; nothing was written.\n"


def test_warnings_are_lines_of_the_command(alignlab, monkeypatch):
    import warnings

    def warns(words):
        warnings.warn("it is\nlate", UserWarning, stacklevel=1)
        warnings.warn("overflow encountered in square", RuntimeWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(app, "_run", warns)
    assert alignlab("audit") == (0, "", "alignlab: warning: it is late\n")


def test_a_reader_that_stops_listening_is_no_failure(here):
    line = f"{sys.executable} -c 'from alignlab.cli import main; main()' audit --help | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(("limit", "code"), [(0.99, 1), (0.5, 0)])
def test_a_reader_that_stops_listening_does_not_open_the_gate(here, limit, code):
    words = (
        "audit --predictions p.csv --target deny --probability p --checks performance.auc "
        f"--limit performance.auc={limit} --fail-on performance.auc"
    )
    run_it = f"{sys.executable} -c 'import sys; from alignlab.cli import main; sys.exit(main())'"
    line = f"{run_it} {words} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")


def test_a_program_that_ends_itself_is_not_fine(alignlab, monkeypatch):
    def ends(*_, **__):
        raise SystemExit(0)

    importlib.import_module("alignlab.audit")
    monkeypatch.setattr(sys.modules["alignlab.audit"], "audit", ends)
    code, _, error = alignlab("audit --predictions p.csv --target deny --prediction said")
    assert code == 2
    assert "called sys.exit" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("audit --model a:b --model=c:d", "--model is said twice"),
        ("compare a b --out a.md --out b.md", "--out is said twice"),
        ("values solve audit --horizon 3 --horizon=4", "--horizon is said twice"),
        ("values compare a b --out c --out d", "--out is said twice"),
        ("audit --limit performance.auc=0.1 --limit performance.auc=0.5", "performance.auc twice"),
        ("audit --groups '' --target deny", "--groups is empty"),
        ("audit --fail-on , --target deny", "--fail-on is empty"),
        ("audit --out ''", "--out is empty"),
    ],
)
def test_what_would_be_silently_ignored_is_refused(alignlab, line, message):
    code, shown, error = alignlab(line)
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
