import numpy as np
import pandas as pd

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.audit.conformance import assert_conforms

CHECK = "oversight.agreement"


def finding(review, **fields):
    frame = pd.DataFrame({"paid": [1.0, 2.0] * 20})
    context = AuditContext(
        task="regression",
        classes=(),
        frame=frame,
        features=frame.iloc[:, :0],
        predictor=None,
        outcomes=np.tile([1.0, 2.0], 20),
        decisions=np.tile([1.0, 2.0], 20),
        review=tuple(review),
        **fields,
    )
    return run_check(all_checks()[CHECK], context)


def test_it_keeps_the_promises_of_a_check():
    assert_conforms(CHECK)


def test_people_who_see_the_same_pass_and_people_who_guess_fail(answered):
    limit = {"limits": {CHECK: 0.5}}
    alike = finding(answered(alone=0.97, follows=0.0), **limit)
    assert alike.status == "pass"
    assert alike.summary.startswith("People agree more than by chance (alpha 0.")
    guessing = finding(answered(alone=0.5, follows=0.0, people=8), **limit)
    assert guessing.status == "fail"
    assert "--overlap" in guessing.advice[0]


def test_planted_cases_do_not_count(answered):
    plain = answered(alone=0.6, follows=0.0)
    planted = [
        each._replace(key=f"planted {each.key}", gold=each.truth)
        for each in answered(alone=1.0, follows=0.0)
    ]
    assert finding([*plain, *planted]).estimates == finding(plain).estimates


def test_nobody_is_named(answered):
    seen = finding(answered())
    (table,) = seen.tables
    assert [row[0] for row in table.rows] == [f"person {at}" for at in range(1, 7)]
    assert "ann 0" not in str(seen.to_dict())


def test_too_few(answered):
    assert finding(answered(5)).status == "not enough data"
    assert finding(answered(people=1)).status == "not enough data"
    same = [each._replace(answer={"decision": "no"}) for each in answered()]
    assert "all 360 answers are the same" in finding(same).summary
    assert finding([]).status == "not applicable"
