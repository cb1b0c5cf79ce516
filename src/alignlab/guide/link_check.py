"""Whether the guide's links still lead somewhere: each is asked once, and its answer is kept.

A link is asked for its head, and for the page itself where a server does not answer that. Servers
that refuse programs (401, 403, 429) say nothing on whether the page is there; only "not found"
(404, 410) and addresses that no machine answers are a link that leads nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from alignlab.errors import InputError, require_whole
from alignlab.guide.kinds import books, competitions, forums, organisations, venues
from alignlab.guide.works import references
from alignlab.progress import ProgressCallback, track

__all__ = ["Answer", "check_links", "links"]

REFUSED = frozenset({401, 402, 403, 405, 406, 418, 429, 451, 999})
GONE = frozenset({404, 410})
NO_HEAD = frozenset({400, 403, 404, 405, 406, 429, 500, 501, 503})
"""Answers to a question for the head after which the page itself is asked for."""

AGENT = "alignlab guide check (a reader's link check; one request a link)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a link answered.

    Attributes
    ----------
    url
        The link.
    keys
        The entries that have it.
    state
        "answers"; "moved": it leads to another address for good; "refused": the server does not
        answer programs; "gone"; "unreachable": no answer, or a failure of the server.
    detail
        The status, the new address or the error, in a few words.
    """

    url: str
    keys: tuple[str, ...]
    state: Literal["answers", "moved", "refused", "gone", "unreachable"]
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return {**asdict(self), "keys": list(self.keys)}


def links() -> dict[str, tuple[str, ...]]:
    """Return every address that the guide offers, with the keys of the entries that have it.

    Examples
    --------
    >>> links()["https://doi.org/10.1093/biomet/26.4.404"]
    ('clopper1934use',)
    """
    found: dict[str, list[str]] = defaultdict(list)
    read = [book for book in books() if not book.exclude]
    offered: list[Any] = [*read, *organisations(), *venues(), *competitions(), *forums()]
    for work in references().values():
        if work.link:
            found[work.link].append(work.key)
    for entry in offered:
        if entry.url and entry.key not in found[entry.url]:
            found[entry.url].append(entry.key)
    return {url: tuple(keys) for url, keys in found.items()}


def check_links(
    asked: Mapping[str, tuple[str, ...]] | None = None,
    *,
    limit: int | None = None,
    timeout: float = 15.0,
    at_once: int = 8,
    callback: ProgressCallback | None = None,
) -> tuple[Answer, ...]:
    """Ask links whether they still lead somewhere. This uses the network.

    Parameters
    ----------
    asked
        Addresses with the keys of their entries; the guide's, if not given.
    limit
        Ask the first so many only.
    timeout
        Seconds to wait for an answer.
    at_once
        Links that are asked at the same time, at most.
    callback
        Told of each answer as it comes, instead of the terminal.

    Returns
    -------
    tuple of Answer
        One a link, in the order of `asked`.

    Raises
    ------
    InputError
        If `limit` or `at_once` is not a whole number from 1, or `timeout` not above 0.
    """
    if limit is not None:
        require_whole(limit, "limit", 1)
    require_whole(at_once, "at_once", 1)
    if not timeout > 0:
        raise InputError(f"timeout={timeout!r} is not a number of seconds above 0.")
    from concurrent.futures import ThreadPoolExecutor, as_completed

    import httpx

    wanted = list((links() if asked is None else asked).items())[:limit]
    answers: dict[str, Answer] = {}
    with (
        httpx.Client(timeout=timeout, headers={"User-Agent": AGENT}) as client,
        ThreadPoolExecutor(max_workers=at_once) as pool,
    ):
        waiting = [pool.submit(_answer, client, url, keys) for url, keys in wanted]
        try:
            for done in track(
                as_completed(waiting),
                total=len(wanted),
                name=lambda done: "asking links",
                callback=callback,
            ):
                answer = done.result()
                answers[answer.url] = answer
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return tuple(answers[url] for url, _ in wanted)


def _answer(client: Any, url: str, keys: tuple[str, ...]) -> Answer:
    import httpx

    try:
        status, moved = _reply(client, "HEAD", url)
        if status in NO_HEAD:
            status, moved = _reply(client, "GET", url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = " ".join(str(error).split())[:100]
        return Answer(url, keys, "unreachable", f"{type(error).__name__}: {said}".rstrip(": "))
    if status in GONE:
        return Answer(url, keys, "gone", str(status))
    if status in REFUSED:
        return Answer(url, keys, "refused", str(status))
    if status >= 400:
        return Answer(url, keys, "unreachable", str(status))
    # A DOI is made to lead elsewhere; any other address that moved for good is out of date.
    if moved and "doi.org/" not in url:
        return Answer(url, keys, "moved", moved)
    return Answer(url, keys, "answers", str(status))


def _reply(client: Any, method: str, url: str) -> tuple[int, str]:
    """Return a status, and the address it led to if it moved for good; no page is read."""
    with client.stream(method, url, follow_redirects=True) as reply:
        lasting = [each for each in reply.history if each.status_code in (301, 308)]
        return reply.status_code, str(reply.url) if lasting else ""
