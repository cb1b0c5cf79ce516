"""Training as a person asks for it: what is given is checked, and the best epoch is what stays.

Training against attacks overfits long before it ends, so the epoch is chosen on rows that nothing
was learned from [rice2020overfitting]. The loop itself is in `loop`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart
from alignlab.errors import InputError, listed, require_choice
from alignlab.files import require_writable
from alignlab.progress import ProgressCallback
from alignlab.random import as_generator
from alignlab.robustness.threats import Threat
from alignlab.training.checkpoints import holds_epochs, read_checkpoint
from alignlab.training.data import as_training_data, require_fitting, rows_of, split_rows
from alignlab.training.history import History
from alignlab.training.loop import Run, as_before
from alignlab.training.objective import Objective, Term, TrainingData
from alignlab.training.optimizers import SCHEDULES
from alignlab.training.settings import require_same, settings_of
from alignlab.training.validation import measure_for

if TYPE_CHECKING:
    import torch

__all__ = ["FitResult", "fit"]


@dataclass(frozen=True, eq=False)
class FitResult:
    """A trained module, and how it came to be.

    Attributes
    ----------
    module
        The module that was given, with the parameters of the best epoch.
    history
        What each epoch measured.
    best_epoch
        Whose parameters the module has, from 1; the last one where nothing was validated.
    measure
        What best means.
    best
        The measure after the best epoch; NaN where nothing was validated.
    stopped
        Why training ended before its last epoch, in a sentence; else empty.
    classes
        The names of the module's logits.
    train_rows, validation_rows
        Positions of the rows of the data that were learned from, and of those that were held out
        for validation where `validation` is a share.
    """

    module: torch.nn.Module
    history: History
    best_epoch: int
    measure: str
    best: float
    stopped: str
    classes: tuple[str, ...]
    train_rows: NDArray[np.intp]
    validation_rows: NDArray[np.intp]

    def __repr__(self) -> str:
        """Return the best epoch and its measure."""
        return (
            f"<FitResult; epoch {self.best_epoch} of {len(self.history)}, "
            f"{self.measure}: {self.best:.4g}>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was measured as plain values."""
        return {
            "best_epoch": self.best_epoch,
            "measure": self.measure,
            "best": self.best if isfinite(self.best) else None,
            "stopped": self.stopped,
            "classes": list(self.classes),
            "epochs": self.history.to_dict(),
        }

    def to_frame(self) -> Any:
        """Return one row an epoch as a data frame."""
        return self.history.to_frame()

    def chart(self) -> Chart:
        """Draw the measure against the epochs."""
        return self.history.chart(self.measure)


def fit(
    module: torch.nn.Module,
    data: Any,
    objective: Objective | Sequence[Term] | Term,
    *,
    validation: float | Any | None = 0.2,
    epochs: int = 20,
    batch_rows: int = 128,
    optimizer: str = "adam",
    learning_rate: float = 1e-3,
    schedule: str = "none",
    clip: float | None = None,
    measure: str | Callable[[torch.nn.Module, TrainingData], float] = "accuracy",
    threat: Threat | None = None,
    patience: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    seed: int = 0,
    device: str | None = None,
    progress: ProgressCallback | None = None,
) -> FitResult:
    """Train a module to make an objective small, and give it the parameters of its best epoch.

    Use it where a model may be changed. It trains the module given, in place: copy it first to
    keep it as it is. Where an error or a person stops it, the module has the parameters of the
    best whole epoch so far.

    Parameters
    ----------
    module
        Returns logits, shape (n, n_classes), or one logit for two classes.
    data
        `TrainingData`, `ImageData`, or a pair (X, y); see `as_training_data`.
    objective
        Terms, such as `[CrossEntropy(), L2(weight=1e-4)]`.
    validation
        The share of the rows that is held out to choose the epoch by, of every class alike; or
        further data; or `None`, with which the last epoch is kept.
    epochs, batch_rows
        Passes over the rows, and rows a step.
    optimizer, learning_rate, schedule
        "adam", "adamw" or "sgd"; the rate of the first step; and "none", "cosine" or "step"; see
        `optimizers`.
    clip
        The greatest norm of a step's gradient; `None` for any.
    measure
        What best means, on the validation rows: "accuracy", "loss", "robust accuracy",
        "worst gap in <column>", or a function from the module and `TrainingData` to a number of
        which more is better.
    threat
        What "robust accuracy" is measured under; `None` takes the objective's.
    patience
        Stop after so many epochs without a better one; `None` to go through all.
    out
        A directory for the checkpoint, metrics.csv, metrics.jsonl and, where TensorBoard is
        installed, its events.
    resume
        Go on with the training in `out`, which ends as if it had not been stopped.
    seed
        Of everything; batches do not depend on the number of threads.
    device
        Where to train, such as "cuda"; `None` for where the module is.
    progress
        Told of each step instead of the terminal.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        If something given cannot be used.
    ModelError
        If a term or its gradient is not finite; the message names it and the epoch.
    StoppedError
        If a person stopped it and `out` keeps it.

    References
    ----------
    [rice2020overfitting]

    Examples
    --------
    >>> import torch
    >>> from alignlab.training.terms.cross_entropy import CrossEntropy
    >>> X = torch.linspace(-1, 1, 200)[:, None]
    >>> result = fit(torch.nn.Linear(1, 2), (X, (X[:, 0] > 0).long()), [CrossEntropy()],
    ...              epochs=40, learning_rate=0.1)
    >>> result.best > 0.9
    True
    """
    for name, count in (("epochs", epochs), ("batch_rows", batch_rows), ("patience", patience)):
        wrong = isinstance(count, bool) or not isinstance(count, int) or count < 1
        if wrong and not (name == "patience" and count is None):
            raise InputError(f"{name}={count!r} is not a whole number from 1.")
    if not _above_0(learning_rate):
        raise InputError(f"learning_rate={learning_rate!r} is not a number above 0, such as 0.001.")
    if clip is not None and not _above_0(clip):
        raise InputError(f"clip={clip!r} is not a norm above 0.")
    require_choice(schedule, SCHEDULES, what="schedule")
    if validation is None and patience is not None:
        raise InputError(f"patience={patience} without validation rows: give validation=0.2.")
    if resume and out is None:
        raise InputError("resume=True without out: name the directory of the training with out=….")
    if isinstance(seed, np.random.Generator):
        raise InputError("seed must be a whole number: it is written down with the training.")
    as_generator(seed)
    terms = _objective(objective)
    known = as_training_data(data)
    train, held, rows, held_rows = _parts(known, validation, seed)
    chosen = measure_for(measure, objective=terms, data=held, threat=threat, seed=seed)
    settings = settings_of(
        module=module,
        train=train,
        held=held,
        terms=terms,
        options={
            "epochs": epochs,
            "batch_rows": batch_rows,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "schedule": schedule,
            "clip": clip,
            "measure": chosen.name,
            "threat": threat,
            "patience": patience,
            "seed": seed,
        },
    )
    directory = None if out is None else _directory(Path(out), resume)
    checkpoint = read_checkpoint(directory) if directory is not None and resume else None
    if checkpoint is not None:
        require_same(checkpoint.settings, settings, where=str(directory))
    with as_before(module, device) as place:
        require_fitting(module, _on(train, place))
        _require_batches(module, len(train), batch_rows)
        run = Run(
            module, _on(train, place), _on(held, place), terms, chosen, validation is not None,
            settings, clip, directory,
        )  # fmt: skip
        run.go(checkpoint, progress)
    return FitResult(
        module,
        History(tuple(run.epochs)),
        run.best_epoch,
        chosen.name,
        run.best,
        run.stopped,
        known.classes,
        rows,
        held_rows,
    )


def _above_0(number: object) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return 0 < number < float("inf")


def _objective(stated: Objective | Sequence[Term] | Term) -> Objective:
    if isinstance(stated, Objective):
        return stated
    terms = [stated] if isinstance(stated, Term) else stated
    if not isinstance(terms, Sequence) or not all(isinstance(each, Term) for each in terms):
        raise InputError(
            f"The objective is {stated!r}. Give terms, such as [CrossEntropy(), L2(weight=1e-4)]."
        )
    return Objective(list(terms))


def _parts(
    known: TrainingData, validation: Any, seed: int
) -> tuple[TrainingData, TrainingData, NDArray[np.intp], NDArray[np.intp]]:
    every, none = np.arange(len(known)), np.arange(0)
    if validation is None:
        return known, known, every, none
    if isinstance(validation, int | float):
        rows, held = split_rows(known.y.cpu().numpy(), validation, seed=seed)
        train = rows_of(known, rows)
        if int(train.y.min()) == int(train.y.max()):
            raise InputError(
                f"Of the {len(rows)} rows to learn from all are of one class. Give more rows, or "
                "a smaller validation share."
            )
        return train, rows_of(known, held), rows, held
    pair = isinstance(validation, tuple | list)
    further = as_training_data(validation, classes=known.classes if pair else None)
    if further.x.shape[1:] != known.x.shape[1:] or further.classes != known.classes:
        raise InputError(
            f"The validation rows have shape {tuple(further.x.shape[1:])} and the classes "
            f"{listed(further.classes)}; the rows to learn from have {tuple(known.x.shape[1:])} "
            f"and {listed(known.classes)}."
        )
    return known, further, every, none


def _directory(out: Path, resume: bool) -> Path:
    if not resume and holds_epochs(out):
        raise InputError(
            f"{out} holds a training already. Go on with it by resume=True (--resume), or name "
            "another directory."
        )
    if not resume:
        require_writable(out)
    return out


def _require_batches(module: torch.nn.Module, n: int, batch_rows: int) -> None:
    from torch.nn.modules.batchnorm import _BatchNorm

    norm = next((name for name, part in module.named_modules() if isinstance(part, _BatchNorm)), "")
    if norm and min(n, batch_rows) == 1:
        raise InputError(
            f"Batches of one row and the batch normalisation {norm!r}: a row has no spread. Give "
            "batch_rows from 2."
        )


def _on(data: TrainingData, device: Any) -> TrainingData:
    return TrainingData(
        data.x.to(device),
        data.y.to(device),
        data.classes,
        {name: codes.to(device) for name, codes in data.columns.items()},
        data.levels,
    )
