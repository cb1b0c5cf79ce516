"""The owner's page of what came of the review: agreement, reliance, confidence and trust."""

from __future__ import annotations

import math
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from alignlab.oversight.sampling import sampled
from alignlab.oversight.statistics import ReviewStatistic, review_statistics
from alignlab.web.asking import Asked, html
from alignlab.web.pages import frame
from alignlab.web.rendering import rendered

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shown", "findings_page", "shown"]

MOST_ROWS = 60
"""Of a table on the page; the exports have all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A statistic as the page shows it.

    Attributes
    ----------
    name, question, sentence, known
        As of the statistic.
    columns
        The names of the table's columns; empty where there is no table.
    rows
        Its cells as text.
    numbers
        Which columns hold numbers.
    left_out
        How many rows are not shown.
    drawing
        The chart as the address of a picture; "" where there is none.
    """

    name: str
    question: str
    sentence: str
    known: bool
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[bool, ...] = ()
    left_out: int = 0
    drawing: str = ""


def findings_page(asked: Asked) -> Response:
    """Show every statistic that the answers allow."""
    review = asked.room.review
    trust = {each.reviewer: each.answers for each in review.trust_answers()}
    used = sampled(review.answers(gold=True))
    found = review_statistics(used.answers, trust=trust)
    body = rendered(
        "findings.html.jinja",
        findings=[shown(each) for each in found],
        used=used,
        head=review.head,
        **frame(asked, title="Findings"),
    )
    return html(body)


def shown(found: ReviewStatistic) -> Shown:
    """Return a statistic as texts and a picture."""
    plain = (found.name, found.question, found.sentence, found.known)
    table = found.frame
    drawing = ""
    if found.chart is not None:
        drawn = b64encode(found.chart.svg().encode()).decode()
        drawing = f"data:image/svg+xml;base64,{drawn}"
    if table is None:
        return Shown(*plain, drawing=drawing)
    return Shown(
        *plain,
        columns=tuple(str(column).replace("_", " ") for column in table.columns),
        rows=_cells(table.head(MOST_ROWS)),
        numbers=tuple(kind.kind in "fiu" for kind in map(_dtype, table.dtypes)),
        left_out=max(len(table) - MOST_ROWS, 0),
        drawing=drawing,
    )


def _dtype(given: Any) -> Any:
    return given if hasattr(given, "kind") else given.numpy_dtype


def _cells(table: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(_text(value) for value in row) for row in table.itertuples(index=False, name=None)
    )


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
