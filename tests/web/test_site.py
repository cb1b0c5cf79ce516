"""The application as a whole: its addresses, the files that pages load, and what is nowhere."""

from __future__ import annotations

import hashlib
import re

import pytest
from starlette.testclient import TestClient

from alignlab.web.rendering import assets
from alignlab.web.security import POLICY


def test_what_changes_something_is_never_a_get(desk, item):
    ana = desk([item()]).enter(role="owner")
    ana.see()
    for path in ("/answer", "/step", "/undo", "/reveal", "/sign-out", "/dashboard/verify"):
        assert ana.client.get(path).status_code == 405
    for path in ("/", "/work", "/keys", "/dashboard", "/dashboard/export", "/enter"):
        assert ana.client.post(path).status_code == 405


def test_no_address_is_forgotten_by_the_guard(desk, item):
    """Every route but the ways in, the files and the API asks who it is."""
    site = desk([item()])
    free = {"/enter", "/sign-in", "/static/{name}", "/api/openapi.json"}
    for route in site.site.router.routes:
        path = getattr(route, "path", "")
        if path in free or not path or path.startswith("/api"):
            continue
        (method,) = route.methods - {"HEAD"}
        answer = site.client.request(method, path.replace("{name}", "x"))
        assert answer.status_code in (303, 401), path
        assert answer.headers["content-security-policy"] == POLICY


def test_files_are_named_by_their_digest_and_kept(desk):
    site = desk()
    page = site.client.get("/sign-in").text
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert {each.partition("?")[0] for each in named} >= {
        "/static/review.css", "/static/parts.css", "/static/review.js", "/static/htmx.min.js",
    }  # fmt: skip
    for address in named:
        file = site.client.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
        name = address.removeprefix("/static/").partition("?")[0]
        assert hashlib.sha256(file.content).hexdigest().startswith(assets()[name].digest)
    loose = site.client.get("/static/keys.js")
    assert loose.headers["cache-control"] == "no-cache"
    tag = {"if-none-match": loose.headers["etag"]}
    assert site.client.get("/static/keys.js", headers=tag).status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "../site.py", "%2e%2e/site.py", "", "x/y.js"])
def test_only_the_files_of_pages_are_served(desk, name):
    assert desk().client.get(f"/static/{name}").status_code in (404, 405)


def test_what_is_nowhere_is_said_with_a_way_back(desk, item):
    ana = desk([item()]).enter()
    told = ana.see("/nowhere")
    assert told.status_code == 404
    assert "There is no such page." in told.text
    assert 'href="/"' in told.text
    assert ana.client.get("/keys/").status_code == 404


def test_htmx_is_the_file_of_its_registry_with_its_licence_beside_it():
    script = assets()["htmx.min.js"].body
    assert hashlib.sha256(script).hexdigest() == HTMX
    assert b'version:"2.0.11"' in script
    assert b"Zero-Clause BSD" in assets()["htmx.LICENSE.txt"].body


HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"


def test_no_collector_is_told_of_any_request(desk, item, monkeypatch):
    """FastAPI would report each address, the token of an invitation in it too."""
    from opentelemetry import trace

    told = []

    class Collector(trace.TracerProvider):
        def get_tracer(self, *names, **more):
            told.append(names)
            return trace.NoOpTracer()

    monkeypatch.setattr(trace, "get_tracer_provider", Collector)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    ana = desk([item()]).enter()
    with TestClient(ana.site, base_url="http://127.0.0.1:8000") as client:
        assert client.get("/enter", params={"token": "x"}).status_code == 403
        assert client.post("/api/next").status_code == 401
    assert not told
