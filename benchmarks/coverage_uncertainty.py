"""Do intervals, tests, sets and thresholds of the room `uncertainty` keep what they promise?

    python benchmarks/coverage_uncertainty.py                       # as in docs/methods; hours
    python benchmarks/coverage_uncertainty.py --only selective
    python benchmarks/coverage_uncertainty.py --share 0.05          # minutes, to see that it holds

Simulations in which the truth is known, a section a method page: calibration, recalibration,
conformal, selective, deferral, outliers, ensembles. `--share` is the share of the samples that the
pages' tables are made of. Prints Markdown tables, each with its number of samples; a sample's seed
is its number, so that fewer samples are the first of more.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from math import ceil

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from shared import chosen
from sklearn.ensemble import RandomForestRegressor

from alignlab.datasets import Grouping
from alignlab.predictors.probability_maps import log_probabilities
from alignlab.uncertainty import (
    auroc,
    calibration_by_group,
    calibration_error,
    choose_threshold,
    class_scores,
    classwise_calibration,
    conformal_rank,
    detect_drift,
    detect_outliers,
    fit_deferral,
    forest_variance,
    fpr_at_tpr,
    gaussian_softmax,
    recalibrate,
    reliability,
    smooth_calibration_error,
)
from alignlab.uncertainty.calibration import smooth
from alignlab.uncertainty.calibration.bins import binned_gaps
from alignlab.uncertainty.calibration.event import as_event
from alignlab.uncertainty.calibration.map_fits import fit_map
from alignlab.uncertainty.conformal.crossed import crossed_coverage
from alignlab.uncertainty.outliers.samples import category_p_value, distance
from alignlab.uncertainty.selective.areas import areas_of, as_scored

Samples = Callable[[int], int]
"""How many samples to take where the page has so many."""

SCORES = {
    "uniform": lambda rng, n: rng.random(n),
    "U-shaped": lambda rng, n: rng.beta(0.15, 0.5, n),
    "rare events": lambda rng, n: rng.beta(0.4, 20, n),
    "around one half": lambda rng, n: rng.beta(8, 8, n),
    "top label": lambda rng, n: rng.uniform(0.5, 1, n),
    "rounded": lambda rng, n: rng.random(n).round(1),
}


def tempered(p, power):
    """Return the chance that is less extreme than `p` where the power is below 1."""
    return p**power / (p**power + (1 - p) ** power)


TRUTHS = {
    "calibrated": lambda p: p,
    "slightly over-confident": lambda p: tempered(p, 0.7),
    "over-confident": lambda p: tempered(p, 0.4),
    "too low": lambda p: np.clip(p + 0.32 * p * (1 - p), 0, 1),
    "wrong in one place": lambda p: np.where(p > 0.8, 0.7 * p + 0.1, p),
}


def title(text: str, samples: int) -> None:
    print(f"\n{text}; {samples:,} samples each\n", flush=True)


def table(head: str, *rows: Iterable[object]) -> None:
    columns = head.split(" | ")
    for each in (columns, ["---"] * len(columns), *rows):
        print("| " + " | ".join(map(str, each)) + " |", flush=True)


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def holds(estimate, truth: float) -> bool:
    return estimate.low - 1e-9 <= truth <= estimate.high + 1e-9


def calibration(samples: Samples) -> None:
    """Coverage of the errors' intervals, bias, and the size of the tests."""
    cells = list(product(SCORES.values(), TRUTHS.values(), (60, 300, 1000, 5000)))
    for weighted, most in ((False, 200), (True, 400)):
        title(f"Calibration errors, weights: {weighted}; 120 cells", repeats := samples(most))
        found = np.array([error_cell(*cell, weighted, repeats) for cell in cells])
        spread = np.abs(found[:, 3:]).mean(axis=0)
        names = ("root mean square", "expected", "largest")
        table(
            "interval of | coverage (least)",
            *(
                (name, f"{percent(each.mean())} ({percent(each.min())})")
                for name, each in zip(names, found[:, :3].T, strict=True)
            ),
        )
        print("Mean absolute bias: expected {:.3f}, plugged in {:.3f}; largest {:.3f}, {:.3f}"
              .format(*spread))  # fmt: skip
    halves = [(score, lambda p: np.full_like(p, 0.5), 300) for score in SCORES.values()]
    title("Smooth error; 126 cells", repeats := samples(100))
    found = np.array([smooth_cell(*cell, repeats) for cell in cells + halves])
    print(f"Coverage {percent(found[:, 0].mean())} (least {percent(found[:, 0].min())}); "
          "mean absolute bias {:.3f}, plugged in {:.3f}"
          .format(*np.abs(found[:, 1:]).mean(axis=0)))  # fmt: skip
    title("Classwise error; 24 cells", repeats := samples(200))
    found = np.array(
        [
            classwise_cell(*cell, repeats)
            for cell in product((3, 10), (0.3, 1), range(3), (100, 400))
        ]
    )
    for name, each in zip(("root mean square", "expected"), found.T, strict=True):
        print(f"{name}: {percent(each.mean())} (least {percent(each.min())})")
    test_sizes(samples)


def error_cell(score, chance, n: int, weighted: bool, repeats: int) -> list[float]:
    """Return the coverage of three intervals, and the bias of two values and of their plug-ins."""
    held, off = np.zeros(3), np.zeros(4)
    for sample in range(repeats):
        rng = np.random.default_rng([sample, n])
        said = score(rng, n)
        happened = (rng.random(n) < chance(said)).astype(int)
        weights = rng.uniform(0.2, 2, n) if weighted else None
        mass = np.ones(n) if weights is None else weights
        seen = calibration_error(said, happened, weights=weights, redraws=0)
        bins = binned_gaps(as_event(said, happened, weights), 15)
        gap = np.abs(np.bincount(bins.codes, mass * (chance(said) - said)))
        gap /= np.bincount(bins.codes, mass)
        truth = np.sqrt(bins.share @ gap**2), bins.share @ gap, gap.max()
        errors = seen.root_mean_square, seen.expected, seen.largest
        held += [holds(each, true) for each, true in zip(errors, truth, strict=True)]
        off += [
            seen.expected.value - truth[1],
            seen.expected_plug_in - truth[1],
            seen.largest.value - truth[2],
            seen.largest_plug_in - truth[2],
        ]
    return [*(held / repeats), *(off / repeats)]


def smooth_cell(score, chance, n: int, repeats: int) -> list[float]:
    found = np.zeros(3)
    for sample in range(repeats):
        rng = np.random.default_rng([sample, n])
        said = score(rng, n)
        seen = smooth_calibration_error(said, rng.random(n) < chance(said), redraws=0)
        grid = smooth._on_grid(said, (chance(said) - said) / n, smooth.CELLS)
        truth = smooth._fixed_point(partial(mean_size, grid), 1.0)
        found += [holds(seen.error, truth), seen.error.value - truth, seen.plug_in - truth]
    return list(found / repeats)


def mean_size(grid, sigma: float) -> float:
    return float(np.abs(smooth._smoothed(grid, sigma)).mean())


def classwise_cell(classes: int, alpha: float, kind: int, n: int, repeats: int) -> list[float]:
    held = np.zeros(2)
    for sample in range(repeats):
        rng = np.random.default_rng([sample, n, classes])
        said = rng.dirichlet(np.full(classes, alpha), n)
        chance = said.copy()
        if kind == 1:
            chance[:, 1] += 0.5 * chance[:, 0]
            chance[:, 0] *= 0.5
        elif kind == 2:
            chance = chance**0.7 / (chance**0.7).sum(axis=1, keepdims=True)
        happened = drawn(rng, chance)
        seen = classwise_calibration(said, happened, redraws=0)
        squares, gaps = [], []
        for k in range(classes):
            bins = binned_gaps(as_event(said, happened, about=k), 15)
            gap = np.bincount(bins.codes, chance[:, k] - said[:, k]) / bins.count
            squares.append(bins.share @ gap**2)
            gaps.append(bins.share @ np.abs(gap))
        held += [
            holds(seen.root_mean_square, np.sqrt(np.mean(squares))),
            holds(seen.expected, np.mean(gaps)),
        ]
    return list(held / repeats)


def drawn(rng, chance):
    """Return one class a row."""
    above = rng.random((len(chance), 1)) > chance.cumsum(axis=1)
    return np.minimum(above.sum(axis=1), chance.shape[1] - 1)


def test_sizes(samples: Samples) -> None:
    """How often calibrated samples are rejected at 5 %, or leave the band."""
    title("'Calibrated?' and the band, at 5 %", repeats := samples(1000))
    rows = []
    for n, weighted in product((40, 200, 1000, 3000), (False, True)):
        rejected = left = 0
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            said = rng.beta(0.5, 1.5, n)
            happened = rng.random(n) < said
            weights = rng.uniform(0.2, 2, n) if weighted else None
            seen = calibration_error(said, happened, weights=weights, redraws=199, seed=sample)
            band = reliability(said, happened, weights=weights, redraws=199, seed=sample)
            rejected += seen.p_value <= 0.05
            left += bool(((band.observed < band.band_low) | (band.observed > band.band_high)).any())
        rows.append((n, weighted, percent(rejected / repeats), percent(left / repeats)))
    table("rows | weights | rejected | outside the band", *rows)
    title("Some alarm on calibrated samples, at 5 %", repeats := samples(400))
    rows = []
    for n in (60, 300, 1000):
        alarms = np.zeros(4)
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            more = {"redraws": 199, "seed": sample}
            said = rng.dirichlet(np.full(5, 0.5), n)
            p = rng.beta(0.5, 1.5, n)
            happened = rng.random(n) < p
            groups = calibration_by_group(p, happened, np.arange(n) % (n // 30), **more).groups
            alarms += [
                calibration_error(p, happened, binning="equal-width", **more).p_value <= 0.05,
                smooth_calibration_error(p, happened, **more).p_value <= 0.05,
                classwise_calibration(said, drawn(rng, said), **more).p_value <= 0.05,
                min(each.p_value for each in groups) <= 0.05,
            ]
        rows.append((n, *map(percent, alarms / repeats)))
    table("rows | bins of equal width | smooth | any of 5 classes | any group of 30 rows", *rows)


RULES = {"smallest loss": 0.0, "half an error": 0.5, "one error": 1.0, "two errors": 2.0}

SAID = {
    "honest": lambda z: z,
    "twice too sure": lambda z: 2 * z,
    "shifted": lambda z: z + 1,
    "a third too sure": lambda z: 4 / 3 * z,
    "bent": lambda z: np.where(z > 0, 2 * z, z),
    "in steps": lambda z: 3 * np.tanh(z),
}


def recalibration(samples: Samples) -> None:
    """Excess log loss of the map that each rule would choose, decisions left to follow."""
    title("Excess log loss over the truth, in thousandths", repeats := samples(40))
    generator = np.random.default_rng(0)
    new = 1.5 * generator.normal(size=20_000)
    chance = special.expit(new)
    rows = []
    for (name, said), n in product(SAID.items(), (200, 1500)):
        losses = np.zeros(len(RULES) + 1)
        asked = log_probabilities(pair(special.expit(said(new))))
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            X = 1.5 * rng.normal(size=(ceil(n / 0.7), 1))
            y = (rng.random(len(X)) < special.expit(X[:, 0])).astype(int)
            model = lambda rows, said=said: special.expit(said(rows[:, 0]))  # noqa: E731
            seen = recalibrate(model, X, y, classes=[0, 1], seed=sample, keep_decisions=False)
            known = log_probabilities(pair(model(X[seen.fitted_on])))
            excess = {}
            for each in seen.candidates:
                ones = np.ones(len(known))
                fitted = fit_map(each.method, known, y[seen.fitted_on], ones).map
                logs = fitted.log(asked)
                found = -(chance * logs[:, 1] + (1 - chance) * logs[:, 0]).mean()
                excess[each.method] = 1000 * (found - stats.bernoulli(chance).entropy().mean())
            for at, errors in enumerate(RULES.values()):
                near = (c for c in seen.candidates if c.excess <= errors * c.standard_error)
                losses[at] += excess[next(near).method]
            losses[-1] += min(excess.values())
        rows.append((name, n, *(f"{each:.2f}" for each in losses / repeats)))
    table(f"model | rows | {' | '.join(RULES)} | least", *rows)


def pair(p):
    return np.column_stack([1 - p, p])


METHODS = {
    "LAC": ({"score": "lac"}, False),
    "APS": ({"score": "aps"}, True),
    "RAPS": ({"score": "raps", "penalty": 0.05, "free_labels": 2}, True),
    "APS, deterministic": ({"score": "aps"}, False),
    "RAPS, deterministic": ({"score": "raps", "penalty": 0.05, "free_labels": 2}, False),
}


def conformal(samples: Samples) -> None:
    """Coverage of sets, and whom `crossed_coverage` accuses."""
    title("Sets of a model three times too sure", repeats := samples(100_000))
    cells = ((9, 0.9), (24, 0.56), (99, 0.9))
    rows = [
        (name, *("{:.4f}, size {:.2f}".format(*sets(*cell, *how, repeats)) for cell in cells))
        for name, how in METHODS.items()
    ]
    theory = (conformal_rank(n, level) / (n + 1) for n, level in cells)
    table(" | ".join(["", *(f"n = {n}, {level}" for n, level in cells)]), *rows)
    print("Theory:", *(f"{each:.4f}" for each in theory))

    title("Some group 'surely falls short', probabilities right", repeats := samples(4000))
    rows = []
    for n in (200, 600, 3000):
        alarms = np.zeros(2)
        for sample in range(some := max(repeats // 4, 1) if n == 3000 else repeats):
            rng = np.random.default_rng(sample)
            codes = rng.choice(3, n, p=[0.1, 0.3, 0.6])
            said = rng.dirichlet([0.3] * 4, n) ** np.array([0.3, 1, 2])[codes][:, None]
            said /= said.sum(axis=1, keepdims=True)
            labels = drawn(rng, said)
            for at, how in enumerate(({"score": "aps", "uniform": rng.random(n)}, {})):
                scores = class_scores(said, **how)
                own = scores[np.arange(n), labels]
                groups = [Grouping("who", codes, tuple("abc"))]
                alarms[at] += bool(crossed_coverage(own, scores=scores, groupings=groups).short)
        rows.append((f"{n:,} ({some:,} samples)", *map(percent, alarms / some)))
    table("rows | APS | LAC", *rows)

    title("A group of 20 % with twice the residuals", repeats := samples(2000))
    shares, scale = np.array([0.2, 0.8]), np.array([2.0, 1.0])
    cut = optimize.brentq(lambda q: shares @ (1 - np.exp(-q / scale)) - 0.9, 0, 20)
    rows = []
    for n, weighted in product((200, 1000, 5000), (False, True)):
        held = named = 0
        for sample in range(repeats):
            rng = np.random.default_rng(sample)
            codes = rng.choice(2, n, p=shares)
            seen = crossed_coverage(
                rng.exponential(scale[codes]),
                groupings=[Grouping("who", codes, ("a", "b"))],
                weights=rng.uniform(0.2, 2, n) if weighted else None,
            )
            truths = zip(seen.groups, 1 - np.exp(-cut / scale), strict=True)
            held += all(each.covered is None or holds(each.covered, t) for each, t in truths)
            named += [each.group for each in seen.short] == ["a"]
        rows.append((n, weighted, percent(held / repeats), percent(named / repeats, 0)))
    table("rows | weights | limits of both hold | the group is named", *rows)


def sets(n: int, level: float, how: dict, random: bool, repeats: int) -> tuple[float, float]:
    """Return the coverage of one new row's set and its mean size."""
    rank, inside, size, made = conformal_rank(n, level), 0, 0, 0
    while made < repeats:
        draws = min(5000, repeats - made)
        rng = np.random.default_rng([made, n])
        X = rng.normal(size=(draws * (n + 1), 4))
        labels = (X + rng.gumbel(size=X.shape)).argmax(axis=1)
        uniform = rng.random(len(X)) if random else None
        scores = class_scores(special.softmax(3 * X, axis=1), uniform=uniform, **how)
        own = scores[np.arange(len(X)), labels].reshape(draws, n + 1)
        cut = np.partition(own[:, :n], rank - 1, axis=1)[:, rank - 1]
        inside += int((own[:, n] <= cut).sum())
        size += int((scores.reshape(draws, n + 1, 4)[:, n] <= cut[:, None]).sum())
        made += draws
    return inside / made, size / made


RISKS = {
    "constant risk 0.1001": lambda u: np.full_like(u, 0.1001),
    "falling, 0.4 to 0": lambda u: 0.4 * (1 - u),
    "wrong where surest": lambda u: np.where(u > 0.9, 0.3, np.where(u > 0.5, 0.02, 0.3)),
    "waves": lambda u: 0.12 + 0.1 * np.sin(25 * u),
    "twice at the limit": lambda u: np.select(
        [u > 0.8, u > 0.6, u > 0.5], [0.1002, 0.02, 0.2605], 0.1
    ),
}

LOSSES = {
    "falling": lambda u, base: 2 * base * (1 - u),
    "constant": lambda u, base: np.full_like(u, base),
    "steep": lambda u, base: np.where(u < 2 * base, 0.5, 0),
    "rising": lambda u, base: 2 * base * u,
    "six steps": lambda u, base: 2 * base * (1 - u),
    "other losses": lambda u, base: 2 * base * (1 - u),
}


def selective(samples: Samples) -> None:
    """How often a promised risk is broken, and the coverage of AURC and its like."""
    title("A risk of 0.1 promised at 95 %", repeats := samples(2000))
    grid = np.linspace(0, 1, 200_001)
    rows = []
    for n, (name, chance) in product((200, 1000, 4000), RISKS.items()):
        above = (np.cumsum(chance(grid)[::-1]) / np.arange(1, len(grid) + 1))[::-1]
        found = np.zeros(4)
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            score = np.sort(rng.random(n))[::-1]
            wrong = rng.random(n) < chance(score)
            ours = choose_threshold(score, wrong, max_risk=0.1)
            accepted = 0 if ours.threshold is None else ours.coverage.value * n
            counts = round(accepted), bisected(np.cumsum(wrong)), alone(np.cumsum(wrong))
            broken = [
                count > 0 and np.interp(score[count] if count < n else 0.0, grid, above) > 0.1
                for count in counts
            ]
            found += [broken[0], counts[0] / n, counts[1] / n, broken[2]]
        rows.append((n, name, *map(percent, found / repeats)))
    table("n | law of the errors | broken | coverage | bisection: coverage | "
          "each threshold by itself: broken", *rows)  # fmt: skip

    title("AURC and its like, nominal 95 %; 54 cells", repeats := samples(400))
    names = ("aurc", "e_aurc", "augrc")  # alone, for a curve has limits at every row
    found = []
    for kind, base in product(LOSSES, (0.02, 0.1, 0.3)):
        rng = np.random.default_rng(0)
        big = [areas_of(as_scored(*cases(kind, base, 1_000_000, rng), None)) for _ in range(3)]
        truth = [np.mean([each[name].value for each in big]) for name in names]
        for n in (60, 200, 1000):
            held = np.zeros(3)
            for sample in range(repeats):
                scored = as_scored(*cases(kind, base, n, np.random.default_rng([sample, n])), None)
                areas = areas_of(scored)
                held += [
                    holds(areas[name].estimate(scored, 0.95), true)
                    for name, true in zip(names, truth, strict=True)
                ]
            found.append(held / repeats)
    table(" | mean of 54 cells | least",
          *((name, percent(each.mean()), percent(each.min()))
            for name, each in zip(names, np.array(found).T, strict=True)))  # fmt: skip


def bisected(wrong) -> int:
    """Return how many rows bisection accepts, each step at 0.05 over their number."""
    low, high, steps, found = 0, len(wrong), ceil(np.log2(len(wrong))), 0
    for _ in range(steps):
        middle = ceil((low + high) / 2)
        if special.bdtr(wrong[middle - 1], middle, 0.1) <= 0.05 / steps:
            found = low = middle
        else:
            high = middle
    return found


def alone(wrong) -> int:
    """Return the most rows of which an uncorrected test at 5 % says that the risk is kept."""
    rows = np.arange(1, len(wrong) + 1)
    passing = np.flatnonzero(special.bdtr(wrong, rows, 0.1) <= 0.05)
    return int(passing[-1]) + 1 if len(passing) else 0


def cases(kind: str, base: float, n: int, rng):
    """Return scores and losses."""
    score = rng.random(n)
    if kind == "six steps":
        score = np.round(score * 5) / 5
    chance = LOSSES[kind](score, base)
    if kind == "other losses":
        return score, chance * rng.gamma(2, 0.5, n)
    return score, (rng.random(n) < chance).astype(float)


PEOPLE = {
    "good where x3 > 0": lambda X: np.where(X[:, 2] > 0, 0.95, 0.55),
    "90 % everywhere": lambda X: np.full(len(X), 0.9),
    "60 % everywhere": lambda X: np.full(len(X), 0.6),
    "75 % everywhere": lambda X: np.full(len(X), 0.752),
    "66 to 86 %, by x4": lambda X: 0.76 + 0.1 * np.tanh(X[:, 3]),
}


def odds(X):
    return 1.2 * X[:, 0] + 0.8 * X[:, 1]


def deferral(samples: Samples) -> None:
    """What policies are worth beside the model and people alone, and how many they ask."""
    title("True accuracy of the policy (largest loss, points)", repeats := samples(50))
    model = lambda rows: special.expit(2 * odds(rows))  # noqa: E731
    new = np.random.default_rng(9999).normal(size=(20_000, 4))
    right = special.expit(np.abs(odds(new)))
    rows, beyond, held, gained, runs = [], 0, 0, 0, 0
    for name, knows in PEOPLE.items():
        cells = []
        for n, budget in product((200, 1000), (0.2, 1.0)):
            truths, lost = [], []
            for sample in range(repeats):
                rng = np.random.default_rng([sample, n])
                X = rng.normal(size=(n, 4))
                y = (rng.random(n) < special.expit(odds(X))).astype(int)
                person = np.where(rng.random(n) < knows(X), y, 1 - y)
                seen = fit_deferral(model, X, y, person, budget=budget, classes=[0, 1])
                true = float(np.where(seen.policy(new).ask, knows(new), right).mean())
                people = right.mean() + budget * (knows(new).mean() - right.mean())
                truths.append(true)
                lost.append(max(right.mean(), people) - true)
                beyond += lost[-1] > (seen.pair.high - seen.pair.low) / 2
                held += holds(seen.pair, true)
                gained += holds(seen.gains["model"], true - right.mean())
                runs += 1
            cells.append(f"{percent(np.mean(truths))} ({100 * max(0, *lost):.1f})")
        rows.append((name, percent(knows(new).mean()), *cells))
    table("the person is right in | people alone | 200 rows, b = 0.2 | b = 1 | 1,000 rows, "
          "b = 0.2 | b = 1", *rows)  # fmt: skip
    print(
        f"Model alone {percent(right.mean())}. Lost beyond half the interval: {beyond} of {runs}; "
        f"the pair's interval holds {percent(held / runs)}, the gain's {percent(gained / runs)}"
    )

    title("Regret, six kinds of case, three classes", repeats := samples(10))
    methods = ("post-hoc", "one-vs-all", "mozannar-sontag")
    rows = [
        (n, over, *(f"{regret(n, over, method, repeats):.3f}" for method in methods))
        for over, n in product((False, True), (200, 1000, 5000))
    ]
    table(f"rows | over-confident | {' | '.join(methods)}", *rows)

    title("Share asked with post-hoc", repeats := samples(25))
    rows = []
    for n, columns in ((200, 3), (200, 40), (1000, 40)):
        shares = [[asked(n, columns, b, sample) for sample in range(repeats)] for b in (0.1, 0.3)]
        kept = [[each for each in share if each is not None] for share in shares]
        cells = (f"{np.mean(k):.3f} ± {np.std(k) / len(k) ** 0.5:.3f}" if k else "" for k in kept)
        rows.append((f"{n:,}, {columns}", *cells))
    table("rows, columns | budget 0.1 | budget 0.3", *rows)


def regret(n: int, over: bool, method: str, repeats: int) -> float:
    """Return the utility lost per case against the best policy, which is known."""
    lost = []
    for sample in range(repeats):
        rng = np.random.default_rng(sample)
        truth, knows = rng.dirichlet(np.ones(3), 6), rng.uniform(0.3, 0.95, 6)
        said = truth**3 / (truth**3).sum(axis=1, keepdims=True) if over else truth
        rng = np.random.default_rng([sample, n])
        kind = rng.integers(0, 6, n)
        y = drawn(rng, truth[kind])
        person = np.where(rng.random(n) < knows[kind], y, (y + rng.integers(1, 3, n)) % 3)
        model = lambda rows, said=said: said[rows.argmax(axis=1)]  # noqa: E731
        X = np.eye(6)
        seen = fit_deferral(model, X[kind], y, person, budget=1.0, method=method, classes=range(3))
        alone = truth.max(axis=1)
        got = np.where(seen.policy(X).ask, knows, alone)
        lost.append(np.maximum(alone, knows).mean() - got.mean())
    return float(np.mean(lost))


def asked(n: int, columns: int, budget: float, sample: int) -> float | None:
    """Return the share of new rows asked about; `None` where another rule was returned."""
    rng = np.random.default_rng([sample, n, columns])
    X = rng.normal(size=(n, columns))
    y = (rng.random(n) < special.expit(X[:, 0])).astype(int)
    person = np.where(rng.random(n) < 0.7 + 0.25 * np.tanh(2 * X[:, 1]), y, 1 - y)
    model = lambda rows: special.expit(rows[:, 0])  # noqa: E731
    seen = fit_deferral(model, X, y, person, budget=budget, method="post-hoc", classes=[0, 1])
    if seen.policy.rule != "post-hoc":
        return None
    return float(seen.policy(rng.normal(size=(20_000, columns))).ask.mean())


def outliers(samples: Samples) -> None:
    """False alarms of flags and tests, and the coverage of their intervals."""
    title("Rows of one kind, tests at 5 %", repeats := samples(2000))
    rows = []
    for n, m in ((3, 3), (5, 30), (25, 25), (200, 80)):
        alarms = np.zeros(4)
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            values = rng.normal(size=n + m)
            ties = np.round(values)
            levels, codes = np.unique(ties, return_inverse=True)
            counts = [np.bincount(part, minlength=len(levels)) for part in (codes[:n], codes[n:])]
            alarms += [
                distance(values[:n], values[n:]).p_value <= 0.05,
                distance(ties[:n], ties[n:]).p_value <= 0.05,
                stats.ks_2samp(ties[:n], ties[n:], method="exact").pvalue <= 0.05,
                category_p_value(*counts, rng)[0] <= 0.05,
            ]
        rows.append((f"{n}, {m}", *map(percent, alarms / repeats)))
    table("n, m | Kolmogorov–Smirnov | with ties | scipy's exact test with ties | "
          "chi-square or redrawn tables", *rows)  # fmt: skip

    title("A table of one kind", repeats := samples(400))
    rows = []
    for n, m in ((40, 25), (100, 40)):
        found = np.zeros(6)
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            old, new = people(rng, n), people(rng, m)
            far, near = (
                detect_outliers(None, old, new, score=score, seed=sample)
                for score in ("mahalanobis", "neighbours")
            )
            drift = detect_drift(old, new, least=0, seed=sample)
            found += [
                far.flagged.mean(),
                near.flagged.mean(),
                far.p_value <= 0.05,
                near.p_value <= 0.05,
                bool(drift.drifted),
                drift.apart is not None and drift.apart.low > 0.5,
            ]
        rows.append((f"{n}, {m}", *map(percent, found / repeats)))
    table("n, m | rows flagged at 5 %: Mahalanobis | neighbours | too many flagged: Mahalanobis | "
          "neighbours | any column drifted | told apart, at 2.5 %", *rows)  # fmt: skip

    title("Intervals at 95 %: distance D", repeats := samples(600))
    pairs = {
        "equal": (stats.norm(), stats.norm()),
        "shifted by 0.5": (stats.norm(), stats.norm(0.5)),
        "shifted by 3": (stats.norm(), stats.norm(3)),
        "three times as wide": (stats.norm(), stats.norm(0, 3)),
        "three values": (stats.randint(0, 3), stats.binom(2, 0.7)),
    }
    grid = np.linspace(-12, 12, 4801)
    rows = []
    for name, (one, other) in pairs.items():
        truth = np.abs(one.cdf(grid) - other.cdf(grid)).max()
        held = np.zeros(2)
        for at, (n, m) in enumerate(((15, 15), (90, 30))):
            for sample in range(repeats):
                rng = np.random.default_rng([sample, n])
                old, new = (d.rvs(k, random_state=rng) for d, k in ((one, n), (other, m)))
                held[at] += holds(distance(old.astype(float), new.astype(float)).change, truth)
        rows.append((name, *map(percent, held / repeats)))
    table("distributions | 15 and 15 rows | 90 and 30 rows", *rows)

    title("Intervals at 95 %: AUROC and FPR95", repeats := samples(1000))
    truths = stats.norm.cdf(1.5 / np.sqrt(2)), stats.norm.sf(stats.norm.ppf(0.05, loc=1.5))
    rows = []
    for n, m in ((30, 30), (200, 60), (60, 400), (1000, 1000)):
        held = np.zeros(2)
        for sample in range(repeats):
            rng = np.random.default_rng([sample, n])
            usual, unusual = rng.normal(size=n), rng.normal(1.5, 1, size=m)
            found = auroc(usual, unusual), fpr_at_tpr(usual, unusual)
            held += [holds(each, truth) for each, truth in zip(found, truths, strict=True)]
        rows.append((f"{n}, {m}", *map(percent, held / repeats)))
    table("usual, unusual | AUROC | FPR95", *rows)


def people(rng, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": rng.normal(40, 12, n),
            "children": rng.integers(0, 4, n),
            "home": rng.choice(["own", "rent", "free"], n, p=[0.6, 0.3, 0.1]),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 20, n)),
            "town": rng.choice([f"t{k}" for k in range(12)], n),
        }
    )


def ensembles(samples: Samples) -> None:
    """How well a forest's variance and the mean of a softmax are told."""
    title("Forests: shares of the true variance", repeats := max(samples(60), 2))
    at = np.random.default_rng(5).normal(size=(40, 3))
    rows = []
    for (n, trees), leaf in product(((100, 150), (400, 300)), (1, 5, 20)):
        seen = []
        for sample in range(repeats):
            rng = np.random.default_rng(sample)
            X = rng.normal(size=(n, 3))
            forest = RandomForestRegressor(trees, min_samples_leaf=leaf, random_state=sample)
            found = forest_variance(forest.fit(X, X[:, 0] + rng.normal(size=n)), at)
            spread = np.var([tree.predict(at) for tree in forest.estimators_], axis=0)
            seen.append((found.value, found.variance, found.plug_in, spread))
        values, corrected, plug_in, spread = np.array(seen).swapaxes(0, 1)
        truth = values.var(axis=0, ddof=1).mean()
        off = np.abs(values - values.mean(axis=0))
        inside = (off < 1.96 * np.sqrt(np.maximum(corrected, 0))).mean()
        shares = (f"{each.mean() / truth:.2f}" for each in (corrected, plug_in, spread))
        rows.append((f"{n}, {trees}", leaf, *shares, percent(inside, 0)))
    table("rows, trees | least rows in a leaf | corrected | plugged in | variance of the trees | "
          "within 1.96 standard errors of the mean forest", *rows)  # fmt: skip

    title("Mean softmax: distance to draws, 60 rows", draws := samples(20_000))
    rows = []
    for classes, scale in ((2, 2), (3, 1), (10, 1), (10, 2), (50, 1), (50, 2)):
        rng = np.random.default_rng(0)
        factors = rng.normal(size=(60, classes, classes)) * scale / np.sqrt(classes)
        mean = 2 * rng.normal(size=(60, classes))
        spread = factors @ factors.transpose(0, 2, 1)
        truth = sum(
            special.softmax(
                mean + (factors @ rng.normal(size=(60, classes, 1)))[..., 0], axis=1
            )
            for _ in range(draws)
        ) / draws  # fmt: skip
        centre = np.eye(classes) - 1 / classes
        own = np.einsum("nkk->nk", centre @ spread @ centre)
        guesses = (
            special.softmax(mean, axis=1),
            special.softmax(mean @ centre / np.sqrt(1 + np.pi / 8 * own), axis=1),
            gaussian_softmax(mean, spread),
        )
        off = (f"{np.abs(each - truth).sum(axis=1).mean():.3f}" for each in guesses)
        rows.append((f"{classes}, {scale}", *off))
    table("classes, standard deviation of a logit | softmax of the mean | scaled logits, centred | "
          "log-odds", *rows)  # fmt: skip


SECTIONS = {
    each.__name__: each
    for each in (calibration, recalibration, conformal, selective, deferral, outliers, ensembles)
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by name")
    parser.add_argument("--share", type=float, default=1.0, help="of the pages' samples")
    given = parser.parse_args()
    names = chosen(given.only, SECTIONS, parser)
    if not 0 < given.share <= 1:
        parser.error(f"--share {given.share:g} is not above 0 and at most 1")
    for name in names:
        print(f"\n## {name}", flush=True)
        SECTIONS[name](lambda most: max(1, round(most * given.share)))


if __name__ == "__main__":
    main()
