from __future__ import annotations

import numpy as np
import pytest

from alignlab.audit import Finding, Limit, all_checks, check
from alignlab.audit.check import _REGISTER
from alignlab.audit.conformance import CASES, assert_conforms
from alignlab.charts import Table
from alignlab.errors import InputError
from alignlab.intervals import Estimate

HALF = Estimate(0.5, 0.4, 0.6, 0.95, 240, "made up")


@pytest.mark.parametrize("name", all_checks())
def test_the_built_in_checks_conform(name):
    assert_conforms(name)


@pytest.fixture
def register():
    """Register checks for one test."""
    before = dict(_REGISTER)
    yield lambda run, **options: check("performance.mine", question="Mine?", **options)(run)
    _REGISTER.clear()
    _REGISTER.update(before)


def test_a_check_that_keeps_its_promises_passes(register):
    def share_of_firsts(check, context):
        share = Estimate(float(np.mean(context.decisions == 0)), 0, 1, 0.95, 240, "none")
        return check.finding("measured", f"It is {share.value:.2f}.", estimates={"share": share})

    register(share_of_firsts, needs=("classification",))
    assert_conforms("performance.mine")


def other_name(check, context):
    return Finding("performance.other", "performance", "Mine?", "measured", "It is so.")


def two_lines(check, context):
    return check.finding("measured", "It is\nso.")


def outside(check, context):
    wrong = Estimate(0.7, 0.4, 0.6, 0.95, 240, "made up")
    return check.finding("measured", "It is so.", estimates={"x": wrong})


def against_its_number(check, context):
    limit = Limit(0.3, "at most", "x")
    return check.finding("pass", "It is so.", estimates={"x": HALF}, limit=limit)


def without_a_limit(check, context):
    return check.finding("pass", "It is so.", estimates={"x": HALF})


def changes_the_table(check, context):
    context.frame["income"] *= 2
    return check.finding("measured", "It is so.")


def changes_the_outcomes(check, context):
    context.outcomes[0] += 1
    return check.finding("measured", "It is so.")


def another_each_time(check, context):
    return check.finding("measured", f"It is {np.random.default_rng().random()}.")


def global_randomness(check, context):
    np.random.seed(1)  # noqa: NPY002
    return check.finding("measured", "It is so.")


def asks_the_model(check, context):
    if context.predictor is not None:
        context.predictor(context.features)
    return check.finding("measured", "It is so.")


def holds_an_object(check, context):
    table = Table("Objects", ("object",), ((object(),),))
    return check.finding("measured", "It is so.", tables=(table,))


@pytest.mark.parametrize(
    ("run", "promise"),
    [
        (other_name, "a finding of its own"),
        (two_lines, "one line"),
        (outside, "'x' lies outside its interval"),
        (against_its_number, "says the opposite"),
        (without_a_limit, "needs a limit"),
        (changes_the_table, "context was changed"),
        (changes_the_outcomes, "context was changed"),
        (another_each_time, "the same seed"),
        (global_randomness, "global random state"),
        (asks_the_model, "without saying needs"),
        (holds_an_object, "of type object"),
    ],
)
def test_a_broken_promise_is_named(register, run, promise):
    register(run)
    with pytest.raises(AssertionError, match=promise):
        assert_conforms("performance.mine")


def test_a_check_that_raises_is_shown_as_it_raised(register):
    def raises(check, context):
        raise ZeroDivisionError("here")

    register(raises)
    with pytest.raises(ZeroDivisionError, match="here"):
        assert_conforms("performance.mine")


def test_there_must_be_such_a_check():
    with pytest.raises(InputError, match=r"Did you mean 'performance[.]accuracy'"):
        assert_conforms("performance.acuracy")


def test_the_cases_are_what_they_say():
    made = {name: make() for name, make in CASES.items()}
    assert made["decisions alone"].probabilities is None
    assert made["probabilities without a model"].predictor is None
    assert 1 in made["a group of one row"].groupings[0].sizes
    assert len(np.unique(made["three classes"].outcomes)) == 3
    assert np.ptp(made["a model that always answers the same"].decisions) == 0
    assert {context.task for context in made.values()} == {"classification", "regression"}
    answers = made["two classes and groups"].answers
    assert 0.6 < np.mean(answers.outcomes == answers.decisions) < 0.9
