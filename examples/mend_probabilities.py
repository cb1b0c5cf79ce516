"""Mend the probabilities of a classifier that is too sure, and change none of its decisions."""

import numpy as np
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

from alignlab.uncertainty import recalibrate

# Naive Bayes counts what redundant columns say several times over.
X, y = make_classification(6_000, 20, n_informative=4, n_redundant=12, random_state=0)
model = GaussianNB().fit(X[:3_000], y[:3_000])

result = recalibrate(model, X[3_000:], y[3_000:], training=X[:3_000])
print(result.headline)
print(result.decisions)
print(result.to_frame().round(3).to_string(index=False))
print(result.candidates_table().to_frame().round(4).to_string(index=False))

better = result.model
assert (better.predict(X) == model.predict(X)).all()
print("said of the first rows, before:", model.predict_proba(X[:3])[:, 1].round(3))
print("said of the first rows, after: ", np.round(better.predict_proba(X[:3])[:, 1], 3))
