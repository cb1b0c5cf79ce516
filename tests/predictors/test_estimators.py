import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor

X, y = make_classification(200, 5, random_state=0)
FRAME = pd.DataFrame(X, columns=list("abcde"))
LABELS = np.where(y == 1, "yes", "no")


def test_a_pipeline_on_text_columns_answers_what_it_answers_itself():
    frame = FRAME.assign(city=np.where(X[:, 0] > 0, "Kiel", "Ulm"))
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["city"]), remainder=StandardScaler()),
        LogisticRegression(),
    ).fit(frame, LABELS)
    predictor = as_predictor(model)
    np.testing.assert_allclose(predictor(frame), model.predict_proba(frame), rtol=1e-12)
    assert predictor.class_names == ("no", "yes")
    assert predictor.features == ("a", "b", "c", "d", "e", "city")
    assert predictor.name == "ColumnTransformer + LogisticRegression"
    assert predictor.kind == "scikit-learn Pipeline"
    shuffled = frame.assign(extra=1)[["city", "extra", "e", "d", "c", "b", "a"]]
    np.testing.assert_allclose(predictor(shuffled), predictor(frame), rtol=1e-12)


def test_a_model_fitted_on_a_matrix_takes_a_frame_without_a_warning():
    model = LogisticRegression().fit(X, y)
    np.testing.assert_array_equal(as_predictor(model)(FRAME), as_predictor(model)(X))
    with pytest.raises(InputError, match="fitted on 5 columns without names, and the data has 6"):
        as_predictor(model)(FRAME.assign(f=1))
    chosen = as_predictor(model, features=list("abcde"))
    np.testing.assert_array_equal(chosen(FRAME.assign(f=1)), as_predictor(model)(X))


@pytest.mark.parametrize("model", [RidgeClassifier(), LinearSVC()], ids=lambda m: type(m).__name__)
def test_decisions_alone_become_one_hot_rows(model):
    predictor = as_predictor(model.fit(X, LABELS))
    assert not predictor.probabilistic
    answers = predictor(X)
    assert set(np.unique(answers)) == {0.0, 1.0}
    decided = np.array(predictor.class_names)[predictor.decide(answers)]
    np.testing.assert_array_equal(decided, model.predict(X))


def test_a_regressor_answers_values():
    rows, values = make_regression(50, 3, random_state=0)
    model = LinearRegression().fit(rows, values)
    predictor = as_predictor(model)
    assert predictor.task == "regression"
    np.testing.assert_array_equal(predictor(rows), model.predict(rows))
    one_column = as_predictor(LinearRegression().fit(rows, values[:, None]))
    np.testing.assert_allclose(one_column(rows), values)


class Untouchable(ClassifierMixin, BaseEstimator):
    """A model under study: whoever fits or clones it fails."""

    classes_ = np.array([0, 1])

    def fit(self, X, y=None):
        raise AssertionError("the model under study was fitted")

    partial_fit = fit_transform = fit_predict = set_params = fit

    def __sklearn_clone__(self):
        raise AssertionError("the model under study was cloned")

    def __deepcopy__(self, memo):
        raise AssertionError("the model under study was copied")

    def predict(self, X):
        return (np.asarray(X)[:, 0] > 0).astype(int)

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-np.asarray(X)[:, 0]))
        return np.column_stack([1 - p, p])


def test_a_model_whose_fit_raises_passes_through():
    predictor = as_predictor(Untouchable())
    assert predictor(FRAME).shape == (200, 2)


def test_a_models_attributes_are_left_as_they_were():
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    before = {key: id(value) for key, value in vars(model).items()}
    as_predictor(model)(X)
    assert {key: id(value) for key, value in vars(model).items()} == before


@pytest.mark.parametrize("wrap", [lambda m: m, make_pipeline], ids=["bare", "pipeline"])
@pytest.mark.parametrize("positive", [None, "no", "yes"])
def test_a_threshold_of_the_models_own_decides(wrap, positive):
    model = wrap(FixedThresholdClassifier(LogisticRegression(), threshold=0.9, pos_label=positive))
    predictor = as_predictor(model.fit(X, LABELS))
    decided = np.array(predictor.class_names)[predictor.decide(predictor(X))]
    np.testing.assert_array_equal(decided, model.predict(X))
    assert (predictor(X).argmax(1) != predictor.decide(predictor(X))).any()
    assert predictor.probabilistic


def test_a_threshold_on_another_score_leaves_decisions_alone():
    model = FixedThresholdClassifier(
        LogisticRegression(), threshold=1.0, response_method="decision_function"
    ).fit(X, LABELS)
    predictor = as_predictor(model)
    assert not predictor.probabilistic
    decided = np.array(predictor.class_names)[predictor.decide(predictor(X))]
    np.testing.assert_array_equal(decided, model.predict(X))


def test_a_search_is_asked_through():
    model = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(FRAME, y)
    assert as_predictor(model, name="searched").estimator is model
    assert as_predictor(model).features == tuple("abcde")


@pytest.mark.parametrize(
    "model",
    [MultiOutputClassifier(LogisticRegression()), KNeighborsClassifier()],
    ids=lambda m: type(m).__name__,
)
def test_several_targets_are_refused(model):
    with pytest.raises(InputError, match="several targets at once"):
        as_predictor(model.fit(X, np.column_stack([y, 1 - y])))


def test_a_regressor_with_several_targets_is_refused_when_asked():
    model = LinearRegression().fit(X, X[:, :2])
    with pytest.raises(ModelError, match=r"shape \(200, 2\) for 200 rows"):
        as_predictor(model)(X)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (LogisticRegression(), {}, "not fitted"),
        (LogisticRegression, {}, "is a class and not a model"),
        (KMeans(), {}, "neither|a class or a number"),
        (object(), {}, "cannot be asked"),
        ("model.skops", {}, "load_model"),
        (LogisticRegression().fit(X, LABELS), {"classes": ["yes", "no"]}, "in this order"),
        (
            LogisticRegression().fit(X, y),
            {"task": "clasification"},
            "Did you mean 'classification'",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(model, options, said):
    with pytest.raises(InputError, match=said) as raised:
        as_predictor(model, **options)
    assert "\n" not in str(raised.value)


def test_classes_that_agree_with_the_model_pass():
    as_predictor(LogisticRegression().fit(X, LABELS), classes=["no", "yes"])


def test_a_predictor_is_returned_as_it_is_unless_an_option_changes_it():
    predictor = as_predictor(LogisticRegression().fit(X, y))
    assert as_predictor(predictor) is predictor
    renamed = as_predictor(predictor, name="mine", batch_rows=7)
    assert (renamed.name, renamed.batch_rows, predictor.batch_rows) == ("mine", 7, None)
    np.testing.assert_array_equal(renamed(X), predictor(X))
