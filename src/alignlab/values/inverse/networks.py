"""A reward that a network computes from features, trained by the exact gradient of the objective.

The gradient in r(s, a), counts less visits, goes back through the network; everything else is as
for a linear reward. The objective is no longer concave in the parameters, so that what is found is
a stationary point, and a network's parameters have no meaning that an interval could be about.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from alignlab.errors import InputError
from alignlab.values.inverse.dual import Dual, Plan

if TYPE_CHECKING:
    import torch

__all__ = ["NetworkFit", "train_network"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NetworkFit:
    """A trained copy of a network and what it came to.

    Attributes
    ----------
    network
        The trained copy, in double precision.
    rewards
        What it says: shape (S,) or (S, A).
    plan
        The soft policy of these rewards.
    gap
        The largest absolute entry of the gradient in the parameters.
    iterations
        Steps of L-BFGS.
    converged
        Whether the gap is at most the tolerance.
    """

    network: torch.nn.Module
    rewards: Floats
    plan: Plan
    gap: float
    iterations: int
    converged: bool


def train_network(
    dual: Dual, network: Any, table: Floats, *, tolerance: float, penalty: float, most: int
) -> NetworkFit:
    """Train a copy of `network` by L-BFGS; the network that was given stays as it is.

    Parameters
    ----------
    dual
        The objective.
    network
        Maps features to rewards.
    table
        What it is given: shape (S, k) or (S, A, k).
    tolerance
        The largest entry of the gradient.
    penalty
        λ of λ/2 · |parameters|².
    most
        The most steps.

    Raises
    ------
    InputError
        If it is no network, has nothing to train, or its rewards have another shape.
    """
    import torch

    if not isinstance(network, torch.nn.Module):
        raise InputError(
            f"network is of type {type(network).__name__}: give a torch.nn.Module that maps "
            "features to rewards, or none for a linear reward."
        )
    trained = copy.deepcopy(network).double().eval()
    parameters = [each for each in trained.parameters() if each.requires_grad]
    if not parameters:
        raise InputError("The network has no parameter to train.")
    inputs = torch.as_tensor(table, dtype=torch.float64)
    mdp = dual.mdp

    def say() -> torch.Tensor:
        said = trained(inputs)
        if said.shape == (*table.shape[:-1], 1):
            said = said[..., 0]
        if said.shape != table.shape[:-1]:
            raise InputError(
                f"The network maps features of shape {table.shape} to rewards of shape "
                f"{tuple(said.shape)}: it should say one number for each of "
                f"{table.shape[:-1]}."
            )
        return said

    def load(vector: Floats) -> None:
        with torch.no_grad():
            torch.nn.utils.vector_to_parameters(
                torch.as_tensor(vector, dtype=torch.float64), parameters
            )

    def look(vector: Floats) -> tuple[float, Floats]:
        load(vector)
        said = say()
        plan = dual.plan(mdp.expected(said.detach().numpy()))
        if plan is None:
            return 1e100, np.zeros_like(vector)
        slope = (dual.counts - plan.visits) * mdp.available
        slope = slope.sum(axis=1) if said.ndim == 1 else slope
        gradient = torch.autograd.grad(said, parameters, torch.as_tensor(slope))
        flat = torch.cat([each.reshape(-1) for each in gradient]).numpy()
        value = dual.value(plan) - penalty / 2 * float(vector @ vector)
        return -value, penalty * vector - flat

    start = torch.nn.utils.parameters_to_vector(parameters).detach().numpy().copy()
    found: Any = optimize.minimize(
        look,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": most, "maxfun": 3 * most, "gtol": tolerance, "ftol": 0.0, "maxcor": 30},
    )
    gap = float(np.abs(look(found.x)[1]).max())
    rewards = say().detach().numpy()
    plan = dual.plan(mdp.expected(rewards))
    if plan is None:
        raise InputError(
            "With the rewards of this network the soft values are infinite. Give a discount below "
            "1 or a horizon."
        )
    for each in trained.parameters():
        each.grad = None
    return NetworkFit(trained, rewards, plan, gap, int(found.nit), gap <= tolerance)
