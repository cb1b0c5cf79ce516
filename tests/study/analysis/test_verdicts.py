from __future__ import annotations

import pytest

from alignlab.intervals import Estimate
from alignlab.study.analysis.verdicts import said_estimate, verdict


def judged(low, high, *, direction="greater", p=0.3, level=0.95, smallest=0.1):
    return verdict(
        Estimate((low + high) / 2, low, high, level, 10, "t"),
        direction=direction,
        smallest=smallest,
        p_adjusted=p,
        alpha=0.05,
        what="score, new less old",
    )


@pytest.mark.parametrize(
    ("low", "high", "direction", "kind", "words"),
    [
        (0.11, 0.2, "greater", "supported", "at least the 0.1 that would matter"),
        (0.01, 0.2, "greater", "supported", "may be more or less than the 0.1"),
        (0.01, 0.05, "greater", "supported", "less than the 0.1 that would matter"),
        (-0.05, 0.2, "greater", "cannot tell", "holds both 0 and the 0.1 that would matter"),
        (-0.05, 0.099, "greater", "not supported", "rules out the 0.1 that would matter"),
        (-0.05, 0.101, "greater", "cannot tell", "holds both 0 and"),
        (-0.2, -0.05, "greater", "not supported", "but the contrary"),
        (-0.2, -0.11, "less", "supported", "in size at least the 0.1"),
        (-0.2, -0.01, "less", "supported", "which may be in size more or less than the 0.1"),
        (-0.2, 0.05, "less", "cannot tell", "holds both 0 and the −0.1 that would matter"),
        (-0.05, 0.2, "less", "not supported", "rules out the −0.1 that would matter"),
        (0.05, 0.2, "less", "not supported", "but the contrary"),
        (-0.2, -0.11, "different", "supported", "at least the 0.1"),
        (0.01, 0.2, "different", "supported", "more or less"),
        (-0.05, 0.05, "different", "not supported", "nearer 0 than the 0.1"),
        (-0.15, 0.05, "different", "cannot tell", "holds both 0 and the −0.1 that"),
        (-0.05, 0.101, "different", "cannot tell", "holds both 0 and the 0.1 that"),
        (-0.15, 0.101, "different", "cannot tell", "holds both 0 and the ±0.1 that"),
        (-0.05, 0.05, "equivalent", "supported", "within ±0.1"),
        (0.02, 0.05, "equivalent", "supported", "within ±0.1"),
        (0.12, 0.2, "equivalent", "not supported", "beyond ±0.1"),
        (-0.05, 0.2, "equivalent", "cannot tell", "within ±0.1 and beyond"),
    ],
)
def test_by_the_interval_and_what_would_matter(low, high, direction, kind, words):
    found = judged(low, high, direction=direction)
    assert found.kind == kind
    assert words in found.sentence
    assert found.sentence.startswith(
        {"supported": "Supported", "not supported": "Not supported"}.get(
            kind, "The study cannot tell"
        )
    )


def test_that_nothing_is_shown_is_never_no_effect():
    for direction in ("greater", "less", "different", "equivalent"):
        found = judged(-0.5, 0.6, direction=direction)
        assert found.kind == "cannot tell"
        assert "no effect" not in found.sentence


def test_the_verdict_is_the_intervals_and_where_holms_test_is_sharper_that_is_said():
    found = judged(-0.01, 0.2, p=0.04)
    assert found.kind == "cannot tell"
    assert found.sentence.endswith(
        "Holm's test alone, which is sharper than intervals that hold together, finds it above 0."
    )
    assert "Holm" not in judged(-0.01, 0.2, p=0.06).sentence
    assert "Holm" not in judged(0.01, 0.2).sentence
    assert "Holm" in judged(-0.01, 0.11, direction="equivalent", p=0.04).sentence


@pytest.mark.parametrize(
    ("low", "high", "direction", "finds"),
    [
        (-0.2, 0.01, "greater", "below 0"),
        (-0.2, 0.01, "less", "below 0"),
        (-0.01, 0.2, "less", "above 0"),
        (-0.2, 0.01, "different", "below 0"),
        (-0.05, 0.101, "equivalent", "within ±0.1"),
    ],
)
def test_what_holms_test_alone_finds_is_named(low, high, direction, finds):
    """Where a rise was expected and it finds a fall, it does not find what was expected."""
    assert judged(low, high, direction=direction, p=0.04).sentence.endswith(f"finds it {finds}.")


def test_no_limit_is_rounded_to_the_other_side_of_what_the_sentence_says():
    assert "[0.0004, 0.080]" in judged(0.0004, 0.08).sentence
    assert "[−0.0004, 0.20]" in judged(-0.0004, 0.2).sentence
    within = judged(-0.05, 0.09996).sentence
    assert "[−0.050, 0.09996]" in within
    assert "rules out the 0.1" in within
    assert "[0.100, 0.200]" in judged(0.1, 0.2).sentence


def test_without_an_interval_the_reason_is_said():
    nan = float("nan")
    found = verdict(
        Estimate(0.2, nan, nan, 0.95, 1, "no interval: there is one replicate"),
        direction="greater", smallest=0.1, p_adjusted=nan, alpha=0.05, what="score",
    )  # fmt: skip
    assert found.kind == "cannot tell"
    assert found.sentence == (
        "The study cannot tell: score, has no interval, there is one replicate; it was 0.2."
    )


def test_numbers_as_people_write_them():
    assert said_estimate(Estimate(-0.0001, -0.02, 0.01, 0.9, 3, "t"), "points") == (
        "0.000 points, 90% CI [−0.020, 0.010]"
    )
    assert said_estimate(Estimate(1234.5, 1000, 1469, 0.95, 3, "t")) == (
        "1,234, 95% CI [1,000, 1,469]"
    )
