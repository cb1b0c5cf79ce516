import json

import numpy as np
import pytest
import torch

from alignlab.datasets import row_hashes
from alignlab.files import write_all
from alignlab.lessons.challenge import MODEL, _digits, score, task_digest, verified_row
from alignlab.predictors.model_folder import model_files
from alignlab.predictors.networks import Architecture, network

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture(scope="module")
def trained() -> dict[str, dict[str, str | bytes]]:
    """A linear model of the known digits, and one that never learned, as folders' files."""
    known, held = _digits().train, _digits().held_out
    architecture = Architecture("linear")
    net = network(architecture, (1, 8, 8), 10, seed=0)
    untrained = network(architecture, (1, 8, 8), 10, seed=1)
    x, y = torch.from_numpy(known.images), torch.from_numpy(known.labels)
    optimizer = torch.optim.Adam(net.parameters(), 5e-2)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    said = {"inputs": (1, 8, 8), "classes": known.classes}
    rows, peeked = row_hashes(known.images), row_hashes(held.images[:7])
    return {
        "right": model_files(net, architecture, **said, trained_on=rows),
        "untrained": model_files(untrained, architecture, **said, trained_on=rows),
        "peeked": model_files(net, architecture, **said, trained_on=np.concatenate([rows, peeked])),
    }


def test_a_model_is_scored_and_its_row_is_reproduced(tmp_path, trained, learner):
    write_all(tmp_path / "08-challenge" / MODEL, trained["right"])
    held = learner(8, {})
    assert all(each.holds for each in held), held
    board = tmp_path / "08-challenge" / "leaderboard.jsonl"
    (row,) = map(json.loads, board.read_text().splitlines())
    assert verified_row(row)
    assert row["task"] == task_digest()
    assert row["accuracy"]["value"] >= 0.9 > row["robust_accuracy"]["value"]
    assert score(tmp_path / "08-challenge" / MODEL) == row

    altered = {**row, "robust_accuracy": {**row["robust_accuracy"], "value": 0.99}}
    assert not verified_row(altered)
    board.write_text(json.dumps(altered) + "\n")
    held = learner(8, {})
    assert [each.holds for each in held] == [True, True, True, False]
    assert held[3].found == "line 1 is not what its SHA-256 says"


@pytest.mark.parametrize(
    ("name", "failing", "says"),
    [
        ("untrained", 0, "Train longer, or against a smaller radius."),
        ("peeked", 1, "7 of 599 were. Train on known.npz alone"),
    ],
)
def test_what_may_not_enter_leaves_no_row(tmp_path, trained, learner, name, failing, says):
    write_all(tmp_path / "08-challenge" / MODEL, trained[name])
    held = learner(8, {})
    assert not held[failing].holds
    assert says in str(held[failing])
    assert held[3].found == "no row was written"
    assert not (tmp_path / "08-challenge" / "leaderboard.jsonl").exists()


def test_a_folder_that_is_no_model_is_one_line(tmp_path, learner):
    (held,) = learner(8, {})
    assert held.found.startswith("there is no model in")
    (tmp_path / "08-challenge" / MODEL).mkdir(parents=True)
    (held,) = learner(8, {})
    assert not held.holds


def test_the_task_is_fixed():
    """What is known by this number may not change: rows that were written name it."""
    assert task_digest() == "ee7ae4def1b00e9a961ae64798b79d90e6bf6a6b02870fa7cb8c9ed3a3064090"


def test_the_known_digits_are_those_that_are_not_the_challenge(tmp_path, learner):
    from alignlab.datasets import read_images

    learner(8, {})
    known = read_images(tmp_path / "08-challenge" / "known.npz")
    np.testing.assert_array_equal(known.images, _digits().train.images)
    hashes = row_hashes(known.images)
    assert not np.isin(row_hashes(_digits().held_out.images), hashes).any()
