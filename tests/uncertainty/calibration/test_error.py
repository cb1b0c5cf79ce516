from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignlab.uncertainty.calibration import calibration_error
from alignlab.uncertainty.calibration.bins import binned_gaps
from alignlab.uncertainty.calibration.event import as_event


def sample(rng, n, truth=lambda said: said, scores=None):
    said = rng.random(n) if scores is None else scores(n)
    return said, (rng.random(n) < truth(said)).astype(int)


def test_a_case_by_hand():
    said = np.repeat([0.1, 0.6], 50)
    happened = np.concatenate([np.arange(50) < 10, np.arange(50) < 25]).astype(int)
    seen = calibration_error(said, happened, redraws=99)
    assert seen.expected_plug_in == pytest.approx(0.1, abs=1e-15)
    squared = 0.1**2 - (0.2 * 0.8 + 0.5 * 0.5) / 2 / 49
    assert seen.squared == pytest.approx(squared, abs=1e-15)
    assert seen.root_mean_square.value == pytest.approx(np.sqrt(squared), abs=1e-15)
    assert "2 bins of equal mass" in seen.definition
    assert str(seen) == str(seen.root_mean_square)


def test_the_squared_error_is_unbiased_by_enumeration():
    rng = np.random.default_rng(0)
    said, truth = rng.random(9), rng.random(9)
    mean = 0.0
    for outcome in product([0, 1], repeat=9):
        happened = np.array(outcome)
        chance = np.prod(np.where(happened == 1, truth, 1 - truth))
        mean += chance * calibration_error(said, happened, redraws=0).squared
    rest = truth - said
    assert mean == pytest.approx((rest.sum() ** 2 - rest @ rest) / (9 * 8), abs=1e-14)


def test_the_plug_in_is_the_usual_one():
    rng = np.random.default_rng(1)
    said, happened = sample(rng, 1500)
    order = np.argsort(said)
    by_hand = sum(
        len(part) / 1500 * abs(happened[part].mean() - said[part].mean())
        for part in np.array_split(order, 15)
    )
    assert calibration_error(said, happened, redraws=0).expected_plug_in == pytest.approx(by_hand)


def test_debiasing_removes_what_noise_adds_on_calibrated_models():
    rng = np.random.default_rng(2)
    seen = [calibration_error(*sample(rng, 1000), redraws=0) for _ in range(200)]
    plug_in = np.mean([each.expected_plug_in for each in seen])
    assert plug_in > 0.035
    assert np.mean([each.expected.value for each in seen]) < 0.3 * plug_in
    squares = [each.squared for each in seen]
    assert abs(np.mean(squares)) < 3 * np.std(squares) / np.sqrt(200)
    assert 0.35 < np.mean(np.array(squares) < 0) < 0.7


def test_the_debiased_mean_size_is_what_redrawing_shrunken_gaps_says():
    rng = np.random.default_rng(10)
    said, happened = sample(rng, 400, lambda said: said**1.3)
    seen = calibration_error(said, happened, redraws=0)
    gaps = binned_gaps(as_event(said, happened), 15)
    shrunken = gaps.gap * np.sqrt(seen.squared / (gaps.share @ gaps.gap**2))
    redrawn = shrunken + gaps.gap_error * rng.normal(size=(200_000, len(shrunken)))
    bias = (np.abs(redrawn).mean(axis=0) - np.abs(shrunken)) @ gaps.share
    assert bias > 0.01
    assert seen.expected.value == pytest.approx(seen.expected_plug_in - bias, abs=2e-4)


TRUTHS = {
    "calibrated": lambda said: said,
    "over-confident": lambda said: said**0.7 / (said**0.7 + (1 - said) ** 0.7),
    "too low": lambda said: np.clip(said + 0.32 * said * (1 - said), 0, 1),
    "wrong in one place": lambda said: np.where(said > 0.8, 0.7 * said + 0.1, said),
}


def covers(seen, said, happened, weights, truth):
    """Return whether the two intervals hold the two errors of the same bins."""
    gaps = binned_gaps(as_event(said, happened, weights), 15)
    rest = np.bincount(gaps.codes, weights * (truth(said) - said))
    rest = rest / np.bincount(gaps.codes, weights)
    true = (np.sqrt(gaps.share @ rest**2), gaps.share @ np.abs(rest))
    estimates = (seen.root_mean_square, seen.expected)
    return [
        each.low <= value + 1e-12 <= each.high + 2e-12
        for each, value in zip(estimates, true, strict=True)
    ]


@pytest.mark.parametrize("n", [60, 400])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", TRUTHS)
def test_intervals_cover(name, weighted, n):
    rng = np.random.default_rng(3)
    truth = TRUTHS[name]
    repetitions, covered, covered_expected = 300, 0, 0
    for _ in range(repetitions):
        said, happened = sample(rng, n, truth, lambda n: rng.beta(0.8, 1.2, n))
        weights = rng.uniform(0.2, 2, n) if weighted else np.ones(n)
        seen = calibration_error(said, happened, weights=weights, redraws=0)
        both = covers(seen, said, happened, weights, truth)
        covered, covered_expected = covered + both[0], covered_expected + both[1]
    # Nominal 95 %; at 300 repetitions three standard errors are 3.8 points.
    assert covered / repetitions > 0.912
    assert covered_expected / repetitions > 0.94


def test_intervals_are_not_wider_than_they_must_be():
    rng = np.random.default_rng(4)
    truth = TRUTHS["over-confident"]
    missed = 0
    for _ in range(400):
        seen = calibration_error(*sample(rng, 400, truth), redraws=0, level=0.5)
        said = np.linspace(0, 1, 100_001)
        true = np.sqrt(np.mean((truth(said) - said) ** 2))
        missed += not seen.root_mean_square.low <= true <= seen.root_mean_square.high
    assert 0.4 < missed / 400 < 0.6


def test_an_exact_interval_where_events_are_too_few_for_bins():
    said, happened = np.linspace(0.001, 0.019, 100), np.zeros(100, int)
    happened[7] = 1
    seen = calibration_error(said, happened, redraws=0)
    exact = stats.binomtest(1, 100).proportion_ci(0.95, "exact")
    assert len(seen.reliability.share) == 1
    assert seen.root_mean_square.low == 0
    assert seen.root_mean_square.high == pytest.approx(exact.high - 0.01, abs=1e-12)
    assert "too few events" in seen.root_mean_square.method


def test_every_answer_right_and_sure():
    seen = calibration_error(np.repeat([0.0, 1.0], 100), np.repeat([0, 1], 100), redraws=50)
    assert (seen.squared, seen.expected_plug_in, seen.p_value) == (0.0, 0.0, 1.0)
    assert seen.root_mean_square.value == seen.root_mean_square.high == 0.0


def test_every_answer_wrong_and_sure():
    seen = calibration_error(np.repeat([0.0, 1.0], 100), np.repeat([1, 0], 100), redraws=50)
    assert seen.root_mean_square.value == seen.expected.value == seen.expected_plug_in == 1.0


def test_whole_weights_are_repeated_rows():
    rng = np.random.default_rng(5)
    said, happened = sample(rng, 300)
    times = rng.integers(1, 4, 300)
    weighted = calibration_error(said, happened, weights=times, bins=5, redraws=0)
    repeated = calibration_error(
        np.repeat(said, times), np.repeat(happened, times), bins=5, redraws=0
    )
    assert weighted.expected_plug_in == pytest.approx(repeated.expected_plug_in, abs=1e-13)
    # Copies are not new rows: taken for pairs, they would count their own noise as a gap.
    assert weighted.squared < repeated.squared


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 1, 2]))
def test_order_mirror_and_limits(seed, digits):
    rng = np.random.default_rng(seed)
    said, happened = sample(rng, 150)
    said = said if digits is None else said.round(digits)
    weights = rng.uniform(0.5, 2, 150)
    order = rng.permutation(150)
    seen = calibration_error(said, happened, weights=weights, redraws=0)
    shuffled = calibration_error(said[order], happened[order], weights=weights[order], redraws=0)
    assert shuffled.squared == pytest.approx(seen.squared, abs=1e-13)
    assert shuffled.expected.value == pytest.approx(seen.expected.value, abs=1e-13)
    for estimate in (seen.root_mean_square, seen.expected):
        assert 0 <= estimate.low <= estimate.value <= estimate.high
    assert seen.expected.value <= seen.expected_plug_in + 1e-15


def test_the_other_class_has_the_same_error():
    rng = np.random.default_rng(6)
    said, happened = sample(rng, 900)
    one = calibration_error(said, happened, redraws=0)
    other = calibration_error(1 - said, 1 - happened, redraws=0)
    assert one.squared == pytest.approx(other.squared, abs=1e-14)
    columns = calibration_error(np.column_stack([1 - said, said]), happened, redraws=0)
    assert columns.squared == one.squared


def test_many_classes_are_judged_by_the_class_chosen():
    rng = np.random.default_rng(7)
    said = rng.dirichlet(np.ones(4), 800)
    happened = np.array([rng.choice(4, p=row) for row in said])
    seen = calibration_error(said, happened, seed=1)
    top = calibration_error(said.max(axis=1), (said.argmax(axis=1) == happened).astype(int), seed=1)
    assert seen.squared == top.squared
    assert seen.p_value == top.p_value > 0.05
    assert "top label" in seen.definition


def test_one_seed_is_one_result():
    rng = np.random.default_rng(8)
    said, happened = sample(rng, 200)
    values = {calibration_error(said, happened, seed=seed).p_value for seed in (0, 0, 1)}
    assert len(values) == 2


SCORES = {
    "uniform": lambda rng, n: rng.random(n),
    "U-shaped": lambda rng, n: rng.beta(0.15, 0.5, n),
    "rare": lambda rng, n: rng.beta(0.4, 20, n),
    "around one half": lambda rng, n: rng.beta(8, 8, n),
    "top label": lambda rng, n: rng.uniform(0.5, 1, n),
    "rounded": lambda rng, n: rng.random(n).round(1),
}


SAMPLES = 80


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_cover_everywhere(weighted):
    rng = np.random.default_rng(9)
    coverage = []
    for scores in SCORES.values():
        for truth in TRUTHS.values():
            for n in (60, 300, 1000):
                covered = np.zeros(2)
                for _ in range(SAMPLES):
                    said = scores(rng, n)
                    happened = (rng.random(n) < truth(said)).astype(int)
                    weights = rng.uniform(0.2, 2, n) if weighted else np.ones(n)
                    seen = calibration_error(said, happened, weights=weights, redraws=0)
                    covered += covers(seen, said, happened, weights, truth)
                coverage.append(covered / SAMPLES)
    # Four standard errors below nominal in the worst of the cells, and no less than it on average.
    assert np.min(coverage) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / SAMPLES)
    assert np.all(np.mean(coverage, axis=0) > 0.95)


def test_a_sample_without_noise_proves_no_perfection():
    said = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 200)
    rows = np.tile(np.arange(200), 5)
    happened = (rows < 200 * said - 1e-9).astype(int)  # as often as said, in every bin
    seen = calibration_error(said, happened, redraws=0).root_mean_square
    assert seen.value == seen.low == 0
    usual = [
        calibration_error(said, rng.random(1000) < said, redraws=0).root_mean_square.high
        for rng in map(np.random.default_rng, range(40))
    ]
    assert seen.high == pytest.approx(np.median(usual), rel=0.15)


def plug_ins(said, happened, codes):
    """Return l1, l2 and max by a loop over bins, as the papers have them."""
    gaps, shares = [], []
    for code in np.unique(codes):
        member = codes == code
        gaps.append(abs(happened[member].mean() - said[member].mean()))
        shares.append(member.mean())
    gaps, shares = np.array(gaps), np.array(shares)
    return float(shares @ gaps), float(np.sqrt(shares @ gaps**2)), float(gaps.max())


@pytest.mark.parametrize("bins", [1, 10, 15])
@pytest.mark.parametrize("n", [12, 300])
def test_the_plug_ins_of_bins_of_equal_width_are_the_published_ones(bins, n):
    rng = np.random.default_rng(bins)
    said, happened = sample(rng, n)
    seen = calibration_error(said, happened, bins=bins, binning="equal-width", redraws=0)
    codes = np.digitize(said, np.linspace(0, 1, bins + 1)[1:-1])
    expected, root, largest = plug_ins(said, happened, codes)
    assert seen.expected_plug_in == pytest.approx(expected, abs=1e-14)
    assert seen.root_mean_square_plug_in == pytest.approx(root, abs=1e-14)
    assert seen.largest_plug_in == pytest.approx(largest, abs=1e-14)
    assert "of equal width" in seen.definition


def test_debiased_l2_is_the_published_estimate_where_scores_are_discrete():
    rng = np.random.default_rng(11)
    said = rng.choice([0.05, 0.35, 0.65, 0.95], 400)
    happened = (rng.random(400) < said**1.2).astype(int)
    published = 0.0
    for score in np.unique(said):
        y = happened[said == score]
        noise = y.mean() * (1 - y.mean()) / (len(y) - 1)
        published += len(y) / 400 * ((y.mean() - score) ** 2 - noise)
    for binning in ("equal-mass", "equal-width"):
        seen = calibration_error(said, happened, bins=10, binning=binning, redraws=0)
        assert seen.squared == pytest.approx(published, abs=1e-14)


def test_the_largest_gap_s_noise_is_what_redrawing_shrunken_gaps_says():
    rng = np.random.default_rng(12)
    said, happened = sample(rng, 400, lambda said: said**1.3)
    seen = calibration_error(said, happened, redraws=0)
    gaps = binned_gaps(as_event(said, happened), 15)
    shrunken = gaps.gap * np.sqrt(seen.squared / (gaps.share @ gaps.gap**2))
    redrawn = shrunken + gaps.gap_error * rng.normal(size=(200_000, len(shrunken)))
    bias = np.abs(redrawn).max(axis=1).mean() - np.abs(shrunken).max()
    assert seen.largest.value == pytest.approx(seen.largest_plug_in - bias, abs=4e-4)


@pytest.mark.parametrize("binning", ["equal-mass", "equal-width"])
@pytest.mark.parametrize("name", TRUTHS)
def test_intervals_of_either_binning_and_of_the_largest_gap_cover(name, binning):
    rng = np.random.default_rng(13)
    covered, off, plug_in_off = np.zeros(3), [], []
    for _ in range(120):
        said, happened = sample(rng, 300, TRUTHS[name], lambda n: rng.beta(0.8, 1.2, n))
        seen = calibration_error(said, happened, binning=binning, redraws=0)
        gaps = binned_gaps(as_event(said, happened), 15, binning)
        rest = np.bincount(gaps.codes, TRUTHS[name](said) - said) / gaps.count
        true = np.array([np.sqrt(gaps.share @ rest**2), gaps.share @ np.abs(rest), 0])
        true[2] = np.abs(rest).max()
        estimates = (seen.root_mean_square, seen.expected, seen.largest)
        covered += [e.low <= t <= e.high for e, t in zip(estimates, true, strict=True)]
        off.append(seen.largest.value - true[2])
        plug_in_off.append(seen.largest_plug_in - true[2])
    assert (covered / 120 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 120)).all()
    # One gap that stands out is shrunk with the others, and then the value is too small.
    if name != "wrong in one place":
        assert abs(np.mean(off)) < 0.7 * np.mean(plug_in_off)


def test_the_test_has_its_size_with_bins_of_equal_width():
    rng = np.random.default_rng(14)
    small = 0
    for seed in range(400):
        said, happened = sample(rng, 150, scores=lambda n: rng.beta(0.5, 1.5, n))
        seen = calibration_error(said, happened, binning="equal-width", redraws=99, seed=seed)
        small += seen.p_value <= 0.05
    assert abs(small / 400 - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 400)


def test_every_number_says_what_it_is():
    rng = np.random.default_rng(15)
    seen = calibration_error(*sample(rng, 300), redraws=50)
    frame = seen.to_frame()
    assert frame["norm"].tolist() == ["l2", "l2", "l1", "l1", "max", "max"]
    assert frame["debiased"].tolist() == [True, False] * 3
    assert set(frame["binning"]) == {"equal-mass"}
    assert set(frame["event"]) == {"the probability of the event"}
    plain = seen.to_dict()
    assert plain["definition"] == seen.definition
    assert plain["largest"] == seen.largest.to_dict()
    assert len(seen.reliability.to_frame()) == plain["bins"]
    assert seen.reliability.to_dict()["count"] == seen.reliability.count.tolist()


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 1, 2]))
def test_bins_of_equal_width_know_no_order(seed, digits):
    rng = np.random.default_rng(seed)
    said, happened = sample(rng, 100)
    said = said if digits is None else said.round(digits)
    order = rng.permutation(100)
    seen, shuffled = (
        calibration_error(said[at], happened[at], binning="equal-width", redraws=0)
        for at in (slice(None), order)
    )
    assert shuffled.squared == pytest.approx(seen.squared, abs=1e-13)
    assert shuffled.expected_plug_in == pytest.approx(seen.expected_plug_in, abs=1e-13)
    assert shuffled.largest_plug_in == pytest.approx(seen.largest_plug_in, abs=1e-13)
    assert 0 <= seen.largest.low <= seen.largest.value <= seen.largest.high
