from types import SimpleNamespace

import pytest

from alignlab.errors import InputError
from alignlab.oversight.loop.taken import decision_of, require_said


@pytest.mark.parametrize(
    ("own", "seen", "final", "before"),
    [
        ("no", True, "yes", "no"),
        ("no", False, "yes", "no"),
        (None, True, "yes", None),
        (None, False, "yes", "yes"),
    ],
)
def test_an_own_decision_is_one_without_advice_in_sight(own, seen, final, before):
    answered = SimpleNamespace(
        own=None if own is None else {"decision": own}, advice_seen=seen, answer={"decision": "yes"}
    )
    assert decision_of(answered, "final") == final
    assert decision_of(answered, "own") == before


def test_there_are_two_ways():
    require_said("own")
    with pytest.raises(InputError, match="Did you mean 'final'"):
        require_said("finall")
