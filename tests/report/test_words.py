from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.audit import AuditResult, Finding, Limit
from alignlab.intervals import Estimate
from alignlab.report.words import (
    cell,
    counted,
    estimate_words,
    facts,
    limit_words,
    number,
    title_of,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (1, "1"),
        (-12345, "−12,345"),
        (0.12345, "0.123"),
        (-0.12345, "−0.123"),
        (0.0004567, "0.00046"),
        (12.3456, "12.35"),
        (123.456, "123.5"),
        (12345.6, "12,346"),
        (1.5e9, "1.5e+09"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (None, "–"),
        (True, "yes"),
    ],
)
def test_a_number_has_the_digits_that_a_reader_can_use(value, shown):
    assert number(value) == shown


@given(st.floats(1e-3, 1e6))
def test_what_is_shown_is_close_to_the_number(value):
    shown = float(number(value).replace(",", ""))
    assert shown == pytest.approx(value, rel=2e-3, abs=5.01e-4)


def test_an_estimate_without_spread_is_its_number():
    assert estimate_words(Estimate(3.0, 3.0, 3.0, 0.95, 9, "counted")) == "3.000"
    assert estimate_words(Estimate(math.nan, 0, 1, 0.95, 0, "none")) == "–"
    assert estimate_words(Estimate(0.5, 0.4, math.inf, 0.9, 9, "x")) == (
        "0.500 (90% interval 0.400 to ∞)"
    )


def test_a_limit_names_its_source():
    assert limit_words(Limit(0.8, "at least", "ratio", "29 CFR 1607.4(D)")) == (
        "ratio at least 0.8 (29 CFR 1607.4(D))"
    )


def test_counts_are_a_sentence(result):
    assert counted(result) == (
        "7 checks were run: 1 fails, 1 cannot be decided on this much data, 2 pass "
        "and 3 are measured without a limit; 2 did not apply."
    )
    one = Finding("fairness.x", "fairness", "Is it?", "pass", "It is.")
    assert counted(AuditResult((one,), {})) == "1 check was run: 1 passes."
    assert counted(AuditResult((), {})) == "No check was run."
    absent = dataclasses.replace(one, status="not applicable")
    assert counted(AuditResult((absent,), {})) == "No check was run; 1 did not apply."


def test_facts_leave_out_what_is_unknown_and_say_what_nobody_stated(result):
    listed = {title: dict(entries) for title, entries in facts(result)}
    assert listed["Model"]["Rows it was asked for"] == "97,580, of which 95,200 by single checks"
    assert listed["Data"]["Groups"] == "sex, race, race*sex"
    assert "Weights" not in listed["Data"]
    assert listed["Stated by a person"] == {
        "Favourable outcome": "yes",
        "Limits": "fairness.selection_rate = 0.1",
        "Utilities": "not stated",
    }
    assert listed["Settings"]["Seed"] == "0"


def test_an_empty_subject_says_so():
    listed = {title: dict(entries) for title, entries in facts(AuditResult((), {"model": None}))}
    assert listed["Model"] == {}
    assert listed["Stated by a person"]["Favourable outcome"] == "not stated"
    assert title_of(AuditResult((), {})) == "predictions"


def test_utilities_are_named(result):
    settings = {"utilities": {"approve": {"repaid": 1, "lost": -5}}, "asking_cost": 0.1}
    changed = dataclasses.replace(result, subject={"settings": settings})
    listed = {title: dict(entries) for title, entries in facts(changed)}
    stated = listed["Stated by a person"]
    assert stated["Utilities"] == (
        "deciding approve when it is repaid: 1; deciding approve when it is lost: −5"
    )
    assert stated["Cost of asking a person"] == "0.100"


def test_a_cell_of_a_column_of_floats_has_its_decimals():
    assert [cell(each, "float") for each in (1, 0.25, None)] == ["1.000", "0.250", "–"]
    assert cell(1, "int") == "1"
