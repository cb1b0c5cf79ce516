from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.study.analysis.arranging import arrange, said_levels


def number(configuration, replicate):
    """A number that tells its run."""
    value = 100 * "abc".index(configuration["data"]) + 10 * configuration["depth"] + replicate
    return {"accuracy": value + {"plain": 0, "mended": 0.5, "other": 0}[configuration["training"]],
            "gap": 0.0}  # fmt: skip


def test_pairs_are_within_task_replicate_and_depth(stated, records_of):
    spec = stated()
    pairs = arrange(spec, records_of(spec, number)).pairs(spec.hypotheses["H1"])
    assert [dict(task) for task in pairs.tasks] == [{"data": d} for d in "abc"]
    assert pairs.clusters == ("a", "b", "c")
    # Two depths of one replicate are one number: they share its seeds.
    assert [each.tolist() for each in pairs.differences] == [[0.5] * 4] * 3
    assert (pairs.planned, pairs.lost) == (12, 0)


def test_where_confines(stated, records_of):
    spec = stated()
    runs = arrange(spec, records_of(spec, number))
    assert runs.pairs(spec.hypotheses["H3"]).of.planned == 12
    assert runs.pairs(spec.hypotheses["H1"]).of.planned == 24


def test_a_pair_of_which_a_run_failed_is_missing_and_counted(stated, records_of):
    spec = stated()

    def fails(configuration, replicate):
        return configuration == {"data": "b", "training": "mended", "depth": 1} and replicate == 2

    pairs = arrange(spec, records_of(spec, number, fails=fails)).pairs(spec.hypotheses["H1"])
    assert [len(each) for each in pairs.differences] == [4, 3, 4]
    assert (pairs.lost, pairs.counted, pairs.of.failed, pairs.against.failed) == (1, 0, 1, 0)


def test_a_failed_run_counts_as_the_plan_says(stated, records_of):
    spec = stated(("low: 0, high: 1", "low: 0, failed: 0"))
    records = records_of(spec, number, fails=lambda c, k: c["training"] == "mended" and k == 0)
    pairs = arrange(spec, records).pairs(spec.hypotheses["H1"])
    assert (pairs.lost, pairs.counted) == (0, 6)
    # The first replicate of task a at depths 1 and 2 is 10 and 20.
    assert pairs.differences[0].tolist() == [-15.0, 0.5, 0.5, 0.5]


def test_the_order_of_the_records_is_of_no_matter(stated, records_of):
    spec = stated()
    records = records_of(spec)
    mixed = [records[at] for at in np.random.default_rng(0).permutation(len(records))]
    first, second = arrange(spec, records), arrange(spec, mixed)
    assert list(first.records) == list(second.records)
    sample = [runs.sample("accuracy", {"training": "plain"}).values for runs in (first, second)]
    assert np.array_equal(sample[0], sample[1])


def test_a_sample_averages_within_replicates(stated, records_of):
    spec = stated()
    sample = arrange(spec, records_of(spec, number)).sample("accuracy", {"training": "plain"})
    assert sample.values[0].tolist() == [15.0, 16.0, 17.0, 18.0]
    assert (sample.planned, sample.done, sample.failed) == (24, 24, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"configuration": {"x": 1}}, "a run of the factors x, and study.yaml states data"),
        ({"configuration": {"data": "z", "training": "plain", "depth": 1}},
         "asks for no run of data = z"),
        ({"replicate": 9}, "asks for no run of data = a, .* replicate 9"),
        ({"seed": 1}, "the seed 1 is not that of data = a, .* results of another study"),
        ({"measures": {"accuracy": 0.5}}, "the run has no measure 'gap'"),
    ],
)  # fmt: skip
def test_results_of_another_study(stated, records_of, change, words):
    spec = stated()
    records = records_of(spec)
    records[1] = replace(records[1], **change)
    with pytest.raises(InputError, match=rf"results\.jsonl:2: .*{words}"):
        arrange(spec, records)


def test_a_run_that_comes_twice(stated, records_of):
    spec = stated()
    records = records_of(spec)
    with pytest.raises(InputError, match=r"results\.jsonl:73: a second run of data = a"):
        arrange(spec, [*records, records[0]])


def test_levels_in_words():
    assert said_levels({"a": True, "b": 0.1}) == "a = true, b = 0.1"
