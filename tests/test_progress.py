import contextlib
import io
import sys
import time

import pytest

from alignlab.progress import track


def test_a_program_is_told_of_each_step():
    steps = []
    seen = list(track([3, 4], total=2, name=str, callback=lambda *step: steps.append(step)))
    assert seen == [3, 4]
    assert steps == [("3", 0, 2), ("4", 1, 2), ("done", 2, 2)]


def test_a_pipe_sees_nothing(capsys):
    assert list(track(range(3), total=3, name=str)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_a_bar(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    assert list(track(["fairness.auc"], total=1, name=str)) == ["fairness.auc"]
    assert "fairness.auc" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_the_bar_stays_on_the_terminal_while_output_is_sent_elsewhere(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, elsewhere = Terminal(), io.StringIO()

    def items():
        with contextlib.redirect_stderr(elsewhere), contextlib.redirect_stdout(elsewhere):
            print("noise")
            time.sleep(0.3)  # the bar is drawn anew meanwhile
        yield "one"

    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    assert list(track(items(), total=1, name=str)) == ["one"]
    assert elsewhere.getvalue() == "noise\n"
    assert "noise" not in terminal.getvalue()


def test_stopping_early_stops_the_work():
    started = []

    def items():
        for n in range(10):
            started.append(n)
            yield n

    for each in track(items(), total=10, name=str):
        if each == 2:
            break
    assert started == [0, 1, 2]


def test_an_error_in_the_items_is_not_swallowed():
    def broken():
        yield 1
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        list(track(broken(), total=2, name=str, callback=lambda *step: None))
