"""Which columns of a table have drifted from a reference, by how much, and whether that is chance.

For each column one statement: of numbers the t for which the share of rows with x <= t has changed
most, of categories the level whose share has, and for each column with missing cells the share that
is missing. The change is the effect, in shares of rows; its test and its interval are in `samples`.
P-values are corrected over all statements by Holm's method [holm1979simple], intervals by
Bonferroni's. A column has drifted if the first is below 1 - level and the second beyond `least`:
with many rows any change is significant, and few are worth a word [rabanser2019failing].

Columns are looked at one by one, so what changed in how they go together is not seen by this; a
classifier that tells new rows from reference rows sees it [lopezpaz2017revisiting].
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.predictors import class_text
from alignlab.random import as_generator
from alignlab.uncertainty.outliers.apart import told_apart
from alignlab.uncertainty.outliers.rows import RowNumbers, as_table, require_alike
from alignlab.uncertainty.outliers.samples import category_p_value, distance, share_change

__all__ = ["DriftResult", "FeatureDrift", "detect_drift"]

MOST_LEVELS = 30
"""The rarer levels of a column are counted together."""

OTHERS = "(other levels)"

SHOWN = 20
"""Statements in the chart; the frame has them all."""


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How one column, or its missing cells, differ from the reference.

    Attributes
    ----------
    name
        The column.
    kind
        "numbers", "categories" or "missing".
    statement
        What the largest change is about, such as "income ≤ 31".
    before, after
        The share of rows of which it is true, in the reference and in the new rows.
    change
        The size of the change, from 0 to 1, with an interval that holds for all statements.
    p_value, adjusted
        The chance of as large a difference without drift, and that corrected for all statements.
    test
        The test.
    new
        The share of new rows that hold a value the reference never does.
    drifted
        Whether it surely changed, and by more than `least`.
    """

    name: str
    kind: Literal["numbers", "categories", "missing"]
    statement: str
    before: float
    after: float
    change: Estimate
    p_value: float
    test: str
    adjusted: float = 1.0
    new: float = 0.0
    drifted: bool = False

    def __str__(self) -> str:
        """Return the statement and its shares before and after."""
        return f"{self.statement}: {self.before:.1%} → {self.after:.1%}"


@dataclass(frozen=True, eq=False)
class DriftResult:
    """How a table differs from a reference, column by column and as a whole.

    Attributes
    ----------
    features
        One entry a statement, the largest sure change first.
    apart
        How often a classifier ranks a new row above a reference row (AUC on rows that it was not
        fitted on): 0.5 where they cannot be told apart. `None` if it was not asked for, or there
        are too few rows.
    left_out
        Columns that were not compared, with the reason.
    least
        What a change must surely exceed to be called drift.
    reference_rows, rows
        How many rows were compared.
    level
        The level of all intervals together, and 1 less that of the tests.
    """

    features: tuple[FeatureDrift, ...]
    apart: Estimate | None
    left_out: dict[str, str]
    least: float
    reference_rows: int
    rows: int
    level: float

    def __len__(self) -> int:
        return len(self.features)

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """The statements that surely changed by more than `least`."""
        return tuple(each for each in self.features if each.drifted)

    @property
    def slight(self) -> tuple[FeatureDrift, ...]:
        """The statements that chance does not explain, but that need not exceed `least`."""
        sure = (each for each in self.features if each.adjusted <= 1 - self.level)
        return tuple(each for each in sure if not each.drifted)

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        found = self.drifted
        columns = len({each.name for each in self.features})
        among = f"of {columns:,} column{'s' * (columns != 1)}"
        if found:
            names = list(dict.fromkeys(each.name for each in found))
            verb = "has" if len(names) == 1 else "have"
            counts = f"what surely exceeds {100 * self.least:g} points counts"
            return f"{len(names)} {among} {verb} drifted, most of all {found[0]} ({counts})."
        if self.apart is not None and self.apart.low > 0.5:
            return (
                f"None {among} has surely drifted by more than {100 * self.least:g} points, but "
                "together the columns tell new rows from reference rows: AUC "
                f"{self.apart.value:.2f} ({self.apart.low:.2f} to {self.apart.high:.2f})."
            )
        return f"None {among} has surely drifted by more than {100 * self.least:g} points."

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each statement."""
        return pd.DataFrame(
            [
                {
                    "column": each.name,
                    "kind": each.kind,
                    "statement": each.statement,
                    "before": each.before,
                    "after": each.after,
                    "change": each.change.value,
                    "low": each.change.low,
                    "high": each.change.high,
                    "p": each.p_value,
                    "adjusted p": each.adjusted,
                    "never seen before": each.new,
                    "drifted": each.drifted,
                    "test": each.test,
                }
                for each in self.features
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "headline": self.headline,
            "features": [asdict(each) for each in self.features],
            "apart": None if self.apart is None else self.apart.to_dict(),
            "left_out": dict(self.left_out),
            "least": self.least,
            "reference_rows": self.reference_rows,
            "rows": self.rows,
            "level": self.level,
        }

    def chart(self) -> Chart:
        """Draw the change of each column, the largest first, and the least that counts."""
        rows = [
            {
                "column": f"{each.name}: missing" if each.kind == "missing" else each.name,
                "value": each.change.value,
                "low": each.change.low,
                "high": each.change.high,
                "n": each.change.n,
                "quiet": not each.drifted,
            }
            for each in self.features[:SHOWN]
        ]
        return interval_chart(
            "Which columns have drifted from the reference?",
            rows,
            x="largest change in a share of rows",
            y="column",
            reference=self.least,
            reference_label="counts as drift beyond",
            quiet_label="no sure drift",
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def detect_drift(
    reference: Any,
    X: Any,
    *,
    least: float = 0.05,
    joint: bool = True,
    level: float = 0.95,
    seed: int = 0,
) -> DriftResult:
    """Compare a table with a reference, column by column and as a whole.

    Use it on new rows before their outcomes are known. It says what changed in the rows, not
    whether the model got worse by it, which takes outcomes.

    Parameters
    ----------
    reference
        Rows that are as they should be: a data frame, (n, d) numbers, or (n, channels, H, W)
        pictures, which are described by brightness, contrast, sharpness and colour.
    X
        The new rows, in the same form and with the same columns.
    least
        The share of rows by which a statement must surely have changed to be called drift: what is
        worth a word, which no theory says.
    joint
        Whether to fit a forest to tell new rows from reference rows.
    level
        The level of all intervals together, and 1 less that of all tests together.
    seed
        Chooses redrawn tables and the forest's rows.

    Returns
    -------
    DriftResult

    Raises
    ------
    InputError
        If the columns differ, there are no rows, or a setting is out of range.

    References
    ----------
    [holm1979simple], [rabanser2019failing], [lopezpaz2017revisiting]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> homes = rng.choice(["own", "rent"], 3000)
    >>> old = pd.DataFrame({"age": rng.normal(40, 10, 2000), "home": homes[:2000]})
    >>> new = pd.DataFrame({"age": rng.normal(46, 10, 1000), "home": homes[2000:]})
    >>> for each in detect_drift(old, new, joint=False).drifted:
    ...     print(each)
    age ≤ 37.94: 44.7% → 19.2%
    """
    critical_value(level)
    if isinstance(least, bool) or not 0 <= least < 1:
        raise InputError(f"least={least!r} is not a share of rows from 0 up to 1, such as 0.05.")
    rng = as_generator(seed, "drift")
    old, new = as_table(reference, what="the reference"), as_table(X)
    require_alike(old, new)
    new = new[list(old.columns)]
    left_out = _not_comparable(old)
    compared = [name for name in old.columns if name not in left_out]
    gaps = [name for name in old.columns if old[name].isna().any() or new[name].isna().any()]
    at_once = {"level": level, "comparisons": len(compared) + len(gaps)}
    found = [_column(name, old[name], new[name], rng, at_once) for name in compared]
    found += [_missing(name, old[name], new[name], rng, at_once) for name in gaps]
    tested = _corrected([each for each in found if each is not None], least, level)
    apart = told_apart(old, new, level=level, seed=seed) if joint else None
    return DriftResult(tested, apart, left_out, float(least), len(old), len(new), level)


def _not_comparable(old: pd.DataFrame) -> dict[str, str]:
    try:
        return RowNumbers.fitted(old).left_out
    except InputError as reason:
        return {str(name): str(reason) for name in old.columns}


def _column(
    name: str, old: pd.Series[Any], new: pd.Series[Any], rng: np.random.Generator, at_once: Any
) -> FeatureDrift | None:
    """Return how the known values of a column differ; `None` where the new rows know none."""
    first, second = old.dropna(), new.dropna()
    if not len(first) or not len(second):
        return None
    if pd.api.types.is_numeric_dtype(first):
        return _numbers(name, first.to_numpy(float), second.to_numpy(float), at_once)
    values = np.concatenate([each.to_numpy(object) for each in (first, second)])
    if pd.api.types.infer_dtype(values) != "string":
        values = np.array([class_text(each) for each in values], dtype=object)
    codes, levels = pd.factorize(values, sort=True)
    counts = np.stack(
        [
            np.bincount(part, minlength=len(levels))
            for part in (codes[: len(first)], codes[len(first) :])
        ]
    )
    unseen = float(counts[1, counts[0] == 0].sum() / len(second))
    names, counts = _pooled(levels.tolist(), counts)
    p_value, test = category_p_value(counts[0], counts[1], rng)
    rows = (len(first), len(second))
    wider = {**at_once, "comparisons": at_once["comparisons"] * max(len(names), 1)}
    changes = [
        share_change((int(counts[0, at]), int(counts[1, at])), rows, **wider)
        for at in range(len(names))
    ]
    at = int(np.argmax(np.round([abs(each.value) for each in changes], 12)))  # ties by name
    sizes = [_size(each) for each in changes]
    change = replace(
        sizes[at], low=max(each.low for each in sizes), high=max(each.high for each in sizes)
    )
    before, after = (float(counts[which, at] / rows[which]) for which in (0, 1))
    statement = f"{name} = {names[at]}"
    return FeatureDrift(
        name, "categories", statement, before, after, change, p_value, test, new=unseen
    )


def _numbers(
    name: str, first: NDArray[np.float64], second: NDArray[np.float64], at_once: Any
) -> FeatureDrift:
    far = distance(first, second, **at_once)
    before, after = (float((each <= far.at).mean()) for each in (first, second))
    outside = float(((second < first.min()) | (second > first.max())).mean())
    test = f"Kolmogorov–Smirnov, {'counted' if far.exact else 'limiting law'}"
    statement = f"{name} ≤ {far.at:.4g}"
    return FeatureDrift(
        name, "numbers", statement, before, after, far.change, far.p_value, test, new=outside
    )


def _missing(
    name: str, old: pd.Series[Any], new: pd.Series[Any], rng: np.random.Generator, at_once: Any
) -> FeatureDrift:
    gone = [int(each.isna().sum()) for each in (old, new)]
    rows = (len(old), len(new))
    table = np.array([[gone[at], rows[at] - gone[at]] for at in (0, 1)])
    table = table[:, table.sum(axis=0) > 0]
    p_value, test = category_p_value(table[0], table[1], rng)
    change = _size(share_change((gone[0], gone[1]), rows, **at_once))
    before, after = (gone[at] / rows[at] for at in (0, 1))
    return FeatureDrift(name, "missing", f"{name} is missing", before, after, change, p_value, test)


def _size(change: Estimate) -> Estimate:
    """Return a change without its direction."""
    low, high = change.low, change.high
    ends = (low, high) if low > 0 else (-high, -low) if high < 0 else (0.0, max(-low, high))
    return replace(change, value=abs(change.value), low=ends[0], high=ends[1])


def _pooled(names: list[str], counts: NDArray[np.intp]) -> tuple[list[str], NDArray[np.intp]]:
    """Return levels and counts with the rarest levels counted together."""
    if len(names) <= MOST_LEVELS:
        return names, counts
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    kept = np.sort(order[: MOST_LEVELS - 1])
    rest = np.setdiff1d(order, kept)
    pooled = np.column_stack([counts[:, kept], counts[:, rest].sum(axis=1)])
    return [*(names[at] for at in kept), OTHERS], pooled


def _corrected(found: list[FeatureDrift], least: float, level: float) -> tuple[FeatureDrift, ...]:
    """Return the statements with Holm's p-values and verdicts, the largest sure change first."""
    order = sorted(range(len(found)), key=lambda at: found[at].p_value)
    largest = 0.0
    judged = []
    for rank, at in enumerate(order):
        largest = max(largest, min(1.0, (len(found) - rank) * found[at].p_value))
        sure = largest <= 1 - level and found[at].change.low > least
        judged.append(replace(found[at], adjusted=largest, drifted=sure))
    judged.sort(key=lambda each: (-each.change.low, -each.change.value, each.name))
    return tuple(judged)
