"""A small study that is run, analysed and written up: what the tests of the paper stand on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from alignlab.study.analysis import analyze
from alignlab.study.folder import open_study
from alignlab.study.plans.registration import register_study
from alignlab.study.runs.loading import study_sources
from alignlab.study.runs.records import Fault, Record, planned_runs, write_results

STATEMENT = """\
study: fair-training
title: Does adversarial training cost fairness?
question: Does training against attacks widen the gap between groups?
authors:
  - {name: Ada Example, affiliation: A University, email: ada@example.org}
  - {name: Bo Muster, affiliation: An Institute}
run: experiment:run
factors:
  training: [standard, adversarial, penalised]
  data: [adult, loans]
seeds: 5
measures:
  gap: {label: gap between groups, unit: points, better: lower, primary: true, low: 0}
  accuracy: {better: higher, primary: true, low: 0, high: 1}
  seconds: {label: time to train, unit: s}
hypotheses:
  H1:
    says: Adversarial training widens the gap.
    measure: gap
    factor: training
    of: adversarial
    against: standard
    direction: greater
    smallest-effect: 1
    spread: 1.2
  H2:
    says: Adversarial training costs accuracy.
    measure: accuracy
    factor: training
    of: adversarial
    against: standard
    direction: less
    smallest-effect: 0.02
analysis: {tasks: [data]}
resources: {hardware: two cores of a laptop}
paper: {columns: 2, keywords: [fairness, robustness]}
"""

TEXTS = {
    "abstract.md": """\
We ask whether training against attacks widens the gap between groups. Over {{ runs }} runs the gap
changes by {{ H1.difference }} points.
""",
    "introduction.md": """\
Models are trained to withstand attacks [@madry2018towards]. Whether that costs fairness is less
clear^[We say *gap* for the difference in selection rates.]. The threat is

$$\\max_{\\|\\delta\\|_\\infty \\le \\epsilon} L(x + \\delta, y),$$

and the model's answer is $\\hat{y} = \\arg\\max_k f_k(x)$.
""",
    "related_work.md": """\
@hardt2016equality define equal opportunity. Others count [@guo2017calibration;
@holm1979simple, p. 65] on "calibration" and *correction* -- see the [guide](https://example.org/a_b).

| approach  | trained | cost |
|-----------|:-------:|-----:|
| standard  | once    |    1 |
| attacked  | often   |   10 |

: What each approach costs.
""",
    "method.md": "We train `LogisticRegression` on two data sets.\n\n1. Split.\n2. Train.\n",
    "results.md": """\
The gap changes by {{ H1.difference }} points; its lower limit is {{ H1.difference.low | .2f }}.
{{ H1.verdict }} The level is {{ typed 0.05 }}.

{{ table main }}

See {{ see table main }} and {{ see figure H1 }}.

{{ figure H1 }}
""",
    "discussion.md": "<!-- What it means. -->\n\nIt depends on what is meant by fair.\n",
    "limitations.md": "Two data sets are few.\n",
    "ethics.md": "<!-- Who could be harmed. -->\n",
}


def write_study(root: Path, *, statement: str = STATEMENT, registered: bool = True) -> Path:
    """Write a study's folder with its results and analysis."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "study.yaml").write_text(statement, encoding="utf-8")
    (root / "experiment.py").write_text("def run(config, seed):\n    return {}\n", encoding="utf-8")
    study = open_study(root)
    if registered:
        register_study(study)
    planned = planned_runs(study.spec, study_sources(root, study.spec))
    held = {}
    for at, each in enumerate(planned):
        level = list(study.spec.factors["training"]).index(each.configuration["training"])
        wiggle = ((at * 37) % 11 - 5) / 10
        measures = {
            "gap": 4.0 + 2 * (level == 1) + wiggle,
            "accuracy": 0.85 - 0.03 * (level == 1) + wiggle / 100,
            "seconds": 1.5 + level,
        }
        failed = at == len(planned) - 1
        held[each.run] = Record(
            each.run,
            each.configuration,
            each.replicate,
            int(each.seed),
            "failed" if failed else "done",
            {} if failed else measures,
            Fault("ValueError", "loss is <nan> & $gone", "experiment.py:2") if failed else None,
        )
    write_results(study.records_path, planned, held)
    analyze(study).write(study)
    study.paper.mkdir()
    for name, text in TEXTS.items():
        (study.paper / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("paper") / "study")


@pytest.fixture
def study(_written: Path, tmp_path: Path) -> Path:
    """A study's folder that a test may change."""
    return Path(shutil.copytree(_written, tmp_path / "study"))


@pytest.fixture
def analysis(study: Path) -> dict:
    """What its `analysis.json` says."""
    return json.loads((study / "analysis.json").read_text(encoding="utf-8"))
