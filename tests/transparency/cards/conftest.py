from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.transparency.cards import explain


@pytest.fixture(scope="session")
def loans():
    """Applicants, whether they repaid, and a model of that."""
    rng = np.random.default_rng(1)
    n = 400
    X = pd.DataFrame(
        {
            "income": rng.normal(40, 10, n).round(1),
            "debt_share": rng.beta(2, 5, n).round(3),
            "children": rng.integers(0, 4, n),
            "home": rng.choice(["own", "rent", "free"], n),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    odds = 0.15 * (X["income"] - 35) - 8 * (X["debt_share"] - 0.3) + (X["sex"] == "m") * 1.0
    y = pd.Series(np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no"), name="repaid")
    encode = make_column_transformer(
        (OneHotEncoder(), ["home", "sex"]), (StandardScaler(), ["income", "debt_share", "children"])
    )
    return X, y, make_pipeline(encode, LogisticRegression()).fit(X, y)


@pytest.fixture(scope="session")
def refused(loans):
    """The position of an applicant whom the model refuses by a moderate margin."""
    X, _, model = loans
    return int(np.argmin(np.abs(model.predict_proba(X)[:, 1] - 0.3)))


@pytest.fixture(scope="session")
def card(loans, refused):
    X, y, model = loans
    return explain(
        model, refused, data=X, outcomes=y, protected=["sex"], favourable="yes", name="loans",
        labels={"yes": "granted", "no": "refused"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def rent():
    """A regression: the card of one flat, whose rent should come below 700."""
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"size": rng.uniform(20, 120, 200).round(), "floor": rng.integers(0, 6, 200)})
    y = pd.Series(10 * X["size"] + 20 * X["floor"] + rng.normal(0, 30, 200), name="rent")
    model = LinearRegression().fit(X, y)
    return X, y, model, explain(model, 3, data=X, outcomes=y, wanted=(None, 300))
