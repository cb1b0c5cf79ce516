"""The page on which people say how far they trust the system, if they like.

The statements and their scoring are the room's (`oversight.trust`). Distrust stands first as they
were published, which draws answers: each person meets them in an order of their own, the same every
time.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from alignlab.errors import InputError
from alignlab.oversight.trust.scale import HIGHEST, LOWEST, TRUST_ITEMS, trust_items
from alignlab.random import as_generator
from alignlab.web.asking import Asked, html, refusal
from alignlab.web.notices import NO_SUCH_PAGE, Notice
from alignlab.web.pages import frame
from alignlab.web.rendering import rendered

__all__ = ["in_place", "rated", "trust_form", "trusted"]

POINTS = range(LOWEST, HIGHEST + 1)

SAVED = "/trust?saved"


def trust_form(asked: Asked) -> Response:
    """Show the questionnaire, or thanks for it."""
    if not asked.room.review.settings.trust:
        return refusal(asked, NO_SUCH_PAGE)
    return html(_page(asked, saved="saved" in asked.request.query_params))


def trusted(asked: Asked) -> Response:
    """Keep what a person said."""
    if not asked.room.review.settings.trust:
        return refusal(asked, NO_SUCH_PAGE)
    asked.room.review.trust(asked.name, rated(asked.form))
    return RedirectResponse(SAVED, 303)


def in_place(asked: Asked, notice: Notice) -> Response:
    """Say what went wrong above the questionnaire, with everything that was marked."""
    if asked.session is None or notice.status not in (422, 503):
        return refusal(asked, notice)
    return html(_page(asked, notice=notice), notice.status)


def rated(form: Mapping[str, str]) -> dict[str, int]:
    """Return the ratings that a form holds, by the statements' keys; what was left out is absent.

    Raises
    ------
    InputError
        If nothing was marked, or a rating is none of the scale's.

    Examples
    --------
    >>> rated({"wary": "2", "csrf": "…"})
    {'wary': 2}
    """
    found = {}
    for item in TRUST_ITEMS:
        given = form.get(item.key)
        if given is None:
            continue
        if given not in map(str, POINTS):
            raise InputError(f"{item.key}={given!r} is not a number from {LOWEST} to {HIGHEST}.")
        found[item.key] = int(given)
    if not found:
        raise InputError("No statement was marked. Mark those that you have an opinion of.")
    return found


def _page(asked: Asked, *, saved: bool = False, notice: Notice | None = None) -> bytes:
    seed = asked.room.review.settings.seed
    return rendered(
        "trust.html.jinja",
        **frame(asked, title="Trust"),
        items=trust_items(as_generator(seed, "trust", asked.name)),
        points=POINTS,
        chosen={} if saved else asked.form,
        saved=saved,
        notice=notice,
    )
