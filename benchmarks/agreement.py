"""Agreement and reliability beside krippendorff, simpledorff and crowd-kit, and how limits hold.

python benchmarks/agreement.py [--only alpha,aggregation,prior,alpha_limits,reliability_limits]
                               [--runs 300]

The peers are those of the test extra; simpledorff is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import warnings

import numpy as np
import pandas as pd
from shared import best_time, chosen

from alignlab.oversight.agreement import dawid_skene, krippendorff_alpha, majority_vote

METRICS = ("nominal", "ordinal", "interval", "ratio")


def alpha(runs: int) -> None:
    """Ragged grades 1 to 5: the same alpha by each, and the time that it takes."""
    import krippendorff

    print("\n## alpha: seconds; ours with its interval, theirs without one\n")
    print("| items x raters | metric | ours | krippendorff | simpledorff | largest difference |")
    print("|---|---|---|---|---|---|")
    for items, raters in ((200, 8), (10_000, 8), (250_000, 4)):
        rng = np.random.default_rng(0)
        ratings = rng.integers(1, 5, (items, 1)) + rng.integers(0, 2, (items, raters)) * 1.0
        ratings[rng.random(ratings.shape) < 0.3] = np.nan
        for metric in METRICS:
            found = krippendorff_alpha(ratings, metric=metric)
            ours = best_time(lambda m=metric, r=ratings: krippendorff_alpha(r, metric=m))
            settings = {"reliability_data": ratings.T, "level_of_measurement": metric}
            values = [krippendorff.alpha(**settings)]
            theirs = best_time(lambda s=settings: krippendorff.alpha(**s))
            other = "-"
            slow = items > 1_000 or metric not in ("nominal", "interval")
            if not slow and importlib.util.find_spec("simpledorff"):
                seconds, value = simply(ratings, metric)
                other = f"{seconds:.3f}"
                values.append(value)
            gap = max(abs(each - found.value) for each in values)
            print(
                f"| {items:,} x {raters} | {metric} | {ours:.4f} | {theirs:.4f} | {other} | "
                f"{gap:.0e} |"
            )


def simply(ratings: np.ndarray, metric: str) -> tuple[float, float]:
    import simpledorff
    from simpledorff.metrics import interval_metric, nominal_metric

    held = pd.DataFrame(ratings).stack().reset_index()
    held.columns = ["item", "rater", "value"]
    settings = {
        "experiment_col": "item",
        "annotator_col": "rater",
        "class_col": "value",
        "metric_fn": interval_metric if metric == "interval" else nominal_metric,
    }
    work = simpledorff.calculate_krippendorffs_alpha_for_df
    return best_time(lambda: work(held, **settings), 1), work(held, **settings)


def aggregation(runs: int) -> None:
    """Labels of a crowd: time, and the share that is right."""
    from crowdkit.aggregation import DawidSkene

    print("\n## aggregation: seconds, and the share of labels that is right\n")
    print("| answers | raters | classes | ours | steps | right | crowd-kit | right | vote right |")
    print("|---|---|---|---|---|---|---|---|---|")
    for items, raters, per_item, kinds, peers in (
        (200, 8, 4, 3, True),
        (20_000, 100, 5, 3, True),
        (200_000, 1_000, 5, 5, True),
        (200_000, 50, 5, 2, False),
    ):
        skill = np.random.default_rng(1).uniform(0.4, 0.95, raters)
        truth, answers = crowd(0, items, per_item, skill, kinds)
        found = dawid_skene(*answers)
        ours = best_time(lambda a=answers: dawid_skene(*a), 3)
        vote = majority_vote(*answers).labels == truth
        seconds = right = "-"
        if peers:
            frame = pd.DataFrame(dict(zip(("task", "worker", "label"), answers, strict=True)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                work = lambda f=frame: DawidSkene(n_iter=100).fit(f)  # noqa: E731
                seconds = f"{best_time(work, 1):.2f}"
                right = f"{(work().labels_.sort_index().to_numpy() == truth).mean():.4f}"
        print(
            f"| {len(answers[0]):,} | {raters:,} | {kinds} | {ours:.2f} | {len(found.trace)} | "
            f"{(found.labels == truth).mean():.4f} | {seconds} | {right} | {vote.mean():.4f} |"
        )


def prior(runs: int) -> None:
    """What the prior is worth where raters answered little, and costs where they answered much."""
    priors = ((1e-3, 1e-3), (1, 1), (2, 1), (3, 1), (8, 2))
    print("\n## prior: share of labels right\n")
    print("| items | raters | answers an item | classes | vote |", *(f"{p} |" for p in priors))
    print("|---|---|---|---|---|" + "---|" * len(priors))
    for items, raters, per_item, kinds, low, shares in (
        (100, 10, 3, 2, 0.55, None),
        (1_000, 200, 3, 2, 0.5, None),
        (300, 12, 5, 2, 0.6, (0.93, 0.07)),
        (500, 60, 5, 3, 0.4, None),
        (2_000, 20, 5, 5, 0.3, None),
    ):
        right = np.zeros((max(runs // 15, 3), len(priors) + 1))
        for seed, row in enumerate(right):
            skill = np.random.default_rng(1000 + seed).uniform(low, 0.95, raters)
            truth, answers = crowd(seed, items, per_item, skill, kinds, shares)
            row[0] = (majority_vote(*answers).labels == truth).mean()
            row[1:] = [(dawid_skene(*answers, prior=p).labels == truth).mean() for p in priors]
        told = " | ".join(f"{each:.3f}" for each in right.mean(axis=0))
        print(f"| {items:,} | {raters} | {per_item} | {kinds} | {told} |")


def alpha_limits(runs: int) -> None:
    """How often 95 % limits of alpha hold: ours, items resampled, and Krippendorff's own way."""
    print(
        "\n## alpha_limits: share of samples whose 95 % limits hold alpha (and their mean width)\n"
    )
    print("| answers | raters | alpha | items | undefined | ours | items resampled | pairs drawn |")
    print("|---|---|---|---|---|---|---|---|")
    for shares in ((0.5, 0.5), (0.9, 0.1), (0.97, 0.03), (0.6, 0.3, 0.1)):
        for raters in (2, 4):
            for sure in (0.5, 0.9):
                for items in (10, 20, 50, 200):
                    print(limits_row(np.array(shares), raters, sure, items, runs))


def limits_row(shares: np.ndarray, raters: int, sure: float, items: int, runs: int) -> str:
    """A rater sees the truth with a chance, and says the usual otherwise: alpha is its square."""
    rng = np.random.default_rng(0)
    held, width, defined = np.zeros(3), np.zeros(3), 0
    for _ in range(runs):
        truth = rng.choice(len(shares), items, p=shares)
        sees = rng.random((items, raters)) < sure
        ratings = np.where(sees, truth[:, None], rng.choice(len(shares), sees.shape, p=shares))
        found = krippendorff_alpha(ratings)
        if math.isnan(found.value):
            continue
        defined += 1
        ends = [
            (found.estimate.low, found.estimate.high),
            resampled(ratings, len(shares), rng),
            pairs_drawn(ratings, found.observed, found.expected, rng),
        ]
        for at, (low, high) in enumerate(ends):
            held[at] += low <= sure**2 + 1e-12 and sure**2 - 1e-12 <= high
            width[at] += high - low
    told = " | ".join(
        f"{h / defined:.2f} ({w / defined:.2f})" for h, w in zip(held, width, strict=True)
    )
    usual = " / ".join(f"{each:.0%}" for each in shares)
    return f"| {usual} | {raters} | {sure**2:.2f} | {items} | {runs - defined} | {told} |"


def resampled(ratings: np.ndarray, kinds: int, rng: np.random.Generator) -> tuple[float, float]:
    """The percentiles over 1,000 samples of items, those left out where alpha is undefined."""
    items, raters = ratings.shape
    counts = (ratings[:, :, None] == np.arange(kinds)).sum(axis=1)
    differ = (raters**2 - (counts**2).sum(axis=1)) / (raters - 1)
    weights = rng.multinomial(items, np.ones(items) / items, 1000)
    size = items * raters
    expected = size**2 - ((weights @ counts) ** 2).sum(axis=1)
    kept = expected > 0
    values = 1 - (size - 1) * (weights @ differ)[kept] / expected[kept]
    return tuple(np.quantile(values, [0.025, 0.975]))


def pairs_drawn(
    ratings: np.ndarray, observed: float, expected: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Krippendorff's bootstrap: as many pairs as there are, drawn as if each were independent."""
    items, raters = ratings.shape
    pairs = items * raters * (raters - 1) // 2
    drawn = rng.binomial(pairs, observed, 1000) / pairs
    return tuple(np.quantile(1 - drawn / expected, [0.025, 0.975]))


def reliability_limits(runs: int) -> None:
    """How often 95 % limits of a rater's reliability hold."""
    print("\n## reliability_limits: share of raters whose 95 % limits hold their reliability\n")
    print("| items | raters | answers an item | classes | skill from | hold | mean width |")
    print("|---|---|---|---|---|---|---|")
    for items, raters, per_item, kinds, low in (
        (100, 10, 3, 2, 0.55),
        (1_000, 10, 3, 2, 0.6),
        (300, 9, 9, 2, 0.6),
        (500, 10, 5, 3, 0.4),
        (500, 60, 5, 3, 0.4),
        (300, 10, 4, 4, 0.4),
        (2_000, 20, 5, 5, 0.3),
    ):
        held, width, total = 0, 0.0, 0
        for seed in range(max(runs // 6, 3)):
            skill = np.random.default_rng(1000 + seed).uniform(low, 0.95, raters)
            _, answers = crowd(seed, items, per_item, skill, kinds)
            worth = (kinds * skill - 1) / (kinds - 1)
            for each, true in zip(dawid_skene(*answers).estimates, worth, strict=True):
                held += each.low <= true <= each.high
                width += each.high - each.low
                total += 1
        print(
            f"| {items:,} | {raters} | {per_item} | {kinds} | {low} | {held / total:.1%} | "
            f"{width / total:.2f} |"
        )


def crowd(
    seed: int, items: int, per_item: int, skill: np.ndarray, kinds: int, shares=None
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return true labels, and answers by raters who are right with a chance of their own."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(kinds, items, p=shares)
    rater = np.concatenate(
        [
            np.argpartition(rng.random((len(part), len(skill))), per_item - 1, axis=1)[:, :per_item]
            for part in np.array_split(np.arange(items), max(items // 10_000, 1))
        ]
    ).ravel()
    item = np.repeat(np.arange(items), per_item)
    wrong = rng.random(len(item)) >= skill[rater]
    label = (truth[item] + wrong * rng.integers(1, kinds, len(item))) % kinds
    return truth, (item, rater, label)


SECTIONS = {
    "alpha": alpha,
    "aggregation": aggregation,
    "prior": prior,
    "alpha_limits": alpha_limits,
    "reliability_limits": reliability_limits,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--runs", type=int, default=300)
    given = parser.parse_args()
    for name in chosen(given.only, SECTIONS, parser):
        SECTIONS[name](given.runs)


if __name__ == "__main__":
    main()
