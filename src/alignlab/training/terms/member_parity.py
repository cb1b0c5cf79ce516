"""Members of a class that are to be recognised alike: the breeds of a species, the makes of a car.

Within each super-class s, the mean probability that is given to s may not differ between members,

    Q(m) = mean over s of  2 / (K_s (K_s - 1)) Σ_{g<h in s} (m_g - m_h)²,
    m_g = mean of Σ_{classes c of s} p(c | x) over the rows of member g,

and nothing is asked across super-classes, or telling them apart would be forbidden. It is estimated
from batches of any size as `alignlab.fairness.penalties` says [wang2017stochastic].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from alignlab.errors import InputError, listed, nearest
from alignlab.fairness.penalties import RunningGap, shares_of, unbiased_gap
from alignlab.training.objective import Batch, Term, TrainingData
from alignlab.training.terms.group_parity import require_known

if TYPE_CHECKING:
    import torch

__all__ = ["MemberParity"]


@dataclass(eq=False, kw_only=True)
class MemberParity(Term):
    """The squared gaps between members' mean probability of their right super-class.

    Use it where a classifier must not serve some members of a class worse than others. It makes
    them alike, upwards or downwards: the task's own term is what pulls upwards.

    Parameters
    ----------
    column
        The column of the training data that names each row's member; rows without are left out.
        `None` where the classes themselves are the members.
    superclasses
        The super-class of each class, by name, such as {"beagle": "dog"}; `None` where each class
        is one.
    memory
        From about how many rows members' means are remembered; with 0 nothing is, and the estimate
        is unbiased and much noisier.
    weight
        What it is multiplied with. A gap of 0.1 adds 0.01 of it to the objective, so that weights
        from 1 to 100 are usual.

    Raises
    ------
    InputError
        If neither column nor super-classes are given; and, before the first step, if the data has
        no such column, a class has no super-class, a member belongs to several of them, or there
        are no two members to compare.

    References
    ----------
    [hardt2016equality], [wang2017stochastic]

    Examples
    --------
    >>> MemberParity(column="breed", weight=10).name
    'member_parity'
    """

    name: ClassVar[str] = "member_parity"

    column: str | None = None
    superclasses: Mapping[str, str] | None = None
    memory: int = 1000
    _super: torch.Tensor | None = field(default=None, init=False, repr=False)
    _shares: torch.Tensor | None = field(default=None, init=False, repr=False)
    _gap: RunningGap | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column is None and self.superclasses is None:
            raise InputError(
                "member_parity needs column='breed', which names each row's member, or "
                "superclasses={'beagle': 'dog', …}, which says what the classes are members of."
            )
        self.column = None if self.column is None else str(self.column)
        if isinstance(self.memory, bool) or not isinstance(self.memory, int) or self.memory < 0:
            raise InputError(f"memory={self.memory!r} is not a whole number of rows from 0.")

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Sort classes into super-classes, and count the members of each."""
        import torch

        if self.column is not None:
            require_known(self, self.column, data.columns)
        names = _super_names(self.superclasses, data.classes)
        kinds = sorted(set(names))
        self._super = torch.tensor([kinds.index(name) for name in names], device=data.y.device)
        strata, members = self._super[data.y], self._members(data.y, data.columns)
        self._shares = shares_of(strata, members, (len(kinds), int(members.max()) + 1))
        several = (self._shares > 0).sum(0) > 1
        if bool(several.any()):
            member = int(several.nonzero()[0])
            where = [kinds[kind] for kind in self._shares[:, member].nonzero()[:, 0].tolist()]
            told = data.levels.get(self.column or "", ())
            raise InputError(
                f"The member {told[member] if member < len(told) else member!r} of column "
                f"{self.column!r} belongs to {len(where)} super-classes ({listed(where)}). Correct "
                "its rows; or, for groups across classes, use group_parity with "
                "notion='equal_opportunity'."
            )
        self._gap = RunningGap(self._shares, width=1, memory=max(self.memory, 1))

    def value(self, batch: Batch) -> torch.Tensor:
        """Return an estimate of the squared gap, which may be below 0."""
        if self._super is None or self._shares is None or self._gap is None:
            raise InputError(f"The term {self.name!r} was not prepared: call prepare first.")
        kinds = self._super.to(batch.y.device)
        strata, members = kinds[batch.y], self._members(batch.y, batch.columns)
        right = (kinds == strata[:, None]).to(batch.probabilities)
        values = (batch.probabilities * right).sum(1, keepdim=True)
        if self.memory:
            return self._gap(values, strata, members)
        return unbiased_gap(values, strata, members, self._shares)

    def _members(self, y: torch.Tensor, columns: Mapping[str, torch.Tensor]) -> torch.Tensor:
        if self.column is None:
            return y
        return columns[self.column]

    def state(self) -> dict[str, torch.Tensor]:
        """Return the means that are remembered."""
        return self._gap.state() if self._gap is not None else {}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up the means that were remembered."""
        if self._gap is not None and state:
            self._gap.restore(state)


def _super_names(stated: Mapping[str, str] | None, classes: tuple[str, ...]) -> list[str]:
    if stated is None:
        return list(classes)
    unknown = next((name for name in stated if name not in classes), None)
    if unknown is not None:
        raise InputError(
            f"superclasses names the class {unknown!r}, and the data has {listed(classes)}."
            f"{nearest(str(unknown), classes)}"
        )
    missing = [name for name in classes if name not in stated]
    if missing:
        raise InputError(f"superclasses leaves out {listed(missing)}: give each class one.")
    return [stated[name] for name in classes]
