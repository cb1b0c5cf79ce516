"""Which parities cannot hold together here [chouldechova2017fair, eq. 2.6]."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import cells_of, compared_groupings, named_group
from alignlab.charts import Table
from alignlab.fairness import SMALLEST_GROUP, Tradeoff, from_rate, tradeoff
from alignlab.intervals import Estimate

LEAST_APART = 0.005
"""FPRs that are nearer read alike in per cent, and nothing keeps them from being equal."""

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
    estimates: dict[str, Estimate] = {}
    forced: list[tuple[float, str]] = []
    for each in compared_groupings(context):
        cells = cells_of(context, each.grouping)
        base = from_rate(cells.rate("base_rate"), each.grouping.labels)
        name = each.grouping.name
        for label, estimate in base.estimates(level=context.level).items():
            estimates[f"base rate {name}={label}"] = estimate
        found = tradeoff(cells)
        labels = [*each.grouping.labels]
        sizes = cells.rows.sum(axis=(1, 2))
        tables.append(_table(name, labels, sizes, found))
        large = base.enough & np.isfinite(found.forced)
        named = [named_group(name, label) for label in labels]
        for stratum in np.unique(each.strata):
            order = np.flatnonzero(large & (each.strata == stratum))
            if len(order) > 1:
                order = order[np.argsort(found.forced[order], kind="stable")]
                low, high = order[0], order[-1]
                spread = float(found.forced[high] - found.forced[low])
                forced.append((spread, _sentence(named, base.values, found, high, low)))
    if not forced:
        return check.finding(
            "not enough data",
            f"No two groups have {SMALLEST_GROUP} rows to compare base rates.",
            estimates=estimates,
            tables=tuple(tables),
        )
    return check.finding(
        "measured",
        max(forced)[1],
        estimates=estimates,
        tables=tuple(tables),
        advice=(
            "Choose which parity matters here and state its limit; the others follow from the "
            "base rates.",
        ),
    )


def _sentence(
    labels: list[str], base: np.ndarray, found: Tradeoff, high: np.intp, low: np.intp
) -> str:
    alike = found.forced[high] - found.forced[low] < LEAST_APART
    end = "so here all three can nearly be equal" if alike else "so not all three can be equal"
    return (
        f"The outcome is favourable for {base[high]:.0%} of {labels[high]} and {base[low]:.0%} of "
        f"{labels[low]}; with PPV and FNR shared, their FPR would have to be "
        f"{_percent(found.forced[high])} and {_percent(found.forced[low])}, {end}."
    )


def _percent(rate: float) -> str:
    return f"{rate:.0%}" if rate <= 1 else "more than 100%, which none can be,"


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
