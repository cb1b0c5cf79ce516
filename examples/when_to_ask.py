"""Let a digit classifier decide where at most 5 in 100 decisions are wrong, and ask elsewhere."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from alignlab.uncertainty import choose_threshold, confidence_score, risk_coverage


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X = X + np.random.default_rng(0).normal(0, 5, X.shape)  # a poor camera
    model = LogisticRegression(C=0.01, max_iter=1000).fit(X[:600], y[:600])
    kept, new = slice(600, 1200), slice(1200, None)
    sure = confidence_score(model.predict_proba(X[kept]))
    wrong = model.predict(X[kept]) != y[kept]
    seen = risk_coverage(sure, wrong)
    print(f"wrong: {seen.full_risk:.1%} of all, {seen.risk_at(0.5):.1%} of the surest half")
    found = choose_threshold(sure, wrong, max_risk=0.05)
    print(found.summary)
    decide = found.accepts(confidence_score(model.predict_proba(X[new])))
    late = model.predict(X[new]) != y[new]
    print(
        f"on {len(decide)} new digits it decides {decide.sum()}, of which {late[decide].sum()} "
        f"wrongly, and asks about {(~decide).sum()}"
    )


if __name__ == "__main__":
    main()
