"""How fast and how sure are recovered rewards? One gradient, whole searches, and the intervals.

    python benchmarks/values_inverse.py                # all three parts, about five minutes
    python benchmarks/values_inverse.py gradient       # or some of: gradient search coverage

A square grid with a slip, 20 steps, one feature a state. The peers run in benchmarks/.venv (`make
bench` makes it); what is not installed there is left out. Prints Markdown tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from shared import best_time, slippery_grid

from alignlab.datasets import Trajectory
from alignlab.values.inverse import max_causal_entropy_irl
from alignlab.values.processes import (
    FiniteMDP,
    simulate,
    soft_backward,
    soft_forward,
    soft_gradient,
    soft_solve,
)

HERE = Path(__file__).parent
PEERS = HERE / ".venv" / "bin" / "python"
SIZES = (100, 400, 1_024, 2_304, 10_000, 99_856)
DENSE = 2_304
"""Beyond this a dense array of transitions takes gigabytes."""

HORIZON = 20
PARTS = ("gradient", "search", "coverage")


def main() -> None:
    """Print the tables that were asked for."""
    asked = sys.argv[1:] or list(PARTS)
    if unknown := set(asked) - set(PARTS):
        sys.exit(f"There is no part {sorted(unknown)}: choose of {', '.join(PARTS)}.")
    for part in asked:
        {"gradient": gradients, "search": searches, "coverage": coverage}[part]()


def grid(states: int, *, seed: int = 0) -> FiniteMDP:
    """Return a square grid with rewards of states and no end but the horizon."""
    matrix = slippery_grid(states)
    rewards = np.random.default_rng(seed).normal(0, 0.5, matrix.shape[1])
    return FiniteMDP(matrix, rewards, discount=1.0, initial=0, horizon=HORIZON)


def gradients() -> None:
    """Print the time of one exact gradient: soft values back, visits forward."""
    print(f"\nOne exact gradient of r(s, a), horizon {HORIZON}\n")
    print("| states | alignlab (s) | bytes streamed (MB) | GB/s | imitation (s) | ratio |")
    print("|---|---|---|---|---|---|")
    for states in SIZES:
        mdp = grid(states)
        own = best_time(lambda mdp=mdp: soft_gradient(mdp, temperature=1.0))
        streamed = 2 * HORIZON * (mdp.transitions.nnz * 12) / 1e6
        peer = ask_peers("gradient", mdp) if mdp.n_states <= DENSE else {}
        took = peer.get("imitation")
        values = soft_backward(mdp)
        visits = soft_forward(mdp, None, values)
        if took is not None:
            apart = np.abs(visits.sum(axis=1) - peer["occupancy"]).max()
            if apart > 1e-9:
                sys.exit(f"The two gradients differ by {apart:.1e}.")
        ratio = "" if took is None else f"{took / own:.0f}"
        beside = "not run" if took is None else f"{took:.4f}"
        print(
            f"| {mdp.n_states:,} | {own:.5f} | {streamed:,.1f} | {streamed / 1e3 / own:.1f} | "
            f"{beside} | {ratio} |"
        )


def searches() -> None:
    """Print how long whole searches take and how near they come, from the same demonstrations."""
    print(f"\nA whole search: one weight a state, {HORIZON} steps, 2,000 demonstrations\n")
    print("| states | method | time (s) | occupancy off by (largest) | says converged |")
    print("|---|---|---|---|---|")
    for states in (25, 100):
        # From one corner the other is hardly seen, and what nobody visits has no finite weight.
        mdp = grid(states).with_initial(None)
        walks = simulate(mdp, soft_solve(mdp), 2_000, seed=0)
        starts = np.bincount([walk.states[0] for walk in walks], minlength=mdp.n_states)
        mdp = mdp.with_initial(starts / len(walks))
        begun = perf_counter()
        found = max_causal_entropy_irl(mdp, walks, features=np.eye(mdp.n_states))
        took = perf_counter() - begun
        counts = np.zeros(mdp.n_states)
        for walk in walks:
            counts += np.bincount(walk.states[:-1], minlength=mdp.n_states) / len(walks)
        off = occupancy_gap(mdp, found.expected_rewards, counts)
        told = f"{found.converged} (gap {found.gap:.0e})"
        print(f"| {states} | alignlab, with intervals | {took:.2f} | {off:.1e} | {told} |")
        for name, peer in ask_peers("search", mdp, counts=counts).items():
            rewards = np.asarray(peer["rewards"])
            off = occupancy_gap(mdp, np.repeat(rewards[:, None], 4, axis=1), counts)
            print(f"| {states} | {name} | {peer['time']:.2f} | {off:.1e} | {peer['converged']} |")


def occupancy_gap(mdp: FiniteMDP, rewards: Any, counts: Any) -> float:
    """Return how far the soft policy's visits are from the counts, in the largest state."""
    return float(np.abs(soft_gradient(mdp, rewards)[1].sum(axis=1) - counts).max())


def coverage(replicates: int = 400, trajectories: int = 60) -> None:
    """Print how often 95 % intervals hold the true weights."""
    rng = np.random.default_rng(1)
    P = np.random.default_rng(0).dirichlet(np.full(6, 0.5), (6, 3))
    true = np.array([1.2, -0.7])
    print(f"\nHow often 95 % intervals hold the truth, {replicates} replicates\n")
    print("| process | demonstrations | match | first | second | not converged |")
    print("|---|---|---|---|---|---|")
    for horizon in (None, 10):
        mdp = FiniteMDP(P, np.zeros(6), discount=0.9, terminal=5, horizon=horizon)
        x = np.where(mdp.available[..., None], rng.normal(size=(6, 3, 2)), 0.0)
        policy = soft_solve(mdp.with_rewards(x @ true))
        walks = simulate(mdp, policy, replicates * trajectories, seed=5)
        for cut in (False, True):
            for match in ("features", "decisions"):
                hits, failed = np.zeros(2), 0
                for replicate in range(replicates):
                    first = replicate * trajectories
                    some = walks[first : first + trajectories]
                    some = shortened(some, replicate) if cut else some
                    found = max_causal_entropy_irl(mdp, some, features=x, match=match)
                    failed += not found.converged
                    told = zip(found.weights.values(), true, strict=True)
                    hits += [each.low <= weight <= each.high for each, weight in told]
                shares = " | ".join(f"{share:.1%}" for share in hits / replicates)
                kind = "no horizon" if horizon is None else f"horizon {horizon}"
                seen = "cut off at random" if cut else "complete"
                print(f"| {kind} | {seen} | {match} | {shares} | {failed} |")


def shortened(walks: tuple[Trajectory, ...], seed: int) -> list[Trajectory]:
    """Return walks cut off after one to four steps."""
    rng = np.random.default_rng(seed)
    found = []
    for walk in walks:
        steps = min(len(walk), int(rng.integers(1, 5)))
        whole = steps == len(walk)
        found.append(
            Trajectory(walk.states[: steps + 1], walk.actions[:steps], ended=walk.ended and whole)
        )
    return found


def ask_peers(task: str, mdp: FiniteMDP, **more: Any) -> dict[str, Any]:
    """Return what the peers' environment measures; nothing where there is none."""
    if not PEERS.exists():
        return {}
    with tempfile.TemporaryDirectory() as name:
        given = Path(name, "given.npz")
        S, A = mdp.n_states, mdp.n_actions
        np.savez(
            given,
            transitions=mdp.transitions.toarray().reshape(S, A, S),
            rewards=mdp.rewards,
            initial=mdp.initial,
            horizon=mdp.horizon,
            **more,
        )
        done = subprocess.run(
            [PEERS, HERE / "peers_values.py", task, given],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return {}
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
