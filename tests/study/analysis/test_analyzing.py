from __future__ import annotations

import json
from dataclasses import replace

import pytest

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.study.analysis import analyze
from alignlab.study.folder import open_study
from alignlab.study.runs.records import read_results
from alignlab.study.runs.running import run_study


def test_from_runs_to_the_file(made_study):
    study = made_study()
    run_study(study, workers=1)
    found = analyze(study)
    found.write(study)
    held = json.loads(study.analysis_path.read_text())
    assert held == json.loads(to_json(found.to_dict()))
    assert list(held) == [
        "format", "study", "results", "registration", "deviations", "numbers", "hypotheses",
        "tables", "figures",
    ]  # fmt: skip
    assert held["registration"] is None
    assert "was not registered" in held["deviations"][0]
    assert held["numbers"]["H1.difference"].keys() == {
        "value", "low", "high", "level", "n", "method", "unit",
    }  # fmt: skip
    assert held["numbers"]["H1.verdict"]["text"].startswith("Supported: score, x mended less plain")
    assert held["numbers"]["runs"] == {"value": 20}
    assert "score.x=mended.data=a.iqm" in held["numbers"]
    for each in held["figures"].values():
        assert (study.root / each["file"]).read_text().startswith("<svg")


def test_the_same_results_give_the_same_bytes(made_study):
    study = made_study()
    run_study(study, workers=1)
    content = []
    for _ in range(2):
        analyze(open_study(study.root)).write(study)
        files = [study.analysis_path, *sorted(study.figures.iterdir())]
        content.append([path.read_bytes() for path in files])
    assert content[0] == content[1]


def test_results_of_code_that_has_changed_are_listed(made_study):
    study = made_study()
    run_study(study, workers=1)
    code = study.root / "experiment.py"
    code.write_text(code.read_text() + "\n")
    assert "20 results are of code or data that have changed since." in analyze(study).deviations


def test_records_are_known_by_the_file_that_they_would_be(made_study):
    study = made_study()
    run_study(study, workers=1)
    records = read_results(study.records_path)
    assert analyze(study.spec, records[::-1]).results == analyze(study).results


def test_no_results(made_study):
    with pytest.raises(InputError, match=r"There is no .*results\.jsonl: alignlab study run"):
        analyze(made_study())


def test_runs_that_are_not_there_yet(stated, records_of):
    spec = stated()
    records = records_of(spec)[:-2]
    with pytest.raises(InputError, match=r"2 of 72 runs are not there yet: .*--unfinished"):
        analyze(spec, records)
    found = analyze(spec, records, unfinished=True)
    assert found.deviations == ("Looked at before all runs were there: 70 of 72.",)
    assert found.numbers["missing"] == {"value": 2}
    # A run that is not there has given nothing, and did not fail.
    assert [row[-1] for row in found.tables["main"].rows] == [12, 12, 12, 12, 12, 10]
    sentence = found.hypotheses[1].verdict.sentence
    assert sentence.endswith("2 of 12 pairs are missing, for runs are not there yet.")
    with pytest.raises(InputError, match="records holds no run"):
        analyze(spec, [])


def test_results_of_another_study(made_study, small_text):
    study = made_study()
    run_study(study, workers=1)
    moved = made_study(text=small_text.replace("study: small", "study: large"), name="large")
    moved.records_path.write_bytes(study.records_path.read_bytes())
    with pytest.raises(InputError, match=r"results\.jsonl:1: .*results of another study"):
        analyze(moved)


def test_all_runs_failed(stated, records_of):
    spec = stated()
    found = analyze(spec, records_of(spec, fails=lambda c, k: True))
    assert found.headline == (
        "0 of 72 runs gave their measures, 72 failed. Of 3 hypotheses: 0 supported, 0 not, 3 open."
    )
    assert not found.figures
    written = json.loads(to_json(found.to_dict()))
    assert written["numbers"]["H1.difference"]["value"] is None
    assert written["numbers"]["H1.p"]["value"] is None


def test_one_task_one_factor_one_replicate(stated, records_of):
    spec = stated(
        ("seeds: 4", "seeds: 1"), ("  data: [a, b, c]\n", ""), ("  depth: [1, 2]\n", ""),
        (", where: {depth: 2}", ""), (" {tasks: [data]}", " {}"),
    )  # fmt: skip
    found = analyze(spec, records_of(spec, lambda c, k: {"accuracy": 0.5, "gap": 1.0}))
    assert [each.verdict.kind for each in found.hypotheses] == ["cannot tell"] * 3
    assert found.numbers["accuracy.training=plain"]["value"] == 0.5
    assert found.tables["main"].rows[0] == ("plain", "0.5", 1)


def test_runs_that_are_all_alike_are_no_certainty(stated, records_of):
    spec = stated()
    found = analyze(spec, records_of(spec, lambda c, k: {"accuracy": 0.5, "gap": 1.0}))
    sentence = found.hypotheses[0].verdict.sentence
    assert found.hypotheses[0].verdict.kind == "cannot tell"
    assert "no replicate differs from another" in sentence


def test_no_hypothesis(stated, records_of):
    spec = stated().model_copy(update={"hypotheses": {}})
    found = analyze(spec, records_of(spec))
    assert found.headline.endswith("; no hypothesis is stated.")
    assert found.hypotheses == ()


def test_the_order_of_records_and_of_their_keys_changes_no_byte(stated, records_of):
    spec = stated()
    records = records_of(spec)
    mixed = [
        replace(
            each,
            configuration=dict(reversed(each.configuration.items())),
            measures=dict(reversed(each.measures.items())),
        )
        for each in records[::-1]
    ]
    first, second = (to_json(analyze(spec, each).to_dict()) for each in (records, mixed))
    assert first == second


def test_results_changed_by_hand_are_not_analysed(made_study):
    study = made_study()
    run_study(study)
    first, *rest = study.records_path.read_text().splitlines()
    held = json.loads(first)
    held["measures"]["score"] += 0.1
    study.records_path.write_text("\n".join([json.dumps(held), *rest]) + "\n")
    with pytest.raises(InputError, match=r"results\.jsonl:1 is not what log\.jsonl holds"):
        analyze(study)
    assert run_study(study).executed == 0
    analyze(study)
