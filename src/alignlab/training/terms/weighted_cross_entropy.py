"""The task where some labels are surer than others: cross-entropy, each row by its weight.

(1/n) Σ_i (w_i / w̄) · -log p(y_i | x_i),    w̄ the mean of the weights of all rows trained on

Dividing by the mean of all rows, and not of the batch's, keeps every batch's value an unbiased
estimate of the whole: a batch of doubtful rows moves the model less than one of sure ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, cast

from alignlab.errors import InputError
from alignlab.training.objective import Batch, Term, TrainingData
from alignlab.training.terms.group_parity import require_known

if TYPE_CHECKING:
    import torch

__all__ = ["WeightedCrossEntropy"]


@dataclass(eq=False, kw_only=True)
class WeightedCrossEntropy(Term):
    """The mean cross-entropy of the rows, each counted by a weight of its own.

    Use it in place of `CrossEntropy` where it is known how far each label can be trusted, such as
    the chance that reviewers make it right with, or where rows stand for more or fewer cases.

    Parameters
    ----------
    column
        The column of the training data that holds the weights, numbers from 0:
        `as_training_data((X, y), columns={"weight": weights})`.
    weight
        What the whole term is multiplied with.

    Raises
    ------
    InputError
        Before the first step, if there is no such column, or a row has no weight or one that is no
        number from 0, or all are 0.

    Examples
    --------
    >>> WeightedCrossEntropy().column
    'weight'
    """

    name: ClassVar[str] = "weighted_cross_entropy"

    column: str = "weight"
    _weights: torch.Tensor | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.column = str(self.column)

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Read the weights that the column's levels name."""
        import torch

        require_known(self, self.column, data.columns)
        codes = data.columns[self.column]
        if bool((codes < 0).any()):
            row = int((codes < 0).nonzero()[0, 0])
            raise InputError(f"Row {row} has no weight in the column {self.column!r}. Give it one.")
        weights = torch.tensor([self._number(level) for level in data.levels[self.column]])
        weights = weights.to(data.x)
        mean = weights[codes].mean()
        if not mean > 0:
            raise InputError(f"All weights in the column {self.column!r} are 0: nothing counts.")
        self._weights = weights / mean

    def value(self, batch: Batch) -> torch.Tensor:
        """Return the weighted mean of the rows' cross-entropies."""
        import torch

        lost = torch.nn.functional.cross_entropy(batch.logits, batch.y, reduction="none")
        weights = cast("torch.Tensor", self._weights)  # as prepared
        return (weights[batch.columns[self.column]] * lost).mean()

    def _number(self, level: str) -> float:
        try:
            number = float(level)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise InputError(
                f"The column {self.column!r} holds {level!r}, and weights are numbers from 0."
            )
        return number
