"""How a person comes in and goes out: a link that is exchanged at once, or a form.

The token of the link is exchanged for a session whose secret is in a cookie that no script reads,
and the browser is sent on: no later address holds a secret. A link that was followed from another
site (a chat in the browser) first asks, because a page elsewhere could otherwise sign a person in
as somebody else; and because a browser would not send a strict cookie along with that redirect.
Where browsers do not say where a link was followed, as they don't to another machine without TLS,
it asks too.
"""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from alignlab.errors import AccessError
from alignlab.oversight.archive.people import SESSION_SECONDS
from alignlab.web.asking import Asked, html, plain_frame
from alignlab.web.rendering import rendered
from alignlab.web.security import is_loopback, name_of

__all__ = ["enter", "leave", "sign_in", "sign_in_form"]

UNKNOWN = "This link or token opens nothing: it is unknown, or was taken back. Ask for a new one."


def enter(asked: Asked) -> Response:
    """Exchange the token of a link."""
    token, headers = asked.request.query_params.get("token", ""), asked.request.headers
    unsaid = "none" if is_loopback(name_of(headers.get("host", ""))) else "cross-site"
    if headers.get("sec-fetch-site", unsaid) in ("none", "same-origin"):
        return _exchanged(asked, token)
    return _asking(asked, token=token)


def sign_in_form(asked: Asked) -> Response:
    """Show the form for a token."""
    return RedirectResponse("/", 303) if asked.session is not None else _asking(asked)


def sign_in(asked: Asked) -> Response:
    """Take the form's token, or the whole link that somebody pasted into it."""
    return _exchanged(asked, asked.form.get("token", "").strip().rpartition("token=")[2])


def leave(asked: Asked) -> Response:
    """End the session."""
    asked.room.review.end_session(asked.secret)
    response = RedirectResponse("/sign-in", 303)
    name = asked.room.cookie(asked.request.headers)
    response.delete_cookie(name, httponly=True, samesite="strict", secure=asked.room.https)
    return response


def _exchanged(asked: Asked, token: str) -> Response:
    room = asked.room
    try:
        if not token.isascii() or not token:
            raise AccessError(UNKNOWN)
        secret, _ = room.review.begin_session(token)
    except AccessError:
        return _asking(asked, fault=UNKNOWN, status=403)
    if asked.secret:
        room.review.end_session(asked.secret)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        room.cookie(asked.request.headers),
        secret,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=room.https,
    )
    return response


def _asking(asked: Asked, *, token: str = "", fault: str = "", status: int = 200) -> Response:
    body = rendered("sign_in.html.jinja", **plain_frame(asked, "Sign in"), token=token, fault=fault)
    return html(body, status)
