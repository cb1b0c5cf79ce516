"""The peers of `transparency.py`: shap, shapiq, lime, PyALE and captum.

benchmarks/.venv-transparency/bin/python benchmarks/peers_transparency.py FOLDER

FOLDER holds settings.json, the fitted models and what each section needs. Prints one line of JSON
for each thing measured, in CPU seconds of one thread. The data, `cpu_seconds`, the scales and the
networks for gradients serve both sides. To make the environment:

    python -m venv benchmarks/.venv-transparency
    benchmarks/.venv-transparency/bin/pip install torch==2.13.0
    benchmarks/.venv-transparency/bin/pip install -r benchmarks/requirements-transparency.txt
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import sys
import warnings
from pathlib import Path
from time import process_time

import numpy as np
from sklearn.datasets import load_breast_cancer

PLAYERS = 12
BITS = 1 << np.arange(PLAYERS)
ROWS = [3, 77, 200]
BUDGETS = (128, 512, 1024)
SAMPLES = 5_000
"""What lime draws unless told otherwise."""

SCALES = {
    "network": "probability",
    "boosted": "log odds",
    "forest": "probability",
    "logistic": "log odds",
}
"""Models, and the scale on which each is explained where values are exact."""


def cases():
    """Return twelve columns of the breast-cancer data, the labels, the rows and the background."""
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :PLAYERS]
    return X, y, X[ROWS], X[::5][:100]


def cpu_seconds(work, repeats=3):
    """Return the least CPU time of a few, stopping once they have taken five seconds."""
    times: list[float] = []
    while len(times) < repeats and sum(times) < 5:
        begun = process_time()
        work()
        times.append(process_time() - begun)
    return min(times)


def asked(model, scale):
    """Return a fitted model as a function of rows."""
    if scale == "log odds":
        return model.decision_function
    return lambda rows: model.predict_proba(rows)[:, 1]


def looked_up(table):
    """Return a game of which every worth is known, as a model of columns of 0 and 1."""
    return lambda members: table[np.rint(members).astype(np.intp) @ BITS]


def module_and_rows(kind):
    """Return a torch module in double precision and rows: columns or pictures."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    if kind == "perceptron, 64 rows of 12":
        module = nn.Sequential(
            nn.Linear(PLAYERS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
        )
        x = torch.randn(64, PLAYERS)
    elif kind == "the same with tanh":
        module = nn.Sequential(
            nn.Linear(PLAYERS, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2)
        )
        x = torch.randn(64, PLAYERS)
    else:
        module = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 49, 10),
        )  # fmt: skip
        x = torch.randn(2, 1, 28, 28)
    for each in module.parameters():
        each.data.mul_(2)  # curved as trained ones are
    return module.double().eval(), x.double()


MODULES = ("perceptron, 64 rows of 12", "the same with tanh", "convolutions, 2 pictures of 28 × 28")


def told(**fields) -> None:
    """Print one line of JSON."""
    print(json.dumps(fields), flush=True)


def attempt(section, who, work) -> None:
    """Carry out one measurement; what fails says why and stops nothing else."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = work()
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        told(section=section, who=who, failed=f"{type(error).__name__}: {reason[:120]}")
        return
    for each in found:
        told(section=section, who=who, **each)


# --- Shapley values -------------------------------------------------------------------------------


def by_kernel(f, background, rows, budget, seed, **options):
    import shap

    np.random.seed(seed)  # noqa: NPY002 -- shap draws from it
    explainer = shap.KernelExplainer(f, background)
    return np.asarray(explainer.shap_values(rows, nsamples=budget, silent=True, **options))


def by_permutation(f, background, rows, budget, seed):
    import shap

    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.PermutationExplainer(f, masker, seed=seed)
    times = max(1, budget // (2 * PLAYERS + 1))
    return np.asarray(explainer.shap_values(rows, npermutations=times, silent=True))


def by_shapiq(f, background, rows, budget, seed):
    from shapiq.approximator import KernelSHAP

    def game(members):
        return f(np.asarray(members, dtype=float)) - f(np.zeros((1, PLAYERS)))

    found = KernelSHAP(PLAYERS, random_state=seed).approximate(budget, game)
    return found.get_n_order_values(1)[None]


SAMPLERS = {
    "shap Kernel": lambda *given: by_kernel(*given, l1_reg=0),
    "shap Kernel, default l1_reg": by_kernel,
    "shap Permutation": by_permutation,
    "shapiq KernelSHAP": by_shapiq,
}


def shapley(folder, settings):
    """Tell the values found by each sampler on games whose every worth is known."""
    tables = np.load(folder / "tables.npz")
    nobody, everybody = np.zeros((1, PLAYERS)), np.ones((1, PLAYERS))
    for who, sampler in SAMPLERS.items():

        def measured(sampler=sampler):
            for case in tables.files:
                for budget in BUDGETS:
                    values = [
                        [sampler(looked_up(table), nobody, everybody, budget, seed)[0].tolist()
                         for table in tables[case].T]
                        for seed in range(settings["seeds"])
                    ]  # fmt: skip
                    yield {"case": case, "budget": budget, "values": values}

        attempt("shapley", who, measured)


def speed(folder, settings):
    """Time shap's KernelExplainer on the models themselves, three rows."""
    _, _, rows, background = cases()
    models = pickle.loads((folder / "models.pickle").read_bytes())
    tried = set(SCALES.items()) | {
        (name, "probability") for name in np.load(folder / "tables.npz").files
    }
    arms = {
        "shap Kernel, as it comes": {"nsamples": "auto"},
        "shap Kernel, 512 coalitions": {"nsamples": 512, "l1_reg": 0},
    }
    for who, options in arms.items():

        def measured(options=options):
            import shap

            for name, scale in sorted(tried):
                explainer = shap.KernelExplainer(asked(models[name], scale), background)
                values, seconds = [], []
                for seed in range(3):
                    np.random.seed(seed)  # noqa: NPY002 -- shap draws from it
                    begun = process_time()
                    values.append(explainer.shap_values(rows, silent=True, **options).tolist())
                    seconds.append(process_time() - begun)
                yield {"case": name, "scale": scale, "values": values, "seconds": min(seconds)}

        attempt("speed", who, measured)


def trees(folder, settings):
    """Time shap's TreeExplainer on all rows, and keep what it says."""
    X, _, _, background = cases()
    models = pickle.loads((folder / "models.pickle").read_bytes())
    for who, how in {
        "shap TreeExplainer": "interventional",
        "shap TreeExplainer, path-dependent": "tree_path_dependent",
    }.items():

        def measured(how=how):
            import shap

            for name in ("forest", "boosted"):
                data = background[:50] if how == "interventional" else None
                made = shap.TreeExplainer(models[name], data, feature_perturbation=how)

                def work(made=made):
                    return made.shap_values(X, check_additivity=False)

                values = np.asarray(work())
                values = values[..., 1] if values.ndim == 3 else values
                yield {"case": name, "seconds": cpu_seconds(work), "values": values.tolist()}

        attempt("trees", who, measured)


# --- LIME, effects, gradients ---------------------------------------------------------------------


def lime(folder, settings):
    """Tell lime's coefficients over seeds, and what each run costs."""
    X, _, rows, _ = cases()
    models = pickle.loads((folder / "models.pickle").read_bytes())
    for who, discretised in (("lime, bins", True), ("lime, slopes", False)):

        def measured(discretised=discretised):
            from lime.lime_tabular import LimeTabularExplainer

            for name in ("network", "forest", "boosted"):
                found, seconds = [], []
                for seed in range(settings["seeds"]):
                    explainer = LimeTabularExplainer(
                        X, discretize_continuous=discretised, random_state=seed
                    )
                    begun = process_time()
                    said = explainer.explain_instance(
                        rows[0], models[name].predict_proba, num_features=PLAYERS,
                        num_samples=SAMPLES,
                    )  # fmt: skip
                    seconds.append(process_time() - begun)
                    found.append([value for _, value in sorted(said.as_map()[1])])
                yield {"case": name, "values": found, "seconds": float(np.median(seconds)),
                       "samples": SAMPLES}  # fmt: skip

        attempt("lime", who, measured)


def effects(folder, settings):
    """Time PyALE on every feature, one after another."""
    import pandas as pd

    models = pickle.loads((folder / "effects.pickle").read_bytes())
    X = pd.DataFrame(np.load(folder / "effects.npz")["X"])
    X.columns = [f"x{at}" for at in range(X.shape[1])]

    class Answering:
        def __init__(self, model):
            self.model = model

        def predict(self, rows):
            return self.model.predict_proba(rows.to_numpy())[:, 1]

    def measured():
        from PyALE import ale

        for name, model in models.items():

            def work(model=model):
                for feature in X.columns:
                    with contextlib.redirect_stdout(io.StringIO()):
                        ale(X, Answering(model), [feature], feature_type="continuous", plot=False,
                            grid_size=39, include_CI=True)  # fmt: skip

            yield {"case": name, "seconds": cpu_seconds(work, repeats=1)}

    attempt("effects", "PyALE", measured)


def gradients(folder, settings):
    """Time captum's integrated gradients, and measure what its attributions leave out."""
    for steps in (50, 200, 1000):

        def measured(steps=steps):
            import torch
            from captum.attr import IntegratedGradients

            torch.set_num_threads(1)
            for kind in MODULES:
                module, x = module_and_rows(kind)
                explainer, base = IntegratedGradients(module), torch.zeros_like(x)

                def work(explainer=explainer, x=x, base=base, steps=steps):
                    return explainer.attribute(x, base, target=1, n_steps=steps)

                with torch.no_grad():
                    away = (module(x) - module(base))[:, 1]
                left = (work().flatten(1).sum(1) - away).abs() / away.abs()
                yield {"case": kind, "seconds": cpu_seconds(work), "gap": float(left.max()),
                       "rows": len(x) * steps}  # fmt: skip

        attempt("gradients", f"captum, {steps} steps", measured)


def main() -> None:
    folder = Path(sys.argv[1])
    settings = json.loads((folder / "settings.json").read_text())
    parts = {
        "shapley": shapley, "speed": speed, "trees": trees, "lime": lime, "effects": effects,
        "gradients": gradients,
    }  # fmt: skip
    for name, part in parts.items():
        if name in settings["sections"]:
            begun = process_time()
            part(folder, settings)
            print(f"peers, {name}: {process_time() - begun:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
