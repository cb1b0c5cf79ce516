"""Inverse reinforcement learning by maximum causal entropy: a reward that explains demonstrations.

People are taken to act by the soft policy of a reward, π(a | s) ∝ exp(Q(s, a) / T): better actions
are likelier, none is certain [ziebart2010modeling, ch. 5 and 6]. The reward is r = Σ_j w_j φ_j and
the weights maximise the objective of `dual`, exactly, so that the soft policy shows each feature as
often as the demonstrations did,

    E_π [Σ_t γ^t φ_j] = (1/n) Σ_i Σ_{t<T_i} γ^t φ_j(s_t, a_t, s_{t+1}),

with the same discount on both sides, as many rewards as decisions, and, where a trajectory was cut
off, only the stretch that was seen on either side. Intervals are by the sandwich A⁻¹ B A⁻¹ / n over
trajectories [white1982maximum]: B is the variance of a trajectory's part of the gradient and A its
Jacobian. Assumes independent trajectories, cut off for no reason that lies in their future.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets import Trajectory
from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.dual import Dual, Match, Plan
from alignlab.values.inverse.features import Features, read_features
from alignlab.values.inverse.fitting import Fit, maximise
from alignlab.values.inverse.identification import complement, identify
from alignlab.values.inverse.networks import train_network
from alignlab.values.inverse.result import IRLResult, estimate_of
from alignlab.values.processes import FiniteMDP
from alignlab.values.processes.sweeps import require_temperature

if TYPE_CHECKING:
    import torch

__all__ = ["max_causal_entropy_irl"]

Floats = NDArray[np.float64]


def max_causal_entropy_irl(
    mdp: FiniteMDP,
    demonstrations: Sequence[Trajectory],
    *,
    features: Any,
    network: torch.nn.Module | None = None,
    temperature: float = 1.0,
    match: Match = "features",
    regularization: float = 0.0,
    tolerance: float = 1e-6,
    level: float = 0.95,
    start: ArrayLike | None = None,
    max_iterations: int = 200,
) -> IRLResult:
    """Find the reward that demonstrations reveal, how sure it is, and what they cannot tell.

    Use it where what can happen is known (a `FiniteMDP`) and what people want is not. To imitate
    in the same place, `behavioural_cloning` needs less; a reward also says what people would do
    where things have changed.

    Parameters
    ----------
    mdp
        The process; its own rewards and initial distribution are not looked at.
    demonstrations
        Trajectories of any lengths; those without a step decide nothing and are not counted. One
        that arrives in a terminal state, or takes as many steps as the horizon has, is complete;
        any other was cut off, and what would have followed is filled in with the model's
        expectation.
    features
        Shape (S, k): features of the state acted in. Shape (S, A, k): of state and action. Or a
        mapping from names to rewards in any of the three forms of `FiniteMDP`, sparse r(s, a, s')
        among them; `arrival_features` makes such.
    network
        Maps the features, (S, k) or (S, A, k), to rewards, one number each. A copy is trained.
    temperature
        The unit of the weights: only their ratio to it can be told.
    match
        "features", the definition: the expectations above, so that the policy is worth what the
        demonstrations were, whatever the true weights; for many demonstrations, mostly complete.
        "decisions": the likelihood of each decision given its state, in which chance events count
        for nothing; for demonstrations that are few or cut off, or a random process, whose luck no
        policy may be able to match.
    regularization
        λ of a penalty λ/2 · Σ_j (w_j · largest |φ_j|)², for when there is no finite maximum. It
        pulls weights to 0, and they then have no intervals: theirs would not hold the true ones.
    tolerance
        The largest difference of feature expectations, each feature scaled to at most 1.
    level
        Coverage of the intervals, each by itself.
    start
        Weights to begin at, shape (k,); `None` is 0. Of use with discount 1.
    max_iterations
        Newton's steps; for a network, ten times as many steps of L-BFGS.

    Returns
    -------
    IRLResult

    Raises
    ------
    InputError
        If a demonstration cannot have happened on this process (the trajectory and the step are
        named), shapes don't fit, or the soft values are infinite.

    References
    ----------
    [ziebart2010modeling], [white1982maximum], [cao2021identifiability]

    Examples
    --------
    Left or right, once. Three of four went right, so right is worth log 3 more:

    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])
    >>> walks = [Trajectory([0, 2], [1], ended=True)] * 3 + [Trajectory([0, 1], [0], ended=True)]
    >>> right = np.zeros((3, 2)); right[0, 1] = 1.0
    >>> found = max_causal_entropy_irl(fork, walks, features={"right": right})
    >>> round(found.weights["right"].value, 4), found.converged
    (1.0986, True)
    """
    critical_value(level)
    T = require_temperature(temperature)
    require_choice(match, ["features", "decisions"], what="match")
    if not (np.isfinite(regularization) and regularization >= 0):
        raise InputError(f"regularization={regularization!r} is not a finite number from 0.")
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise InputError(f"tolerance={tolerance!r} is not a finite number above 0.")
    seen = read_demonstrations(mdp, demonstrations)
    described = read_features(mdp, features)
    dual = Dual(seen, T, match)
    options = {"tolerance": tolerance, "penalty": regularization}
    if network is not None:
        trained = train_network(dual, network, described.table, most=10 * max_iterations, **options)
        return _result(
            dual,
            described,
            trained.plan,
            mdp=mdp.with_rewards(trained.rewards),
            weights={},
            converged=trained.converged,
            gap=trained.gap,
            iterations=trained.iterations,
            not_identified=(),
            runaway={},
            level=level,
            network=trained.network,
        )
    identified = identify(seen, described)
    scale = described.scale
    free = complement(identified.null)
    counted = dual.counted(described) / scale
    fit = maximise(
        dual,
        described.expected / scale,
        counted,
        free,
        start=free @ (free.T @ (_start(start, len(scale)) * scale)),
        most=max_iterations,
        **options,
    )
    if identified.null.size:
        identified = identify(seen, described, policy=lambda step: dual.policy(fit.plan, step))
    runaway = np.zeros((len(scale), 0)) if fit.runaway is None else fit.runaway[:, None]
    runaway = np.where(np.abs(runaway) > 1e-3, runaway, 0.0)
    unknown = np.column_stack([identified.null, runaway])
    covariance, freedom = _covariance(dual, described, counted, fit, unknown, regularization)
    weights = fit.weights / scale
    covariance = covariance / np.outer(scale, scale)
    # A combination c·w is c/scale in scaled weights, so directions are divided likewise.
    unknown = unknown / scale[:, None]
    estimates = {
        name: estimate_of(each, weights, covariance, unknown, freedom, level=level, n=seen.n)
        for name, each in zip(described.names, np.eye(len(scale)), strict=True)
    }
    return _result(
        dual,
        described,
        fit.plan,
        mdp=mdp.with_rewards(described.rewards(weights)),
        weights=estimates,
        converged=fit.converged,
        gap=fit.gap,
        iterations=fit.iterations,
        not_identified=identified.hidden,
        runaway=_named(described.names, runaway / scale[:, None]),
        level=level,
        _covariance=covariance,
        _unknown=unknown,
        _freedom=freedom,
    )


def _start(given: ArrayLike | None, k: int) -> Floats:
    if given is None:
        return np.zeros(k)
    start = np.asarray(given, float)
    if start.shape != (k,) or not np.isfinite(start).all():
        raise InputError(f"start has shape {start.shape}: give {k} finite weights, one a feature.")
    return start


def _covariance(
    dual: Dual, features: Features, counted: Floats, fit: Fit, unknown: Floats, penalty: float
) -> tuple[Floats, int]:
    """Return the sandwich of the scaled weights and Student's degrees of freedom.

    Infinite under a penalty: pulled weights vary little, and not around the true ones.
    """
    parts = counted - fit.curvature.expected
    parts = parts - parts.mean(axis=0)
    n, k = parts.shape
    known = complement(unknown)
    freedom = n - known.shape[1]
    if freedom < 1 or not known.shape[1]:
        return np.zeros((k, k)), freedom
    if penalty:
        return np.full((k, k), np.inf), freedom
    jacobian = fit.curvature.information
    if dual.match == "decisions":
        jacobian = _differences(dual, features, fit)
    bread = known.T @ jacobian @ known
    pulls = parts @ known
    try:
        influence = np.linalg.solve(bread, pulls.T).T
    except np.linalg.LinAlgError:
        return np.full((k, k), np.nan), freedom
    spread = known @ (influence.T @ influence) @ known.T
    return spread / (n * freedom), freedom


def _differences(dual: Dual, features: Features, fit: Fit) -> Floats:
    """Return the negative Jacobian by central differences of the exact gradient.

    The information is the Jacobian's expectation under the model; the sandwich is about data that
    the model need not fit.
    """
    table = features.expected / features.scale
    k = table.shape[-1]
    size = 1e-4 * dual.temperature

    def slope(weights: Floats) -> Floats:
        plan = dual.plan(table @ weights)
        visits = fit.plan.visits if plan is None else plan.visits
        return np.einsum("sa,sak->k", visits, table)

    rows = [slope(fit.weights + each) - slope(fit.weights - each) for each in size * np.eye(k)]
    found = np.array(rows) / (2 * size)
    return (found + found.T) / 2


def _result(dual: Dual, features: Features, plan: Plan, **fields: Any) -> IRLResult:
    """Return the result with what the features came to on both sides."""
    seen = dual.demonstrations
    shown = seen.sums(features).mean(axis=0)
    planned = plan if dual.match == "features" else Dual(seen, dual.temperature).plan(plan.rewards)
    visits = plan.visits if planned is None else planned.visits
    modelled = np.einsum("sa,sak->k", visits, features.expected)
    return IRLResult(
        demonstrated=dict(zip(features.names, shown.tolist(), strict=True)),
        modelled=dict(zip(features.names, modelled.tolist(), strict=True)),
        temperature=dual.temperature,
        match=dual.match,
        log_likelihood=_log_likelihood(dual, plan),
        trajectories=seen.n,
        decisions=len(seen.states),
        **fields,
    )


def _log_likelihood(dual: Dual, plan: Plan) -> float:
    """Return the mean over decisions of log π(a | s)."""
    seen = dual.demonstrations
    if dual.mdp.horizon is None:
        chosen = dual.policy(plan)[seen.states, seen.actions]
    else:
        chosen = np.empty(len(seen.states))
        for time in np.unique(seen.time).tolist():
            now = seen.time == time
            chosen[now] = dual.policy(plan, time)[seen.states[now], seen.actions[now]]
    with np.errstate(divide="ignore"):
        return float(np.log(chosen).mean())


def _named(names: tuple[str, ...], directions: Floats) -> dict[str, float]:
    if not directions.shape[1]:
        return {}
    column = directions[:, 0] / np.abs(directions[:, 0]).max()
    return {name: float(value) for name, value in zip(names, column, strict=True) if value}
