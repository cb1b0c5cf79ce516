"""The owner's page: who may see it, what it counts, what it lets go."""

from __future__ import annotations

import json


def test_it_is_the_owners(desk, item):
    ana = desk([item()]).enter()
    assert "/dashboard" not in ana.see().text
    for path in ("/dashboard", "/dashboard/export"):
        refused = ana.see(path)
        assert refused.status_code == 403
        assert "owner" in refused.text
    assert ana.post("/dashboard/verify", part=False).status_code == 403


def test_it_tells_how_far_the_review_is_and_the_head(desk, item):
    ana = desk([item(), item(), item()]).enter(role="owner")
    ana.review.invite("bo <b>")
    ana.see()
    ana.post("/answer", verdict="accept")
    page = ana.see("/dashboard").text
    assert "<dd>1 of 3</dd>" in page
    assert ana.review.head.hash in page
    assert "bo &lt;b&gt;" in page
    assert "at a case" in page
    ana.review.revoke("bo <b>")
    assert "access taken back" in ana.see("/dashboard").text


def test_the_archive_is_verified_against_a_head_that_was_kept(desk, item):
    ana = desk([item()]).enter(role="owner")
    ana.see("/dashboard")
    whole = ana.post("/dashboard/verify", part=False, head="")
    assert "The archive is whole" in whole.text
    assert "The archive is whole" in ana.post("/dashboard/verify", head=ana.review.head.hash).text
    altered = ana.post("/dashboard/verify", part=False, head="0" * 64)
    assert altered.status_code == 200
    assert "The archive is whole" not in altered.text
    assert 'class="fault"' in altered.text


def test_answers_are_taken_away_as_a_file(desk, item):
    ana = desk([item(), item()]).enter(role="owner")
    ana.see()
    ana.post("/answer", verdict="accept")
    file = ana.see("/dashboard/export?format=jsonl&pseudonyms=on")
    assert 'filename="answers.jsonl"' in file.headers["content-disposition"]
    assert file.headers["x-alignlab-head"] == ana.review.head.hash
    assert json.loads(file.text)["reviewer"] != "ana"
    refused = ana.see("/dashboard/export?format=jsonk")
    assert refused.status_code == 422
    assert "Did you mean &#39;jsonl&#39;?" in refused.text
