"""Sets of answers that keep their promise for every group, around a model as it is.

python examples/sets_for_every_group.py
"""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.datasets import load_example
from alignlab.uncertainty import ConformalClassifier

people = load_example("mortgage").frame
X = pd.get_dummies(people.drop(columns=["deny", "afam"])).astype(float)
race = people["afam"].map({"yes": "Black", "no": "white"})
train, calibration, test = np.split(np.random.default_rng(2).permutation(len(X)), [800, 1600])

model = make_pipeline(StandardScaler(), LogisticRegression())
model.fit(X.iloc[train], people["deny"].iloc[train])

for by in (None, "group"):
    ready = ConformalClassifier(model, by=by).calibrate(
        X.iloc[calibration],
        people["deny"].iloc[calibration],
        groups=race.iloc[calibration] if by else None,
        training=X.iloc[train],
    )
    report = ready.check(X.iloc[test], people["deny"].iloc[test], groups=race.iloc[test])
    print("by group:" if by else "on average:", report)
