"""Which feature makes the gap? The same shuffled answers, asked about accuracy and about a gap."""

import numpy as np
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import alignlab
from alignlab.predictors import as_predictor
from alignlab.transparency import Gap, shuffled_answers

table = alignlab.load_example("mortgage")
X, y = table.features.drop(columns=["afam", "single"]), table.outcomes
studied = np.random.default_rng(0).random(len(X)) < 0.5
text = make_column_selector(dtype_exclude="number")
columns = make_column_transformer((OneHotEncoder(), text), remainder=StandardScaler())
model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X[~studied], y[~studied])

asked = shuffled_answers(as_predictor(model), X[studied], y[studied], repeats=10)
loss = asked.importance()
gap = asked.importance(Gap(table.frame["afam"][studied], target="no"))
for found in (loss, gap):
    first = found.features[0]
    print(f"{found.direction} of the {found.metric}, {found.baseline:.3f} as things are:")
    print(f"    most by {first.name}, {first.estimate}")
print(f"The model was asked for {asked.evaluations:,} rows, once for both.")
