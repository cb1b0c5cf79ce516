import pytest

from alignlab.cli.study.options import duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.1234, "0.123 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599.9, "60 min"),
        (3600, "1 h"),
        (90_000, "1 d 1 h"),
        (1e7, "115 d 18 h"),
    ],
)
def test_a_time_is_said_in_two_units(seconds, said):
    assert duration(seconds) == said
