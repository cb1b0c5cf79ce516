"""CartPole-v1 from 300 synthetic comparisons, beside the same algorithm under the true reward.

OMP_NUM_THREADS=1 python benchmarks/values_cartpole.py [--seeds 5] [--jobs 2] [--only NAME ...]

Each row trains PPO for the same number of steps on five seeds and gives the true return of the last
policy (100 episodes a seed), as a share of what the true reward reaches with the same seed, with
Student's interval over seeds. The controls say what the share would be for reasons that have
nothing to do with answers: CartPole pays 1 a step, so any positive constant teaches it.

In "no end" a fallen pole is put up again and the episode goes on to 200 steps, of which those count
in which the pole is within 0.03 rad of upright. A constant then teaches nothing, and neither does
the length of an episode.
"""

from __future__ import annotations

import argparse
import time
import warnings

import gymnasium
import numpy as np
from joblib import Parallel, delayed

from alignlab.intervals import mean_estimate
from alignlab.values.learning.environments import Environments
from alignlab.values.learning.policies import Policy, evaluate_policy, train_policy
from alignlab.values.learning.teachers import SyntheticTeacher
from alignlab.values.learning.training import train_from_preferences

STEPS = 60_000
NEARLY = 0.03
"""Radians from upright within which a step pays where nothing ends; the pole falls at 0.21."""

PPO = {
    "n_steps": 32,
    "batch_size": 256,
    "n_epochs": 20,
    "gamma": 0.98,
    "gae_lambda": 0.8,
    "learning_rate": 1e-3,
}
"""What RL Baselines3 Zoo publishes for CartPole; the learning rate falls in a line to 0."""

TEACHERS = {
    "perfect": {},
    "Boltzmann, rationality 3": {"rationality": 3.0},
    "a tenth mistaken": {"mistakes": 0.1},
    "myopic, 0.05 a step": {"myopia": 0.05},
    "alike within 5 steps": {"equal_within": 5.0},
    "skips below 20 steps": {"skip_below": 20.0},
}


class Again(gymnasium.Wrapper):
    """CartPole in which a fallen pole is put up again, and a step pays while it is nearly upright.

    Nothing ends and every episode has 200 steps, so that neither a constant nor a length teaches.
    """

    def step(self, action):
        seen, _, ended, _, told = self.env.step(action)
        paid = float(abs(seen[2]) < NEARLY)
        if ended:
            seen, _ = self.env.reset()
        return seen, paid, False, False, told


def again() -> gymnasium.Env:
    return gymnasium.wrappers.TimeLimit(Again(gymnasium.make("CartPole-v1").unwrapped), 200)


def under(reward, env, seed: int) -> float:
    """Return the true return after training under a reward; `None` is the true one."""
    environments = Environments(env)
    policy = Policy("PPO", PPO, 8, seed, {})
    policy = train_policy(policy, environments, reward, steps=STEPS, seed=seed, total=STEPS)
    return float(evaluate_policy(policy, environments, episodes=100, seed=seed).mean())


def from_answers(faults: dict, env, seed: int, selection: str = "disagreement") -> float:
    training = train_from_preferences(
        env,
        SyntheticTeacher(**faults, seed=seed),
        comparisons=300,
        policy_steps=STEPS,
        query_selection=selection,
        algorithm_options=PPO,
        evaluation_episodes=10,
        seed=seed,
    )
    returns = evaluate_policy(training.policy, training.environments, episodes=100, seed=seed)
    return float(returns.mean())


def ones(observations, actions):
    return np.ones(len(actions))


def rows() -> dict:
    """Return the name of each row and its function of the seed."""
    table = {"true reward": lambda seed: under(None, "CartPole-v1", seed)}
    for name, faults in TEACHERS.items():
        table[f"teacher: {name}"] = lambda seed, f=faults: from_answers(f, "CartPole-v1", seed)
    table["teacher: perfect, random questions"] = lambda seed: from_answers(
        {}, "CartPole-v1", seed, "random"
    )
    table["control: every answer the opposite"] = lambda seed: from_answers(
        {"mistakes": 1.0}, "CartPole-v1", seed
    )
    table["control: answers by a coin"] = lambda seed: from_answers(
        {"rationality": 0.0, "equal_within": None}, "CartPole-v1", seed
    )
    table["control: a constant reward of 1"] = lambda seed: under(ones, "CartPole-v1", seed)
    table["no end: true reward"] = lambda seed: under(None, again, seed)
    table["no end: teacher: perfect"] = lambda seed: from_answers({}, again, seed)
    table["no end: control: a constant reward of 1"] = lambda seed: under(ones, again, seed)
    return table


def timed(name: str, seed: int) -> tuple[float, float]:
    warnings.simplefilter("error")
    import torch

    torch.set_num_threads(1)
    start = time.perf_counter()
    return rows()[name](seed), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[""])
    options = parser.parse_args()
    reached: dict[str, np.ndarray] = {}
    print("| row | true return, per seed | mean [95 %] | share of the true reward's | s a run |")
    print("|---|---|---|---|---|")
    for name in rows():
        base = "no end: true reward" if name.startswith("no end") else "true reward"
        if name != base and not any(each in name for each in options.only):
            continue
        done = Parallel(options.jobs)(delayed(timed)(name, seed) for seed in range(options.seeds))
        returns = np.array([each for each, _ in done])
        reached[name] = returns
        share = mean_estimate(returns / reached[base])
        print(
            f"| {name} | {', '.join(f'{each:.0f}' for each in returns)} | "
            f"{mean_estimate(returns)} | {share} | {np.mean([s for _, s in done]):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
