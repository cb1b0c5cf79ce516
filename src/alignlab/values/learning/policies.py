"""Policies as values: arrays that go into Stable-Baselines3, act or improve there, and come out.

Nothing lives on between two calls: each builds its environments and its algorithm anew, puts the
weights and the optimiser's moments in, and seeds every source of chance from one number. A run that
is stopped between calls is therefore the same run when it goes on, and no pickle is written or read
[raffin2021stable]. The library draws from the global generators of Python, NumPy and PyTorch; what
they were before a call they are after it.

An episode that is cut off by a time limit is worth what its last state is worth; one that ended is
worth nothing more [pardo2018time]. Stable-Baselines3 does both, given the two flags.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError, MissingExtraError, nearest, require_choice
from alignlab.plain import plain
from alignlab.values.learning.environments import Environments, is_count

__all__ = ["Policy", "evaluate_policy", "roll_out", "train_policy"]

Arrays = Mapping[str, NDArray[Any]]
StepReward = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.floating[Any]]]

ALGORITHMS = ("PPO", "A2C")
"""Those whose whole state is the network and its optimiser: no replay buffer to keep or relabel."""

GATHERED = 2048
"""Steps, over all copies of the environment, that PPO learns from in one go: the library's own."""

OURS = ("policy", "env", "seed", "device", "verbose", "tensorboard_log", "_init_setup_model")


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy network's weights and its optimiser's moments, as plain arrays.

    Attributes
    ----------
    algorithm
        "PPO" or "A2C".
    options
        The algorithm's, as given.
    n_envs
        How many copies of the environment it learns in.
    arrays
        Name to array; empty for a policy that nothing was learned for yet.
    steps
        Environment steps that it has learned from.
    seed
        Of its first weights.
    """

    algorithm: str
    options: Mapping[str, Any]
    n_envs: int
    seed: int
    arrays: Arrays
    steps: int = 0

    def __post_init__(self) -> None:
        require_choice(self.algorithm, ALGORITHMS, what="algorithm")
        allowed = list(inspect.signature(_algorithm(self.algorithm)).parameters)
        for name in self.options:
            if name not in allowed or name in OURS:
                rest = [n for n in allowed if n not in OURS]
                raise InputError(
                    f"{name!r} is not an option of {self.algorithm} that can be set here."
                    f"{nearest(name, rest)}"
                )
        if plain(self.options) != self.options:
            raise InputError(
                "The algorithm's options must be numbers, texts, and lists and dictionaries of "
                "them: they are written down with the run."
            )
        if not is_count(self.n_envs):
            raise InputError(f"n_envs={self.n_envs!r} is not a whole number from 1.")
        if self.algorithm == "PPO":
            object.__setattr__(self, "options", _whole_batches(self.options, self.n_envs))

    @property
    def learning_rate(self) -> float:
        """The learning rate that it begins with."""
        return float(self._option("learning_rate"))

    @property
    def gathered(self) -> int:
        """Steps, over all copies, that one update learns from."""
        return int(self._option("n_steps")) * self.n_envs

    def steps_for(self, wanted: int) -> int:
        """Return how many steps it learns from where so many are wanted: whole updates."""
        return -(-wanted // self.gathered) * self.gathered

    def _option(self, name: str) -> Any:
        usual = inspect.signature(_algorithm(self.algorithm)).parameters[name].default
        return self.options.get(name, usual)

    def act(self, environments: Environments) -> Callable[[Any], Any]:
        """Return a function from one observation to the action that the policy thinks best."""
        with _contained():
            model = _built(self, environments.copies(1))

        def chosen(observation: Any) -> Any:
            return model.predict(np.asarray(observation), deterministic=True)[0]

        return chosen


def train_policy(
    policy: Policy,
    environments: Environments,
    reward: StepReward | None,
    *,
    steps: int,
    seed: int,
    total: int | None = None,
) -> Policy:
    """Return the policy improved for `steps` steps under a reward.

    Parameters
    ----------
    policy
        Where to start.
    environments
        Where to learn.
    reward
        From observations (n, ...) and actions (n, ...) to n rewards; `None` takes the
        environment's own.
    steps
        At least so many; the algorithm finishes the batch that it is in.
    seed
        Of everything that is drawn.
    total
        Steps that will have been learned from in all, over this call and others (`steps_for`): the
        learning rate falls in a line from the first update to what would be the one after the
        last, which alone would have none, so that the last policy is settled. `None` leaves it as
        it is.
    """
    with _contained():
        venv = environments.copies(policy.n_envs)
        if reward is not None:
            venv = _paying(venv, reward)
        model = _built(policy, venv, seed, learning=True)
        if total is not None:
            end, first = policy.steps + steps, policy.learning_rate

            def rate(remaining: float) -> float:
                # The library asks once a batch is gathered, and this batch is yet to be learned.
                begun = (1 - remaining) * end - policy.gathered
                return first * max(1 - begun / total, 0.0)

            model.learning_rate = rate
            model._setup_lr_schedule()
        model.learn(steps, reset_num_timesteps=False)
        _close(venv, environments)
        return _taken(policy, model)


def roll_out(
    policy: Policy, environments: Environments, *, steps: int, seed: int
) -> tuple[Trajectory, ...]:
    """Return what the policy does, with its own randomness, in about `steps` steps.

    Every copy of the environment goes the same number of steps, so that short episodes are no more
    frequent than they are; what is then unfinished is cut off. Rewards are the environment's own.
    """
    with _contained():
        venv = environments.copies(policy.n_envs)
        model = _built(policy, venv, seed)
        walks = [_Walk() for _ in range(venv.num_envs)]
        done: list[Trajectory] = []
        observations = venv.reset()
        for _ in range(-(-steps // venv.num_envs)):
            actions, _ = model.predict(observations, deterministic=False)
            following, rewards, dones, infos = venv.step(actions)
            for at, walk in enumerate(walks):
                walk.add(observations[at], actions[at], rewards[at])
                if dones[at]:
                    last = infos[at]["terminal_observation"]
                    done.append(walk.cut(last, not infos[at].get("TimeLimit.truncated", False)))
            observations = following
        done += [walk.cut(observations[at], False) for at, walk in enumerate(walks) if walk.actions]
        _close(venv, environments)
    return tuple(done)


def evaluate_policy(
    policy: Policy, environments: Environments, *, episodes: int, seed: int
) -> NDArray[np.float64]:
    """Return the true returns of whole episodes in which the policy does what it thinks best.

    Each copy of the environment has its share of episodes to finish, however long they are: to
    take the first that finish would be to prefer short ones.
    """
    with _contained():
        venv = environments.copies(min(policy.n_envs, episodes))
        model = _built(policy, venv, seed)
        share, more = divmod(episodes, venv.num_envs)
        left = np.array([share + (at < more) for at in range(venv.num_envs)])
        running = np.zeros(venv.num_envs)
        returns: list[float] = []
        observations = venv.reset()
        while left.any():
            actions, _ = model.predict(observations, deterministic=True)
            observations, rewards, dones, _ = venv.step(actions)
            running += rewards
            for at in np.flatnonzero(dones):
                if left[at]:
                    returns.append(float(running[at]))
                    left[at] -= 1
                running[at] = 0
        _close(venv, environments)
    return np.array(returns)


class _Walk:
    """One episode while it is walked."""

    def __init__(self) -> None:
        self.states: list[Any] = []
        self.actions: list[Any] = []
        self.rewards: list[float] = []

    def add(self, state: Any, action: Any, reward: float) -> None:
        self.states.append(flat(state))
        self.actions.append(flat(action))
        self.rewards.append(float(reward))

    def cut(self, last: Any, ended: bool) -> Trajectory:
        states = np.array([*self.states, flat(last)])
        made = Trajectory(states, np.array(self.actions), np.array(self.rewards), ended)
        self.__init__()  # type: ignore[misc]
        return made


def flat(value: Any) -> Any:
    """Return a number as it is and an array as a vector, as `Trajectory` holds them."""
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array.astype(np.float64).ravel()


def _whole_batches(options: Mapping[str, Any], n_envs: int) -> dict[str, Any]:
    """Return PPO's options with what it gathers and learns from, the one divided by the other."""
    batch = options.get("batch_size", 64)
    unit = batch // math.gcd(batch, n_envs)
    n_steps = options.get("n_steps", unit * max(round(GATHERED / (n_envs * unit)), 1))
    if n_steps * n_envs % batch:
        raise InputError(
            f"PPO gathers n_steps × n_envs = {n_steps * n_envs} steps, which batch_size={batch} "
            "does not divide. Choose one that does."
        )
    return {**options, "n_steps": n_steps, "batch_size": batch}


def _algorithm(name: str) -> Any:
    try:
        import stable_baselines3
    except ImportError as error:
        raise MissingExtraError("stable-baselines3", "rl", "Training a policy") from error
    return getattr(stable_baselines3, name)


def _built(policy: Policy, venv: Any, seed: int | None = None, *, learning: bool = False) -> Any:
    """Return the algorithm with the policy's weights and moments in it."""
    import torch

    make = _algorithm(policy.algorithm)
    options = dict(policy.options)
    if policy.algorithm == "PPO" and not learning:
        # No buffer is filled: the smallest one that the library does not warn of will do.
        options |= {"n_steps": 2, "batch_size": 2 * venv.num_envs}
    model = make("MlpPolicy", venv, seed=policy.seed, device="cpu", verbose=0, **options)
    network, optimizer = model.policy, model.policy.optimizer
    if policy.arrays:
        weights = {k: torch.tensor(policy.arrays[f"weights.{k}"]) for k in network.state_dict()}
        network.load_state_dict(weights)
        moments: dict[int, dict[str, Any]] = {}
        for key, array in policy.arrays.items():
            kind, _, rest = key.partition(".")
            if kind == "moments":
                at, _, name = rest.partition(".")
                moments.setdefault(int(at), {})[name] = torch.tensor(array)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    model.num_timesteps = policy.steps
    if seed is not None:
        model.set_random_seed(seed)
    return model


def _taken(policy: Policy, model: Any) -> Policy:
    """Return what the algorithm has come to."""
    import torch

    arrays = {f"weights.{k}": v.numpy().copy() for k, v in model.policy.state_dict().items()}
    for at, moments in model.policy.optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            arrays[f"moments.{at}.{name}"] = torch.as_tensor(value).numpy().copy()
    return Policy(
        policy.algorithm, policy.options, policy.n_envs, policy.seed, arrays, model.num_timesteps
    )


def _paying(venv: Any, reward: StepReward) -> Any:
    """Return the environments with their reward replaced by one of observation and action."""
    from stable_baselines3.common.vec_env import VecEnvWrapper

    class Paying(VecEnvWrapper):  # type: ignore[misc,unused-ignore]
        def reset(self) -> Any:
            self.seen = self.venv.reset()
            return self.seen

        def step_async(self, actions: Any) -> None:
            self.done = actions
            self.venv.step_async(actions)

        def step_wait(self) -> Any:
            following, _, dones, infos = self.venv.step_wait()
            paid = np.asarray(reward(self.seen, self.done), np.float32)
            self.seen = following
            return following, paid, dones, infos

    return Paying(venv)


def _close(venv: Any, environments: Environments) -> None:
    if not environments.is_one:
        venv.close()


@contextmanager
def _contained() -> Iterator[None]:
    """Leave the global generators as they were found: the library seeds and draws from them."""
    import torch

    before = random.getstate(), np.random.get_state()  # noqa: NPY002 - kept, not drawn from
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    precision = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)  # the library's observations are of no other
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_default_dtype(precision)
