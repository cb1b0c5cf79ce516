import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.audit.conformance import assert_conforms

CHECK = "oversight.reliance"


def finding(review, **fields):
    frame = pd.DataFrame({"paid": ["no", "yes"] * 20})
    codes = np.tile([0, 1], 20)
    context = AuditContext(
        task="classification",
        classes=("no", "yes"),
        frame=frame,
        features=frame.iloc[:, :0],
        predictor=None,
        outcomes=codes,
        decisions=codes,
        review=tuple(review),
        **fields,
    )
    return run_check(all_checks()[CHECK], context)


def test_it_keeps_the_promises_of_a_check():
    assert_conforms(CHECK)


def test_people_who_always_follow_fail_a_limit_that_people_who_never_do_keep(answered):
    limit = {"limits": {CHECK: 0.4}}
    always = finding(answered(80, people=24, follows=1.0), **limit)
    assert always.status == "fail"
    assert always.estimates["over-reliance: took wrong advice"].value == 1
    assert always.summary.startswith("People took 100% of wrong advice and refused 0% of right")
    assert "own first" in always.advice[0]
    never = finding(answered(80, people=24, follows=0.0, alone=1.0), **limit)
    assert never.status == "pass"
    assert never.advice == ()


def test_the_worst_of_several_arms_is_held_to_the_limit(answered):
    blind = [
        each._replace(key=f"{each.key} again")
        for each in answered(80, people=24, follows=1.0, seed=2)
    ]
    careful = answered(80, people=24, arms=("own first",), follows=0.0, alone=1.0)
    seen = finding([*blind, *careful], limits={CHECK: 0.5})
    assert seen.status == "fail"
    assert "(advice)" in seen.summary
    assert "(own first)" in seen.summary
    assert seen.estimates["over-reliance: took wrong advice (own first)"].value == 0


def test_the_random_sample_speaks_for_all_cases(answered):
    sample = answered(follows=0.2)
    hard = [
        each._replace(key=f"{each.key} by worth", drawn="value")
        for each in answered(follows=1.0, seed=3)
    ]
    seen = finding([*sample, *hard])
    assert "on a random sample of cases" in seen.summary
    assert seen.estimates == finding(sample).estimates
    assert "asked about first" in finding(hard).summary


def test_planted_cases_do_not_count(answered):
    plain = answered(follows=1.0)
    clear = [
        each._replace(key=f"planted {each.key}", gold=each.truth, drawn="gold")
        for each in answered(follows=0.0, alone=1.0, seed=3)
    ]
    for drawn in ("random", "value"):
        asked = [each._replace(drawn=drawn) for each in plain]
        assert finding([*asked, *clear]).estimates == finding(asked).estimates


def test_too_few_or_unknown(answered):
    assert finding(answered(3)).status == "not enough data"
    unknown = [each._replace(truth=None) for each in answered()]
    assert finding(unknown).status == "not enough data"
    handed_on = [e._replace(answer={"verdict": "defer", "decision": None}) for e in answered(2)]
    assert finding(handed_on).status == "not applicable"


@pytest.mark.parametrize("review", [None, ()])
def test_without_a_review(review):
    assert finding(review or ()).status == "not applicable"
