"""The peers' side of `values_planning.py`; runs in their environment and prints JSON.

benchmarks/.venv/bin/python benchmarks/peers_planning.py FILE.npz
"""

from __future__ import annotations

import importlib.util
import json
import sys
from time import perf_counter

import numpy as np
from scipy import sparse

DENSE = 2_500
"""States up to which econirl is run: it takes the transitions as one dense array."""

LISTED = 1_000
"""States up to which pymdptoolbox is run: at 10,000 it takes most of a minute."""


def timed(work, repeats=3):
    found = work()
    times = []
    while len(times) < repeats and sum(times) < 20:
        begun = perf_counter()
        found = work()
        times.append(perf_counter() - begun)
    return min(times), found


def main(file):
    given = np.load(file)
    rewards, discount = given["rewards"], float(given["discount"])
    accuracy = float(given["accuracy"])
    S, A = rewards.shape
    matrix = sparse.csr_matrix((given["data"], given["indices"], given["indptr"]), shape=(S * A, S))
    found = {}
    if importlib.util.find_spec("quantecon"):
        from quantecon.markov import DiscreteDP

        states, actions = np.divmod(np.arange(S * A), A)
        ddp = DiscreteDP(rewards.ravel(), matrix, discount, states, actions)
        for method in ("modified_policy_iteration", "value_iteration"):
            # Its epsilon is for the policy; half of it is what the values are off by.
            seconds, result = timed(
                lambda method=method: ddp.solve(method, epsilon=accuracy, max_iter=100_000)
            )
            found[f"quantecon, {method.replace('_', ' ')}"] = seconds, result.v.tolist()
    if importlib.util.find_spec("mdptoolbox") and S <= LISTED:
        import mdptoolbox.mdp

        # Its own check of the input makes every matrix dense.
        mdptoolbox.util.check = lambda transitions, rewards: None
        parts = [matrix[a::A] for a in range(A)]

        def work():
            solver = mdptoolbox.mdp.ValueIteration(parts, rewards, discount, epsilon=accuracy)
            solver.run()
            return np.array(solver.V)

        seconds, values = timed(work, 1)
        found["pymdptoolbox, value iteration"] = seconds, values.tolist()
    if importlib.util.find_spec("econirl") and S <= DENSE:
        from econirl.core.bellman import SoftBellmanOperator
        from econirl.core.solvers import hybrid_iteration
        from econirl.core.types import DDCProblem

        problem = DDCProblem(S, A, discount, scale_parameter=1.0)
        dense = np.stack([matrix[a::A].toarray() for a in range(A)])
        operator = SoftBellmanOperator(problem, dense)
        seconds, result = timed(
            lambda: hybrid_iteration(operator, rewards, tol=accuracy * (1 - discount))
        )
        found["econirl, soft values"] = seconds, np.asarray(result.V).tolist()
    print(json.dumps(found))


main(sys.argv[1])
