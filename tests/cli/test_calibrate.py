"""`alignlab calibrate`: a model that every command opens, a report, and one line when it cannot."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from alignlab.datasets import row_hashes
from alignlab.datasets.image_files import write_images
from alignlab.datasets.images import ImageData
from alignlab.files import write_all
from alignlab.predictors import load_model
from alignlab.predictors.model_folder import model_files
from alignlab.predictors.networks import Architecture, network
from alignlab.predictors.table_encoding import TableEncoding

CODE = """\
import numpy as np


def bragging(frame):
    return 1 / (1 + np.exp(-3 * frame["x"].to_numpy()))
"""

NAMES = ["calibration.json", "recalibration.csv", "recalibration.json", "recalibration.svg",
         "report.md", "training_rows.npy"]  # fmt: skip


@pytest.fixture
def rows(here):
    rng = np.random.default_rng(1)
    n = 1200
    x = rng.normal(size=n)
    frame = pd.DataFrame(
        {"x": x, "z": rng.normal(size=n), "paid": np.where(rng.random(n) < expit(x), "yes", "no")}
    )
    frame.to_csv("rows.csv", index=False)
    (here / "braggart.py").write_text(CODE)
    sure = LogisticRegression().fit(frame[["x", "z"]], frame["paid"])
    sure.coef_ *= 3
    skops.io.dump(sure, "sure.skops")
    return frame


def test_a_table_from_end_to_end(rows, alignlab, here):
    code, shown, error = alignlab("calibrate sure.skops rows.csv --target paid --out better")
    assert (code, error) == (0, "")
    assert "Recalibrated by temperature: the log loss falls by" in shown
    assert "No held-out row is decided otherwise than before." in shown
    assert "taken" in shown
    assert re.search(r"root mean square +0\.\d+ \[0\.\d+, 0\.\d+\] +0\.\d+ \[0", shown)
    out = here / "better"
    assert sorted(each.name for each in out.iterdir() if each.is_file()) == NAMES
    found = json.loads((out / "recalibration.json").read_text())
    assert found["map"]["inverse"] == pytest.approx(1 / 3, abs=0.05)
    assert found["command"].startswith("alignlab calibrate sure.skops")
    before, after = load_model("sure.skops"), load_model(out)
    assert (before.decide(before(rows)) == after.decide(after(rows))).all()
    assert np.abs(after(rows)[:, 1] - expit(rows["x"])).mean() < 0.03
    report = (out / "report.md").read_text()
    assert "| log loss |" in report
    assert "recalibration.svg" in report
    again = alignlab("calibrate sure.skops rows.csv --target paid --out again --json")[1]
    assert again.replace(" --json", "") == (out / "recalibration.json").read_text()
    for name in NAMES:
        if name != "recalibration.json":
            assert (here / "again" / name).read_bytes() == (out / name).read_bytes()


def test_what_the_map_was_fitted_on_is_known_and_the_rest_can_be_used(rows, alignlab, here):
    alignlab("calibrate sure.skops rows.csv --target paid --out better")
    better = load_model("better")
    found = json.loads((here / "better" / "recalibration.json").read_text())
    held = rows.iloc[found["held_out"]]
    held.to_csv("held.csv", index=False)
    hashes = row_hashes(better.selected(held))
    assert not np.isin(hashes, better.trained_on).any()
    assert len(better.trained_on) == found["fitted_on"] == len(rows) - len(held)


def test_code_of_ones_own_is_opened_again_where_it_is_named(rows, alignlab):
    code, _, error = alignlab(
        "calibrate braggart:bragging rows.csv --target paid --features x --out better"
    )
    assert (code, error) == (0, "")
    audit = "predict better rows.csv --json"
    assert "--trust braggart:bragging" in alignlab(audit)[2]
    assert alignlab(f"{audit} --trust braggart:bragging")[0] == 0


def test_training_rows_are_refused_by_the_folder_and_by_a_file(rows, alignlab, here):
    architecture = Architecture("linear")
    encoding = TableEncoding.fitted(rows[["x", "z"]])
    module = network(architecture, (encoding.width,), 2, seed=1)
    learned = row_hashes(rows[["x", "z"]].iloc[:500])
    files = model_files(
        module, architecture, inputs=encoding, classes=("no", "yes"), trained_on=learned
    )
    write_all(here / "model", files)
    code, _, error = alignlab("calibrate model rows.csv --target paid --out better")
    assert code == 2
    assert "500 of the 1,200 calibration rows are also training rows (rows 0, 1, 2, 3, 4" in error
    assert not (here / "better").exists()
    rows.iloc[500:].to_csv("rest.csv", index=False)
    assert alignlab("calibrate model rest.csv --target paid --out better")[0] == 0
    assert len(load_model("better").trained_on) > 500
    rows.iloc[600:700].to_csv("part.csv", index=False)
    code, _, error = alignlab("calibrate sure.skops rest.csv --target paid --training part.csv")
    assert (code, "100 of the 700" in error) == (2, True)


def test_training_rows_are_seen_by_a_model_that_names_no_columns(rows, alignlab):
    unnamed = LogisticRegression().fit(rows[["x", "z"]].to_numpy(), rows["paid"])
    skops.io.dump(unnamed, "unnamed.skops")
    rows.iloc[:100].to_csv("part.csv", index=False)
    line = "calibrate unnamed.skops rows.csv --target paid --training part.csv --out better"
    code, _, error = alignlab(line)
    assert (code, "100 of the 1,200" in error) == (2, True)
    rows.iloc[:100][["x"]].to_csv("part.csv", index=False)
    assert "no column 'z' for --training in part.csv" in alignlab(line)[2]


def test_images(alignlab, here):
    rng = np.random.default_rng(0)
    images = rng.random((300, 1, 4, 4)).round(2)
    labels = (rng.random(300) < images.mean((1, 2, 3))).astype(int)
    write_images("images.npz", ImageData(images, labels, ("dark", "light")))
    architecture = Architecture("mlp", hidden=(4,))
    module = network(architecture, (1, 4, 4), 2, seed=0)
    write_all(
        here / "model",
        model_files(module, architecture, inputs=(1, 4, 4), classes=("dark", "light")),
    )
    code, shown, error = alignlab("calibrate model images.npz --method temperature --out better")
    assert (code, error) == (0, "")
    assert "on 300 rows of images" in shown
    assert load_model("better").module is not None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sure.skops rows.csv", "--target"),
        ("sure.skops rows.csv --target payd", "Did you mean 'paid'"),
        ("sure.skops row.csv --target paid", "Did you mean 'rows.csv'"),
        ("sur.skops rows.csv --target paid", "Did you mean 'sure.skops'"),
        ("sure.skops rows.csv --target paid --method beat", "Did you mean 'beta'"),
        ("sure.skops rows.csv --target paid --level 2", "not between 0 and 1"),
        ("sure.skops rows.csv --target paid --test-share 1", "--test-share 1.0 is not between"),
        (
            "sure.skops new.csv --target paid",
            "Row 0 of column 'paid' of new.csv has the label 'may",
        ),
        ("sure.skops rows.csv --target paid --seed -1", "whole number from 0"),
        ("sure.skops rows.csv --target paid --out rows.csv", "Not a directory"),
        ("sure.skops few.csv --target paid", "20 rows are too few"),
        ("sure.skops one.csv --target paid", "are of the class 'no'"),
        ("better rows.csv --target paid", "recalibrated already"),
        ("sure.skops rows.csv --target paid --methods beta", "Did you mean '--method'"),
    ],
)
def test_what_cannot_be_used_is_one_line(rows, alignlab, here, line, said):
    rows.head(20).to_csv("few.csv", index=False)
    rows[rows["paid"] == "no"].to_csv("one.csv", index=False)
    rows.assign(paid=["maybe", *rows["paid"][1:]]).to_csv("new.csv", index=False)
    write_all(here / "better", {"calibration.json": "{}"})
    code, shown, error = alignlab(f"calibrate {line}")
    assert (code, shown) == (2, "")
    assert said in error
    assert error.count("\n") == 1
