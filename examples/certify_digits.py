"""Settle every digit of a linear model and of a tree, and let noise certify a forest."""

import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from alignlab.predictors import as_predictor
from alignlab.robustness.certificates import certify, smooth
from alignlab.robustness.threats import L2


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X = X / 16
    x, true = torch.from_numpy(X[1000:]), torch.from_numpy(y[1000:])
    for model in (LogisticRegression(max_iter=1000), DecisionTreeClassifier(random_state=0)):
        model.fit(X[:1000], y[:1000])
        found = certify(as_predictor(model), x, true, L2(0.2))
        said = found.to_dict()
        print(
            f"{type(model).__name__}: of {said['rows']} digits {said['holds']} hold within 0.2, "
            f"{said['broken']} are broken, {said['undecided']} are undecided"
        )
    forest = RandomForestClassifier(20, random_state=0).fit(X[:1000], y[:1000])
    smoothed = smooth(forest, X[1000:1060], y[1000:1060], sigma=0.15, estimation=400)
    print(f"the smoothed forest, certified within 0.2: {smoothed.certified_accuracy(0.2)}")


if __name__ == "__main__":
    main()
