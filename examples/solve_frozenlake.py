"""Solve a slippery lake exactly, say how sure the values are, and draw what is best where."""

from pathlib import Path

from alignlab.values.processes import FiniteMDP, occupancy, simulate, soft_solve, solve


def main() -> None:
    lake = FiniteMDP.from_gymnasium("FrozenLake-v1", discount=0.99)
    best = solve(lake)
    print(f"worth of the start: {best.values[0]:.4f}, off by at most {best.error_bound:.0e}")

    # Which of two equal actions comes first is chance; the set of best actions is not.
    equal = best.optimal_actions()[6].nonzero()[0]
    print("equally good beside two holes:", " or ".join(lake.action_name(a) for a in equal))

    # Somebody who slips in choosing, too: better actions are likelier, not certain.
    human = soft_solve(lake, temperature=0.02)
    visits = occupancy(lake, human)
    print(f"reaches the goal: {visits.states[15]:.1%} (discounted)")
    walks = simulate(lake, human, 1000, seed=0)
    print(f"reaches the goal in {sum(walk.states[-1] == 15 for walk in walks)} of 1000 walks")

    folder = Path("alignlab-report")
    folder.mkdir(exist_ok=True)
    (folder / "lake.svg").write_text(best.chart().svg())
    print(f"a picture is in {folder / 'lake.svg'}")


if __name__ == "__main__":
    main()
