"""LIME from the door to the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor
from alignlab.transparency.surrogates import lime
from alignlab.transparency.surrogates.neighbourhood import SLOTS
from alignlab.transparency.surrogates.tables import table_subject

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(400, 4)), columns=list("abcd"))
X["b"] = 0.8 * X["a"] + 0.6 * X["b"]
X["d"] = (X["d"] > 1).astype(int)
Y = 2 * X["a"] - 3 * X["b"] + 0.5 * X["c"] + 4 * X["d"]


@pytest.mark.parametrize("perturb", ["cells", "rows"])
@pytest.mark.parametrize("row", [0, 7, 42])
def test_a_linear_model_returns_its_coefficients_to_rounding(perturb, row):
    model = LinearRegression().fit(X, Y)
    told = lime(model, X.iloc[row], background=X, perturb=perturb)
    known = ~np.isnan(told.coefficients)
    assert known.all() or (perturb == "rows" and known[:3].all())
    assert told.coefficients[known] == pytest.approx(model.coef_[known], rel=1e-9)
    assert told.standard_errors[known] == pytest.approx(0 * model.coef_[known], abs=1e-9)
    assert told.fidelity.value == pytest.approx(1.0)
    assert told.stability == 1.0
    assert told.trusted


def test_log_odds_of_a_logistic_regression_too():
    model = LogisticRegression().fit(X, Y > 0)
    told = lime(model, X.iloc[3], background=X, scale="log odds")
    assert told.coefficients == pytest.approx(model.coef_[0], rel=1e-8)


def test_another_seed_asks_about_the_same_neighbourhood():
    steps = RandomForestClassifier(20, max_depth=6, random_state=0).fit(X, Y > 0)
    told = [lime(steps, X.iloc[17], background=X, seed=seed) for seed in range(8)]
    assert len({each.trials for each in told}) == 1
    assert len({each.samples for each in told} | {each.coefficients[0] for each in told}) > 2


def test_the_same_seed_gives_the_same_answer_on_every_call():
    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(X, Y > 0)
    first = lime(model, X.iloc[0], background=X, seed=3)
    again = lime(model, X.iloc[0], background=X, seed=3)
    other = lime(model, X.iloc[0], background=X, seed=4)
    assert first.to_dict() == again.to_dict()
    assert (first.coefficients != other.coefficients).any()


def curved(rows):
    values = np.asarray(rows)
    return np.tanh(values[:, 0]) + values[:, 0] * values[:, 1] + 0.3 * values[:, 1] ** 2


def test_intervals_cover_the_coefficients_of_the_population():
    """All 4,096 x 4,096 slots are the population of two features; 300 runs at a fixed width."""
    background = RNG.gamma(2.0, 1.0, (500, 2))
    row = background[0]
    subject = table_subject(Predictor(curved, "regression"), row, background)
    place = subject.neighbourhood(0.5)
    values = place.design + row
    answers = np.empty((SLOTS // 4, SLOTS // 4))
    a, b = values[::4, 0], values[::4, 1]
    answers = np.tanh(a)[:, None] + a[:, None] * b + 0.3 * b**2
    slopes = [
        ((a - a.mean()) @ answers.mean(axis=1)) / len(a) / a.var(),
        ((b - b.mean()) @ answers.mean(axis=0)) / len(b) / b.var(),
    ]
    explained = (slopes[0] ** 2 * a.var() + slopes[1] ** 2 * b.var()) / answers.var()
    runs = 300
    hit, faithful = np.zeros((runs, 2), dtype=bool), 0
    for run in range(runs):
        told = lime(
            curved, row, background=background, task="regression", width=0.5, seed=run,
            max_evaluations=2_100,
        )  # fmt: skip
        for at in range(2):
            estimate = told[str(at)]
            hit[run, at] = estimate.low <= slopes[at] <= estimate.high
        faithful += told.fidelity.low <= explained <= told.fidelity.high
    slack = 4 * np.sqrt(0.95 * 0.05 / runs)
    assert hit.mean(axis=0) == pytest.approx([0.95, 0.95], abs=slack)
    assert faithful / runs == pytest.approx(0.95, abs=slack)


def test_the_decoy_is_seen_and_real_rows_show_what_it_hides():
    """On rows of the data it decides by a, and by c on any that do not lie as the data do."""
    data = X[["a", "b", "c"]].copy()
    data["b"] = data["a"] + 0.05 * data["b"]

    def decoy(rows):
        real = (rows["b"] - rows["a"]).abs() < 0.2
        return np.where(real, rows["a"], rows["c"])

    fooled = lime(decoy, data.iloc[5], background=data, task="regression")
    assert fooled.ranking[0] == "c"
    assert fooled.fidelity.value > 0.5
    assert fooled.data_fidelity.high < 0.2 < 0.4 < fooled.made_up_fidelity
    assert not fooled.trusted
    assert "for perturbed rows and not for real ones" in fooled.sentence
    honest = lime(lambda rows: rows["c"], data.iloc[5], background=data, task="regression")
    assert honest.trusted
    seen = lime(decoy, data.iloc[5], background=data, task="regression", perturb="rows")
    assert seen.ranking[0] in ("a", "b")
    assert abs(seen.strengths[2]) < 0.1 * np.abs(seen.strengths).max()


def test_a_row_that_the_line_misses_is_not_explained_by_it():
    """A spike at the row itself, which no perturbed row meets."""

    def spiked(rows):
        return rows["a"] + 50.0 * (rows[["a", "b", "c"]] == X.loc[9, ["a", "b", "c"]]).all(axis=1)

    told = lime(spiked, X.iloc[9], background=X, task="regression")
    assert told.fidelity.value > 0.9
    assert not told.trusted
    assert "for the row itself" in told.sentence


def test_real_rows_that_go_together_are_said():
    data = X[["a", "c"]].assign(twice=2 * X["a"])
    told = lime(
        lambda rows: rows["a"], data.iloc[0], background=data, task="regression", perturb="rows"
    )
    assert "a, twice always go together" in told.sentence
    assert not told.trusted


def test_a_model_of_labels_is_explained_by_its_decisions():
    model = LinearSVC().fit(X, np.where(Y > 0, "yes", "no"))
    near = int(np.abs(model.decision_function(X)).argmin())
    told = lime(model, X.iloc[near], background=X)
    assert told.scale == "decision"
    assert told.target == "yes"
    assert np.sign(told.coefficients[:2]).tolist() == [1, -1]
    assert any("decisions only" in note for note in told.notes)


def test_of_many_classes_the_one_decided_for():
    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(X, np.digitize(Y, [-3, 3]))
    row = X.iloc[[4]]
    decided = str(model.predict(row)[0])
    told = lime(model, row, background=X)
    assert told.target == decided
    assert told.answer == pytest.approx(model.predict_proba(row).max())
    assert lime(model, row, background=X, target="0").target == "0"


def test_a_model_that_never_varies():
    told = lime(lambda rows: np.full(len(rows), 0.3), X.iloc[0], background=X, classes=["n", "y"])
    assert not told.trusted
    assert "the same answer to all" in told.sentence
    assert told.coefficients == pytest.approx(np.zeros(4), abs=1e-12)


def test_an_answer_that_hardly_varies_is_noted():
    told = lime(lambda X: 1e-6 * (X["a"] + 5), X.iloc[0], background=X, classes=["n", "y"])
    assert any("hardly varies" in note for note in told.notes)


def test_evaluations_are_counted_and_bounded():
    counted = []

    def model(rows):
        counted.append(len(rows))
        return np.sin(1e5 * np.asarray(rows).sum(axis=1))

    told = lime(model, X.iloc[0], background=X, task="regression", max_evaluations=12_345)
    assert sum(counted) == told.evaluations <= 12_345
    assert told.evaluations > 12_300
    assert len(counted) < 12


def test_an_error_of_the_model_is_the_models():
    def picky(rows):
        if (rows["d"] != X["d"][0]).any():
            raise ValueError("unseen")
        return rows["a"]

    with pytest.raises(ModelError, match="unseen"):
        lime(picky, X.iloc[0], background=X, task="regression")


def test_texts():
    def model(texts):
        return np.array(
            [0.2 + 0.5 * ("good" in t.split()) - 0.1 * ("bad" in t.split()) for t in texts]
        )

    told = lime(model, "not bad but good good", classes=["no", "yes"])
    assert told.kind == "text"
    assert dict(zip(told.names, told.coefficients, strict=True)) == pytest.approx(
        {"not": 0, "bad": -0.1, "but": 0, "good": 0.5}, abs=1e-12
    )
    assert told.data_fidelity is None
    with pytest.raises(InputError, match="no words"):
        lime(model, "", classes=["no", "yes"])


@pytest.mark.parametrize("shape", [(7, 9), (1, 7, 9), (3, 7, 9), (7, 9, 3)])
def test_images_of_odd_size(shape):
    image = RNG.random(shape)
    pieces = np.arange(63).reshape(7, 9) // 13
    area = pieces == 2
    mask = area if len(shape) == 2 else (area[None] if shape[0] in (1, 3) else area[..., None])

    def model(images):
        assert images.shape[1:] == shape
        return 3 * np.where(mask, images, 0).reshape(len(images), -1).sum(axis=1)

    told = lime(model, image, segments=pieces, fill=0.0, task="regression")
    expected = np.zeros(5)
    expected[2] = 3 * np.where(mask, image, 0).sum()
    assert told.coefficients == pytest.approx(expected, abs=1e-9)
    assert told.chart().table.rows[0][0] == "piece 2"


def test_a_model_of_rows_takes_an_image_as_a_row():
    images = RNG.random((60, 1, 5, 5))
    model = LogisticRegression().fit(images.reshape(60, -1), images.mean(axis=(1, 2, 3)) > 0.5)
    assert lime(model, images[0]).kind == "image"


def test_a_torch_module_is_explained():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(35, 1))
    told = lime(net, np.float32(RNG.random((1, 5, 7))), classes=["n", "y"], scale="log odds")
    assert told.fidelity.value > 0.999


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        (X.iloc[0], {}, "give background="),
        ("text", {"background": X}, "background is for a table"),
        ("text", {"segments": 3}, "segments is for an image"),
        ("text", {"fill": 3.0}, "becomes a string"),
        (3.5, {"kind": "text"}, "The text is a float"),
        (X.iloc[0], {"background": X, "kind": "tabel"}, "Did you mean 'table'"),
        (X.iloc[0], {"background": X, "perturb": "row"}, "Did you mean 'rows'"),
        (X.iloc[0], {"background": X, "tokens": str.split}, "tokens is for a text"),
        (X.iloc[0], {"background": X, "fill": "mean"}, "fill is for texts and images"),
        (X.iloc[0], {"background": X, "top": 0}, "top=0"),
        (X.iloc[0], {"background": X, "width": -1.0}, "width=-1.0 is not above 0"),
        (X.iloc[0], {"background": X, "width": "wide"}, "width='wide' is not above 0"),
        (X.iloc[0], {"background": X, "max_evaluations": "many"}, "'many' is not a number"),
        (X.to_numpy()[0], {"background": X.to_numpy(), "categorical": ["a"]}, "the column 'a'"),
        (X.iloc[0], {"background": pd.concat([X, X], axis=1)}, "Two columns are called 'a'"),
        (X.iloc[0], {"background": X, "level": 95}, "level=95"),
        (X.iloc[0], {"background": X, "seed": -1}, "seed=-1"),
        (X.iloc[0], {"background": X, "max_evaluations": 1000}, "max_evaluations leaves"),
        (X.iloc[0], {"background": X.iloc[:6], "perturb": "rows"}, "Give at least 10"),
    ],
)
def test_wrong_input_is_refused(row, options, message):
    with pytest.raises(InputError, match=message):
        lime(lambda rows: np.zeros(len(rows)), row, task="regression", **options)
