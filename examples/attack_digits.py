"""How often a digit classifier is right as it is, under attack, and by proof."""

import torch

from alignlab.datasets import load_images
from alignlab.robustness import Linf, evaluate_robustness

train, held_out = load_images("digits").split(0.2, seed=0)
x, y = torch.from_numpy(train.images), torch.from_numpy(train.labels)

torch.manual_seed(0)
net = torch.nn.Sequential(
    torch.nn.Flatten(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
)
optimizer = torch.optim.Adam(net.parameters(), 1e-2)
for _ in range(60):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(net(x), y).backward()
    optimizer.step()

result = evaluate_robustness(net.eval(), held_out.images, held_out.labels, Linf(0.05))
print(result.headline)
print(result.runs()[["name", "asked", "broke", "forward_rows"]].to_string(index=False))
