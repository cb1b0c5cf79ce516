import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.audit.finding import STATUSES, Finding, Limit, verdict, worst
from alignlab.errors import InputError
from alignlab.intervals import Estimate


def between(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.95, 100, "exact")


@pytest.mark.parametrize(
    ("side", "low", "high", "status"),
    [
        ("at most", 0.01, 0.05, "pass"),
        ("at most", 0.10, 0.20, "not enough data"),
        ("at most", 0.11, 0.20, "fail"),
        ("at least", 0.10, 0.20, "pass"),
        ("at least", 0.05, 0.10, "not enough data"),
        ("at least", 0.01, 0.09, "fail"),
    ],
)
def test_the_whole_interval_decides(side, low, high, status):
    assert verdict(between(low, high), Limit(0.10, side, "gap")) == status


def test_without_a_limit_nothing_passes_or_fails():
    assert verdict(between(0, 1), None) == "measured"


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1))
def test_no_interval_passes_both_sides_unless_it_is_the_limit(low, width, limit):
    estimate = between(low, low + width)
    both = {verdict(estimate, Limit(limit, side, "x")) for side in ("at most", "at least")}
    assert both != {"fail"}
    if both == {"pass"}:
        assert estimate.low == estimate.high == limit


@given(st.lists(st.sampled_from(STATUSES), min_size=1))
def test_a_fail_is_not_traded_for_a_pass(statuses):
    assert (worst(statuses) == "fail") == ("fail" in statuses)


def test_the_worst_of_nothing_is_refused():
    with pytest.raises(InputError, match="no comparison"):
        worst([])


def test_the_first_estimate_is_the_headline():
    estimates = {"gap": between(0, 0.1), "ratio": between(0.8, 1)}
    finding = Finding("fairness.x", "fairness", "?", "measured", "s", estimates)
    assert finding.headline is estimates["gap"]
    assert Finding("fairness.x", "fairness", "?", "measured", "s").headline is None
    assert finding.to_dict()["estimates"]["gap"]["high"] == 0.1


def test_a_shell_shows_the_check_the_status_and_the_sentence():
    finding = Finding("fairness.x", "fairness", "Is it?", "fail", "It is.", {"gap": between(0, 1)})
    assert repr(finding) == "<Finding fairness.x: fail: It is.>"
