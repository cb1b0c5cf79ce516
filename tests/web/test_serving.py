"""Listening: on this machine alone, at a port that can be had, and said when it is not."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.request

import pytest
import uvicorn

from alignlab.errors import InputError, OutputError
from alignlab.web.serving import exposure, serve


@contextlib.contextmanager
def served(review, monkeypatch, **how):
    """Serve from a thread until the block ends; yields the address."""
    at, running, told = [], [], threading.Event()
    startup = uvicorn.Server.startup

    async def known(self, sockets=None):
        running.append(self)
        await startup(self, sockets=sockets)

    monkeypatch.setattr(uvicorn.Server, "startup", known)
    thread = threading.Thread(
        target=serve,
        args=(review,),
        kwargs={"port": 0, "ready": lambda address: (at.append(address), told.set()), **how},
        daemon=True,
    )
    thread.start()
    assert told.wait(20)
    yield at[0]
    running[0].should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("name", ["a b", "http://x", "x:80", "", "x/y", "ä"])
def test_a_name_that_no_host_has(desk, name):
    with pytest.raises(InputError, match=r"is no name of a host, such as review\.example\.org"):
        serve(desk().review, port=0, hosts=[name])


def test_a_site_is_served_and_names_no_software(desk, monkeypatch, capfd):
    review = desk().review
    token = review.invite("ana")
    with served(review, monkeypatch) as address:
        assert address.startswith("http://127.0.0.1:")
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(f"{address}/enter?token={token}", timeout=10) as page:
            assert page.status == 200
            assert page.url == f"{address}/"
            assert "server" not in page.headers
    out, err = capfd.readouterr()
    assert token not in out + err


def test_more_than_this_machine_is_warned_of(desk, monkeypatch):
    told = []
    with served(desk().review, monkeypatch, host="0.0.0.0", warn=told.append) as address:
        port = address.rpartition(":")[2]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=10) as page:
            assert page.status == 200
    (words,) = told
    assert "Other machines can reach this site" in words
    assert "TLS" in words


def test_without_a_listener_the_warning_is_pythons(desk, monkeypatch):
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    review = desk().review
    with pytest.warns(UserWarning, match="Other machines"):
        serve(review, host="0.0.0.0", port=0)


def test_a_port_that_is_taken_is_said(desk):
    with contextlib.closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        with pytest.raises(OutputError, match=r"Nothing can listen at 127\.0\.0\.1:\d+ .* another"):
            serve(desk().review, port=door.getsockname()[1])


@pytest.mark.parametrize("port", [-1, 65_536, 80.5, True, "80"])
def test_what_is_no_port_is_refused(desk, port):
    with pytest.raises(InputError, match="port="):
        serve(desk().review, port=port)


def test_what_is_no_host_is_said(desk):
    with pytest.raises(OutputError, match=r"listen at no such host \(.* Choose another host\.$"):
        serve(desk().review, host="no such host", port=0)


def test_what_to_know_of_a_host():
    assert exposure("127.0.0.1") == exposure("localhost") == exposure("::1") == ""
    assert "can be read on the way" in exposure("0.0.0.0")
    assert "can be read on the way" not in exposure("10.0.0.1", https=True)
