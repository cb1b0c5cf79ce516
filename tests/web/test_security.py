"""Hosts, sizes, headers, tokens: what holds for every request."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from alignlab.web.security import (
    MOST_BYTES,
    POLICY,
    Guard,
    foreign,
    is_loopback,
    token_matches,
)


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


async def broken(request):
    raise RuntimeError("a secret path")


def guarded(**how):
    routes = [Route("/", echo, methods=["GET", "POST"]), Route("/broken", broken)]
    site = Starlette(routes=routes, middleware=[Middleware(Guard, **how)])
    return TestClient(site, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "127.0.0.1", "localhost:9", "LOCALHOST", "[::1]:8000"],
)
def test_this_machines_own_names_are_let_through(host):
    assert guarded().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "evil.example:127",
        "127.0.0.1@evil.example",
        "0.0.0.0",
        "192.168.0.7:8000",
        "[::1",
        "",
        "é",
    ],
)
def test_a_name_that_is_not_the_sites_is_refused(host):
    answer = guarded().get("/", headers={"host": host.encode()})
    assert answer.status_code == 421
    assert "is not one of this site's" in answer.text
    assert answer.headers["content-security-policy"] == POLICY


def test_a_site_for_others_takes_addresses_in_numbers_and_the_names_given_but_no_other():
    site = guarded(hosts=["review.example"], addresses=True)
    for host in ("192.168.0.7:8000", "[fe80::1]:8000", "review.example", "10.0.0.1"):
        assert site.get("/", headers={"host": host}).status_code == 200
    for host in ("evil.example", "10.0.0.1.evil.example", "localhost"):
        assert site.get("/", headers={"host": host}).status_code == 421


def test_two_hosts_are_refused():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"host", b"evil.example")],
    }
    asyncio.run(Guard(Starlette())(scope, receive, send))
    assert sent[0]["status"] == 421


def test_a_body_larger_than_an_answer_is_refused_by_its_length_and_by_its_bytes():
    site = guarded()
    assert site.post("/", content=b"x" * MOST_BYTES).text == str(MOST_BYTES)
    assert site.post("/", content=b"x" * (MOST_BYTES + 1)).status_code == 413
    for length in ("-1", "a", "1e3"):
        assert site.post("/", headers={"content-length": length}).status_code == 413

    def pieces():
        for _ in range(MOST_BYTES // 1000 + 2):
            yield b"x" * 1000

    streamed = site.post("/", content=pieces())
    assert "content-length" not in streamed.request.headers
    assert streamed.status_code == 413
    assert "Nothing was saved" in streamed.text


@pytest.mark.parametrize("path", ["/", "/broken", "/nowhere"])
def test_every_response_carries_the_policy_a_failure_too(path, caplog):
    answer = guarded(https=True).get(path)
    headers = answer.headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "secret path" not in answer.text


def test_without_tls_browsers_are_not_told_to_stay_with_it():
    assert "strict-transport-security" not in guarded().get("/").headers


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, False),
        ({"origin": "http://127.0.0.1:8000"}, False),
        ({"origin": "https://127.0.0.1:8000"}, False),
        ({"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://127.0.0.1:8001"}, True),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"origin": "http://127.0.0.1:8000", "sec-fetch-site": "cross-site"}, True),
        ({"origin": "http://127.0.0.1:8000@evil.example"}, True),
        ({"origin": "http://[evil"}, True),
    ],
)
def test_a_request_made_by_another_page_is_foreign(headers, told):
    assert foreign({"host": "127.0.0.1:8000", **headers}) is told


def test_a_token_matches_itself_only():
    assert token_matches("abc", "abc")
    for given in ("abd", "ab", "abcd", "", None, 3, "ab\ud800"):
        assert not token_matches("abc", given)
    assert not token_matches("", "")


def test_loopback_is_what_no_other_machine_reaches():
    assert all(map(is_loopback, ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.1.1", "example.org", ""]))
