"""The pages of the work: the case, what is said of it, and the next one in the same response.

    GET  /         the case that this person holds, or the next one, or that nothing waits
    GET  /work     the same as a fragment; nothing (204) while nothing waits
    POST /step     an own answer before advice, or one reply of an interview
    POST /answer   an answer, to stay
    POST /undo     take the last answer back
    POST /reveal   see the explanation that waits to be asked for
    GET  /media/…  a picture of the case that this person holds

Without JavaScript a form that was taken leads back to `/`; with HTMX the next case is the response.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from alignlab.errors import AlignlabError, InputError, LeaseError, listed
from alignlab.oversight.content import media_in
from alignlab.oversight.items import Case
from alignlab.web.asking import Asked, html, refusal
from alignlab.web.kinds import KINDS, WIDGETS
from alignlab.web.notices import ANSWERED_BEFORE, NO_SUCH_PAGE, Notice
from alignlab.web.rendering import rendered

__all__ = [
    "answer",
    "frame",
    "in_place",
    "media",
    "reveal",
    "step",
    "undo",
    "withheld",
    "work",
    "work_part",
]

SAVED = "Saved. Next case."
SAVED_LAST = "Saved."
ADVISED = "Noted. Now with the model’s advice."
NOTED = "Noted."
BACK = "Taken back. The last case is here again."
HERE = "A case has come."

MOST_MS = 7 * 24 * 3600 * 1000
"""A page that was visible longer was not looked at."""


def work(asked: Asked) -> Response:
    """Show the case, or that nothing waits."""
    return html(_page(asked, asked.room.review.next(asked.name)))


def work_part(asked: Asked) -> Response:
    """Show the case as a fragment, if there is one by now."""
    case = asked.room.review.next(asked.name)
    if case is None:
        return Response(status_code=204)
    return html(_part(asked, case, words=HERE))


def answer(asked: Asked) -> Response:
    """Take an answer and show what comes next."""
    said, seen = _said(asked), visible_ms(asked.form)
    receipt, case = asked.room.review.submit_and_next(
        asked.name, asked.form.get("lease", ""), said, visible_ms=seen
    )
    if receipt.duplicate:
        return _shown(asked, case, "", notice=ANSWERED_BEFORE)
    return _shown(asked, case, SAVED if case is not None else SAVED_LAST)


def step(asked: Asked) -> Response:
    """Take what comes before an answer and show the same case, further on."""
    said, seen = _said(asked), visible_ms(asked.form)
    case = asked.room.review.step(asked.name, asked.form.get("lease", ""), said, visible_ms=seen)
    return _shown(asked, case, NOTED if case.kind == "interview" else ADVISED)


def undo(asked: Asked) -> Response:
    """Take the last answer back and show its case again."""
    case = asked.room.review.undo(asked.name)
    if case is None:
        raise InputError("There is no answer of yours to take back.")
    return _shown(asked, case, BACK)


def reveal(asked: Asked) -> Response:
    """Show the explanation; what was entered until now stays."""
    review, lease = asked.room.review, asked.form.get("lease", "")
    review.reveal(asked.name, lease)
    case = review.held(asked.name)
    if case is None or case.lease != lease:
        raise LeaseError("The time for this case ran out while it was asked for.")
    if not asked.fragment:
        return html(_page(asked, case))
    view = KINDS[case.kind].view(case, review.settings)
    body = rendered("advice.html.jinja", case=case, view=view)
    return html(body, headers={"HX-Retarget": "#advice", "HX-Reswap": "outerHTML"})


def media(asked: Asked) -> Response:
    """Show a picture, of the case that the person holds and of no other."""
    review, name = asked.room.review, asked.request.path_params["name"]
    case = review.held(asked.name)
    found = review.media(name) if case is not None and name in media_in(case.content) else None
    if found is None:
        return refusal(asked, NO_SUCH_PAGE)
    kind, body = found
    headers = {"content-disposition": "inline", "content-security-policy": "sandbox"}
    return Response(body, 200, headers, media_type=kind)


def in_place(asked: Asked, notice: Notice) -> Response:
    """Say what went wrong where the person is, with everything that was entered.

    A fragment leaves the page as it is. Without HTMX the case is shown again, filled in, if it is
    still this person's.
    """
    if asked.fragment or asked.session is None or notice.status not in (422, 503):
        return refusal(asked, notice)
    try:
        case = asked.room.review.held(asked.name)
    except AlignlabError:
        case = None
    if case is None or case.lease != asked.form.get("lease"):
        return refusal(asked, notice)
    return html(_page(asked, case, notice=notice), notice.status)


def frame(asked: Asked, *, title: str = "") -> dict[str, Any]:
    """Return what the frame of every page of a person who is signed in shows."""
    settings = asked.room.review.settings
    person = asked.person
    pages = [("/", "Work"), ("/keys", "Keys")]
    pages += [("/trust", "Trust")] if settings.trust else []
    if person.role == "owner":
        pages += [("/dashboard", "Dashboard"), ("/findings", "Findings")]
    return {
        "settings": settings,
        "page_title": f"{title} · {settings.title}" if title else settings.title,
        "person": person,
        "csrf": asked.csrf,
        "pages": pages,
        "here": asked.request.url.path,
        "widgets": WIDGETS,
    }


def withheld(card: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a card without what happened in this very case, which would tell the answer.

    It is in the field "happened" and in the words of the first section, after the decision.

    Examples
    --------
    >>> withheld({"happened": "repaid", "sections": [
    ...     {"key": "decision", "sentences": ["It is no.", "What happened is repaid."]}]})
    {'happened': None, 'sections': [{'key': 'decision', 'sentences': ['It is no.']}]}
    """
    if card is None or card.get("happened") is None:
        return None if card is None else dict(card)
    sections = [
        {**each, "sentences": each["sentences"][:1]} if each["key"] == "decision" else each
        for each in card.get("sections", ())
    ]
    return {**card, "happened": None, "sections": sections}


def visible_ms(form: Mapping[str, str]) -> int | None:
    """Return how long the page was visible, in milliseconds; `None` where nobody measured.

    Examples
    --------
    >>> visible_ms({"visible_ms": "1500"}), visible_ms({"visible_ms": "-1"}), visible_ms({})
    (1500, None, None)
    """
    given = form.get("visible_ms", "")
    plain = given.isascii() and given.isdigit() and len(given) < 16
    return int(given) if plain and int(given) <= MOST_MS else None


def _said(asked: Asked) -> dict[str, Any]:
    kind = asked.form.get("kind", "")
    if kind not in KINDS:
        raise InputError(f"kind={kind!r} is not one of {listed(map(repr, KINDS))}.")
    return KINDS[kind].said(asked.form, lambda: asked.room.review.held(asked.name))


def _shown(
    asked: Asked, case: Case | None, words: str, *, notice: Notice | None = None
) -> Response:
    if not asked.fragment:
        return (
            RedirectResponse("/", 303)
            if notice is None
            else html(_page(asked, case, notice=notice))
        )
    return html(_part(asked, case, words=words, notice=notice))


def _part(asked: Asked, case: Case | None, *, words: str, notice: Notice | None = None) -> bytes:
    return rendered(_template(case, part=True), **_values(asked, case, words=words, notice=notice))


def _page(asked: Asked, case: Case | None, *, notice: Notice | None = None) -> bytes:
    values = _values(asked, case, notice=notice)
    return rendered(_template(case, part=False), **{**frame(asked), **values})


def _template(case: Case | None, *, part: bool) -> str:
    if case is None:
        return "empty.html.jinja" if part else "empty_page.html.jinja"
    return "case.html.jinja" if part else "work.html.jinja"


def _values(
    asked: Asked, case: Case | None, *, words: str = "", notice: Notice | None = None
) -> dict[str, Any]:
    review = asked.room.review
    shared = {"csrf": asked.csrf, "said_words": words, "notice": notice}
    if case is None:
        return {**shared, **_nothing(asked)}
    view = KINDS[case.kind].view(case, review.settings)
    return {**shared, "case": case, "view": view, "prefill": _prefill(asked, case)}


def _prefill(asked: Asked, case: Case) -> dict[str, Any]:
    """Return what the fields hold beforehand: what was entered, or was said before."""
    if asked.form.get("lease") == case.lease and "reason" in asked.form:
        return {
            "reason": asked.form["reason"],
            "confidence": asked.form.get("confidence", "") if case.own is None else "",
        }
    before = case.taken_back or case.own or {}
    sure = before.get("confidence") if case.taken_back else None
    return {"reason": before.get("reason") or "", "confidence": "" if sure is None else str(sure)}


def _nothing(asked: Asked) -> dict[str, Any]:
    status = asked.room.review.status()
    mine = next((each.answered for each in status.people if each.name == asked.name), 0)
    return {"waiting": status.open, "mine": mine}
