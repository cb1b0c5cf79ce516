from pathlib import Path

import pytest

STATEMENT = """\
study: robust-fair
title: Does robustness cost fairness?
question: Does adversarial training widen gaps?
authors:
  - name: Ana García
    email: ana@example.org
    orcid: 0000-0002-1825-0097
  - name: Núñez Li, Bo
run: experiment:run
# Levels as they come.
factors:
  training: [plain, adversarial]
seeds: 3
measures:
  gap: {primary: true, better: lower}
hypotheses:
  H1:
    says: Adversarial training widens the gap.
    measure: gap
    factor: training
    of: adversarial
    against: plain
    direction: greater
    smallest-effect: 0.02
data: [rows.csv]
"""
EXPERIMENT = """\
import numpy as np


def run(config, seed):
    wider = 0.05 * (config["training"] == "adversarial")
    return {"gap": 0.1 + wider + 0.01 * np.random.default_rng(seed).normal()}
"""
SECTIONS = (
    "abstract", "introduction", "related_work", "method", "results", "discussion", "limitations",
    "ethics",
)  # fmt: skip


def write_study(folder: Path) -> Path:
    """Write a study that is finished but for its runs, analysis and paper."""
    (folder / "paper").mkdir(parents=True)
    (folder / "study.yaml").write_text(STATEMENT)
    (folder / "experiment.py").write_text(EXPERIMENT)
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    (folder / ".env").write_text("SECRET=1\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    for name in SECTIONS:
        (folder / "paper" / f"{name}.md").write_text("Words.\n")
    (folder / "paper" / "results.md").write_text("It is {{ H1.difference }}.\n")
    return folder


@pytest.fixture(scope="session")
def finished_folder(tmp_path_factory):
    """A finished study's folder, made once; nobody changes it."""
    from alignlab.study.analysis import analyze
    from alignlab.study.folder import open_study
    from alignlab.study.paper import build_paper
    from alignlab.study.plans.registration import register_study
    from alignlab.study.runs.running import run_study

    folder = write_study(tmp_path_factory.mktemp("finished") / "s")
    register_study(open_study(folder))
    run_study(open_study(folder), workers=1)
    analyze(open_study(folder)).write(open_study(folder))
    build_paper(folder)
    return folder


@pytest.fixture
def finished(finished_folder, tmp_path):
    """A copy of a finished study's folder."""
    import shutil

    return Path(shutil.copytree(finished_folder, tmp_path / "s"))
