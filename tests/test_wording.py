from __future__ import annotations

import pytest

from alignlab.wording import joined


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a, b", "c", "d"], "a, b, c and d"),
        ((each for each in "xyz"), "x, y and z"),
    ],
)
def test_the_last_two_are_joined_by_and(parts, text):
    assert joined(parts) == text
