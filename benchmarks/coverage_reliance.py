"""Do intervals, corrections and plans of the folders `reliance` and `trust` keep their word?

    python benchmarks/coverage_reliance.py                 # as in docs/methods: 15 minutes
    python benchmarks/coverage_reliance.py --only methods
    python benchmarks/coverage_reliance.py --share 0.2     # minutes, to see that it holds

Simulated studies in which the truth is known. A decision is right, or follows advice, with the
logistic probability of a level plus effects of the person, of the item, and of both in each arm.
The truth is over all people and items. `--share` is the share of the studies that there are by
default. Prints Markdown tables, each with its number of studies.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable

import numpy as np
from scipy import special, stats
from shared import chosen

from alignlab.oversight.crossed import difference, estimated, ratio
from alignlab.oversight.reliance import (
    RATES,
    Trials,
    complementarity,
    measure_reliance,
    power,
    reliance_losses,
    signal_detection,
)
from alignlab.oversight.trust import confidence_calibration

Samples = Callable[[int], int]

SIZES = ((20, 8), (20, 16), (60, 16), (200, 16))
WORLDS = {
    "people and items differ": (0.0, 0.8, 0.8, 0.3, 0.3, 0.4),
    "the same, share near 90 %": (2.2, 0.8, 0.8, 0.3, 0.3, -0.4),
    "people differ": (0.0, 0.8, 0.0, 0.0, 0.0, 0.4),
    "items differ": (0.0, 0.0, 0.8, 0.0, 0.0, 0.4),
    "nothing differs": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
"""Level, standard deviations of person, item, person and item in an arm; effect (log-odds)."""


def table(head: str, *rows: tuple[object, ...]) -> None:
    columns = head.split(" | ")
    for each in (columns, ["---"] * len(columns), *rows):
        print("| " + " | ".join(map(str, each)) + " |", flush=True)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def average(world: tuple[float, ...], arm: int) -> float:
    """Return the share over all people and items."""
    level, *deviations, effect = world
    node, weight = np.polynomial.hermite_e.hermegauss(80)
    spread = np.sqrt(np.square(deviations).sum())
    return float(weight @ special.expit(level + effect * arm + spread * node) / weight.sum())


def study(rng, n, m, design, world):
    """Return answers (0 or 1) and arms, shape (n, m)."""
    level, s_p, s_i, s_pa, s_ia, effect = world
    arm = np.zeros((n, m), dtype=int)
    if design == "by reviewer":
        arm = np.repeat(rng.permutation(np.arange(n) % 2)[:, None], m, axis=1)
    elif design == "by case":
        arm = np.array([rng.permutation(np.arange(m) % 2) for _ in range(n)])
    i, j = np.arange(n)[:, None], np.arange(m)[None]
    eta = level + effect * arm + rng.normal(0, s_p, n)[i] + rng.normal(0, s_i, m)[j]
    eta = eta + rng.normal(0, s_pa, (n, 2))[i, arm] + rng.normal(0, s_ia, (m, 2))[j, arm]
    return (rng.random((n, m)) < special.expit(eta)).astype(float), arm


def parts(y, arm, design):
    if design == "one arm":
        return ratio(y, np.ones_like(y))
    return difference(ratio(y * (arm == 1), arm == 1), ratio(y * (arm == 0), arm == 0))


def coverage(samples: Samples) -> None:
    """Coverage of the intervals of shares and of differences, and how wide they are."""
    repeats, rows = samples(500), []
    for design in ("one arm", "by reviewer", "by case"):
        for n, m in SIZES:
            person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
            held = []
            for name, world in WORLDS.items():
                rng = np.random.default_rng([n, m, len(name)])
                one = design == "one arm"
                truth = average(world, 0) if one else average(world, 1) - average(world, 0)
                count = 0
                for _ in range(repeats):
                    y, arm = (each.ravel() for each in study(rng, n, m, design, world))
                    found = estimated(parts(y, arm, design), person, item, level=0.95, share=one)
                    count += found.low <= truth <= found.high
                held.append(count / repeats)
            rows.append((design, f"{n} × {m}", *map(percent, held)))
    print(f"\nCoverage of 95 % intervals; {repeats:,} studies each\n")
    table(f"design | people × items | {' | '.join(WORLDS)}", *rows)


def methods(samples: Samples) -> None:
    """Other ways to an interval, on the same studies."""
    repeats, rows = samples(200), []
    for n, m in ((20, 16), (200, 16)):
        person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
        for design in ("one arm", "by reviewer", "by case"):
            world = WORLDS["people and items differ"]
            one = design == "one arm"
            truth = average(world, 0) if one else average(world, 1) - average(world, 0)
            rng = np.random.default_rng([n, m])
            held: dict[str, list[bool]] = {}
            for _ in range(repeats):
                y, arm = study(rng, n, m, design, world)
                for name, (low, high) in others(y, arm, one, rng).items():
                    held.setdefault(name, []).append(low <= truth <= high)
                found = estimated(
                    parts(y.ravel(), arm.ravel(), design), person, item, level=0.95, share=one
                )
                held.setdefault("here", []).append(found.low <= truth <= found.high)
            rows.append((design, f"{n} × {m}", *(percent(np.mean(e)) for e in held.values())))
            names = list(held)
    print(f"\nCoverage, people and items differ; {repeats:,} studies each\n")
    table(f"design | people × items | {' | '.join(names)}", *rows)


def others(y, arm, one, rng):
    """Return the limits of other methods."""
    n, m = y.shape

    def value(weight):
        shares = [
            (weight * y * (arm == a)).sum(axis=(-2, -1)) / (weight * (arm == a)).sum(axis=(-2, -1))
            for a in ((0,) if one else (0, 1))
        ]
        return shares[0] if one else shares[1] - shares[0]

    whole = value(np.ones((n, m)))
    rows = np.array([value((np.arange(n) != k)[:, None] * np.ones((1, m))) for k in range(n)])
    columns = np.array([value((np.arange(m) != k)[None] * np.ones((n, 1))) for k in range(m)])
    v_rows = (n - 1) / n * ((rows - whole) ** 2).sum()
    v_columns = (m - 1) / m * ((columns - whole) ** 2).sum()
    psi = y - whole if one else np.where(
        arm == 1, (y - y[arm == 1].mean()) / (arm == 1).sum(),
        -(y - y[arm == 0].mean()) / (arm == 0).sum(),
    )  # fmt: skip
    v_cells = (psi**2).sum() / (n * m) ** 2 if one else (psi**2).sum()

    def around(variance, freedom):
        half = stats.t.ppf(0.975, freedom) * np.sqrt(max(variance, 0))
        return whole - half, whole + half

    # Multinomial counts of people times those of items: the pigeonhole bootstrap.
    drawn = rng.multinomial(n, np.full(n, 1 / n), 400)[:, :, None]
    drawn = drawn * rng.multinomial(m, np.full(m, 1 / m), 400)[:, None, :]
    with np.errstate(invalid="ignore"):
        boots = value(drawn)
    return {
        "single answers": around(v_cells, n * m - 1),
        "people only": around(v_rows, n - 1),
        "people + items - cells": around(v_rows + v_columns - v_cells, min(n, m) - 1),
        "people + items": around(v_rows + v_columns, min(n, m) - 1),
        "pigeonhole bootstrap": tuple(np.nanquantile(boots, [0.025, 0.975])),
    }


def advised(rng, n, m, *, skill=0.65, right=0.55, wrong=0.35, spread=0.12):
    """Return two-stage trials whose people and items differ in how they take advice."""
    person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    truth, is_wrong = (item // 2) % 2, item % 2 == 1
    able = skill + rng.normal(0, spread, n)[person] + rng.normal(0, spread, m)[item]
    own = np.where(rng.random(n * m) < np.clip(able, 0, 1), truth, 1 - truth)
    advice = np.where(is_wrong, 1 - truth, truth)
    takes = np.where(is_wrong, wrong, right)
    takes = takes + rng.normal(0, spread, n)[person] + rng.normal(0, spread, m)[item]
    took = rng.random(n * m) < np.clip(takes, 0, 1)
    return Trials(
        person=person, item=item, truth=truth, own=own, advice=advice,
        final=np.where(took, advice, own), stratum=np.where(is_wrong, "wrong", "right"),
    )  # fmt: skip


def measures(samples: Samples) -> None:
    """Coverage of every measure, by studies large enough to be the truth."""
    repeats = samples(500)
    large = np.random.default_rng(0)
    names = ("rair", "rsr", "over_reliance", "under_reliance", "switch_fraction", "accuracy")
    giant = [advised(large, 300, 1000) for _ in range(8)]

    def share(name):
        rate = RATES[name]
        return np.mean([rate.counted(each)[rate.among(each)].mean() for each in giant])

    truth = {name: share(name) for name in names}
    hits, alarms = (special.ndtri(e) for e in (1 - truth["under_reliance"], truth["over_reliance"]))
    truth |= {"d'": hits - alarms, "criterion": -(hits + alarms) / 2}
    rows = []
    for n, m in ((20, 16), (60, 16), (200, 16), (60, 40)):
        rng = np.random.default_rng([n, m])
        held = dict.fromkeys(truth, 0)
        for _ in range(repeats):
            trials = advised(rng, n, m)
            found = measure_reliance(trials)
            for name in names:
                each = found.at(name).estimate
                held[name] += each.low <= truth[name] <= each.high
            seen = signal_detection(trials).arms[0]
            for name, each in (("d'", seen.sensitivity), ("criterion", seen.criterion)):
                held[name] += each.low <= truth[name] <= each.high
        rows.append((f"{n} × {m}", *(percent(count / repeats) for count in held.values())))
    print(f"\nCoverage of 95 % intervals; {repeats:,} studies each\n")
    table(f"people × items | {' | '.join(truth)}", *rows)


def better(samples: Samples) -> None:
    """The team against the better of the two: bias and coverage, by how far these are apart."""
    repeats, rows = samples(200), []
    for apart in (0.0, 0.05, 0.1, 0.2):
        rng = np.random.default_rng(int(100 * apart))
        plug_in, corrected, held, false = [], [], 0, 0
        for _ in range(repeats):
            n, m = 20, 16
            person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
            bent = rng.normal(0, 0.1, n)[person] + rng.normal(0, 0.1, m)[item]
            own, final = (rng.random(n * m) < np.clip(0.7 + bent, 0, 1) for _ in range(2))
            advice = (rng.random(m) < 0.7 - apart)[item]
            trials = Trials(
                person=person, item=item, truth=np.ones(n * m), own=own + 0, advice=advice + 0,
                final=final + 0,
            )  # fmt: skip
            found = complementarity(trials).arms[0]
            if found.over_better is None:
                continue
            plug_in.append(min(found.over_human.value, found.over_model.value))
            corrected.append(found.over_better.value)
            held += found.over_better.low <= 0 <= found.over_better.high
            false += found.verdict == "better"
        rows.append((
            f"{100 * apart:.0f} points", f"{100 * np.mean(plug_in):.1f}",
            f"{100 * np.mean(corrected):.1f}", percent(held / repeats), percent(false / repeats),
        ))  # fmt: skip
    print(f"\nTrue complementarity 0, 20 × 16; {repeats:,} studies each, points\n")
    table("model worse by | plug-in | corrected | coverage | 'better'", *rows)


def losses(samples: Samples) -> None:
    """The benchmark of a rational decision maker: too low held out, too high plugged in."""
    repeats, rows = samples(40), []
    for m in (8, 16, 40, 120):
        for knows in (0.5, 0.7, 0.9):
            rng = np.random.default_rng([m, int(10 * knows)])
            held, most = [], []
            for seed in range(repeats):
                person, item = np.repeat(np.arange(30), m), np.tile(np.arange(m), 30)
                truth = rng.integers(0, 2, m)
                sure = np.arange(m) % 2 == 0
                good = rng.random(m) < np.where(sure, knows, 1 - knows)
                advice = np.where(good, truth, 1 - truth)[item]
                own = np.where(rng.random(30 * m) < 0.6, truth[item], 1 - truth[item])
                trials = Trials(
                    person=person, item=item, truth=truth[item], own=own, advice=advice,
                    advice_confidence=np.where(sure, 0.9, 0.6)[item], final=own,
                )  # fmt: skip
                found = reliance_losses(trials, seed=seed, repeats=10).arms[0]
                held.append(found.benchmark.value)
                most.append(found.at_most["benchmark"])
            # Where the advice differs from the own answer, it is right with odds 2/3 of its own.
            odds = np.array([knows, 1 - knows]) / np.array([1 - knows, knows]) * 0.4 / 0.6
            differ = np.array([0.4 * knows + 0.6 * (1 - knows), 0.4 * (1 - knows) + 0.6 * knows])
            best = 0.6 + np.mean(differ * np.maximum(2 * odds / (1 + odds) - 1, 0))
            rows.append((
                m, knows, percent(best), f"{percent(np.mean(held))} ± {100 * np.std(held):.0f}",
                f"{percent(np.mean(most))} ± {100 * np.std(most):.0f}",
            ))  # fmt: skip
    print(f"\nThe benchmark of 30 people; {repeats:,} studies each\n")
    table("items | sure advice is right in | truth | held out | plugged in", *rows)


def plans(samples: Samples) -> None:
    """Power as said and as simulated, on shares that differ linearly."""
    repeats, rows = samples(400), []
    for plan in (
        {"effect": -0.15, "people": 60, "items": 8, "base": 0.6},
        {"effect": 0.1, "people": 100, "items": 16, "effect_item_sd": 0.05},
        {"effect": 0.08, "people": 200, "items": 16, "base": 0.3, "effect_item_sd": 0.0},
        {"effect": 0.15, "people": 40, "items": 16, "arms_by": "case"},
        {"effect": 0.1, "people": 200, "items": 8, "base": 0.4, "arms_by": "case"},
        {"effect": 0.2, "people": 20, "items": 16, "arms_by": "case", "effect_item_sd": 0.0,
         "effect_person_sd": 0.0},
    ):  # fmt: skip
        said = power(**plan)
        rng = np.random.default_rng(0)
        n, m = said.people, said.items
        person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
        shown = 0
        for _ in range(repeats):
            arm = np.repeat(rng.permutation(np.arange(n) % 2), m)
            effect = said.effect + rng.normal(0, said.effect_item_sd, m)[item]
            if said.arms_by == "case":
                half = rng.permutation(np.arange(m) % 2)
                arm = (half[None] ^ rng.permutation(np.arange(n) % 2)[:, None]).ravel()
                effect = effect + rng.normal(0, said.effect_person_sd, n)[person]
            chance = said.base + said.effect / 2 + (arm - 0.5) * effect
            chance = chance + rng.normal(0, said.person_sd, n)[person]
            chance = np.clip(chance + rng.normal(0, said.item_sd, m)[item], 0, 1)
            y = (rng.random(n * m) < chance).astype(float)
            found = estimated(parts(y, arm, "two arms"), person, item, level=0.95)
            shown += found.low > 0 or found.high < 0
        rows.append((
            f"{said.arms_by}, {n} × {m}, {100 * said.effect:+.0f} points", percent(said.power),
            percent(shown / repeats),
        ))  # fmt: skip
    print(f"\nPower; {repeats:,} studies each\n")
    table("arms by, people × items, effect | said | simulated", *rows)


def confidence(samples: Samples) -> None:
    """Over-confidence and calibration errors of people whose claims are known."""
    repeats, rows = samples(200), []
    for claim in (0.0, 0.1):
        for n, m in ((10, 16), (20, 16), (60, 16)):
            rng = np.random.default_rng([n, m])
            person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
            held, errors = 0, []
            for _ in range(repeats):
                said = rng.choice([0.5, 0.6, 0.7, 0.8, 0.9, 1.0], n * m)
                bent = rng.normal(0, 0.08, n)[person] + rng.normal(0, 0.08, m)[item]
                # Without clipping, claims would be off by what the ends cut off.
                chance = 0.2 + 0.6 * said - claim + bent
                right = rng.random(n * m) < np.clip(chance, 0, 1)
                found = confidence_calibration(said, right, person=person, item=item)
                gap = np.mean([s - (0.2 + 0.6 * s - claim) for s in (0.5, 0.6, 0.7, 0.8, 0.9, 1)])
                held += found.over_confidence.low <= gap <= found.over_confidence.high
                errors.append((found.ece, found.ece_by_chance, found.ece_debiased))
            truth = np.mean(
                [abs(s - (0.2 + 0.6 * s - claim)) for s in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)]
            )
            rows.append((
                f"{n} × {m}", f"{truth:.3f}", *(f"{e:.3f}" for e in np.mean(errors, axis=0)),
                percent(held / repeats),
            ))  # fmt: skip
    print(f"\nPeople's calibration; {repeats:,} studies each\n")
    table("people × items | true ECE | plug-in | of chance | without noise | over-confidence "
          "covered", *rows)  # fmt: skip


SECTIONS = {
    each.__name__: each for each in (coverage, methods, measures, better, losses, plans, confidence)
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by name")
    parser.add_argument("--share", type=float, default=1.0, help="of the pages' studies")
    given = parser.parse_args()
    names = chosen(given.only, SECTIONS, parser)
    if not 0 < given.share <= 1:
        parser.error(f"--share {given.share:g} is not above 0 and at most 1")
    for name in names:
        print(f"\n## {name}", flush=True)
        SECTIONS[name](lambda most: max(1, round(most * given.share)))


if __name__ == "__main__":
    main()
