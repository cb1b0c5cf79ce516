"""Which parities cannot hold together here [chouldechova2017fair, eq. 2.6]."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import cells_of, compared_groupings, measure_gaps, named_group
from alignlab.charts import Table
from alignlab.fairness import SMALLEST_GROUP, Tradeoff, from_rate, tradeoff
from alignlab.intervals import Estimate

LEAST_APART = 0.005
"""FPRs that are nearer read alike, and nothing keeps them from being equal."""

COLUMNS = (
    "group", "rows", "base rate", "PPV", "FNR", "FPR", "FPR by the identity",
    "FPR if PPV and FNR were shared",
)  # fmt: skip


@check(
    "fairness.tradeoff",
    question="Which parities cannot hold together here?",
    needs=("classification", "groups", "favourable"),
    evidence=(
        "nist.measure-1.1",
        "nist.measure-2.11",
        "eu.annex-iv-2b",
        "eu.annex-iv-4",
        "iso.a-5-4",
    ),
)
def parity_tradeoff(check: Check, context: AuditContext) -> Finding:
    """Show the identity that ties base rate, PPV, FNR and FPR in every group."""
    tables = []
    groupings = compared_groupings(context)
    tables_of = [cells_of(context, each.grouping) for each in groupings]
    bases = {
        each.grouping.name: from_rate(cells.rate("base_rate"), each.grouping.labels, each.strata)
        for each, cells in zip(groupings, tables_of, strict=True)
    }
    gaps = measure_gaps(bases, context)
    estimates: dict[str, Estimate] = {"gap in base rates": gaps.largest}
    forced: list[tuple[bool, float, str]] = []
    for each, cells in zip(groupings, tables_of, strict=True):
        base = bases[each.grouping.name]
        name = each.grouping.name
        for label, estimate in base.estimates(level=context.level).items():
            estimates[f"base rate {name}={label}"] = estimate
        found = tradeoff(cells)
        labels = [*each.grouping.labels]
        sizes = cells.rows.sum(axis=(1, 2))
        tables.append(_table(name, labels, sizes, found))
        large = base.enough & np.isfinite(found.forced)
        place = {label: at for at, label in enumerate(labels)}
        for pair in gaps.by_grouping[name].pairs:
            high, low = place[pair.higher], place[pair.lower]
            if large[high] and large[low]:
                spread = abs(float(found.forced[high] - found.forced[low]))
                named = [named_group(name, labels[at]) for at in (high, low)]
                sentence = _sentence(named, base.values, found, (high, low), pair.differs)
                forced.append((pair.differs, spread, sentence))
    if not forced:
        return check.finding(
            "not enough data",
            f"No two groups have {SMALLEST_GROUP} rows to compare base rates.",
            estimates=estimates,
            tables=tuple(tables),
        )
    return check.finding(
        "measured",
        max(forced)[2],
        estimates=estimates,
        tables=tuple(tables),
        advice=(
            "Choose which parity matters here and state its limit; the others follow from the "
            "base rates.",
        ),
    )


def _sentence(
    labels: list[str], base: np.ndarray, found: Tradeoff, at: tuple[int, int], differs: bool
) -> str:
    first, second = at
    rates = (
        f"The outcome is favourable for {base[first]:.1%} of {labels[0]} and {base[second]:.1%} "
        f"of {labels[1]}"
    )
    if not differs:
        return f"{rates}, which may be chance: nothing shown here keeps the parities apart."
    one, other = found.forced[first], found.forced[second]
    if abs(one - other) < LEAST_APART:
        return f"{rates}, and still PPV, FNR and FPR can nearly be equal for both."
    return (
        f"{rates}; if a favourable decision meant the same for both (PPV) and as many of the "
        f"favourable were refused (FNR), it would go to {_percent(one)} and {_percent(other)} of "
        "the others (FPR), so not all three can be equal."
    )


def _percent(rate: float) -> str:
    return f"{rate:.1%}" if rate <= 1 else "more than 100% (impossible)"


def _table(name: str, labels: list[str], sizes: np.ndarray, found: Tradeoff) -> Table:
    columns = (
        found.base_rate, found.predictive_value, found.false_negative_rate,
        found.false_positive_rate, found.implied, found.forced,
    )  # fmt: skip
    rows = tuple(
        (label, int(sizes[g]), *(_cell(column[g]) for column in columns))
        for g, label in enumerate(labels)
    )
    return Table(f"What the identity ties together, {name}", COLUMNS, rows)


def _cell(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
