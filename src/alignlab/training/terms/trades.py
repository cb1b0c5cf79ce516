"""TRADES: what a perturbation may do to the probabilities, with its price stated apart.

    (1/n) Σ_i max_{x' allowed for x_i} KL(p(x_i) ‖ p(x'))       [zhang2019theoretically, eq. 5]

Beside the cross-entropy on the rows as they are: the weight says how much accuracy is given for
robustness. At x' = x the divergence is least and its gradient 0, so the ascent begins at random.
The probabilities at x are constant during the ascent and computed once for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from alignlab.predictors import undisturbed
from alignlab.robustness.threats import Ball
from alignlab.training.objective import Batch, Term, TrainingData
from alignlab.training.terms.adversarial import require_ascent, worst_rows

if TYPE_CHECKING:
    import torch

__all__ = ["Trades"]


@dataclass(eq=False, kw_only=True)
class Trades(Term):
    """The mean divergence between the probabilities at a row and at the worst row near it.

    Use it together with `CrossEntropy`; alone it is least where all rows get the same answer. It
    costs `steps` + 2 passes with gradients a row and one without.

    Parameters
    ----------
    threat
        What may be done to a row: a ball, such as `Linf(0.1)`.
    steps, step_size
        Of the ascent; the size as a share of the radius, 2.5 / steps where it is not given.
    weight
        The published 6 by default: more is more robust and less accurate.

    Raises
    ------
    InputError
        If the threat is no ball, `steps` is below 1 or `step_size` not above 0; when training
        begins, if a row lies outside of the threat's box.

    References
    ----------
    [zhang2019theoretically]

    Examples
    --------
    >>> from alignlab.robustness.threats import Linf
    >>> Trades(threat=Linf(0.1)).weight
    6.0
    """

    name: ClassVar[str] = "trades"

    weight: float = 6.0
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
        """Return the mean divergence at the worst rows found."""
        import torch

        # In the mode of the ascent: against probabilities of another, the row itself would diverge.
        with torch.no_grad(), undisturbed(batch.module):
            natural = replace(batch).logits
        rows = worst_rows(
            batch,
            self.threat,
            lambda logits: _divergence(natural, logits),
            steps=self.steps,
            step_size=self.step_size,
        )
        return _divergence(batch.logits, replace(batch, x=rows).logits).mean()


def _divergence(logits: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return KL(softmax(logits) ‖ softmax(others)) of each row."""
    ours, theirs = logits.log_softmax(1), others.log_softmax(1)
    return (ours.exp() * (ours - theirs)).sum(1)
