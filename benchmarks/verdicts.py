"""Do the fairness verdicts keep their promise? Simulated audits; prints a Markdown table.

    python benchmarks/verdicts.py            # about a minute

The simulations of the tests, with more draws: false alarms where groups are alike, alarms where
they are not, and the coverage of the limits of the largest gap and the smallest ratio.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.fairness import RateByGroup, disparity, from_rate, weak_slices

AUDITS = 6_000
SEARCHES = 400

SCENARIOS = {
    "12 groups of 30, all 0.30": ([30] * 12, [0.3] * 12),
    "2 groups of 3,000: 0.40, 0.30": ([3000, 3000], [0.4, 0.3]),
    "groups of 40, 60: 0.50, 0.10": ([40, 60], [0.5, 0.1]),
    "groups of 200, 100, 50: 0.10, 0.20, 0.30": ([200, 100, 50], [0.1, 0.2, 0.3]),
}


def simulated(sizes: list[int], rates: list[float]) -> dict[str, float]:
    """Return how often a gap is called sure, four fifths fails, and the limits cover."""
    rng = np.random.default_rng(5)
    n = np.array(sizes)
    gap, ratio = max(rates) - min(rates), min(rates) / max(rates)
    counts = dict.fromkeys(["sure gap", "four fifths", "naive four fifths", "gap", "ratio"], 0)
    for _ in range(AUDITS):
        shares = rng.binomial(n, rates) / n
        found = disparity(
            from_rate(RateByGroup(shares, n.astype(float), n), [str(k) for k in range(len(n))])
        )
        counts["sure gap"] += found.gap.low > 0
        counts["four fifths"] += any(p.differs and p.ratio < 0.8 for p in found.pairs)
        counts["naive four fifths"] += found.ratio.value < 0.8
        counts["gap"] += found.gap.low <= gap <= found.gap.high
        counts["ratio"] += found.ratio.low <= ratio <= found.ratio.high
    return {name: count / AUDITS for name, count in counts.items()}


def false_slices() -> tuple[float, int]:
    """Return how often a weak slice is found where there is none, and how many were tried."""
    rng = np.random.default_rng(1)
    alarms = tried = 0
    for _ in range(SEARCHES):
        frame = pd.DataFrame(rng.integers(0, 4, (1000, 8)))
        found, tried = weak_slices((rng.random(1000) < 0.1).astype(float), frame)
        alarms += bool(found)
    return alarms / SEARCHES, tried


def main() -> None:
    """Print the table."""
    print(f"| {AUDITS:,} audits each | sure gap | four fifths fails | naive rule fails | "
          "gap covered | ratio covered |\n|---|---|---|---|---|---|")  # fmt: skip
    for name, (sizes, rates) in SCENARIOS.items():
        row = simulated(sizes, rates)
        print(f"| {name} | " + " | ".join(f"{100 * value:.1f} %" for value in row.values()) + " |")
    share, tried = false_slices()
    print(f"\nFalse weak slices: {100 * share:.1f} % of {SEARCHES} searches over {tried} slices.")


if __name__ == "__main__":
    main()
