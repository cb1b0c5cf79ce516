"""Running the site: on this machine alone unless somebody asks for more."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable, Collection

from alignlab.errors import InputError, MissingExtraError, OutputError, require_whole
from alignlab.oversight.review import Review
from alignlab.web.security import LOOPBACK, is_loopback

__all__ = ["exposure", "serve"]

HOST = re.compile(r"[a-z0-9._-]+|\[?[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*\]?", re.IGNORECASE)
"""A name, or an address in numbers."""


def serve(
    review: Review,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    hosts: Collection[str] = (),
    https: bool = False,
    ready: Callable[[str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> None:
    """Serve a review until the process is interrupted.

    Every answer that a person was shown as saved is on the disk; the process may be killed at any
    time. Addresses are logged nowhere, so that no log holds the token of an invitation.

    Parameters
    ----------
    review
        An open review.
    host, port
        Where to listen. The default is reached from this machine only; port 0 takes a free one.
    hosts
        Further names by which people reach the site, such as "review.example.org" behind a proxy.
    https
        Whether people reach it by TLS, which a proxy ends.
    ready
        Called with the site's address once it takes requests.
    warn
        Called with one sentence if other machines can reach the site; Python's `warnings` without
        it.

    Raises
    ------
    InputError
        If a port or one of `hosts` cannot be one.
    OutputError
        If nothing can listen there.
    MissingExtraError
        If uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("uvicorn", "web", "The review site") from error
    from alignlab.web.site import app

    require_whole(port, "port", 0)
    if port > 65535:
        raise InputError(f"port={port} is not one of 0 to 65535.")
    for each in hosts:
        if not HOST.fullmatch(each):
            raise InputError(
                f"{each!r} is no name of a host, such as review.example.org, without http:// or a "
                "port."
            )
    door = _door(host, port)
    address = f"http://{_named(host)}:{door.getsockname()[1]}"
    exposed = exposure(host, https=https)
    if exposed:
        _warned(warn, exposed)
    loopback = is_loopback(host)
    names = {*LOOPBACK, *hosts, *([] if loopback else [host, socket.gethostname()])}

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started and ready is not None:
                ready(address)

    config = uvicorn.Config(
        app(review, hosts=names, addresses=not loopback, https=https),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Whom a proxy says to speak for is nothing that this site decides by.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=5,
    )
    with door:
        Server(config).run(sockets=[door])


def exposure(host: str, *, https: bool = False) -> str:
    """Return what to know before listening at `host`, in one sentence; "" if only this machine can.

    Examples
    --------
    >>> exposure("127.0.0.1")
    ''
    """
    if is_loopback(host):
        return ""
    told = f"Other machines can reach this site at {host}"
    if https:
        return f"{told}: see that they come by the proxy that speaks TLS."
    return (
        f"{told}, and what passes, cookies and tokens too, can be read on the way: put a proxy "
        "that speaks TLS before it (and pass https=True), or keep 127.0.0.1 and use an SSH tunnel."
    )


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host.strip("[]"), port))
    except OSError as error:
        door.close()
        # A port is what others take; an address is this machine's or not.
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        at, other = (f"{host}:{port}", "port") if taken else (host, "host")
        raise OutputError(
            f"Nothing can listen at {at} ({error.strerror}). Choose another {other}."
        ) from error
    return door


def _named(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _warned(warn: Callable[[str], None] | None, words: str) -> None:
    if warn is not None:
        warn(words)
        return
    import warnings

    warnings.warn(words, stacklevel=3)
