"""How far values can be from the optimal ones: bounds that hold, not differences that look small.

Let T be the backup (hard or soft), V' = TV, and m <= V' - V <= M in the states that don't end. As T
is monotone and T(V + c) - TV lies between 0 and γc (equal to γc where nothing ends),

    γ/(1-γ) min(m, 0)  <=  V* - V'  <=  γ/(1-γ) max(M, 0)        [puterman1994markov, sec. 6.6.3]

and without terminal states m and M themselves serve, and the middle of the two is twice as good.
Discount 1 has a bound of its own, which needs planning (`planning.undiscounted_bound`). What
rounding may have done is added everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.values.processes.linear import unsigned
from alignlab.values.processes.mdp import FiniteMDP

if TYPE_CHECKING:
    from alignlab.values.processes.sweeps import Sweeps

__all__ = ["Discounted", "ends_surely", "rounding_of", "way_to_end"]

Floats = NDArray[np.float64]

EPS = float(np.finfo(float).eps)


def rounding_of(sweeps: Sweeps, size: float, temperature: float = 0.0) -> float:
    """Return what rounding can do to one backup of values of at most `size`."""
    largest = sweeps.largest_reward + sweeps.discount * size
    # The log-sum-exp adds a logarithm of at most log A, and a rounding for each action.
    choice = temperature * (np.log(max(sweeps.n_actions, 2)) + 2) * (sweeps.n_actions + 8)
    return float(EPS * ((sweeps.longest_row + 4) * largest + choice))


@dataclass(frozen=True)
class Discounted:
    """Bounds for a discount below 1.

    Attributes
    ----------
    discount
        γ.
    ends
        Whether there is a terminal state.
    """

    discount: float
    ends: bool

    def shift(self, least: float, largest: float) -> float:
        """Return what to add to V' to stand in the middle of its bounds; 0 where things end."""
        if self.ends:
            return 0.0
        return self.discount / (1 - self.discount) * (least + largest) / 2

    def rounding(
        self,
        sweeps: Sweeps,
        values: Floats,
        least: float,
        largest: float,
        temperature: float = 0.0,
    ) -> float:
        """Return what rounding can do to a backup of V = `values`, and to shifting V'."""
        size = float(np.abs(values).max()) + max(-least, largest, 0.0)
        return rounding_of(sweeps, size + abs(self.shift(least, largest)), temperature)

    def error(self, least: float, largest: float, rounding: float) -> float:
        """Return the largest |V* - V'|, V' being shifted."""
        worst = max(-least, largest, 0.0)
        spread = worst if self.ends else (largest - least) / 2
        return float((self.discount * spread + rounding) / (1 - self.discount))


def way_to_end(mdp: FiniteMDP, allowed: NDArray[np.bool_]) -> tuple[NDArray[np.int32], bool]:
    """Return a policy of allowed actions that surely ends, and whether there is one everywhere."""
    from alignlab.values.processes import kernels

    reached = mdp.terminal.copy()
    choice = allowed.argmax(axis=1).astype(np.int32)
    pointers, targets, _ = unsigned(mdp.transitions)
    total = kernels.way_to_end(pointers, targets, allowed, reached, choice)
    return choice, total == mdp.n_states


def ends_surely(mdp: FiniteMDP, allowed: NDArray[np.bool_]) -> bool:
    """Return whether everything ends, whichever allowed actions are taken."""
    from alignlab.values.processes import kernels

    pointers, targets, _ = unsigned(mdp.transitions)
    return bool(kernels.must_end(pointers, targets, allowed, mdp.terminal.copy()) == mdp.n_states)
