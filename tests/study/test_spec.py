from __future__ import annotations

import pytest
from pydantic import ValidationError

from alignlab.study.spec import StudySpec

STATED = {
    "study": "small",
    "title": "A small study",
    "question": "Does x matter?",
    "run": "experiment:run",
    "factors": {"x": [1, 2], "data": ["a", "b"]},
    "seeds": 3,
    "measures": {"score": {"primary": True}},
    "hypotheses": {
        "H1": {
            "says": "x raises the score",
            "measure": "score",
            "factor": "x",
            "of": 2,
            "against": 1,
            "smallest-effect": 0.1,
        }
    },
}


def test_configurations_vary_the_last_factor_fastest():
    assert StudySpec.model_validate(STATED).configurations() == (
        {"x": 1, "data": "a"},
        {"x": 1, "data": "b"},
        {"x": 2, "data": "a"},
        {"x": 2, "data": "b"},
    )


def test_what_is_written_reads_back_as_the_same_statement():
    spec = StudySpec.model_validate(STATED)
    assert StudySpec.model_validate(spec.to_dict()) == spec
    assert spec.to_dict()["hypotheses"]["H1"]["smallest-effect"] == 0.1


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"study": "A b"}, {"measure": {}}])
def test_what_is_wrong_is_refused(wrong):
    with pytest.raises(ValidationError):
        StudySpec.model_validate(STATED | wrong)
