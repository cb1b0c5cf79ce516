"""Recover what people want from what they did, and say what their walks cannot tell.

python examples/recover_a_reward.py
"""

import numpy as np

from alignlab.values import (
    FiniteMDP,
    arrival_features,
    behavioural_cloning,
    compare_policies,
    max_causal_entropy_irl,
    policy_values,
    simulate,
    soft_solve,
    solve,
)

# Five cells in a row: a shop at the left end, a view at the right end; a step errs one time in ten.
moves = np.zeros((5, 2, 5))
for cell in range(1, 4):
    moves[cell, 0, [cell - 1, cell + 1]] = 0.9, 0.1
    moves[cell, 1, [cell - 1, cell + 1]] = 0.1, 0.9
street = FiniteMDP(
    moves,
    np.zeros(5),
    discount=0.8,
    initial=[0, 0.2, 0.6, 0.2, 0],
    action_names=["left", "right"],
    state_names=["shop", "near the shop", "middle", "near the view", "view"],
)
features = arrival_features(street, {"shop": 0, "view": 4})

# What nobody knows: the view is worth 4, the shop 2, and people dither.
wanted = street.with_rewards(2 * features["shop"] + 4 * features["view"])
walks = simulate(wanted, soft_solve(wanted), 100, length=6, seed=0)

found = max_causal_entropy_irl(street, walks, features=features, match="decisions")
print(found)
print(found.to_frame().round(2).to_string(index=False))
print("view less shop:", found.contrast({"view": 1, "shop": -1}))

later = simulate(wanted, soft_solve(wanted), 500, seed=1)
copy = behavioural_cloning(street, walks)
foresight = compare_policies(street, {"copy": copy, "reward": found.policy}, later)
print("nats a decision gained over a copy:", foresight.gain["reward"])

best = solve(found.mdp)
print("worth of the best plan by the reward:", policy_values(wanted, best)[2].round(3))
