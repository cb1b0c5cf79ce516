"""What was measured can be read back, drawn and followed."""

import json
import sys
from types import ModuleType

import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.training.history import Board, Epoch, History

HISTORY = History(
    (
        Epoch(1, 0.1, 2.5, {"cross_entropy": 2.0, "l2": 0.5}, {"accuracy": 0.5, "loss": 0.7}),
        Epoch(2, 0.05, 1.5, {"cross_entropy": 1.0, "l2": 0.5}, {"accuracy": 0.75, "loss": 0.1}),
    )
)


def test_it_is_the_same_after_a_journey(tmp_path):
    assert History(tuple(map(Epoch.from_dict, HISTORY.to_dict()))) == HISTORY
    HISTORY.write(tmp_path)
    frame = pd.read_csv(tmp_path / "metrics.csv")
    pd.testing.assert_frame_equal(frame, HISTORY.to_frame())
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["terms"]["cross_entropy"] for line in lines] == [2, 1]
    assert (HISTORY[1].number, len(HISTORY), len(list(HISTORY))) == (2, 2, 2)


def test_what_is_not_a_number_is_one_again():
    odd = Epoch(1, 0.1, 1.0, {}, {"worst gap in g": float("nan")})
    assert json.loads(json.dumps(odd.to_dict()))["validation"] == {"worst gap in g": None}
    assert Epoch.from_dict(odd.to_dict()).validation["worst gap in g"] != 0


def test_a_chart_shows_what_was_validated():
    HISTORY.chart("loss")
    with pytest.raises(InputError, match="Did you mean 'accuracy'"):
        HISTORY.chart("acuracy")
    with pytest.raises(InputError, match="Nothing was validated"):
        History().chart()


def test_tensorboard_is_told_where_it_is_installed(tmp_path, monkeypatch):
    told = []

    class SummaryWriter:
        def __init__(self, place):
            told.append(place)

        def add_scalar(self, name, value, step):
            told.append((name, value, step))

        def flush(self):
            pass

        def close(self):
            told.append("closed")

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    board = Board(tmp_path)
    board.show(HISTORY[1])
    board.close()
    assert ("validation accuracy", 0.75, 2) in told
    assert told[-1] == "closed"


def test_without_tensorboard_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    board = Board(tmp_path)
    board.show(HISTORY[0])
    board.close()
    assert not list(tmp_path.iterdir())
