"""What `audit.py` asks of fairlearn and scikit-learn, in the peers' own environment.

    benchmarks/.venv/bin/python benchmarks/peers_audit.py DIRECTORY

Reads DIRECTORY/predictions.csv and DIRECTORY/model.joblib, which `audit.py` wrote; prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.inspection import permutation_importance

REPLICATES = 20


def main(directory: Path) -> None:
    """Time the peers on the rows and the model that were handed over."""
    rows = pd.read_csv(directory / "predictions.csv")
    outcome, decision = ((rows[name] == ">50K").astype(int) for name in ("income", "decision"))
    start = time.perf_counter()
    frame = MetricFrame(
        metrics={"s": selection_rate, "t": true_positive_rate, "f": false_positive_rate},
        y_true=outcome,
        y_pred=decision,
        sensitive_features=rows[["race", "sex"]],
        n_boot=REPLICATES,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    frame.difference_ci()
    bootstrap = time.perf_counter() - start

    model, features, target = joblib.load(directory / "model.joblib")
    sample = np.random.default_rng(0).choice(len(features), 10_000, replace=False)
    features, target = features.iloc[sample], target.iloc[sample]
    start = time.perf_counter()
    permutation_importance(
        model, features, target, scoring="neg_log_loss", n_repeats=5, random_state=0
    )
    importance = time.perf_counter() - start
    print(json.dumps({"bootstrap_per_replicate": bootstrap / REPLICATES, "importance": importance}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
