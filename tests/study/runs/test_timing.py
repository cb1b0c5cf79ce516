from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from alignlab.study.runs.timing import read_times, seconds_per_run


def line(x, seconds, *, status="done", ended="2026-11-22T10:00:00+00:00"):
    return json.dumps(
        {"configuration": {"x": x}, "status": status, "seconds": seconds, "ended": ended}
    )


def test_a_run_began_before_it_ended(tmp_path):
    path = tmp_path / "log.jsonl"
    assert read_times(path) == ()
    path.write_text(
        "\n".join(
            [
                line(1, 90.0),
                line(1, 30.0, ended="2026-11-22T12:00:00+02:00"),
                line(2, 30.0, status="failed", ended="2026-11-22T10:00:00"),
            ]
        )
    )
    times = read_times(path)
    assert [each.began for each in times] == [
        datetime(2026, 11, 22, 9, 58, 30, tzinfo=UTC),
        *[datetime(2026, 11, 22, 9, 59, 30, tzinfo=UTC)] * 2,
    ]
    assert [each.done for each in times] == [True, True, False]
    assert seconds_per_run(times) == 60.0


def test_configurations_count_alike(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([line(1, 10.0)] * 9 + [line(2, 110.0)]))
    assert seconds_per_run(read_times(path)) == 60.0
    assert seconds_per_run(()) is None


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", "3", '{"seconds": 1}', line(1, -1), line(1, 1, ended="soon"), line(1, 1e300),
     '{"seconds": NaN, "ended": "2026-11-22T10:00:00"}', "\xff"],
)  # fmt: skip
def test_lines_without_times_are_passed_over(tmp_path, broken):
    path = tmp_path / "log.jsonl"
    path.write_text(f"{broken}\n{line(1, 5.0)}\n", encoding="latin-1")
    assert [each.seconds for each in read_times(path)] == [5.0]
