"""Step 8: the shipped challenge, and a leaderboard whose rows anybody can reproduce.

The task is fixed and known by its SHA-256: 599 digits, no pixel moved by more than 0.1, a clean
accuracy of at least 90 %. What counts is the share of digits that no attack broke
[croce2020reliable]: at most that share is truly robust. A row names the SHA-256 of the task, of the
model's files and of the row itself; who has the model computes the same row again.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import AlignlabError
from alignlab.files import sha256_of_file, write_whole
from alignlab.lessons.form import Exercise, Files, Held
from alignlab.lessons.working import run, unanswered
from alignlab.plain import canonical

if TYPE_CHECKING:
    from alignlab.datasets import ImageSplit

__all__ = ["EXERCISE", "score", "scored", "task_digest", "verified_row"]

FORMAT = "alignlab leaderboard 1"
FLOOR, RADIUS = 0.9, 0.1
TASK = {
    "data": "digits, a third held out with seed 0",
    "threat": f"linf:{RADIUS:g}",
    "attacks": "efficient",
    "accuracy at least": FLOOR,
}
MODEL = "trained/model"
BOARD = "leaderboard.jsonl"
SECONDS = 300.0
PLAIN = 0.531
"""Left of a network that was trained on the task alone (`examples/train_digits.py`)."""

CLEAN = "clean accuracy of at least 90%"
APART = "no digit of the challenge was trained on"
REPRODUCED = "an independent run gives the same row"
WRITTEN = "the leaderboard's row is the one computed"

STARTER = f"""\
# Step 8: train a network that keeps its answers when pixels move. Run: alignlab train train.toml

data = "known.npz"                 # the digits that you may use; the others are the challenge
out = "trained"
model = "mlp"
hidden = [64]
epochs = 20
learning-rate = 0.003
measure = "accuracy"               # blank 1: by what should the best epoch be chosen?
seed = 0
baseline = false

# Blank 2: the task alone leaves about {PLAIN:.0%} standing. Replace this term by one that trains
# against the threat; alignlab train --init FILE shows its form.
[objective.cross_entropy]
"""


def _starter() -> Files:
    stream = io.BytesIO()
    known = _digits().train
    np.savez_compressed(
        stream,
        images=np.round(known.images * 16).astype(np.float32) / 16,
        labels=known.labels,
        classes=np.array(known.classes, dtype=str),
    )
    return {"train.toml": STARTER, "known.npz": stream.getvalue()}


def _digits() -> ImageSplit:
    from alignlab.datasets import load_images

    return load_images("digits").split(1 / 3, seed=0)


def task_digest() -> str:
    """Return the SHA-256 of the challenge: its digits, its threat, its attacks, its floor."""
    held = _digits().held_out
    digest = hashlib.sha256(canonical(TASK).encode())
    digest.update(np.ascontiguousarray(held.images, dtype="<f4").tobytes())
    digest.update(np.ascontiguousarray(held.labels, dtype="<i8").tobytes())
    return digest.hexdigest()


def score(model: Path) -> dict[str, Any]:
    """Return the leaderboard's row of a model.

    Parameters
    ----------
    model
        A folder that `alignlab train` wrote; opening it runs no code.

    Returns
    -------
    dict
        Plain values: the SHA-256 of task and model, accuracy and robust accuracy with their
        intervals, and the SHA-256 of all that.
    """
    from alignlab.predictors import load_model
    from alignlab.robustness import Linf, evaluate_robustness

    held = _digits().held_out
    predictor = load_model(model)
    found = evaluate_robustness(predictor, held.images, held.labels, Linf(RADIUS))
    row = {
        "format": FORMAT,
        "task": task_digest(),
        "model": _model_digest(model),
        "rows": len(held),
        "accuracy": found.accuracy.to_dict(),
        "robust_accuracy": found.robust_accuracy.to_dict(),
        "warnings": [each.summary for each in found.warnings],
    }
    return {**row, "row": _row_digest(row)}


def scored(folder: Path, _: Any) -> dict[str, Any]:
    """Return the row of the model in a learner's folder, or why there is none: a probe."""
    try:
        return {"row": score(folder / MODEL), "shared": _trained_on(folder / MODEL)}
    except AlignlabError as error:
        return {"error": " ".join(str(error).split())}


def verified_row(row: dict[str, Any]) -> bool:
    """Whether a row's SHA-256 is that of its contents.

    >>> verified_row({"format": "alignlab leaderboard 1", "row": "00"})
    False
    """
    return row.get("row") == _row_digest({name: row[name] for name in row if name != "row"})


def _row_digest(row: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(row).encode()).hexdigest()


def _model_digest(model: Path) -> str:
    digests = {
        each.name: sha256_of_file(each) for each in sorted(model.iterdir()) if each.is_file()
    }
    return hashlib.sha256(canonical(digests).encode()).hexdigest()


def _trained_on(model: Path) -> int:
    """Return how many digits of the challenge the model has learned from, by their hashes."""
    from alignlab.datasets import row_hashes
    from alignlab.predictors.model_folder import TRAINING_ROWS

    held = _digits().held_out
    learned = np.load(model / TRAINING_ROWS, allow_pickle=False)
    return int(np.isin(row_hashes(held.images), learned).sum())


def _check(folder: Path) -> tuple[Held, ...]:
    if not (folder / MODEL).is_dir():
        advice = "Fill the blanks in train.toml, and run: alignlab train train.toml"
        return (Held(CLEAN, False, f"there is no model in {folder / MODEL}", advice),)
    first = run(folder, {"score": (scored, None)}, seconds=SECONDS)["score"]
    if first.value is None:
        return unanswered(first, CLEAN, APART, REPRODUCED, WRITTEN)
    if "error" in first.value:
        return (Held(CLEAN, False, first.value["error"], "Train it anew: alignlab train."),)
    row, shared = first.value["row"], first.value["shared"]
    clean, robust = row["accuracy"]["value"], row["robust_accuracy"]
    again = run(folder, {"score": (scored, None)}, seconds=SECONDS)["score"]
    same = again.value == first.value
    held = [
        Held(
            CLEAN,
            clean >= FLOOR,
            f"{clean:.1%} right as they are; {robust['value']:.1%} [{robust['low']:.1%}, "
            f"{robust['high']:.1%}] left by the strongest attack within {TASK['threat']}",
            "Train longer, or against a smaller radius.",
        ),
        Held(
            APART,
            shared == 0,
            f"{shared} of {row['rows']} were",
            "Train on known.npz alone: the others are the challenge.",
        ),
        Held(
            REPRODUCED,
            same and not row["warnings"],
            row["warnings"][0] if row["warnings"] else f"twice the SHA-256 {row['row'][:12]}"
            if same
            else f"{row['row'][:12]} and then something else",
            "Hidden gradients are no robustness." if row["warnings"] else "Is the model changing?",
        ),
    ]  # fmt: skip
    return (*held, _written(folder / BOARD, row, all(each.holds for each in held)))


def _written(board: Path, row: dict[str, Any], worthy: bool) -> Held:
    """Append a row that is not there yet, once every row that is there was found unaltered."""
    rows = []
    for number, line in enumerate(
        board.read_text(encoding="utf-8", errors="replace").splitlines() if board.exists() else [],
        start=1,
    ):
        try:
            each = json.loads(line)
        except ValueError:
            each = None
        if not isinstance(each, dict) or not verified_row(each):
            advice = f"Take the line out of {board.name}; the check writes its row again."
            return Held(WRITTEN, False, f"line {number} is not what its SHA-256 says", advice)
        rows.append(each)
    if row not in rows:
        if not worthy:
            return Held(WRITTEN, False, "no row was written", "What is above comes first.")
        rows.append(row)
        write_whole(board, "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in rows))
    left = sorted((each["robust_accuracy"]["value"] for each in rows), reverse=True)
    place = left.index(row["robust_accuracy"]["value"]) + 1
    return Held(
        WRITTEN,
        True,
        f"task {row['task'][:8]}, model {row['model'][:8]}, row {row['row'][:8]} in {board.name}; "
        f"place {place} of {len(rows)}, where the task alone leaves {PLAIN:.1%}",
    )


EXERCISE = Exercise(
    subject="challenge",
    do=(
        "The shipped challenge: best accuracy under the strongest attack on digits, no pixel moved "
        f"by more than {RADIUS:g}, at a clean accuracy of at least {FLOOR:.0%}.",
        "In {folder}, fill the blanks in train.toml and run: alignlab train train.toml",
    ),
    starter=_starter,
    check=_check,
    takes="half a minute",
)
