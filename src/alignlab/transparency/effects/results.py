"""Effects as a result: curves and surfaces with their bands, and where there are rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart
from alignlab.errors import InputError, listed, nearest
from alignlab.transparency.effects.bands import Band
from alignlab.transparency.effects.grids import Kind
from alignlab.wording import shortened

__all__ = ["Effect", "Effects", "Method", "PairEffect"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

Method = Literal["partial dependence", "accumulated local effects"]


@dataclass(frozen=True, eq=False)
class Effect:
    """What a model's answers do along one feature.

    Attributes
    ----------
    feature
        The feature.
    columns
        Its columns.
    method
        "partial dependence" or "accumulated local effects".
    kind
        "number", "date" or "category".
    at
        The points: numbers, milliseconds since 1970, or 0, 1, ... for levels; shape (points,).
    labels
        The points as text.
    values
        The effect at each point: the mean answer (partial dependence), or its difference from the
        mean over all rows (accumulated local effects); shape (points, outputs).
    low, high
        The limits of the band, as `values`.
    counts
        The rows at each point, or nearest to it.
    complete
        Whether every row lies on a point.
    gaps
        Stretches of the axis, longer than a tenth of it, in which there is no row.
    bins, binned
        Edges of equal bins and the rows in them; empty for categories.
    explained
        The share of the feature that the others foretell; NaN where it is not known.
    outside
        Of the rows asked about at each point, the share that is unlike any in the data; shape
        (points,). It is a lower bound.
    partner
        The feature that rules most of them out, or "".
    against
        The share of rows whose own curve goes against the mean curve, one an output; NaN for
        categories and for accumulated local effects.
    individual
        The curves of some rows, shape (curves, points, outputs); none in accumulated local effects.
    individual_rows
        Whose they are: positions in the rows given.
    missing
        Rows without a value of the feature.
    unshown
        Rows with a level that is not drawn.
    accumulated
        The accumulated local effects of the same feature, where they stand beside.
    """

    feature: str
    columns: tuple[Any, ...]
    method: Method
    kind: Kind
    at: Floats
    labels: tuple[str, ...]
    values: Floats
    low: Floats
    high: Floats
    counts: Index
    complete: bool
    gaps: tuple[tuple[float, float], ...]
    bins: Floats = field(repr=False)
    binned: Index = field(repr=False)
    explained: float
    outside: Floats
    partner: str
    against: Floats
    individual: Floats = field(repr=False)
    individual_rows: Index = field(repr=False)
    missing: int
    unshown: int
    accumulated: Effect | None = None

    @property
    def centred(self) -> Floats:
        """The rows' own curves from a common start: each less its value at the first point."""
        return self.individual - self.individual[:, :1]

    @property
    def range(self) -> Floats:
        """The largest less the smallest value, one an output."""
        return np.asarray(self.values.max(axis=0) - self.values.min(axis=0))

    def spread(self, output: int = 0) -> float:
        """Return the standard deviation of the effect over the rows: how much it moves answers."""
        share = self.counts / max(self.counts.sum(), 1)
        values = self.values[:, output]
        return float(np.sqrt(share @ (values - share @ values) ** 2))

    def to_dict(self) -> dict[str, Any]:
        """Return the effect as plain values, the rows' own curves left out."""
        return {
            "feature": self.feature,
            "columns": [str(each) for each in self.columns],
            "method": self.method,
            "kind": self.kind,
            "at": self.at.tolist(),
            "labels": list(self.labels),
            "values": self.values.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "counts": self.counts.tolist(),
            "gaps": [list(gap) for gap in self.gaps],
            "explained": self.explained,
            "outside": self.outside.tolist(),
            "partner": self.partner,
            "against": self.against.tolist(),
            "missing": self.missing,
            "unshown": self.unshown,
            "accumulated": None if self.accumulated is None else self.accumulated.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class PairEffect:
    """What a model's answers do along two features at once.

    Attributes
    ----------
    features
        The two.
    method
        "partial dependence": the mean answer; "accumulated local effects": what the two do
        together beyond what each does alone.
    kinds
        "number", "date" or "category", for each.
    at, labels
        The points of each, as in `Effect`.
    values, low, high
        Shape (first points, second points, outputs).
    counts
        Rows at, or nearest to, each pair of points, shape (first points, second points): 0 where
        nobody should read.
    """

    features: tuple[str, str]
    method: Method
    kinds: tuple[Kind, Kind]
    at: tuple[Floats, Floats]
    labels: tuple[tuple[str, ...], tuple[str, ...]]
    values: Floats
    low: Floats
    high: Floats
    counts: Index

    def to_dict(self) -> dict[str, Any]:
        """Return the effect as plain values."""
        return {
            "features": list(self.features),
            "method": self.method,
            "kinds": list(self.kinds),
            "at": [each.tolist() for each in self.at],
            "labels": [list(each) for each in self.labels],
            "values": self.values.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "counts": self.counts.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Effects:
    """The effects of several features, asked for together.

    Attributes
    ----------
    method
        "partial dependence" or "accumulated local effects".
    effects
        One a feature, in the order asked for.
    pairs
        One a pair.
    outputs
        What each output is called.
    scale
        "probability", "log odds", "decision" or "value".
    band
        "simultaneous": the whole curve lies inside with the chance `level`; "pointwise": each
        point by itself does.
    level
        The level of the bands, of each feature by itself.
    rows
        The rows used.
    rows_given
        The rows given.
    evaluations
        Rows that the model was asked for.
    left_out
        Features that were not drawn, and why.
    notes
        Sentences that a reader must know.
    """

    method: Method
    effects: tuple[Effect, ...]
    pairs: tuple[PairEffect, ...]
    outputs: tuple[str, ...]
    scale: str
    band: Band
    level: float
    rows: int
    rows_given: int
    evaluations: int
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Return whose effects these are; `to_frame` has the numbers."""
        names = ", ".join(each.feature for each in self.effects)
        return f"<Effects ({self.method}, {self.rows} rows): {shortened(names)}>"

    def __getitem__(self, feature: str) -> Effect:
        """Return the effect of a feature."""
        for each in self.effects:
            if each.feature == feature:
                return each
        if feature in self.left_out:
            raise InputError(f"The feature {feature!r} was left out: {self.left_out[feature]}.")
        names = [each.feature for each in self.effects]
        raise InputError(
            f"There is no effect of {feature!r}.{nearest(str(feature), names)}"
            f" There are: {listed(names) or 'none'}."
        )

    def pair(self, first: str, second: str) -> PairEffect:
        """Return the effect of a pair."""
        for each in self.pairs:
            if set(each.features) == {first, second}:
                return each
        raise InputError(
            f"There is no effect of the pair {(first, second)!r}. Ask for it: "
            f"pairs=[({first!r}, {second!r})]."
        )

    def sentence(self, feature: str, *, output: int = 0) -> str:
        """Return what an effect looks like, in words that anybody understands."""
        from alignlab.transparency.effects.words import sentence_of

        return sentence_of(self[feature], self.scale, self.outputs[self._at(output)], output)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the effects should not be read, in words."""
        return tuple(line for each in self.effects for line in self.warnings_of(each.feature))

    def warnings_of(self, feature: str) -> tuple[str, ...]:
        """Return where the effect of one feature should not be read, in words."""
        from alignlab.transparency.effects.words import warnings_of

        return warnings_of(self[feature])

    def to_frame(self) -> pd.DataFrame:
        """Return one line a point of a feature and output."""
        from alignlab.transparency.effects.pictures import effect_rows

        return pd.DataFrame(
            [
                {"feature": each.feature, "output": name, **row}
                for each in self.effects
                for number, name in enumerate(self.outputs)
                for row in effect_rows(each, number)
            ],
            columns=["feature", "output", "at", "effect", "low", "high", "rows", "outside"],
        )

    def chart(
        self,
        feature: str | tuple[str, str],
        *,
        output: int = 0,
        individual: Literal["none", "curves", "centred"] = "none",
    ) -> Chart:
        """Draw one effect.

        Parameters
        ----------
        feature
            The feature, or a pair of features.
        output
            Which output, by position.
        individual
            Whether to draw rows' own curves, as they are or from a common start; partial dependence
            of numbers and dates only.
        """
        from alignlab.transparency.effects.pictures import effect_chart
        from alignlab.transparency.effects.surfaces import pair_chart

        output = self._at(output)
        if isinstance(feature, tuple | list) and len(feature) == 2:
            return pair_chart(self, self.pair(*feature), output)
        return effect_chart(self, self[str(feature)], output, individual)

    def charts(self, *, output: int = 0, most: int = 20) -> tuple[Chart, ...]:
        """Draw the effects, the widest first, and then the pairs."""
        output = self._at(output)
        widest = sorted(self.effects, key=lambda each: -each.spread(output))[:most]
        return (
            *(self.chart(each.feature, output=output) for each in widest),
            *(self.chart(each.features, output=output) for each in self.pairs),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "method": self.method,
            "outputs": list(self.outputs),
            "scale": self.scale,
            "band": self.band,
            "level": self.level,
            "rows": self.rows,
            "rows_given": self.rows_given,
            "evaluations": self.evaluations,
            "effects": [each.to_dict() for each in self.effects],
            "pairs": [each.to_dict() for each in self.pairs],
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))

    def _at(self, output: int) -> int:
        if isinstance(output, bool) or not isinstance(output, int | np.integer):
            raise InputError(f"output={output!r} is not a position. Give 0, 1, ...")
        if not 0 <= output < len(self.outputs):
            raise InputError(
                f"output={output} is not one of the {len(self.outputs)} outputs, from 0: "
                f"{listed(self.outputs)}."
            )
        return int(output)
