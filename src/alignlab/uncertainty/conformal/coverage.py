"""What coverage a calibration set lets one expect, and whether the one observed is surprising.

Of m exchangeable test rows whose cell has n calibration scores and the rank k, the number covered
is Beta-binomial,

    P(H = h) = C(m, h) B(k + h, n + 1 - k + m - h) / B(k, n + 1 - k)

[vovk2012conditional, prop. 2a], [angelopoulos2023gentle, app. C]; over several cells it is their
convolution, since each cell has calibration rows of its own. The binomial, with the coverage fixed
at the level, is too narrow: it forgets that the calibration rows are a sample as well. The p-value
is twice the smaller tail. Rows that score just the threshold are covered, and not all of them would
be if ties were broken by lot: so they count as covered in the lower tail and as not covered in the
upper one, and the test keeps its size whatever is tied. By group the p-values are adjusted as in
[holm1979simple].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.families import holm
from alignlab.intervals import Estimate, beta_binomial, share_estimate
from alignlab.tables import Table
from alignlab.uncertainty.conformal.cells import CellScores
from alignlab.uncertainty.conformal.ranks import (
    Level,
    conformal_rank,
    expected_coverage,
    level_value,
)

__all__ = [
    "CoverageReport",
    "GroupCoverage",
    "coverage_p_value",
    "coverage_report",
    "expected_in_cells",
]

Floats = NDArray[np.float64]

SUMMED_DIRECTLY = 10**7
"""Longer products go through the Fourier transform, which is exact to about 1e-16."""


@dataclass(frozen=True, slots=True)
class GroupCoverage:
    """One group's sets held against what happened.

    Attributes
    ----------
    group
        The group; "all rows" for the whole.
    rows
        Its test rows.
    observed
        The share whose set held the truth, with its exact interval.
    expected
        The mean of that share under the promise.
    p_value
        Of a coverage this far from the expected, if the rows are exchangeable with the
        calibration rows of their cells.
    adjusted
        The p-value, adjusted for the number of groups.
    size
        The mean number of classes, or the median width.
    """

    group: str
    rows: int
    observed: Estimate
    expected: float
    p_value: float
    adjusted: float
    size: float

    @property
    def short(self) -> bool:
        """Whether it is surely covered less often than expected."""
        surprising = self.adjusted < 1 - self.observed.level
        return surprising and self.observed.value < self.expected


@dataclass(frozen=True, eq=False, repr=False)
class CoverageReport:
    """Sets or intervals held against what happened.

    Attributes
    ----------
    level
        The coverage promised.
    overall
        All rows.
    expected
        The coverage to expect from this calibration set, before any test row.
    groups
        The groups looked at; empty if none.
    empty, single, full
        The shares of sets with no class, one, and all of them. Of intervals: with infinite ends
        in `full`, and 0 in the others.
    unit
        "classes" or "width".
    tied
        Whether rows scored exactly the threshold: coverage above the expected may then be theirs.
    """

    level: float
    overall: GroupCoverage
    expected: Estimate
    groups: tuple[GroupCoverage, ...]
    empty: float
    single: float
    full: float
    unit: str
    tied: bool

    @property
    def observed(self) -> Estimate:
        """The share of rows whose set held the truth, with its exact interval."""
        return self.overall.observed

    @property
    def p_value(self) -> float:
        """Of a coverage this far from the expected."""
        return self.overall.p_value

    @property
    def surprising(self) -> bool:
        """Whether the coverage is not what exchangeable rows would give."""
        return self.p_value < 1 - self.observed.level

    @property
    def short(self) -> tuple[str, ...]:
        """The groups that are surely covered less often than expected."""
        return tuple(each.group for each in self.groups if each.short)

    @property
    def size_ratio(self) -> float:
        """The largest group's size over the smallest's: who gets the less telling answers."""
        sizes = [each.size for each in self.groups]
        if not sizes or np.isinf(min(sizes)):
            return 1.0
        return max(sizes) / min(sizes) if min(sizes) > 0 else float("inf")

    @property
    def summary(self) -> str:
        """One sentence on coverage, and one on groups where some fall short."""
        seen = self.overall
        what = "sets" if self.unit == "classes" else "intervals"
        verdict = "a surprise" if self.surprising else "no surprise"
        said = (
            f"The {what} held the truth in {seen.observed.value:.1%} of {seen.rows:,} rows, where "
            f"{seen.expected:.1%} was to be expected: {verdict} (p = {seen.p_value:.2g})."
        )
        if self.short:
            worst = sorted((each for each in self.groups if each.short), key=_coverage)
            named = ", ".join(f"{each.group} ({each.observed.value:.1%})" for each in worst[:5])
            more = f" and {len(worst) - 5} more" if len(worst) > 5 else ""
            said += f" They surely fall short for {named}{more}."
        return said

    def __str__(self) -> str:
        return self.summary

    def __repr__(self) -> str:
        """Return the sentence; `to_frame` has the numbers."""
        return f"<CoverageReport at {self.level}: {self.summary}>"

    def to_table(self, title: str = "Coverage") -> Table:
        """Return one row for all rows and one for each group."""
        size = "mean set size" if self.unit == "classes" else "median width"
        columns = (
            "group", "rows", "covered", "low", "high", "expected", "p-value", "adjusted", size,
        )  # fmt: skip
        rows = tuple(
            (
                each.group, each.rows, each.observed.value, each.observed.low, each.observed.high,
                each.expected, each.p_value, each.adjusted, each.size,
            )
            for each in (self.overall, *self.groups)
        )  # fmt: skip
        return Table(title, columns, rows)

    def to_frame(self) -> Any:
        """Return one row for all rows and one for each group."""
        return self.to_table().to_frame()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "level": self.level,
            "observed": self.observed.to_dict(),
            "expected": self.expected.to_dict(),
            "p_value": self.p_value,
            "groups": self.to_table().to_dict()["rows"][1:],
            "columns": list(self.to_table().columns),
            "empty": self.empty,
            "single": self.single,
            "full": self.full,
            "size_ratio": self.size_ratio,
            "tied": self.tied,
            "summary": self.summary,
        }

    def chart(self, question: str = "Is the promise kept for every group?") -> Chart:
        """Draw the coverage of all rows and of each group against the level."""
        rows = [
            {
                "group": each.group,
                "value": each.observed.value,
                "low": each.observed.low,
                "high": each.observed.high,
                "n": each.rows,
            }
            for each in (self.overall, *self.groups)
        ]
        return interval_chart(
            question,
            rows,
            x="covered (share of rows whose set holds the truth)",
            reference=self.level,
            reference_label=f"promised: {self.level:.0%}",
        )


def coverage_p_value(
    hits: int, rows: int, calibration: int, level: Level, *, below: int | None = None
) -> float:
    """Return how surprising it is that `hits` of `rows` test rows were covered.

    Parameters
    ----------
    hits, rows
        Test rows covered, and all of them.
    calibration
        The number of calibration rows.
    level
        The coverage promised.
    below
        How many of the hits scored less than the threshold, and not just as much; by default all.

    Returns
    -------
    float
        Twice the smaller tail of the Beta-binomial distribution, at most 1. Exact: under
        exchangeability it is below any bound with at most that probability, ties or not.

    Examples
    --------
    Twenty calibration rows are a small sample: 80 of 100 is within what they allow.

    >>> round(coverage_p_value(80, 100, 20, 0.9), 3), round(coverage_p_value(80, 100, 2000, 0.9), 3)
    (0.182, 0.005)
    """
    if not 0 <= hits <= rows:
        raise InputError(f"hits={hits} is not from 0 to rows={rows}.")
    if below is not None and not 0 <= below <= hits:
        raise InputError(f"below={below} is not from 0 to hits={hits}.")
    ranks = [conformal_rank(calibration, level)]
    chances = _hit_chances(np.array([rows]), np.array([calibration]), ranks)
    return _p_value(hits, hits if below is None else below, chances)


def expected_in_cells(cells: CellScores, level: Level, *, confidence: float = 0.95) -> Estimate:
    """Return the coverage to expect of rows spread over the cells as the calibration rows are."""
    if len(cells.labels) == 1:
        return expected_coverage(len(cells.scores), level, confidence=confidence)
    share = cells.sizes / cells.sizes.sum()
    each = [expected_coverage(int(n), level, confidence=confidence) for n in cells.sizes]
    mean = float(share @ [one.value for one in each])
    spread = float(share**2 @ [one.value * (1 - one.value) / (one.n + 2) for one in each])
    n = len(cells.scores)
    if spread == 0:
        return Estimate(mean, mean, mean, confidence, n, "everything is in the set: too few rows")
    size = mean * (1 - mean) / spread - 1
    tail = (1 - confidence) / 2
    low, high = special.betaincinv(mean * size, (1 - mean) * size, [tail, 1 - tail])
    words = f"Beta by mean and variance over {len(cells.labels)} cells"
    return Estimate(mean, float(low), float(high), confidence, n, words)


def coverage_report(
    inside: NDArray[np.bool_],
    below: NDArray[np.bool_],
    sizes: NDArray[Any],
    cells: CellScores,
    codes: NDArray[np.intp],
    *,
    level: Level,
    groups: tuple[NDArray[np.intp], tuple[str, ...]] | None = None,
    n_classes: int | None = None,
    confidence: float = 0.95,
) -> CoverageReport:
    """Hold sets against what happened.

    Parameters
    ----------
    inside
        Whether each row's set held the truth, shape (n,).
    below
        Whether the truth scored less than the threshold, and not just as much, shape (n,).
    sizes
        The sets' sizes or the intervals' widths, shape (n,).
    cells, codes
        The calibration scores, and each row's cell; -1 where it has none.
    level
        The coverage promised.
    groups
        Each row's group and the groups' names.
    n_classes
        How many classes there are; `None` for intervals.
    confidence
        The level of the intervals and, less it, of the verdicts.
    """
    if not len(inside):
        raise InputError("There is no row to check. Give rows with their outcomes.")
    codes_of, names = groups if groups is not None else (np.zeros(len(inside), dtype=np.intp), ())
    ranks = [*cells.ranks(level), None]
    counts = np.append(cells.sizes, 0)

    def one(name: str, member: NDArray[np.bool_] | slice) -> GroupCoverage:
        found = inside[member]
        rows, hits = len(found), int(found.sum())
        spread = np.bincount(codes[member] % len(counts), minlength=len(counts))
        chances = _hit_chances(spread, counts, ranks)
        means = [1.0 if k is None else k / (n + 1) for k, n in zip(ranks, counts, strict=True)]
        p_value = _p_value(hits, int(below[member].sum()), chances)
        measure = np.median if n_classes is None else np.mean
        return GroupCoverage(
            name,
            rows,
            share_estimate(hits / rows, rows, rows=rows, level=confidence),
            float(spread @ means) / rows,
            p_value,
            p_value,
            float(measure(sizes[member])),
        )

    by_group = [one(name, codes_of == at) for at, name in enumerate(names)]
    adjusted = holm([each.p_value for each in by_group])
    full = np.isinf(sizes) if n_classes is None else sizes == n_classes
    return CoverageReport(
        level=level_value(level),
        overall=one("all rows", slice(None)),
        expected=expected_in_cells(cells, level, confidence=confidence),
        groups=tuple(
            GroupCoverage(
                each.group, each.rows, each.observed, each.expected, each.p_value, p, each.size
            )
            for each, p in zip(by_group, adjusted, strict=True)
        ),
        empty=float(np.mean(sizes == 0)) if n_classes else 0.0,
        single=float(np.mean(sizes == 1)) if n_classes else 0.0,
        full=float(full.mean()),
        unit="width" if n_classes is None else "classes",
        tied=bool((inside & ~below).any()),
    )


def _hit_chances(
    rows: NDArray[np.intp], calibration: NDArray[np.intp], ranks: list[int | None]
) -> Floats:
    """Return the chance of every number of hits, from 0 to all rows."""
    chances = np.ones(1)
    for m, n, rank in zip(rows.tolist(), calibration.tolist(), ranks, strict=True):
        if not m:
            continue
        full = np.append(np.zeros(m), 1.0)
        part = full if rank is None else beta_binomial(m, rank, n + 1 - rank)
        chances = _convolved(chances, part)
    return chances


def _convolved(first: Floats, second: Floats) -> Floats:
    if len(first) * len(second) < SUMMED_DIRECTLY:
        return np.convolve(first, second)
    from scipy.signal import fftconvolve

    return np.clip(fftconvolve(first, second), 0, 1)


def _p_value(hits: int, below: int, chances: Floats) -> float:
    lower = float(chances[: hits + 1].sum())
    upper = float(chances[below:].sum())
    return min(1.0, 2 * min(lower, upper))


def _coverage(group: GroupCoverage) -> float:
    return group.observed.value
