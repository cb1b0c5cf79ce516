import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.audit.context import AuditContext
from alignlab.audit.rows import decode_rows, encode_rows
from alignlab.datasets import grouping
from alignlab.errors import InputError


def make(n=50, n_classes=3, *, seed=0, soft=True, weighted=True, groups=("g",)) -> AuditContext:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"g": rng.choice(["a", "b", None], n), "h": rng.choice(["x", "y"], n)})
    probabilities = rng.dirichlet(np.ones(n_classes), n) if soft else None
    return AuditContext(
        task="classification",
        classes=tuple(f"class {at}" for at in range(n_classes)),
        frame=frame,
        features=frame,
        predictor=None,
        outcomes=rng.integers(n_classes, size=n),
        decisions=rng.integers(n_classes, size=n),
        probabilities=probabilities,
        groupings=tuple(grouping(frame, name) for name in groups),
        control=grouping(frame, "h"),
        favourable=1,
        weights=rng.random(n) if weighted else None,
    )


def through_json(context: AuditContext) -> AuditContext:
    return decode_rows(json.loads(json.dumps(encode_rows(context))))


@given(st.integers(1, 40), st.sampled_from([2, 3, 300]), st.booleans(), st.booleans())
def test_what_is_encoded_is_decoded(n, n_classes, soft, weighted):
    context = make(n, n_classes, soft=soft, weighted=weighted)
    back = through_json(context)
    assert (back.task, back.classes, back.favourable) == (
        context.task, context.classes, context.favourable,
    )  # fmt: skip
    np.testing.assert_array_equal(back.outcomes, context.outcomes)
    np.testing.assert_array_equal(back.decisions, context.decisions)
    np.testing.assert_array_equal(back.groupings[0].codes, context.groupings[0].codes)
    np.testing.assert_array_equal(back.control.codes, context.control.codes)
    assert back.groupings[0].labels == context.groupings[0].labels
    if soft:
        np.testing.assert_allclose(back.probabilities, context.probabilities, rtol=1e-6)
        np.testing.assert_allclose(back.probabilities.sum(axis=1), 1, rtol=1e-15)
    else:
        assert back.probabilities is None
    if weighted:
        np.testing.assert_array_equal(back.weights, context.weights)
    else:
        assert back.weights is None


def test_a_probability_near_0_keeps_its_logarithm():
    context = make(2, 2)
    tiny = np.array([[1e-12, 1 - 1e-12], [1 - 1e-12, 1e-12]])
    object.__setattr__(context, "probabilities", tiny)
    back = through_json(context).probabilities
    np.testing.assert_allclose(np.log(back), np.log(tiny), rtol=1e-6, atol=1e-11)


def test_values_of_a_regression_are_exact():
    values = np.array([0.1, -1e300, 3.0])
    frame = pd.DataFrame(index=range(3))
    context = AuditContext("regression", (), frame, frame, None, values, values[::-1])
    back = through_json(context)
    np.testing.assert_array_equal(back.outcomes, values)
    np.testing.assert_array_equal(back.decisions, values[::-1])


def test_the_fingerprint_is_of_the_rows_and_not_of_the_answers():
    first = encode_rows(make())
    context = make()
    object.__setattr__(context, "decisions", 2 - context.decisions)
    assert encode_rows(context)["fingerprint"] == first["fingerprint"]
    others = [make(seed=1), make(weighted=False), make(groups=()), make(groups=("g", "h"))]
    prints = {encode_rows(each)["fingerprint"] for each in others}
    assert len(prints) == 4
    assert first["fingerprint"] not in prints


def test_the_same_rows_give_the_same_bytes():
    assert json.dumps(encode_rows(make())) == json.dumps(encode_rows(make()))


def test_no_feature_is_kept():
    context = make(3)
    context.frame["secret"] = ["Ada", "Bob", "Eve"]
    assert "Ada" not in json.dumps(encode_rows(context))


@pytest.mark.parametrize(
    "damage",
    [
        {"n": 49},
        {"outcomes": {"type": "<u1", "zlib": "!!!"}},
        {"outcomes": {"type": "O", "zlib": ""}},
        {"fingerprint": "0"},
        {"classes": None},
    ],
)
def test_damaged_rows_are_refused(damage):
    with pytest.raises(InputError, match="damaged"):
        decode_rows({**encode_rows(make()), **damage})


def test_a_report_without_rows():
    assert decode_rows({}) is None
