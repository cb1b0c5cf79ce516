"""What accidents do to a model's accuracy: by kind, by severity, and in one number.

Of n rows, let e_ics be 1 where the model is wrong on row i after kind c at severity s, and e_i
where it is wrong on row i as it is. Then

    error of a kind     E_c = mean over i and s of e_ics
    corruption error    mean over c of E_c
    added error         corruption error - mean over i of e_i
    relative to a baseline (mCE)    mean over c of E_c / E_c(baseline)

The last is the measure of [hendrycks2019benchmarking, sec. 3], whose baseline is AlexNet; here it
is a result of another model on the same rows, and without one nothing is divided. The limits of a
share and of a mean of shares are Clopper–Pearson's at the size that the rows' spread leaves
[korn1998confidence]; those of a difference and of a ratio come from each row's influence on it
[hampel1974influence], which pairs the two models row by row. Assumes independent rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart, line_chart
from alignlab.datasets import Grouping
from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate, mean_estimate, share_limits
from alignlab.robustness.corruption.corrupt import CORRUPTIONS
from alignlab.robustness.corruption.shift import CovariateShift

__all__ = ["CorruptionResult"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CorruptionResult:
    """What corruptions did to a model's accuracy.

    Attributes
    ----------
    kinds, severities
        What was tried and can happen to the rows; without "shift", which is in `shift`.
    wrong
        Whether the model was wrong, shape (n, kinds, severities).
    clean_wrong
        Whether it was wrong on the rows as they are, shape (n,).
    rows
        The positions of the n rows in the data.
    weights
        Their weights, shape (n,).
    refusals
        The model's words by (kind, severity) where it raised instead of answering; each of these
        rows counts as wrong.
    shift
        What covariate shift does; `None` where it was not asked for.
    level
        The level of the intervals, each by itself.
    evaluations
        Rows that the model was asked for.
    rows_given
        How many rows the data has.
    """

    kinds: tuple[str, ...]
    severities: tuple[int, ...]
    wrong: Flags
    clean_wrong: Flags
    rows: NDArray[np.intp]
    weights: Floats
    level: float
    evaluations: int
    rows_given: int
    refusals: Mapping[tuple[str, int], str] = field(default_factory=dict)
    shift: CovariateShift | None = None

    @property
    def clean(self) -> Estimate:
        """The accuracy on the rows as they are."""
        return self._share((~self.clean_wrong).astype(float))

    def accuracy(self, kind: str, severity: int) -> Estimate:
        """Return the accuracy after one kind at one severity."""
        at = self.kinds.index(require_choice(kind, self.kinds, what="kind"))
        if severity not in self.severities:
            raise InputError(f"severity={severity!r} is not one of {list(self.severities)}.")
        return self._share((~self.wrong[:, at, self.severities.index(severity)]).astype(float))

    def error_of(self, kind: str) -> Estimate:
        """Return a kind's error, the mean over severities."""
        at = self.kinds.index(require_choice(kind, self.kinds, what="kind"))
        return self._share(self.wrong[:, at].mean(axis=1))

    @property
    def error(self) -> Estimate:
        """The corruption error: the mean over kinds and severities."""
        return self._share(self._row_errors)

    @property
    def added(self) -> Estimate:
        """The error that corruption adds: the corruption error less that on rows as they are."""
        return mean_estimate(
            self._row_errors - self.clean_wrong, weights=self.weights, level=self.level
        )

    @property
    def worst(self) -> str:
        """The kind with the largest error."""
        return max(self.kinds, key=lambda kind: self.error_of(kind).value)

    @property
    def _row_errors(self) -> Floats:
        if not self.kinds:
            raise InputError("Only shift was tried, which makes no row wrong: see result.shift.")
        return np.asarray(self.wrong.mean(axis=(1, 2)))

    def by_group(self, grouping: Grouping) -> dict[str, Estimate]:
        """Return the corruption error of each group that has rows here.

        Parameters
        ----------
        grouping
            Of the rows of the data that was given.
        """
        codes, errors = grouping.codes[self.rows], self._row_errors
        return {
            grouping.labels[code]: _mean_share(
                errors[codes == code], self.weights[codes == code], self.level
            )
            for code in np.unique(codes)
        }

    def relative_to(self, baseline: CorruptionResult) -> Estimate:
        """Return the mean corruption error in units of a baseline's: below 1 is better than it.

        Parameters
        ----------
        baseline
            Another model's result for the same rows, kinds, severities and seed.

        Raises
        ------
        InputError
            If the two differ in rows, kinds or severities, or the baseline is never wrong on a
            kind, so that nothing can be divided by its error.
        """
        mine = (self.kinds, self.severities, self.rows.tolist())
        if mine != (baseline.kinds, baseline.severities, baseline.rows.tolist()):
            raise InputError(
                "The two results are not of the same rows, kinds and severities: evaluate both "
                "models with the same arguments."
            )
        share = self.weights / self.weights.sum()
        errors, others = (each.wrong.mean(axis=2) for each in (self, baseline))
        error, other = share @ errors, share @ others
        if not (other > 0).all():
            kind = self.kinds[int((other <= 0).argmax())]
            raise InputError(
                f"The baseline is never wrong on {kind}, and an error cannot be divided by 0: "
                "leave that kind out, or take a baseline that errs."
            )
        ratio = error / other
        # A row's influence on a mean of ratios of means.
        influence = ((errors - ratio * others) / other).mean(axis=1)
        spread = mean_estimate(influence, weights=self.weights, level=self.level)
        value, half = float(ratio.mean()), spread.high - spread.value
        method = "influence, paired"
        return Estimate(value, max(value - half, 0.0), value + half, self.level, len(share), method)

    def to_frame(self) -> pd.DataFrame:
        """Return one line a kind and severity: accuracy, its limits, rows, words of refusal."""
        lines = []
        for kind in self.kinds:
            for severity in self.severities:
                found = self.accuracy(kind, severity)
                words = self.refusals.get((kind, severity), "")
                lines.append((kind, severity, found.value, found.low, found.high, found.n, words))
        if self.shift is not None:
            for severity in self.severities:
                worst = self.shift.worst(severity)
                if worst is not None:
                    found = worst.accuracy
                    numbers = (found.value, found.low, found.high, found.n)
                    lines.append(("shift", severity, *numbers, ""))
        columns = ["kind", "severity", "accuracy", "low", "high", "rows", "refusal"]
        return pd.DataFrame(lines, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "clean": self.clean.to_dict(),
            "error": self.error.to_dict() if self.kinds else None,
            "added": self.added.to_dict() if self.kinds else None,
            "rows": len(self.rows),
            "rows_given": self.rows_given,
            "level": self.level,
            "evaluations": self.evaluations,
            "kinds": self.to_frame().to_dict("records"),
            "shift": None if self.shift is None else self.shift.to_dict(),
        }

    def chart(self) -> Chart:
        """Draw the accuracy against severity, one line a group of kinds (a kind, for tables)."""
        if not self.kinds and self.shift is not None:
            return self.shift.chart()
        groups: Mapping[str, Sequence[str]] = CORRUPTIONS
        if not set(self.kinds) <= {kind for kinds in CORRUPTIONS.values() for kind in kinds}:
            groups = {kind: (kind,) for kind in self.kinds}
        rows: list[dict[str, Any]] = []
        for group, kinds in groups.items():
            at = [self.kinds.index(kind) for kind in kinds if kind in self.kinds]
            if not at:
                continue
            rows.append(_point(group, 0, self.clean))
            rows += [
                _point(group, severity, self._share(1.0 - self.wrong[:, at, level].mean(axis=1)))
                for level, severity in enumerate(self.severities)
            ]
        return line_chart(
            "How accurate is the model where rows are corrupted?",
            rows,
            x="severity",
            y="accuracy",
            x_title="severity (0: as given)",
            y_title="accuracy (share)",
            series="corruption",
            band=("low", "high"),
            percent=False,
        )

    def kinds_chart(self) -> Chart:
        """Draw each kind's accuracy, the mean over severities, beside that on rows as given."""
        rows = []
        for kind in self.kinds:
            error = self.error_of(kind)
            ends = (1 - error.value, 1 - error.high, 1 - error.low, error.n)
            group = next((name for name, kinds in CORRUPTIONS.items() if kind in kinds), "table")
            row = dict(zip(("value", "low", "high", "n"), ends, strict=True))
            rows.append({"corruption": kind.replace("_", " "), "group": group, **row})
        return interval_chart(
            "Which corruptions does the model not stand?",
            rows,
            x="accuracy, mean over severities",
            y="corruption",
            facet="group" if len({row["group"] for row in rows}) > 1 else None,
            reference=self.clean.value,
            reference_label="as given",
        )

    def _share(self, values: Floats) -> Estimate:
        return _mean_share(values, self.weights, self.level)

    def _repr_html_(self) -> str:
        wide = self.to_frame().pivot(index="kind", columns="severity", values="accuracy")
        return str(wide.to_html(float_format="{:.3f}".format))


def _mean_share(values: Floats, weights: Floats, level: float) -> Estimate:
    """Return a mean of numbers from 0 to 1, with limits that such a mean cannot leave."""
    share = weights / weights.sum()
    mean = float(weights @ values / weights.sum())
    # Weights add up with a rounding error; a share of all or of none is exactly that.
    mean = 0.0 if not values.any() else 1.0 if (values == 1).all() else mean
    variance = float(np.sum((share * (values - mean)) ** 2))
    size = 1 / float(share @ share)
    if 0 < mean < 1 and variance > 0:
        size = mean * (1 - mean) / variance
    low, high = share_limits(mean, size, level=level)
    return Estimate(mean, float(low), float(high), level, len(values), "Clopper–Pearson")


def _point(group: str, severity: int, found: Estimate) -> dict[str, Any]:
    ends = {"accuracy": found.value, "low": found.low, "high": found.high}
    return {"corruption": group, "severity": severity, **ends}
