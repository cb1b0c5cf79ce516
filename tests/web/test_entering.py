"""Coming in and going out: no address keeps a secret, and nobody is signed in unasked."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from alignlab.web.site import app

HERE = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}


def test_a_link_is_exchanged_at_once_for_a_cookie_that_no_script_reads(desk, item):
    nobody = desk([item()])
    token = nobody.review.invite("ana")
    entered = nobody.client.get("/enter", params={"token": token})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("alignlab_8000=")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Secure" not in cookie
    assert token not in cookie
    assert token not in entered.text
    assert nobody.see().status_code == 200
    assert token not in nobody.see().text


def test_by_tls_the_cookie_is_for_tls_only(desk, item):
    review = desk([item()]).review
    token = review.invite("ana")
    client = TestClient(app(review, https=True), base_url="https://localhost")
    entered = client.get("/enter", params={"token": token}, follow_redirects=False)
    assert "Secure" in entered.headers["set-cookie"]
    assert "Path=/;" in entered.headers["set-cookie"]
    assert "domain" not in entered.headers["set-cookie"].lower()
    # A browser takes a name of this beginning only with all of that, and from this site alone.
    assert entered.headers["set-cookie"].startswith("__Host-alignlab_session=")
    csrf = re.search('name="csrf" value="([^"]*)"', client.get("/").text)[1]
    here = {"origin": "https://localhost", "sec-fetch-site": "same-origin"}
    left = client.post("/sign-out", data={"csrf": csrf}, headers=here, follow_redirects=False)
    # An order to forget it that lacks them would not be followed.
    assert left.headers["set-cookie"].startswith('__Host-alignlab_session="";')
    assert "Secure" in left.headers["set-cookie"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_on_another_page_asks_first_and_signs_nobody_in(desk, item, site):
    nobody = desk([item()])
    token = nobody.review.invite("ana")
    asked = nobody.client.get("/enter", params={"token": token}, headers={"sec-fetch-site": site})
    assert asked.status_code == 200
    assert "set-cookie" not in asked.headers
    assert f'name="token" value="{token}"' in asked.text
    done = nobody.client.post("/sign-in", data={"token": token}, headers=HERE)
    assert done.status_code == 303
    assert nobody.see().status_code == 200


def test_where_browsers_do_not_say_who_led_there_a_link_asks_first(desk, item):
    """They say so to this machine and by TLS only; programs of this machine need not."""
    review = desk([item()]).review
    token = review.invite("ana")
    client = TestClient(app(review, hosts=["review.lan"]), base_url="http://review.lan:8000")
    asked = client.get("/enter", params={"token": token})
    assert asked.status_code == 200
    assert "set-cookie" not in asked.headers
    told = {"sec-fetch-site": "none"}
    entered = client.get("/enter", params={"token": token}, headers=told, follow_redirects=False)
    assert entered.status_code == 303


def test_a_page_elsewhere_cannot_post_a_sign_in(desk, item):
    nobody = desk([item()])
    token = nobody.review.invite("ana")
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        refused = nobody.client.post("/sign-in", data={"token": token}, headers=headers)
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("link", [False, True])
def test_a_token_or_the_whole_link_can_be_pasted(desk, item, link):
    nobody = desk([item()])
    token = nobody.review.invite("ana")
    pasted = f" http://127.0.0.1:8000/enter?token={token}\n" if link else f" {token} "
    assert nobody.client.get("/sign-in").status_code == 200
    done = nobody.client.post("/sign-in", data={"token": pasted}, headers=HERE)
    assert done.status_code == 303
    assert nobody.client.get("/sign-in").headers["location"] == "/"


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "é\u202e", "\0", "%00", "<b>"])
def test_an_unknown_token_opens_nothing(desk, item, token):
    nobody = desk([item()])
    for told in (
        nobody.client.get("/enter", params={"token": token}),
        nobody.client.post("/sign-in", data={"token": token}, headers=HERE),
    ):
        assert told.status_code == 403
        assert "opens nothing" in told.text
        assert "set-cookie" not in told.headers
        assert "<b>" not in told.text.replace("&lt;b&gt;", "")


def test_a_token_that_was_taken_back_opens_nothing(desk, item):
    nobody = desk([item()])
    token = nobody.review.invite("ana")
    nobody.review.revoke("ana")
    assert nobody.client.get("/enter", params={"token": token}).status_code == 403


def test_signing_out_ends_the_session_and_not_only_the_cookie(desk, item):
    ana = desk([item()]).enter()
    ana.see()
    (cookie,) = [f"{name}={value}" for name, value in ana.client.cookies.items()]
    out = ana.post("/sign-out", part=False)
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    ana.client.cookies.clear()
    again = ana.client.get("/", headers={"cookie": cookie})
    assert again.headers["location"] == "/sign-in"


def test_coming_in_as_another_ends_the_session_before(desk, item):
    ana = desk([item()]).enter()
    (cookie,) = [f"{name}={value}" for name, value in ana.client.cookies.items()]
    ana.enter("bo")
    assert "bo" in ana.see().text
    ana.client.cookies.clear()
    assert ana.client.get("/", headers={"cookie": cookie}).status_code == 303


def test_two_reviews_on_one_machine_keep_their_people_apart(desk, item):
    ana = desk([item()]).enter()
    other = TestClient(ana.site, base_url="http://127.0.0.1:8001", follow_redirects=False)
    token = ana.review.invite("bo")
    entered = other.get("/enter", params={"token": token})
    assert entered.headers["set-cookie"].startswith("alignlab_8001=")


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 5000, '"', "a=b;alignlab_8000=\x01"])
def test_a_forged_cookie_is_nobody(desk, item, cookie):
    nobody = desk([item()])
    sent = f"alignlab_8000={cookie}".encode()
    assert nobody.client.get("/", headers={"cookie": sent}).status_code == 303
