import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from torch import nn

from alignlab.datasets import grouping
from alignlab.datasets.row_hashes import row_hashes
from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.predictors import as_predictor
from alignlab.uncertainty.outliers import detect_outliers
from alignlab.uncertainty.outliers.measures import auroc


def rows(rng, n):
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "home": rng.choice(["own", "rent"], n),
            "n": rng.poisson(2, n),
        }
    )


@pytest.fixture
def usual():
    return rows(np.random.default_rng(0), 600)


@pytest.mark.parametrize("score", ["mahalanobis", "neighbours"])
def test_rows_of_the_same_kind_raise_no_alarm_more_often_than_stated(score):
    rng = np.random.default_rng(5)
    draws = 80
    flagged, alarms = 0.0, 0
    for draw in range(draws):
        found = detect_outliers(
            None, rows(rng, 100), rows(rng, 40), score=score, false_alarms=0.1, seed=draw
        )
        flagged += found.flagged.mean() / draws
        alarms += found.p_value <= 0.05
    spread = np.sqrt(0.1 * 0.9 * (1 / 40 + 1 / 51) / draws)
    assert flagged <= 0.1 + 4 * spread
    assert alarms / draws <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / draws)


def test_fitting_and_calibrating_on_the_same_rows_would_raise_too_many():
    """Why the reference is halved: the threshold from rows that were fitted on is too low."""
    from alignlab.uncertainty.outliers.features import NearestNeighbours
    from alignlab.uncertainty.outliers.threshold import OutlierThreshold

    rng = np.random.default_rng(0)
    naive, ours = [], []
    for draw in range(40):
        x = rng.normal(size=(160, 3))
        fitted = NearestNeighbours.fitted(x[:100], neighbours=1)
        naive.append(
            OutlierThreshold.chosen(fitted.score(x[:100]), 0.1).flags(fitted.score(x[100:])).mean()
        )
        made = detect_outliers(
            None, x[:100], x[100:], score="neighbours", neighbours=1, false_alarms=0.1, seed=draw
        )
        ours.append(made.flagged.mean())
    assert np.mean(naive) > 0.9  # each of them is its own neighbour
    assert np.mean(ours) < 0.12


@pytest.mark.parametrize("score", ["mahalanobis", "neighbours"])
def test_planted_rows_are_found(usual, score):
    new = rows(np.random.default_rng(1), 200)
    new.loc[:19, "age"] = 130
    new.loc[20:29, "home"] = "castle"
    found = detect_outliers(None, usual, new, score=score)
    assert found.flagged[:20].all()
    assert found.p_value < 0.001
    assert set(found.most_unusual(20)) <= set(range(30))
    assert found.discoveries(0.1)[:20].all()
    assert found.discoveries(0.1)[30:].mean() < 0.05
    assert "more than the 5.0%" in found.headline
    if score == "mahalanobis":
        assert found.flagged[20:30].all()


def test_shares_by_group(usual):
    new = rows(np.random.default_rng(1), 300)
    new.loc[new["home"] == "rent", "age"] += 60
    found = detect_outliers(None, usual, new, groups=grouping(new, "home"))
    shares = found.by_group()
    assert shares["rent"].low > shares["own"].high
    assert [row[0] for row in found.chart().table.rows] == ["all rows", "own", "rent"]
    assert list(found.to_frame().columns) == ["score", "p_value", "unusual", "home"]
    told = json.loads(to_json(found.to_dict()))
    assert told["by_group"]["rent"]["value"] == shares["rent"].value
    assert found.chart().svg().startswith("<svg")


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    means = np.array([[2.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 2.0, 0]])

    def drawn(n):
        y = rng.integers(0, 3, n)
        return (means[y] + 0.6 * rng.normal(size=(n, 4))).astype(np.float32), y

    x, y = drawn(600)
    module = nn.Sequential(
        nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 3)
    )
    optimizer = torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        optimizer.step()
    return module.eval(), drawn, x


SCORES = [
    "mahalanobis", "relative_mahalanobis", "neighbours",
    "max_probability", "entropy", "max_logit", "energy",
]  # fmt: skip


@pytest.mark.parametrize("score", SCORES)
def test_a_network_is_looked_into_without_being_rewritten(network, score):
    module, drawn, _ = network
    reference, labels = drawn(400)
    usual, _ = drawn(300)
    between = np.zeros((150, 4), np.float32) + 0.6 * np.random.default_rng(3).normal(
        size=(150, 4)
    ).astype(np.float32)
    x = np.concatenate([usual, between])
    found = detect_outliers(module, reference, x, score=score, labels=labels)
    assert found.evaluations == 400 + 450
    assert auroc(found.scores[:300], found.scores[300:]).low > 0.75
    usual_share = found.flagged[:300].mean()
    assert usual_share < 0.05 + 4 * np.sqrt(0.05 * 0.95 * (1 / 300 + 1 / 200))
    assert found.flagged[300:].mean() > 3 * usual_share
    assert ("hidden representation" in found.score) == (score in SCORES[:3])


def test_training_rows_are_refused_as_a_reference(network):
    module, drawn, trained = network
    mixed = np.concatenate([drawn(50)[0], trained[:7]])
    with pytest.raises(InputError, match="7 of the 57 reference rows are also training rows"):
        detect_outliers(module, mixed, mixed, score="energy", training=trained)
    knowing = as_predictor(module, classes="abc")
    knowing.trained_on = row_hashes(trained)
    with pytest.raises(InputError, match="7 of the 57 reference rows"):
        detect_outliers(knowing, mixed, mixed, score="energy")
    others = row_hashes(drawn(60)[0])  # given rows add to known ones
    with pytest.raises(InputError, match="7 of the 57 reference rows"):
        detect_outliers(knowing, mixed, mixed, score="energy", training=others)


def test_an_estimator_is_asked_for_probabilities(usual):
    x = usual[["age", "n"]].to_numpy()
    model = LogisticRegression().fit(x, usual["home"])
    found = detect_outliers(model, x[:300], x[300:], score="entropy")
    assert found.evaluations == 600
    # Where the rows themselves are compared no model is asked.
    assert detect_outliers(model, x[:300], x[300:]).evaluations == 0
    for score in ("energy", "max_logit"):
        with pytest.raises(InputError, match="made of logits"):
            detect_outliers(model, x[:300], x[300:], score=score)


def test_a_discrete_score_keeps_its_rate():
    """A forest of ten trees answers eleven probabilities: nearly every score is tied."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(900, 2)), rng.integers(0, 2, 900)
    forest = RandomForestClassifier(10, random_state=0).fit(x[:300], y[:300])
    found = detect_outliers(forest, x[300:600], x[600:], score="max_probability")
    assert found.flagged.mean() <= 0.05
    assert found.p_value > 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "mahalonobis"}, "Did you mean 'mahalanobis'"),
        ({"score": "entropy"}, "model is None"),
        ({"score": "relative_mahalanobis"}, "needs classes"),
        ({"labels": [1, 2]}, "labels has 2 entries for 600"),
        ({"false_alarms": 0.001}, "300 reference rows are too few .*: it takes 999"),
        ({"false_alarms": 5}, "false_alarms=5 is not between"),
        ({"level": 2}, "level=2"),
        ({"neighbours": 0, "score": "neighbours"}, "neighbours=0"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_what_cannot_be_used_is_said(usual, options, message):
    with pytest.raises(InputError, match=message):
        detect_outliers(None, usual, usual.head(9), **options)


def test_what_does_not_fit_is_said(usual):
    with pytest.raises(InputError, match="X does not have"):
        detect_outliers(None, usual, usual[["age"]])
    with pytest.raises(InputError, match="groups has 600 rows and X has 5"):
        detect_outliers(None, usual, usual.head(5), groups=grouping(usual, "home"))
    with pytest.raises(InputError, match=r"training= holds .* and model is None"):
        detect_outliers(None, usual, usual[:5], training=usual[:50])
    with pytest.raises(InputError, match="The reference has 3 rows"):
        detect_outliers(None, usual.head(3), usual)
    values = as_predictor(lambda frame: np.ones(len(frame)), task="regression")
    with pytest.raises(InputError, match="gives no probabilities"):
        detect_outliers(values, usual, usual, score="entropy")


def test_the_same_seed_gives_the_same_bytes(usual):
    new = rows(np.random.default_rng(1), 50)
    first, again = (to_json(detect_outliers(None, usual, new, seed=3).to_dict()) for _ in range(2))
    assert first == again


def test_columns_that_the_model_does_not_read_are_not_compared(usual):
    model = LogisticRegression().fit(usual[["age", "n"]], usual["home"])
    new = rows(np.random.default_rng(1), 100)
    found = detect_outliers(model, usual, new.assign(home="castle", more=1))
    assert (
        found.scores == detect_outliers(None, usual[["age", "n"]], new[["age", "n"]]).scores
    ).all()
    with pytest.raises(InputError, match=r"'n' .* X does not have"):
        detect_outliers(model, usual, new[["age"]])
