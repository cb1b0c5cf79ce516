from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit.check import _REGISTER, Check, all_checks, check, run_check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import PILLARS, Limit
from alignlab.errors import InputError
from alignlab.predictors import Predictor


@pytest.fixture
def context() -> AuditContext:
    frame = pd.DataFrame({"x": [0.0, 1.0]})
    predictor = Predictor(lambda rows: rows["x"], "classification", classes=("no", "yes"))
    zero_one = np.array([0, 1])
    return AuditContext(
        "classification", ("no", "yes"), frame, frame, predictor, zero_one, zero_one
    )


@pytest.fixture
def register():
    """Register checks for one test only."""
    before = dict(_REGISTER)
    yield check
    _REGISTER.clear()
    _REGISTER.update(before)


def test_all_checks_come_in_the_order_of_the_report():
    positions = [PILLARS.index(each.pillar) for each in all_checks().values()]
    assert positions == sorted(positions)
    assert all(name == each.name for name, each in all_checks().items())


def test_every_check_asks_a_question_and_has_a_sourced_limit_if_any():
    for each in all_checks().values():
        assert each.question.endswith("?"), each.name
        if each.limit is not None and not np.isnan(each.limit.value):
            assert each.limit.source not in ("", "none", "stated"), each.name


def test_a_check_is_registered_and_run(register, context):
    @register("performance.toy", question="Does it run?")
    def toy(this: Check, context: AuditContext):
        context.predictor(context.features)
        return this.finding("measured", "It runs.")

    found = run_check(all_checks()["performance.toy"], context)
    assert (found.check, found.pillar, found.evaluations) == ("performance.toy", "performance", 2)


def test_a_check_that_does_not_apply_says_why_and_does_not_run(register, context):
    @register("fairness.toy", question="Does it run?", needs=("groups",))
    def toy(this: Check, context: AuditContext):
        raise AssertionError

    found = run_check(all_checks()["fairness.toy"], context)
    assert found.status == "not applicable"
    assert "no groups were named" in found.summary


def test_a_name_begins_with_a_pillar_and_is_taken_once(register):
    with pytest.raises(InputError, match="Did you mean 'fairness'"):
        register("fairnes.x", question="?")
    with pytest.raises(InputError, match=r"Two checks are named 'performance\.accuracy'"):
        register("performance.accuracy", question="?")(lambda this, context: None)


def test_the_stated_limit_holds_before_the_default(register, context):
    limit = Limit(0.8, "at least", "ratio", "a law")
    this = Check("fairness.toy", "fairness", "?", lambda a, b: None, limit=limit)
    assert this.limit_in(context) is limit
    stated = this.limit_in(replace(context, limits={"fairness.toy": 0.9}))
    assert (stated.value, stated.source) == (0.9, "stated")
    without = replace(this, limit=replace(limit, value=float("nan")))
    assert without.limit_in(context) is None
