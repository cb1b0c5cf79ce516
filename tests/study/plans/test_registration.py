from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from alignlab.errors import InputError
from alignlab.study.folder import REGISTRATION_FORMAT, open_study
from alignlab.study.plans.planning import plan_study
from alignlab.study.plans.registration import deviations, register_study, statement_digest

THEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EXPERIMENT = "def run(config, seed):\n    return {'score': 0.5, 'cost': 1.0}\n"


@pytest.fixture
def study(tmp_path, small_text):
    (tmp_path / "study.yaml").write_text(f"# A comment\n{small_text}data: [data.csv]\n")
    (tmp_path / "experiment.py").write_text(EXPERIMENT)
    (tmp_path / "data.csv").write_text("x\n1\n")
    return open_study(tmp_path)


def edit(study, old, new):
    text = study.statement_path.read_text()
    assert old in text
    study.statement_path.write_text(text.replace(old, new, 1))


def log(study, *began):
    lines = [
        json.dumps({"status": "done", "seconds": 60.0, "ended": str(each + timedelta(minutes=1))})
        for each in began
    ]
    study.log_path.write_text("\n".join(lines) + "\n")


def test_what_is_frozen(study):
    made = register_study(study, now=THEN)
    assert made == json.loads(study.registration_path.read_text()) == study.registration
    assert made["format"] == REGISTRATION_FORMAT
    assert made["registered"] == "2026-11-20T12:00:00+00:00"
    assert made["study"] == study.spec.to_dict()
    assert made["text"] == study.statement_path.read_text()
    assert made["code"] == {"experiment.py": hashlib.sha256(EXPERIMENT.encode()).hexdigest()}
    assert made["data"] == {"data.csv": hashlib.sha256(b"x\n1\n").hexdigest()}
    assert made["plan"]["hypotheses"][0]["power"] == plan_study(study.spec).hypotheses[0].power
    assert made["runs_before"] == 0
    assert deviations(study) == ()


def test_the_digest_is_of_the_canonical_statement(study):
    made = register_study(study, now=THEN)
    content = {"format": REGISTRATION_FORMAT} | {k: made[k] for k in ("study", "code", "data")}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert made["digest"] == hashlib.sha256(text.encode()).hexdigest()
    edit(study, "# A comment\n", "")
    again = open_study(study.root)
    assert statement_digest(again.spec, made["code"], made["data"]) == made["digest"]


def test_without_a_registration_all_is_exploratory(study):
    (told,) = deviations(study)
    assert told.startswith("The study was not registered")


def test_a_second_registration_is_refused_and_changes_nothing(study):
    register_study(study, now=THEN)
    before = study.registration_path.read_bytes()
    edit(study, "seeds: 5", "seeds: 9")
    with pytest.raises(InputError, match="was registered on 2026-11-20, and that stays"):
        register_study(study)
    assert study.registration_path.read_bytes() == before


def test_an_amendment_keeps_the_first_and_gives_its_reason(study):
    first = register_study(study, now=THEN)
    edit(study, "seeds: 5", "seeds: 9")
    assert deviations(study) == ("The number of seeds was changed from 5 to 9.",)
    made = register_study(study, amend=" Too little\npower ", now=THEN + timedelta(days=1))
    assert {key: made[key] for key in first} == dict(first)
    assert deviations(study) == (
        "The number of seeds was changed from 5 to 9. Amended on 2026-11-21, before any run: "
        "Too little power.",
    )
    log(study, THEN + timedelta(days=1))
    edit(study, "seeds: 9", "seeds: 5")
    assert deviations(study)[1] == "The number of seeds was changed from 9 to 5."
    register_study(study, amend="Too dear!", now=THEN + timedelta(days=2))
    assert deviations(study)[1] == (
        "The number of seeds was changed from 9 to 5. Amended on 2026-11-22, after 1 run: Too dear!"
    )
    assert len(study.registration["amendments"]) == 2


def test_amendments_that_amend_nothing_are_refused(study):
    with pytest.raises(InputError, match="is not registered, so there is nothing to amend"):
        register_study(study, amend="why")
    register_study(study, now=THEN)
    with pytest.raises(InputError, match="Nothing that was registered on 2026-11-20 has changed"):
        register_study(study, amend="why")
    with pytest.raises(InputError, match="--amend is empty"):
        register_study(study, amend="  ")


def test_changed_code_and_data_are_deviations(study):
    register_study(study, now=THEN)
    (study.root / "experiment.py").write_text(EXPERIMENT + "\n")
    (study.root / "data.csv").write_text("x\n2\n")
    assert deviations(study) == (
        "experiment.py (code) was changed after the registration.",
        "data.csv (data) was changed after the registration.",
    )


def test_runs_before_the_registration_are_told(study):
    log(study, THEN - timedelta(hours=2), THEN - timedelta(seconds=30), THEN + timedelta(hours=1))
    assert register_study(study, now=THEN)["runs_before"] == 3
    assert deviations(study) == (
        "2 of 3 runs began before the registration of 2026-11-20 12:00 UTC, the first on "
        "2026-11-20 10:00 UTC.",
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held["study"].update(seeds=9),
        lambda held: held.update(registered="2026-11-20T11:00:00+00:00"),
        lambda held: held.update(runs_before=7),
        lambda held: held.update(text=held["text"] + "# settled in spring"),
    ],
)
def test_a_registration_changed_by_hand_is_told(study, change):
    register_study(study, now=THEN)
    assert "by hand" not in " ".join(deviations(study))
    held = json.loads(study.registration_path.read_text())
    change(held)
    study.registration_path.write_text(json.dumps(held))
    told = deviations(study)
    assert told[0].startswith("The registration of 2026-11-20 was changed by hand")
    changed = ("The number of seeds was changed from 9 to 5.",)
    assert told[1:] == (changed if held["study"]["seeds"] == 9 else ())


@pytest.mark.parametrize("missing", ["code", "digest", "registered"])
def test_a_damaged_registration_is_an_error(study, missing):
    register_study(study, now=THEN)
    held = json.loads(study.registration_path.read_text())
    del held[missing]
    study.registration_path.write_text(json.dumps(held))
    log(study, THEN)
    with pytest.raises(InputError, match="is damaged"):
        deviations(study)


def test_a_statement_that_became_unreadable_says_its_line(study):
    register_study(study, now=THEN)
    edit(study, "seeds: 5", "seeds: five")
    with pytest.raises(InputError, match=r"study\.yaml:9: seeds = 'five' is not a whole number"):
        deviations(study)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, r"run: there is no experiment\.py"),
        ("def rum(config, seed): ...", r"experiment\.py has no function 'run'.*mean 'rum'"),
        ("x = 1\ndef run(:", r"experiment\.py:2: this is not Python"),
    ],
)
def test_code_that_cannot_run_is_refused_and_nothing_written(study, source, told):
    code = study.root / "experiment.py"
    if source is None:
        code.unlink()
    else:
        code.write_text(source)
    with pytest.raises(InputError, match=told):
        register_study(study)
    assert not study.registration_path.exists()
