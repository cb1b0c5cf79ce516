"""What demonstrations say of rewards: an objective, its exact gradient and its curvature.

With soft values V, policy π, temperature T and rewards r(s, a), both objectives have one form,

    L(r) = Σ c(s, a) r(s, a) - Σ_t Σ_s b_t(s) V_t(s),     dL/dr(s, a) = c(s, a) - D(s, a),

where D are the discounted visits of what starts as often as b says: one pass back, one forward.

*Features*: the dual of maximum causal entropy [ziebart2010modeling, ch. 5 and 6]. c counts what was
done, discounted, and b counts the starts less, discounted, where trajectories were cut off: the
rest that nobody saw is what the model expects of it. The gradient in weights is the mean over
trajectories of Σ_t γ^t φ_t + γ^T U(s_T) - U(s_0).

*Decisions*: T times the log-likelihood Σ_t log π(a_t | s_t) [rust1987optimal], T log π = Q - V. c
counts every decision once, b counts the states of decisions less γ times the expected states after
them. The gradient is the mean over trajectories of Σ_t [G(s_t, a_t) - U(s_t)].

G(s, a) = φ + γ Σ_s' P U(s') and U(s) = Σ_a π(a | s) G(s, a) are the successor features of π. The
negative Jacobian is (1/T) Σ_s d(s) Cov_{a ~ π(s)} G(s, a), with the visits d of the model for
features, exactly, and of the demonstrations for decisions, in expectation under the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from alignlab.errors import InputError
from alignlab.values.inverse.demonstrations import Demonstrations
from alignlab.values.inverse.features import Features
from alignlab.values.processes import FiniteMDP
from alignlab.values.processes.linear import DIRECT, policy_matrix, solve_policy
from alignlab.values.processes.soft import soft_solve
from alignlab.values.processes.sweeps import Sweeps, soft_gradient

__all__ = ["Curvature", "Dual", "Match", "Plan", "successor_features"]

Floats = NDArray[np.float64]

Match = Literal["features", "decisions"]

ACCURACY = 1e-12
"""How far values may be off, as a share of the largest one: a gradient needs all their digits."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The soft policy of some rewards, seen from the demonstrations.

    Attributes
    ----------
    rewards
        r(s, a), shape (S, A).
    values
        V, shape (S,), or (H + 1, S) with a horizon.
    visits
        What the model visits, D(s, a), shape (S, A).
    worth
        - Σ b V: the objective less its linear part.
    """

    rewards: Floats
    values: Floats
    visits: Floats
    worth: float


@dataclass(frozen=True, eq=False)
class Curvature:
    """How the gradient is made up, and how it moves with the weights.

    Attributes
    ----------
    information
        The negative Jacobian of the gradient, shape (k, k).
    expected
        What the model expected of each trajectory, shape (n, k): what was counted less this is the
        trajectory's part of the gradient.
    """

    information: Floats
    expected: Floats


class Dual:
    """The objective of some demonstrations; planning begins where the last planning stopped.

    Parameters
    ----------
    demonstrations
        What was demonstrated, and on what process.
    temperature
        How random the soft policy is, in units of reward.
    match
        Which objective.
    """

    def __init__(
        self, demonstrations: Demonstrations, temperature: float, match: Match = "features"
    ) -> None:
        self.demonstrations = demonstrations
        self.mdp = demonstrations.mdp
        self.temperature = temperature
        self.match = match
        by_features = match == "features"
        self.counts = demonstrations.counts if by_features else demonstrations.decisions
        self._begins = demonstrations.begins() if by_features else demonstrations.passages()
        self._warm: Floats | None = None
        self._guess: Floats | None = None

    def counted(self, features: Features) -> Floats:
        """Return what was counted of features in each trajectory, shape (n, k)."""
        seen = self.demonstrations
        if self.match == "features":
            return seen.sums(features)
        total = np.zeros((seen.n, len(features.names)))
        np.add.at(total, seen.owner, features.expected[seen.states, seen.actions])
        return total

    def plan(self, rewards: Floats) -> Plan | None:
        """Return the plan for r(s, a), or `None` if its values are infinite."""
        if self.mdp.horizon is not None:
            return self._finite(rewards)
        return self._stationary(rewards)

    def value(self, plan: Plan) -> float:
        """Return L(r) where rewards are functions of state and action."""
        return float((self.counts * plan.rewards).sum()) + plan.worth

    def curvature(self, plan: Plan, features: Floats) -> Curvature:
        """Return the Jacobian and each trajectory's expected features.

        Parameters
        ----------
        plan
            At the weights in question.
        features
            Expected features, shape (S, A, k).
        """
        if self.mdp.horizon is not None:
            return self._finite_curvature(plan, features)
        policy = self._policy(plan.values, plan.rewards)
        G, U = successor_features(self.mdp, policy, features)
        expected = np.zeros((self.demonstrations.n, features.shape[-1]))
        visits = plan.visits
        if self.match == "decisions":
            visits = self.counts.sum(axis=1, keepdims=True) * policy
        self._expect(expected, None, G - features, U)
        return Curvature(_covariance(G, U, visits) / self.temperature, expected)

    def _expect(self, expected: Floats, time: int | None, later: Floats, U: Floats) -> None:
        """Add to each trajectory what is expected of it at a time, or at all times alike.

        `later` is γ Σ_s' P U(s'): what is expected after a step.
        """
        seen = self.demonstrations
        if self.match == "features":
            if not time:
                expected += U[seen.starts]
            stopped = seen.cut if time is None else seen.cut & (seen.lengths == time)
            expected[stopped] -= seen.rest[stopped, None] * U[seen.ends[stopped]]
            return
        now = slice(None) if time is None else seen.time == time
        states, actions = seen.states[now], seen.actions[now]
        np.add.at(expected, seen.owner[now], U[states] - later[states, actions])

    def policy(self, plan: Plan, step: int = 0) -> Floats:
        """Return the soft policy at a step, shape (S, A)."""
        after = plan.values if self.mdp.horizon is None else plan.values[step + 1]
        return self._policy(after, plan.rewards)

    def _policy(self, after: Floats, rewards: Floats) -> Floats:
        chosen = np.empty((self.mdp.n_states, self.mdp.n_actions))
        with Sweeps(self.mdp, rewards) as sweeps:
            sweeps.soft(after, np.empty(self.mdp.n_states), self.temperature, chosen)
        return chosen

    def _stationary(self, rewards: Floats) -> Plan | None:
        values = self._soft_values(rewards, self._warm)
        if values is None and self._warm is not None:
            # At discount 1 values that were right for other rewards can lead astray.
            values = self._soft_values(rewards, None)
        if values is None:
            return None
        self._warm = values
        policy = self._policy(values, rewards)
        begins = self._begins[0]
        here = _solver(self.mdp, policy)(begins, True, self._guess)
        self._guess = here
        return Plan(rewards, values, here[:, None] * policy, -float(begins @ values))

    def _soft_values(self, rewards: Floats, start: Floats | None) -> Floats | None:
        size = max(float(np.abs(rewards).max()), self.temperature)
        try:
            return soft_solve(
                self.mdp.with_rewards(rewards),
                temperature=self.temperature,
                tolerance=ACCURACY * size,
                start=start,
            ).values
        except (InputError, RuntimeError):
            # At discount 1 the equations of a policy that never ends have no solution.
            return None

    def _finite(self, rewards: Floats) -> Plan:
        if self._begins.keys() == {0}:
            start = self._begins[0]
            values, visits = soft_gradient(
                self.mdp, rewards, temperature=self.temperature, start=start
            )
            return Plan(rewards, values, visits, -float(start @ values[0]))
        horizon = int(self.mdp.horizon or 0)
        values = np.zeros((horizon + 1, self.mdp.n_states))
        with Sweeps(self.mdp, rewards) as sweeps:
            unkept = np.empty((horizon, 0, self.mdp.n_actions))
            sweeps.soft_backward(values, unkept, self.temperature)
        visits = np.zeros((self.mdp.n_states, self.mdp.n_actions))
        for _ in self._masses(rewards, values, visits):
            pass
        worth = -sum(float(begins @ values[time]) for time, begins in self._begins.items())
        return Plan(rewards, values, visits, worth)

    def _finite_curvature(self, plan: Plan, features: Floats) -> Curvature:
        seen, k = self.demonstrations, features.shape[-1]
        S, A = self.mdp.n_states, self.mdp.n_actions
        horizon = int(self.mdp.horizon or 0)
        if self.match == "features":
            masses = list(self._masses(plan.rewards, plan.values, np.zeros((S, A))))
        information, expected = np.zeros((k, k)), np.zeros((seen.n, k))
        U = np.zeros((S, k))
        for t in range(horizon - 1, -1, -1):
            policy = self.policy(plan, t)
            G = _led_to(self.mdp, features, U)
            U = _mean(policy, G)
            if self.match == "features":
                mass = masses[t]
            else:
                mass = np.bincount(seen.states[seen.time == t], minlength=S) / seen.n
            information += _covariance(G, U, mass[:, None] * policy)
            self._expect(expected, t, G - features, U)
        return Curvature(information / self.temperature, expected)

    def _masses(self, rewards: Floats, values: Floats, visits: Floats) -> Iterator[Floats]:
        """Yield how often the model is in each state at each step; add to the visits."""
        mass = np.zeros(self.mdp.n_states)
        with Sweeps(self.mdp, rewards) as sweeps:
            for t in range(len(values) - 1):
                mass = mass + self._begins[t] if t in self._begins else mass
                yield mass
                arrived = np.empty_like(mass)
                sweeps.soft_forward(values[t + 1], mass, arrived, visits, self.temperature)
                mass = arrived


def successor_features(mdp: FiniteMDP, policy: Floats, features: Floats) -> tuple[Floats, Floats]:
    """Return G, shape (S, A, k), and U, shape (S, k), of a policy without a horizon."""
    shown = _mean(policy, features)
    U = _solver(mdp, policy)(shown, False, None)
    return _led_to(mdp, features, U), U


def _solver(mdp: FiniteMDP, policy: Floats) -> Callable[[Floats, bool, Floats | None], Floats]:
    """Return what solves (I - γ P_π) x = b, or its transpose, for one or many b."""
    matrix = policy_matrix(mdp, policy)
    if mdp.n_states <= DIRECT:
        system = sparse.eye_array(mdp.n_states) - mdp.discount * matrix
        factors: Any = splu(sparse.csc_array(system))

        def direct(right: Floats, transposed: bool, guess: Floats | None) -> Floats:
            return factors.solve(right, "T" if transposed else "N")

        return direct

    def iterative(right: Floats, transposed: bool, guess: Floats | None) -> Floats:
        if right.ndim == 2:
            columns = [iterative(np.ascontiguousarray(each), transposed, None) for each in right.T]
            return np.stack(columns, axis=1)
        size = np.abs(right).sum() if transposed else np.abs(right).max(initial=0.0)
        return solve_policy(
            matrix,
            mdp.discount,
            right,
            accuracy=1e-12 * float(size),
            transposed=transposed,
            guess=guess,
        )[0]

    return iterative


def _mean(policy: Floats, features: Floats) -> Floats:
    return np.einsum("sa,sak->sk", policy, features)


def _led_to(mdp: FiniteMDP, features: Floats, after: Floats) -> Floats:
    """Return φ + γ P U, 0 where an action is not available."""
    return features + mdp.discount * (mdp.transitions @ after).reshape(features.shape)


def _covariance(G: Floats, U: Floats, visits: Floats) -> Floats:
    """Return Σ_s d(s) Cov_{a ~ π(s)} G(s, a), with visits D(s, a) = d(s) π(a | s)."""
    k = U.shape[1]
    centred = (G - U[:, None, :]).reshape(-1, k)
    return centred.T @ (visits.reshape(-1, 1) * centred)
