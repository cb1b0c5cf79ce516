"""The few numbers of both models: each by hand, or from the audit that both got."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import all_checks
from alignlab.cli.before_after import audited, compared
from alignlab.predictors import as_predictor
from alignlab.training.data import rows_of
from alignlab.training.setup import set_up
from alignlab.training.spec import TrainSpec

N = 1000


@pytest.fixture
def setup(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.choice(["no", "yes"], N)
    sex = rng.choice(["f", "m"], N)
    frame = pd.DataFrame({"x": (truth == "yes") * 1.0, "sex": sex, "paid": truth})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return set_up(
        TrainSpec(
            data=str(tmp_path / "rows.csv"), target="paid", groups=["sex"], features=["x", "sex"],
            test=0.5, model="linear",
        )
    )  # fmt: skip


def knowing(frame):
    """Return the truth, but for every second man who was paid."""
    p = frame["x"].to_numpy() * 0.8 + 0.1
    paid_men = ((frame["sex"] == "m") & (frame["x"] == 1)).to_numpy()
    p = np.where(paid_men & (np.cumsum(paid_men) % 2 == 1), 0.1, p)
    return np.column_stack([1 - p, p])


def test_a_gap_is_within_a_class(setup):
    model = as_predictor(knowing, classes=["no", "yes"])
    found = audited(setup, model)
    rows = compared(setup, {"one": found, "two": found})
    assert [row["measure"] for row in rows] == ["accuracy", "worst gap in sex"]
    assert not rows[1]["left_out"]
    men = setup.test_rows.query("sex == 'm' and paid == 'yes'")
    missed = (len(men) + 1) // 2
    assert rows[1]["one"]["value"] == pytest.approx(missed / len(men))
    assert rows[1]["one"]["low"] < 0.5 < rows[1]["one"]["high"]
    assert rows[0]["two"]["value"] == pytest.approx(1 - missed / len(setup.test_rows))


def test_where_groups_are_too_small_nothing_is_claimed(setup):
    few = replace(setup, test_rows=setup.test_rows[:40], test=rows_of(setup.test, range(40)))
    found = audited(few, as_predictor(knowing, classes=["no", "yes"]))
    row = compared(few, {"one": found})[1]
    assert row["one"] == {"said": "not enough rows"}
    assert set(row["left_out"]) == {"f of no", "f of yes", "m of no", "m of yes"}


def test_what_a_threat_leaves_stands_in_the_report(setup):
    stated = {"threat": {"norm": "linf", "radius": 0.1}, "features": ["x"]}
    attacked = set_up(TrainSpec(**{**setup.spec.model_dump(), **stated}))
    found = audited(attacked, attacked.predictor(attacked.build().eval()))
    row = compared(attacked, {"one": found})[-1]
    assert row["measure"] == "robust accuracy under an L∞ distance of 0.1 in the columns' own units"
    finding = found.report.finding("robustness.adversarial")
    assert finding.status == "measured"
    assert finding.estimates["robust accuracy"] == found.robustness.robust_accuracy
    checks = [each.check for each in found.report.findings]
    assert checks == sorted(checks, key=list(all_checks()).index)
