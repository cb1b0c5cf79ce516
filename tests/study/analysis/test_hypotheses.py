from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.families import holm
from alignlab.study.analysis.arranging import arrange
from alignlab.study.analysis.hypotheses import answer_hypotheses
from alignlab.study.analysis.measured import measure_parts


def answered(spec, records):
    return {each.name: each for each in answer_hypotheses(arrange(spec, records))}


def test_the_plan_is_followed(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec))
    assert [each.verdict.kind for each in found.values()] == ["supported"] * 3
    # H1 and H2 are about a primary measure and one family, H3 is not.
    assert [each.family for each in found.values()] == [2, 2, 1]
    assert [each.difference.level for each in found.values()] == [0.95, 0.9, 0.95]
    p_values = [found[name].p_value for name in ("H1", "H2")]
    assert [found[name].p_adjusted for name in ("H1", "H2")] == holm(p_values)
    assert found["H3"].p_adjusted == found["H3"].p_value


def test_the_difference_is_welchs_over_tasks_at_the_familys_level(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec))["H1"]
    held = found.pairs.differences
    parts = np.array([each.var(ddof=1) / len(each) / 9 for each in held])
    freedom = parts.sum() ** 2 / (parts**2 / 3).sum()
    half = stats.t.ppf(1 - 0.05 / 4, freedom) * np.sqrt(parts.sum())
    assert found.difference.value == pytest.approx(np.mean([each.mean() for each in held]))
    assert found.difference.high - found.difference.value == pytest.approx(half)


def test_pairing_takes_out_what_pairs_share(stated, records_of):
    """The trap: the two means' own intervals overlap, and the difference is sure all the same."""
    spec = stated()
    records = records_of(spec)
    runs = arrange(spec, records)
    found = answered(spec, records)["H1"].difference
    parts = measure_parts(runs)
    wide = parts["accuracy.training=plain"].mean
    assert found.high - found.low < 0.6 * (wide.high - wide.low)


def test_without_correction(stated, records_of):
    spec = stated(("{tasks: [data]}", "{tasks: [data], correction: none}"))
    found = answered(spec, records_of(spec))
    assert [each.family for each in found.values()] == [1, 1, 1]
    assert all(each.p_adjusted == each.p_value for each in found.values())


def test_to_new_tasks(stated, records_of):
    spec = stated(("{tasks: [data]}", "{tasks: [data], generalise: tasks}"))
    found = answered(spec, records_of(spec))["H1"]
    means = [each.mean() for each in found.pairs.differences]
    assert found.p_value == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert found.attainable == 0.25
    assert "of 3 tasks its p is never below 0.25" in found.test


def test_the_test_is_fixed_by_the_plan_and_its_check_says_what_it_can_reach(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec))["H1"]
    assert found.test.startswith("Student's t test, two-sided: the interval's own")
    assert found.flips.p_value == found.attainable == 2.0**-11


def test_lower_is_better_turns_the_improvement_and_not_the_difference(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec))["H3"]
    assert found.difference.value < 0
    assert found.improvement.value > 0.9


def test_failures_are_said(stated, records_of):
    spec = stated()
    lost = records_of(spec, fails=lambda c, k: c["training"] == "mended" and k == 0)
    sentence = answered(spec, lost)["H1"].verdict.sentence
    assert sentence.endswith(
        "3 of 12 pairs are missing, for a run failed (6 of 24 runs failed on the one side, 0 of 24 "
        "on the other)."
    )
    counted = stated(("low: 0, high: 1", "low: 0, high: 1, failed: 0"))
    sentence = answered(counted, lost)["H1"].verdict.sentence
    assert sentence.endswith("6 failed runs count as the plan says.")
    # What is counted is not missing; what is missing then is not there yet.
    sentence = answered(counted, lost[:-1])["H2"].verdict.sentence
    assert "1 of 12 pairs are missing, for runs are not there yet." in sentence
    sentence = answered(spec, lost[:-1])["H1"].verdict.sentence
    assert "3 of 12 pairs are missing, for a run failed (6 of 24" in sentence
    one = records_of(spec, fails=lambda c, k: c == spec.configurations()[2] and k == 0)
    assert answered(counted, one)["H1"].verdict.sentence.endswith(
        "1 failed run counts as the plan says."
    )


def test_beside_an_equivalence_the_sign_flip_test_is_of_another_question(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec))["H2"]
    assert found.test.startswith("Two one-sided t tests: the interval's own")
    assert "of no difference at all, which is another question" in found.test


def test_all_runs_of_one_side_failed(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec, fails=lambda c, k: c["training"] == "mended"))["H1"]
    assert found.verdict.kind == "cannot tell"
    assert np.isnan([found.p_value, found.difference.value, found.improvement.value]).all()
    assert "task 1 of 3 has no replicate" in found.verdict.sentence
    assert "12 of 12 pairs are missing" in found.verdict.sentence


def test_one_that_has_no_p_value_counts_in_the_family(stated, records_of):
    spec = stated()
    found = answered(spec, records_of(spec, fails=lambda c, k: c["training"] == "other"))
    assert np.isnan(found["H2"].p_adjusted)
    assert found["H1"].p_adjusted == pytest.approx(2 * found["H1"].p_value)


def test_one_seed(stated, records_of):
    spec = stated(("seeds: 4", "seeds: 1"))
    found = answered(spec, records_of(spec))["H1"]
    assert found.verdict.kind == "cannot tell"
    assert "which shows no spread" in found.verdict.sentence
    assert found.to_dict()["difference"]["value"] == found.difference.value
