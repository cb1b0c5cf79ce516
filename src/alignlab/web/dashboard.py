"""The owner's page: how far the review is, who answered how much, and the head to keep."""

from __future__ import annotations

from starlette.responses import Response

from alignlab.errors import require_choice
from alignlab.web.asking import Asked, html
from alignlab.web.exporting import exported
from alignlab.web.pages import frame
from alignlab.web.rendering import rendered

__all__ = ["dashboard_page", "download", "verified"]

FORMATS = {
    "jsonl": "everything, a line an answer (JSONL)",
    "csv": "a table (CSV)",
    "parquet": "a table (Parquet)",
    "trl-dpo": "comparisons of texts, for DPO (TRL)",
    "trl-kto": "comparisons of texts, for KTO (TRL)",
    "trl-reward": "comparisons of texts, for a reward model (TRL)",
    "imitation": "comparisons of behaviour (imitation)",
}


def dashboard_page(asked: Asked) -> Response:
    """Show the review's state."""
    return html(_shown(asked))


def verified(asked: Asked) -> Response:
    """Recompute the archive, up to a head that was written down if one is given."""
    head = asked.form.get("head", "").strip() or None
    found = asked.room.review.verify(head=head)
    return html(_shown(asked, verification=found))


def download(asked: Asked) -> Response:
    """Send what people said as a file."""
    wanted = asked.request.query_params
    format = require_choice(wanted.get("format", "jsonl"), FORMATS, what="format")
    pseudonyms = "pseudonyms" in wanted
    return exported(asked.room.review, format, pseudonyms=pseudonyms)  # type: ignore[arg-type]


def _shown(asked: Asked, verification: object = None) -> bytes:
    return rendered(
        "dashboard.html.jinja",
        status=asked.room.review.status(),
        verification=verification,
        formats=FORMATS,
        **frame(asked, title="Dashboard"),
    )
