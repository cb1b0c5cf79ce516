"""The site, served until somebody presses Ctrl-C: the link that is printed, and the browser."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from alignlab.oversight.review import Review

__all__ = ["has_screen", "link", "run"]

DEFAULT_PORT = 8000


def link(address: str, token: str) -> str:
    """Return the link by which a person enters.

    >>> link("http://127.0.0.1:8000/", "a_b")
    'http://127.0.0.1:8000/enter?token=a_b'
    """
    return f"{address.rstrip('/')}/enter?token={quote(token, safe='')}"


def run(
    review: Review,
    *,
    host: str,
    port: int | None,
    listening: Callable[[str], str | None],
    hosts: Collection[str] = (),
    https: bool = False,
) -> None:
    """Serve a review until Ctrl-C, which ends it without an error.

    Parameters
    ----------
    review
        Open.
    host, port
        Where to listen; without a port, at 8000, or where there is room if that is taken.
    listening
        Called with the site's address once it listens; returns what a browser is to open, or
        `None`.
    hosts, https
        As of `web.serve`.

    Raises
    ------
    OutputError
        If nothing can listen there.
    """
    from alignlab.errors import OutputError
    from alignlab.web.serving import serve

    started = threading.Event()

    def ready(address: str) -> None:
        started.set()
        target = listening(address)
        if target is not None and has_screen():
            # A browser may take seconds to come up, and the site must not wait for it.
            threading.Thread(target=_open, args=(target,), daemon=True).start()

    def warn(words: str) -> None:
        print(f"alignlab: warning: {words}", file=sys.stderr)

    wanted = [DEFAULT_PORT, 0] if port is None else [port]
    with contextlib.suppress(KeyboardInterrupt):
        for each in wanted:
            try:
                serve(
                    review, host=host, port=each, hosts=hosts, https=https, ready=ready, warn=warn
                )
            except OutputError:
                if started.is_set() or each == wanted[-1]:
                    raise
            else:
                return


def has_screen() -> bool:
    """Return whether a browser could show itself; one for terminals would take this one over."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _open(target: str) -> None:
    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(target)
