"""Groups that are to be treated alike: how far their mean probabilities lie apart, squared.

Q(m) = 2 / (K (K - 1)) Σ_{g<h} |m_g - m_h|², with m_g the mean probability in group g, over all rows
or among the rows of a class, as the notion of fairness has it. `alignlab.fairness.penalties` says
which, and how Q is estimated from a batch of any size [wang2017stochastic].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from alignlab.errors import InputError, require_choice
from alignlab.fairness.penalties import (
    NOTIONS,
    Notion,
    RunningGap,
    compared,
    shares_of,
    unbiased_gap,
)
from alignlab.predictors import class_text
from alignlab.training.objective import Batch, Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["GroupParity", "require_known"]


@dataclass(eq=False, kw_only=True)
class GroupParity(Term):
    """The squared gaps between groups' mean probabilities.

    Use it where a model must not give groups a class at different rates, or must not err about them
    at different rates. Where the groups' base rates differ, demographic parity costs accuracy and
    widens other gaps; equalized odds need not. For members of the classes themselves, such as the
    breeds of a species, there is `MemberParity`.

    Parameters
    ----------
    column
        The column of the training data that says who belongs to which group. Rows whose group is
        not known are left out.
    notion
        "demographic_parity", "equal_opportunity" or "equalized_odds".
    favourable
        The name of the class whose probability is a good to be shared; `None` compares the
        probabilities of all classes.
    memory
        From about how many rows groups' means are remembered; with 0 nothing is, and the estimate
        is unbiased and much noisier.
    weight
        What it is multiplied with. A gap of 0.1 adds 0.01 of it to the objective, so that weights
        from 1 to 100 are usual.

    Raises
    ------
    InputError
        If there is no such notion; and, before the first step, if the data has no such column or
        class, or there are no two groups to compare.

    References
    ----------
    [hardt2016equality], [wang2017stochastic]

    Examples
    --------
    >>> GroupParity(column="sex", favourable=">50K", weight=10).notion
    'demographic_parity'
    """

    name: ClassVar[str] = "group_parity"

    column: str
    notion: Notion = "demographic_parity"
    favourable: str | None = None
    memory: int = 1000
    _favourable: int | None = field(default=None, init=False, repr=False)
    _shares: torch.Tensor | None = field(default=None, init=False, repr=False)
    _gap: RunningGap | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice(self.notion, NOTIONS, what="notion")
        self.column = str(self.column)
        if self.favourable is not None:
            self.favourable = class_text(self.favourable)
        if isinstance(self.memory, bool) or not isinstance(self.memory, int) or self.memory < 0:
            raise InputError(f"memory={self.memory!r} is not a whole number of rows from 0.")

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Find the column and the class, and count the groups."""
        import torch

        require_known(self, self.column, data.columns)
        if self.favourable is not None:
            require_choice(self.favourable, data.classes, what="favourable")
            self._favourable = data.classes.index(self.favourable)
        n_classes = len(data.classes)
        nothing = torch.zeros((1, n_classes), device=data.y.device).expand(len(data), n_classes)
        values, strata = compared(nothing, data.y, self.notion, favourable=self._favourable)
        groups = data.columns[self.column]
        shape = (max(2, n_classes), int(groups.max()) + 1)
        self._shares = shares_of(strata, groups, shape)
        self._gap = RunningGap(self._shares, width=values.shape[1], memory=max(self.memory, 1))

    def value(self, batch: Batch) -> torch.Tensor:
        """Return an estimate of the squared gap, which may be below 0."""
        if self._gap is None or self._shares is None:
            raise InputError(f"The term {self.name!r} was not prepared: call prepare first.")
        values, strata = compared(
            batch.probabilities, batch.y, self.notion, favourable=self._favourable
        )
        groups = batch.columns[self.column]
        if self.memory:
            return self._gap(values, strata, groups)
        return unbiased_gap(values, strata, groups, self._shares)

    def state(self) -> dict[str, torch.Tensor]:
        """Return the means that are remembered."""
        return self._gap.state() if self._gap is not None else {}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up the means that were remembered."""
        if self._gap is not None and state:
            self._gap.restore(state)


def require_known(term: Term, column: str, columns: Mapping[str, torch.Tensor]) -> None:
    """Raise InputError where the rows do not say the column that a term compares by."""
    if not columns:
        raise InputError(
            f"The term {term.name!r} compares by the column {column!r}, and the data has none. "
            f"Give as_training_data(…, columns={{{column!r}: …}})."
        )
    require_choice(column, columns, what="column")
