"""Adversarial training by a single step from a random start, watched for the way in which it fails.

    x' = Π(s + 1.25 ε steepest(∇ -log p(y | s))),  s random in the ball      [wong2020fast, alg. 3]

Such training can collapse from one epoch to the next: the model learns to hold against the single
step and against nothing else (catastrophic overfitting). After each epoch the accuracy on
validation rows under that step is compared with the one under ten smaller steps; where the second
is less than half of the first and lies 0.2 below it, training goes back one epoch and stops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from alignlab.predictors import undisturbed
from alignlab.robustness.attacks.losses import cross_entropy
from alignlab.robustness.threats import Ball
from alignlab.training.objective import Batch, Term, TrainingData
from alignlab.training.terms.adversarial import require_ascent, worst_rows

if TYPE_CHECKING:
    import torch

__all__ = ["FastAdversarial"]

GUARD_ROWS = 256
GUARD_STEPS = 10
GUARD_GAP = 0.2
GUARD_SHARE = 0.5


@dataclass(eq=False, kw_only=True)
class FastAdversarial(Term):
    """The mean cross-entropy at rows moved by one large step from a random start.

    Use it alone, where ten steps of `Adversarial` are too dear: it costs two passes with gradients
    a row. With large radii and long trainings it collapses, which ends the training.

    Parameters
    ----------
    threat
        What may be done to a row: a ball, such as `Linf(0.1)`.
    step_size
        As a share of the radius.
    weight
        What the term is multiplied with.

    Raises
    ------
    InputError
        If the threat is no ball, or `step_size` is not above 0; when training begins, if a row
        lies outside of the threat's box.

    References
    ----------
    [wong2020fast]

    Examples
    --------
    >>> from alignlab.robustness.threats import Linf
    >>> FastAdversarial(threat=Linf(0.1)).step_size
    1.25
    """

    name: ClassVar[str] = "fast_adversarial"

    threat: Ball
    step_size: float = 1.25

    def __post_init__(self) -> None:
        super().__post_init__()
        require_ascent(self.name, self.threat, 1, self.step_size)

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Check that the rows lie in the threat's box."""
        self.threat.encode(data.x)

    def value(self, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy after the step."""
        import torch

        rows = self._moved(batch, 1, self.step_size)
        return torch.nn.functional.cross_entropy(replace(batch, x=rows).logits, batch.y)

    def after_epoch(
        self, module: torch.nn.Module, validation: TrainingData, epoch: int
    ) -> str | None:
        """Return, in a sentence, that the model holds against the single step alone."""
        single, several = self.accuracies(module, validation)
        if several >= GUARD_SHARE * single or several >= single - GUARD_GAP:
            return None
        return (
            f"After epoch {epoch + 1} the model is right on {single:.0%} of validation rows after "
            f"the one step that it is trained with, and on {several:.0%} after {GUARD_STEPS} "
            "smaller ones: fast adversarial training has collapsed (catastrophic overfitting). Use "
            "the term 'adversarial', or a smaller radius."
        )

    def accuracies(self, module: torch.nn.Module, validation: TrainingData) -> tuple[float, float]:
        """Return the accuracy on some validation rows after the one step, and after several."""
        import torch

        # From all over: the first rows of a sorted file are of one class.
        n = len(validation)
        rows = torch.linspace(0, n - 1, min(n, GUARD_ROWS), dtype=torch.float64).round().long()
        x, y = validation.x[rows], validation.y[rows]
        generator = torch.Generator().manual_seed(0)
        batch = Batch(module, x, y, {}, torch.arange(len(x)), generator)
        found = []
        for steps, size in ((1, self.step_size), (GUARD_STEPS, None)):
            rows = self._moved(batch, steps, size)
            with torch.no_grad(), undisturbed(module):
                decided = replace(batch, x=rows).logits.argmax(1)
            found.append(float((decided == y).double().mean()))
        return found[0], found[1]

    def _moved(self, batch: Batch, steps: int, step_size: float | None) -> torch.Tensor:
        return worst_rows(
            batch,
            self.threat,
            lambda logits: cross_entropy(logits, batch.y),
            steps=steps,
            step_size=step_size,
        )
