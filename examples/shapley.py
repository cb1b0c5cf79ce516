"""Why a network takes a growth for malignant: Shapley values and their standard errors.

python examples/shapley.py
"""

from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.transparency import shapley_values


def main() -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, :20]
    network = MLPClassifier((16,), solver="lbfgs", alpha=1, max_iter=1000, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(X[100:], y[100:])

    # 2^20 coalitions of 20 features, with 50 background rows each, would be 52 million rows.
    found = shapley_values(model, X[:1], X[100:150], scale="log odds", tolerance=0.02)
    print(f"{found.method}: {found.evaluations:,} rows asked, adds up to {found.gap:.0e}")
    print(found.to_frame().head(5).round(2).to_string(index=False))
    sure = (abs(found.values) > 1.96 * found.standard_errors).sum()
    spread = (found.background_errors / found.standard_errors).mean()
    print(f"{sure} of {len(found.features)} signs are sure of the coalitions drawn;")
    print(f"the choice of 50 background rows weighs {spread:.0f} times as much")


if __name__ == "__main__":
    main()
