import math

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.study.literature.recall import estimate_recall, recall_of
from alignlab.study.literature.screening import Decision, Screening
from alignlab.study.literature.works import Work


def test_when_all_is_screened_nothing_is_missed():
    found = estimate_recall(papers=50, undecided=0, found=7, sampled=5, relevant=1)
    assert (found.estimate.value, found.estimate.low, found.estimate.high) == (1, 1, 1)
    assert "Nothing is left" in str(found)


def test_by_hand():
    """Of 10 papers 5 drawn, none relevant; 3 were found elsewhere, 2 undecided."""
    found = estimate_recall(papers=10, undecided=2, found=3, sampled=5, relevant=0, level=0.9)
    # With K relevant, none of 5 drawn has the chance C(10 - K, 5) / C(10, 5); at K = 4 it is 6/252.
    assert math.comb(6, 5) / math.comb(10, 5) < 0.05 < math.comb(7, 5) / math.comb(10, 5)
    assert found.missed.high == 0
    assert found.estimate.low == 1


@pytest.mark.parametrize("relevant", [4, 20, 60])
def test_the_interval_covers_whoever_chose_the_others(relevant):
    """The rest is chosen by looking at the truth, and people stop when it seems enough."""
    rng = np.random.default_rng(relevant)
    n, draws, covered = 400, 150, 0
    truth = np.arange(n) < relevant
    for _ in range(draws):
        sample = rng.permutation(n)[:40]
        seen = np.zeros(n, bool)
        seen[sample] = True
        others = np.flatnonzero(~seen)
        chance = np.where(truth[others], 5.0, 1.0)
        seen[rng.choice(others, 120, replace=False, p=chance / chance.sum())] = True
        found = estimate_recall(
            papers=n, undecided=int((~seen).sum()), found=int(truth[seen].sum()),
            sampled=40, relevant=int(truth[sample].sum()),
        )  # fmt: skip
        recall = truth[seen].sum() / relevant
        low, high = found.estimate.low, found.estimate.high
        covered += recall == 0 or (low - 1e-12 <= recall <= high + 1e-12)
    assert covered >= stats.binom.ppf(0.001, draws, 0.95)


def test_the_sample_counts_up_to_the_first_that_is_not_decided():
    papers = tuple(Work(key=f"p{n}", title="t") for n in range(10))
    said = {key: Decision("include") for key in ("p0", "p1", "p3")}
    found = recall_of(Screening(papers, {"ana": said}), ("p0", "p1", "p2", "p3"))
    assert (found.sampled, found.relevant, found.waiting, found.found) == (2, 2, 1, 3)
    assert "nobody knows" in str(recall_of(Screening(papers, {"ana": {}}), ("p0",)))


def test_without_a_sample_nothing_is_estimated():
    found = estimate_recall(papers=100, undecided=50, found=10, sampled=0, relevant=0)
    assert math.isnan(found.estimate.value)
    assert math.isnan(found.missed.value)
    assert (found.estimate.low, found.estimate.high) == (10 / 60, 1)
    empty = estimate_recall(papers=0, undecided=0, found=0, sampled=0, relevant=0)
    assert empty.missed.high == 0
    assert "Nothing is left" in str(empty)


def test_not_all_is_never_written_100_percent():
    found = estimate_recall(papers=9020, undecided=20, found=599, sampled=9000, relevant=599)
    assert found.missed.value > 0
    assert "an estimated 99.8% of the relevant ones, between 99% and 100%" in str(found)


def test_counts_that_do_not_fit():
    with pytest.raises(InputError, match="do not fit"):
        estimate_recall(papers=10, undecided=8, found=1, sampled=3, relevant=2)
