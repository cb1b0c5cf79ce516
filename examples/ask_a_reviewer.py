"""Learn which cases a person should decide, from what model and person did with past ones.

python examples/ask_a_reviewer.py

The person is simulated: good with one half of the tumours, whose outlines are smooth, and no better
than the model with the others.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from alignlab.uncertainty import fit_deferral

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
columns = ["mean texture", "mean symmetry"]
model = LogisticRegression(max_iter=1000).fit(X[columns][::3], y[::3])

past = np.arange(len(y)) % 3 != 0
rng = np.random.default_rng(0)
smooth = X["mean concavity"] < X["mean concavity"].median()
person = np.where(rng.random(len(y)) < np.where(smooth, 0.97, 0.7), y, 1 - y)

result = fit_deferral(
    model,
    X[past],
    y[past],
    person[past],
    budget=0.3,
    features=["mean texture", "mean symmetry", "mean concavity"],
)
print(result.headline)
print(result.to_frame().iloc[:, :4].round(3).to_string(index=False))

today = result.policy(X[past].head(20), capacity=3)
print("ask about the cases", today.queue.tolist())
