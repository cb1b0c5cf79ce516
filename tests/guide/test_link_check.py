from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from alignlab.errors import InputError
from alignlab.guide import books, check_links, forums, links

ANSWERS = {
    "/fine": (200, 200),
    "/gone": (404, 404),
    "/no-head": (405, 200),
    "/refused": (403, 403),
    "/too-many": (429, 429),
    "/broken": (500, 500),
    "/moved": (301, 301),
    "/for-now": (302, 302),
}


class Handler(BaseHTTPRequestHandler):
    asked: list[tuple[str, str]]

    def answer(self, status: int) -> None:
        self.asked.append((self.command, self.path))
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "/fine")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.answer(ANSWERS[self.path][0])

    def do_GET(self) -> None:
        self.answer(ANSWERS[self.path][1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    """A server of this machine alone; proxies of the environment are not asked."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_every_answer_by_hand(server):
    asked = {server + place: (place,) for place in ANSWERS}
    found = {answer.keys[0]: answer.state for answer in check_links(asked)}
    assert found == {
        "/fine": "answers",
        "/gone": "gone",
        "/no-head": "answers",
        "/refused": "refused",
        "/too-many": "refused",
        "/broken": "unreachable",
        "/moved": "moved",
        "/for-now": "answers",
    }
    assert ("GET", "/fine") not in Handler.asked


def test_a_refusal_is_not_an_absence(server):
    (answer,) = check_links({f"{server}/refused": ("a", "b")})
    assert (answer.state, answer.detail, answer.keys) == ("refused", "403", ("a", "b"))


def test_an_address_without_a_machine_and_one_that_is_none():
    found = check_links({"http://127.0.0.1:9/x": ("a",), "http://[::bad": ("b",)}, timeout=2)
    assert [answer.state for answer in found] == ["unreachable", "unreachable"]
    assert found[0].detail.startswith("Connect")


def test_the_limit_and_the_order(server):
    asked = {f"{server}{place}": (place,) for place in ANSWERS}
    steps = []
    found = check_links(asked, limit=3, at_once=1, callback=lambda *step: steps.append(step[1:]))
    assert [answer.url for answer in found] == list(asked)[:3]
    assert steps[-1] == (3, 3)
    assert found[0].to_dict()["keys"] == ["/fine"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"limit": 0}, "limit=0 is not a whole number from 1"),
        ({"at_once": 0}, "at_once=0 is not a whole number from 1"),
        ({"timeout": 0.0}, "timeout=0.0 is not a number of seconds above 0"),
    ],
)
def test_limits_that_are_none(change, message):
    with pytest.raises(InputError, match=message):
        check_links({}, **change)


def test_what_is_not_offered_is_not_asked():
    offered = {key for keys in links().values() for key in keys}
    assert "guo2017calibration" in offered
    assert "miri" in offered
    assert not {book.key for book in books() if book.exclude} & offered
    assert not {each.key for each in forums() if each.status == "not found"} & offered
