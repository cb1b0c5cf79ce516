"""Does training with parity terms reach the same gap with any batch size, and at what price?

    python benchmarks/fairness.py [DATA]           # everything; half an hour
    python benchmarks/fairness.py [DATA] --quick   # fewer weights and seeds; minutes
    python benchmarks/fairness.py --only pets      # one of: batches, front, pets

DATA is a directory that holds adult.csv.gz (UCI Adult with a column `split`); it is the variable
ALIGNLAB_DATA, or ../shared/data, unless given. Beside ours: penalties as they are often written,
and fairlearn's exponentiated gradient. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from alignlab.datasets import drawn_pets, load_example
from alignlab.datasets.pets import BREEDS
from alignlab.training import (
    Batch,
    CrossEntropy,
    GroupParity,
    MemberParity,
    Term,
    TrainingData,
    as_training_data,
    fit,
)
from alignlab.training.data import rows_of

HERE = Path(__file__).parent
EPOCHS = {8: 3, 32: 6, 128: 12, 256: 16, 1024: 30}
"""By batch size: larger batches make fewer steps an epoch, and need more of them."""

RATE = 2e-3
"""Adam's learning rate at batches of 8; it grows with the root of the batch size."""


@dataclass(eq=False, kw_only=True)
class Written(Term):
    """A penalty as it is often written, for comparison."""

    kind: str
    name: ClassVar[str] = "written"

    def value(self, batch: Batch) -> torch.Tensor:
        group = batch.columns["sex"]
        z = batch.logits[:, 1] - batch.logits[:, 0] if self.kind == "logits" else (
            batch.probabilities[:, 1]
        )  # fmt: skip
        if not 0 < int(group.sum()) < len(group):
            return z.sum() * 0
        means = torch.stack([z[group == 0].mean(), z[group == 1].mean()])
        if self.kind == "rows":
            return (z - means.mean()).abs().mean()
        return (means[1] - means[0]) ** 2


@dataclass(eq=False, kw_only=True)
class EvenBreeds(Term):
    """The cross-entropy with weights that let all breeds count alike."""

    name: ClassVar[str] = "even_breeds"

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        counts = torch.bincount(data.columns["breed"])
        self.row_weights = len(data) / (len(counts) * counts)

    def value(self, batch: Batch) -> torch.Tensor:
        each = torch.nn.functional.cross_entropy(batch.logits, batch.y, reduction="none")
        return (each * self.row_weights[batch.columns["breed"]]).mean()


@dataclass(frozen=True)
class Outcome:
    accuracy: float
    decisions: float
    probabilities: float
    spread: float
    seconds: float


def adult(path: Path) -> tuple[TrainingData, TrainingData]:
    """Return the training and the test rows, encoded as numbers."""
    table = load_example("adult", path)
    frame = table.frame
    train = (frame["split"] == "train").to_numpy()
    features = frame.drop(columns=["income", *table.not_features])
    numbers = features.select_dtypes("number").columns
    features[numbers] = (features[numbers] - features.loc[train, numbers].mean()) / (
        features.loc[train, numbers].std()
    )
    x = pd.get_dummies(features, dtype=float).to_numpy(np.float32)
    y = (frame["income"] == ">50K").to_numpy(np.int64)
    both = as_training_data((x, y), columns={"sex": frame["sex"]}, classes=["<=50K", ">50K"])
    return rows_of(both, np.flatnonzero(train)), rows_of(both, np.flatnonzero(~train))


def linear(
    data: tuple[TrainingData, TrainingData], terms: Sequence[Term], batch_rows: int, seed: int = 0
) -> Outcome:
    """Train a logistic regression, and judge it on the test rows."""
    train, test = data
    module = torch.nn.Linear(train.x.shape[1], 1)
    for parameter in module.parameters():
        torch.nn.init.zeros_(parameter)
    start = process_time()
    fit(
        module, train, [CrossEntropy(), *terms], validation=None, epochs=EPOCHS[batch_rows],
        batch_rows=batch_rows, learning_rate=RATE * (batch_rows / 8) ** 0.5, schedule="cosine",
        seed=seed, progress=quiet,
    )  # fmt: skip
    seconds = process_time() - start
    with torch.no_grad():
        p = module(test.x)[:, 0].sigmoid().double()
    decided = (p > 0.5).double()
    return Outcome(
        float((decided == test.y).double().mean()), gap(decided, test), gap(p, test),
        float(p.std()), seconds,
    )  # fmt: skip


def gap(values: torch.Tensor, data: TrainingData) -> float:
    sex = data.columns["sex"]
    return abs(float(values[sex == 1].mean() - values[sex == 0].mean()))


def quiet(*_: object) -> None:
    """Say nothing of the progress."""


def batches(path: Path, quick: bool) -> None:
    """Print what each way of writing the penalty reaches at each batch size."""
    data = adult(path)
    sizes = [8, 32, 1024] if quick else [8, 32, 128, 1024]
    ways = {
        "ours, weight 1": lambda: parity(1),
        "ours, weight 3": lambda: parity(3),
        "ours, weight 10": lambda: parity(10),
        "ours without memory, weight 10": lambda: parity(10, memory=0),
        "gap of the batch's means, weight 10": lambda: Written(kind="means", weight=10),
        "the same on logits, weight 0.1": lambda: Written(kind="logits", weight=0.1),
        "each row to the mean, weight 1": lambda: Written(kind="rows", weight=1),
    }
    print("\n### Adult, demographic parity by sex, the same for batches of any size?\n")
    print("| penalty | batch | accuracy | gap of decisions | gap of p | spread of p | CPU s |")
    print("|---|---|---|---|---|---|---|")
    furthest = {}
    for name, make in {"none": lambda: None, **ways}.items():
        reached = []
        for size in sizes:
            term = make()
            got = linear(data, [] if term is None else [term], size)
            reached.append(got)
            print(
                f"| {name} | {size} | {got.accuracy:.4f} | {got.decisions:.4f} | "
                f"{got.probabilities:.4f} | {got.spread:.3f} | {got.seconds:.1f} |",
                flush=True,
            )
        furthest[name] = [
            max(values) - min(values)
            for values in zip(*((r.accuracy, r.decisions, r.probabilities) for r in reached))  # noqa: B905
        ]
    print(f"\nLargest less smallest over batches of {sizes[0]} to {sizes[-1]} rows:\n")
    print("| penalty | accuracy | gap of decisions | gap of p |\n|---|---|---|---|")
    for name, apart in furthest.items():
        print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in apart) + " |")


def parity(weight: float, memory: int = 1000) -> Term:
    return GroupParity(column="sex", favourable=">50K", weight=weight, memory=memory)


def front(path: Path, quick: bool) -> None:
    """Print accuracy and gap of ours and of fairlearn's reductions, same model, same rows."""
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    data = train, test = adult(path)
    weights = [1, 3, 10, 30] if quick else [0.3, 1, 2, 3, 5, 10, 20, 30, 60]
    bounds = [0.01, 0.05] if quick else [0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15]
    ours = [("none", linear(data, [], 256))]
    ours += [(f"weight {weight}", linear(data, [parity(weight)], 256)) for weight in weights]
    theirs = []
    for bound in bounds:
        start = process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = ExponentiatedGradient(
                LogisticRegression(max_iter=1000), DemographicParity(difference_bound=bound)
            )
            made.fit(
                train.x.numpy(), train.y.numpy(), sensitive_features=train.columns["sex"].numpy()
            )
        # It draws one of its models for each row: what follows is the mean over its draws.
        p = torch.tensor(made._pmf_predict(test.x.numpy())[:, 1])
        accuracy = float(torch.where(test.y == 1, p, 1 - p).mean())
        spent = process_time() - start
        theirs.append((f"bound {bound}", Outcome(accuracy, gap(p, test), np.nan, np.nan, spent)))
    print(
        "\n### Adult, accuracy and gap of decisions: ours and fairlearn's exponentiated gradient\n"
    )
    print("| who | setting | accuracy | gap of decisions | CPU s |\n|---|---|---|---|---|")
    for who, rows in (("alignlab", ours), ("fairlearn", theirs)):
        for setting, got in rows:
            print(
                f"| {who} | {setting} | {got.accuracy:.4f} | {got.decisions:.4f} | "
                f"{got.seconds:.1f} |"
            )
    print("\nAt fairlearn's accuracies, ours between its settings, and within half a point:\n")
    print("| accuracy | gap, fairlearn | ours, same accuracy | ours, at most 0.5 points less |")
    print("|---|---|---|---|")
    order = sorted((got.accuracy, got.decisions) for _, got in ours)
    for _, got in sorted(theirs, key=lambda each: each[1].accuracy):
        at = np.interp(got.accuracy, *zip(*order, strict=True))
        near = np.interp(max(got.accuracy - 0.005, order[0][0]), *zip(*order, strict=True))
        low = " (beyond ours)" if got.accuracy < order[0][0] else ""
        print(f"| {got.accuracy:.4f} | {got.decisions:.4f} | {at:.4f}{low} | {near:.4f} |")


def cnn(seed: int) -> torch.nn.Module:
    """Return a small network for images of 32 × 32 pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, 16, 5, stride=2, padding=2), torch.nn.ReLU(),
            torch.nn.Conv2d(16, 32, 3, stride=2, padding=1), torch.nn.ReLU(),
            torch.nn.Conv2d(32, 32, 3, stride=2, padding=1), torch.nn.ReLU(),
            torch.nn.Flatten(), torch.nn.Linear(32 * 16, 2),
        )  # fmt: skip


def pets(quick: bool, rows: int = 3000, epochs: int = 12) -> None:
    """Print, over seeds, accuracy and the worst gap between breeds of a species."""
    exam = drawn_pets(1500 if quick else 6000, seed=10_000, shares=dict.fromkeys(BREEDS, 1))
    x, breed = torch.tensor(exam.images), exam.columns["breed"].to_numpy()

    def judged(module: torch.nn.Module) -> tuple[float, float, float]:
        with torch.no_grad():
            right = module(x).argmax(1).numpy() == exam.labels
        by = {name: right[breed == name].mean() for name in BREEDS}
        gaps = [
            np.ptp([by[name] for name in BREEDS if BREEDS[name].species == species])
            for species in exam.classes
        ]
        # All breeds have as many rows in the exam; they count by their shares.
        accuracy = sum(by[name] * BREEDS[name].share for name in BREEDS)
        return float(accuracy), float(max(gaps)), float(min(by.values()))

    ways = {
        "none": lambda: [CrossEntropy()],
        "member parity, weight 5": lambda: [CrossEntropy(), MemberParity(column="breed", weight=5)],
        "member parity, weight 10": lambda: [
            CrossEntropy(),
            MemberParity(column="breed", weight=10),
        ],
        "breeds weighted alike": lambda: [EvenBreeds()],
    }
    print("\n### Drawn pets: accuracy and the worst gap between breeds of one species\n")
    print("| seed | objective | accuracy | worst gap | worst breed | CPU s |")
    print("|---|---|---|---|---|---|")
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for seed in range(2 if quick else 8):
        data = drawn_pets(rows, seed=seed)
        for name, make in ways.items():
            module, start = cnn(seed), process_time()
            fit(
                module, data, make(), validation=None, epochs=epochs, batch_rows=64,
                learning_rate=2e-3, schedule="cosine", seed=seed, progress=quiet,
            )  # fmt: skip
            spent = process_time() - start
            found[name].append(judged(module))
            accuracy, worst, least = found[name][-1]
            print(
                f"| {seed} | {name} | {accuracy:.4f} | {worst:.3f} | {least:.3f} | {spent:.1f} |",
                flush=True,
            )
    print("\nOver the seeds, each beside the same seed without:\n")
    print("| objective | accuracy | change | worst gap | share of the gap left |")
    print("|---|---|---|---|---|")
    before = np.array(found["none"])
    for name, values in found.items():
        after = np.array(values)
        left = after[:, 1] / before[:, 1]
        change = after[:, 0] - before[:, 0]
        print(
            f"| {name} | {after[:, 0].mean():.4f} | {change.mean():+.4f} (least "
            f"{change.min():+.4f}) | {after[:, 1].mean():.3f} | {left.mean():.2f} (most "
            f"{left.max():.2f}) |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("ALIGNLAB_DATA", ""))
    parser.add_argument("--quick", action="store_true", help="fewer weights and seeds")
    parser.add_argument("--only", choices=["batches", "front", "pets"])
    asked = parser.parse_args()
    data = Path(asked.data)
    data = data if (data / "adult.csv.gz").exists() else HERE.parents[1] / "shared" / "data"
    if asked.only != "pets" and not (data / "adult.csv.gz").exists():
        sys.exit(f"There is no adult.csv.gz in {data}. Name its directory.")
    torch.set_num_threads(1)
    if asked.only in (None, "batches"):
        batches(data, asked.quick)
    if asked.only in (None, "front"):
        front(data, asked.quick)
    if asked.only in (None, "pets"):
        pets(asked.quick)


if __name__ == "__main__":
    main()
