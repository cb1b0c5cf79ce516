import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.audit.compare import compare
from alignlab.errors import InputError
from alignlab.report import read_report, report_json

STATED = {"target": "deny", "probability": "p", "groups": "race", "favourable": "no"}
CHECKS = ["performance", "fairness"]


def audited(frame, **stated):
    return alignlab.audit(predictions=frame, **{**STATED, "checks": CHECKS, **stated})


@pytest.fixture
def harsher(decided):
    return decided.assign(p=(decided["p"] + 0.3 * (decided["race"] == "blue")).clip(0, 1))


def change_of(comparison, check, estimate):
    return next(c for c in comparison.changes if (c.check, c.estimate) == (check, estimate))


def test_the_same_rows_are_compared_in_pairs(decided, harsher):
    limits = {"fairness.selection_rate": 0.2}
    found = compare(audited(decided, limits=limits), audited(harsher, limits=limits))
    assert found.same_rows
    assert found.rows == (
        "The same 600 rows in both (outcomes and groups agree), so differences are taken row by "
        "row."
    )
    accuracy = change_of(found, "performance.accuracy", "accuracy")
    assert accuracy.paired
    assert accuracy.headline
    assert accuracy.difference.value == pytest.approx(accuracy.after - accuracy.before)
    gap = change_of(found, "fairness.selection_rate", "gap")
    assert (gap.paired, gap.direction) == (True, "up")
    verdicts = {each.check: each for each in found.verdicts}
    selection = verdicts["fairness.selection_rate"]
    assert (selection.before, selection.after, selection.worse) == ("pass", "fail", True)
    assert [each.check for each in found.worse(["fairness.selection_rate"])]
    assert found.worse(["performance.accuracy"]) == []


def test_pairs_tell_more_than_the_intervals_apart(decided, harsher):
    before, after = audited(decided), audited(harsher)
    paired = compare(before, after)
    apart = compare(before, replace(after, rows={}))
    for name in ("accuracy", "auc"):
        widths = [
            each.difference.high - each.difference.low
            for each in (
                change_of(paired, f"performance.{name}", name),
                change_of(apart, f"performance.{name}", name),
            )
        ]
        assert widths[0] < widths[1]


def test_a_report_against_itself_moves_nothing(decided):
    result = audited(decided)
    found = compare(result, result)
    assert not any(each.changed for each in found.verdicts)
    assert not any(each.direction for each in found.changes)
    assert all(each.difference.value == 0 for each in found.changes)
    assert found.settings == {}


def test_there_and_back(decided, harsher):
    a, b = audited(decided), audited(harsher)
    there, back = compare(a, b), compare(b, a)
    for one, other in zip(there.changes, back.changes, strict=True):
        assert one.difference.value == pytest.approx(-other.difference.value)
        assert one.difference.low == pytest.approx(-other.difference.high)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f[:-1], "600 rows before and 599 after"),
        (lambda f: f.iloc[::-1], "The outcomes are others, or in another order"),
        (lambda f: f.assign(race=f["race"].iloc[::-1].to_numpy()), "groups under race are others"),
    ],
)
def test_other_rows_are_said_to_be_others(decided, spoil, words):
    frame = spoil(decided)
    found = compare(audited(decided), audited(frame))
    assert not found.same_rows
    assert words in found.rows
    assert not any(each.paired for each in found.changes)


def test_reports_of_other_questions_are_not_compared(decided):
    before = audited(decided)
    for after, words in (
        (audited(decided.rename(columns={"deny": "refuse"}), target="refuse"), "targets"),
        (
            audited(decided.assign(deny=decided["deny"].replace("no", "nay")), favourable="nay"),
            "classes",
        ),
        (
            alignlab.audit(
                predictions=decided.assign(deny=decided["income"], said=decided["income"] + 1),
                target="deny",
                prediction="said",
            ),
            "tasks",
        ),
    ):
        with pytest.raises(InputError, match=f"The reports are of different {words}") as caught:
            compare(before, after)
        assert "\n" not in str(caught.value)


def test_gaps_over_other_groupings_are_no_change(decided, harsher):
    one, both = audited(decided, groups="sex"), audited(harsher, groups="sex,race")
    found = compare(one, both)
    names = {c.estimate for c in found.changes if c.check == "fairness.selection_rate"}
    assert {"gap[sex]", "sex=f", "sex=m"} <= names
    assert not names & {"gap", "gap[race]", "race=blue"}
    assert change_of(found, "fairness.selection_rate", "gap[sex]").headline
    assert "only what both have is compared: sex" in found.rows
    assert not [c for c in found.declined() if c.check == "fairness.selection_rate"]
    assert change_of(found, "performance.auc", "auc").headline
    other = compare(one, audited(harsher, groups="race"))
    assert not [c for c in other.changes if c.check.startswith("fairness.")]
    assert "no grouping is in both" in other.rows


def test_what_surely_got_worse_is_found_without_a_limit(decided, harsher):
    turned = decided.assign(p=1 - decided["p"])
    found = compare(audited(decided), audited(turned))
    assert "performance.auc" in [c.check for c in found.declined()]
    assert found.worse(["performance.auc"]) == []
    assert "performance.auc" not in [c.check for c in compare(*reversed_pair(decided)).declined()]
    gap = compare(audited(decided), audited(harsher)).declined(["fairness.selection_rate"])
    assert [c.estimate for c in gap] == ["gap"]  # at most: up is worse
    ratio = compare(audited(decided), audited(harsher)).declined(["fairness.four_fifths"])
    assert [(c.estimate, c.direction) for c in ratio] == [("ratio", "down")]


def reversed_pair(decided):
    return audited(decided.assign(p=1 - decided["p"])), audited(decided)


def test_other_weights_are_other_rows(decided):
    found = compare(audited(decided), audited(decided, weights="weight"))
    assert "The weights are others" in found.rows
    assert found.settings["data.weights"] == (None, "weight")


def test_classes_in_another_order_are_the_same_rows(decided):
    data = decided.assign(q=1 - decided["p"])[["deny", "p", "q", "race"]]
    stated = {"target": "deny", "groups": "race", "favourable": "no", "checks": CHECKS}
    one = alignlab.audit(lambda rows: rows[["q", "p"]], data, classes=["no", "yes"], **stated)
    other = alignlab.audit(lambda rows: rows[["p", "q"]], data, classes=["yes", "no"], **stated)
    found = compare(one, other)
    assert found.same_rows
    assert not any(each.direction for each in found.changes)
    assert change_of(found, "performance.auc", "auc").paired


def test_a_regression_is_compared_in_pairs():
    rng = np.random.default_rng(0)
    price = rng.normal(size=200)
    frame = pd.DataFrame(
        {"price": price, "said": price + rng.normal(size=200), "g": ["a", "b"] * 100}
    )
    stated = {"target": "price", "prediction": "said", "groups": "g"}
    one = alignlab.audit(predictions=frame, **stated)
    other = alignlab.audit(predictions=frame.assign(said=price + 0.1), **stated)
    found = compare(one, other)
    for check, name in (("performance.rmse", "rmse"), ("fairness.error", "g=a")):
        change = change_of(found, check, name)
        assert (change.paired, change.direction) == (True, "down")


def test_what_was_stated_otherwise_is_listed(decided):
    found = compare(audited(decided), audited(decided, seed=4, limits={"performance.auc": 0.5}))
    assert found.settings == {"limits": ({}, {"performance.auc": 0.5}), "seed": (0, 4)}
    assert "seed: 0 before, 4 after" in found.setting_lines()


def test_a_check_that_one_audit_lacks(decided):
    found = compare(audited(decided, checks=["performance.auc"]), audited(decided))
    verdicts = {each.check: (each.before, each.after) for each in found.verdicts}
    assert verdicts["performance.accuracy"] == (None, "measured")
    assert {each.check for each in found.changes} == {"performance.auc"}


def test_it_survives_the_files(decided, harsher, tmp_path):
    results = [audited(decided), audited(harsher)]
    kept = []
    for result in results:
        path = tmp_path / "report.json"
        path.write_text(report_json(result), encoding="utf-8")
        kept.append(read_report(path))
    pd.testing.assert_frame_equal(compare(*kept).to_frame(), compare(*results).to_frame())


def test_it_is_readable(decided, harsher):
    found = compare(audited(decided), audited(harsher, weights="weight"))
    assert json.loads(json.dumps(found.to_dict()))["same_rows"] is False
    assert found.to_markdown().startswith("# From the table to the table: what changed\n")
    assert "<th scope='row'>performance.auc: auc</th>" in found._repr_html_()
    assert len(found.to_frame()) == len(found.changes)
