"""Maps of probabilities: by hand, against others' formulas, the same in torch, kept decisions."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax

from alignlab.errors import ModelError
from alignlab.plain import to_json
from alignlab.predictors.probability_maps import (
    LOWEST,
    Beta,
    Identity,
    Isotonic,
    Platt,
    Temperature,
    Vector,
    keeping_decisions,
    log_probabilities,
    map_from_dict,
    one_against_rest,
)

THREE = [
    Identity(),
    Temperature(0.5),
    Vector((0.5, 1.0, 2.0), (0.3, 0.0, -0.2)),
    Platt((0.5, 1.0, 2.0), (0.3, 0.0, -0.2)),
    Beta((0.5, 1.0, 2.0), (1.0, 0.0, 0.4), (0.3, 0.0, -0.2)),
    Isotonic(((-2.0, 0.0, 3.0), (0.0,), (-1.0, 1.0)), ((0.1, 0.4, 0.8), (0.3,), (0.2, 0.9))),
]
TWO = [
    Identity(),
    Temperature(2.0),
    Vector((0.5, 2.0), (0.3, -0.2)),
    Platt((0.5,), (0.3,)),
    Beta((0.5,), (1.5,), (0.4,)),
    Isotonic(((-2.0, 0.0, 3.0),), ((0.1, 0.4, 0.8),)),
]


def logits(n=200, classes=3, spread=3.0, seed=0):
    return np.random.default_rng(seed).normal(0, spread, (n, classes))


def test_each_map_of_two_classes_is_its_formula():
    p = np.array([0.01, 0.3, 0.5, 0.9])
    scores = np.log(np.column_stack([1 - p, p]))
    said = [each(scores)[:, 1] for each in TWO]
    np.testing.assert_allclose(said[0], p, rtol=1e-14)
    np.testing.assert_allclose(said[1], p**2 / (p**2 + (1 - p) ** 2), rtol=1e-13)
    np.testing.assert_allclose(
        said[2], expit(2 * np.log(p) - 0.2 - 0.5 * np.log(1 - p) - 0.3), rtol=1e-13
    )
    np.testing.assert_allclose(said[3], expit(0.5 * logit(p) + 0.3), rtol=1e-13)
    np.testing.assert_allclose(
        said[4], 1 / (1 + 1 / (np.exp(0.4) * p**0.5 / (1 - p) ** 1.5)), rtol=1e-13
    )
    np.testing.assert_allclose(
        said[5], np.interp(logit(p), [-2, 0, 3], [0.1, 0.4, 0.8]), rtol=1e-13
    )


def test_one_against_the_rest_is_scaled_to_one():
    scores = log_softmax(logits(), axis=1)
    p = np.exp(scores)
    mapped = Platt((0.5, 1.0, 2.0), (0.3, 0.0, -0.2))(scores)
    each = expit(logit(p) * [0.5, 1.0, 2.0] + [0.3, 0.0, -0.2])
    np.testing.assert_allclose(mapped, each / each.sum(1, keepdims=True), rtol=1e-8)


@pytest.mark.parametrize("each", THREE + TWO, ids=lambda each: type(each).__name__)
def test_a_map_gives_probabilities_that_a_constant_does_not_change(each):
    scores = logits(classes=3 if each in THREE[1:] or each is THREE[0] else 2)
    p = each(scores)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)
    assert (p > 0).all()
    np.testing.assert_allclose(each(scores + 1000.0), p, rtol=1e-8)
    np.testing.assert_allclose(each(log_softmax(scores, axis=1)), p, rtol=1e-10)


@pytest.mark.parametrize("each", THREE + TWO, ids=lambda each: type(each).__name__)
def test_torch_and_numpy_say_the_same(each):
    classes = 3 if any(each is one for one in THREE) else 2
    scores = logits(classes=classes, spread=20.0)
    given = torch.tensor(scores, requires_grad=True)
    said = each(given)
    np.testing.assert_allclose(said.detach().numpy(), each(scores), rtol=1e-9)
    said[:, 0].sum().backward()
    assert torch.isfinite(given.grad).all()


@pytest.mark.parametrize("each", THREE + TWO, ids=lambda each: type(each).__name__)
def test_a_map_is_plain_numbers(each):
    assert map_from_dict(json.loads(to_json(each.to_dict()))) == each


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"map": "spline"}, "'spline' is no map"),
        ({}, "None is no map"),
        ({"map": "temperature"}, "made of inverse"),
        ({"map": "temperature", "inverse": "1"}, "'1', which is no number"),
        ({"map": "temperature", "inverse": True}, "no number"),
        ({"map": "platt", "slopes": [1.0], "shifts": [float("nan")]}, "no number"),
        ({"map": "platt", "slopes": [1.0], "shifts": [1.0, 2.0]}, "differ in length"),
        ({"map": "temperature", "inverse": -1}, "inverse of the map .* must be numbers above 0"),
        ({"map": "temperature", "inverse": [1.0]}, "must be numbers above 0"),
        ({"map": "vector", "slopes": [1.0, -2.0], "shifts": [0, 0]}, "slopes .* from 0 up"),
        ({"map": "platt", "slopes": 1.0, "shifts": 0.0}, "slopes .* from 0 up"),
        ({"map": "isotonic", "log_odds": [[1, 0]], "probabilities": [[0.1, 0.2]]}, "ascending"),
        ({"map": "isotonic", "log_odds": [[0, 1]], "probabilities": [[0.2, 7]]}, "between 0 and 1"),
        ({"map": "isotonic", "log_odds": [[0, 1]], "probabilities": [[0.2, 0.1]]}, "descending"),
        ({"map": "isotonic", "log_odds": [[]], "probabilities": [[]]}, "between 0 and 1"),
    ],
)
def test_what_is_no_map_is_refused_in_a_line(stated, said):
    with pytest.raises(ModelError, match=said) as error:
        map_from_dict(stated)
    assert "\n" not in str(error.value)


def test_certain_answers_stay_finite():
    scores = np.array([[0.0, -np.inf, -np.inf], [800.0, -800.0, 0.0]])
    for each in THREE:
        assert np.isfinite(each.log(scores)).all()
    assert log_probabilities(np.array([0.0])).item() == LOWEST


def test_the_rest_of_a_sure_class_is_not_lost_to_rounding():
    scores = np.array([[0.0, -35.0, -35.5]])
    rest = one_against_rest(log_softmax(scores, axis=1))[1]
    exact = np.log(np.exp(-35.0) + np.exp(-35.5))
    assert rest[0, 0] == pytest.approx(exact, abs=1e-9)
    assert np.log1p(-softmax(scores)[0, 0]) != pytest.approx(exact, abs=1e-2)  # what was lost


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_a_kept_decision_is_kept_and_the_probabilities_are_the_nearest(seed, classes):
    original, mapped = (log_softmax(logits(4, classes, 2.0, seed + at), axis=1) for at in (0, 9))
    kept = keeping_decisions(mapped, original)
    assert (kept.argmax(1) == original.argmax(1)).all()
    np.testing.assert_allclose(np.exp(kept).sum(1), 1, rtol=1e-12)
    same = mapped.argmax(1) == original.argmax(1)
    assert (kept[same] == mapped[same]).all()
    torch_kept = keeping_decisions(torch.tensor(mapped), torch.tensor(original))
    np.testing.assert_allclose(torch_kept.numpy(), kept, rtol=1e-12)
    single = torch.tensor(kept, dtype=torch.float32)
    assert (single.argmax(1).numpy() == original.argmax(1)).all()


def test_a_decision_by_a_hair_is_kept_in_single_precision():
    original = log_softmax(np.array([[0.0, 1e-9, -1.0], [-1.0, 0.0, 1e-9]]), axis=1)
    mapped = log_softmax(np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]), axis=1)
    kept = keeping_decisions(mapped, original).astype(np.float32)
    assert kept.argmax(1).tolist() == [1, 2]


def test_the_nearest_probabilities_are_those_of_an_optimiser():
    original = np.log([[0.1, 0.2, 0.3, 0.4]])
    target = np.array([0.35, 0.3, 0.25, 0.1])
    kept = np.exp(keeping_decisions(np.log(target[None]), original))[0]
    found = minimize(
        lambda q: float(target @ -np.log(q)),
        np.full(4, 0.25),
        bounds=[(1e-6, 1)] * 4,
        constraints=[
            {"type": "eq", "fun": lambda q: q.sum() - 1},
            {"type": "ineq", "fun": lambda q: q[3] - q[:3]},
        ],
    )
    np.testing.assert_allclose(kept, found.x, atol=1e-3)
    np.testing.assert_allclose(kept, 0.25, atol=1e-3)  # (.35 + .3 + .25 + .1) / 4


def test_a_temperature_changes_no_decision_and_no_order():
    scores = log_softmax(logits(1000, 5), axis=1)
    for inverse in (0.01, 0.5, 20.0):
        order = Temperature(inverse).log(scores).argsort(1)
        clear = np.exp(scores).min(1) > 1e-15
        assert (order[clear] == scores.argsort(1)[clear]).all()
