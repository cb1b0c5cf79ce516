from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.study.analysis.arranging import arrange
from alignlab.study.analysis.hypotheses import answer_hypotheses
from alignlab.study.analysis.measured import conditions, measure_parts, name_of
from alignlab.study.statistics import interquartile_mean


def test_the_parts_of_a_study(stated, records_of):
    spec = stated()
    parts = measure_parts(arrange(spec, records_of(spec)))
    # 6 conditions, 18 configurations and 8 levels of each of 2 measures.
    assert len(parts) == 2 * (6 + 18 + 8)
    assert {
        "accuracy.training=plain.depth=1",
        "accuracy.data=a.training=plain.depth=1",
        "gap.data=c",
        "accuracy.depth=2",
    } <= parts.keys()


def test_a_mean_and_an_iqm_by_hand(stated, records_of):
    spec = stated()
    runs = arrange(spec, records_of(spec))
    part = measure_parts(runs)["accuracy.training=plain"]
    held = [r.measures["accuracy"] for (key, _), r in runs.records.items() if key[1] == "plain"]
    assert part.mean.value == pytest.approx(np.mean(held))
    # Two depths of a replicate share its seeds and are one number.
    held = np.array(held).reshape(3, 2, 4).mean(axis=1)
    assert part.iqm.value == pytest.approx(stats.trim_mean(held, 0.25, axis=None))
    assert (part.iqm.n, part.sample.done) == (12, 24)


def test_runs_that_share_a_replicate_are_not_taken_for_independent(stated, records_of):
    """As eight runs, two depths that do the same would halve the interval's square."""
    spec = stated()
    noise = np.random.default_rng(0).normal(0.5, 0.1, 4)
    runs = arrange(spec, records_of(spec, lambda c, k: {"accuracy": noise[k], "gap": 0.0}))
    found = measure_parts(runs)["accuracy.data=a"].iqm
    assert (found.low, found.high) == pytest.approx(
        ((alone := interquartile_mean(noise)).low, alone.high)
    )
    improvement = answer_hypotheses(runs)[0].improvement
    assert improvement.n == 2 * 3 * 4


def test_parts_that_are_the_same_come_once(stated, records_of):
    spec = stated((", 2]", "]"), (", where: {depth: 2}", ""), ("  depth: [1]\n", ""),
                  (" {tasks: [data]}", " {}"), ("  data: [a, b, c]\n", ""))  # fmt: skip
    records = records_of(spec, lambda c, k: {"accuracy": 0.5 + 0.01 * k, "gap": 1.0})
    assert len(measure_parts(arrange(spec, records))) == 6
    assert conditions(arrange(spec, records)) == tuple(spec.configurations())


def test_an_interval_ends_where_the_measure_does(stated, records_of):
    spec = stated()
    records = records_of(spec, lambda c, k: {"accuracy": 0.94 + 0.02 * k, "gap": 0.1 * k})
    found = measure_parts(arrange(spec, records))["accuracy.data=a.training=plain.depth=1"]
    assert found.mean.high == 1.0
    assert found.mean.low < 0.94
    # The gap has no end stated, and is not cut.
    assert measure_parts(arrange(spec, records))["gap.data=a.training=plain.depth=1"].mean.low < 0


def test_names():
    assert name_of("m", {}) == "m"
    assert name_of("m", {"lr": 0.1, "frozen": False}) == "m.lr=0.1.frozen=false"
