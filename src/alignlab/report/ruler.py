"""The headline number against its limit, as one line of SVG.

Positions are percentages, so that the drawing stretches to any width while its words keep their
size. Every number in it is also in the sentence below it, so it is hidden from screen readers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from alignlab.audit.finding import Limit
from alignlab.intervals import Estimate

__all__ = ["Ruler", "ruler"]

MARGIN = 0.12
"""Of the drawn range, left free on either side."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """Where things stand, in percent of the width.

    Attributes
    ----------
    value, low, high
        The estimate and the ends of its interval.
    limit
        The limit.
    allowed
        The start and the width of the stretch that the limit allows.
    open_low, open_high
        Whether the interval runs on beyond the drawing.
    anchor
        Which side of the limit its words stand on: "start" or "end".
    """

    value: float
    low: float
    high: float
    limit: float
    allowed: tuple[float, float]
    open_low: bool
    open_high: bool
    anchor: str


def ruler(estimate: Estimate | None, limit: Limit | None) -> Ruler | None:
    """Return the drawing's positions, or `None` where there is nothing to hold against a limit.

    Parameters
    ----------
    estimate
        The headline.
    limit
        What it was held against.

    Examples
    --------
    >>> found = ruler(Estimate(0.2, 0.1, 0.3, 0.95, 90, "exact"), Limit(0.2, "at most", "gap"))
    >>> found.value == found.limit
    True
    """
    if estimate is None or limit is None:
        return None
    if not (math.isfinite(estimate.value) and math.isfinite(limit.value)):
        return None
    shown = [estimate.value, limit.value]
    shown += [end for end in (estimate.low, estimate.high) if math.isfinite(end)]
    low, high = min(shown), max(shown)
    span = (high - low) or max(abs(low), 1e-9)
    start, width = low - MARGIN * span, span * (1 + 2 * MARGIN)

    def at(value: float) -> float:
        return round(min(max(100 * (value - start) / width, 0.0), 100.0), 3)

    edge = at(limit.value)
    allowed = (0.0, edge) if limit.side == "at most" else (edge, round(100 - edge, 3))
    return Ruler(
        value=at(estimate.value),
        low=at(estimate.low),
        high=at(estimate.high),
        limit=edge,
        allowed=allowed,
        open_low=estimate.low == -math.inf,
        open_high=estimate.high == math.inf,
        anchor="start" if edge < 50 else "end",
    )
