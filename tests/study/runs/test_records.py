import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from alignlab.errors import InputError, OutputError
from alignlab.study.reading import parse_study
from alignlab.study.runs.loading import Sources
from alignlab.study.runs.records import (
    Fault,
    Log,
    Record,
    planned_runs,
    read_log,
    read_results,
    write_results,
)
from alignlab.study.runs.seeds import seed_of


@pytest.fixture
def spec(small_text):
    return parse_study(small_text)


def record(planned, score=0.5, **more):
    return replace(
        Record(
            planned.run,
            planned.configuration,
            planned.replicate,
            int(planned.seed),
            "done",
            {"cost": 1.0, "score": score},
        ),
        **more,
    )


@pytest.fixture
def written(spec, tmp_path):
    """A log of three runs, the second of which failed."""
    runs = planned_runs(spec, Sources())
    path = tmp_path / "log.jsonl"
    fault = Fault("ValueError", "no “x”\nhere", "experiment.py:3")
    with Log(path) as log:
        log.append(record(runs[2]), seconds=1.5)
        log.append(record(runs[0], status="failed", measures={}, error=fault), seconds=2)
        log.append(record(runs[1], 0.25), seconds=3)
    return path


def test_a_plan_holds_every_configuration_and_replicate(spec):
    runs = planned_runs(spec, Sources())
    assert len(runs) == 2 * 2 * 5 == len({each.run for each in runs})
    assert runs[7].configuration == {"x": "plain", "data": "b"}
    assert runs[7].replicate == 2
    assert runs[7].seed == seed_of("small", {"data": "b", "x": "plain"}, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("study: small", "study: large"),
        ("experiment:run", "experiment:other"),
        ("high: 1}", "high: 2}"),
        ("cost: {unit: s}", "price: {unit: s}"),
        ("[plain, mended]", "[plain, raised]"),
    ],
)
def test_a_result_is_filed_under_what_it_rests_on(spec, small_text, old, new):
    changed = small_text.replace(old, new).replace(
        "of: mended", "of: raised" if "raised" in new else "of: mended"
    )
    others = {each.run for each in planned_runs(parse_study(changed), Sources())}
    mine = [each.run for each in planned_runs(spec, Sources())]
    assert [each in others for each in mine] == [False] * 20 if "raised" not in new else mine[:10]


def test_what_does_not_matter_changes_no_address(spec, small_text):
    changed = small_text.replace("A small study", "Another title").replace("unit: s", "unit: min")
    changed = changed.replace("seeds: 5", "seeds: 6").replace(
        "  x: [plain, mended]\n  data: [a, b]", "  data: [a, b]\n  x: [plain, mended]"
    )
    others = {each.run for each in planned_runs(parse_study(changed), Sources())}
    assert {each.run for each in planned_runs(spec, Sources())} < others


def test_code_and_data_are_part_of_an_address(spec):
    found = [
        planned_runs(spec, sources)[0].run
        for sources in (
            Sources(),
            Sources(code={"a.py": "1"}),
            Sources(code={"a.py": "2"}),
            Sources(data={"a.py": "1"}),
        )
    ]
    assert len(set(found)) == 4


def test_records_read_back_as_they_were_written(spec, written):
    runs = planned_runs(spec, Sources())
    held = read_log(written)
    assert list(held) == [runs[2].run, runs[0].run, runs[1].run]
    assert held[runs[0].run].error == Fault("ValueError", "no “x”\nhere", "experiment.py:3")
    assert str(held[runs[0].run].error) == "experiment.py:3: ValueError: no “x” here"
    assert held[runs[1].run] == record(runs[1], 0.25)
    assert json.loads(written.read_text().splitlines()[0])["seconds"] == 1.5


def test_results_are_sorted_and_have_no_times(spec, written, tmp_path):
    runs, path = planned_runs(spec, Sources()), tmp_path / "results.jsonl"
    write_results(path, runs, read_log(written))
    assert [each.run for each in read_results(path)] == [each.run for each in runs[:3]]
    assert "seconds" not in path.read_text()
    later = planned_runs(spec, Sources(code={"a.py": "1"}))
    write_results(path, later, read_log(written))
    assert read_results(path) == ()


def test_the_last_record_of_a_run_counts(spec, written):
    runs = planned_runs(spec, Sources())
    with Log(written) as log:
        log.append(record(runs[0], 0.75))
        assert log.held[runs[0].run].status == "done"
    assert read_log(written)[runs[0].run].measures["score"] == 0.75


def test_a_log_that_is_cut_at_any_byte_loses_its_last_line_alone(written):
    whole = written.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    for size in range(len(whole) + 1):
        written.write_bytes(whole[:size])
        complete = sum(end <= size for end in ends)
        assert len(read_log(written)) == complete
        if size % 7 == 0 or size in ends:
            with Log(written) as log:
                assert len(log.held) == complete
            assert written.read_bytes() == whole[: max([0, *(end for end in ends if end <= size)])]


@pytest.mark.parametrize(
    "broken",
    [
        b'{"run": "',
        b"",
        b"[1]",
        b"\x00\x00",
        b"{}",
        b"\xff",
        b'{"run": "a", "configuration": {}, "replicate": 0, "seed": 0, "status": "odd", '
        b'"measures": {}, "error": null}',
    ],
)
def test_a_broken_line_that_is_not_torn_is_named(written, broken):
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(lines[0] + broken + b"\n" + lines[2])
    for read in (read_log, Log):
        with pytest.raises(InputError, match=r"log\.jsonl:2: this line is no record") as caught:
            read(written)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"log\.jsonl:2: "):
        read_results(written)


def test_results_with_a_torn_end_are_refused(written):
    written.write_bytes(written.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"log\.jsonl:3: "):
        read_results(written)
    with pytest.raises(InputError, match=r"alignlab study run .* makes it"):
        read_results(written.with_name("results.jsonl"))


def test_two_at_once_are_refused_and_a_killed_one_leaves_no_lock(written):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom alignlab.study.runs.records import Log\n"
    )
    code += "log = Log(Path(sys.argv[1]))\nprint('locked', flush=True)\ntime.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code, written], stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"locked\n"
    try:
        with pytest.raises(InputError, match="Another process is running the study"):
            Log(written)
        assert len(read_log(written)) == 3  # looking is allowed
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
        other.stdout.close()
    with Log(written) as log:
        assert len(log.held) == 3


def test_a_full_disk_is_said_and_costs_no_run_that_counted(spec, written):
    """A limit on the file's size stops a write in its middle, as a full disk does."""
    before = written.read_bytes()
    runs = planned_runs(spec, Sources())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Log(written) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 40, hard))
        try:
            with pytest.raises(OutputError, match="The 3 runs before are kept, this one is not"):
                log.append(record(runs[3]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert written.read_bytes() == before
        log.append(record(runs[3]))
    assert len(read_log(written)) == 4


def test_what_did_not_reach_the_disk_does_not_count(spec, written, monkeypatch):
    before = written.read_bytes()

    def fail(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Log(written) as log:
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match=r"No space left on device.*Free some space"):
            log.append(record(planned_runs(spec, Sources())[3]))
        assert len(log.held) == 3
    assert written.read_bytes() == before


def test_a_log_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError, match=r"Cannot write .*log"):
        Log(tmp_path / "no" / "log.jsonl")


def test_a_record_is_on_the_disk_when_append_returns(spec, written, monkeypatch):
    seen = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (seen.append(time.monotonic()), real(file)))
    with Log(written) as log:
        log.append(record(planned_runs(spec, Sources())[3]))
        assert len(seen) == 1
