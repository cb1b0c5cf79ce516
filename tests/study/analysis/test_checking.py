import json

import pytest

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.study.analysis import analyze
from alignlab.study.analysis.checking import require_current
from alignlab.study.plans.registration import register_study
from alignlab.study.runs.running import run_study


@pytest.fixture
def analysed(made_study):
    """A study that was run and analysed."""
    study = made_study()
    run_study(study)
    analyze(study).write(study)
    return study


def change(study, change):
    held = json.loads(study.analysis_path.read_text())
    change(held["numbers"])
    study.analysis_path.write_text(to_json(held))


def test_the_deviations_of_now_are_returned(analysed):
    assert ["registered" in each for each in require_current(analysed)] == [True]


def test_last_digits_may_differ(analysed):
    change(
        analysed,
        lambda numbers: numbers["H1.p"].update(value=numbers["H1.p"]["value"] * (1 + 1e-9)),
    )
    require_current(analysed)


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (
            lambda numbers: numbers["H1.difference"].update(value=0.7),
            "numbers.H1.difference.value is another",
        ),
        (lambda numbers: numbers.update(more={"value": 1}), "numbers.more is another"),
        (lambda numbers: numbers.pop("runs"), "numbers.runs is another"),
        (lambda numbers: numbers["H1.verdict"].update(text="Proven."), "numbers.H1.verdict.text"),
    ],
)
def test_a_number_changed_by_hand_is_found(analysed, alter, said):
    change(analysed, alter)
    with pytest.raises(InputError, match=said):
        require_current(analysed)


def test_a_registration_after_the_analysis_is_found(analysed):
    register_study(analysed)
    with pytest.raises(InputError, match="registration is another"):
        require_current(analysed)
