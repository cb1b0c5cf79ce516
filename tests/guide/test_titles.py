from __future__ import annotations

import pytest

from alignlab.guide.titles import is_name, sentence_case
from alignlab.guide.works import references


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("A Value for n-Person Games", "A value for n-person games"),
        ("Learn then Test: Calibrating and the EM Algorithm", None),
        ("Stable-Baselines3: Reliable RL", "Stable-Baselines3: Reliable RL"),
        ("How Many Random Seeds? Statistical Power", "How many random seeds? Statistical power"),
        ("SmoothGrad: removing noise", "SmoothGrad: Removing noise"),
        ("Unmasking Clever Hans Predictors", "Unmasking clever Hans predictors"),
        ("Extending the Bradley–Terry Model", "Extending the Bradley–Terry model"),
        ("Krippendorff's Alpha and P-Values", "Krippendorff's alpha and P-values"),
    ],
)
def test_titles_by_hand(title, sentence):
    assert sentence_case(title) == (sentence or "Learn then test: Calibrating and the EM algorithm")


def test_it_changes_capitals_alone_and_once():
    for work in references().values():
        once = sentence_case(work.title)
        assert once.casefold() == work.title.casefold()
        assert sentence_case(once) == once


def test_names():
    assert all(map(is_name, ("Bayesian,", "L2", "“Shapley”", "Q", "SMC-13")))
    assert not any(map(is_name, ("Learning", "A", "game", "2")))
