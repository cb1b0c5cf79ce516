from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ["income", "debt_share"]


@pytest.fixture
def files(here):
    """Models and the applicants `loans.csv`; row 0 is surely refused."""
    rng = np.random.default_rng(4)
    n = 300
    frame = pd.DataFrame(
        {"income": rng.normal(40, 10, n).round(1), "debt_share": rng.beta(2, 5, n).round(3)}
    )
    odds = 0.3 * (frame["income"] - 35) - 8 * (frame["debt_share"] - 0.3)
    frame["repaid"] = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no")
    frame["limit"] = (3 * frame["income"] + rng.normal(0, 5, n)).round()
    frame["sex"] = rng.choice(["f", "m"], n)
    frame.loc[0, COLUMNS] = [25.0, 0.4]
    frame.to_csv(here / "loans.csv", index=False)
    X = frame[COLUMNS]
    for name, model, y in (
        ("repaid", make_pipeline(StandardScaler(), LogisticRegression()), frame["repaid"]),
        ("limit", LinearRegression(), frame["limit"]),
        ("large", LinearRegression(), 1000 * frame["limit"]),
        ("ridge", RidgeClassifier(), frame["repaid"]),
    ):
        skops.io.dump(model.fit(X, y), here / f"{name}.skops")
    return here


ROW = "explain repaid.skops loans.csv --row 0 --target repaid --favourable yes"


def test_a_card_on_the_terminal(alignlab, files):
    code, out, err = alignlab(f"{ROW} --label no=refused --label debt_share='share of debt'")
    assert (code, err) == (0, "")
    assert out.startswith("Refused: row 0 of loans.csv\n")
    told = " ".join(out.split())
    for question in (
        "What was decided?", "How sure is the model?", "What counted?",
        "What would have changed it?", "How did similar cases go?",
        "Is this explanation true to the model?",
    ):  # fmt: skip
        assert question in told
    assert "Income (25) counted for refused by" in told
    assert "share of debt" in told
    assert "the answer would have been yes" in told
    assert max(map(len, out.splitlines())) <= 80


def test_a_card_as_a_page_and_as_json(alignlab, files):
    code, out, _ = alignlab(f"{ROW} --out pages/card.html --json")
    assert code == 0
    told = json.loads(out)
    assert told["command"].startswith("alignlab explain repaid.skops")
    (card,) = told["cards"]
    assert card["card"] == 1
    assert card["row"] == 0
    assert card["happened"] in ("yes", "no")
    page = (files / "pages" / "card.html").read_text(encoding="utf-8")
    assert "<h1>no</h1>" in page
    again = alignlab(f"{ROW} --out pages/card.html --json")[1]
    assert again == out
    assert (files / "pages" / "card.html").read_text(encoding="utf-8") == page


def test_what_must_not_change_is_not_suggested(alignlab, files):
    code, out, _ = alignlab(f"{ROW} --groups sex --label sex=gender --immutable debt_share --json")
    (card,) = json.loads(out)["cards"]
    assert code == 0
    changed = {
        change["column"] for way in card["changes"]["counterfactuals"] for change in way["changes"]
    }
    assert changed == {"income"}
    assert card["changes"]["held"] == ["debt_share"]
    assert any("The model does not read gender" in note for note in card["notes"])


def test_several_cards(alignlab, files):
    code, out, _ = alignlab(
        "explain repaid.skops loans.csv --rows 0,5 --out both.html --not-calibrated"
    )
    assert code == 0
    assert out.count("What was decided?") == 2
    assert "stated not to be calibrated" in " ".join(out.split())
    assert (files / "both.html").read_text().count("<article") == 2


def test_numbers_and_decisions_are_explained_too(alignlab, files):
    code, out, _ = alignlab(
        "explain limit.skops loans.csv --row 0 --target limit --wanted 100: --immutable debt_share"
    )
    assert code == 0
    assert "counted downwards by" in " ".join(out.split())
    assert "With income" in out
    code, out, _ = alignlab("explain large.skops loans.csv --row 0 --target limit --wanted :1e6")
    assert code == 0
    assert "e+0" not in out
    assert "lies within what is wanted already" in " ".join(out.split())
    code, out, _ = alignlab("explain ridge.skops loans.csv --row 0")
    assert code == 0
    assert "without a probability" in " ".join(out.split())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("repaid.skops loans.csv", "no case was named. Give --row N"),
        ("repaid.skops loans.csv --row 0 --rows 1", "both --row and --rows were given"),
        ("repaid.skops loans.csv --row 300", "There is no row 300: the data have 300 rows"),
        ("repaid.skops loans.csv --row -1", "There is no row -1"),
        ("repaid.skops loans.csv --row x", "--row 'x' is not a whole number"),
        ("repaid.skops loans.csv --rows 1,x", "'x' is not a whole number from 0"),
        ("repaid.skops loans.csv --rows 1,1", "names a row twice"),
        ("repaid.skops loans.csv --row 0 --target repayed", "Did you mean 'repaid'?"),
        ("repaid.skops loans.csv --row 0 --immutable incom", "Did you mean 'income'?"),
        ("repaid.skops loans.csv --row 0 --groups race", "no column 'race' for --groups"),
        ("repaid.skops loans.csv --row 0 --favourable yse", "--favourable yse is not one of"),
        ("repaid.skops loans.csv --row 0 --label income", "is no NAME=TEXT"),
        ("repaid.skops loans.csv --row 0 --label incme=x", "Did you mean 'income'?"),
        ("repaid.skops loans.csv --row 0 --wanted 3", "is no LOW:HIGH"),
        ("repaid.skops loans.csv --row 0 --wanted 3:4", "predicts classes"),
        ("limit.skops loans.csv --row 0 --favourable yes", "predicts a value"),
        (
            "limit.skops loans.csv --row 0 --wanted 4:3",
            "--wanted '4:3' is no LOW:HIGH: the first number is the lesser one",
        ),
        ("repaid.skops loans.csv --row 0 --groups sex*income", "Give sex,income."),
        ("repaid.skops loans.csv --row 0 --out card", "names no page"),
        ("repaid.skops loans.csv --row 0 --out loans.csv/card.html", "loans.csv is a file"),
        ("repaid.skops loans.csv --row 0 --level 95", "level"),
        ("repaid.skops loans.csv --row 0 --background 1", "--background 1 is not a whole number"),
        ("repaid.skops loans.csv --row 0 --seed -1", "seed"),
        ("repaid.skops absent.csv --row 0", "There is no file 'absent.csv'"),
        ("absent.skops loans.csv --row 0", "absent.skops"),
        ("model.pkl loans.csv --row 0", "--allow-pickle"),
        ("repaid.skops short.csv --row 0", "no column 'debt_share' for the model"),
        ("repaid.skops two.csv --row 0", "at least 3 are needed"),
        ("repaid.skops digits --row 0", "is about rows of a table"),
        ("words:answer loans.csv --row 0 --classes no,yes", "as probabilities of 0 and 1"),
    ],
)
def test_what_cannot_be_used_is_one_line(alignlab, files, monkeypatch, line, words):
    monkeypatch.syspath_prepend(str(files))
    (files / "words.py").write_text("def answer(rows):\n    return ['yes'] * len(rows)\n")
    (files / "model.pkl").write_bytes(b"\x80\x04N.")
    frame = pd.read_csv("loans.csv")
    frame.drop(columns="debt_share").to_csv("short.csv", index=False)
    frame[:2].to_csv("two.csv", index=False)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    before = sorted(files.iterdir())
    code, out, err = alignlab(f"explain {line}")
    assert (code, out) == (2, "")
    assert err.startswith("alignlab: ")
    assert err.count("\n") == 1
    assert words in err
    assert sorted(files.iterdir()) == before


def test_a_page_that_was_there_stays_where_something_is_wrong(alignlab, files):
    (files / "card.html").write_text("before")
    code, _, _ = alignlab("explain repaid.skops loans.csv --row 300 --out card.html")
    assert code == 2
    assert (files / "card.html").read_text() == "before"
