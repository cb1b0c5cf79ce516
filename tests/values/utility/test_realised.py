from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.intervals import mean_estimate, share_limits
from alignlab.values.utility import utility_loss

LENDING = np.array([[0.0, 0.0], [-10.0, 5.0]])


def random_rows(seed, n=400, n_classes=3):
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.ones(n_classes), n)
    outcomes = (rng.random((n, 1)) > said.cumsum(axis=1)).sum(axis=1)
    outcomes = np.minimum(outcomes, n_classes - 1)
    return said, rng.normal(0, 3, (n_classes, n_classes)), said.argmax(axis=1), outcomes, rng


def test_a_table_by_hand():
    # At 0.6 the best is to refuse; the model approves. Three of five repay.
    said = np.repeat([[0.4, 0.6]], 50, axis=0)
    outcomes = np.repeat([0, 1], [20, 30])
    found = utility_loss(said, LENDING, decisions=np.ones(50, int), outcomes=outcomes)
    assert [found.now.value, found.expected.value] == pytest.approx([-1.0, -1.0])
    assert found.best_now.value == 0.0
    assert found.loss.value == pytest.approx(1.0)
    # The best decisions are worth 0 in every row, so the loss is as unsure as what came.
    assert (found.loss.low, found.loss.high) == pytest.approx((-found.now.high, -found.now.low))
    cells = found.cells()
    assert list(cells) == [(1, 0, 0), (1, 0, 1)]
    assert [part.contribution.value for part in cells.values()] == pytest.approx([4, -3])
    assert [part.mean.value for part in cells.values()] == pytest.approx([10, -5])


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_parts_sum_to_the_whole(seed, weighted):
    said, utilities, decisions, outcomes, rng = random_rows(seed)
    weights = rng.integers(0, 4, 400) if weighted else None
    found = utility_loss(said, utilities, decisions=decisions, outcomes=outcomes, weights=weights)
    total = sum(part.contribution.value for part in found.cells().values())
    assert total == pytest.approx(found.loss.value, abs=1e-12)
    halves = [found.part(np.arange(400) % 2 == k) for k in (0, 1)]
    assert sum(half.contribution.value for half in halves) == pytest.approx(found.loss.value)
    assert sum(half.share for half in halves) == pytest.approx(1)
    assert found.loss.value == pytest.approx(found.best_now.value - found.now.value)
    assert found.expected_loss.value >= 0
    assert found.overstated.value == pytest.approx(found.best_expected.value - found.best_now.value)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_positive_affine_maps_only_change_the_unit(seed, scale, shift):
    said, utilities, decisions, outcomes, _ = random_rows(seed)
    one = utility_loss(said, utilities, decisions=decisions, outcomes=outcomes)
    other = utility_loss(said, scale * utilities + shift, decisions=decisions, outcomes=outcomes)
    assert other.loss.value == pytest.approx(scale * one.loss.value, abs=1e-9 * scale)
    assert other.loss.high == pytest.approx(scale * one.loss.high, abs=1e-9 * scale)
    assert other.now.value == pytest.approx(scale * one.now.value + shift)


def test_calibrated_probabilities_promise_what_comes():
    # Of 300 samples about 5 % may fall outside; more than 8 % would be more than chance.
    misses = 0
    for seed in range(300):
        said, utilities, decisions, outcomes, _ = random_rows(seed, 200)
        found = utility_loss(said, utilities, decisions=decisions, outcomes=outcomes)
        misses += not found.overstated.low <= 0 <= found.overstated.high
        assert found.expected_loss.value >= 0
    assert misses / 300 < 0.08


def test_the_interval_covers_the_loss_of_the_population_where_few_rows_differ():
    # One row in 300 is decided against the utilities and then loses 1 on average.
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        wrong = rng.random(300) < 1 / 300
        said = np.where(wrong[:, None], [[0.4, 0.6]], [[0.1, 0.9]])
        outcomes = (rng.random(300) < said[:, 1]).astype(int)
        found = utility_loss(said, LENDING, decisions=np.ones(300, int), outcomes=outcomes)
        covered += found.loss.low <= 1 / 300 <= found.loss.high
    assert covered / 300 > 0.93


DEAR = np.array([[0.0, 0.0], [-100.0, 1.0]])
"""Refuse or grant (rows), default or repay (columns): one default costs what a hundred earn."""


def dear_loans(rng, n=1000, share=0.05):
    """Return a calibrated model that grants everything, and what it loses in the population."""
    risky = rng.random(n) < share
    chance = np.where(risky, 0.02, 0.001)
    outcomes = (rng.random(n) > chance).astype(int)
    said = np.column_stack([1 - chance, chance])[:, ::-1]
    found = utility_loss(said, DEAR, decisions=np.ones(n, int), outcomes=outcomes)
    return found, share * (0.02 * 100 - 0.98), 1 - 101 * (share * 0.02 + (1 - share) * 0.001)


def test_the_interval_covers_where_one_row_in_fifty_carries_the_loss():
    rng = np.random.default_rng(1)
    covered, worth, passed, misled, overstated = np.zeros(5)
    for _ in range(200):
        found, loss, now = dear_loans(rng)
        covered += found.loss.low <= loss <= found.loss.high
        worth += found.now.low <= now <= found.now.high
        passed += found.loss.high <= 0.02
        misled += found.unexpected_loss.high < 0 or found.loss.high < 0
        overstated += found.overstated.low > 0
    # Student's interval covers 65 % and passes 37 %; it accuses this calibrated model in 35 %.
    assert covered / 200 > 0.95
    assert worth / 200 > 0.95
    assert (passed, misled) == (0, 0)
    assert overstated / 200 < 0.05


def test_what_was_hardly_seen_is_bounded_by_its_share_and_the_rest_by_students_t():
    # 60 of 1000 rows differ: 57 lose -1, three lose +100.
    said = np.repeat([[0.02, 0.98], [0.001, 0.999]], [60, 940], axis=0)
    outcomes = np.repeat([0, 1, 1], [3, 57, 940])
    found = utility_loss(said, DEAR, decisions=np.ones(1000, int), outcomes=outcomes).loss
    low, high = share_limits(0.003, 1000, comparisons=2)
    rest = mean_estimate(np.repeat([-1.0, 0.0], [57, 943]), level=0.975)
    assert found.value == pytest.approx(0.3 - 0.057)
    assert found.low == pytest.approx(100 * low + rest.low)
    assert found.high == pytest.approx(100 * high + rest.high)
    # With ten of them or more, it is Student's.
    outcomes = np.repeat([0, 1, 1], [10, 50, 940])
    found = utility_loss(said, DEAR, decisions=np.ones(1000, int), outcomes=outcomes).loss
    usual = mean_estimate(np.repeat([100.0, -1.0, 0.0], [10, 50, 940]))
    assert (found.low, found.high, found.method) == pytest.approx(
        (usual.low, usual.high, usual.method)
    )


def test_many_values_are_bounded_together_where_they_are_of_one_size():
    # Twenty classes have hundreds of values; bounding each by itself would say nothing.
    said, utilities, decisions, outcomes, _ = random_rows(0, 2000, 20)
    found = utility_loss(said, utilities, decisions=decisions, outcomes=outcomes).loss
    assert found.high - found.low < 2


def test_a_part_of_few_rows_is_not_sure_of_itself():
    said = np.repeat([[0.02, 0.98], [0.001, 0.999]], [5, 995], axis=0)
    found = utility_loss(said, DEAR, decisions=np.ones(1000, int), outcomes=np.ones(1000, int))
    # Five rows that earned 1 each; the next may cost 100.
    part = found.part(np.arange(1000) < 5)
    assert part.contribution.value == pytest.approx(-0.005)
    assert part.contribution.high > 0.3
    assert part.mean.high > 30
    (cell,) = found.cells().values()
    low, high = share_limits(0.005, 1000)
    assert (cell.contribution.low, cell.contribution.high) == pytest.approx((-high, -low))
    none = found.part(np.arange(1000) >= 5)
    assert none.contribution.low < none.contribution.value == 0 < none.contribution.high


def test_decisions_that_follow_the_utilities_lose_nothing_and_the_interval_knows_how_many_rows():
    said, utilities, _, outcomes, _ = random_rows(1)
    best = (said @ utilities.T).argmax(axis=1)
    found = utility_loss(said, utilities, decisions=best, outcomes=outcomes)
    assert found.loss.value == 0
    assert found.cells() == {}
    # The share of rows decided otherwise is at most 1 - 0.025^(1/400).
    share = 1 - 0.025 ** (1 / 400)
    assert found.loss.high == pytest.approx(share * np.ptp(utilities, axis=0).max())
    assert found.part(np.zeros(400, bool)) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decisions": [2]}, "decisions are 1 whole numbers from 0 to 1"),
        ({"outcomes": [0, 1]}, "outcomes are 1 whole numbers"),
        ({"weights": [0]}, "not all of them 0"),
        ({"weights": [-1]}, "1 numbers from 0"),
    ],
)
def test_bad_input_is_said_in_one_line(options, message):
    given = {"decisions": [0], "outcomes": [1], **options}
    with pytest.raises(InputError, match=message) as caught:
        utility_loss([[0.5, 0.5]], LENDING, **given)
    assert "\n" not in str(caught.value)
