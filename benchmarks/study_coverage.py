"""How often the intervals of a study hold the truth at 3 to 30 seeds, and what others' would do.

Nominal 95 %. Tasks lie one standard deviation of their seeds apart; runs are normal, heavy-tailed
(Student's t with 3 degrees of freedom), skewed (log-normal), or of spreads that differ tenfold
between tasks. The truth of a trimmed mean is that of four hundred thousand runs a task. Then: how
often one of twenty true null hypotheses is called false, and whether a plan's power is what the
analysis delivers. Run it with `python benchmarks/study_coverage.py [SIMULATIONS [PART …]]`.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy import special, stats

from alignlab.families import holm
from alignlab.study.plans.power import difference_power
from alignlab.study.statistics import (
    equivalence_test,
    estimate_difference,
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
    standardised_difference,
    t_test,
)

RESAMPLES = 500
SLOWER = 4
"""One simulation in so many is bootstrapped as well."""
SEEDS = (3, 5, 10, 30)
FAMILY = 20

DRAWN = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy": lambda rng, shape: rng.standard_t(3, shape),
    "skewed": lambda rng, shape: np.exp(rng.standard_normal(shape)),
    "unequal": lambda rng, shape: (
        rng.standard_normal(shape) * np.geomspace(0.3, 3, shape[-2])[:, None]
    ),
}


def offsets(tasks):
    return np.linspace(-(tasks - 1) / 2, (tasks - 1) / 2, tasks)[:, None]


def percentiles(values, rng):
    """The percentile intervals of a bootstrap by task, as rliable's: of the mean and the IQM."""
    tasks, n = values.shape
    picked = rng.integers(0, n, (RESAMPLES, tasks, n))
    drawn = np.take_along_axis(np.broadcast_to(values, (RESAMPLES, tasks, n)), picked, axis=2)
    drawn = drawn.reshape(RESAMPLES, -1)
    return [np.quantile(each, [0.025, 0.975]) for each in (drawn.mean(axis=1), trimmed(drawn))]


def trimmed(values):
    """The interquartile mean of each row."""
    cut = values.shape[1] // 4
    return np.sort(values, axis=1)[:, cut : values.shape[1] - cut].mean(axis=1)


def holds(found, truth):
    low, high = (found.low, found.high) if hasattr(found, "low") else found
    return low <= truth <= high


def means(simulations):
    print("\nMean and interquartile mean (IQM): share of intervals that hold the truth")
    print("runs     tasks seeds   mean t  bootstrap |  IQM ours  pooled  bootstrap")
    for kind, draw in DRAWN.items():
        for tasks in (1, 5):
            if kind == "unequal" and tasks == 1:
                continue
            rng = np.random.default_rng(tasks)
            many = draw(rng, (tasks, 400_000)) + offsets(tasks)
            truth, middle = many.mean(), stats.trim_mean(many, 0.25, axis=None)
            if kind != "skewed":
                truth = 0.0
            if kind in ("normal", "heavy"):
                middle = 0.0
            for n in SEEDS:
                held, peers = np.zeros(3), []
                for at in range(simulations):
                    x = draw(rng, (tasks, n)) + offsets(tasks)
                    held += [
                        holds(estimate_difference(x), truth),
                        holds(interquartile_mean(x), middle),
                        holds(interquartile_mean(x.ravel()), middle),
                    ]
                    if at % SLOWER == 0:
                        mean, iqm = percentiles(x, rng)
                        peers.append([holds(mean, truth), holds(iqm, middle)])
                a, b, c = held / simulations
                d, e = np.mean(peers, axis=0)
                print(
                    f"{kind:8} {tasks:5} {n:5}    {a:.3f}     {d:.3f} |     {b:.3f}   {c:.3f}"
                    f"      {e:.3f}",
                    flush=True,
                )


def improvements(simulations):
    print("\nProbability of improvement: score interval by task")
    print("runs     tasks seeds   truth    ours")
    for kind in ("normal", "heavy", "unequal"):
        for tasks in (1, 5):
            if kind == "unequal" and tasks == 1:
                continue
            rng = np.random.default_rng(tasks)
            for shift in (0.0, 1.0, 3.0):
                if kind == "normal":
                    truth = float(special.ndtr(shift / np.sqrt(2)))
                else:
                    x, y = (draw_many(kind, rng, tasks) for _ in range(2))
                    truth = float((x + shift > y).mean())
                for n in SEEDS:
                    held = np.mean(
                        [
                            holds(
                                probability_of_improvement(
                                    DRAWN[kind](rng, (tasks, n)) + shift,
                                    DRAWN[kind](rng, (tasks, n)),
                                ),
                                truth,
                            )
                            for _ in range(simulations)
                        ]
                    )
                    print(f"{kind:8} {tasks:5} {n:5}   {truth:.3f}   {held:.3f}", flush=True)


def draw_many(kind, rng, tasks):
    return DRAWN[kind](rng, (tasks, 400_000))


def effects(simulations):
    print("\nEffect size 0.8 (noncentral t), and the band of a profile")
    print("runs     tasks seeds   effect   band")
    grid = np.linspace(-6, 6, 241)
    for kind in ("normal", "heavy", "unequal"):
        law = stats.t(3) if kind == "heavy" else stats.norm
        for tasks in (1, 5):
            if kind == "unequal" and tasks == 1:
                continue
            rng = np.random.default_rng(tasks)
            scales = np.geomspace(0.3, 3, tasks)[:, None] if kind == "unequal" else np.ones((1, 1))
            profile = law.sf((grid - offsets(tasks)) / scales).mean(axis=0)
            deviation = law.std() * np.sqrt(np.mean(scales**2))
            for n in SEEDS:
                held = np.zeros(2)
                for _ in range(simulations):
                    x = DRAWN[kind](rng, (tasks, n))
                    band = performance_profile(x + offsets(tasks), scores=grid)
                    held += [
                        holds(standardised_difference(x + 0.8 * deviation), 0.8),
                        ((band.low <= profile) & (profile <= band.high)).all(),
                    ]
                a, b = held / simulations
                print(f"{kind:8} {tasks:5} {n:5}    {a:.3f}   {b:.3f}", flush=True)


def families(simulations):
    print(f"\nOne of {FAMILY} true null hypotheses called false: promised at most 0.050")
    print("runs     tasks seeds   Holm   an interval   no correction")
    for kind in ("normal", "unequal"):
        for tasks in (1, 2, 5):
            if kind == "unequal" and tasks == 1:
                continue
            for n in SEEDS:
                rng = np.random.default_rng(n)
                wrong = np.zeros(3)
                for _ in range(simulations):
                    x = DRAWN[kind](rng, (FAMILY, tasks, n))
                    p = [t_test(each).p_value for each in x]
                    ends = [estimate_difference(each, comparisons=FAMILY) for each in x]
                    wrong += [
                        min(holm(p)) <= 0.05,
                        not all(holds(each, 0.0) for each in ends),
                        min(p) <= 0.05,
                    ]
                a, b, c = wrong / simulations
                print(f"{kind:8} {tasks:5} {n:5}   {a:.3f}   {b:.3f}         {c:.3f}", flush=True)


def plans(simulations):
    print("\nPower promised by the plan, and found: an effect, or a margin, of 1.2 deviations")
    print("of four hypotheses  tasks seeds   promised   found")
    for direction in ("greater", "equivalent"):
        for tasks in (1, 3):
            for n in (3, 5, 10):
                rng = np.random.default_rng(n)
                said = difference_power(1.2, 1, n, tasks=tasks, direction=direction, alpha=0.0125)
                found = 0
                for _ in range(simulations):
                    x = rng.standard_normal((tasks, n))
                    found += (
                        estimate_difference(x + 1.2, comparisons=4).low > 0
                        if direction == "greater"
                        else equivalence_test(x, margin=1.2, comparisons=4).within
                    )
                print(
                    f"{direction:18} {tasks:6} {n:5}      {said:.3f}   {found / simulations:.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    parts = (means, improvements, effects, families, plans)
    began = time.perf_counter()
    for part in parts:
        if part.__name__ in sys.argv[2:] or not sys.argv[2:]:
            part(count)
    print(f"\n{count:,} simulations of each in {time.perf_counter() - began:.0f} s")
