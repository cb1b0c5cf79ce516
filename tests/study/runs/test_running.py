import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import joblib
import numpy as np
import pytest
import torch

from alignlab.errors import InputError, OutputError, StoppedError
from alignlab.study.runs.records import Log, read_log, read_results
from alignlab.study.runs.running import run_study

GLOBAL = """\
import random
import numpy as np


def run(config, seed):
    import torch
    if config == {"x": "mended", "data": "b"} and seed % 2:
        raise ValueError("odd")
    torch.set_default_dtype(torch.float64)
    random.seed(len(config["x"]))
    noise = np.random.rand() + torch.rand(300).sum().item() / 300
    return {"score": noise / 2, "cost": np.random.rand(50, 50).sum()}
"""
"""Draws from all global states, leaves them changed, and fails for some."""

COUNTED = """\
import os, time
import numpy as np


def run(config, seed):
    with open(os.environ["MARKS"], "a") as marks:
        marks.write(f"{config['x']} {config['data']} {int(seed)}\\n")
    time.sleep(0.01)
    return {"score": np.random.rand(), "cost": 1}
"""
"""Leaves a mark for each time that it is called."""

RUNNER = """\
import sys
from alignlab.study.folder import open_study
from alignlab.study.runs.running import run_study


def tell(name, done, total):
    print(name, done, total, flush=True)


found = run_study(open_study(sys.argv[1]), workers=int(sys.argv[2]), progress=tell)
print("executed", found.executed, flush=True)
"""


def results(folder, **options):
    folder.log_path.unlink(missing_ok=True)
    run_study(folder, **options)
    return folder.records_path.read_bytes()


def test_one_and_two_workers_give_the_same_bytes(made_study):
    folder = made_study(GLOBAL)
    one = results(folder, workers=1)
    assert results(folder, workers=2) == one
    held = read_results(folder.records_path)
    assert len({each.measures["cost"] for each in held if each.measures}) == len(
        [each for each in held if each.status == "done"]
    )
    assert {each.error.where for each in held if each.error} == {"experiment.py:8"}


def test_threads_of_one_process_give_the_same_bytes(made_study):
    folder = made_study(GLOBAL)
    one = results(folder)
    with joblib.parallel_config("threading", n_jobs=3):
        assert results(folder) == one


@pytest.mark.slow
def test_ray_gives_the_same_bytes(made_study):
    folder = made_study(GLOBAL)
    one = results(folder, workers=1)
    assert results(folder, workers=2, engine="ray") == one
    assert run_study(folder, workers=2, engine="ray").executed == 0


def test_the_callers_random_state_is_untouched(made_study):
    def state():
        return (
            random.getstate(),
            str(np.random.mtrand._rand.get_state()),
            torch.get_rng_state().tolist(),
            torch.get_default_dtype(),
            list(sys.path),
        )

    before = state()
    run_study(made_study(GLOBAL), workers=1)
    assert state() == before


def test_a_second_run_executes_nothing(made_study, monkeypatch, tmp_path):
    monkeypatch.setenv("MARKS", str(tmp_path / "marks"))
    folder = made_study(COUNTED)
    first = run_study(folder)
    content = folder.log_path.read_bytes()
    second = run_study(folder)
    assert (first.executed, second.executed, second.done) == (20, 0, 20)
    assert folder.log_path.read_bytes() == content
    assert len((tmp_path / "marks").read_text().splitlines()) == 20
    assert second.headline == "20 of 20 runs done; 0 executed now."


def test_more_seeds_and_levels_run_only_what_is_new(made_study, small_text):
    run_study(made_study())
    more = made_study(text=small_text.replace("seeds: 5", "seeds: 6"))
    assert run_study(more).executed == 4
    other = made_study(text=small_text.replace("[a, b]", "[a, b, c]"))
    assert run_study(other).executed == 10
    assert [each.configuration["data"] for each in read_results(other.records_path)[10:15]] == [
        "c"
    ] * 5


def test_changed_code_is_run_anew_and_comes_back_with_the_old(made_study):
    folder = made_study()
    first = results(folder)
    source = (folder.root / "experiment.py").read_text()
    (folder.root / "experiment.py").write_text(source.replace("0.4 +", "0.3 +"))
    assert run_study(folder).executed == 20
    assert folder.records_path.read_bytes() != first
    (folder.root / "experiment.py").write_text(source)
    assert run_study(folder).executed == 0
    assert folder.records_path.read_bytes() == first


def test_data_that_change_under_the_runs_end_the_study(made_study, small_text):
    folder = made_study(
        "import os\n"
        "def run(config, seed):\n"
        "    os.utime('rows.csv')\n"
        "    if config == {'x': 'plain', 'data': 'b'}:\n"
        "        open('rows.csv', 'a').write('more')\n"
        "    return {'score': 0.5, 'cost': 1}\n",
        text=small_text + "data: [rows.csv]\n",
    )
    (folder.root / "rows.csv").touch()
    with contextlib.chdir(folder.root), pytest.raises(InputError, match=r"rows\.csv was changed"):
        run_study(folder)
    assert len(read_results(folder.records_path)) == 1


def test_failures_stay_until_they_are_asked_for_again(made_study, tmp_path):
    switch = tmp_path / "mended"
    folder = made_study(
        "import os\n"
        "def run(config, seed):\n"
        f"    if config['x'] == 'plain' and not os.path.exists({str(switch)!r}):\n"
        "        raise RuntimeError('no licence')\n"
        "    return {'score': 0.5, 'cost': 1}\n"
    )
    found = run_study(folder)
    assert (found.done, found.failed, found.missing) == (10, 10, 0)
    assert found.headline == "10 of 20 runs done, 10 failed; 20 executed now."
    switch.touch()
    assert run_study(folder).executed == 0
    again = run_study(folder, retry_failed=True)
    assert (again.executed, again.done, again.failed) == (10, 20, 0)
    assert run_study(folder, retry_failed=True).executed == 0


def test_only_some_runs(made_study):
    folder = made_study()
    assert run_study(folder, only=["x=plain", "replicate=0", "replicate=1"]).executed == 4
    assert run_study(folder, only=["data=a"]).executed == 8
    found = run_study(folder)
    assert (found.executed, found.missing) == (8, 0)


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("y=plain", "there is no factor 'y'; write FACTOR=LEVEL, with one of x, data, replicate"),
        ("x=plian", "Did you mean 'plain'"),
        ("x", "only x='' is not one of"),
        ("replicate=5", "only replicate='5' is not one of"),
    ],
)
def test_an_unknown_level_is_refused(made_study, only, said):
    with pytest.raises(InputError, match=said):
        run_study(made_study(), only=[only])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "workers=0 is not a whole number from 1"),
        ({"engine": "rya"}, "Did you mean 'ray'"),
    ],
)
def test_options_are_checked(made_study, options, said):
    with pytest.raises(InputError, match=said):
        run_study(made_study(), **options)


def test_what_cannot_be_loaded_stops_before_anything_runs(made_study):
    folder = made_study("import nothing_such")
    with pytest.raises(InputError, match=r"experiment\.py:1: ModuleNotFoundError"):
        run_study(folder, workers=2)
    assert folder.records_path.read_bytes() == b""


def test_progress_is_told_whatever_the_experiment_prints(made_study, capsys):
    folder = made_study(
        "def run(config, seed):\n    print('noise')\n    return {'score': 0.5, 'cost': 1}\n"
    )
    told = []
    run_study(folder, progress=lambda *step: told.append(step), only=["replicate=0"])
    assert told == [
        ("plain a #0", 0, 4),
        ("plain b #0", 1, 4),
        ("mended a #0", 2, 4),
        ("mended b #0", 3, 4),
        ("done", 4, 4),
    ]
    assert capsys.readouterr() == ("", "")
    assert json.loads(folder.log_path.read_text().splitlines()[0])["printed"] == "noise\n"


def test_a_person_who_stops_it_keeps_what_is_done(made_study):
    folder = made_study(
        "def run(config, seed):\n"
        "    if config['x'] == 'mended':\n        raise KeyboardInterrupt\n"
        "    return {'score': 0.5, 'cost': 1}\n"
    )
    with pytest.raises(StoppedError, match=r"stopped: 2 of 20 runs are kept. .* study run .*small"):
        run_study(folder)
    assert len(read_results(folder.records_path)) == 2
    with pytest.raises(StoppedError, match="stopped: 2 of 20"):
        run_study(folder)


def test_a_disk_that_fills_is_said_and_nothing_that_counted_is_lost(made_study, monkeypatch):
    folder = made_study()
    complete = results(folder)
    folder.log_path.unlink()
    append, count = Log.append, [0]

    def fail(log, record, **more):
        count[0] += 1
        if count[0] == 8:
            raise OutputError("Cannot write: No space left on device.")
        append(log, record, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Log, "append", fail)
        with pytest.raises(OutputError, match="No space left"):
            run_study(folder)
    assert len(read_results(folder.records_path)) == 7
    assert run_study(folder).executed == 13
    assert folder.records_path.read_bytes() == complete


def test_a_run_that_kills_its_worker_is_a_failure_and_the_others_are_made(made_study):
    folder = made_study(
        "import os, signal\n"
        "def run(config, seed):\n"
        "    if config == {'x': 'mended', 'data': 'a'}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return {'score': 0.5, 'cost': 1}\n"
    )
    found = run_study(folder, workers=2, only=["replicate=0"])
    assert (found.executed, found.done, found.failed) == (4, 3, 1)
    failed = [each for each in read_results(folder.records_path) if each.error]
    assert [each.configuration for each in failed] == [{"x": "mended", "data": "a"}]
    assert failed[0].error.kind == "WorkerDied"


def runner(folder, workers, marks):
    environment = {**os.environ, "MARKS": str(marks)}
    command = [sys.executable, "-c", RUNNER, str(folder.root), str(workers)]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_and_resume(made_study, tmp_path, *, kills, workers):
    """Kill the runner at random moments; then it ends, with the bytes of one never killed."""
    folder, drawn = made_study(COUNTED), random.Random(kills)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARKS", str(tmp_path / "others"))
        complete = results(folder, workers=1)
    folder.log_path.unlink()
    folder.records_path.unlink()
    marks = tmp_path / "marks"
    marks.touch()
    for _ in range(kills):
        held = {str(each.seed) for each in read_log(folder.log_path).values()}
        before = len(marks.read_text().splitlines())
        process = runner(folder, workers, marks)
        for _ in range(drawn.randint(0, 3)):
            process.stdout.readline()
        time.sleep(drawn.random() * 0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        now = [line.split()[2] for line in marks.read_text().splitlines()[before:]]
        assert not held & set(now)
    left = 20 - len(read_log(folder.log_path))
    out, err = runner(folder, workers, marks).communicate(timeout=60)
    assert out.splitlines()[-1] == f"executed {left}", err
    assert folder.records_path.read_bytes() == complete
    counts = Counter(marks.read_text().splitlines())
    assert len(counts) == 20
    # A kill can cost what was under way, and nothing else.
    assert sum(counts.values()) - 20 <= kills * workers


def test_killed_at_random_moments_it_ends_with_the_same_bytes(made_study, tmp_path):
    kill_and_resume(made_study, tmp_path, kills=6, workers=1)


@pytest.mark.slow
def test_killed_with_its_workers_it_ends_with_the_same_bytes(made_study, tmp_path):
    kill_and_resume(made_study, tmp_path, kills=6, workers=2)
