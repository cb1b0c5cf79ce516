import json
import re

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import read_images

NETS = """\
import numpy as np
import torch
from sklearn.datasets import load_digits

digits = load_digits()
means = np.stack([digits.images[digits.target == k].mean(0).ravel() for k in range(10)]) / 16
means = torch.tensor(means, dtype=torch.float32)


def nearest_mean():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    with torch.no_grad():
        net[1].weight.copy_(2 * means)
        net[1].bias.copy_(-(means**2).sum(1))
    return net.eval()


class Steps(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nearest_mean()

    def forward(self, x):
        return self.net((4 * x).round() / 4)


linear = nearest_mean()
steps = Steps().eval()
dropping = torch.nn.Sequential(nearest_mean(), torch.nn.Dropout(0.5)).train()
softmax = torch.nn.Sequential(nearest_mean(), torch.nn.Softmax(1)).eval()


class Income:
    classes_ = np.array(["no", "yes"])
    feature_names_in_ = np.array(["income", "job"], dtype=object)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]

    def predict_proba(self, X):
        second = 1 / (1 + np.exp(19.5 - X["income"].to_numpy(float)))
        return np.column_stack([1 - second, second])


income = Income()
"""


@pytest.fixture
def models(here, monkeypatch):
    """A module of models, and loans whose income from 0 to 39 is decided at 19.5."""
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.delitem(__import__("sys").modules, "attacked_nets", raising=False)
    (here / "attacked_nets.py").write_text(NETS)
    income = np.arange(40.0)
    frame = pd.DataFrame({"income": income, "job": np.where(income % 2, "clerk", "nurse")})
    frame.assign(repaid=np.where(income > 19.5, "yes", "no")).to_csv("loans.csv", index=False)
    (here / "c.toml").write_text('immutable = ["income"]\n')
    return here


def test_images_are_attacked_and_what_was_found_is_written(models, alignlab):
    line = "attack attacked_nets:linear digits --threat linf:0.1 --rows 60 --radii 0,0.2 --out o"
    code, shown, said = alignlab(line)
    assert (code, said) == (0, "")
    assert "attacked_nets:linear (torch module) on 60 of 1,797 rows of digits: an L∞" in shown
    assert "Written to o: attack.json, attack.csv, attack.svg, witnesses.npz" in shown
    content = json.loads((models / "o/attack.json").read_text())
    verdicts = pd.read_csv("o/attack.csv", keep_default_na=False)
    assert content["rows"] == verdicts["row"].tolist()
    assert content["status"] == verdicts["status"].tolist()
    assert [each["radius"] for each in content["curve"]] == [0, 0.2]
    assert "seconds" not in json.dumps(content)
    broken = (verdicts["status"] == "broken").sum()
    assert 0 < broken < 60
    assert f"{1 - broken / 60:.1%}" in shown
    witnesses = read_images("o/witnesses.npz")
    assert (
        witnesses.columns["row"].tolist()
        == verdicts["row"][verdicts["status"] == "broken"].tolist()
    )
    assert "<svg" in (models / "o/attack.svg").read_text()


def test_witnesses_hold_when_they_are_read_again(models, alignlab):
    import importlib

    import torch

    alignlab("attack attacked_nets:linear digits --threat linf:0.1 --rows 40 --out o")
    nets = importlib.import_module("attacked_nets")
    found = read_images("o/witnesses.npz")
    said = nets.linear(torch.from_numpy(found.images)).argmax(1).numpy()
    assert (said != found.labels).all()
    clean = torch.tensor(nets.digits.images[found.columns["row"]] / 16)
    assert float((clean[:, None] - torch.from_numpy(found.images).double()).abs().max()) <= 0.1


def test_the_same_seed_writes_the_same_files(models, alignlab):
    for place in ("one", "two"):
        line = f"attack attacked_nets:linear digits --threat l2:0.5 --rows 20 --out {place}"
        assert alignlab(line)[0] == 0
    for name in ("attack.json", "attack.csv", "attack.svg", "witnesses.npz"):
        assert (models / "one" / name).read_bytes() == (models / "two" / name).read_bytes()


def test_the_json_is_that_of_the_file(models, alignlab):
    code, shown, _ = alignlab(
        "attack attacked_nets:linear digits --threat linf:0.1 --rows 10 --json --out o"
    )
    assert code == 0
    assert shown == (models / "o/attack.json").read_text()


def test_a_defence_that_hides_gradients_makes_the_headline_unreliable(models, alignlab):
    code, shown, _ = alignlab("attack attacked_nets:steps digits --threat linf:0.1 --rows 60")
    assert code == 0
    told = " ".join(shown.split())
    assert "Unreliable: " in told
    assert "is no robust accuracy." in told


def test_a_table_is_attacked_within_what_its_columns_hold(models, alignlab):
    line = "attack attacked_nets:income loans.csv --target repaid --threat linf:0.1 --out o"
    code, shown, said = alignlab(line)
    assert (code, said) == (0, "")
    assert "an L∞ distance of 0.1 standard deviations" in shown
    assert re.search(r"not broken +95.0% ", shown)
    witnesses = pd.read_csv("o/witnesses.csv")
    assert witnesses["row"].tolist() == [19, 20]
    assert ((witnesses["income"] > 19.5) == [True, False]).all()
    assert list(witnesses.columns) == ["row", "broken by", "income", "job"]


def test_constraints_scales_and_costs_are_heard(models, alignlab):
    def left(options):
        line = f"attack attacked_nets:income loans.csv --target repaid --json {options}"
        code, shown, said = alignlab(line)
        assert (code, said) == (0, "")
        return json.loads(shown)["robust_accuracy"]["value"]

    assert left("--threat linf:0.1 --scales std") == 38 / 40  # 1.15 each way
    assert left("--threat linf:0.1 --scales range") == 32 / 40  # 3.9 each way
    assert left("--threat linf:0.4 --scales none") == 1
    assert left("--threat linf:1.6 --scales none") == 36 / 40
    assert left("--threat linf:0.1 --constraints c.toml --category-cost 0.1") == 1


def test_a_share_below_what_is_asked_for_ends_with_1(models, alignlab):
    line = "attack attacked_nets:income loans.csv --target repaid --threat linf:0.1 --fail-under"
    code, shown, _ = alignlab(f"{line} 0.999")
    assert code == 1
    assert "The share not broken is below --fail-under 0.999." in shown
    assert alignlab(f"{line} 0.9")[0] == 0


def test_a_table_of_which_nothing_is_broken_has_no_witnesses(models, alignlab):
    line = "attack attacked_nets:income loans.csv --target repaid --threat linf:0 --out o"
    assert alignlab(line.replace("linf:0", "linf:0.1"))[0] == 0
    assert (models / "o" / "witnesses.csv").exists()
    code, shown, _ = alignlab(line)
    assert code == 0
    assert "Written to o: attack.json, attack.csv, attack.svg\n" in shown
    assert not (models / "o" / "witnesses.csv").exists()


LOANS = "attacked_nets:income loans.csv --target repaid"
DIGITS = "attacked_nets:linear digits"
WRONG = [
    (f"{DIGITS}", "missing option '--threat'."),
    (f"{DIGITS} --threat linf", "--threat linf: give a norm and a radius, such as"),
    (f"{DIGITS} --threat linff:1", "'linff' is not one of 'linf', 'l2', 'l1'. Did you mean"),
    (f"{DIGITS} --threat linf:much", "--threat: 'much' is not a number from 0"),
    (f"{DIGITS} --threat linf:-1", "--threat: '-1' is not a number from 0"),
    (f"{DIGITS} --threat linf:0.1 --attacks pdg", "'pdg' is not one of"),
    (f"{DIGITS} --threat linf:0.1 --radii 0.1,,2", "--radii '0.1,,2': there is nothing"),
    (f"{DIGITS} --threat linf:0.1 --radii a", "--radii: 'a' is not a number from 0"),
    (f"{DIGITS} --threat linf:0.1 --target x", "--target names a column of a table"),
    (f"{DIGITS} --threat linf:0.1 --features x", "--features names columns of a table"),
    (f"{DIGITS} --threat linf:0.1 --constraints c.toml", "--constraints is for rows of a table"),
    (f"{DIGITS} --threat linf:0.1 --max-changed 2", "--max-changed is for rows of a table"),
    (f"{DIGITS} --threat linf:0.1 --attacks tabular", "--attacks tabular is for rows of a table"),
    ("attacked_nets:linear . --threat linf:0.1 --target x", "is a folder, which is read as"),
    (f"{DIGITS} --threat linf:0.1 --rows 0", "--rows 0: attack at least one row."),
    (f"{DIGITS} --threat linf:0.1 --seconds 0", "--seconds 0 is not above 0."),
    (f"{DIGITS} --threat linf:0.1 --level 1", "--level 1.0 is not between 0 and 1."),
    (f"{DIGITS} --threat linf:0.1 --seed -1", "--seed -1 is not a whole number from 0."),
    (f"{DIGITS} --threat linf:0.1 --fail-under 2", "--fail-under 2 is no share"),
    (f"{DIGITS} --threat linf:0.1 --out loans.csv", "Not a directory but a file."),
    (f"{DIGITS} --threat linf:0.1 --classes a,b", "is none of the model's classes 'a', 'b'."),
    ("attacked_nets:linear digit --threat linf:1", "Did you mean 'digits'?"),
    ("attacked_nets:none digits --threat l3:1", "'l3' is not one of"),
    (f"{DIGITS} --threat linf:8", "write linf:8/255"),
    (f"{DIGITS} --threat linf:0.1 --radii 4,8", "--radii linf:4: pixels go from 0 to 1"),
    (f"{DIGITS} --threat linf:0.1 --scales range", "--scales is for rows of a table"),
    (f"{DIGITS} --threat linf:0.1 --category-cost 1", "--category-cost is for rows of a table"),
    (f"{DIGITS} --threat linf:0.1 --attacks pgd,", "--attacks 'pgd,': there is nothing"),
    (f"{DIGITS} --eps 0.1", "there is no option --eps. Did you mean '--threat'?"),
    ("attacked_nets:income digits --threat linf:0.1", "none of the model's classes 'no', 'yes'"),
    ("attacked_nets:linear none.npz --threat linf:1", "There is no file 'none.npz'."),
    ("attacked_nets:none digits --threat linf:1", "none"),
    ("attacked_nets:dropping digits --threat linf:0.1", "is in training mode, where its logits"),
    ("attacked_nets:softmax digits --threat linf:0.1", "ends in Softmax, and logits are expected."),
    ("attacked_nets:income loans.csv --threat linf:1", "Name the column of loans.csv that holds"),
    ("attacked_nets:income loans.csv --target job --threat linf:1", "reads the column 'job',"),
    ("attacked_nets:income loans.csv --target repayd --threat linf:1", "Did you mean 'repaid'?"),
    (f"{LOANS} --threat linf:0.1 --attacks pgd", "Use --attacks efficient, which"),
    (f"{LOANS} --threat linf:0.1 --scales sdt", "Did you mean 'std'?"),
    (f"{LOANS} --threat linf:0.1 --constraints no.toml", "Cannot read no.toml: No such file"),
    (f"{LOANS} --threat linf:0.1 --constraints loans.csv", "loans.csv is not valid TOML"),
    (f"{LOANS} --threat linf:0.1 --constraints bad.toml", "bad.toml: constraint='immutabel'"),
    (f"{LOANS} --threat linf:0.1 --max-changed 0", "--max-changed 0: give 1 or more"),
    (f"{LOANS} --threat linf:0.1 --category-cost 0", "--category-cost 0.0 is not a number above 0"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_what_cannot_be_used_is_said_in_one_line(models, alignlab, line, message):
    (models / "bad.toml").write_text('immutabel = ["income"]\n')
    code, shown, said = alignlab(f"attack {line}")
    assert (code, shown) == (2, "")
    assert message in said
    assert said.startswith("alignlab: ")
    assert said.count("\n") == 1
    assert not (models / "o").exists()
