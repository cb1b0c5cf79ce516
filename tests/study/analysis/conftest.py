from __future__ import annotations

import numpy as np
import pytest

from alignlab.study.reading import parse_study
from alignlab.study.runs.records import Fault, Record
from alignlab.study.runs.seeds import seed_of

STUDY = """\
study: cost
title: Does it cost?
question: Does mending cost accuracy?
run: experiment:run
factors:
  data: [a, b, c]
  training: [plain, mended, other]
  depth: [1, 2]
seeds: 4
measures:
  accuracy: {primary: true, better: higher, low: 0, high: 1}
  gap: {better: lower, unit: points}
hypotheses:
  H1: {says: Mending costs accuracy., measure: accuracy, factor: training, of: mended,
       against: plain, direction: less, smallest-effect: 0.02}
  H2: {says: The other is as good., measure: accuracy, factor: training, of: other,
       against: plain, direction: equivalent, smallest-effect: 0.02}
  H3: {says: Mending narrows the gap., measure: gap, factor: training, of: mended,
       against: plain, direction: less, smallest-effect: 1, where: {depth: 2}}
analysis: {tasks: [data]}
"""

SHIFTS = {"plain": 0.0, "mended": -0.05, "other": 0.001}


@pytest.fixture
def stated():
    """Return a function that reads a study, with texts replaced."""

    def make(*changes, text=STUDY):
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        return parse_study(text)

    return make


@pytest.fixture
def records_of():
    """Return a function that makes one record a run; `fails(configuration, replicate)` says which
    fail."""

    def make(spec, measured=None, *, fails=lambda configuration, replicate: False):
        made = []
        for configuration in spec.configurations():
            for replicate in range(spec.seeds):
                seed = seed_of(spec.study, configuration, replicate)
                failed = fails(configuration, replicate)
                values = (measured or accuracy_and_gap)(configuration, replicate)
                made.append(
                    Record(
                        run=f"{len(made):064x}",
                        configuration=configuration,
                        replicate=replicate,
                        seed=int(seed),
                        status="failed" if failed else "done",
                        measures={} if failed else values,
                        error=Fault("ValueError", "no", "experiment.py:1") if failed else None,
                    )
                )
        return made

    return make


def accuracy_and_gap(configuration, replicate):
    """Tasks far apart, a split shared within replicates, and a little noise."""
    at = [{"a": 1, "b": 2, "c": 3}[configuration["data"]], configuration["depth"], replicate]
    split = np.random.default_rng(at).normal(0, 0.02)
    kinds = list(SHIFTS)
    noise = np.random.default_rng([*at, kinds.index(configuration["training"])]).normal(0, 0.004)
    value = 0.5 + 0.1 * at[0] + SHIFTS[configuration["training"]] + split + noise
    return {"accuracy": value, "gap": 10 + 100 * SHIFTS[configuration["training"]] + 50 * noise}
