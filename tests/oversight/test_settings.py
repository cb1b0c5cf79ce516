import json
from typing import get_args

import pytest
from pydantic import ValidationError

from alignlab.oversight.settings import ARMS, Arm, Settings


def test_the_arms_are_those_that_the_type_names():
    assert get_args(Arm) == ARMS


def test_settings_come_back_from_their_text_as_they_were():
    settings = Settings(title="Loans", overlap=2, arms=("none", "own first"), seed=7)
    text = settings.model_dump_json()
    assert Settings.model_validate_json(text) == settings
    assert Settings(**json.loads(text)) == settings
    assert hash(settings) == hash(Settings.model_validate_json(text))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overlap", 0),
        ("overlap", 1.5),
        ("random_share", 0.09),
        ("random_share", 1.01),
        ("gold_rate", 0.51),
        ("gold_rate", -0.1),
        ("lease_minutes", 0),
        ("lease_minutes", float("nan")),
        ("lease_minutes", float("inf")),
        ("arms", ()),
        ("arms", ("advise",)),
        ("arms", ("none", "none")),
        ("arms_by", "person"),
        ("seed", -1),
        ("overlapp", 2),
    ],
)
def test_what_no_review_can_be_run_by_is_refused_and_named(field, value):
    with pytest.raises(ValidationError, match=field):
        Settings(**{field: value})


def test_settings_are_not_changed_while_a_review_runs():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().overlap = 2
