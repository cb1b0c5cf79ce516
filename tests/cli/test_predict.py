from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.cli import predicted_data
from alignlab.predictors import load_model

COLUMNS = ["income", "debt"]


def people(seed, n):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"income": rng.normal(40, 10, n), "debt": rng.gamma(2, 3, n)})
    odds = 0.3 * (frame["income"] - 40) - 0.5 * (frame["debt"] - 6)
    frame["repaid"] = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no")
    frame["limit"] = 3 * frame["income"] + rng.normal(0, 5, n)
    frame["sex"] = rng.choice(["f", "m"], n)
    return frame


@pytest.fixture
def files(here):
    """Models and rows: fitted on `train.csv`, calibrated on `known.csv`, asked about `new.csv`."""
    train = people(0, 400)
    for name, frame in (("train", train), ("known", people(1, 600)), ("new", people(2, 300))):
        frame.to_csv(here / f"{name}.csv", index=False)
    X = train[COLUMNS]
    for name, model, y in (
        ("repaid", make_pipeline(StandardScaler(), LogisticRegression()), train["repaid"]),
        ("limit", LinearRegression(), train["limit"]),
        ("ridge", RidgeClassifier(), train["repaid"]),
    ):
        skops.io.dump(model.fit(X, y), here / f"{name}.skops")
    return here


KNOWN = "--calibration known.csv --target repaid"


def table(out):
    return pd.read_csv(io.StringIO(out), keep_default_na=False)


def test_predictions_alone_are_a_table_on_standard_output(alignlab, files):
    code, out, err = alignlab("predict repaid.skops new.csv")
    assert (code, err) == (0, "")
    seen = table(out)
    assert seen.columns.tolist() == ["row", "prediction", "sure", "P(no)", "P(yes)"]
    model = skops.io.load(files / "repaid.skops", trusted=[])
    new = pd.read_csv("new.csv")
    assert seen["prediction"].tolist() == model.predict(new[COLUMNS]).tolist()
    np.testing.assert_allclose(seen["sure"], model.predict_proba(new[COLUMNS]).max(axis=1))


def test_sets_hold_the_truth_about_as_often_as_said(alignlab, files):
    code, out, _ = alignlab(f"predict repaid.skops new.csv --intervals {KNOWN} --level 0.9")
    seen = table(out)
    assert code == 0
    truth = pd.read_csv("new.csv")["repaid"]
    held = np.mean([one in each.split(" | ") for one, each in zip(truth, seen["set"], strict=True)])
    assert 0.82 < held < 0.97
    assert (seen["size"] == [0 if not each else 1 + each.count("|") for each in seen["set"]]).all()


def test_intervals_of_numbers(alignlab, files):
    line = "predict limit.skops new.csv --intervals --calibration known.csv --target limit"
    code, out, _ = alignlab(f"{line} --level 0.8")
    seen, truth = table(out), pd.read_csv("new.csv")["limit"]
    assert code == 0
    assert seen.columns.tolist() == ["row", "prediction", "low", "high"]
    assert 0.7 < ((seen["low"] <= truth) & (truth <= seen["high"])).mean() < 0.9


def test_decide_or_ask_keeps_the_risk(alignlab, files):
    code, out, err = alignlab(f"predict repaid.skops new.csv {KNOWN} --max-risk 0.1")
    assert code == 0
    assert "with 95% confidence the risk of those decided is at most 0.1" in err
    seen = table(out)
    decided = (seen["what to do"] == "decide").to_numpy()
    assert 0.2 < decided.mean() < 1
    assert seen["sure"][decided].min() > seen["sure"][~decided].max()
    truth = pd.read_csv("new.csv")["repaid"]
    assert (seen["prediction"] != truth)[decided].mean() < 0.12


def test_a_risk_that_nobody_can_promise_asks_about_all(alignlab, files):
    code, out, err = alignlab(f"predict repaid.skops new.csv {KNOWN} --max-risk 0.0001")
    assert code == 0
    assert set(table(out)["what to do"]) == {"ask"}
    assert "No threshold can promise a risk of at most 0.0001" in err


def test_groups_have_sets_and_thresholds_of_their_own(alignlab, files):
    new = pd.read_csv("new.csv")
    new.loc[:4, "sex"] = "x"
    new.to_csv("new.csv", index=False)
    line = f"predict repaid.skops new.csv --intervals {KNOWN} --by sex --max-risk 0.15 --json"
    code, out, _ = alignlab(line)
    assert code == 0
    said = json.loads(out)
    assert [each["group"] for each in said["decisions"]["thresholds"]] == ["f", "m"]
    rows = pd.DataFrame(said["predictions"])
    assert (rows["what to do"][:5] == "ask").all()
    assert (rows["size"][:5] == 2).all()
    assert any("'x' has no calibration row" in note for note in said["notes"])


def test_files_are_the_json_and_the_table(alignlab, files):
    code, out, _ = alignlab(f"predict repaid.skops new.csv --intervals {KNOWN} --out told")
    assert code == 0
    assert "and 290 more" in out
    assert sorted(each.name for each in (files / "told").iterdir()) == [
        "predict.csv",
        "predict.json",
    ]
    said = json.loads((files / "told" / "predict.json").read_text())
    assert said["intervals"]["calibration_rows"] == 600
    assert len(pd.read_csv(files / "told" / "predict.csv")) == 300


@pytest.mark.parametrize("target", ["repaid", "limit"])
def test_each_row_is_asked_about_once(alignlab, files, monkeypatch, target):
    opened = []
    monkeypatch.setattr(
        predicted_data,
        "opened",
        lambda *given: opened.append(load_model(given[0].model)) or opened[0],
    )
    risk = "--max-risk 0.1 --by sex" if target == "repaid" else ""
    line = f"predict {target}.skops new.csv --intervals --calibration known.csv --target {target}"
    code, out, _ = alignlab(f"{line} {risk} --json")
    assert code == 0
    assert opened[0].rows_evaluated == json.loads(out)["evaluations"] == 300 + 600


def test_rows_that_are_also_calibration_rows_are_named(alignlab, files):
    both = pd.concat([pd.read_csv("new.csv"), pd.read_csv("known.csv")[:3]])
    both.to_csv("new.csv", index=False)
    code, _, err = alignlab(f"predict repaid.skops new.csv --intervals {KNOWN}")
    assert code == 0
    assert "3 of the 303 rows of new.csv are also in known.csv (rows 300, 301, 302)" in err


def test_cases_that_merely_look_alike_are_no_calibration_rows(alignlab, files):
    for name in ("train", "known", "new"):
        pd.read_csv(f"{name}.csv").round(-1).to_csv(f"{name}.csv", index=False)
    code, _, err = alignlab(f"predict repaid.skops new.csv --intervals {KNOWN}")
    assert (code, "are also in known.csv" in err) == (0, False)


def test_training_rows_do_not_calibrate(alignlab, files):
    line = "predict repaid.skops new.csv --intervals --calibration train.csv --target repaid"
    code, out, err = alignlab(f"{line} --training train.csv")
    assert (code, out) == (2, "")
    assert "400 of the 400 calibration rows are also training rows" in err


def test_training_rows_are_seen_where_groups_stand_beside_them(alignlab, files):
    train = pd.read_csv("train.csv")
    unnamed = LogisticRegression(max_iter=500).fit(train[COLUMNS].to_numpy(), train["repaid"])
    skops.io.dump(unnamed, "unnamed.skops")
    for name in ("train", "new"):
        pd.read_csv(f"{name}.csv").drop(columns="limit").to_csv(f"{name}.csv", index=False)
    train[COLUMNS].to_csv("seen.csv", index=False)
    line = "predict unnamed.skops new.csv --intervals --calibration train.csv --target repaid"
    for seen in ("train.csv", "seen.csv"):
        code, _, err = alignlab(f"{line} --by sex --training {seen}")
        assert (code, "400 of the 400 calibration rows are also" in err) == (2, True), seen


def test_rows_that_recalibrated_a_model_do_not_calibrate_it_again(alignlab, files):
    assert alignlab("calibrate repaid.skops known.csv --target repaid --out mended")[0] == 0
    code, out, err = alignlab(f"predict mended new.csv --max-risk 0.2 {KNOWN} --training train.csv")
    assert (code, out) == (2, "")
    assert "of the 600 calibration rows are also training rows" in err


def test_images_are_predicted_too(alignlab, here):
    from sklearn.datasets import load_digits

    digits = load_digits()
    model = LogisticRegression(C=0.01, max_iter=50).fit(digits.images[:300].reshape(300, -1) / 16,
                                                       digits.target[:300])  # fmt: skip
    skops.io.dump(model, here / "digits.skops")
    for name, part in (("known", slice(300, 900)), ("new", slice(900, 1000))):
        np.savez(
            here / f"{name}.npz",
            images=(digits.images[part] / 16).astype(np.float32),
            labels=digits.target[part],
        )
    line = "predict digits.skops new.npz --intervals --calibration known.npz --max-risk 0.1"
    code, out, err = alignlab(line)
    assert code == 0, err
    seen = table(out)
    assert len(seen) == 100
    assert {"set", "size", "what to do"} <= set(seen.columns)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("repaid.skops new.csv --intervals", "--intervals needs rows with what happened"),
        ("repaid.skops new.csv --max-risk 0.1", "--max-risk needs rows with what happened"),
        (
            "repaid.skops new.csv --intervals --calibration known.csv",
            "Name the column of known.csv that holds what happened with --target. Columns: income",
        ),
        (
            "repaid.skops new.csv --intervals --calibration known.csv --target repayed",
            "There is no column 'repayed' for --target in known.csv. Did you mean 'repaid'?",
        ),
        (f"repaid.skops new.csv --intervals {KNOWN} --level 95", "Did you mean 0.95?"),
        (f"repaid.skops new.csv {KNOWN} --max-risk 5", "--max-risk 5 is not between 0 and 1."),
        (f"repaid.skops new.csv --intervals {KNOWN} --by gender", "no column 'gender' for --by"),
        (f"repaid.skops new.csv --intervals {KNOWN} --by income", "names rows rather than groups"),
        (f"repaid.skops new.csv {KNOWN}", "--calibration is used for sets and intervals"),
        ("repaid.skops new.csv --by sex", "--by is used for sets and intervals"),
        (f"repaid.skops absent.csv --intervals {KNOWN}", "There is no file 'absent.csv'"),
        (f"repaid.skops empty.csv --intervals {KNOWN}", "The file empty.csv is empty"),
        (f"repaid.skops none.csv --intervals {KNOWN}", "none.csv has 0 rows"),
        (f"repaid.skops short.csv --intervals {KNOWN}", "There is no column 'debt' for the model"),
        (
            "repaid.skops new.csv --intervals --calibration known.csv --target income",
            "reads the column 'income', which is the target",
        ),
        (
            "limit.skops new.csv --max-risk 0.1 --calibration known.csv --target limit",
            "predicts a number. Use --intervals",
        ),
        (f"ridge.skops new.csv {KNOWN} --max-risk 0.1", "gives decisions without probabilities"),
        ("repaid.skop new.csv", "repaid.skop"),
        ("repaid.skops new.csv --out known.csv", "Not a directory but a file"),
        (
            "repaid.skops new.csv --intervals --calibration gap.csv --target repaid",
            "Row 3 of gap.csv has no value in the target column 'repaid' (1 such rows)",
        ),
        (
            "repaid.skops new.csv --intervals --calibration known.csv --target sex",
            "none of the model's classes 'no', 'yes'",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(alignlab, files, line, words):
    (files / "empty.csv").write_text("")
    (files / "none.csv").write_text("income,debt\n")
    pd.read_csv("new.csv").drop(columns="debt").to_csv("short.csv", index=False)
    known = pd.read_csv("known.csv")
    known.loc[3, "repaid"] = None
    known.to_csv("gap.csv", index=False)
    before = sorted(files.iterdir())
    code, out, err = alignlab(f"predict {line}")
    assert (code, out) == (2, "")
    assert err.startswith("alignlab: ")
    assert err.count("\n") == 1
    assert words in err
    assert sorted(files.iterdir()) == before
