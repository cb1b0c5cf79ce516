"""From a file to a model, a report and what changed; and, whatever goes wrong, one line."""

import json

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import read_images, row_hashes, shared_rows
from alignlab.datasets.image_files import write_images
from alignlab.datasets.images import ImageData
from alignlab.predictors import load_model
from alignlab.training import FastAdversarial
from alignlab.training.spec import read_train_spec

TABLE = """\
data = "rows.csv"
target = "paid"
groups = ["sex"]
favourable = "yes"
model = "linear"
epochs = 3
batch-rows = 32
learning-rate = 0.05
out = "trained"

[objective.cross_entropy]
"""

IMAGES = """\
data = "images.npz"
groups = ["breed"]
model = "mlp"
hidden = [4]
epochs = 2
threat = { norm = "linf", radius = 0.05 }
out = "trained"
"""


@pytest.fixture
def rows(here):
    rng = np.random.default_rng(1)
    n = 200
    age = rng.normal(40, 10, n)
    frame = pd.DataFrame(
        {
            "age": age.round(2),
            "job": rng.choice(["cook", "nurse"], n),
            "sex": rng.choice(["f", "m"], n),
            "paid": np.where(age + rng.normal(0, 5, n) > 40, "yes", "no"),
        }
    )
    frame.to_csv("rows.csv", index=False)
    light = rng.choice([0.2, 0.8], n)
    images = rng.uniform(0, 0.2, (n, 1, 4, 4)) + light[:, None, None, None]
    breeds = pd.DataFrame({"breed": rng.choice(["x", "y"], n)})
    write_images("images.npz", ImageData(images.clip(0, 1), (light > 0.5) * 1, columns=breeds))
    return here


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "report" not in str(path.relative_to(folder))
    }


@pytest.mark.slow
def test_a_table_from_end_to_end(rows, alignlab):
    (rows / "train.toml").write_text(TABLE)
    code, shown, error = alignlab("train train.toml")
    assert (code, error) == (0, "")
    assert "rows.csv: 128 rows to learn from, 32 to choose the epoch by, 40 to audit on." in shown
    assert "on 40 held-out rows" in shown
    assert "untrained" in shown
    assert "gap in selection rates" in shown
    out = rows / "trained"
    predictor = load_model(out / "model")
    frame = pd.read_csv("rows.csv")
    right = predictor.decide(predictor(frame)) == (frame["paid"] == "yes")
    assert right.mean() > 0.75
    held = pd.read_csv(out / "test.csv")
    assert len(held) == 40
    assert held.columns.tolist() == frame.columns.tolist()
    assert len(predictor.trained_on) == 160
    assert load_model(out / "before").trained_on is None  # it was not trained
    learned = shared_rows(row_hashes(predictor.selected(frame)), predictor.trained_on)
    again = shared_rows(row_hashes(predictor.selected(held)), predictor.trained_on)
    assert learned.sum() >= 160
    assert again.sum() == learned.sum() - 160  # those who are like another
    assert "Held-out rows: trained/test.csv" in shown
    compared = json.loads((out / "comparison.json").read_text())
    assert compared["rows"][0]["measure"] == "accuracy"
    assert compared["rows"][0]["trained"]["n"] == 40
    report = json.loads((out / "report" / "report.json").read_text())
    assert report["subject"]["data"]["rows"] == 40
    assert report["subject"]["data"]["name"] == "rows.csv, rows held out"
    assert report["subject"]["reproduce"] == "alignlab train train.toml"
    assert (out / "report-before" / "report.html").exists()
    lines = (out / "training" / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 3


def test_images_against_a_threat(rows, alignlab):
    (rows / "train.toml").write_text(IMAGES)
    code, shown, error = alignlab("train train.toml")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "robust accuracy under an L∞ distance" in text
    assert "worst gap in breed" in text
    found = json.loads((rows / "trained" / "report" / "report.json").read_text())
    attacked = next(e for e in found["findings"] if e["check"] == "robustness.adversarial")
    compared = json.loads((rows / "trained" / "comparison.json").read_text())["rows"][-1]
    assert attacked["status"] == "measured"
    assert attacked["estimates"]["robust accuracy"]["value"] == compared["trained"]["value"]
    line = "audit --model trained/model --checks performance.accuracy --out o --data"
    seen = "audited rows are also training rows"
    assert seen in " ".join(alignlab(f"{line} images.npz")[1].split())
    assert seen in (rows / "o" / "report.html").read_text()
    assert seen not in " ".join(alignlab(f"{line} trained/test.npz")[1].split())
    code, _, error = alignlab(
        "compare trained/report-before/report.json trained/report/report.json"
    )
    assert (code, error) == (0, "")
    assert "which have fewer than 30 rows here." in text
    assert load_model(rows / "trained" / "model").module is not None
    held = read_images(rows / "trained" / "test.npz")
    assert len(held) == 40
    assert "breed" in held.columns
    code, _, error = alignlab("attack trained/model trained/test.npz --threat linf:0.05 --rows 5")
    assert (code, error) == (0, "")


@pytest.mark.slow
def test_a_training_that_collapses_at_once_leaves_the_model_as_it_was(rows, alignlab, monkeypatch):
    monkeypatch.setattr(FastAdversarial, "after_epoch", lambda *_: "It has collapsed.")
    objective = "[objective.fast_adversarial]\nthreat = { norm = 'linf', radius = 0.05 }\n"
    (rows / "train.toml").write_text(f"{IMAGES}baseline = false\n{objective}")
    code, shown, _ = alignlab("train train.toml")
    assert code == 0
    assert "No epoch could be kept: the model is as it was before training." in shown
    assert "Stopped early: It has collapsed." in shown
    kept, before = (
        (rows / "trained" / name / "weights.safetensors") for name in ("model", "before")
    )
    assert kept.read_bytes() == before.read_bytes()


def test_the_task_alone_is_what_terms_are_compared_with(rows, alignlab):
    (rows / "train.toml").write_text(TABLE + "[objective.l2]\nweight = 0.1\n")
    code, shown, _ = alignlab("train train.toml")
    assert code == 0
    assert "task alone" in shown
    assert (rows / "trained" / "training-before" / "metrics.csv").exists()
    first = json.loads((rows / "trained" / "before" / "model.json").read_text())
    assert first["classes"] == ["no", "yes"]


def test_stopped_and_gone_on_with_is_as_if_never_stopped(rows, alignlab, monkeypatch):
    (rows / "train.toml").write_text(IMAGES)
    assert alignlab("train train.toml")[0] == 0
    whole = files(rows / "trained")
    (rows / "trained").rename(rows / "whole")
    from alignlab.training.loop import Run

    step, count = Run._step, iter(range(100))

    def stopping(self, *given):
        if next(count) == 1:
            raise KeyboardInterrupt
        return step(self, *given)

    monkeypatch.setattr(Run, "_step", stopping)
    code, _, error = alignlab("train train.toml")
    assert code == 130
    assert error.count("\n") == 1
    assert "stopped in epoch 2 of 2" in error
    assert "--resume" in error
    assert not (rows / "trained" / "model").exists()
    monkeypatch.setattr(Run, "_step", step)
    code, _, error = alignlab("train train.toml")
    assert code == 2
    assert "holds a training already" in error
    assert alignlab("train train.toml --resume")[0] == 0
    assert files(rows / "trained") == whole


def test_stopped_after_the_training_is_said_and_gone_on_with(rows, alignlab, monkeypatch):
    from alignlab.cli import before_after

    def stopping(*_, **__):
        raise KeyboardInterrupt

    (rows / "train.toml").write_text(IMAGES.replace("threat", "# threat"))
    with monkeypatch.context() as patched:
        patched.setattr(before_after, "audited", stopping)
        code, _, error = alignlab("train train.toml")
    assert code == 130
    assert "stopped after the training, which is kept in trained" in error
    assert error.count("\n") == 1
    (rows / "train.toml").write_text(
        IMAGES.replace("threat", "# threat").replace("epochs = 2", "epochs = 1")
    )
    code, _, error = alignlab("train train.toml --resume")
    assert code == 2
    assert "trained holds 2 epochs, and train.toml asks for 1." in error
    (rows / "train.toml").write_text(IMAGES.replace("threat", "# threat"))
    code, shown, error = alignlab("train train.toml --resume")
    assert (code, error) == (0, "")
    told = "alignlab compare trained/report-before/report.json trained/report/report.json"
    assert f"Row by row: {told}" in shown
    code, shown, error = alignlab(told.removeprefix("alignlab "))
    assert (code, error) == (0, "")
    assert "The same 40 rows in both" in shown


def test_a_class_of_ones_own_is_kept_as_its_weights(rows, alignlab):
    (rows / "ownnets.py").write_text(
        "import torch\n"
        "def small():\n"
        "    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))\n"
    )
    (rows / "train.toml").write_text(
        IMAGES.replace('"mlp"', '"ownnets:small"').replace("hidden = [4]\n", "")
    )
    code, shown, error = alignlab("train train.toml")
    assert (code, error) == (0, "")
    reference = "trained/model/weights.safetensors@ownnets:small"
    assert f"Model: {reference}" in shown
    assert load_model(reference, classes=["0", "1"]).module is not None


def test_a_file_to_begin_with(rows, alignlab):
    code, shown, _ = alignlab("train --init new.toml")
    assert code == 0
    assert "alignlab train new.toml" in shown
    assert read_train_spec(rows / "new.toml").measure == "robust accuracy"
    code, _, error = alignlab("train --init new.toml")
    assert (code, error) == (2, "alignlab: new.toml exists already: name another file.\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("epochs = 3", "epoch = 3"), "there is no key 'epoch'. Did you mean 'epochs'?"),
        (("cross_entropy", "cross_entropie"), "Did you mean 'cross_entropy'?"),
        (("[objective.cross_entropy]", "[objective.l2]\nwieght = 1"), "Did you mean 'weight'?"),
        (("[objective.cross_entropy]", "[objective.l2]"), "has a value to make small"),
        (('"sex"', '"sexx"'), "Did you mean 'sex'?"),
        (('"paid"', '"payd"'), "Did you mean 'paid'?"),
        (("rows.csv", "row.csv"), "Did you mean 'rows.csv'?"),
        (('"linear"', '"linaer"'), "Did you mean 'linear'?"),
        (('out = "trained"', 'out = "rows.csv"'), "is a file: name another directory as out."),
        (("epochs = 3", 'start = "here"\nepochs = 3'), "there is no model of alignlab train"),
        (("epochs = 3", 'optimizer = "adamm"\nepochs = 3'), "Did you mean 'adam'?"),
        (("epochs = 3", 'measure = "worst gap in job"\nepochs = 3\npatience = 0'), "patience = 0"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(rows, alignlab, change, message):
    (rows / "train.toml").write_text(TABLE.replace(*change))
    before = sorted(path.name for path in rows.iterdir())
    code, _, error = alignlab("train train.toml")
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in rows.iterdir()) == before


def test_what_failed_in_its_first_epoch_is_in_nobodys_way(rows, alignlab):
    images = IMAGES.replace("threat", "# threat")
    (rows / "train.toml").write_text(f"{images}batch-rows = 16\nlearning-rate = 1e30\n")
    code, _, error = alignlab("train train.toml")
    assert code == 2
    assert "in epoch 1" in error
    (rows / "train.toml").write_text(images)
    code, _, error = alignlab("train train.toml")
    assert (code, error) == (0, "")


def test_there_must_be_something_to_go_on_with(rows, alignlab):
    (rows / "train.toml").write_text(TABLE)
    code, _, error = alignlab("train train.toml --resume")
    assert code == 2
    assert "no training to go on with in trained" in error
