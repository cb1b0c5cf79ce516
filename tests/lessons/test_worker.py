import json

import numpy as np
import pytest

from alignlab.lessons import worker


def probe(work, asked):
    """A probe of the tests': `asked` names a function, which is called."""
    return work.function(asked)()


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Answer a probe on a program's text."""
    monkeypatch.setattr(worker.sys, "path", list(worker.sys.path))
    monkeypatch.setattr(worker.importlib, "import_module", lambda _: worker.sys.modules[__name__])

    def ask(text, name="f"):
        path = tmp_path / "mine.py"
        path.write_text(text)
        worker.load.cache_clear()
        return worker.answer("tests:probe", path, name)

    return ask


def test_an_answer_is_plain(told):
    text = "import numpy as np\ndef f(): return {'a': np.arange(2), 1: (np.float64(0.5), {3})}"
    assert told(text) == {"value": {"a": [0, 1], "1": [0.5, [3]]}}


@pytest.mark.parametrize(
    ("text", "said", "blank"),
    [
        ("def f():\n    return 1 / 0", "mine.py:2: ZeroDivisionError: division by zero", False),
        ("def f(:", "mine.py:1 is no Python: invalid syntax", False),
        ("x = 1\0", "mine.py is no Python: source code string cannot", False),
        ("import sys\nsys.exit(3)", "mine.py:2 ends the program by exit", False),
        ("def f():\n    raise NotImplementedError('the sum')",
         "mine.py:2 is still blank (the sum)", True),
        ("def f():\n    raise KeyboardInterrupt", "mine.py:2: KeyboardInterrupt: without a message",
         False),
        ("f = 3", "mine.py: TypeError: f is int, and must be a function", False),
        ("g = 3", "mine.py: AttributeError: mine.py has no f any more", False),
        ("def f(): return object()",
         "mine.py: TypeError: it returned object, where a number or an array is asked for", False),
        ("def f():\n  raise ValueError('a\\nb' + 'c' * 999)", "mine.py:2: ValueError: a bc", False),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line(told, text, said, blank):
    answer = told(text)
    assert answer["failure"].startswith(said)
    assert len(answer["failure"]) < 400
    assert "\n" not in answer["failure"]
    assert answer["blank"] is blank


def test_a_value_that_is_blank_is_found_in_its_line(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("x = 1\nY = ...\n")
    work = worker.Work(worker.load(path), path)
    assert work.value("x") == 1
    with pytest.raises(worker.BlankError, match=r"mine.py:2 is still blank \(Y\)"):
        work.value("Y")


def test_files_beside_it_are_importable_and_replace_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(worker.sys, "path", list(worker.sys.path))
    (tmp_path / "beside_it.py").write_text("number = 7")
    (tmp_path / "colorsys.py").write_text("raise RuntimeError")
    (tmp_path / "mine.py").write_text("import beside_it, colorsys\nn = beside_it.number")
    assert worker.load(tmp_path / "mine.py").n == 7


def test_every_answer_is_written_as_it_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(worker.sys, "path", list(worker.sys.path))
    (tmp_path / "mine.py").write_text("def f(x): return x * 2\nA = ...\n")
    asked = {
        "one": ["alignlab.lessons.working:call", {"calls": [["f", [[np.pi], [[1, 2]]]]]}],
        "two": ["alignlab.lessons.working:call", {"values": ["A"]}],
    }
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    worker.main([str(tmp_path / name) for name in ("mine.py", "asked.json", "answers.jsonl")])
    one, two = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    assert one["value"]["calls"] == [[np.pi * 2, [2, 4]]]
    assert (two["name"], two["blank"]) == ("two", True)
