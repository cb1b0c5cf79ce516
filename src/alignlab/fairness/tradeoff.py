"""Which parities cannot hold together: the identity between a group's rates.

In every group, with p the share whose outcome is favourable [chouldechova2017fair, eq. 2.6],

    FPR = p / (1 - p) * (1 - PPV) / PPV * (1 - FNR)

so groups with unequal p cannot share PPV, FNR and FPR at once unless decisions are perfect; see
also [kleinberg2017inherent]. The identity is exact in any table of counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.fairness.cells import CellTable

__all__ = ["Tradeoff", "tradeoff"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tradeoff:
    """A group's rates, and the FPR that shared PPV and FNR would force on it.

    Attributes
    ----------
    base_rate, predictive_value, false_negative_rate, false_positive_rate
        As observed, each of shape (n_groups,).
    implied
        The FPR from the identity; equal to the observed one.
    forced
        The FPR that a group would have if it kept its base rate but had the PPV and FNR of all
        rows together. It may exceed 1: then no decisions can reach that PPV and FNR there.
    """

    base_rate: Floats
    predictive_value: Floats
    false_negative_rate: Floats
    false_positive_rate: Floats
    implied: Floats
    forced: Floats


def tradeoff(cells: CellTable) -> Tradeoff:
    """Return the rates that the identity ties together, group by group.

    Parameters
    ----------
    cells
        Counts by group, outcome and decision.

    Examples
    --------
    >>> from alignlab.fairness import cell_table
    >>> y = np.array([1, 1, 0, 0, 1, 0, 0, 0]); d = np.array([1, 0, 1, 0, 1, 1, 0, 0])
    >>> found = tradeoff(cell_table(y, d, np.repeat([0, 1], 4), favourable=1))
    >>> bool(np.allclose(found.implied, found.false_positive_rate))
    True
    """
    p = cells.rate("base_rate").values
    ppv = cells.rate("positive_predictive_value").values
    fnr = cells.rate("false_negative_rate").values
    together = CellTable(
        cells.rows.sum(axis=0, keepdims=True),
        cells.weights.sum(axis=0, keepdims=True),
        cells.squares.sum(axis=0, keepdims=True),
        cells.favourable,
    )
    shared_ppv = together.rate("positive_predictive_value").values
    shared_fnr = together.rate("false_negative_rate").values
    return Tradeoff(
        p,
        ppv,
        fnr,
        cells.rate("false_positive_rate").values,
        _identity(p, ppv, fnr),
        _identity(p, shared_ppv, shared_fnr),
    )


def _identity(p: Floats, ppv: Floats, fnr: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return p / (1 - p) * (1 - ppv) / ppv * (1 - fnr)
