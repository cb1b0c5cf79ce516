import numpy as np
import pytest

from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.robustness import CorruptionResult


def result(wrong, clean=None, weights=None, kinds=("fog", "snow"), severities=(1, 3), **fields):
    wrong = np.asarray(wrong, bool)
    n = len(wrong)
    return CorruptionResult(
        kinds,
        severities,
        wrong,
        np.zeros(n, bool) if clean is None else np.asarray(clean, bool),
        np.arange(n),
        np.ones(n) if weights is None else np.asarray(weights, float),
        0.95,
        5 * n,
        n,
        **fields,
    )


BY_HAND = [
    [[0, 1], [1, 1]],
    [[0, 0], [0, 1]],
    [[0, 1], [0, 1]],
    [[0, 0], [0, 0]],
]


def test_the_numbers_by_hand():
    found = result(BY_HAND, clean=[1, 0, 0, 0])
    assert found.clean.value == 0.75
    assert found.accuracy("fog", 1).value == 1
    assert found.accuracy("snow", 3).value == 0.25
    assert found.error_of("fog").value == 0.25
    assert found.error_of("snow").value == 0.5
    assert found.error.value == 0.375
    assert found.added.value == 0.125
    assert found.worst == "snow"
    weighted = result(BY_HAND, clean=[1, 0, 0, 0], weights=[2, 1, 1, 0])
    assert weighted.clean.value == 0.5
    assert weighted.error.value == pytest.approx((2 * 0.75 + 0.25 + 0.5) / 4)


def test_a_share_has_exact_limits():
    from scipy import stats

    wrong = np.zeros((50, 1, 1), bool)
    wrong[:7] = True
    found = result(wrong, kinds=("fog",), severities=(1,)).error
    exact = stats.binomtest(7, 50).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), rel=1e-6)
    never = result(np.zeros((50, 2, 2), bool)).error
    assert (never.low, never.high) == pytest.approx((0, 1 - 0.025 ** (1 / 50)))
    odd = np.random.default_rng(0).random(49)  # whose sum is not 1 after division
    always = result(np.ones((49, 2, 2), bool), weights=odd).error
    assert always.high == always.value == 1
    assert always.low < 0.95


def test_limits_cover_the_truth():
    rng = np.random.default_rng(0)
    missed = {"error": 0, "added": 0, "relative": 0}
    for _ in range(300):
        hard = rng.random((150, 1, 1))
        level = np.array([[0.2, 0.4], [0.3, 0.5]])
        wrong = hard < level + 0.0 * rng.random((150, 2, 2))
        other = hard + 0.1 * rng.standard_normal((150, 1, 1)) < level + 0.1
        clean = rng.random(150) < 0.1
        mine = result(wrong, clean)
        missed["error"] += not mine.error.low <= 0.35 <= mine.error.high
        missed["added"] += not mine.added.low <= 0.25 <= mine.added.high
        truth = TRUTH
        found = mine.relative_to(result(other))
        missed["relative"] += not found.low <= truth <= found.high
    assert all(3 <= count <= 27 for count in missed.values()), missed


def _truth():
    rng = np.random.default_rng(99)
    hard = rng.random((400_000, 1, 1))
    level = np.array([[0.2, 0.4], [0.3, 0.5]])
    wrong = hard < level
    other = hard + 0.1 * rng.standard_normal((400_000, 1, 1)) < level + 0.1
    return float((wrong.mean((0, 2)) / other.mean((0, 2))).mean())


TRUTH = _truth()


def test_relative_to_a_baseline_by_hand():
    mine, base = result(BY_HAND), result(np.ones((4, 2, 2), bool))
    assert mine.relative_to(base).value == pytest.approx((0.25 + 0.5) / 2)
    same = mine.relative_to(mine)
    assert (same.value, same.low, same.high) == (1, 1, 1)  # paired: nothing is uncertain


def test_the_limits_of_a_ratio_are_the_bootstraps():
    rng = np.random.default_rng(5)
    hard = rng.random((400, 1, 1))
    mine = result(hard + 0.1 * rng.random((400, 2, 2)) < [[0.15, 0.2], [0.1, 0.3]])
    base = result(hard + 0.1 * rng.random((400, 2, 2)) < [[0.6, 0.8], [0.7, 0.9]])
    found = mine.relative_to(base)
    errors, others = mine.wrong.mean(2), base.wrong.mean(2)
    drawn = rng.integers(0, 400, (4000, 400))
    ratios = (errors[drawn].mean(1) / others[drawn].mean(1)).mean(1)
    assert found.high - found.low == pytest.approx(2 * 1.966 * ratios.std(), rel=0.05)
    assert found.value == pytest.approx(ratios.mean(), abs=0.005)


def test_results_that_cannot_be_compared():
    mine = result(BY_HAND)
    with pytest.raises(InputError, match="not of the same rows, kinds and severities"):
        mine.relative_to(result(BY_HAND, severities=(1, 2)))
    with pytest.raises(InputError, match="not of the same rows"):
        mine.relative_to(result(BY_HAND[:3]))
    with pytest.raises(InputError, match="never wrong on fog"):
        mine.relative_to(result(np.zeros((4, 2, 2), bool)))


def test_what_was_not_tried():
    with pytest.raises(InputError, match="kind='frost' is not one of 'fog', 'snow'"):
        result(BY_HAND).accuracy("frost", 1)
    with pytest.raises(InputError, match=r"severity=2 is not one of \[1, 3\]"):
        result(BY_HAND).accuracy("fog", 2)


def test_groups():
    found = result(BY_HAND)
    grouping = Grouping("breed", np.array([0, 0, 1, 1]), ("boxer", "pug"))
    groups = found.by_group(grouping)
    assert {name: each.value for name, each in groups.items()} == {"boxer": 0.5, "pug": 0.25}


def test_tables_and_charts():
    found = result(BY_HAND, refusals={("fog", 1): "ValueError: no"})
    frame = found.to_frame()
    assert frame["accuracy"].tolist() == [1, 0.5, 0.75, 0.25]
    assert frame["refusal"].tolist() == ["ValueError: no", "", "", ""]
    assert found.to_dict()["error"]["value"] == 0.375
    chart = found.chart()
    assert chart.table.rows[0][:3] == ("weather", 0, 1.0)
    assert [row[2] for row in chart.table.rows] == [1, 0.875, 0.375]
    error = found.error_of("snow")
    rows = found.kinds_chart().table.rows
    assert rows[1] == ("snow", 0.5, 1 - error.high, 1 - error.low, 4)
    assert chart.svg().startswith("<svg")
    assert "<table" in found._repr_html_()
    tables = result(BY_HAND, kinds=("noise", "typo")).chart()
    assert {row[0] for row in tables.table.rows} == {"noise", "typo"}
