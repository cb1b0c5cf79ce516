"""Adversarial training: the task at the worst allowed rows in place of the rows as they are.

    (1/n) Σ_i max_{x' allowed for x_i} -log p(y_i | x')     [madry2018towards, eq. 2.1]

The inner maximum is looked for by projected gradient ascent from a random start, on all rows: one
that is broken already climbs on, or the loss would not be the maximum.

While it is looked for the module is in evaluation mode, so that no pass of the attack changes what
batch normalisation has learned, and nothing drops out; the rows that are found go through the
module in training mode. That keeps the accuracy on clean rows higher at about the same robustness
[pang2021bag].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from alignlab.errors import InputError
from alignlab.predictors import undisturbed
from alignlab.random import row_streams
from alignlab.robustness.attacks.losses import cross_entropy
from alignlab.robustness.attacks.maximise import maximise
from alignlab.robustness.threats import Ball
from alignlab.training.objective import Batch, Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["Adversarial", "require_ascent", "worst_rows"]


@dataclass(eq=False, kw_only=True)
class Adversarial(Term):
    """The mean cross-entropy at the worst allowed rows, found by PGD.

    Use it alone: it holds the task already. It costs `steps` + 1 passes with gradients a row where
    plain training costs one. `FastAdversarial` costs two; with `Trades` the price in accuracy can
    be chosen.

    Parameters
    ----------
    threat
        What may be done to a row: a ball, such as `Linf(0.1)`.
    steps, step_size
        Of the ascent; the size as a share of the radius, 2.5 / steps where it is not given.
    weight
        What the term is multiplied with.

    Raises
    ------
    InputError
        If the threat is no ball, `steps` is below 1 or `step_size` not above 0; when training
        begins, if a row lies outside of the threat's box.

    References
    ----------
    [madry2018towards; pang2021bag]

    Examples
    --------
    >>> from alignlab.robustness.threats import Linf
    >>> Adversarial(threat=Linf(0.1)).steps
    10
    """

    name: ClassVar[str] = "adversarial"

    threat: Ball
    steps: int = 10
    step_size: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_ascent(self.name, self.threat, self.steps, self.step_size)

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Check that the rows lie in the threat's box."""
        self.threat.encode(data.x)

    def value(self, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy at the worst rows found."""
        import torch

        rows = worst_rows(
            batch,
            self.threat,
            lambda logits: cross_entropy(logits, batch.y),
            steps=self.steps,
            step_size=self.step_size,
        )
        return torch.nn.functional.cross_entropy(replace(batch, x=rows).logits, batch.y)


def worst_rows(
    batch: Batch,
    threat: Ball,
    loss: Callable[[torch.Tensor], torch.Tensor],
    *,
    steps: int,
    step_size: float | None,
) -> torch.Tensor:
    """Return allowed rows with a large loss, found from a random start in evaluation mode.

    Parameters
    ----------
    batch
        The rows; each draws numbers of its own, wherever in the batch it stands.
    threat
        What may be done to a row.
    loss
        From logits to one number a row, which is to grow.
    steps, step_size
        As `maximise` takes them.
    """
    import torch

    seed = int(torch.randint(2**62, (1,), generator=batch.generator))
    start = threat.start(batch.x, row_streams(seed, batch.rows.cpu().numpy(), "worst rows"))
    with undisturbed(batch.module):
        return maximise(
            lambda rows: replace(batch, x=rows).logits,
            batch.x,
            loss,
            threat,
            steps=steps,
            step_size=step_size,
            start=start,
        )


def require_ascent(name: str, threat: object, steps: object, step_size: float | None) -> None:
    """Check what the ascent of a term is given; raises InputError."""
    if not isinstance(threat, Ball):
        raise InputError(
            f"threat={threat!r} of the term {name!r} is not a ball. Give one, such as Linf(0.1); "
            'in a file: threat = { norm = "linf", radius = 0.1 }.'
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError(f"steps={steps!r} of the term {name!r} is not a whole number from 1.")
    if step_size is not None and not 0 < step_size < float("inf"):
        raise InputError(
            f"step_size={step_size!r} of the term {name!r} is not above 0. Give a share of the "
            "radius, such as 0.25."
        )
