import contextlib
import http.server
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

GIVEN = "--predictions p.csv --target deny --probability p"
FAST = f"audit {GIVEN} --checks performance.accuracy,performance.auc"


@pytest.mark.slow
def test_the_whole_command_in_a_process_of_its_own(here):
    words = f"audit {GIVEN} --groups race,race*sex --favourable no --out r".split()
    code = "import sys; from alignlab.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Note: p is read as the probability of deny = 'yes'." in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sorted(path.name for path in Path("r").iterdir()) == [
        "evidence.md", "junit.xml", "model-card.md", "report.html", "report.json",
    ]  # fmt: skip
    report = json.loads(Path("r/report.json").read_text(encoding="utf-8"))
    assert report["subject"]["reproduce"] == (
        "alignlab audit --predictions p.csv --target deny --probability p "
        "--groups 'race,race*sex' --favourable no"
    )


def test_where_the_report_lies_is_not_in_it(alignlab, saved):
    for out in ("--out a", "--out=b"):
        assert alignlab(f"{FAST} {out}")[0] == 0
    assert Path("a/report.json").read_bytes() == Path("b/report.json").read_bytes()


def test_the_default_directory(alignlab, saved):
    code, shown, _ = alignlab(FAST)
    assert code == 0
    assert "Report: alignlab-report/report.html" in shown
    assert Path("alignlab-report/report.json").exists()


def test_a_file_says_the_same_as_flags(alignlab, saved):
    Path("sub").mkdir()
    Path("sub/audit.toml").write_text(
        'predictions = "../p.csv"\ntarget = "deny"\nprobability = "p"\nchecks = "performance"\n'
        "seed = 7\n[limits]\nperformance.auc = 0.7\n",
        encoding="utf-8",
    )
    assert alignlab("audit sub/audit.toml --seed 5")[0] == 0
    settings = saved[0].subject["settings"]
    assert (settings["seed"], settings["limits"]) == (5, {"performance.auc": 0.7})
    assert saved[0].finding("performance.auc").status == "pass"


def test_a_model_is_asked(alignlab, saved, monkeypatch):
    Path("my_model.py").write_text(
        "import numpy as np\n"
        "def predict(rows):\n"
        "    p = (rows['income'] / 100).clip(0, 1)\n"
        "    return np.column_stack([1 - p, p])\n",
        encoding="utf-8",
    )
    code, shown, error = alignlab(
        "audit --model my_model:predict --data p.csv --target deny --checks performance"
    )
    assert (code, error) == (0, "")
    assert "the model's outputs are read as deny = 'no', 'yes', in this order" in " ".join(
        shown.split()
    )
    assert saved[0].subject["model"]["rows_evaluated"] == 400


@pytest.mark.parametrize(
    ("limit", "code", "words"),
    [("0.99", 1, "performance.auc failed, so the exit code is 1"), ("0.6", 0, "1 of 1 passed")],
)
def test_the_gate(alignlab, saved, limit, code, words):
    found, shown, _ = alignlab(f"{FAST} --limit performance.auc={limit} --fail-on performance.auc")
    assert found == code
    assert words in shown


def test_a_gate_of_a_pillar_takes_the_checks_that_can_fail(alignlab, saved):
    line = f"{FAST} --limit performance.accuracy=0.99 --fail-on performance"
    assert alignlab(line)[0] == 1


def test_not_enough_data_is_not_a_fail(alignlab, saved):
    accuracy = 0.5 * np.round((pd.read_csv("p.csv").eval("deny == said")).mean() * 2, 2)
    code, shown, _ = alignlab(
        f"{FAST} --limit performance.accuracy={accuracy} --fail-on performance.accuracy"
    )
    assert code == 0
    assert "performance.accuracy could not be judged" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("--fail-on fairnes", "There is no check 'fairnes'. Did you mean 'fairness'?"),
        ("--fail-on performance.auc", "has no limit, so it cannot fail: state one with --limit"),
        ("--checks performance.auc --fail-on fairness.four_fifths", "not among the checks"),
        ("--checks perfromance", "Did you mean 'performance"),
        ("--limit performance.auc", "is not CHECK=VALUE"),
        ("--limit performance.acu=1", "Did you mean 'performance.auc'?"),
        ("--limit performance.auc=7", "out of range"),
        ("--level 95", "--level 95.0 is not between 0 and 1"),
        ("--seed -1", "--seed -1"),
        ("--task guess", "--task = 'guess'"),
        ("--model m:f", "Both a model and predictions were given"),
        ("--groups race", "--favourable VALUE: one of 'no', 'yes'"),
        ("--fail-on uncertainty", "--limit uncertainty.calibration=VALUE"),
        ("--fail-on transparency", "takes a limit, so"),
        (
            "--limit robustness.small_changes=0.5 --fail-on robustness.small_changes",
            "cannot be judged here: there are only predictions",
        ),
        ("--fail-on fairness", "cannot be judged here: no groups were named"),
        ("--groups sex --control sex --favourable no", "'sex' is compared within the levels of"),
        ("--out p.csv", "p.csv is a file: name another"),
        ("--out p.csv", "Cannot write to p.csv: Not a directory"),
        ("p.csv", "p.csv is not TOML; if it is a table, give it with --predictions or --data."),
        ("--out p.csv/r", "Cannot write to p.csv/r: Not a directory"),
        ("--target denny", "Did you mean 'deny'?"),
        ("--groups rac --favourable no", "Did you mean 'race'?"),
        ("absent.toml", "Cannot read absent.toml: No such file or directory"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(alignlab, extra, message, here):
    before = sorted(here.rglob("*"))
    given = GIVEN.replace("--target deny", "") if "--target" in extra else GIVEN
    code, shown, error = alignlab(f"audit {given} {extra}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(here.rglob("*")) == before


def spoil(column, row, value):
    frame = pd.read_csv("p.csv").astype({column: object})
    frame.loc[row, column] = value
    return frame


def one_class():
    return pd.read_csv("p.csv").assign(deny="no")


BAD_TABLES = {
    "a missing column": (lambda: pd.read_csv("p.csv").drop(columns="p"), "no column 'p'"),
    "a target with one class": (one_class, "have the same target, deny = 'no'"),
    "probabilities that don't sum to 1": (
        lambda: pd.read_csv("p.csv").assign(q=0.9), "sum to",
    ),
    "NaN in scores": (lambda: spoil("p", 17, None), "missing on row 17"),
    "text in scores": (lambda: spoil("p", 17, "high"), "'high' on row 17"),
    "a score above 1": (lambda: spoil("p", 17, 1.5), "1.5 on row 17"),
    "a missing target": (lambda: spoil("deny", 17, None), "Row 17 of bad.csv has no value"),
    "0 rows": (lambda: pd.read_csv("p.csv")[:0], "bad.csv"),
    "two columns of one name": (
        lambda: pd.read_csv("p.csv").set_axis(
            ["deny", "p", "race", "race", "sex", "income"], axis=1
        ), "race",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_one_line(alignlab, here, case):
    make, message = BAD_TABLES[case]
    make().to_csv("bad.csv", index=False)
    columns = "q,p" if "sum" in case else "p"
    before = sorted(here.rglob("*"))
    code, shown, error = alignlab(
        f"audit --predictions bad.csv --target deny --probability {columns}"
    )
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"\x00\x01\xff\xfe" * 9, "bad.csv"), (b"a,b\n1,2,3\n", "bad.csv")],
)
def test_a_file_that_is_no_table(alignlab, content, message):
    Path("bad.csv").write_bytes(content)
    code, _, error = alignlab("audit --predictions bad.csv --target a --prediction b")
    assert code == 2
    assert message in error
    assert error.count("\n") == 1


def test_a_group_of_one_row_is_not_enough_data_and_no_error(alignlab, saved):
    frame = pd.read_csv("p.csv")
    frame.loc[0, "race"] = "red"
    frame.to_csv("p.csv", index=False)
    code, _, error = alignlab(
        f"audit {GIVEN} --groups race --favourable no --checks fairness "
        "--limit fairness.selection_rate=0.5 --fail-on fairness"
    )
    assert (code, error) == (0, "")
    assert saved[0].finding("fairness.selection_rate").status == "pass"


def test_a_model_that_raises_on_row_17(alignlab):
    Path("raising_model.py").write_text(
        "def predict(rows):\n"
        "    if 17 in rows.index:\n"
        "        raise ValueError('no such\\nincome')\n"
        "    return rows['p']\n",
        encoding="utf-8",
    )
    code, _, error = alignlab("audit --model raising_model:predict --data p.csv --target deny")
    assert code == 2
    assert "raised on row 17: ValueError: no such" in error
    assert error.count("\n") == 1


@pytest.fixture
def address():
    """An address of one's own: `/500` answers with that status, `/slow` takes a second."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/slow":
                time.sleep(1)
            with contextlib.suppress(OSError):  # who asked may have gone
                self.send_response(500)
                self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("path", "message"), [("500", "500"), ("slow", "0.2 s")])
def test_an_endpoint_that_fails_or_is_slow(alignlab, address, path, message, here):
    Path("audit.toml").write_text(
        f'model = "{address}/{path}"\ndata = "p.csv"\ntarget = "deny"\n'
        "[endpoint]\ntimeout = 0.2\nretries = 0\n",
        encoding="utf-8",
    )
    code, shown, error = alignlab("audit audit.toml")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert not Path("alignlab-report").exists()


class Payload:
    """Unpickling this makes the file `touched`."""

    def __reduce__(self):
        return (open, ("touched", "w"))


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.pickle"])
def test_a_pickle_is_not_opened_without_the_word(alignlab, name):
    Path(name).write_bytes(pickle.dumps(Payload()))
    code, _, error = alignlab(f"audit --model {name} --data p.csv --target deny")
    assert code == 2
    assert "--allow-pickle" in error
    assert error.count("\n") == 1
    assert not Path("touched").exists()
    Path("audit.toml").write_text(
        f'model = "{name}"\ndata = "p.csv"\ntarget = "deny"\nallow-pickle = true\n',
        encoding="utf-8",
    )
    assert alignlab("audit audit.toml")[0] == 2
    assert not Path("touched").exists()


def test_a_model_of_one_matrix_beside_group_columns(alignlab, saved):
    from sklearn.linear_model import LogisticRegression

    frame = pd.read_csv("p.csv").drop(columns="said")
    frame.to_csv("d.csv", index=False)
    model = LogisticRegression().fit(frame[["income", "p"]].to_numpy(), frame["deny"])
    Path("model.pkl").write_bytes(pickle.dumps(model))
    line = (
        "audit --model model.pkl --allow-pickle --data d.csv --target deny --checks "
        "performance.auc --favourable no"
    )
    code, shown, _ = alignlab(f"{line} --groups race*sex")
    assert code == 0
    assert "race, sex are taken to say who people are only" in " ".join(shown.split())
    code, _, _ = alignlab(f"{line} --groups race --features income,p")
    assert code == 0
    expected = model.predict_proba(frame[["income", "p"]].to_numpy())[:, 1]
    from sklearn.metrics import roc_auc_score

    assert saved[1].finding("performance.auc").headline.value == pytest.approx(
        roc_auc_score(frame["deny"] == "yes", expected)
    )


def test_rows_can_be_left_out(alignlab, saved):
    assert alignlab(f"{FAST} --no-rows --out a")[0] == 0
    Path("r.toml").write_text("rows = false\n", encoding="utf-8")
    assert alignlab(f"{FAST.replace('audit', 'audit r.toml', 1)} --out b")[0] == 0
    assert alignlab(f"{FAST} --out c")[0] == 0
    kept = [json.loads(Path(f"{out}/report.json").read_text(encoding="utf-8")) for out in "abc"]
    assert [bool(each["rows"]) for each in kept] == [False, False, True]
    code, shown, _ = alignlab("compare a c")
    assert code == 0
    assert "A report holds no rows" in shown


def test_an_allowed_pickle_prints_what_it_risks(alignlab, saved):
    from sklearn.linear_model import LogisticRegression

    frame = pd.read_csv("p.csv")
    model = LogisticRegression().fit(frame[["p", "income"]], frame["deny"])
    Path("model.pkl").write_bytes(pickle.dumps(model))
    code, _, error = alignlab(
        "audit --model model.pkl --data p.csv --target deny --checks performance --allow-pickle"
    )
    assert code == 0
    assert error.startswith("alignlab: warning: ")
    assert error.count("\n") == 1


def test_a_full_disk_leaves_nothing_half_written(alignlab, here, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, error = alignlab(f"{FAST} --out r")
    assert code == 2
    assert "Cannot write to r: No space left on device. Nothing was written." in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["p.csv"]


def test_a_report_that_cannot_be_replaced_stays_as_it_was(alignlab, saved, monkeypatch):
    assert alignlab(f"{FAST} --out r")[0] == 0
    before = Path("r/report.json").read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert alignlab(f"{FAST} --out r --seed 9")[0] == 2
    assert [path.name for path in Path("r").iterdir()] == ["report.json"]
    assert Path("r/report.json").read_bytes() == before


def test_an_unwritable_place_is_said_before_the_model_is_asked(alignlab, monkeypatch):
    def full(*_, **__):
        raise OSError(30, "Read-only file system")

    Path("asked_model.py").write_text(
        "def predict(rows):\n    raise AssertionError('asked')\n", encoding="utf-8"
    )
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    code, _, error = alignlab(
        "audit --model asked_model:predict --data p.csv --target deny --out r/s"
    )
    assert code == 2
    assert error == (
        "alignlab: Cannot write to r/s: Read-only file system. Nothing was written. "
        "Make it writable, or write to another directory.\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_real_full_disk(alignlab, here):
    disk = here / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let tests mount a disk")
    try:
        code, _, error = alignlab(f"{FAST} --out disk/r")
        assert code == 2
        assert "No space left on device" in error
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_rows_are_compared_with_a_reference(alignlab, saved):
    pd.read_csv("p.csv").sample(200, random_state=0).to_csv("old.csv", index=False)
    line = f"audit {GIVEN} --checks uncertainty.ood --reference old.csv"
    assert alignlab(line)[0] == 0
    finding = saved[0].finding("uncertainty.ood")
    assert finding.status == "measured"
    assert saved[0].subject["data"]["reference"] == "old.csv"
    Path("audit.toml").write_text(
        'predictions = "p.csv"\nreference = "old.csv"\ntarget = "deny"\nprobability = "p"\n'
        'checks = "uncertainty.ood"\n',
        encoding="utf-8",
    )
    assert alignlab("audit audit.toml")[0] == 0
    assert saved[1].finding("uncertainty.ood").to_dict() == finding.to_dict()


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("gone.csv", "gone.csv"),
        ("narrow.csv", "--reference narrow.csv does not have the column 'race'"),
        ("digits", "is images, and the audited rows are a table"),
    ],
)
def test_a_reference_that_does_not_fit_is_one_line(alignlab, here, reference, message):
    pd.read_csv("p.csv").drop(columns="race").to_csv("narrow.csv", index=False)
    code, _, error = alignlab(f"audit {GIVEN} --reference {reference}")
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not Path("alignlab-report").exists()
