"""The four-fifths rule: no group's selection rate below 80 % of the highest [eeoc1978uniform].

The rule as written asks for two things, a ratio below four fifths and a difference that is not
chance (29 CFR 1607.4(D)). So it fails where a pair of groups surely differs (simultaneous
intervals) and its observed ratio is below the limit; it passes where the whole interval of the
smallest ratio lies above it.
"""

from dataclasses import replace

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, Status
from alignlab.audit.gaps import (
    Gaps,
    cells_of,
    compared_groupings,
    measure_gaps,
    named_group,
    rate_finding,
    too_small_note,
)
from alignlab.fairness import Pair, from_rate
from alignlab.intervals import Estimate

RULE = Limit(0.8, "at least", "smallest ratio of selection rates", "29 CFR 1607.4(D)")


@check(
    "fairness.four_fifths",
    question="Is any group chosen less than four fifths as often as another?",
    needs=("classification", "groups", "favourable"),
    limit=RULE,
    limit_range=(0.5, 1),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def four_fifths(check: Check, context: AuditContext) -> Finding:
    """Hold the ratio of selection rates against four fifths."""
    values = {
        each.grouping.name: from_rate(
            cells_of(context, each.grouping).rate("selection_rate"),
            each.grouping.labels,
            each.strata,
        )
        for each in compared_groupings(context)
    }
    gaps = measure_gaps(values, context)
    limit = check.limit_in(context) or RULE
    below = [
        (name, pair)
        for name, each in gaps.comparable.items()
        for pair in each.pairs
        # 0.36 / 0.45 is four fifths, and a little less in floating point.
        if pair.differs and pair.ratio < limit.value * (1 - 1e-9)
    ]
    finding = rate_finding(check, context, gaps, "selection_rate")
    if finding.status == "not applicable":
        return finding
    ratios = {f"ratio[{name}]": found.ratio for name, found in gaps.by_grouping.items()}
    known = [found.ratio for found in gaps.comparable.values()] or list(ratios.values())
    smallest = min(known, key=lambda ratio: ratio.value)
    if gaps.comparable:
        # All groupings' intervals hold at once, so the smallest ends bound the smallest ratio.
        smallest = replace(smallest, low=min(r.low for r in known), high=min(r.high for r in known))
    return replace(
        finding,
        status=_status(gaps, below, limit),
        summary=_summary(gaps, below, limit),
        estimates={"ratio": smallest, **ratios, **_by_group(finding)},
        advice=_advice(gaps, below, limit),
    )


def _status(gaps: Gaps, below: list[tuple[str, Pair]], limit: Limit) -> Status:
    if below:
        return "fail"
    compared = gaps.comparable.values()
    if compared and all(each.ratio.low >= limit.value for each in compared):
        return "pass"
    return "not enough data"


def _summary(gaps: Gaps, below: list[tuple[str, Pair]], limit: Limit) -> str:
    if not gaps.comparable:
        return f"No two groups have enough rows to be compared. {too_small_note(gaps)}".strip()
    if below:
        name, pair = min(below, key=lambda each: each[1].ratio)
        more = f" ({len(below)} such pairs)" if len(below) > 1 else ""
        return (
            f"The favourable decision goes to {named_group(name, pair.lower)} {pair.ratio:.2f} "
            f"times as often as to {named_group(name, pair.higher)}: below {limit.value:g}, and "
            f"the difference is not chance, the two things that the rule asks{more}."
        )
    name, pair = min(
        ((name, pair) for name, each in gaps.comparable.items() for pair in each.pairs),
        key=lambda each: each[1].ratio,
    )
    low = min(each.ratio.low for each in gaps.comparable.values())
    tail = (
        "the whole interval lies above it"
        if low >= limit.value
        else f"the smallest ratio could be as low as {low:.3f}, so more rows are needed to tell"
    )
    return (
        f"The favourable decision goes to {named_group(name, pair.lower)} {pair.ratio:.2f} times "
        f"as often as to {named_group(name, pair.higher)}, against a limit of {limit.value:g}; "
        f"{tail}."
    )


def _advice(gaps: Gaps, below: list[tuple[str, Pair]], limit: Limit) -> tuple[str, ...]:
    advice = []
    if below:
        advice.append(
            "Look at fairness.true_positive_rate: a ratio below four fifths with equal TPR comes "
            "from unequal base rates, with unequal TPR from the model."
        )
    elif gaps.comparable and min(e.ratio.low for e in gaps.comparable.values()) < limit.value:
        advice.append(_rows_needed(gaps, limit))
    note = too_small_note(gaps)
    return (*advice, note) if note and gaps.comparable else tuple(advice)


def _rows_needed(gaps: Gaps, limit: Limit) -> str:
    """Say roughly how many times the rows would settle the least sure grouping."""
    name, found = min(gaps.comparable.items(), key=lambda each: each[1].ratio.low)
    pair = min(found.pairs, key=lambda each: each.ratio)
    if pair.ratio > limit.value:
        # On the logarithm's scale the interval shrinks evenly until its end reaches the limit.
        width, room = (
            np.log(pair.ratio / max(found.ratio.low, 1e-6)),
            np.log(pair.ratio / limit.value),
        )
    else:
        width, room = pair.difference.value - pair.difference.low, pair.difference.value
    both = f"{named_group(name, pair.higher)} and {named_group(name, pair.lower)}"
    if room < width / 10:
        return f"{both} lie at the limit itself; more rows may not settle it."
    times = int(np.ceil((width / room) ** 2))
    return f"To tell {both} apart or alike, bring about {times} times as many rows of them."


def _by_group(finding: Finding) -> dict[str, Estimate]:
    return {name: e for name, e in finding.estimates.items() if "=" in name}
