"""Finite decision processes: what can be done, what it leads to, and what it is worth."""

from alignlab.values.processes.mdp import FiniteMDP, Rewards

__all__ = ["FiniteMDP", "Rewards"]
