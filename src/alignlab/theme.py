"""The theme of all charts: few colours, one type size, no frames.

The colours are fixed so that a page's style sheet can find them and turn them for the dark; they
are told apart by colour-blind readers [okabe2008color].
"""

from __future__ import annotations

from typing import Any

__all__ = ["ACCENT", "INK", "LABEL_LIMIT", "QUIET", "RULE", "SERIES", "WARN", "theme"]

INK = "#1b1f24"
QUIET = "#5b6470"
RULE = "#d5dae0"
ACCENT = "#0b62a8"
WARN = "#b4470a"
SERIES = (ACCENT, WARN, "#3f7d53", "#7a4fa3", "#8a6d00", QUIET)

LABEL_LIMIT = 240
"""Room for a label, in pixels."""


def theme() -> dict[str, Any]:
    """Return the Vega-Lite configuration that all charts share."""
    text = {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12}
    return {
        # A chart is read out by its question and its table, so its parts need no labels.
        "aria": False,
        "background": "transparent",
        "padding": 4,
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
        "view": {"stroke": None},
        "axis": {
            **text,
            "domainColor": RULE,
            "gridColor": RULE,
            "tickColor": RULE,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelLimit": LABEL_LIMIT,
        },
        "axisX": {"tickCount": 6, "labelFlush": False, "labelOverlap": True, "labelSeparation": 6},
        "axisY": {"domain": False, "ticks": False, "labelPadding": 8},
        "legend": {
            **text,
            "orient": "top",
            "titleFontWeight": "normal",
            "symbolStrokeWidth": 0,
            "labelLimit": 260,
        },
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": INK,
            "fontSize": 12,
            "fontWeight": "bold",
        },
        "rule": {"color": QUIET},
        "text": {"color": INK, "fontSize": 12},
        "range": {"category": list(SERIES)},
    }
