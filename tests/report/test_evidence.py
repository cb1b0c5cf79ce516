from __future__ import annotations

import dataclasses
import re

import pytest

from alignlab.audit import Finding, all_checks
from alignlab.report import clauses, evidence_table
from alignlab.report.evidence import NO_CLAIM, evidence_by_framework


def test_every_key_that_a_check_names_is_defined():
    named = {key for check in all_checks().values() for key in check.evidence}
    assert named <= set(clauses())


@pytest.mark.parametrize("name", all_checks())
def test_every_check_bears_on_something(name):
    assert all_checks()[name].evidence, "a reviewer could not tell what this is evidence of"


def test_every_clause_is_named_by_some_check():
    named = {key for check in all_checks().values() for key in check.evidence}
    assert set(clauses()) <= named


def test_clauses_have_unique_numbers_and_keys_that_follow_from_them():
    seen = set()
    for key, clause in clauses().items():
        assert (clause.framework.key, clause.number) not in seen
        seen.add((clause.framework.key, clause.number))
        assert key.startswith(f"{clause.framework.key}.")
        digits = re.sub(r"\W", "", clause.number).lower()
        assert re.sub(r"\W", "", key).endswith(digits)


def test_no_date_and_no_claim():
    text = " ".join(clause.subject for clause in clauses().values())
    assert not re.search(r"\b(19|20)\d\d\b", text)
    assert not re.search(r"\b(complies|compliant|conforms|shall|must)\b", text, re.IGNORECASE)


def test_the_table_names_each_finding_under_its_clause_and_claims_nothing(result):
    text = evidence_table(result)
    assert NO_CLAIM in text
    row = next(line for line in text.splitlines() if line.startswith("| MEASURE 2.11 |"))
    assert "Fairness and bias | fairness.selection\\_rate | fail |" in row
    assert "Nothing in this audit bears on: " in text


def test_what_does_not_apply_is_no_evidence(result):
    found = {
        clause.key: [each.check for each in bearing]
        for _, entries in evidence_by_framework(result)
        for clause, bearing in entries
    }
    assert found["nist.map-3.5"] == []
    assert found["nist.measure-2.11"] == ["fairness.selection_rate", "fairness.four_fifths"]


def test_a_plug_in_may_name_a_clause_of_its_own(result):
    foreign = Finding(
        "fairness.own", "fairness", "Is it?", "measured", "It is.", evidence=("house.rule-7",)
    )
    text = evidence_table(dataclasses.replace(result, findings=(foreign,)))
    assert "fairness.own" not in text
