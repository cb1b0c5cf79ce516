"""What an explanation costs beside its peers, and how wrong it is for that.

    python benchmarks/transparency.py                           # about eight minutes
    python benchmarks/transparency.py --only shapley,trees
    python benchmarks/transparency.py --rows 30000 --seeds 3    # to see that it runs
    python benchmarks/transparency.py --without-peers

Sections: shapley (error of sampled values at equal evaluations, and coverage of the standard
errors; every worth of the games is known beforehand), overhead (each sampled method over its own
evaluations of the model), speed (beside shap's KernelExplainer at equal error), lime (beside lime
at equal repeatability), effects (20 features beside a loop over scikit-learn's partial_dependence,
and PyALE), trees (beside shap's TreeExplainer and brute force), importance (beside scikit-learn)
and gradients (beside captum). Times are CPU seconds of one thread, the least of a few. The peers
have an environment of their own; the docstring of `peers_transparency.py` says how it is made.
Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import tempfile
import warnings
from pathlib import Path
from time import process_time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from peers_transparency import (
    BITS,
    BUDGETS,
    MODULES,
    PLAYERS,
    SCALES,
    asked,
    cases,
    cpu_seconds,
    module_and_rows,
)
from shared import by_peers, chosen
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.inspection import partial_dependence as their_dependence
from sklearn.inspection import permutation_importance as their_importance
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.predictors import Predictor
from alignlab.transparency import permutation_importance
from alignlab.transparency.effects import accumulated_local_effects, partial_dependence
from alignlab.transparency.gradients import integrated_gradients
from alignlab.transparency.recourse import counterfactuals, recourse_cost
from alignlab.transparency.shapley import shapley_of_game, shapley_values
from alignlab.transparency.surrogates import lime

SECTIONS = (
    "shapley", "overhead", "speed", "lime", "effects", "trees", "importance", "gradients",
)  # fmt: skip
EVERY = (np.arange(2**PLAYERS)[:, None] & BITS > 0).astype(float)
GAMES = ("network", "boosted", "forest")
STEPS = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
POINTS = 40
BATCH = 4096


def models(X, y):
    """Return the models, fitted."""
    return {
        "network": make_pipeline(
            StandardScaler(), MLPClassifier((64, 64), random_state=0, max_iter=300)
        ).fit(X, y),
        "boosted": HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(X, y),
        "forest": RandomForestClassifier(50, max_depth=6, random_state=0).fit(X, y),
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X, y),
    }


def played(model):
    """Return what every coalition is worth to each row, shape (4096, rows)."""
    _, _, rows, background = cases()
    known = EVERY[:, None, :] > 0
    return np.stack(
        [
            asked(model, "probability")(
                np.where(known, row, background).reshape(-1, PLAYERS)
            ).reshape(len(EVERY), -1).mean(axis=1)
            for row in rows
        ],
        axis=1,
    )  # fmt: skip


class Timed:
    """A model that counts what it is asked for, and the CPU time that it takes."""

    def __init__(self, model):
        self.model, self.classes_ = model, model.classes_
        self.rows = self.calls = 0
        self.seconds = 0.0

    def fit(self, *_):
        raise NotImplementedError("scikit-learn asks for the method; nobody may call it.")

    def predict_proba(self, X):
        begun = process_time()
        answers = self.model.predict_proba(X)
        self.seconds += process_time() - begun
        self.rows += len(X)
        self.calls += 1
        return answers

    def predictor(self):
        return Predictor(self.predict_proba, "classification", tuple(self.classes_))


def raw_seconds(model, X):
    """Return the CPU time of one row in batches of 4,096."""
    many = np.resize(np.arange(len(X)), BATCH)
    rows = X.iloc[many] if isinstance(X, pd.DataFrame) else X[many]
    return cpu_seconds(lambda: model.predict_proba(rows), repeats=5) / BATCH


def by(peers, section, **wanted):
    """Return what peers measured in a section."""
    return [
        each
        for each in peers
        if each["section"] == section
        and "failed" not in each
        and all(each.get(key) == value for key, value in wanted.items())
    ]


# --- Shapley values -------------------------------------------------------------------------------


def exact(table):
    """Return the Shapley values of each game in a table of worths, shape (games, players)."""
    found = shapley_of_game(lambda S: table[S.astype(np.intp) @ BITS], PLAYERS, method="exact")
    return found.values.T


def error_of(values, truth):
    """Return the root mean square over seeds of |found - exact| / |exact|, mean over games."""
    away = np.square(np.asarray(values) - truth).sum(axis=-1) / np.square(truth).sum(axis=-1)
    return float(np.sqrt(away.mean(axis=0)).mean())


def sampled(table, budget, seeds, method="odd regression"):
    """Return values and standard errors, shape (seeds, games, players)."""
    found = [
        shapley_of_game(
            lambda S: table[S.astype(np.intp) @ BITS], PLAYERS, method=method,
            max_evaluations=budget, tolerance=None, seed=seed,
        )
        for seed in range(seeds)
    ]  # fmt: skip
    return np.array([[each.values.T, each.standard_errors.T] for each in found]).swapaxes(0, 1)


def shapley_section(peers, tables, seeds):
    """Print the errors of samplers at equal evaluations."""
    names = list(dict.fromkeys(each["who"] for each in by(peers, "shapley")))
    print(f"\n### Sampled Shapley values: relative error, {seeds} seeds\n")
    print("Three rows and 100 background rows a game; budgets in coalitions a row.\n")
    print("| game | budget | alignlab | at half the budget | coverage, nominal 95 % | alignlab, "
          "permutation | " + " | ".join(names) + " |")  # fmt: skip
    print("|---" * (6 + len(names)) + "|")
    for case, table in tables.items():
        truth = exact(table)
        for budget in BUDGETS:
            values, errors = sampled(table, budget, seeds)
            inside = np.abs(values - truth) <= 1.96 * errors + 1e-12
            cells = [
                f"{error_of(values, truth):.4f}",
                f"{error_of(sampled(table, budget // 2, seeds)[0], truth):.4f}",
                f"{100 * inside.mean():.0f} %",
                f"{error_of(sampled(table, budget, seeds, 'permutation')[0], truth):.4f}",
            ]
            for name in names:
                found = by(peers, "shapley", who=name, case=case, budget=budget)
                cells.append(f"{error_of(found[0]['values'], truth):.4f}" if found else "")
            print(f"| {case} | {budget} | " + " | ".join(cells) + " |", flush=True)


def speed_section(peers, fitted, tables, seeds):
    """Print the time to an error as small as that of shap's KernelExplainer."""
    _, _, rows, background = cases()
    print("\n### Beside shap's KernelExplainer, three rows and 100 background rows\n")
    print("| model | scale | peer | its error | its s | alignlab's route | error | s | times "
          "faster |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for each in sorted(by(peers, "speed"), key=lambda each: (each["case"], each["scale"])):
        case, scale = each["case"], each["scale"]
        model = fitted[case]
        if scale == "probability" and case in tables:
            truth = exact(tables[case])
        else:
            truth = shapley_values(
                model, rows, background, scale=scale, method="exact", max_evaluations=10**7
            ).values[..., 0]
        theirs = error_of(each["values"], truth)
        structured = (SCALES[case] == scale) and case != "network"
        options, ours = {}, 0.0
        if not structured:
            for step in STEPS:
                values, _ = sampled(tables[case], step, max(seeds, 10))
                ours = error_of(values, truth)
                if ours <= theirs:
                    break
            options = {"method": "odd regression", "tolerance": None,
                       "max_evaluations": len(rows) * len(background) * step}  # fmt: skip

        def work(model=model, scale=scale, options=options):
            return shapley_values(model, rows, background, scale=scale, **options)

        found = work()
        route = found.method if structured else f"{found.method}, {step} coalitions"
        error = error_of(found.values[None, ..., 0], truth) if structured else ours
        seconds = cpu_seconds(work)
        who = each["who"].removeprefix("shap ")
        print(f"| {case} | {scale} | {who} | {theirs:.4f} | {each['seconds']:.2f} | {route} | "
              f"{error:.1g} | {seconds:.4f} | {each['seconds'] / seconds:.1f} |",
              flush=True)  # fmt: skip


def trees_section(peers, fitted):
    """Print the time a row and the largest error of exact values of trees."""
    X, _, _, background = cases()
    background, some = background[:50], X[[3, -1]]
    print("\n### Trees: 569 rows, 50 background rows\n")
    print("| model | by | µs a row | predictions of a row | largest error, two rows |")
    print("|---|---|---|---|---|")
    for name in ("forest", "boosted"):
        model, scale = fitted[name], SCALES[name]
        once = cpu_seconds(lambda: asked(model, scale)(X), repeats=7) / len(X)  # noqa: B023
        truth = np.array(
            [
                exact(
                    asked(model, scale)(
                        np.where(EVERY[:, None, :] > 0, row, background).reshape(-1, PLAYERS)
                    ).reshape(len(EVERY), -1).mean(axis=1)[:, None]
                )[0]
                for row in some
            ]
        )  # fmt: skip
        found = []
        for who, game in (("alignlab", "interventional"), ("alignlab, path-dependent",
                                                           "path-dependent")):  # fmt: skip

            def work(model=model, scale=scale, game=game):
                return shapley_values(
                    model, X, background, scale=scale, game=game, method="trees"
                ).values[..., 0]

            found.append((who, cpu_seconds(work), work()))
        found += [(e["who"], e["seconds"], np.array(e["values"])) for e in by(peers, "trees")
                  if e["case"] == name]  # fmt: skip
        for who, seconds, values in found:
            each = seconds / len(X)
            told = "another game" if "path" in who else (
                f"{np.abs(values[[3, -1]] - truth).max():.1g}"
            )  # fmt: skip
            print(f"| {name} | {who} | {1e6 * each:,.0f} | {each / once:,.0f} | {told} |")
        print(f"| {name} | one prediction | {1e6 * once:,.1f} | 1 | |", flush=True)


# --- Overhead -------------------------------------------------------------------------------------


def sampled_methods(X, y, row, background, rows):
    """Return each sampled method as a function of a predictor, with about so many evaluations."""
    repeats = max(1, rows // X.size)
    sparse = max(2, round(rows / X.size))
    explained = max(1, rows // (512 * len(background)))
    searched = max(4, rows // 4_000)
    drawn = np.random.default_rng(0)
    # Near rows of the data, and no two alike.
    many = X.sample(max(200, rows // (2 * X.shape[1])), replace=True, random_state=0)
    moved = 0.1 * X.std().to_numpy() * drawn.normal(size=many.shape)
    many = (many + moved).reset_index(drop=True)
    return {
        "permutation importance": lambda model: permutation_importance(
            model, X, y, repeats=repeats
        ),
        "Shapley, odd regression, 512 a row": lambda model: shapley_values(
            model, X[:explained], background, method="odd regression", tolerance=None,
            max_evaluations=512 * explained * len(background),
        ),
        "Shapley, permutation, 512 a row": lambda model: shapley_values(
            model, X[:explained], background, method="permutation", tolerance=None,
            max_evaluations=512 * explained * len(background),
        ),
        "partial dependence and ICE": lambda model: partial_dependence(
            model, X, points=sparse, ale="never"
        ),
        "accumulated local effects": lambda model: accumulated_local_effects(model, many),
        "LIME, width 0.5": lambda model: lime(
            model, row, background=X, max_evaluations=max(rows, 5_000), top=PLAYERS, width=0.5
        ),
        "counterfactual search, one row": lambda model: counterfactuals(
            model, row, data=X, method="search"
        ),
        "counterfactual search, many rows": lambda model: recourse_cost(
            model, many[:searched], np.arange(searched) % 2, favourable=1, data=X, method="search"
        ),
    }  # fmt: skip


def overhead_section(fitted, rows):
    """Print what each method takes over what the model takes."""
    X, y, _, background = cases()
    names = [f"x{at}" for at in range(PLAYERS)]
    X = pd.DataFrame(X, columns=names)
    background = pd.DataFrame(background, columns=names)
    print(f"\n### Overhead, about {rows:,} evaluations where the method can use them\n")
    print("Over the model: CPU seconds in all over those inside the model. Batch: the model's time "
          "a row over that in batches of 4,096.\n")  # fmt: skip
    print("| method | model | µs a row | rows asked | calls | batch | over the model |")
    print("|---|---|---|---|---|---|---|")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fitted on arrays, asked by frames
        for name, model in fitted.items():
            raw = raw_seconds(model, X)
            small = sampled_methods(X, y, X.iloc[[3]], background, 20_000)
            for method, work in sampled_methods(X, y, X.iloc[[3]], background, rows).items():
                small[method](Timed(model).predictor())  # what is compiled or imported once
                timed = Timed(model)
                begun = process_time()
                work(timed.predictor())
                whole = process_time() - begun
                each = timed.seconds / timed.rows
                print(f"| {method} | {name} | {1e6 * each:.2f} | {timed.rows:,} | {timed.calls} | "
                      f"{each / raw:.2f} | {whole / timed.seconds:.2f} |", flush=True)  # fmt: skip


# --- LIME, effects, importance, gradients ---------------------------------------------------------


def spread_of(values):
    """Return by how much coefficients differ between seeds, as a share of their length."""
    values = np.asarray(values)
    return float(np.sqrt(values.var(axis=0, ddof=1).sum() / np.square(values.mean(axis=0)).sum()))


def lime_section(peers, fitted, seeds):
    """Print the time to coefficients that differ between seeds by as little as lime's."""
    X, _, rows, _ = cases()
    print(f"\n### LIME: the spread of its coefficients over {seeds} seeds\n")
    print("| model | by | samples | spread | s | fidelity | times faster than lime at no more "
          "spread |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for name in ("network", "forest", "boosted"):
        reached = []
        for allowed in (5_000, 10_000, 50_000):
            told, seconds = [], []
            for seed in range(seeds):
                begun = process_time()
                told.append(
                    lime(fitted[name], rows[0], background=X, max_evaluations=allowed, seed=seed,
                         top=PLAYERS)
                )  # fmt: skip
                seconds.append(process_time() - begun)
            spread = spread_of([each.strengths for each in told])
            fidelity = np.median([each.fidelity.value for each in told])
            reached.append((spread, float(np.median(seconds))))
            print(f"| {name} | alignlab | {allowed:,} | {spread:.3f} | {reached[-1][1]:.4f} | "
                  f"{fidelity:.2f} | |", flush=True)  # fmt: skip
        for each in by(peers, "lime", case=name):
            theirs = spread_of(each["values"])
            enough = [seconds for spread, seconds in reached if spread <= theirs]
            ratio = f"{each['seconds'] / min(enough):.1f}" if enough else "not reached"
            print(f"| {name} | {each['who']} | {each['samples']:,} | {theirs:.3f} | "
                  f"{each['seconds']:.4f} | | {ratio} |")  # fmt: skip


def wide_data():
    """Return 20 columns of the breast-cancer data and the labels."""
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, :20], y


def effects_section(peers, fitted):
    """Print the time for 20 features, beside a loop over them."""
    X, _ = wide_data()
    print(f"\n### Effects of 20 features, {len(X)} rows, {POINTS} points\n")
    print("| model | raw µs a row | the loop, s | PDP and ICE with bands, s | rows asked | in raw "
          "evaluations | faster | ALE, s | PyALE, s | faster |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, model in fitted.items():
        raw = raw_seconds(model, X)

        def loop(model=model):
            for feature in range(X.shape[1]):
                their_dependence(
                    model, X, [feature], kind="both", grid_resolution=POINTS, method="brute",
                    response_method="predict_proba", percentiles=(0, 1),
                )  # fmt: skip

        def ours(model=model):
            return partial_dependence(model, X, points=POINTS, individual=None, ale="never")

        def local(model=model):
            return accumulated_local_effects(model, X, points=POINTS)

        made = ours()
        theirs, mine, ale = cpu_seconds(loop, 2), cpu_seconds(ours), cpu_seconds(local)
        peer = by(peers, "effects", case=name)
        said = f"{peer[0]['seconds']:.2f} | {peer[0]['seconds'] / ale:.0f}" if peer else "|"
        print(f"| {name} | {1e6 * raw:.2f} | {theirs:.2f} | {mine:.2f} | {made.evaluations:,} | "
              f"{mine / (made.evaluations * raw):.2f} | {theirs / mine:.1f} | {ale:.3f} | "
              f"{said} |", flush=True)  # fmt: skip


def importance_section(fitted):
    """Print the time of permutation importance, beside scikit-learn's."""
    X, y, _, _ = cases()
    print("\n### Permutation importance by log loss, 569 rows × 12, 10 repeats\n")
    print("| model | by | s | rows asked | calls | over the model |")
    print("|---|---|---|---|---|---|")
    runs = {
        "scikit-learn": lambda model: their_importance(
            model, X, y, scoring=log_likelihood, n_repeats=10, random_state=0
        ),
        "alignlab, with intervals": lambda model: permutation_importance(
            model.predictor(), X, y, repeats=10
        ),
    }
    for name, model in fitted.items():
        took = []
        for who, run in runs.items():
            best = None
            for _ in range(3):
                timed = Timed(model)
                begun = process_time()
                run(timed)
                whole = process_time() - begun
                if best is None or whole < best[0]:
                    best = whole, timed
            whole, timed = best
            took.append(whole)
            print(f"| {name} | {who} | {whole:.3f} | {timed.rows:,} | {timed.calls} | "
                  f"{whole / timed.seconds:.2f} |")  # fmt: skip
        print(f"| {name} | scikit-learn / alignlab | {took[0] / took[1]:.1f} | | | |", flush=True)


def log_likelihood(model, X, y):
    chosen = model.predict_proba(X)[np.arange(len(y)), y]
    return float(np.log(np.maximum(chosen, np.finfo(float).eps)).mean())


def gradients_section(peers):
    """Print the time of integrated gradients and what they leave unexplained."""
    print("\n### Integrated gradients against a baseline of 0, in double precision\n")
    print("| network | by | s | evaluations | largest gap / (answer - base) |")
    print("|---|---|---|---|---|")
    for kind in MODULES:
        module, x = module_and_rows(kind)

        def work(module=module, x=x):
            return integrated_gradients(module, x, baseline=0.0, target=1)

        made = work()
        print(f"| {kind} | alignlab, to 1e-6 in every input | {cpu_seconds(work):.3f} | "
              f"{made.evaluations:,} | {made.relative_gap:.1g} |")  # fmt: skip
        for each in by(peers, "gradients", case=kind):
            print(f"| {kind} | {each['who']} | {each['seconds']:.3f} | {each['rows']:,} | "
                  f"{each['gap']:.1g} |", flush=True)  # fmt: skip


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by name")
    parser.add_argument("--rows", type=int, default=300_000, help="evaluations for the overhead")
    parser.add_argument("--seeds", type=int, default=10, help="of what is sampled")
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    sections = chosen(given.only, SECTIONS, parser)
    torch.set_num_threads(1)
    X, y, _, _ = cases()
    fitted, wide = models(X, y), models(*wide_data())
    tables = {}
    if {"shapley", "speed"} & set(sections):
        tables = {name: played(fitted[name]) for name in GAMES}
    peers = []
    if not given.without_peers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            settings = {"sections": sections, "seeds": given.seeds}
            (folder / "settings.json").write_text(json.dumps(settings))
            (folder / "models.pickle").write_bytes(pickle.dumps(fitted))
            (folder / "effects.pickle").write_bytes(pickle.dumps(wide))
            np.savez(folder / "tables.npz", **tables)
            np.savez(folder / "effects.npz", X=wide_data()[0])
            peers = by_peers("transparency", folder)
    parts = {
        "shapley": lambda: shapley_section(peers, tables, given.seeds),
        "overhead": lambda: overhead_section(fitted, given.rows),
        "speed": lambda: speed_section(peers, fitted, tables, given.seeds),
        "lime": lambda: lime_section(peers, fitted, given.seeds),
        "effects": lambda: effects_section(peers, wide),
        "trees": lambda: trees_section(peers, fitted),
        "importance": lambda: importance_section(fitted),
        "gradients": lambda: gradients_section(peers),
    }
    for name in sections:
        begun = process_time()
        parts[name]()
        print(f"\n{name}: {process_time() - begun:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
