import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from alignlab.datasets import ImageData, TableData, load_images
from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.robustness import CORRUPTIONS, corrupt_images, evaluate_corruptions


@pytest.fixture(scope="module")
def digits():
    return load_images("digits").split(0.5).held_out.take(range(300))


@pytest.fixture(scope="module")
def fitted():
    train = load_images("digits").split(0.5).train
    return LogisticRegression(max_iter=200).fit(train.images.reshape(len(train), -1), train.labels)


def test_each_cell_is_the_models_accuracy(digits, fitted):
    result = evaluate_corruptions(fitted, digits, kinds=["fog", "contrast"], severities=[2, 5])
    rows = digits.images.reshape(300, -1)
    assert result.clean.value == fitted.score(rows, digits.labels)
    for kind in ("fog", "contrast"):
        for severity in (2, 5):
            corrupted = corrupt_images(digits.images, kind, severity).reshape(300, -1)
            score = fitted.score(corrupted, digits.labels)
            assert result.accuracy(kind, severity).value == pytest.approx(score)
    assert result.evaluations == 300 * 5
    assert result.shift is None


def test_all_kinds_at_all_severities_by_default(digits, fitted):
    steps = []
    result = evaluate_corruptions(
        fitted, digits.take(range(40)), progress=lambda *step: steps.append(step)
    )
    assert result.kinds == tuple(kind for kinds in CORRUPTIONS.values() for kind in kinds)
    assert result.wrong.shape == (40, 15, 5)
    assert result.evaluations == 40 * 76
    assert steps[-1] == ("done", 75, 75)
    assert len(result.to_frame()) == 75


def test_sampled_rows_are_corrupted_as_in_all(digits, fitted):
    whole = evaluate_corruptions(fitted, digits, kinds=["snow"], severities=[4])
    some = evaluate_corruptions(fitted, digits, kinds=["snow"], severities=[4], max_rows=50)
    assert len(some.rows) == 50
    assert some.rows_given == 300
    np.testing.assert_array_equal(some.wrong, whole.wrong[some.rows])
    weights = np.r_[np.zeros(280), np.ones(20)]
    heavy = evaluate_corruptions(fitted, digits, kinds=["snow"], severities=[4], weights=weights)
    assert heavy.rows.tolist() == list(range(280, 300))


def test_modules_functions_and_predictors_say_the_same(digits, fitted):
    linear = torch.nn.Linear(64, 10)
    with torch.no_grad():
        linear.weight.copy_(torch.as_tensor(fitted.coef_))
        linear.bias.copy_(torch.as_tensor(fitted.intercept_))
    module = torch.nn.Sequential(torch.nn.Flatten(), linear)

    def function(images):
        return fitted.predict_proba(images.reshape(len(images), -1))

    results = [
        evaluate_corruptions(model, digits, kinds=["fog"], severities=[3])
        for model in (fitted, module, function, as_predictor(fitted))
    ]
    for each in results[1:]:
        assert (each.wrong != results[0].wrong).mean() < 0.005


@pytest.fixture
def loans():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": rng.lognormal(8, 1, 400),
            "debt": rng.lognormal(6, 1, 400),
            "town": rng.choice(["north", "south"], 400),
        }
    )
    frame["paid"] = np.where(frame["income"] > 8 * frame["debt"], "yes", "no")
    return TableData(frame, target="paid")


def paying(rows):
    return (rows["income"].fillna(0) > 8 * rows["debt"].fillna(0)).to_numpy(float)


def test_tables(loans):
    result = evaluate_corruptions(paying, loans)
    assert result.kinds == ("noise", "missing", "typo", "unit")
    assert result.clean.value == 1
    assert (result.error_of("typo").value, result.error_of("missing").value > 0.1) == (0, True)
    falls = [result.accuracy("noise", severity).value for severity in (1, 2, 3, 4, 5)]
    assert falls[4] < falls[0]
    assert result.evaluations == 400 * 21
    assert result.shift is not None
    assert set(result.to_frame()["kind"]) == {"noise", "missing", "typo", "unit", "shift"}
    frame = evaluate_corruptions(
        paying, loans.features, loans.outcomes, kinds=["noise"], severities=[1]
    )
    assert frame.accuracy("noise", 1).value == falls[0]


def test_what_cannot_happen_is_left_out(loans):
    X, y = loans.features[["income", "debt"]], loans.outcomes
    result = evaluate_corruptions(paying, X, y, severities=[1])
    assert result.kinds == ("noise", "missing", "unit")
    with pytest.raises(InputError, match="None of typo can happen"):
        evaluate_corruptions(paying, X, y, kinds=["typo"])


def test_shift_alone_asks_nothing_more(loans):
    result = evaluate_corruptions(paying, loans, kinds=["shift"])
    assert (result.kinds, result.evaluations) == ((), 400)
    assert result.to_dict()["error"] is None
    assert result.to_frame()["kind"].tolist() == ["shift"] * 5
    assert "shift" in result.chart().question
    with pytest.raises(InputError, match="Only shift was tried"):
        _ = result.error


def test_a_model_that_refuses_is_wrong_and_quoted(loans):
    X, y = loans.features[["town"]], loans.outcomes
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(X, y)
    result = evaluate_corruptions(model, X, y, kinds=["typo"], severities=[1, 2])
    assert result.accuracy("typo", 1).value == 0
    assert "unknown categories" in result.refusals["typo", 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kinds": ["typo"]}, "kind='typo' is not one of 'gaussian_noise'"),
        ({"kinds": ["frots"]}, "Did you mean 'frost'?"),
        ({"severities": [0]}, "severities=[0]: name some of 1, 2, 3, 4, 5"),
        ({"severities": []}, "severities=[]"),
        ({"weights": [1.0]}, "weights are not 300 finite numbers"),
        ({"weights": np.zeros(300)}, "There is no row to corrupt"),
        ({"y": np.zeros(300)}, "y is for a data frame"),
        ({"classes": ["a", "b"]}, "has the label '"),
    ],
)
def test_what_cannot_be_evaluated(digits, change, said):
    def even(images):
        return np.full((len(images), len(change.get("classes", "0123456789"))), 1.0) / len(
            change.get("classes", "0123456789")
        )

    with pytest.raises(InputError) as error:
        evaluate_corruptions(even, digits, **{"kinds": ["fog"], **change})
    assert said in str(error.value)


def test_what_is_neither_images_nor_a_table(digits):
    with pytest.raises(InputError, match="ndarray is not what can be corrupted"):
        evaluate_corruptions(paying, digits.images)
    predictor = as_predictor(lambda x: x.mean((1, 2, 3)), task="regression")
    with pytest.raises(InputError, match="predicts a number"):
        evaluate_corruptions(predictor, digits)
    with pytest.raises(InputError, match="2 rows and 1 classes"):
        evaluate_corruptions(paying, pd.DataFrame({"x": [1, 2]}), ["a"])
    tiny = ImageData(np.zeros((2, 4, 4)), [0, 1])
    with pytest.raises(InputError, match="4×4 pixels"):
        evaluate_corruptions(lambda x: np.full((len(x), 2), 0.5), tiny)
