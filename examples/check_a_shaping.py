"""Check two bonuses for a walk across a frozen lake before anything is trained on them."""

import numpy as np

from alignlab.values import FiniteMDP, check_shaping, potential_shaping, starc_distance


def main() -> None:
    lake = FiniteMDP.from_gymnasium("FrozenLake-v1", discount=0.9, is_slippery=False)
    rows, columns = np.divmod(np.arange(16), 4)
    nearness = np.where(lake.terminal, 0, rows + columns) / 6
    offers = {
        "a bonus for being near the goal": lake.rewards + lake.on_arrival(0.3 * nearness),
        "a bonus for getting nearer": potential_shaping(lake, nearness).rewards,
    }
    for name, rewards in offers.items():
        check = check_shaping(lake, rewards)
        apart = starc_distance(lake, lake.rewards, rewards).distance
        print(f"{name}: {check.verdict}; STARC distance {apart:.3f}\n  {check.summary}")


if __name__ == "__main__":
    main()
