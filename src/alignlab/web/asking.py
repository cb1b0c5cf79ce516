"""How a page is asked for and answered: one plain function a page, mostly beside the event loop.

A page may wait for the database, which may not hold up the loop. A request is therefore read whole
(it is small), and session, token, role and page are one call of one worker thread. What a page
raises becomes a notice: for HTMX a fragment that leaves what the person entered where it is,
otherwise a page.

Handing a page to a thread costs a fifth of an answer's time. So a short page is made on the loop
where the archive is a file and nobody else writes in it: others would wait for its transaction all
the same. Where it would have to wait, nothing was begun, and a thread begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alignlab.errors import AccessError, AlignlabError, OutputError
from alignlab.oversight.archive.database import BusyError
from alignlab.plain import printable
from alignlab.web.notices import FOREIGN, NOT_OWNER, SIGNED_OUT, WENT_WRONG, Notice, notice_of
from alignlab.web.rendering import rendered
from alignlab.web.security import foreign, token_matches

if TYPE_CHECKING:
    from alignlab.oversight.archive.people import Person, Session
    from alignlab.oversight.review import Review

__all__ = ["Asked", "Room", "endpoint", "html", "plain_frame", "refusal"]

T = TypeVar("T")

LOGGER = logging.getLogger("alignlab.web")

Page = Callable[["Asked"], Response]


@dataclass(frozen=True)
class Room:
    """What all pages share: the review, and where its work is done.

    Attributes
    ----------
    review
        The `Review`.
    worker
        Does the work that waits for the database.
    https
        Whether cookies are for TLS only.
    """

    review: Review
    worker: Executor
    https: bool = False

    async def done(self, work: Callable[[], T]) -> T:
        """Do what may wait for the database, beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work)

    def cookie(self, headers: Mapping[str, str]) -> str:
        """Return the session cookie's name.

        Cookies do not tell ports apart; the name does, so that two reviews on one machine do not
        sign each other's people out. By TLS its prefix keeps other sites of the same domain from
        putting a session of theirs in its place.
        """
        port = headers.get("host", "").rpartition(":")[2]
        name = f"alignlab_{port if port.isdigit() else 'session'}"
        return f"__Host-{name}" if self.https else name


@dataclass(slots=True)
class Asked:
    """A request, read.

    Attributes
    ----------
    room
        What all pages share.
    request
        As it came; its body is in `form`.
    form
        The fields of the form, the last of each name, with what cannot be printed replaced.
    session
        Whose request it is; `None` where nobody is signed in.
    """

    room: Room
    request: Request
    form: Mapping[str, str] = field(default_factory=dict)
    session: Session | None = None

    @property
    def fragment(self) -> bool:
        """Whether HTMX asks, for a part of a page."""
        return "hx-request" in self.request.headers

    @property
    def person(self) -> Person:
        """Who asks, on a page for those who are signed in."""
        if self.session is None:
            raise AccessError("Nobody is signed in.")
        return self.session.person

    @property
    def name(self) -> str:
        """Of the person."""
        return self.person.name

    @property
    def csrf(self) -> str:
        """What this person's forms bring along; "" where nobody is signed in."""
        return "" if self.session is None else self.session.csrf

    @property
    def secret(self) -> str:
        """Of the session, as the cookie has it."""
        return self.request.cookies.get(self.room.cookie(self.request.headers), "")


def endpoint(
    room: Room,
    page: Page,
    *,
    entered: bool = True,
    owner: bool = False,
    short: bool = False,
    on_fault: Callable[[Asked, Notice], Response] | None = None,
) -> Callable[[Request], Awaitable[Response]]:
    """Return what the router calls for a page.

    Parameters
    ----------
    room
        What all pages share.
    page
        Makes the response.
    entered, owner
        Whether a person must be signed in, and be the owner.
    short
        Whether it is one short transaction and little besides.
    on_fault
        Makes the page that says what went wrong; a page of its own without it.
    """
    fault = on_fault or refusal
    review = room.review.at_once() if short else None
    hurried = None if review is None else replace(room, review=review)

    def answered(asked: Asked) -> Response:
        try:
            asked.session = room.review.session(asked.secret) if asked.secret else None
            posted = asked.request.method == "POST"
            if posted and foreign(asked.request.headers):
                return fault(asked, FOREIGN)
            if entered:
                if asked.session is None:
                    signed_out = posted or asked.fragment
                    return fault(asked, SIGNED_OUT) if signed_out else _to("/sign-in")
                if posted and not _token_matches(asked):
                    return fault(asked, FOREIGN)
                if owner and asked.person.role != "owner":
                    return fault(asked, NOT_OWNER)
            return page(asked)
        except BusyError:
            raise
        except AlignlabError as error:
            if isinstance(error, OutputError):
                LOGGER.error("%s", error)
            return fault(asked, notice_of(error))
        except Exception:
            LOGGER.exception("a page failed: %r", asked.request.scope["path"])
            return fault(asked, WENT_WRONG)

    async def called(request: Request) -> Response:
        form = _form(await request.body()) if request.method == "POST" else {}
        if hurried is not None:
            with contextlib.suppress(BusyError):
                return answered(Asked(hurried, request, form))
        return await room.done(partial(answered, Asked(room, request, form)))

    return called


def html(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page or a part of one."""
    return Response(body, status, headers, media_type="text/html")


def refusal(asked: Asked, notice: Notice) -> Response:
    """Return a notice where there is nothing to show beside it: a fragment, or a page."""
    if asked.fragment:
        body = rendered("notice.html.jinja", notice=notice)
        return html(body, notice.status, {"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"})
    written = asked.form.get("reason", "")
    body = rendered(
        "fault.html.jinja", **plain_frame(asked, notice.heading), notice=notice, written=written
    )
    return html(body, notice.status)


def plain_frame(asked: Asked, title: str) -> dict[str, Any]:
    """Return what the frame shows of a page that leads nowhere, whoever sees it."""
    return {
        "settings": asked.room.review.settings,
        "page_title": title,
        "widgets": (),
        "person": None if asked.session is None else asked.session.person,
        "csrf": asked.csrf,
        "pages": (),
        "here": "",
    }


def _to(address: str) -> Response:
    return RedirectResponse(address, 303)


def _token_matches(asked: Asked) -> bool:
    given = asked.request.headers.get("x-csrf-token") or asked.form.get("csrf")
    return token_matches(asked.csrf, given)


def _form(body: bytes) -> dict[str, str]:
    """Return a form's fields.

    Forms are sent as `application/x-www-form-urlencoded`; files are nowhere taken.
    """
    text = body.decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="replace")
    except ValueError:
        return {}
    return {name: printable(value.replace("\r\n", "\n")) for name, value in pairs}
