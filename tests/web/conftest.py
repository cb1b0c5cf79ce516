"""A site that is served, people with a browser each, and a review of every kind and form."""

from __future__ import annotations

import itertools
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

WIDE = {"width": 1280, "height": 900}
ZOOMED = {"width": 320, "height": 256}
"""What 1280 × 1024 pixels hold at 400 %."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OURS = {"127.0.0.1", "localhost"}

EXPECTED = re.compile(
    "Failed to load resource|Response Status Error Code|htmx:(sendError|afterRequest)|^verbose"
)
"""What Chromium and HTMX tell of every answer above 399, which the tests provoke on purpose."""

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    " </textarea> {{ 7 * 7 }} {% raw %} &amp; &lt; \"double\" 'single' `tick` ${1+1}"
    " \u202eright to left\u202c \u2066isolated\u2069 \u0000".replace("\u0000", "\ufffd")
)
"""What somebody might write into a case to be run, or to be read as something else."""


# --- what is asked --------------------------------------------------------------------------------


def png(width: int = 48, height: int = 32, grey: int = 90) -> bytes:
    """Return a picture of one grey with a lighter band."""
    rows = b"".join(
        b"\0" + bytes(min(255, grey + 80 * (row * 4 // height == 1)) for _ in range(width))
        for row in range(height)
    )

    def chunk(kind: bytes, held: bytes) -> bytes:
        return (
            struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pole(steps: int, lean: float, *, ended: bool = False) -> dict:
    """Return a stretch of CartPole in which the pole leans more and more."""
    at = np.linspace(0, 1, steps + 1)
    states = np.stack([0.3 * at, 0.2 + 0 * at, lean * at, lean + 0 * at], axis=1)
    return {
        "scene": "cartpole",
        "states": states.round(4).tolist(),
        "actions": [step % 2 for step in range(steps)],
        "ended": ended,
        "names": ["cart position", "cart speed", "pole angle", "pole speed"],
        "action_names": ["push left", "push right"],
    }


def walk(cells: Sequence[int]) -> dict:
    """Return a walk over the frozen lake."""
    return {
        "scene": "grid",
        "states": list(cells),
        "actions": [1] * (len(cells) - 1),
        "ended": False,
        "names": ["cell"],
        "action_names": ["left", "down", "right", "up"],
        "grid": ["SFFF", "FHFH", "FFFH", "HFFG"],
    }


def line(steps: int, slope: float) -> dict:
    return {
        "scene": "series",
        "states": [[round(slope * step, 3), round(1 - slope * step, 3)] for step in range(steps)],
        "actions": [0] * (steps - 1),
        "ended": False,
        "names": ["temperature", "pressure"],
        "action_names": ["hold"],
    }


CONTENTS = {
    "decide": {
        "row": {
            "form": "row",
            "title": "Application 17",
            "cells": [["income", "41,000"], ["debt to income", "0.43"], ["purpose", "a house"]],
        },
        "text": {
            "form": "text",
            "title": "A letter",
            "text": "I have paid every rate until now.\n\nPlease see the bank's note attached.",
        },
        "image": {
            "form": "image",
            "title": "A scan",
            "image": {"media": "scan.png", "alt": "a grey band on a darker ground"},
        },
        "trajectory": {
            "form": "trajectory",
            "title": "A stretch of balancing",
            "trajectory": pole(20, 0.15),
        },
    },
    "prefer": {
        "text": {
            "form": "text",
            "prompt": "Explain why the sky is blue.",
            "first": {"text": "Air scatters short waves more than long ones."},
            "second": {"text": "Air scatters blue light more than red light."},
        },
        "image": {
            "form": "image",
            "prompt": "Which scan is easier to read?",
            "first": {"image": {"media": "scan.png", "alt": "a grey band"}},
            "second": {"image": {"media": "dark.png", "alt": "a dark band"}},
        },
        "cartpole": {
            "form": "trajectory",
            "prompt": "Which balances better?",
            "first": {"trajectory": pole(20, 0.02)},
            "second": {"trajectory": pole(12, 0.21, ended=True)},
        },
        "grid": {
            "form": "trajectory",
            "prompt": "Which walk is better?",
            "first": {"trajectory": walk([0, 4, 8, 9, 13, 14])},
            "second": {"trajectory": walk([0, 1, 0, 4, 8])},
        },
        "series": {
            "form": "trajectory",
            "prompt": "Which run is calmer?",
            "first": {"trajectory": line(9, 0.02)},
            "second": {"trajectory": line(7, 0.1)},
        },
    },
    "interview": {
        "amounts": {
            "form": "amounts",
            "low": 0.0,
            "high": 1000.0,
            "shape": "monotone",
            "unit": "euro",
            "questions": 12,
            "precision": 0.05,
            "wealth": 0.0,
        },
        "outcomes": {
            "form": "outcomes",
            "outcomes": ["an hour of pain", "a day of pain"],
            "worst": "a week of pain",
            "best": "no pain",
            "questions": 6,
            "precision": 0.1,
        },
    },
}
"""A content of every kind and form."""

MEDIA = {"scan.png": png(), "dark.png": png(grey=30)}


@pytest.fixture(scope="session")
def card() -> dict:
    """The explanation of one decision of a small model, as it stands in an item."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from alignlab.transparency import explain

    rng = np.random.default_rng(3)
    X = pd.DataFrame({"income": rng.normal(40, 10, 200), "debt": rng.normal(0.3, 0.1, 200)}).round(
        2
    )
    y = np.where(X["income"] - 60 * X["debt"] + rng.normal(0, 5, 200) > 22, "grant", "refuse")
    model = LogisticRegression(max_iter=1000).fit(X, y)
    return explain(model, 3, data=X, outcomes=y, favourable="grant").to_dict()


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def zoomed() -> dict[str, int]:
    return dict(ZOOMED)


@pytest.fixture
def item(card) -> Callable:
    """Make an item of a kind and form; decisions have advice and, where asked for, its card."""
    from alignlab.oversight import Advice, Item

    numbers = itertools.count()

    def made(kind: str = "decide", form: str = "row", *, explained: bool = False, **other):
        told = {"content": CONTENTS[kind][form], "key": f"{kind}-{form}-{next(numbers)}"}
        if kind == "decide":
            told |= {
                "choices": ("grant", "refuse"),
                "advice": Advice("refuse", 0.81),
                "card": card if explained else None,
            }
        return Item(kind=kind, **(told | other))

    return made


# --- who serves it, and who looks -----------------------------------------------------------------


@dataclass
class Site:
    """A review that is served from a thread of this process."""

    folder: Path
    review: object
    address: str
    tokens: dict[str, str] = field(default_factory=dict)

    def invite(self, name: str, role: str = "reviewer") -> str:
        """Return the address by which a person enters, once."""
        self.tokens[name] = self.review.invite(name, role=role)
        return self.entrance(name)

    def entrance(self, name: str) -> str:
        return f"{self.address}/enter?token={self.tokens[name]}"


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., Site]]:
    """Serve a review of the given items until the test ends."""
    import uvicorn

    from alignlab.oversight import Review, Settings
    from alignlab.web import app

    running = []

    def served(items, *, media=MEDIA, **settings) -> Site:
        folder = tmp_path / f"review-{len(running)}"
        stated = Settings(**({"random_share": 0.1, "gold_rate": 0.0} | settings))
        review = Review.create(folder, items, settings=stated, media=media)
        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        # A browser that is quicker than the server waits instead of being refused.
        door.listen()
        server = uvicorn.Server(uvicorn.Config(app(review), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        running.append((server, thread, door, review))
        return Site(folder, review, f"http://127.0.0.1:{door.getsockname()[1]}")

    yield served
    for server, thread, door, review in running:
        server.should_exit = True
        thread.join(10)
        door.close()
        review.close()


SERVES = """
import sys
from alignlab.oversight import Review
from alignlab.web import serve

serve(Review.open(sys.argv[1]), port=int(sys.argv[2]))
"""


class Apart:
    """The site in a process of its own, which can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self.port = door.getsockname()[1]
        self.folder, self.process = folder, None
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = [sys.executable, "-c", SERVES, str(self.folder), str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the site did not start")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def serve_apart(tmp_path) -> Iterator[Callable[..., Apart]]:
    """Serve a review from a process of its own until the test ends."""
    running = []

    def served(items, *, media=MEDIA, **settings) -> tuple[Apart, str]:
        """Return the site, and the token of ana."""
        from alignlab.oversight import Review, Settings

        folder = tmp_path / "review"
        stated = Settings(**({"random_share": 0.1, "gold_rate": 0.0} | settings))
        with Review.create(folder, items, settings=stated, media=media) as review:
            token = review.invite("ana")
        site = Apart(folder)
        running.append(site)
        site.start()
        return site, token

    yield served
    for site in running:
        site.kill()


@dataclass
class Seen:
    """What the pages of a test asked for, were told, and complained of."""

    requests: list[str] = field(default_factory=list)
    responses: list = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def bodies(self) -> list[tuple[str, bytes]]:
        """Return every address with what came from it, headers and all; redirects have no body."""
        return [
            (each.url, repr(each.all_headers()).encode() + b"\n" + _body(each))
            for each in self.responses
        ]


def _body(response) -> bytes:
    if 300 <= response.status < 400 or response.status == 204:
        return b""
    return response.body()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def visit(browser, seen) -> Iterator[Callable]:
    """Open a page of one's own; at the end no request has left and no page has complained."""
    contexts = []

    def opened(address: str, **options):
        context = browser.new_context(**{"viewport": WIDE, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("response", lambda response: seen.responses.append(response))
        page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    outside = {
        each
        for each in seen.requests
        if urlsplit(each).hostname not in OURS and urlsplit(each).scheme not in ("data", "blob")
    }
    assert outside == set()
    assert [each for each in seen.complaints if not EXPECTED.search(each)] == []


TRANSITIONS_END = """document.getAnimations()
  .filter((each) => each instanceof CSSTransition)
  .forEach((each) => each.finish())"""


@pytest.fixture
def violations() -> Callable:
    """Tell what axe finds against WCAG 2.2 AA on the page as it is now."""
    import axe_core_python

    script = Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")

    def found(page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            # Evaluated by the debugger, which the page's policy does not bind.
            page.evaluate(script)
        # A colour on its way to another is neither.
        page.evaluate(TRANSITIONS_END)
        told = page.evaluate(
            "(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
        )
        return [
            f"{each['id']}: {node['html'][:200]}"
            for each in told["violations"]
            for node in each["nodes"]
        ]

    return found


# --- the site without a server or a browser -------------------------------------------------------


class Desk:
    """A person at the site of a review, as their browser sends what they do."""

    def __init__(self, site, review):
        from starlette.testclient import TestClient

        self.site, self.review, self.csrf, self.lease = site, review, "", ""
        self.client = TestClient(site, base_url="http://127.0.0.1:8000", follow_redirects=False)

    def enter(self, name="ana", *, role="reviewer"):
        """Come in by an invitation."""
        entered = self.client.get("/enter", params={"token": self.review.invite(name, role=role)})
        assert entered.status_code == 303
        return self

    def see(self, path="/"):
        """Load a page; what its forms bring along is kept."""
        return self._kept(self.client.get(path))

    def post(self, path, *, part=True, headers=(), **fields):
        """Send a form of the page seen last, by HTMX or without."""
        sent = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
        sent |= {"HX-Request": "true"} if part else {}
        form = {"csrf": self.csrf, "lease": self.lease, "kind": "decide", **fields}
        return self._kept(self.client.post(path, data=form, headers=sent | dict(headers)))

    def _kept(self, answer):
        for name in ("csrf", "lease"):
            found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
            setattr(self, name, found[1] if found else getattr(self, name))
        return answer


@pytest.fixture
def desk(tmp_path) -> Iterator[Callable[..., Desk]]:
    """Make a review with a site, and a person before it who is not signed in yet."""
    from alignlab.oversight import Review, Settings
    from alignlab.web import app

    opened = []

    def made(items=(), *, media=MEDIA, clock=time.time, **settings) -> Desk:
        stated = Settings(**({"random_share": 0.1, "gold_rate": 0.0} | settings))
        folder = tmp_path / f"desk-{len(opened)}"
        review = Review.create(folder, items, settings=stated, media=media, clock=clock)
        opened.append(review)
        return Desk(app(review), review)

    yield made
    for review in opened:
        review.close()
