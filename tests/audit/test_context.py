from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.audit import AuditContext


def context(**changes):
    frame = pd.DataFrame({"x": [1, 2]})
    fields = {
        "task": "classification",
        "classes": ("no", "yes"),
        "frame": frame,
        "features": frame,
        "predictor": None,
        "outcomes": np.array([0, 1]),
        "decisions": np.array([0, 0]),
    }
    return AuditContext(**{**fields, **changes})


def test_the_answers_hold_what_the_context_holds():
    weights, probabilities = np.array([1.0, 3.0]), np.array([[0.9, 0.1], [0.6, 0.4]])
    answers = context(weights=weights, probabilities=probabilities).answers
    assert answers.weights is weights
    assert answers.probabilities is probabilities
    assert answers.shares.tolist() == [0.25, 0.75]


def test_the_favourable_label_is_empty_until_somebody_states_it():
    assert context().favourable_label == ""
    assert context(favourable=1).favourable_label == "yes"


def test_every_purpose_has_numbers_of_its_own():
    first, again, other = (
        context(seed=5).generator(purpose).random(3) for purpose in ("a", "a", "b")
    )
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert first.tolist() != context(seed=6).generator("a").random(3).tolist()
