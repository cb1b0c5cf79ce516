import pytest

SMALL = """\
study: small
title: A small study
question: Does x raise the score?
run: experiment:run
factors:
  x: [plain, mended]
  data: [a, b]
seeds: 5
measures:
  score: {primary: true, better: higher, low: 0, high: 1}
  cost: {unit: s}
hypotheses:
  H1:
    says: Mending raises the score.
    measure: score
    factor: x
    of: mended
    against: plain
    direction: greater
    smallest-effect: 0.1
    spread: 0.1
analysis:
  tasks: [data]
"""


@pytest.fixture(scope="session")
def small_text():
    """The statement of a small study of two factors, one of them tasks."""
    return SMALL


EXPERIMENT = """\
import random

import numpy as np


def run(config, seed):
    rng = np.random.default_rng(seed.of("noise"))
    score = 0.4 + 0.2 * (config["x"] == "mended") + 0.1 * rng.random() + 0.1 * random.random()
    return {"score": score + 0.1 * np.random.rand(), "cost": 1}
"""


@pytest.fixture
def made_study(tmp_path):
    """Return a function that writes a study that can be run into a folder, and opens it."""
    from alignlab.study.folder import open_study

    def make(experiment=EXPERIMENT, *, text=SMALL, name="small"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "study.yaml").write_text(text)
        (folder / "experiment.py").write_text(experiment)
        return open_study(folder)

    return make
