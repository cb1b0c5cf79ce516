"""Permutation importance beside scikit-learn's: cost over raw evaluations, and true coverage.

    python benchmarks/importance.py              # about two minutes; prints Markdown tables
    python benchmarks/importance.py --measures   # coverage for other measures, conditional form,
                                                 # false alarms of proxies; ten minutes

Cost: the same model, rows, repeats and log loss; "overhead" is wall time over the time spent inside
the model, and a small batch shows in the model's time a row. Coverage: how often an interval
holds the true importance of a linear model's feature, 2 beta^2 var(x), over simulated test sets.
`--measures` does the same for the AUC, an expected utility, gaps and shares, whose truth is taken
from many rows, and counts how often honest data show a proxy.
The Adult data are taken from ../shared/data where they are there.
"""

from __future__ import annotations

import sys
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
from alignlab.transparency.importance import Gap, PermutationImportance, shuffled_answers
from alignlab.transparency.importance.metrics import skill_of
from alignlab.transparency.proxies import find_proxies

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


def logistic(rows: pd.DataFrame) -> np.ndarray:
    score = rows["a"] - 0.7 * rows["b"] + 0.5 * (rows["few"] - 1)
    return 1 / (1 + np.exp(-score.to_numpy(float)))


CLASSIFIER = Predictor(logistic, "classification", (0, 1))


def measured(form: str, rows: int, repeats: int, seed: int) -> dict[str, PermutationImportance]:
    """Return the importances by several measures of one drawn test set."""
    rng = np.random.default_rng([rows, seed])
    group = rng.integers(0, 2, rows)
    X = pd.DataFrame(rng.normal(size=(rows, 2)), columns=["a", "b"])
    X["a"] += 0.8 * group
    X["b"] += 0.4 * X["a"]
    X["few"] = rng.integers(0, 3, rows)
    y = (rng.random(rows) < logistic(X)).astype(int)
    asked = shuffled_answers(CLASSIFIER, X, y, form=form, repeats=repeats, max_rows=rows, seed=seed)
    metrics = {
        "log loss": None,
        "AUC": "auc",
        "separation": skill_of(CLASSIFIER),
        "expected utility": [[1.0, -3.0], [0.0, 0.5]],
        "gap in answers": Gap(group, between=(1, 0)),
        "gap in decisions": Gap(group, of="decision", between=(1, 0)),
        "gap in true positive rates": Gap(group, of="decision", among=1, between=(1, 0)),
    }
    return {name: asked.importance(each, comparisons=1) for name, each in metrics.items()}


def measures(form: str, rows: int, repeats: int, times: int = 400) -> None:
    truths = [measured(form, 200_000, 1, 10_000 + seed) for seed in range(2)]
    runs = [measured(form, rows, repeats, seed) for seed in range(times)]
    for metric in runs[0]:
        cells, ratios, shares = [], [], []
        for name in ("a", "b", "few"):
            truth = np.mean([run[metric][name].estimate.value for run in truths])
            made = [run[metric][name].estimate for run in runs]
            cells.append(f"{100 * np.mean([e.low <= truth <= e.high for e in made]):.1f}")
            error = np.mean([(e.high - e.low) / 2 for e in made]) / critical_value(0.95)
            ratios.append(f"{error / np.std([e.value for e in made]):.2f}")
            known = [run[metric][name].share for run in truths]
            if any(each is None for each in known):
                continue
            share = np.mean([each.value for each in known if each])
            said = [e for run in runs if (e := run[metric][name].share) is not None]
            covered = np.mean([e.low <= share <= e.high for e in said]) if said else np.nan
            shares.append(f"{100 * covered:.1f} ({100 * len(said) / times:.0f})")
        print(
            f"| {form} | {rows:,} | {repeats} | {metric} | {' / '.join(cells)} | "
            f"{' / '.join(ratios)} | {' / '.join(shares) or '-'} |"
        )


def false_alarms(rows: int, times: int = 500) -> None:
    """Count how often a proxy is shown where no feature has anything to do with the groups."""
    told = alarms = 0
    for seed in range(times):
        rng = np.random.default_rng([seed, rows])
        X = pd.DataFrame(rng.normal(size=(rows, 6)), columns=list("abcdef"))
        for levels in (2, 5, 9, 30):
            X[f"g{levels}"] = rng.integers(0, levels, rows)
        group = rng.choice(["u", "v", "w"], rows, p=[0.5, 0.3, 0.2])
        found = find_proxies(
            lambda rows: rows.to_numpy(float).sum(axis=1), X, group, task="regression", repeats=1,
            seed=seed,
        )  # fmt: skip
        told += any(each.gives_away for each in found.features)
        alarms += bool(found.proxies)
    print(f"| {rows:,} | {times} | {100 * told / times:.1f} % | {100 * alarms / times:.1f} % |")


def other_measures() -> None:
    print(
        "| form | rows | repeats | measure | coverage in %, a / b / few | "
        "standard error / true spread | coverage of the share (made in %) |"
    )
    print("|---|---|---|---|---|---|---|")
    for form, rows, repeats in (
        ("marginal", 200, 1), ("marginal", 200, 5), ("marginal", 1_000, 3),
        ("conditional", 400, 1), ("conditional", 1_000, 3),
    ):  # fmt: skip
        measures(form, rows, repeats)
    print("\n| rows | test sets | some feature tells the group | some proxy is shown |\n"
          "|---|---|---|---|")  # fmt: skip
    for rows in (200, 1_000):
        false_alarms(rows)


def main() -> None:
    if "--measures" in sys.argv[1:]:
        other_measures()
        return
    costs()
    print(f"\nCoverage in % of {TIMES:,} test sets, nominal 95; beta = 1 / 0.3 / -0.5.\n")
    print("| rows | repeats | each feature | all at once | standard error / true spread | "
          "± 1.96 sd of repeats / √repeats |\n|---|---|---|---|---|---|")  # fmt: skip
    for rows, repeats in ((50, 5), (200, 1), (200, 5), (1_000, 1), (1_000, 5)):
        coverage(rows, repeats)


if __name__ == "__main__":
    main()
