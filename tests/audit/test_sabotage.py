"""Is the audit itself true? A model is sabotaged; the right findings must move, the others stay.

The model, the rows and every statement stay as they are; only what is named is broken.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import alignlab
from alignlab.predictors import Predictor

STATED = {
    "target": "deny",
    "groups": "afam,single",
    "favourable": "no",
    "utilities": {"no": {"no": 1.0, "yes": -3.0}, "yes": {"no": 0.0, "yes": 0.0}, "ask": 0.1},
    "limits": {
        "performance.accuracy": 0.85,
        "performance.auc": 0.75,
        "uncertainty.calibration": 0.05,
        "robustness.small_changes": 0.2,
        "fairness.selection_rate": 0.5,
    },
}

MEASURED_ON_DECISIONS = (
    "performance.accuracy", "performance.balanced_accuracy", "performance.groups",
    "fairness.selection_rate", "fairness.four_fifths", "fairness.equalized_odds",
    "fairness.accuracy", "fairness.true_positive_rate", "fairness.false_positive_rate",
)  # fmt: skip


class Unfittable(LogisticRegression):
    """A fitted model that must not be touched any more."""

    armed = False

    def fit(self, X, y):
        if self.armed:
            raise AssertionError("the audit refitted the model under study")
        return super().fit(X, y)


@pytest.fixture(scope="module")
def mortgage():
    table = alignlab.load_example("mortgage")
    studied = np.random.default_rng(0).random(len(table.frame)) < 0.5
    features = table.features
    text = [name for name in features if not pd.api.types.is_numeric_dtype(features[name])]
    columns = make_column_transformer((OneHotEncoder(), text), remainder=StandardScaler())
    model = make_pipeline(columns, Unfittable(max_iter=1000))
    model.fit(features[~studied], table.outcomes[~studied])
    model[-1].armed = True
    return model, table.frame[studied].reset_index(drop=True)


@pytest.fixture(scope="module")
def honest(mortgage):
    model, frame = mortgage
    return alignlab.audit(model, frame, **STATED)


def sabotaged(mortgage, change):
    """Audit the model with its denial probabilities changed by `change(p, rows)`."""
    model, frame = mortgage
    features = tuple(model.feature_names_in_)

    def answer(rows):
        return change(model.predict_proba(rows)[:, 1], rows)

    predictor = Predictor(answer, "classification", ("no", "yes"), features=features)
    return alignlab.audit(predictor, frame, **STATED)


def same(first, second, checks):
    for check in checks:
        assert first.finding(check).estimates == second.finding(check).estimates, check
        assert first.finding(check).status == second.finding(check).status, check


def test_the_honest_model_passes_and_was_never_refitted(honest):
    for check in ("performance.baseline", "performance.accuracy", "performance.auc",
                  "robustness.small_changes", "fairness.selection_rate"):  # fmt: skip
        assert honest.finding(check).status == "pass", honest.finding(check).summary
    assert honest.finding("uncertainty.calibration").status != "fail"


def test_negated_weights(mortgage, honest):
    broken = sabotaged(mortgage, lambda p, rows: 1 - p)
    for check in ("performance.baseline", "performance.accuracy", "performance.auc",
                  "uncertainty.calibration"):  # fmt: skip
        assert broken.finding(check).status == "fail", check
    before, after = (each.finding("performance.auc").headline for each in (honest, broken))
    assert after.value == pytest.approx(1 - before.value)
    same(honest, broken, ["robustness.small_changes"])


def test_shuffled_labels(mortgage, honest):
    model, frame = mortgage
    mixed = frame.assign(deny=np.random.default_rng(1).permutation(frame["deny"]))
    broken = alignlab.audit(model, mixed, **STATED)
    assert broken.finding("performance.baseline").status == "fail"
    assert broken.finding("performance.auc").status == "fail"
    auc = broken.finding("performance.auc").headline
    assert auc.low < 0.5 < auc.high
    # What does not look at the outcome cannot have noticed.
    same(honest, broken, [
        "fairness.selection_rate", "fairness.four_fifths", "fairness.mean_score",
        "robustness.small_changes",
    ])  # fmt: skip


def test_a_constant_model(mortgage):
    broken = sabotaged(mortgage, lambda p, rows: np.full(len(p), 0.1))
    assert broken.finding("performance.baseline").status == "fail"
    assert "same answer" in broken.finding("performance.baseline").summary
    assert broken.finding("performance.auc").headline.value == 0.5
    assert broken.finding("performance.auc").status == "fail"
    # Treating everybody alike is fair and stable, which is why no pillar makes up for another.
    assert broken.finding("fairness.selection_rate").headline.value == 0
    assert broken.finding("fairness.four_fifths").status == "pass"
    assert broken.finding("robustness.small_changes").headline.value == 0
    importance = broken.finding("transparency.importance").estimates
    assert all(each.value == 0 for each in importance.values())


def test_a_model_that_swaps_groups(mortgage):
    def against_one(p, rows):
        return np.where(rows["afam"] == "yes", 0.5 + p / 2, p)

    def against_the_other(p, rows):
        return against_one(p, rows.assign(afam=rows["afam"].map({"yes": "no", "no": "yes"})))

    first, second = (sabotaged(mortgage, change) for change in (against_one, against_the_other))
    for broken, harmed in ((first, "yes"), (second, "no")):
        finding = broken.finding("fairness.selection_rate")
        assert finding.status == "fail"
        rates = {label: finding.estimates[f"afam={label}"].value for label in ("yes", "no")}
        assert min(rates, key=rates.get) == harmed
        assert broken.finding("fairness.four_fifths").status == "fail"
        # The group now surely moves the answers, towards the outcomes or away from them.
        moved = broken.finding("transparency.importance").estimates["afam"]
        assert not moved.low <= 0 <= moved.high


def test_an_over_confident_temperature(mortgage, honest):
    def hot(p, rows):
        return 1 / (1 + np.exp(-4 * np.log(p / (1 - p))))

    broken = sabotaged(mortgage, hot)
    assert broken.finding("uncertainty.calibration").status == "fail"
    assert "over-confident" in " ".join(
        (broken.finding("uncertainty.calibration").summary,
         *broken.finding("uncertainty.calibration").advice)
    )  # fmt: skip
    before, after = (each.finding("performance.log_loss").headline for each in (honest, broken))
    assert after.low > before.high
    same(honest, broken, [*MEASURED_ON_DECISIONS, "performance.auc", "robustness.small_changes"])
    # A model that is too sure of itself leaves fewer cases to a person.
    asked = [each.finding("oversight.asking").headline.value for each in (honest, broken)]
    assert asked[1] < asked[0]


def test_a_model_that_hangs_on_the_last_digit(mortgage, honest):
    def brittle(p, rows):
        digit = (rows["pirat"] * 1e6).round().astype(int) % 5
        return np.where((p < 0.5) & (digit == 0) & (p > 0.02), 0.51, p)

    broken = sabotaged(mortgage, brittle)
    assert broken.finding("robustness.small_changes").status == "fail"
    assert honest.finding("robustness.small_changes").status == "pass"


def test_every_row_is_asked_once_besides_what_checks_ask(mortgage, honest):
    _, frame = mortgage
    asked_by_checks = sum(each.evaluations for each in honest.findings)
    assert honest.subject["model"]["rows_evaluated"] == len(frame) + asked_by_checks
    only_shared = [each for each in honest.findings if each.pillar in ("performance", "fairness")]
    assert all(each.evaluations == 0 for each in only_shared)


def test_no_false_alarm_over_whole_audits_of_small_groups():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(60):
        frame = pd.DataFrame({
            "group": np.repeat([f"g{k:02d}" for k in range(12)], 30),
            "y": rng.integers(0, 2, 360),
            "d": (rng.random(360) < 0.3).astype(int),
        })  # fmt: skip
        audited = alignlab.audit(
            predictions=frame, target="y", prediction="d", groups="group", favourable=1,
            checks=["fairness"],
            limits={f"fairness.{rate}": 0.05 for rate in (
                "selection_rate", "true_positive_rate", "false_positive_rate", "accuracy",
                "equalized_odds",
            )},
        )  # fmt: skip
        alarms += bool(audited.failed())
    # At 5 % of audits, 60 hold more than 8 alarms about once in a thousand.
    assert alarms <= 8


def test_a_real_gap_raises_an_alarm_in_a_whole_audit():
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(40):
        group = np.repeat(["a", "b"], 3000)
        decided = (rng.random(6000) < np.where(group == "a", 0.4, 0.3)).astype(int)
        frame = pd.DataFrame({"group": group, "y": rng.integers(0, 2, 6000), "d": decided})
        audited = alignlab.audit(
            predictions=frame, target="y", prediction="d", groups="group", favourable=1,
            checks=["fairness"], limits={"fairness.selection_rate": 0.05},
        )  # fmt: skip
        alarms += bool(audited.failed())
    assert alarms >= 36
