"""A small process, walks on it, and a reference written as plainly as possible."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.values.processes import FiniteMDP


class Reference:
    """Soft planning and both objectives, straight from their definitions."""

    def __init__(self, mdp, temperature=1.0):
        S, A = mdp.n_states, mdp.n_actions
        self.mdp, self.T, self.S, self.A = mdp, temperature, S, A
        self.P = mdp.transitions.toarray().reshape(S, A, S)

    def action_values(self, r, after):
        Q = r + self.mdp.discount * self.P @ after
        return np.where(self.mdp.available, Q, -np.inf)

    def backup(self, Q):
        top = Q.max(axis=1)
        top = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            V = top + self.T * np.log(np.exp((Q - top[:, None]) / self.T).sum(axis=1))
        return np.where(self.mdp.terminal, 0.0, V)

    def values(self, r):
        """Return V_0 … V_H, or V many times over where there is no horizon."""
        V = np.zeros(self.S)
        if self.mdp.horizon is None:
            for _ in range(20_000):
                new = self.backup(self.action_values(r, V))
                done = np.abs(new - V).max() < 1e-14
                V = new
                if done:
                    break
            return [V] * 1000
        found = [V]
        for _ in range(self.mdp.horizon):
            found.append(self.backup(self.action_values(r, found[-1])))
        return found[::-1]

    def policy(self, r, t=0):
        V = self.values(r)
        Q = self.action_values(r, V[t + 1])
        chosen = np.exp((Q - V[t][:, None]) / self.T)
        return np.where(self.mdp.available, chosen, 0.0)

    def by_features(self, r, walks, realised=None):
        """Return the dual; `realised(s, a, s')` is what a step did pay, by default r(s, a)."""
        V = self.values(r)
        total = 0.0
        for walk in walks:
            for t, (s, a, after) in enumerate(
                zip(walk.states, walk.actions, walk.states[1:], strict=False)
            ):
                paid = r[s, a] if realised is None else realised(s, a, after)
                total += self.mdp.discount**t * paid
            total += self.mdp.discount ** len(walk) * V[len(walk)][walk.states[-1]]
            total -= V[0][walk.states[0]]
        return total / len(walks)

    def by_decisions(self, r, walks):
        V = self.values(r)
        total = 0.0
        for walk in walks:
            for t, (s, a) in enumerate(zip(walk.states, walk.actions, strict=False)):
                total += self.action_values(r, V[t + 1])[s, a] - V[t][s]
        return total / len(walks)


def small_process(seed=0, *, discount=0.9, horizon=None, terminal=True):
    """Six states, three actions of which one is barred in state 1; state 5 may end it."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(6, 0.5), (6, 3))
    P[1, 2] = 0.0
    return FiniteMDP(
        P, np.zeros(6), discount=discount, horizon=horizon, terminal=[5] if terminal else []
    )


def walks_on(mdp, policy, n, seed=0, *, longest=8):
    """Return trajectories of a policy (S, A), cut off at random lengths."""
    rng = np.random.default_rng(seed)
    S, A = mdp.n_states, mdp.n_actions
    P = mdp.transitions.toarray().reshape(S, A, S)
    alive = np.flatnonzero(~mdp.terminal)
    found = []
    for _ in range(n):
        states, actions = [int(rng.choice(alive))], []
        for _ in range(int(rng.integers(1, longest + 1))):
            if mdp.terminal[states[-1]]:
                break
            actions.append(int(rng.choice(A, p=policy[states[-1]])))
            states.append(int(rng.choice(S, p=P[states[-1], actions[-1]])))
        found.append(Trajectory(states, actions, ended=bool(mdp.terminal[states[-1]])))
    return found


def uniform(mdp):
    return mdp.available / np.maximum(mdp.available.sum(axis=1, keepdims=True), 1)


@pytest.fixture
def tools():
    """Hand out the functions of this file."""

    class Tools:
        reference = Reference
        process = staticmethod(small_process)
        walks = staticmethod(walks_on)
        uniform = staticmethod(uniform)

    return Tools
