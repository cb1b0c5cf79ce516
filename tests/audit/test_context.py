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


def test_predictions_are_what_a_predictor_would_return():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]])
    assert context(probabilities=probabilities).predictions is probabilities
    assert context(decisions=np.array([1, 0])).predictions.tolist() == [[0, 1], [1, 0]]
    values = context(task="regression", classes=(), decisions=np.array([2, 3]))
    assert values.predictions.tolist() == [2.0, 3.0]


def test_the_class_explained_is_the_favourable_the_second_of_two_or_the_usual_one():
    three = {"classes": ("a", "b", "c"), "decisions": np.array([2, 2, 0])}
    assert context(favourable=0).explained_class == "no"
    assert context().explained_class == "yes"
    assert context(**three).explained_class == "c"
    assert context(**three, favourable=1).explained_class == "b"
    assert context(task="regression", classes=()).explained_class is None


def test_outcomes_are_labelled_as_the_classes_are():
    assert context().outcome_labels.tolist() == ["no", "yes"]
    assert context(task="regression", classes=()).outcome_labels.tolist() == [0, 1]
