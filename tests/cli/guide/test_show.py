from __future__ import annotations

import json

import pytest


def test_a_reference_with_its_links_and_how_it_was_verified(alignlab):
    code, shown, _ = alignlab("guide show guo2017calibration")
    assert code == 0
    assert shown.startswith("On Calibration of Modern Neural Networks\nChuan Guo, Geoff Pleiss, ")
    assert "its arXiv number seen in an independent copy (as of 2026-" in shown
    assert "Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). On calibration" in shown


@pytest.mark.parametrize(
    ("key", "said", "true"),
    [
        ("hubinger2019risks", "training objective matches", "outer alignment"),
        ("[taylor2016alignment]", "Andrew Critch and others wrote", "27 July 2016"),
        ("fhi-forum", "has a forum", "closed on 16 April 2024"),
        ("burkov2020machine", "code examples in PyTorch", "almost no code"),
    ],
)
def test_what_the_founding_text_got_wrong_stands_with_what_is_true(alignlab, key, said, true):
    _, shown, _ = alignlab(f"guide show {key}")
    text = " ".join(shown.split())
    assert f"The text said {text.partition('The text said ')[2]}" in text
    assert said in text
    assert true in text


def test_other_entries_have_keys_too(alignlab):
    _, shown, _ = alignlab("guide show fhi")
    assert "status        closed" in shown
    assert "closed        2024-04-16" in shown
    _, shown, _ = alignlab("guide show aies")
    assert "2026: 12 to 14 October 2026, papers by 2026-05-21" in shown
    _, shown, _ = alignlab("guide show yampolskiy2018artificial")
    assert "code          none" in shown


def test_json(alignlab):
    told = json.loads(alignlab("guide show russell2019human --json")[1])
    assert told["reference"]["year"] == told["entry"]["year"] == 2019
    assert told["corrections"][0]["truth"].startswith("It is a book for the general reader")
    assert "reference" not in json.loads(alignlab("guide show miri --json")[1])


def test_an_unknown_key_names_the_nearest(alignlab):
    code, _, error = alignlab("guide show guo2017calibratoin")
    assert code == 2
    assert "nothing under 'guo2017calibratoin'. Did you mean 'guo2017calibration'?" in error
    assert "alignlab guide papers WORDS" in alignlab("guide show qqqqqqq")[2]
