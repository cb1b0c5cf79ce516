import numpy as np
import pytest

from alignlab.oversight.agreement import krippendorff_alpha
from alignlab.oversight.reliance import Trials, measure_reliance
from alignlab.oversight.statistics import labels_of, review_statistics

STANDS = "This is about the cases drawn at random, which stand for all."
NAMES = ["agreement", "reviewers", "gold", "reliance", "complementarity", "confidence", "trust"]


def by_name(found):
    return {each.name: each for each in found}


def test_every_question_is_answered_where_the_answers_allow(answered):
    answers = answered(gold=8, arms=("advice", "own first"))
    rated = {"ann 0": {}, "ann 1": {}}
    found = review_statistics(answers, trust=rated)
    assert [each.name for each in found] == NAMES
    assert all(each.known for each in found)
    plain = [each for each in answers if each.gold is None]
    assert by_name(found)["agreement"].sentence == krippendorff_alpha(*labels_of(plain)).headline
    expected = measure_reliance(Trials.from_answers(plain))
    assert by_name(found)["reliance"].sentence == expected.headline
    assert by_name(found)["gold"].frame["answers"].tolist() == [8] * 6
    for each in found:
        assert each.to_dict()["sentence"] == each.sentence


def test_planted_cases_count_for_gold_alone(answered):
    plain = answered(20)
    wrong = [each._replace(gold="no", key=f"planted {each.key}") for each in answered(20, seed=1)]
    with_gold, without = (by_name(review_statistics(a)) for a in (plain + wrong, plain))
    for name in NAMES:
        if name != "gold":
            assert with_gold[name].sentence == without[name].sentence
    assert with_gold["gold"].known
    assert not without["gold"].known


def test_what_the_answers_do_not_allow_is_said(answered):
    alone = [each._replace(truth=None) for each in answered(people=1, arms=("none",))]
    found = by_name(review_statistics(alone))
    assert not any(each.known for each in found.values())
    assert "no item has two answers" in found["agreement"].sentence
    assert "No advice was seen" in found["reliance"].sentence
    assert review_statistics([])[0].sentence == "Nobody has answered yet."


@pytest.mark.parametrize("said", ["defer", "cannot tell"])
def test_who_hands_on_or_cannot_tell_gives_no_label(answered, said):
    first, *rest = answered(2)
    silent = first._replace(answer={"verdict": said, "decision": None, "confidence": None})
    item, person, label = labels_of([silent, *rest])
    assert len(label) == len(rest) + (said == "cannot tell")
    assert label.count(None) == (said == "cannot tell")
    assert len(item) == len(person) == len(label)


def test_both_bad_is_a_label_and_cannot_tell_is_none(answered):
    pairs = [
        each._replace(kind="prefer", answer={"preferred": said})
        for each, said in zip(
            answered(1, people=3), ("first", "both bad", "cannot tell"), strict=True
        )
    ]
    assert labels_of(pairs)[2] == ["first", "both bad", None]


def test_cases_and_pairs_are_never_mixed(answered):
    """Together they have four labels, and nobody could take one of the others' two."""
    rng = np.random.default_rng(0)
    guesses = [e._replace(answer={"decision": rng.choice(["no", "yes"])}) for e in answered(40)]
    pairs = [
        e._replace(key=f"pair {e.key}", kind="prefer", answer={"preferred": said})
        for e, said in zip(guesses, rng.choice(["first", "second"], len(guesses)), strict=True)
    ]
    together, apart = krippendorff_alpha(*labels_of(guesses + pairs)), labels_of(guesses)
    assert together.estimate.low > 0.2 > krippendorff_alpha(*apart).estimate.high
    found = by_name(review_statistics(guesses + pairs))
    for some in (guesses, pairs):
        assert krippendorff_alpha(*labels_of(some)).headline in found["agreement"].sentence
    assert found["reviewers"].frame["of"].tolist() == ["cases"] * 6 + ["pairs"] * 6


def test_the_random_sample_is_what_measures_are_of(answered):
    drawn = answered(follows=0.2)
    hard = [
        each._replace(key=f"{each.key} by worth", drawn="value")
        for each in answered(follows=1.0, seed=3)
    ]
    alone, both, asked = (by_name(review_statistics(a)) for a in (drawn, drawn + hard, hard))
    for name in ("reliance", "complementarity", "confidence"):
        said = alone[name].sentence
        assert both[name].sentence == f"{said} {STANDS}"
        assert asked[name].sentence.endswith("asked first, not about all cases.")


def test_how_many_said_how_sure_they_were(answered):
    answers = answered()
    silent = [
        each._replace(answer={**each.answer, "confidence": None}) if at % 2 else each
        for at, each in enumerate(answers)
    ]
    assert "in 180 of 360" in by_name(review_statistics(silent))["confidence"].sentence
    assert "in 180 of" not in by_name(review_statistics(answers))["confidence"].sentence
