"""How accuracy falls as an attacker may do more: from below by certificates, from above by attacks.

A row that is broken within a radius is broken within every larger one, so each radius begins with
the witnesses of the one before it and pays only for rows that still stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.robustness.evaluation import evaluate_robustness
from alignlab.robustness.results import RobustnessResult
from alignlab.robustness.threats import Threat

__all__ = ["RobustnessCurve", "robustness_curve"]


class Growing(Threat, Protocol):
    """A threat that can be given another radius."""

    def with_radius(self, radius: float) -> Threat:
        """Return the same threat with another radius."""
        ...


@dataclass(frozen=True, eq=False)
class RobustnessCurve:
    """What was found within each radius.

    Attributes
    ----------
    results
        One for each radius, ascending.
    """

    results: tuple[RobustnessResult, ...]

    @property
    def reliable(self) -> bool:
        """Whether no radius gave a sign of attacks that could not see."""
        return all(result.reliable for result in self.results)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each radius: what is not broken, and what is certified."""
        return pd.DataFrame(
            [
                {
                    "radius": each.radius,
                    "not broken": each.robust_accuracy.value,
                    "low": each.robust_accuracy.low,
                    "high": each.robust_accuracy.high,
                    "certified": each.certified_accuracy.value,
                }
                for each in self.results
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the results as plain values."""
        return {"results": [each.to_dict() for each in self.results]}

    def chart(self) -> Chart:
        """Draw accuracy against the radius, with the certified share below it if there is one."""
        certified = any(each.certificate for each in self.results if each.radius > 0)
        rows = [
            {"rows": name, "radius": each.radius, "share": e.value, "low": e.low, "high": e.high}
            for name in ("not broken", *["certified"] * certified)
            for each in self.results
            for e in [each.robust_accuracy if name == "not broken" else each.certified_accuracy]
        ]
        return line_chart(
            "How far can a row be moved before the model is wrong?",
            rows,
            x="radius",
            y="share",
            x_title="radius",
            y_title="share of rows",
            series="rows",
            band=("low", "high"),
            percent="y",
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))


def robustness_curve(
    model: Any, X: Any, y: Any, threat: Growing, radii: Sequence[float], **options: Any
) -> RobustnessCurve:
    """Evaluate a model within several radii, for little more than the cost of one.

    Parameters
    ----------
    model, X, y, threat
        As for `evaluate_robustness`; the threat's own radius is not used.
    radii
        Radii, from 0.
    **options
        Further options of `evaluate_robustness`. `seconds` holds for each radius.

    Returns
    -------
    RobustnessCurve

    Raises
    ------
    InputError
        If there is no radius, or something else given cannot be used.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from alignlab.robustness.threats import Linf
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X, y)
    >>> curve = robustness_curve(model, X, y, Linf(0.1, low=0, high=8), [0, 0.2])
    >>> list(curve.to_frame()["radius"])
    [0.0, 0.2]
    """
    if not len(radii):
        raise InputError("radii= names no radius. Give some, such as radii=[0, 0.05, 0.1].")
    results: list[RobustnessResult] = []
    for radius in sorted({float(each) for each in radii}):
        known = results[-1] if results else None
        results.append(
            evaluate_robustness(model, X, y, threat.with_radius(radius), known=known, **options)
        )
    return RobustnessCurve(tuple(results))
