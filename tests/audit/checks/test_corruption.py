from dataclasses import replace

import numpy as np
import pytest

import alignlab
from alignlab.audit import all_checks
from alignlab.audit.check import run_check
from alignlab.audit.conformance import CASES
from alignlab.datasets import ImageData, load_images
from alignlab.predictors import Predictor
from alignlab.robustness import evaluate_corruptions

CHECK = all_checks()["robustness.corruption"]


@pytest.fixture
def context():
    return CASES["images"]()


def test_the_numbers_are_those_of_the_room(context):
    found = run_check(CHECK, context)
    result = evaluate_corruptions(context.predictor, context.images, severities=[1, 3, 5])
    assert found.estimates["added error"] == result.added
    assert found.estimates["accuracy as given"] == result.clean
    under = found.estimates["accuracy under corruption"]
    assert (under.value, under.low, under.high) == pytest.approx(
        (1 - result.error.value, 1 - result.error.high, 1 - result.error.low)
    )
    assert found.estimates["fog"].value == pytest.approx(1 - result.error_of("fog").value)
    assert (found.status, found.evaluations) == ("measured", 60 * 46)
    assert len(found.estimates) == 18
    assert len(found.tables[0].rows) == 45
    assert found.tables[1].rows[0][:2] == ("breed", "boxer")
    assert [chart.question for chart in found.charts] == [
        "How accurate is the model where rows are corrupted?",
        "Which corruptions does the model not stand?",
        "Whose images stay right under corruption?",
    ]


def test_a_limit_is_held_against_the_added_error(context):
    """A model that goes by single pixels, which hardly a corruption leaves as they are."""
    images = context.images.images.copy()
    images[:, 0, 3, 3] = np.array([0.0, 0.5, 1.0])[context.outcomes]

    def one_pixel(x):
        away = np.abs(x[:, 0, 3, 3, None] - np.array([0.0, 0.5, 1.0], np.float32))
        return 0.1 + 0.7 * np.eye(3)[away.argmin(1)]

    model = Predictor(one_pixel, "classification", context.classes, batch_rows=256)
    data = ImageData(images, context.outcomes, context.classes)
    context = replace(context, images=data, predictor=model)
    added = run_check(CHECK, context).estimates["added error"]
    assert added.low > 0.05
    for limit, status in ((added.low / 2, "fail"), (added.high + 0.01, "pass")):
        judged = run_check(CHECK, replace(context, limits={CHECK.name: limit}))
        assert judged.status == status
        assert judged.headline == added
        assert bool(judged.advice) == (status == "fail")
    assert "corrupt_images" in run_check(CHECK, context).advice[0]


def test_a_model_that_corruption_does_not_touch_adds_no_error():
    digits = load_images("digits").take(range(60))
    halves = ImageData(np.repeat(digits.images, 2, 2), np.arange(60) % 2, ("a", "b"))

    def constant(images):
        return np.tile([0.6, 0.4], (len(images), 1))

    result = alignlab.audit(
        constant, halves, checks=["robustness.corruption"], limits={"robustness.corruption": 0.05}
    )
    found = result.finding("robustness.corruption")
    assert (found.status, found.headline.value, found.advice) == ("pass", 0, ())


def test_what_raises_is_quoted(context):
    def proud(images):
        if images.max() > 0.95:
            raise ValueError("too bright for me")
        return np.tile([0.4, 0.3, 0.3], (len(images), 1))

    dim = np.clip(context.images.images, 0, 0.9)
    images = ImageData(dim, context.images.labels, context.images.classes)
    model = Predictor(proud, "classification", context.classes, batch_rows=256)
    found = run_check(CHECK, replace(context, images=images, predictor=model))
    assert "raises an error after" in found.summary
    assert "too bright for me" in found.advice[0]


def test_many_large_images_are_sampled():
    images = np.random.default_rng(0).random((500, 1, 8, 8))
    data = ImageData(images, np.arange(500) % 2, ("a", "b"))

    def bright(x):
        return np.clip(x.mean((1, 2, 3)), 0, 1)

    result = alignlab.audit(bright, data, checks=["robustness.corruption"])
    assert "On 400 of 500 images" in result.finding("robustness.corruption").summary


def test_where_it_does_not_apply(context):
    table = run_check(CHECK, CASES["two classes and groups"]())
    assert table.summary == "Not applicable: the rows are not images."
    tiny = ImageData(np.zeros((60, 4, 4)), context.images.labels, context.images.classes)
    found = run_check(CHECK, replace(context, images=tiny))
    assert found.status == "not applicable"
    assert "4×4 pixels are too small" in found.summary
    nothing = run_check(CHECK, replace(context, weights=np.zeros(60)))
    assert nothing.status == "not enough data"
