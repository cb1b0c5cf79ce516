import numpy as np
import pytest

from alignlab.oversight.reliance import Trials
from alignlab.oversight.sampling import FEWEST, representative, sampled


def test_few_answers_are_all_kept(answered):
    answers = answered(10)
    found = sampled(iter(answers), most=60)
    assert found.answers == tuple(answers)
    assert (found.share, found.total) == (1.0, 60)


def test_of_many_all_answers_to_some_cases_are_kept_in_order(answered):
    answers = answered(400, people=3)
    found = sampled(iter(answers), most=500)
    keys = {each.key for each in found.answers}
    assert found.answers == tuple(each for each in answers if each.key in keys)
    assert 1 / found.share in (4, 8)
    assert len(found.answers) <= 500
    assert found.total == 1200


def test_which_cases_are_kept_does_not_depend_on_the_order(answered):
    answers = answered(200, people=2)
    rng = np.random.default_rng(0)
    kept = {
        frozenset(
            each.key
            for each in sampled([answers[at] for at in rng.permutation(400)], most=150).answers
        )
        for _ in range(5)
    }
    assert len(kept) == 1


def test_each_case_is_as_likely(answered):
    """Keys of other names are other draws: each case is in half of them."""
    answers = answered(40, people=1)
    times = np.zeros(40)
    for draw in range(400):
        named = [each._replace(key=f"{draw} {each.key}") for each in answers]
        places = {each.key: at for at, each in enumerate(named)}
        found = sampled(named, most=39)
        times[[places[each.key] for each in found.answers]] += 1 / found.share
    # The bound is halved as late as it must be, so that what it leaves is weighed by the share.
    assert times.mean() == pytest.approx(400, rel=0.05)
    assert np.abs(times / times.mean() - 1).max() < 0.35


def test_one_case_with_very_many_answers_is_kept(answered):
    found = sampled(answered(1, people=50), most=10)
    assert len(found.answers) == 50


def test_the_random_sample_stands_for_all(answered):
    drawn = answered(follows=0.2)
    asked = [each._replace(key=f"{each.key} by worth", drawn="value") for each in answered(seed=3)]
    trials, for_all = representative(drawn + asked)
    assert for_all
    assert trials.items == Trials.from_answers(drawn).items
    few = [each for each in drawn if each.key in ("case 0", "case 1")]
    assert sum(each.advice.decision != each.truth for each in few) < FEWEST
    trials, for_all = representative(few + asked)
    assert not for_all
    assert len(trials) == len(few) + len(asked)
