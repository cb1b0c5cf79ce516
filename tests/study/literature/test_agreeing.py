import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from alignlab.errors import InputError
from alignlab.study.literature.agreeing import screening_agreement
from alignlab.study.literature.screening import DECISIONS, Decision, Screening
from alignlab.study.literature.works import Work

PAPERS = tuple(Work(key=f"p{n}", title=f"T{n}") for n in range(60))


def said(words):
    return {each.key: Decision(word, "r" if word == "exclude" else "")
            for each, word in zip(PAPERS, words, strict=True)}  # fmt: skip


def test_kappa_is_that_of_scikit_learn_and_alpha_counts_all():
    rng = np.random.default_rng(0)
    words = [rng.choice(DECISIONS, 60, p=[0.3, 0.6, 0.1]).tolist() for _ in range(3)]
    held = {name: said(each) for name, each in zip("abc", words, strict=True)}
    found = screening_agreement(Screening(PAPERS, held))
    for (one, two), kappa in found.kappas.items():
        expected = cohen_kappa_score(words["abc".index(one)], words["abc".index(two)])
        assert kappa.value == pytest.approx(expected, abs=1e-12)
    assert len(found.kappas) == 3
    assert found.alpha.items == 60
    assert found.alpha.estimate.low <= found.alpha.value <= found.alpha.estimate.high


def test_disagreements_are_listed_with_what_was_agreed():
    ana, bo = said(["include"] * 60), said(["include"] * 60)
    bo |= {"p3": Decision("exclude", "survey"), "p5": Decision("unsure")}
    found = screening_agreement(
        Screening(PAPERS, {"ana": ana, "bo": bo}, {"p3": Decision("exclude")})
    )
    assert [each.key for each in found.disagreements] == ["p3", "p5"]
    assert [each.key for each in found.open] == ["p5"]
    assert found.table.rows[0] == ("p3", "T3", "include", "exclude: survey", "exclude")
    assert found.without_reason == ()
    assert found.counts["conflict"] == 1


def test_an_exclusion_without_a_reason_is_told():
    no = {each.key: Decision("exclude") for each in PAPERS}
    found = screening_agreement(
        Screening(PAPERS, {"ana": no, "bo": {**no, "p1": Decision("exclude", "x")}})
    )
    assert len(found.without_reason) == 59
    assert found.alpha.undefined


def test_one_screener_cannot_agree():
    with pytest.raises(InputError, match="needs two"):
        screening_agreement(Screening(PAPERS, {"ana": {}}))
