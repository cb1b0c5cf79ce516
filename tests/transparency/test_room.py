"""What the room's results say of themselves at a prompt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import alignlab.transparency as room

X = pd.DataFrame(
    np.random.default_rng(0).normal(size=(60, 3)).round(2), columns=["income", "debt", "years"]
)


def model(rows):
    return 2 * rows["income"] - rows["debt"]


MADE = {
    "ShapleyValues": lambda: room.shapley_values(model, X[:3], X, task="regression"),
    "PermutationImportance": lambda: room.permutation_importance(
        model, X, model(X), task="regression"
    ),
    "Effects": lambda: room.partial_dependence(model, X, task="regression"),
    "LimeExplanation": lambda: room.lime(model, X.iloc[0], background=X, task="regression"),
    "Counterfactuals": lambda: room.counterfactuals(
        model, X.iloc[0], data=X, target=(4, 9), task="regression"
    ),
    "RecourseCost": lambda: room.recourse_cost(
        model, X, np.array(["a", "b"] * 30), favourable=(1, np.inf), task="regression"
    ),
    "Proxies": lambda: room.find_proxies(
        model, X, np.where(X["debt"] > 0, "a", "b"), task="regression"
    ),
    "ExplanationQuality": lambda: room.evaluate_explanations(
        model,
        X[:8],
        {"sizes": lambda rows: np.abs(np.asarray(rows))},
        background=X,
        task="regression",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_a_result_is_one_short_line_at_a_prompt(name):
    said = repr(MADE[name]())
    assert said.startswith(f"<{name}")
    assert said.endswith(">")
    assert "\n" not in said
    assert 30 < len(said) < 400


def test_everything_named_is_there():
    assert all(hasattr(room, name) for name in room.__all__)
