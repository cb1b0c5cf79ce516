import json

import numpy as np
import pytest

import alignlab
from alignlab.audit.run import choose_checks, validated_limits
from alignlab.errors import InputError, UnsafeModelError
from alignlab.predictors import Predictor

STATED = {"target": "deny", "probability": "p", "groups": "race,race*sex", "favourable": "no"}


def test_the_whole_audit_from_predictions(decided):
    result = alignlab.audit(predictions=decided, limits={"fairness.selection_rate": 0.3}, **STATED)
    assert [each.check for each in result.findings] == list(alignlab.audit.all_checks())
    assert result.finding("fairness.selection_rate").status == "pass"
    assert result.finding("robustness.small_changes").status == "not applicable"
    assert result.subject["settings"]["limits"] == {"fairness.selection_rate": 0.3}
    assert result.subject["data"] | {"sha256": ""} == {
        "name": "the table", "rows": 600, "target": "deny", "groups": ["race", "race*sex"],
        "favourable": "no", "weights": None, "control": None, "sha256": "",
    }  # fmt: skip


def test_the_same_input_and_seed_give_the_same_bytes(decided, tmp_path):
    checks = ["performance.accuracy", "performance.slices", "fairness.selection_rate"]
    for name in ("a", "b"):
        stated = {"checks": checks, **STATED}
        alignlab.audit(predictions=decided.copy(), **stated).save(tmp_path / name)
    for name in ("report.json", "report.html", "model-card.md", "evidence.md", "junit.xml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_every_check_gives_the_same_numbers_again(decided):
    def model(rows):
        return (rows["income"] / 100 + (rows["race"] == "blue") / 10).clip(0, 1)

    stated = {"target": "deny", "groups": "race", "favourable": "no", "weights": "weight"}
    data = decided.drop(columns=["p", "said"])
    first, second = (
        alignlab.audit(model, data.copy(), utilities=UTILITIES, **stated).to_dict()
        for _ in range(2)
    )
    assert json.dumps(first) == json.dumps(second)


UTILITIES = {"no": {"no": 1, "yes": -3}, "yes": {"no": -1, "yes": 0}, "ask": 0.1}


def test_a_report_holds_no_clock_and_no_place(decided, tmp_path):
    decided.to_csv(tmp_path / "p.csv", index=False)
    result = alignlab.audit(predictions=tmp_path / "p.csv", checks=["performance"], **STATED)
    subject = {name: part for name, part in result.subject.items() if name != "reproduce"}
    assert str(tmp_path) not in json.dumps(subject)


def test_the_order_of_rows_changes_no_number(decided):
    names = ["performance.auc", "fairness.selection_rate", "fairness.calibration"]
    first = alignlab.audit(predictions=decided, checks=names, **STATED).to_frame()
    shuffled = decided.sample(frac=1, random_state=3)
    other = alignlab.audit(predictions=shuffled, checks=names, **STATED).to_frame()
    columns = ["value", "low", "high"]
    np.testing.assert_allclose(first[columns], other[columns], rtol=1e-9, atol=1e-12)


def test_the_model_is_asked_for_each_row_once(decided):
    model = Predictor(lambda rows: rows["p"], "classification", classes=("no", "yes"))
    result = alignlab.audit(
        model, decided, target="deny", groups="race", favourable="no", checks=["performance"]
    )
    assert result.subject["model"]["rows_evaluated"] == model.rows_evaluated == 600


def test_a_second_audit_of_one_predictor_counts_its_own_rows(decided):
    model = Predictor(lambda rows: rows["p"], "classification", classes=("no", "yes"))
    stated = {"target": "deny", "checks": ["performance.accuracy"]}
    first, second = (alignlab.audit(model, decided, **stated) for _ in range(2))
    assert first.to_dict() == second.to_dict()


def test_a_model_that_raises_names_the_row(decided):
    def model(rows):
        if 17 in rows.index:
            raise ZeroDivisionError("division by zero")
        return rows["p"]

    with pytest.raises(alignlab.errors.ModelError, match=r"raised on row 17: ZeroDivisionError"):
        alignlab.audit(model, decided, target="deny", checks=["performance"])


def test_a_pickle_is_not_opened_without_the_word(decided, tmp_path):
    import pickle

    touched = tmp_path / "touched"

    class Payload:
        def __reduce__(self):
            return (open, (str(touched), "w"))

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Payload()))
    with pytest.raises(UnsafeModelError, match="--allow-pickle"):
        alignlab.audit(tmp_path / "model.pkl", decided, target="deny")
    assert not touched.exists()


def test_checks_are_chosen_by_name_and_pillar():
    names = [each.name for each in choose_checks(["fairness", "performance.auc"])]
    assert names[0] == "performance.auc"
    assert {name.partition(".")[0] for name in names[1:]} == {"fairness"}
    with pytest.raises(InputError, match=r"Did you mean 'performance\.auc'"):
        choose_checks(["performance.acu"])


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"fairness.selection": 0.1}, "Did you mean 'fairness.selection_rate'?"),
        ({"fairness.tradeoff": 0.1}, "There is no limit for 'fairness.tradeoff'"),
        ({"performance.accuracy": 85}, "performance.accuracy=85 is out of range"),
        ({"performance.accuracy": "high"}, "performance.accuracy='high' is not a number"),
        ({"performance.accuracy": float("nan")}, "out of range"),
    ],
)
def test_limits_are_checked_before_anything_runs(limits, message):
    with pytest.raises(InputError) as caught:
        validated_limits(limits)
    assert message in str(caught.value)


def test_a_fairness_check_needs_the_favourable_outcome(decided):
    stated = {**STATED, "favourable": None}
    with pytest.raises(InputError, match=r"--favourable VALUE: one of 'no', 'yes'"):
        alignlab.audit(predictions=decided, **stated)
    assert alignlab.audit(predictions=decided, checks=["performance.auc"], **stated).findings


def test_the_call_that_runs_it_again(decided):
    def model(rows):
        return rows["p"]

    result = alignlab.audit(
        model, decided, target="deny", checks=["performance.auc"], seed=3, groups=("race",),
        favourable="no",
    )  # fmt: skip
    assert result.subject["reproduce"] == (
        "alignlab.audit(model=<function>, data=<DataFrame>, target='deny', groups=('race',), "
        "favourable='no', checks=['performance.auc'], seed=3)"
    )


def test_progress_is_told(decided):
    steps = []
    alignlab.audit(
        predictions=decided, checks=["performance.auc"], progress=lambda *step: steps.append(step),
        **STATED,
    )  # fmt: skip
    assert steps == [("performance.auc", 0, 1), ("done", 1, 1)]
