from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.audit.gaps import named_group


def decided(sizes, favoured, seed=0, **more):
    """Return predictions in which a share of each group is favoured, to the exact count."""
    rng = np.random.default_rng(seed)
    parts = []
    for k, (n, share) in enumerate(zip(sizes, favoured, strict=True)):
        d = np.repeat(["yes", "no"], [round(n * share), n - round(n * share)])
        parts.append(pd.DataFrame({"g": f"g{k}", "d": d, "y": rng.choice(["yes", "no"], n)}))
    return pd.concat(parts, ignore_index=True).assign(**more)


def audited(frame, check="fairness.selection_rate", limits=None, **options):
    stated = {"target": "y", "prediction": "d", "groups": "g", "favourable": "yes"}
    return alignlab.audit(
        predictions=frame, checks=[check], limits=limits, **{**stated, **options}
    ).finding(check)


def test_a_gap_is_held_against_the_limit_by_its_whole_interval():
    frame = decided([2000, 2000], [0.5, 0.4])
    statuses = {
        limit: audited(frame, limits={"fairness.selection_rate": limit}).status
        for limit in (0.03, 0.1, 0.2)
    }
    assert statuses == {0.03: "fail", 0.1: "not enough data", 0.2: "pass"}
    assert audited(frame).status == "measured"


def test_the_headline_is_the_widest_gap_and_the_groups_follow():
    finding = audited(decided([1000, 1000, 1000], [0.5, 0.4, 0.45]))
    assert next(iter(finding.estimates)) == "gap"
    assert finding.headline.value == pytest.approx(0.1)
    assert finding.estimates["g=g1"].value == pytest.approx(0.4)
    assert finding.estimates["ratio[g]"].value == pytest.approx(0.8)
    assert "50.0% of g = g0 and 40.0% of g = g1: 10.0 points apart" in finding.summary
    ends = f"between {100 * finding.headline.low:.1f} and {100 * finding.headline.high:.1f} points"
    assert ends in finding.summary


def test_a_gap_that_chance_would_make_is_said_to_be_one():
    finding = audited(decided([40, 40], [0.5, 0.4]))
    assert "chance alone would make about" in finding.summary


def test_every_limit_that_is_stated_widens_the_family():
    frame = decided([500, 500], [0.5, 0.4])
    one = audited(frame, limits={"fairness.selection_rate": 0.1}).headline
    stated = alignlab.audit(
        predictions=frame, target="y", prediction="d", groups="g", favourable="yes",
        limits={"fairness.selection_rate": 0.1, "fairness.accuracy": 0.1}, checks=["fairness"],
    )  # fmt: skip
    several = stated.finding("fairness.selection_rate").headline
    assert several.low < one.low
    assert several.high > one.high


def test_small_groups_are_named_and_not_judged():
    finding = audited(decided([500, 500, 5], [0.5, 0.5, 0.0]), limits={
        "fairness.selection_rate": 0.2})  # fmt: skip
    assert finding.status == "pass"
    assert "Too few rows to tell (below 30): g = g2 (5)." in finding.advice


def test_no_two_groups_to_compare_is_not_enough_data():
    finding = audited(decided([500, 5], [0.5, 0.0]), limits={"fairness.selection_rate": 0.2})
    assert finding.status == "not enough data"
    assert "No two groups" in finding.summary


def test_rows_needed_settle_an_open_pair():
    limits = {"fairness.selection_rate": 0.15}
    frame = decided([300, 300], [0.5, 0.4])
    finding = audited(frame, limits=limits)
    assert finding.status == "not enough data"
    times = int(finding.advice[0].split("about ")[1].split(" times")[0])
    assert times > 1
    assert "which are 300 and 300" in finding.advice[0]
    larger = decided([300 * times] * 2, [0.5, 0.4])
    assert audited(larger, limits=limits).status == "pass"


def test_a_control_compares_within_its_levels():
    # Species differ and breeds within a species do not.
    frame = pd.concat([
        decided([500, 500], [0.8, 0.8], kind="cat"),
        decided([500, 500], [0.2, 0.2], kind="dog").replace({"g": {"g0": "g2", "g1": "g3"}}),
    ])  # fmt: skip
    apart = audited(frame, limits={"fairness.selection_rate": 0.2})
    within = audited(frame, limits={"fairness.selection_rate": 0.2}, control="kind")
    assert apart.status == "fail"
    assert within.status == "pass"
    assert within.headline.value == 0


def test_score_checks_of_a_regression_need_no_favourable_outcome():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"g": np.repeat(["a", "b"], 400), "y": rng.normal(10, 1, 800)})
    frame["d"] = frame["y"] + rng.normal(0, 0.1, 800) + (frame["g"] == "b") * 0.5
    stated = {"target": "y", "prediction": "d", "groups": "g"}
    result = alignlab.audit(
        predictions=frame, **stated,
        limits={"fairness.calibration": 0.2, "fairness.mean_score": 5, "fairness.error": 0.2},
    )  # fmt: skip
    gap = result.finding("fairness.calibration")
    assert gap.status == "fail"
    assert gap.headline.value == pytest.approx(0.5, abs=0.03)
    assert result.finding("fairness.mean_score").status == "pass"
    assert result.finding("fairness.error").status == "fail"
    assert result.finding("fairness.selection_rate").status == "not applicable"


@pytest.mark.parametrize(("grouping", "label", "words"), [
    ("sex", "f", "sex = f"),
    ("race*sex", "Other & f", "race = Other, sex = f"),
    ("breed within species", "pug (species: dog)", "breed = pug (species: dog)"),
    ("title", "Lords & Ladies", "title = Lords & Ladies"),
])  # fmt: skip
def test_groups_are_named_with_their_columns(grouping, label, words):
    assert named_group(grouping, label) == words


def test_one_group_alone_is_no_comparison():
    for check in ("fairness.selection_rate", "fairness.four_fifths", "fairness.equalized_odds"):
        finding = audited(decided([500], [0.5]), check)
        assert finding.status == "not applicable"
        assert "only one group, g = g0" in finding.summary


def test_the_sentence_speaks_of_the_headlines_interval_under_several_groupings():
    frame = decided([800, 800, 60], [0.5, 0.4, 0.3])
    frame["h"] = frame["g"].map({"g0": "x", "g1": "y", "g2": "y"})
    finding = audited(frame, groups="g,h")
    low, high = finding.headline.low, finding.headline.high
    assert low > 0
    assert f"between {100 * low:.1f} and {100 * high:.1f} points" in finding.summary
