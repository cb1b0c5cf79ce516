import time

import pytest

from alignlab.lessons.working import call, run, run_command, unanswered


@pytest.fixture
def ask(tmp_path):
    """Ask a program for f() and for g(), in a process of its own."""

    def asked(text, seconds=20.0):
        (tmp_path / "mine.py").write_text(text)
        asks = {name: (call, {"calls": [[name, [[]]]]}) for name in ("f", "g")}
        return run(tmp_path / "mine.py", asks, seconds=seconds)

    return asked


def test_answers_come_back_to_the_last_digit(ask):
    told = ask("def f(): return 0.1 + 0.2\ndef g(): return [float('nan'), 10**400]")
    assert told["f"].value["calls"] == [[0.1 + 0.2]]
    nan, large = told["g"].value["calls"][0][0]
    assert nan != nan
    assert large == 10**400


def test_what_hangs_is_stopped_and_what_came_before_is_kept(ask):
    started = time.monotonic()
    told = ask("def f(): return 1\ndef g():\n    while True: pass", seconds=1.5)
    assert time.monotonic() - started < 10
    assert told["f"].value["calls"] == [[1]]
    assert told["g"].failure == "mine.py was stopped after 1.5 s: does a loop never end?"


def test_megabytes_are_read_and_forgotten(ask):
    told = ask(
        "def f():\n    for _ in range(30): print('x' * 10**6)\n    print('end')\ndef g(): 1/0"
    )
    assert told["f"].value["calls"] == [[None]]
    assert len(told["g"].printed) <= 4000
    (held,) = unanswered(told["g"], "it")
    assert str(held) == (
        "it: mine.py:4: ZeroDivisionError: division by zero. Mend that first. It printed last: end"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os; os._exit(0)", "mine.py ended by itself (exit code 0) before it was asked"),
        ("import os; os.kill(os.getpid(), 9)", "mine.py was ended by SIGKILL: perhaps it took"),
    ],
)
def test_what_ends_the_process_is_said(ask, text, said):
    assert ask(text)["f"].failure.startswith(said)


def test_a_file_that_is_not_there_is_a_blank(tmp_path):
    told = run(tmp_path / "none.py", {"f": (call, {})})
    assert told["f"].blank
    assert told["f"].failure.startswith("there is no file none.py in")


def test_children_are_killed_too(tmp_path):
    child = "import time; time.sleep(0.5); open('late', 'w')"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])"
    assert run_command(["-c", program], tmp_path, seconds=10).code == 0
    time.sleep(0.8)
    assert not (tmp_path / "late").exists()


def test_it_is_killed_as_soon_as_that_is_asked_for(tmp_path):
    path = tmp_path / "log"
    program = (
        "import time\nfor n in range(600):\n    open('log', 'a').write('x\\n'); time.sleep(0.01)"
    )
    ended = run_command(
        ["-c", program], tmp_path, seconds=30,
        kill_when=lambda: path.exists() and path.read_text().count("\n") >= 3,
    )  # fmt: skip
    assert ended.code is None
    assert 3 <= path.read_text().count("\n") < 600
