"""No breed left behind: a classifier of cats and dogs that serves every breed of them alike.

python examples/pets.py

Trains a small network on drawn pets twice, without and with the term member_parity, audits both by
breed, and says what changed, with intervals. A sheet of the pets goes to alignlab-report/pets.png
where Pillow is installed.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

import alignlab
from alignlab.audit import AuditResult, compare
from alignlab.datasets import ImageData, drawn_pets
from alignlab.training import CrossEntropy, MemberParity, Term, fit


def trained(pets: ImageData, *terms: Term) -> nn.Module:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 16, 2),
    )  # fmt: skip
    fit(
        module, pets, [CrossEntropy(), *terms], validation=None, epochs=10, batch_rows=64,
        schedule="cosine",
    )  # fmt: skip
    return module


def audited(module: nn.Module, pets: ImageData) -> AuditResult:
    """Compare breeds of one species: across species nothing is to be equal."""
    return alignlab.audit(
        module,
        pets,
        classes=pets.classes,
        favourable="dog",
        groups="breed",
        control="species",
        checks=["performance.accuracy", "fairness.accuracy"],
    )


def contact_sheet(pets: ImageData, file: Path, columns: int = 16, lines: int = 6) -> None:
    from PIL import Image

    side = pets.images.shape[2]
    tiles = pets.images[: columns * lines].reshape(lines, columns, 3, side, side)
    sheet = tiles.transpose(0, 3, 1, 4, 2).reshape(lines * side, columns * side, 3)
    file.parent.mkdir(exist_ok=True)
    Image.fromarray((sheet * 255).round().astype(np.uint8)).save(file)


def main() -> None:
    pets, exam = drawn_pets(3000, seed=1), drawn_pets(4000, seed=2)
    if find_spec("PIL"):
        contact_sheet(drawn_pets(96, seed=2, size=64), Path("alignlab-report", "pets.png"))

    results = [
        audited(trained(pets, *terms), exam)
        for terms in ([], [MemberParity(column="breed", weight=5)])
    ]
    for name, result in zip(("Before", "After"), results, strict=True):
        print(f"{name}:", *(f"  {finding.summary}" for finding in result.findings), sep="\n")
    print("\nChange on the same pets, in pairs:")
    changes = {each.estimate: each for each in compare(*results).changes}
    for name, change in changes.items():
        print(f"  {name:52} {change.before:.3f} -> {change.after:.3f}  {change.difference}")

    gap, accuracy = changes["gap"], changes["accuracy"]
    if gap.after <= gap.before / 2 and accuracy.after >= accuracy.before - 0.01:
        print("\nThe worst gap fell by at least half, for at most one point of accuracy.")


if __name__ == "__main__":
    main()
