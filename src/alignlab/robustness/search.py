"""The rows that an attack still works on: one that is broken leaves at once, and nothing is paid.

An attack is a function of a `Search`. It asks the search for logits and gradients at candidates,
one for each open row, and hands candidates and logits back to `settle`, which keeps those that
break their row and returns everything else without them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from alignlab.errors import InputError
from alignlab.random import RowStreams
from alignlab.robustness.attacked import AttackedModel, Loss, Passed
from alignlab.robustness.threats import Ball, Threat

if TYPE_CHECKING:
    import torch

__all__ = ["Attack", "Search"]


class Attack(Protocol):
    """An attack: settles what it can of a search."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    @property
    def needs_gradients(self) -> bool:
        """Whether it asks for gradients."""
        ...

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        ...


@dataclass(eq=False)
class Search:
    """What one attack is given, and where it says what it has found.

    Attributes
    ----------
    model
        The model, which counts its passes.
    threat
        What may be done to a row.
    clean, classes
        The rows as they are, shape (n, ...), and their true classes, shape (n,).
    streams
        Random numbers of each row's own.
    witnesses
        Rows that the model gets wrong, within the threat; `clean` where none was found.
    broken
        Which rows have one, shape (n,).
    open
        Positions of the rows that are not broken, ascending. What follows is in their order.
    x, y
        The open rows as they are, and their true classes.
    """

    model: AttackedModel
    threat: Threat
    clean: torch.Tensor
    classes: torch.Tensor
    streams: RowStreams
    witnesses: torch.Tensor = field(init=False)
    broken: torch.Tensor = field(init=False)
    open: torch.Tensor = field(init=False)
    x: torch.Tensor = field(init=False)
    y: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        import torch

        n = len(self.clean)
        self.witnesses = self.clean.clone()
        self.broken = torch.zeros(n, dtype=torch.bool, device=self.clean.device)
        self.open = torch.arange(n, device=self.clean.device)
        self.x, self.y = self.clean, self.classes

    def __len__(self) -> int:
        return len(self.open)

    def ball(self, attack: str) -> Ball:
        """Return the threat, for an attack that knows balls only.

        Raises
        ------
        InputError
            If the threat is of another kind.
        """
        if not isinstance(self.threat, Ball):
            raise InputError(
                f"The attack {attack!r} moves rows within a ball (Linf, L2, L1), not within "
                f"{self.threat}. Use attacks='efficient', which chooses what works here."
            )
        return self.threat

    def streams_of_open(self, purpose: str) -> RowStreams:
        """Return random numbers of the open rows' own, for one purpose."""
        return self.streams[self.open.cpu().numpy()].child(purpose)

    def logits(self, candidates: torch.Tensor) -> torch.Tensor:
        """Return the model's logits at candidates, without gradients."""
        return self.model.logits(candidates)

    def gradient(self, candidates: torch.Tensor, loss: Loss) -> Passed:
        """Return logits, losses and gradients at candidates, one for each open row."""
        return self.model.gradient(candidates, self.y, loss)

    def settle(
        self, candidates: torch.Tensor, logits: torch.Tensor, *others: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Keep the candidates that break their row; return everything without those rows.

        Where logits are not finite, nobody can say what the model decides: that breaks nothing.

        Parameters
        ----------
        candidates, logits
            One for each open row, and what the model says of it.
        *others
            Further tensors whose first axis is the open rows.

        Returns
        -------
        tuple of tensors
            `candidates` and `others`, of the rows that are still open.
        """
        wrong = (self.model.decided(logits) != self.y) & logits.isfinite().all(1)
        if not bool(wrong.any()):
            return (candidates, *others)
        at = wrong.nonzero()[:, 0]
        at = at[self.threat.allows(candidates[at], self.x[at])]
        self.witnesses[self.open[at]] = candidates[at]
        self.broken[self.open[at]] = True
        stays = ~self.broken[self.open]
        self.open, self.x, self.y = self.open[stays], self.x[stays], self.y[stays]
        return tuple(each[stays] for each in (candidates, *others))
