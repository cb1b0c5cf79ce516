"""A process as a Gymnasium environment; the only module here that imports Gymnasium on loading."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes.mdp import FiniteMDP

__all__ = ["ProcessEnv"]

Table = dict[int, dict[int, list[tuple[float, int, float, bool]]]]


class ProcessEnv(gymnasium.Env[Any, Any]):
    """An environment that moves and pays as a process does; made by `FiniteMDP.to_gymnasium`.

    Attributes
    ----------
    mdp
        The process.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(self, mdp: FiniteMDP) -> None:
        self.mdp = mdp
        self.observation_space = gymnasium.spaces.Discrete(mdp.n_states)
        self.action_space = gymnasium.spaces.Discrete(mdp.n_actions)
        self.render_mode = None
        entry: Any = ProcessEnv
        self.spec = EnvSpec("Process-v0", entry_point=entry, kwargs={"mdp": mdp})
        self._state = -1
        self._steps = 0

    @property
    def initial_state_distrib(self) -> NDArray[np.float64]:
        """The chances of the states that it begins in, as Gymnasium's own environments call it."""
        return self.mdp.initial

    @cached_property
    def P(self) -> Table:  # noqa: N802 - the name that Gymnasium's own tables have
        """The table `P[state][action]` of (probability, next state, reward, ended)."""
        mdp, matrix = self.mdp, self.mdp.transitions
        table: Table = {}
        for s in range(mdp.n_states):
            actions = table[s] = {}
            for a in np.flatnonzero(mdp.available[s]):
                part = slice(*matrix.indptr[s * mdp.n_actions + a :][:2])
                actions[int(a)] = [
                    (float(p), int(to), self._paid(s, int(a), int(to)), bool(mdp.terminal[to]))
                    for p, to in zip(matrix.data[part], matrix.indices[part], strict=True)
                ]
            if mdp.terminal[s]:
                actions.update({a: [(1.0, s, 0.0, True)] for a in range(mdp.n_actions)})
        return table

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Begin anew, in a state drawn from the process's initial distribution."""
        super().reset(seed=seed)
        self._state = int(self.np_random.choice(self.mdp.n_states, p=self.mdp.initial))
        self._steps = 0
        return self._state, self._info()

    def step(self, action: Any) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action; one that is not available pays nothing and changes nothing."""
        if self._state < 0:
            raise InputError("The environment has not begun: call reset first.")
        if not self.action_space.contains(action):
            raise InputError(
                f"action={action!r} is not a whole number from 0 to {self.mdp.n_actions - 1}."
            )
        mdp, paid = self.mdp, 0.0
        if mdp.available[self._state, action]:
            row = self._state * mdp.n_actions + int(action)
            part = slice(*mdp.transitions.indptr[row : row + 2])
            chances, targets = mdp.transitions.data[part], mdp.transitions.indices[part]
            state = int(self.np_random.choice(targets, p=chances / chances.sum()))
            paid = self._paid(self._state, int(action), state)
            self._state = state
        self._steps += 1
        ended = bool(mdp.terminal[self._state])
        late = mdp.horizon is not None and self._steps >= mdp.horizon
        return self._state, paid, ended, late and not ended, self._info()

    def _paid(self, state: int, action: int, target: int) -> float:
        rewards = self.mdp.rewards
        if isinstance(rewards, sparse.csr_array):
            return float(rewards[state * self.mdp.n_actions + action, target])
        return float(rewards[state] if rewards.ndim == 1 else rewards[state, action])

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self.mdp.available[self._state].astype(np.int8)}
