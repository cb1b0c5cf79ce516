"""Permutation importance beside scikit-learn's: cost over raw evaluations, and true coverage.

    python benchmarks/importance.py          # about two minutes; prints Markdown tables

Cost: the same model, rows, repeats and log loss; "overhead" is wall time over the time spent inside
the model, and a small batch shows in the model's time a row. Coverage: how often an interval
holds the true importance of a linear model's feature, 2 beta^2 var(x), over simulated test sets.
The Adult data are taken from ../shared/data where they are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from alignlab.intervals import critical_value
from alignlab.predictors import Predictor
from alignlab.transparency import affordable, permutation_importance

ADULT = Path(__file__).parents[2] / "shared" / "data" / "adult.csv.gz"
TIMES = 1_000


class Counted:
    """A model that counts what it is asked for and how long it takes."""

    def __init__(self, model: Any) -> None:
        self.model, self.classes_ = model, model.classes_
        self.rows = self.calls = 0
        self.seconds = 0.0

    def fit(self, *_: Any) -> None:
        raise NotImplementedError("scikit-learn asks for the method; nobody may call it.")

    def predict_proba(self, X: Any) -> Any:
        self.rows += len(X)
        self.calls += 1
        start = time.perf_counter()
        answers = self.model.predict_proba(X)
        self.seconds += time.perf_counter() - start
        return answers


def cost(name: str, model: Any, X: pd.DataFrame, y: np.ndarray, repeats: int) -> None:
    def ours(rows: int, times: int) -> Callable[[Counted], Any]:
        return lambda counted: permutation_importance(
            Predictor(counted.predict_proba, "classification", (0, 1)),
            X, y, repeats=times, max_rows=rows,
        )  # fmt: skip

    def theirs(counted: Counted) -> Any:
        return sklearn_importance(
            counted, X, y, scoring=log_loss_scorer, n_repeats=repeats, random_state=0
        )

    runs = {
        f"scikit-learn, {repeats} repeats": theirs,
        f"alignlab, {repeats} repeats": ours(len(X), repeats),
        "alignlab, as the audit does": ours(*affordable(len(X), X.shape[1], evaluations=700_000)),
    }
    for who, run in runs.items():
        counted = Counted(model)
        start = time.perf_counter()
        run(counted)
        wall = time.perf_counter() - start
        print(
            f"| {name} ({len(X):,} × {X.shape[1]}) | {who} | {wall:.2f} s | {counted.rows:,} | "
            f"{counted.calls:,} | {1e6 * counted.seconds / counted.rows:.1f} µs | "
            f"{wall / counted.seconds:.2f} |"
        )


def log_loss_scorer(model: Any, X: Any, y: np.ndarray) -> float:
    chosen = model.predict_proba(X)[np.arange(len(y)), y]
    return float(np.log(np.maximum(chosen, np.finfo(float).eps)).mean())


def adult() -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_csv(ADULT, na_filter=False).drop(columns="split")
    target = (table.pop("income") == ">50K").to_numpy(int)
    return table, target


def costs() -> None:
    print("| model and data | who | wall | rows asked for | calls | model, a row | overhead |")
    print("|---|---|---|---|---|---|---|")
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    y = y.to_numpy()
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    cost("logistic, breast cancer", logistic.fit(X, y), X, y, 5)
    forest = RandomForestClassifier(50, max_depth=6, random_state=0)
    cost("forest, breast cancer", forest.fit(X, y), X, y, 5)
    if not ADULT.exists():
        print(f"| Adult | not there: {ADULT.name} | | | | | |")
        return
    X, y = adult()
    words, numbers = (make_column_selector(**{f"dtype_{how}": "number"})
                      for how in ("exclude", "include"))  # fmt: skip
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)
    )
    model = make_pipeline(encoder, LogisticRegression(max_iter=300)).fit(X[:20_000], y[:20_000])
    cost("logistic pipeline, Adult", model, X, y, 5)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    encoder = make_column_transformer((ordinal, words), remainder="passthrough")
    trees = HistGradientBoostingClassifier(random_state=0)
    cost("boosted trees, Adult", make_pipeline(encoder, trees).fit(X[:20_000], y[:20_000]), X, y, 5)


def coverage(rows: int, repeats: int) -> None:
    beta = np.array([1.0, 0.3, -0.5])
    model = Predictor(lambda X: X.to_numpy(float) @ beta, "regression")
    single = critical_value(0.95)
    joint = critical_value(0.95, comparisons=3)
    inside, by_repeats, together, errors, values = np.zeros(3), np.zeros(3), 0, [], []
    for seed in range(TIMES):
        rng = np.random.default_rng([seed, rows])
        X = rng.normal(size=(rows, 3))
        y = X @ beta + rng.normal(size=rows)
        result = permutation_importance(
            model, pd.DataFrame(X, columns=list("abc")), y, repeats=repeats, seed=seed
        )
        found = [result[name].estimate for name in "abc"]
        value = np.array([each.value for each in found])
        error = np.array([(each.high - each.value) / joint for each in found])
        away = np.abs(value - 2 * beta**2)
        inside += away <= single * error
        together += bool((away <= joint * error).all())
        values.append(value)
        errors.append(error)
        if repeats > 1:
            by_repeats += np.abs(away_of_repeats(X, y, beta, repeats, rng)) <= single
    shares = " / ".join(f"{100 * share:.1f}" for share in inside / TIMES)
    theirs = " / ".join(f"{100 * share:.1f}" for share in by_repeats / TIMES)
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0)
    print(
        f"| {rows:,} | {repeats} | {shares} | {100 * together / TIMES:.1f} | "
        f"{' / '.join(f'{each:.2f}' for each in ratio)} | {theirs if repeats > 1 else '-'} |"
    )


def away_of_repeats(
    X: np.ndarray, y: np.ndarray, beta: np.ndarray, repeats: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the distance from the truth in standard errors taken from the repeats' spread."""
    base = (y - X @ beta) ** 2
    rises = np.empty((repeats, 3))
    for repeat in range(repeats):
        for at in range(3):
            moved = X.copy()
            moved[:, at] = rng.permutation(moved[:, at])
            rises[repeat, at] = ((y - moved @ beta) ** 2 - base).mean()
    return (rises.mean(axis=0) - 2 * beta**2) / (rises.std(axis=0, ddof=1) / np.sqrt(repeats))


def main() -> None:
    costs()
    print(f"\nCoverage in % of {TIMES:,} test sets, nominal 95; beta = 1 / 0.3 / -0.5.\n")
    print("| rows | repeats | each feature | all at once | standard error / true spread | "
          "± 1.96 sd of repeats / √repeats |\n|---|---|---|---|---|---|")  # fmt: skip
    for rows, repeats in ((50, 5), (200, 1), (200, 5), (1_000, 1), (1_000, 5)):
        coverage(rows, repeats)


if __name__ == "__main__":
    main()
