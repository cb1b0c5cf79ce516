"""Finite decision processes: what can be done, what it leads to, and what it is worth."""

from alignlab.values.processes.mdp import FiniteMDP, Rewards
from alignlab.values.processes.occupancy import Occupancy, occupancy, policy_values
from alignlab.values.processes.planning import solve
from alignlab.values.processes.reward_tables import read_rewards
from alignlab.values.processes.simulation import simulate
from alignlab.values.processes.soft import soft_solve
from alignlab.values.processes.solutions import SoftSolution, Solution
from alignlab.values.processes.sweeps import soft_backward, soft_forward, soft_gradient
from alignlab.values.processes.tables import read_mdp, write_mdp

__all__ = [
    "FiniteMDP",
    "Occupancy",
    "Rewards",
    "SoftSolution",
    "Solution",
    "occupancy",
    "policy_values",
    "read_mdp",
    "read_rewards",
    "simulate",
    "soft_backward",
    "soft_forward",
    "soft_gradient",
    "soft_solve",
    "solve",
    "write_mdp",
]
