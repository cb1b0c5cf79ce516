from __future__ import annotations

import numpy as np
import pytest

from alignlab.uncertainty.conformal import class_scores, conformal_threshold
from alignlab.uncertainty.conformal.tuning import PENALTIES, tuned_penalty


def long_tailed(n=400, width=40, seed=0):
    """Return probabilities whose tails are noise, and labels that are near the top."""
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.ones(width) * 0.3, n)
    order = np.argsort(-said, axis=1)
    place = rng.choice(4, n, p=[0.7, 0.2, 0.06, 0.04])
    return said, order[np.arange(n), place], rng.random(n)


def test_free_labels_by_hand():
    said = np.tile([0.4, 0.3, 0.2, 0.1], (9, 1))
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2])
    assert tuned_penalty(said, labels, level=0.5)[1] == 1
    assert tuned_penalty(said, labels, level=0.8)[1] == 2
    assert tuned_penalty(said, labels, level=0.9)[1] == 3
    assert tuned_penalty(said, labels, level=0.99)[1] == 4  # too few rows to know


def test_the_choice_has_the_smallest_sets():
    said, labels, u = long_tailed()
    penalty, free = tuned_penalty(said, labels, u, level=0.9)

    def size(candidate):
        scores = class_scores(said, score="raps", uniform=u, penalty=candidate, free_labels=free)
        cut = conformal_threshold(scores[np.arange(400), labels], 0.9)
        return (scores <= cut).sum(1).mean()

    assert penalty in PENALTIES
    assert size(penalty) == min(map(size, PENALTIES))
    assert size(penalty) < 0.9 * size(0.0)


def test_chosen_on_rows_apart_coverage_holds():
    hits = []
    for seed in range(60):
        tune, calibrate, test = (long_tailed(n, seed=3 * seed + k) for k, n in
                                 enumerate((60, 59, 200)))  # fmt: skip
        penalty, free = tuned_penalty(*tune, level=0.9)

        def scores(part, penalty=penalty, free=free):
            said, labels, u = part
            found = class_scores(said, score="raps", uniform=u, penalty=penalty, free_labels=free)
            return found[np.arange(len(labels)), labels]

        hits.append(np.mean(scores(test) <= conformal_threshold(scores(calibrate), 0.9)))
    assert np.mean(hits) == pytest.approx(0.9, abs=4 * np.std(hits) / np.sqrt(60))
