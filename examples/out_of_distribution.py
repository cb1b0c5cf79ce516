"""Find digits that a network has never seen, and a column that drifted, at a stated alarm rate.

python examples/out_of_distribution.py
"""

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits

from alignlab.uncertainty import auroc, detect_drift, detect_outliers

X, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(X))  # the file is in the order of its writers
X, y = (X[order] / 16).astype(np.float32), y[order]
known = y < 8  # the network never sees an 8 or a 9
x, labels, strange = X[known], y[known], X[~known]
train, reference, usual = x[:700], x[700:1100], x[1100:]

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 8))
optimizer = torch.optim.Adam(net.parameters(), 0.01)
for _ in range(200):
    optimizer.zero_grad()
    answers = net(torch.tensor(train))
    torch.nn.functional.cross_entropy(answers, torch.tensor(labels[:700])).backward()
    optimizer.step()
net.eval()

rows = np.concatenate([usual, strange])
n = len(usual)
for score in ("max_probability", "energy", "mahalanobis", "neighbours"):
    found = detect_outliers(
        net, reference, rows, score=score, labels=labels[700:1100], training=train
    )
    alarms, caught = found.flagged[:n].mean(), found.flagged[n:].mean()
    area = auroc(found.scores[:n], found.scores[n:])
    print(f"{score}: flags {alarms:.0%} of known digits, {caught:.0%} of 8 and 9; AUROC {area}")

rng = np.random.default_rng(0)
before = pd.DataFrame({"age": rng.normal(40, 12, 3000), "home": rng.choice(["own", "rent"], 3000)})
after = pd.DataFrame({"age": rng.normal(45, 12, 900), "home": rng.choice(["own", "rent"], 900)})
print(detect_drift(before, after).headline)
