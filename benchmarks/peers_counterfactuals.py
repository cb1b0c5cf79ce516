"""What `counterfactuals.py` asks of dice-ml, in the peer's own environment.

    PEER/bin/python benchmarks/peers_counterfactuals.py DIRECTORY METHOD

Reads DIRECTORY/data.csv and DIRECTORY/rows.csv, fits the same forest, and prints JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from time import perf_counter

import dice_ml
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

IMMUTABLE = ["afam", "single", "hschool", "unemp"]
NUMBER = 4

warnings.filterwarnings("ignore")


def main(directory: Path, method: str) -> None:
    """Time the peer on the rows that were handed over."""
    data, rows = (pd.read_csv(directory / f"{name}.csv") for name in ("data", "rows"))
    X, y = data.drop(columns="deny"), (data["deny"] == "yes").astype(int)
    text = list(X.select_dtypes(exclude="number"))
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), text), remainder=StandardScaler()),
        RandomForestClassifier(50, max_depth=8, random_state=0),
    ).fit(X, y)
    spent = 0.0
    inner = model.predict_proba

    def timed(rows):
        nonlocal spent
        start = perf_counter()
        answers = inner(rows)
        spent += perf_counter() - start
        return answers

    model.predict_proba = timed
    numbers = [name for name in X if name not in text]
    known = dice_ml.Data(
        dataframe=X.assign(deny=y), continuous_features=numbers, outcome_name="deny"
    )
    explainer = dice_ml.Dice(known, dice_ml.Model(model=model, backend="sklearn"), method=method)
    made = []
    start = perf_counter()
    for at in range(len(rows)):
        row = rows.iloc[[at]]
        try:
            found = explainer.generate_counterfactuals(
                row, total_CFs=NUMBER, desired_class=0,
                features_to_vary=[name for name in X if name not in IMMUTABLE],
                permitted_range={"pirat": [float(X["pirat"].min()), float(row["pirat"].iloc[0])]},
                **({"random_seed": 0} if method == "random" else {}),
            )  # fmt: skip
        except Exception as error:
            print(f"row {at}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        table = found.cf_examples_list[0].final_cfs_df
        if table is not None:
            made += [(at, row) for row in table[list(X)].to_dict("records")]
    wall = perf_counter() - start
    print(json.dumps({"wall": wall, "spent": spent, "made": made}, default=float))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
