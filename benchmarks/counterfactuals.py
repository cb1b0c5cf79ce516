"""How near the search for counterfactuals comes to the proven optimum, and what it costs.

    python benchmarks/counterfactuals.py [--peer PYTHON]

On the mortgage data: a linear model, two trees and a forest, behind the same encoder; all rows that
are denied. With --peer, a Python that has dice-ml and scikit-learn (and not alignlab), the peer
is asked about the same rows of the forest: python -m venv PEER && PEER/bin/pip install dice-ml.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from alignlab.datasets import Constraints, load_example
from alignlab.predictors import as_predictor
from alignlab.transparency.recourse import counterfactuals, recourse_cost

MODELS = {
    "logistic regression": LogisticRegression(class_weight="balanced", max_iter=500),
    "tree, depth 7": DecisionTreeClassifier(max_depth=7, random_state=0),
    "tree, depth 12": DecisionTreeClassifier(max_depth=12, random_state=0),
}
FOREST = RandomForestClassifier(50, max_depth=8, random_state=0)
IMMUTABLE = ["afam", "single", "hschool", "unemp"]
CONSTRAINTS = Constraints(immutable=IMMUTABLE, monotone={"pirat": "decreasing"})
ROWS = 20


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", help="a Python that has dice-ml")
    peer = parser.parse_args().peer
    table = load_example("mortgage")
    X, y = table.features, np.asarray(table.outcomes)
    print(
        "| model | denied | exact s/row | search s/row | rows asked | optimum found | mean cost |"
    )
    for name, model in MODELS.items():
        fitted = pipeline(X, model).fit(X, y)
        found = {}
        for method in ("exact", "search"):
            start = perf_counter()
            result = recourse_cost(
                fitted, X, "afam", favourable="no", constraints=CONSTRAINTS, method=method
            )
            denied = np.isfinite(result.costs)
            found[method] = (perf_counter() - start) / denied.sum(), result, denied
        exact, searched = (found[method][1].costs[found["exact"][2]] for method in found)
        asked = found["search"][1].evaluations / len(exact)
        print(
            f"| {name} | {len(exact)} | {found['exact'][0]:.3f} | {found['search'][0]:.3f} | "
            f"{asked:,.0f} | {np.mean(searched <= exact * 1.0001):.1%} | "
            f"{searched.mean() / exact.mean() - 1:+.2%} |"
        )

    forest = pipeline(X, FOREST).fit(X, y)
    rows = X[forest.predict(X) == "yes"].iloc[:ROWS]
    predictor = Timed(forest)
    start = perf_counter()
    results = [
        counterfactuals(predictor.model, rows.iloc[[at]], data=X, constraints=CONSTRAINTS)
        for at in range(len(rows))
    ]
    wall = perf_counter() - start
    made = [
        (at, each.row.iloc[0].to_dict()) for at, result in enumerate(results) for each in result
    ]
    spreads = results[0].spreads
    print("\n| | s/row | of it in the model | shown | flip | allowed | columns | first's cost |")
    print(summary("alignlab", wall, predictor.spent, made, X, rows, forest, spreads))
    if peer:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            X.assign(deny=y).to_csv(folder / "data.csv", index=False)
            rows.to_csv(folder / "rows.csv", index=False)
            script = Path(__file__).with_name("peers_counterfactuals.py")
            for method in ("random", "genetic", "kdtree"):
                told = subprocess.run(
                    [peer, str(script), str(folder), method], capture_output=True, text=True
                )
                if told.returncode:
                    print(f"| dice-ml, {method} | failed: {told.stderr.strip()[-100:]} |")
                    continue
                answer = json.loads(told.stdout.splitlines()[-1])
                print(
                    summary(
                        f"dice-ml, {method}", answer["wall"], answer["spent"], answer["made"],
                        X, rows, forest, spreads,
                    )
                )  # fmt: skip


class Timed:
    """A model that says how long it was asked."""

    def __init__(self, fitted):
        self.spent, self.model = 0.0, as_predictor(fitted)
        answer = self.model.answer

        def timed(rows):
            start = perf_counter()
            told = answer(rows)
            self.spent += perf_counter() - start
            return told

        self.model.answer = timed


def pipeline(X, model):
    """Return a model behind an encoder of text and a scaler of numbers."""
    text = list(X.select_dtypes(exclude="number"))
    return make_pipeline(
        make_column_transformer((OneHotEncoder(), text), remainder=StandardScaler()), model
    )


def summary(name, wall, spent, made, X, rows, model, spreads) -> str:
    """Return one line of the table: what was shown, judged by the same model and the same costs."""
    shown = pd.DataFrame([row for _, row in made])[list(X.columns)].astype(X.dtypes)
    origin = rows.iloc[[at for at, _ in made]].reset_index(drop=True)
    flips = model.predict(shown) == "no"
    broken = Constraints.observed(X, immutable=IMMUTABLE, monotone=dict(CONSTRAINTS.monotone))
    allowed = ~np.isin(np.arange(len(shown)), broken.violations(shown, origin)["row"])
    cost, columns = np.zeros(len(shown)), np.zeros(len(shown))
    for column in X:
        changed = (shown[column] != origin[column]).to_numpy()
        columns += changed
        move = (
            (shown[column] - origin[column]).abs().to_numpy() / spreads[column]
            if column in spreads
            else changed.astype(float)
        )
        cost += changed + move
    first = pd.Series(cost).groupby([at for at, _ in made]).min().median()
    return (
        f"| {name} | {wall / len(rows):.2f} | {spent / wall:.0%} | {len(shown) / len(rows):.1f} | "
        f"{flips.mean():.0%} | {allowed.mean():.0%} | {columns.mean():.1f} | {first:.2f} |"
    )


if __name__ == "__main__":
    main()
