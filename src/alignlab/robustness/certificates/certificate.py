"""What is proved of rows within a threat, and what is shown to break them.

A proof is about the model as it computes, not as it is written: a bound on its scores counts only
beyond what rounding may do to a sum, |fl(Σ a_k) - Σ a_k| <= γ_n Σ |a_k| with γ_n = n u / (1 - n u)
for n roundings in any order [higham2002accuracy, eq. 3.5]. A model decides for the highest score,
the first of equals; so a row holds where every other class stays below, and a row whose bound is
within rounding of a tie is broken by a witness or by nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignlab.predictors import Predictor

if TYPE_CHECKING:
    import torch

__all__ = ["Certificate", "decided_wrong", "rounding"]

TIE = 1e-15
"""Scores nearer than this may become equal probabilities in float64."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """What a method proves of n rows; a row that is in neither mask stays undecided.

    Attributes
    ----------
    method
        How, in words.
    holds
        Rows of which it is proved that nothing allowed changes the right decision, shape (n,).
    broken
        Rows with a witness that the model was asked about and gets wrong, shape (n,); none where
        the method only proves.
    witnesses
        The witnesses, of the rows' shape; a row without one stands as it is.
    """

    method: str
    holds: torch.Tensor
    broken: torch.Tensor
    witnesses: torch.Tensor

    @property
    def undecided(self) -> torch.Tensor:
        """Rows of which nothing is known, shape (n,)."""
        return ~(self.holds | self.broken)

    def to_dict(self) -> dict[str, Any]:
        """Return the method and how many rows it settles, as plain values."""
        return {
            "method": self.method,
            "rows": len(self.holds),
            "holds": int(self.holds.sum()),
            "broken": int(self.broken.sum()),
            "undecided": int(self.undecided.sum()),
        }


def rounding(terms: int, *precisions: torch.dtype) -> float:
    """Return how far a computed sum may be off, as a share of the sum of its absolute terms.

    Parameters
    ----------
    terms
        How many roundings any term passes through, at most.
    *precisions
        The precisions computed in; the coarsest counts, and float64 for the bound's own sums.

    Examples
    --------
    >>> import torch
    >>> rounding(100, torch.float32) > 100 * 2**-24
    True
    """
    import torch

    unit = max(torch.finfo(each).eps for each in (torch.float64, *precisions)) / 2
    return _gamma(terms, unit) + 16 * _gamma(terms, torch.finfo(torch.float64).eps / 2)


def decided_wrong(predictor: Predictor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return which rows the model itself, asked as anybody asks it, gets wrong, shape (n,)."""
    import torch

    rows = x if predictor.module is not None else x.cpu().numpy()
    decided = torch.as_tensor(predictor.decide(predictor(rows)))
    return decided.to(y.device) != y


def _gamma(terms: int, unit: float) -> float:
    return terms * unit / (1 - terms * unit) if terms * unit < 0.5 else float("inf")
