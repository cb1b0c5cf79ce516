from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.errors import InputError


def audited(sizes, shares, groups="g", **options):
    rng = np.random.default_rng(0)
    frame = pd.concat([
        pd.DataFrame({
            "g": f"g{k}",
            "d": np.repeat([1, 0], [round(n * share), n - round(n * share)]),
            "y": rng.integers(0, 2, n),
        })
        for k, (n, share) in enumerate(zip(sizes, shares, strict=True))
    ])  # fmt: skip
    return alignlab.audit(
        predictions=frame, target="y", prediction="d", groups=groups, favourable=1,
        checks=["fairness.four_fifths"], **options,
    ).finding("fairness.four_fifths")  # fmt: skip


def test_the_rule_asks_for_a_low_ratio_and_more_than_chance():
    assert audited([3000, 3000], [0.4, 0.3]).status == "fail"
    assert audited([60, 60], [0.4, 0.3]).status == "not enough data"  # the same ratio, by chance
    assert audited([3000, 3000], [0.4, 0.36]).status == "pass"  # sure, and not below the limit
    assert audited([3000, 3000], [0.4, 0.33]).status == "not enough data"  # 0.825, perhaps below


def test_the_headline_is_the_smallest_ratio():
    finding = audited([3000, 3000, 3000], [0.5, 0.45, 0.3])
    assert next(iter(finding.estimates)) == "ratio"
    assert finding.headline.value == pytest.approx(0.6)
    assert finding.headline.low < 0.6 < finding.headline.high
    assert "0.60 times as often as to g = g0" in finding.summary


def test_mortgage_approvals_fail_by_what_is_favourable():
    """96 of 339 and 189 of 2,041 were denied: ratios 0.790 of approvals, 0.327 of denials."""
    table = alignlab.load_example("mortgage")
    frame = table.frame.assign(decision=table.frame["deny"])
    for favourable, ratio in (("no", 0.790), ("yes", 0.327)):
        finding = alignlab.audit(
            predictions=frame, target="deny", prediction="decision", groups="afam",
            favourable=favourable, checks=["fairness.four_fifths"],
        ).finding("fairness.four_fifths")  # fmt: skip
        assert finding.headline.value == pytest.approx(ratio, abs=5e-4)
        assert finding.status == "fail"


def test_a_difference_given_as_a_ratio_is_refused():
    with pytest.raises(InputError, match=r"from 0\.5 to 1"):
        audited([100, 100], [0.5, 0.5], limits={"fairness.four_fifths": 0.1})


def test_a_ratio_given_as_a_difference_is_refused():
    with pytest.raises(InputError, match=r"from 0 to 0\.5"):
        audited([100, 100], [0.5, 0.5], limits={"fairness.selection_rate": 0.8})


def test_exactly_four_fifths_is_not_below_four_fifths():
    assert audited([10_000, 10_000], [0.45, 0.36]).status != "fail"  # 0.36 / 0.45 < 0.8 in floats


def test_the_sentence_names_the_pair_whose_ratio_it_gives():
    # The widest difference is in department x, the smallest ratio in z.
    parts = [
        pd.DataFrame({"department": where, "g": who, "d": np.repeat([1, 0], [hits, n - hits]),
                      "y": np.tile([0, 1], n // 2)})
        for where, who, n, hits in (
            ("x", "a", 60, 54), ("x", "b", 40, 30), ("z", "a", 60, 9), ("z", "b", 60, 3)
        )
    ]  # fmt: skip
    finding = alignlab.audit(
        predictions=pd.concat(parts), target="y", prediction="d", groups="g", favourable=1,
        control="department", checks=["fairness.four_fifths"],
    ).finding("fairness.four_fifths")  # fmt: skip
    assert finding.status == "not enough data"
    assert "b (department: z) 0.33 times as often as to g = a (department: z)" in finding.summary


def test_the_sentence_says_what_the_verdict_says_where_another_grouping_is_less_sure():
    rng = np.random.default_rng(1)
    n = 12_000
    frame = pd.DataFrame({"big": np.repeat(["a", "b"], n // 2), "y": rng.integers(0, 2, n)})
    frame["small"] = np.where(np.arange(n) % 101 == 0, "rare", "common")
    frame["d"] = np.where(np.arange(n) % 20 < np.where(frame["big"] == "a", 10, 9), 1, 0)
    finding = alignlab.audit(
        predictions=frame, target="y", prediction="d", groups="big,small", favourable=1,
        checks=["fairness.four_fifths"],
    ).finding("fairness.four_fifths")  # fmt: skip
    assert finding.status == "not enough data"
    assert "more rows are needed to tell" in finding.summary


def test_rows_that_would_settle_it_settle_it():
    for shares, status in (([0.4, 0.35], "pass"), ([0.4, 0.3], "fail")):
        open_still = audited([100, 100], shares)
        assert open_still.status == "not enough data"
        times = int(open_still.advice[0].split("about ")[1].split(" times")[0])
        assert audited([110 * times, 110 * times], shares).status == status
