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
