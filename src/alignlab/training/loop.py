"""A training under way: steps, the end of an epoch, and what a checkpoint holds of both.

    θ ← optimiser(θ, ∇_θ Σ_k weight_k · term_k(batch))

All chance in an epoch follows from the seed and the epoch's number, and a checkpoint is written
after each epoch: what was stopped and goes on ends, bit for bit, where it would have ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError, StoppedError
from alignlab.progress import ProgressCallback, track
from alignlab.random import as_generator
from alignlab.training.checkpoints import CHECKPOINT, Checkpoint, write_checkpoint
from alignlab.training.data import batch_count, batches, rows_of
from alignlab.training.history import Board, Epoch, History
from alignlab.training.objective import Batch, Objective, TrainingData
from alignlab.training.optimizers import (
    SCHEDULES,
    clipped,
    optimizer_for,
    optimizer_tensors,
    restore_optimizer,
    set_rate,
)
from alignlab.training.validation import Measure, accuracy, logits_of, loss

if TYPE_CHECKING:
    import torch

__all__ = ["Run", "as_before"]


@dataclass(eq=False)
class Run:
    """A training under way."""

    module: torch.nn.Module
    train: TrainingData
    held: TrainingData
    objective: Objective
    measure: Measure
    validated: bool
    settings: Mapping[str, Any]
    clip: float | None
    directory: Path | None
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    best: float = float("nan")
    best_state: dict[str, torch.Tensor] = field(default_factory=dict)
    collapsed: str = ""
    kept: int = 0

    @property
    def stopped(self) -> str:
        """Why no further epoch is made, in a sentence; else empty."""
        patience = self.settings["options"]["patience"]
        if self.collapsed or patience is None or len(self.epochs) - self.best_epoch < patience:
            return self.collapsed
        epochs = "1 epoch" if patience == 1 else f"{patience} epochs"
        return f"{self.measure.name} did not get better for {epochs}."

    def go(self, checkpoint: Checkpoint | None, progress: ProgressCallback | None) -> None:
        """Make the epochs that are left, and load the best one's parameters."""
        self.best_state = _state(self.module)
        with ExitStack() as stack:
            for term in self.objective.terms:
                stack.callback(term.finish, self.module)
            self._seed("prepare")
            for term in self.objective.terms:
                term.prepare(self.module, self.train)
            options = self.settings["options"]
            self.optimizer = optimizer_for(
                self.module, options["optimizer"], options["learning_rate"]
            )
            self.trained = list(self.module.parameters())
            # What a term adds to the module must be in what is put back into it.
            self.best_state = _state(self.module)
            stack.callback(lambda: self.module.load_state_dict(self.best_state))
            if checkpoint is None:
                self._save()
            else:
                self._take_up(checkpoint)
            board = Board(self.directory)
            stack.callback(board.close)
            try:
                self._all_epochs(board, progress)
            except KeyboardInterrupt:
                if self.directory is None:
                    raise
                raise StoppedError(
                    f"stopped in epoch {self.kept + 1} of {options['epochs']}; the "
                    f"{self.kept} before it are kept in {self.directory}. Go on with "
                    "resume (alignlab train --resume)."
                ) from None

    def _all_epochs(self, board: Board, progress: ProgressCallback | None) -> None:
        options = self.settings["options"]
        per_epoch = batch_count(len(self.train), options["batch_rows"])
        first, last = len(self.epochs), options["epochs"]
        if self.stopped or first >= last:
            return
        steps = track(
            self._steps(first, last),
            total=(last - first) * per_epoch,
            name=lambda _: self._progress(last),
            callback=progress,
        )
        sums: dict[str, float] = {}
        for epoch, at, rows in steps:
            if at == 0:
                self._seed("epoch", str(epoch))
                self.module.train()
                sums = {}
            step = epoch * per_epoch + at
            rate = options["learning_rate"] * SCHEDULES[options["schedule"]](
                step / (last * per_epoch)
            )
            for name, value in self._step(epoch, step, rows, rate).items():
                sums[name] = sums.get(name, 0.0) + value * len(rows)
            if at == per_epoch - 1:
                goes_on = self._end_epoch(epoch, rate, sums)
                board.show(self.epochs[-1])
                self._save()
                if not goes_on:
                    return

    def _steps(self, first: int, last: int) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
        options = self.settings["options"]
        for epoch in range(first, last):
            parts = batches(
                len(self.train), options["batch_rows"], seed=options["seed"], epoch=epoch
            )
            for at, rows in enumerate(parts):
                yield epoch, at, rows

    def _step(self, epoch: int, step: int, rows: NDArray[np.intp], rate: float) -> dict[str, float]:
        """Make one step, and return each term's value."""
        import torch

        positions = torch.as_tensor(rows)
        part = rows_of(self.train, positions)
        batch = Batch(
            self.module, part.x, part.y, part.columns, positions, self.generator, epoch, step
        )
        values = self.objective.values(batch)
        if not values:
            raise InputError(
                f"No term of the objective ({self._names()}) has a value to make small: add one "
                "that says what is to be learned, such as CrossEntropy()."
            )
        numbers = torch.stack([value.detach().double() for value in values.values()]).tolist()
        measured = dict(zip(values, numbers, strict=True))
        wrong = next((name for name, number in measured.items() if not isfinite(number)), None)
        if wrong is not None:
            raise self._not_finite(f"The term {wrong!r} is {measured[wrong]}", epoch)
        total = self.objective.total(values)
        if not total.requires_grad:
            raise InputError(f"No term ({self._names()}) depends on the module's parameters.")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        if not clipped(self.trained, self.clip):
            raise self._not_finite(self._gradient_at_fault(batch), epoch)
        set_rate(self.optimizer, rate)
        self.optimizer.step()
        with torch.no_grad():
            for term in self.objective.terms:
                term.after_step(self.module, rate)
        return measured

    def _end_epoch(self, epoch: int, rate: float, sums: Mapping[str, float]) -> bool:
        """Measure, ask the terms, keep the best parameters; return whether to go on."""
        terms = {name: total / len(self.train) for name, total in sums.items()}
        weights = {term.name: term.weight for term in self.objective.terms}
        objective = sum(weights[name] * value for name, value in terms.items())
        measured: dict[str, float] = {}
        if self.validated:
            logits = logits_of(self.module, self.held)
            measured = {"accuracy": accuracy(self.held, logits), "loss": loss(self.held, logits)}
            if self.measure.name not in measured:
                measured[self.measure.name] = self.measure.of(self.module, self.held, logits)
        self.epochs.append(Epoch(epoch + 1, rate, objective, terms, measured))
        reasons = [term.after_epoch(self.module, self.held, epoch) for term in self.objective.terms]
        self.collapsed = next((reason for reason in reasons if reason), "")
        now = measured.get(self.measure.name, float("nan"))
        better = not self.validated or not self.best_epoch or self.measure.better(now, self.best)
        if better and not self.collapsed:
            self.best_epoch, self.best, self.best_state = epoch + 1, now, _state(self.module)
        return not self.stopped

    def _gradient_at_fault(self, batch: Batch) -> str:
        """Return, having gone through the batch again, which term's gradient is not finite."""
        import torch

        trained = [each for each in self.module.parameters() if each.requires_grad]
        for name, value in self.objective.values(replace(batch)).items():
            if value.requires_grad:
                gradients = torch.autograd.grad(
                    value, trained, retain_graph=True, allow_unused=True
                )
                if not all(bool(each.isfinite().all()) for each in gradients if each is not None):
                    return f"The gradient of the term {name!r} is not finite"
        return "The gradient of the objective is not finite"

    def _save(self) -> None:
        if self.directory is None:
            return
        tensors: dict[str, Mapping[str, torch.Tensor]] = {
            "module": _state(self.module),
            "best": self.best_state,
            "optimizer": optimizer_tensors(self.optimizer),
            **{f"term {term.name}": term.state() for term in self.objective.terms},
        }
        progress = {
            "epochs": [each.to_dict() for each in self.epochs],
            "best_epoch": self.best_epoch,
            "best": self.best if isfinite(self.best) else None,
            "collapsed": self.collapsed,
        }
        write_checkpoint(self.directory, Checkpoint(self.settings, progress, tensors))
        self.kept = len(self.epochs)
        History(tuple(self.epochs)).write(self.directory)

    def _take_up(self, checkpoint: Checkpoint) -> None:
        progress, tensors = checkpoint.progress, checkpoint.tensors
        self.epochs = [Epoch.from_dict(each) for each in progress["epochs"]]
        self.best_epoch, self.collapsed = progress["best_epoch"], progress["collapsed"]
        self.kept = len(self.epochs)
        self.best = float("nan") if progress["best"] is None else progress["best"]
        try:
            self.module.load_state_dict(dict(tensors.get("best", {})))
            self.best_state = _state(self.module)
            self.module.load_state_dict(dict(tensors.get("module", {})))
        except RuntimeError as error:
            raise InputError(
                f"The module {type(self.module).__name__} is not the one that "
                f"{self.directory} / {CHECKPOINT} was written for: "
                f"{' '.join(str(error).split())[:200]}."
            ) from error
        restore_optimizer(self.optimizer, tensors.get("optimizer", {}))
        for term in self.objective.terms:
            term.restore(tensors.get(f"term {term.name}", {}))

    def _seed(self, *purpose: str) -> None:
        """Let all chance from here on follow from the seed and the purpose."""
        import torch

        drawn = as_generator(self.settings["options"]["seed"], "training", *purpose)
        own, ours = (int(number) for number in drawn.integers(2**63, size=2))
        torch.default_generator.manual_seed(own)
        if self.train.x.is_cuda:
            with torch.cuda.device(self.train.x.device):
                torch.cuda.manual_seed(own)
        self.generator = torch.Generator().manual_seed(ours)

    def _progress(self, last: int) -> str:
        said = f"epoch {len(self.epochs) + 1} of {last}"
        if self.epochs and self.measure.name in self.epochs[-1].validation:
            said += f", {self.measure.name} {self.epochs[-1].validation[self.measure.name]:.3f}"
        return said

    def _names(self) -> str:
        return ", ".join(term.name for term in self.objective.terms)

    def _not_finite(self, what: str, epoch: int) -> ModelError:
        kept = f"epoch {self.best_epoch}'s" if self.best_epoch else "its first"
        return ModelError(
            f"{what} in epoch {epoch + 1}; training stopped there and the module has {kept} "
            "parameters. Lower learning_rate, or limit the gradient with clip=1.0."
        )


def _state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


@contextmanager
def as_before(module: torch.nn.Module, device: str | None) -> Iterator[Any]:
    """Give the device to train on; put back modes, gradients, place and random numbers."""
    import torch

    held = next(iter(module.parameters()), torch.zeros(0)).device
    place = held if device is None else _device(device)
    modes = [(part, part.training) for part in module.modules()]
    gradients = [(each, each.grad) for each in module.parameters()]
    cards = sorted({each.index or 0 for each in (held, place) if each.type == "cuda"})
    try:
        with (
            torch.random.fork_rng(devices=cards),
            torch.backends.cudnn.flags(
                enabled=torch.backends.cudnn.enabled, benchmark=False, deterministic=True
            ),
        ):
            for each, _ in gradients:
                each.grad = None
            module.to(place)
            yield place
    finally:
        module.to(held)
        for part, mode in modes:
            part.training = mode
        for each, gradient in gradients:
            each.grad = gradient


def _device(name: str) -> Any:
    import torch

    try:
        place = torch.device(name)
        torch.zeros(0, device=place)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        if reason.startswith("Expected one of"):  # and then comes every device that there ever was
            reason = "PyTorch has no device of this name; 'cpu', 'cuda' and 'mps' are some"
        raise InputError(
            f"device={name!r} cannot be used here: {reason}. Leave it out to train where the "
            "module is."
        ) from error
    return place
