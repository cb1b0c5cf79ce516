"""The peers' side of `values_inverse.py`; runs in their environment and prints JSON.

benchmarks/.venv/bin/python benchmarks/peers_values.py gradient|search FILE.npz
"""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from time import perf_counter
from types import SimpleNamespace

import numpy as np

ITERATIONS = 1_000


def gradient(given):
    """Time imitation's two functions, which together make one gradient."""
    if importlib.util.find_spec("imitation") is None:
        return {}
    from imitation.algorithms.mce_irl import mce_occupancy_measures, mce_partition_fh

    T = given["transitions"]
    env = SimpleNamespace(
        horizon=int(given["horizon"]),
        state_dim=T.shape[0],
        action_dim=T.shape[1],
        transition_matrix=T,
        reward_matrix=given["rewards"],
        initial_state_dist=given["initial"],
    )

    def work():
        _, _, policy = mce_partition_fh(env)
        return mce_occupancy_measures(env, pi=policy)

    occupancy, _ = work()
    times = []
    while len(times) < 5 and sum(times) < 10:
        begun = perf_counter()
        work()
        times.append(perf_counter() - begun)
    # Its last row is a state that is arrived in and not acted in.
    return {"imitation": min(times), "occupancy": occupancy[:-1].sum(axis=0).tolist()}


def search(given):
    """Run imitation's whole search from the same state counts."""
    if importlib.util.find_spec("imitation") is None:
        return {}
    import torch
    from imitation.algorithms.mce_irl import MCEIRL
    from imitation.rewards.reward_nets import BasicRewardNet
    from seals.base_envs import TabularModelPOMDP

    torch.manual_seed(0)
    env = TabularModelPOMDP(
        transition_matrix=given["transitions"],
        observation_matrix=np.eye(len(given["rewards"])),
        reward_matrix=given["rewards"],
        horizon=int(given["horizon"]),
        initial_state_dist=given["initial"],
    )
    net = BasicRewardNet(
        env.observation_space,
        env.action_space,
        hid_sizes=[],
        use_action=False,
        use_done=False,
        use_next_state=False,
    )
    trainer = MCEIRL(None, env, net, rng=np.random.default_rng(0), discount=1.0, log_interval=None)
    # Its counts have one state more than decisions; what is arrived in last is added.
    trainer.demo_state_om = with_last(given)
    begun = perf_counter()
    visits = trainer.train(max_iter=ITERATIONS)
    took = perf_counter() - begun
    observations = torch.as_tensor(env.observation_matrix, dtype=net.dtype)
    rewards = net(observations, None, None, None).detach().numpy().ravel()
    return {
        f"imitation, {ITERATIONS:,} steps of Adam": {
            "time": took,
            "rewards": rewards.astype(float).tolist(),
            "converged": f"own criterion {np.abs(visits - trainer.demo_state_om).max():.0e}",
        }
    }


def with_last(given):
    """Return the counts with the state after the last step, as the true policy would leave it."""
    from imitation.algorithms.mce_irl import mce_occupancy_measures

    T = given["transitions"]
    env = SimpleNamespace(
        horizon=int(given["horizon"]),
        state_dim=T.shape[0],
        action_dim=T.shape[1],
        transition_matrix=T,
        reward_matrix=given["rewards"],
        initial_state_dist=given["initial"],
    )
    occupancy, _ = mce_occupancy_measures(env)
    return given["counts"] + occupancy[-1]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    task, path = sys.argv[1:]
    print(json.dumps({"gradient": gradient, "search": search}[task](np.load(path))))
