"""Two explanations of one network's answers, and which of them is true to it.

    python examples/is_it_true.py

The answers go by the first two of five columns, and the third goes along with the first. Expected
gradients look at the network; correlations with its answers look at the data alone.
"""

import numpy as np
import torch

from alignlab.predictors import as_predictor
from alignlab.transparency import evaluate_explanations, expected_gradients, sanity_check

torch.set_num_threads(1)
rng = np.random.default_rng(0)
rows = rng.normal(size=(400, 5))
rows[:, 2] = 0.9 * rows[:, 0] + 0.44 * rows[:, 2]
answer = np.sin(2 * rows[:, 0]) + rows[:, 1] ** 2

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(5, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
X, y = torch.tensor(rows, dtype=torch.float32), torch.tensor(answer, dtype=torch.float32)
for _ in range(400):
    loss = ((net(X)[:, 0] - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

model = as_predictor(net, task="regression")
background, explained = rows[:50], rows[50:90]
by_data = np.corrcoef(rows.T, model(rows))[-1, :-1]


def gradients(asked):
    return expected_gradients(net, asked, background).values


def correlations(asked):
    return (asked - background.mean(axis=0)) * by_data


quality = evaluate_explanations(
    model,
    explained,
    {"expected gradients": gradients, "correlations": correlations},
    background=background,
)
for score in quality.scores:
    print(quality.sentence(score.name))
for name in ("expected gradients", "correlations"):
    error = quality[name].error
    print(f"{name}: off the exact Shapley values by {error.value:.0%} of their size")


def gradients_of(any_net):
    return lambda asked: expected_gradients(any_net, asked, background).values


print(sanity_check(net, gradients_of, explained).sentence)
print(sanity_check(net, lambda _: correlations, explained).sentence)
