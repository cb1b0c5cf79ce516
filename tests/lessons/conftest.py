import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alignlab.lessons import Held, begin, check_step, exercise, step_folder, worker, working


@pytest.fixture
def in_process(monkeypatch) -> None:
    """Run learners' programs in this process: it spares the start of another."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run_command(words, where, *, seconds, kill_when=None):
        worker.load.cache_clear()
        worker.main([str(word) for word in words[2:]])
        return working.Ended(0, "")

    monkeypatch.setattr(working, "run_command", run_command)


@pytest.fixture
def learner(tmp_path) -> Iterator[Callable[..., tuple[Held, ...]]]:
    """Begin a step, change its files, and check it.

    A change is a file's name and pairs of what stands in the starter and what a learner writes
    there; or the file's whole content.
    """

    def learn(step: int, changes: dict[str, str | list[tuple[str, str]]]) -> tuple[Held, ...]:
        place = step_folder(tmp_path, step)
        starter = exercise(step).starter()
        begin(step, tmp_path)
        for name, change in changes.items():
            text = change
            if not isinstance(change, str):
                text = starter[name]
                for old, new in change:
                    assert old in text, old
                    text = text.replace(old, new)
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            Path(place, name).write_text(text, encoding="utf-8")
        return check_step(step, tmp_path)

    return learn
