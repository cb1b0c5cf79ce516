import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import alignlab
from alignlab.audit.check import all_checks, run_check
from alignlab.audit.context import AuditContext
from alignlab.audit.paired import (
    Functional,
    RowNumbers,
    paired_difference,
    unpaired_difference,
)
from alignlab.audit.rows import decode_rows
from alignlab.datasets import grouping
from alignlab.intervals import Estimate

STATED = {"target": "deny", "probability": "p", "groups": "race,race*sex", "favourable": "no"}


def share(hits) -> Functional:
    hits = np.asarray(hits, float)
    shares = np.full(len(hits), 1 / len(hits))
    return Functional(hits.mean(), np.arange(len(hits)), hits - hits.mean(), shares, hits)


def test_shares_match_the_published_example():
    """The table 12, 26, 4, 6 and its limits stand in the manual of the R package statpsych."""
    before = np.repeat([0, 0, 1, 1], [12, 26, 4, 6])
    after = np.repeat([0, 1, 0, 1], [12, 26, 4, 6])
    found = paired_difference(share(before), share(after))
    assert found.value == pytest.approx(22 / 48)
    assert (found.low, found.high) == (
        pytest.approx(0.2548067, abs=5e-8), pytest.approx(0.6251933, abs=5e-8),
    )  # fmt: skip


def test_shares_that_agree_on_every_row_are_still_not_surely_equal():
    hits = np.repeat([0, 1], 50)
    found = paired_difference(share(hits), share(hits))
    assert found.low < 0 == found.value < found.high
    assert found.high < 0.05


def test_shares_keep_their_level_where_few_rows_disagree():
    rng = np.random.default_rng(0)
    truth, covered, runs = 0.03 - 0.01, 0, 2000
    for _ in range(runs):
        kind = rng.choice(3, 100, p=[0.96, 0.03, 0.01])
        before, after = (kind == 2) * 1.0, (kind == 1) * 1.0
        found = paired_difference(share(before), share(after))
        covered += found.low <= truth <= found.high
    assert covered / runs >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize("again", [0.05, 0.5])
def test_gaps_that_are_noise_do_not_move(again):
    """Six groups of 100 with one rate; the second model draws a share of its decisions anew."""
    rng = np.random.default_rng(0)
    group, n, runs, still = np.repeat(np.arange(6), 100), 600, 400, 0
    frame = pd.DataFrame({"g": group.astype(str)})
    everyone = (grouping(frame, "g"),)
    for _ in range(runs):
        first = rng.random(n) < 0.3
        second = np.where(rng.random(n) < again, rng.random(n) < 0.3, first)
        found = []
        for decisions in (first, second):
            context = AuditContext(
                "classification", ("no", "yes"), frame, frame, None, np.arange(n) % 2,
                decisions.astype(int), groupings=everyone, favourable=1,
            )  # fmt: skip
            rates = [decisions[group == each].mean() for each in range(6)]
            gap = max(rates) - min(rates)
            found.append(RowNumbers(context).find("fairness.selection_rate", "gap[g]", gap))
        estimate = paired_difference(*found)
        still += estimate.low <= 0 <= estimate.high
    assert still / runs >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)


@given(st.integers(0, 2**16), st.integers(2, 60))
def test_turning_the_two_around_turns_the_interval_around(seed, n):
    rng = np.random.default_rng(seed)
    a, b = share(rng.integers(2, size=n)), share(rng.integers(2, size=n))
    there, back = paired_difference(a, b), paired_difference(b, a)
    assert (there.low, there.value, there.high) == pytest.approx(
        (-back.high, -back.value, -back.low)
    )


def test_unpaired_limits_by_hand():
    a = Estimate(0.5, 0.4, 0.8, 0.95, 50, "x")
    b = Estimate(0.9, 0.6, 1.0, 0.9, 80, "x")
    found = unpaired_difference(a, b)
    assert found.low == pytest.approx(0.4 - np.hypot(0.3, 0.3))
    assert found.high == pytest.approx(0.4 + np.hypot(0.1, 0.1))
    assert (found.level, found.n) == (0.9, 50)


def test_every_number_of_these_pillars_follows_from_the_rows(decided):
    """Each functional gives the very value that its check reported."""
    result = alignlab.audit(predictions=decided, weights="weight", **STATED)
    numbers = RowNumbers(decode_rows(result.rows))
    unknown = {
        (finding.check, name)
        for finding in result.findings
        if finding.pillar in ("performance", "fairness")
        for name, estimate in finding.estimates.items()
        if numbers.find(finding.check, name, estimate.value) is None
    }
    assert {check for check, _ in unknown} <= {"performance.baseline", "performance.slices"}


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("performance.auc", "auc"),
        ("performance.log_loss", "log_loss"),
        ("fairness.selection_rate", "gap[race]"),
        ("fairness.four_fifths", "ratio[race]"),
        ("fairness.true_positive_rate", "race=blue"),
    ],
)
def test_intervals_agree_with_the_bootstrap_of_pairs(decided, check, name):
    frames = [ahead(decided, by) for by in (0.15, 0.3)]
    results = [alignlab.audit(predictions=f, checks=[check], **STATED) for f in frames]
    found = [
        RowNumbers(decode_rows(each.rows)).find(
            check, name, each.finding(check).estimates[name].value
        )
        for each in results
    ]
    estimate = paired_difference(*found)
    error = (estimate.high - estimate.low) / (2 * 1.959964)
    columns = [
        (f["deny"].to_numpy() == "yes", f["p"].to_numpy(), f["race"].to_numpy() == "blue")
        for f in frames
    ]
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1000):
        rows = rng.integers(len(decided), size=len(decided))
        before, after = (STATISTICS[name](*(c[rows] for c in each)) for each in columns)
        draws.append(after - before)
    assert error == pytest.approx(np.std(draws), rel=0.1)  # of 1000 draws: 2.2 % of its own


def ahead(frame, by):
    """Return the frame with scores that are higher for one race, less so for the middle ones."""
    p = frame["p"].clip(0.02, 0.98)
    return frame.assign(p=(p + by * (frame["race"] == "blue") * p * (1 - p) * 4).clip(0, 0.98))


def _auc(y, p, blue):
    below = (p[y][:, None] > p[~y][None, :]).mean()
    return below + (p[y][:, None] == p[~y][None, :]).mean() / 2


def _log_loss(y, p, blue):
    return -np.log(np.clip(np.where(y, p, 1 - p), 2.3e-16, 1)).mean()


STATISTICS = {
    "auc": _auc,
    "log_loss": _log_loss,
    "gap[race]": lambda y, p, blue: (p[~blue] <= 0.5).mean() - (p[blue] <= 0.5).mean(),
    "ratio[race]": lambda y, p, blue: (p[blue] <= 0.5).mean() / (p[~blue] <= 0.5).mean(),
    "race=blue": lambda y, p, blue: (p[blue & ~y] <= 0.5).mean(),
}


def rated(rng, n, base):
    """Return two models' answers on n rows of one population."""
    x = rng.normal(size=n)
    logit = 1.5 * x + np.log(base / (1 - base))
    outcomes = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    contexts = []
    for blur in (0.4, 0.8):
        score = 1 / (1 + np.exp(-(logit + rng.normal(0, blur, n))))
        frame = pd.DataFrame({"g": ["all"] * n})
        contexts.append(
            AuditContext(
                "classification", ("0", "1"), frame, frame, None, outcomes,
                (score > 0.3).astype(int), np.column_stack([1 - score, score]),
                (grouping(frame, "g"),), favourable=1,
            )
        )  # fmt: skip
    return [RowNumbers(each) for each in contexts]


def found_in(numbers, check, name):
    finding = run_check(all_checks()[check], numbers.context)
    estimate = finding.estimates[name]
    return estimate, numbers.find(check, name, estimate.value)


@pytest.mark.parametrize("base", [0.01, 0.03])
def test_a_rare_classs_recall_counts_in_the_difference_of_balanced_accuracies(base):
    rng = np.random.default_rng(1)
    check, name = "performance.balanced_accuracy", "balanced_accuracy"
    truth = np.subtract(
        *[found_in(m, check, name)[0].value for m in rated(rng, 400_000, base)][::-1]
    )
    covered = []
    for _ in range(150):
        before, after = (found_in(m, check, name)[1] for m in rated(rng, 500, base))
        found = paired_difference(before, after)
        covered.append(found.low <= truth <= found.high)
    assert np.mean(covered) >= 0.91  # by the influences it is 0.4 with five rows of the class


def test_few_rows_do_not_show_how_two_numbers_move_together():
    before, after = (Functional(0.5, np.arange(n), np.zeros(n), np.full(90, 1 / 90), np.ones(n))
                     for n in (10, 40))  # fmt: skip
    assert not before.pairs_with(after)
    assert before.pairs_with(before)  # the same ten rows, whose changes are counted
    assert after.pairs_with(Functional(0.5, np.arange(50, 90), np.zeros(40), after.shares))


def test_weights_that_go_with_what_changed_widen_a_paired_share():
    w = np.repeat([10.0, 1.0], [100, 2000])
    shares, rows = w / w.sum(), np.arange(2100)
    after = np.repeat([1.0, 0.0], [100, 2000])
    made = [
        Functional(float(shares @ x), rows, x - shares @ x, shares, x) for x in (0 * after, after)
    ]
    found = paired_difference(*made)
    error = np.sqrt(np.sum((shares * (after - shares @ after)) ** 2))
    # As wide as the linearised error says; by the weights alone it is a quarter less.
    assert (found.high - found.low) / (2 * 1.959964) == pytest.approx(error, rel=0.02)
