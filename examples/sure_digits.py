"""Find the digits that a network is unsure of, and say whether it is the digit or the network."""

import torch
from torch import nn

from alignlab.datasets import load_images
from alignlab.uncertainty import mc_dropout

train, held_out = load_images("digits").split(0.4, seed=0)
x, y = torch.from_numpy(train.images).double(), torch.from_numpy(train.labels)

torch.manual_seed(0)
net = nn.Sequential(
    *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)),
).double()
optimizer = torch.optim.Adam(net.parameters(), 3e-3)
for _epoch in range(10):
    for rows in torch.randperm(len(x)).split(100):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
        optimizer.step()

drawn = mc_dropout(net, held_out.images.astype(float), passes=100, classes=range(10))
wrong = drawn.decisions != held_out.labels
unsure = drawn.entropy.argsort()[-len(drawn) // 10 :]
print(drawn.kind)
print(f"{wrong[unsure].sum()} of {wrong.sum()} errors are in the tenth that it is least sure of")

frame = drawn.to_frame().loc[unsure[::-1][:5]]
print(frame[["prediction", "probability", "expected_entropy", "mutual_information"]].round(2))
