"""What holds for every request and every response, whatever page it is for.

A request must be for a name that is this site's (a page elsewhere can point a name of its own at
this machine: DNS rebinding), must not be larger than an answer can be, and one that changes
something must come from a page of this site: by its token, by `Origin` and by `Sec-Fetch-Site`.
A response, an error too, carries a policy that runs no script but the site's own files.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LOOPBACK", "POLICY", "Guard", "foreign", "is_loopback", "name_of", "token_matches"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

MOST_BYTES = 64 * 1024
"""Of a request's body: an answer's longest reason, written as a form writes it, is half of that."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": browsers would then send `Origin: null` with the site's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

LOGGER = logging.getLogger("alignlab.web")


class Guard:
    """The outermost layer of the site.

    Parameters
    ----------
    app
        What answers the requests that are let through.
    hosts
        The names by which people reach the site, without port.
    addresses
        Whether any address in numbers is accepted too: a rebound name is never one.
    https
        Whether people reach it by TLS, so that browsers are told to stay with it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str] = LOOPBACK,
        addresses: bool = False,
        https: bool = False,
    ) -> None:
        self.app = app
        self.hosts = {each.lower().strip("[]") for each in hosts}
        self.addresses = addresses
        headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if https else {})
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it in one line."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        left = MOST_BYTES

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = [*message.get("headers", ()), *self.headers]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _TooLargeError
            return message

        refused = self._refused(scope)
        if refused:
            await _line(guarded, *refused)
            return
        try:
            await self.app(scope, counted, guarded)
        except _TooLargeError:
            if not started:
                await _line(guarded, 413, TOO_LARGE)
        except ClientDisconnect:
            return
        except Exception:
            LOGGER.exception("a request failed: %r %r", scope["method"], scope["path"])
            if started:
                raise
            await _line(guarded, 500, FAILED)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1 or not self._ours(named[0].decode("latin-1")):
            return 421, (
                "This address is not one of this site's. Open it by the address that the command "
                "printed, or start the site with the name that people use."
            )
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > MOST_BYTES):
                return 413, TOO_LARGE
        return None

    def _ours(self, host: str) -> bool:
        name = name_of(host)
        return name in self.hosts or (self.addresses and _in_numbers(name))


TOO_LARGE = f"That is more than an answer can hold ({MOST_BYTES // 1024} KiB). Nothing was saved."
FAILED = "Something went wrong here. Nothing was saved; the site's log says more."


class _TooLargeError(Exception):
    pass


def foreign(headers: Mapping[str, str]) -> bool:
    """Return whether a request says that a page of another site made it.

    A program, which says nothing of pages, is not foreign: it needs the token all the same.

    Examples
    --------
    >>> foreign({"host": "localhost:8000", "origin": "http://localhost:8000"})
    False
    >>> foreign({"host": "localhost:8000", "origin": "http://localhost:9000"})
    True
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


def token_matches(expected: str, given: Any) -> bool:
    """Return whether a token is the one expected, in a time that does not tell how near it is.

    Examples
    --------
    >>> token_matches("a1", "a1"), token_matches("a1", "é"), token_matches("", "")
    (True, False, False)
    """
    if not expected or not isinstance(given, str):
        return False
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def name_of(host: str) -> str:
    """Return the name in a header `Host`, without port; "" where there is none.

    Examples
    --------
    >>> name_of("LOCALHOST:8000"), name_of("[::1]:8000"), name_of("[::1")
    ('localhost', '::1', '')
    """
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a site bound to `host`.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _in_numbers(name: str) -> bool:
    # `ipaddress` takes a zone ("fe80::1%eth0"), which no browser sends.
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return "%" not in name


async def _line(send: Send, status: int, words: str) -> None:
    body = (words + "\n").encode()
    kind = [(b"content-type", b"text/plain; charset=utf-8")]
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *length]})
    await send({"type": "http.response.body", "body": body})
