from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.guide import TOPICS, references, search, suggestion


def keys(words, topic=None):
    return [work.key for work in search(words, topic)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("guo2017calibration", "guo2017calibration"),
        ("GUO calib", "guo2017calibration"),
        ("waldchen", "lapuschkin2019unmasking"),
        ("Wäldchen", "lapuschkin2019unmasking"),
        ("shapley", "shapley1953value"),
        ("reward hacking", "skalse2022defining"),
        ("2017 madry", None),
    ],
)
def test_what_is_meant_comes_first(words, first):
    found = keys(words)
    assert (found[0] if found else None) == first


def test_the_ranking_by_hand():
    """A word in the title counts more than one in the venue, a whole one more than a begun."""
    found = keys("ethics")
    assert found[0] == "bostrom2014ethics"
    whole, begun = keys("interval"), keys("interva")
    assert set(whole) <= set(begun)


def test_without_words_all_are_there_in_the_order_of_the_file():
    assert keys("") == list(references())
    assert keys([], "fairness") == [
        key for key, work in references().items() if "fairness" in work.topics
    ]


@given(st.sampled_from(sorted(references())), st.sampled_from(sorted(TOPICS)))
def test_every_work_is_found_by_its_key_and_title_and_none_of_another_topic(key, topic):
    assert keys(key)[0] == key
    assert key in keys(references()[key].title)
    assert all(topic in work.topics for work in search(key[:3], topic))


def test_more_words_find_no_more():
    assert set(keys("adversarial training")) <= set(keys("adversarial"))


def test_nothing_found_says_what_may_have_been_meant():
    assert search("shaply") == ()
    assert suggestion("shaply value") == 'Did you mean "shapley value"?'
    assert suggestion("lundbreg") == 'Did you mean "lundberg"?'
    assert suggestion("shapley") == suggestion("qqqqqq") == ""
    apart = suggestion("holm calibration")
    assert apart.startswith("Each word is there, but no work has all: holm in ")
    with pytest.raises(InputError, match=r"topic='fairnes'.*Did you mean 'fairness'"):
        search("x", "fairnes")


def test_it_is_fast():
    search("warm")
    begin = time.process_time()
    for _ in range(20):
        search("adversarial examples robustness")
    assert (time.process_time() - begin) / 20 < 0.02
