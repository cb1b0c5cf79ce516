"""The peers of `uncertainty.py`: torch-uncertainty, baal, netcal, torchmetrics, MAPIE, crepes.

benchmarks/.venv-uncertainty/bin/python benchmarks/peers_uncertainty.py FOLDER

FOLDER holds settings.json and what each section needs. Prints one line of JSON for each thing
measured; arrays lie beside them. The networks, `best_seconds`, `peak_bytes` and the exact ranks'
cells serve both sides. To make the environment:

    python -m venv benchmarks/.venv-uncertainty
    benchmarks/.venv-uncertainty/bin/pip install torch==2.13.0
    benchmarks/.venv-uncertainty/bin/pip install -r benchmarks/requirements-uncertainty.txt
    benchmarks/.venv-uncertainty/bin/pip install --no-deps torch-uncertainty==0.13.0 baal==2.1.0
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import resource
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn

BINS = 15
CELLS = [
    (n, level)
    for n in (5, 6, 9, 10, 19, 20, 24, 39, 49, 50, 74, 99, 100, 149, 199, 200)
    for level in (0.5, 0.55, 0.56, 0.68, 0.8, 0.9, 0.95, 0.99)
]
SIZES = (100, 1_000, 10_000)


class Network(nn.Module):
    """A trunk without randomness and a head with dropout, of the kind named."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        if kind == "attention":
            self.head = nn.MultiheadAttention(64, 4, dropout=0.3, batch_first=True)
        else:
            self.head = nn.Linear(64, 64)
        self.dropout = nn.Dropout(0.3) if kind == "layer" else nn.Identity()
        self.last = nn.Linear(64, 10)

    def forward(self, x):
        seen = self.trunk(x)
        if self.kind == "attention":
            tokens = seen.flatten(2).transpose(1, 2)
            return self.last(self.head(tokens.mean(1, keepdim=True), tokens, tokens)[0][:, 0])
        seen = torch.relu(self.head(seen.mean((2, 3))))
        if self.kind == "functional":
            seen = nn.functional.dropout(seen, 0.3, training=self.training)
        return self.last(self.dropout(seen))


def everywhere() -> nn.Module:
    """Return a network with dropout from its first layer on."""
    return nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 10),
    )  # fmt: skip


def networks() -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Return each network with its rows, the same on both sides."""
    made = {}
    for kind in ("layer", "functional", "attention"):
        torch.manual_seed(0)
        made[f"in the head, {kind}"] = (Network(kind), torch.randn(16, 1, 28, 28))
    torch.manual_seed(0)
    made["everywhere"] = (everywhere(), torch.randn(64, 64))
    for module, x in made.values():
        module.train()
        with torch.no_grad():
            for _ in range(20):  # running statistics of their own
                module(x)
            # Untrained networks are unsure of everything and agree on it.
            next(reversed(list(module.parameters()))).mul_(10)
            list(module.parameters())[-2].mul_(10)
        module.eval()
    return made


def best_seconds(work, repeats=7):
    """Return the best wall time of a few, stopping once they have taken five seconds."""
    times: list[float] = []
    while len(times) < repeats and sum(times) < 5:
        begun = perf_counter()
        work()
        times.append(perf_counter() - begun)
    return min(times)


def peak_bytes(work) -> int:
    """Return by how much a process of its own grows while it works."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with suppress(AttributeError, OSError):
                ctypes.CDLL(None).malloc_trim(0)  # what was freed before would be used again
                Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
            before = resident("VmRSS")
            work()
            os.write(write, str(max(resident("VmHWM") - before, 0)).encode())
        finally:
            os._exit(0)
    os.close(write)
    told = os.read(read, 64)
    os.close(read)
    os.waitpid(child, 0)
    return int(told or 0)


def resident(what: str) -> int:
    """Return a process's memory in bytes; the whole life's peak where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = next(line for line in status.splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


def told(**fields) -> None:
    """Print one line of JSON."""
    print(json.dumps(fields), flush=True)


def attempt(who, section, case, work) -> None:
    """Carry out one measurement; what fails says why and stops nothing else."""
    try:
        work()
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        told(section=section, case=case, who=who, failed=f"{type(error).__name__}: {reason[:120]}")


def mc_dropout(folder: Path) -> None:
    """Time torch-uncertainty and baal, and keep their samples."""
    passes = json.loads((folder / "settings.json").read_text())["passes"]
    for case, (module, x) in networks().items():
        for who, make in dropout_peers(passes).items():

            def measured(who=who, make=make, module=module, x=x, case=case):
                work = make(module, x)
                samples = torch.softmax(work().double(), dim=-1).numpy()
                name = f"{case} {who}"
                np.save(folder / f"{name}.npy", samples)
                seconds = best_seconds(work, repeats=3)
                told(section="mc-dropout", case=case, who=who, samples=name, seconds=seconds,
                     peak=peak_bytes(work))  # fmt: skip

            attempt(who, "mc-dropout", case, measured)


def dropout_peers(passes):
    """Return what makes each peer's passes: a function that returns logits (T, n, K)."""

    def of_torch_uncertainty(on_batch):
        def make(module, x):
            # Its package imports lightning, which the one file that is meant does not need.
            found = importlib.util.find_spec("torch_uncertainty")
            if found is None:
                raise ImportError("torch-uncertainty is not installed")
            path = Path(found.submodule_search_locations[0]) / "methods" / "mc_dropout.py"
            spec = importlib.util.spec_from_file_location("their_dropout", path)
            theirs = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(theirs)
            wrapped = theirs.mc_dropout(module, passes, on_batch=on_batch).eval()

            def work():
                with torch.no_grad():
                    return wrapped(x).reshape(passes, len(x), -1)

            return work

        return make

    def of_baal(replicate, cached):
        def make(module, x):
            from copy import deepcopy

            from baal.bayesian.caching_utils import MCCachingModule
            from baal.bayesian.dropout import MCDropoutModule
            from baal.modelwrapper import ModelWrapper, TrainingArgs

            wrapped = MCDropoutModule(deepcopy(module)).eval()
            if cached:
                wrapped = MCCachingModule(wrapped).eval()
            arguments = TrainingArgs(use_cuda=False, replicate_in_memory=replicate)
            model = ModelWrapper(wrapped, arguments)
            return lambda: model.predict_on_batch(x, passes).movedim(-1, 0)

        return make

    return {
        "torch-uncertainty, on_batch": of_torch_uncertainty(True),
        "torch-uncertainty, loop": of_torch_uncertainty(False),
        "baal, replicated": of_baal(True, False),
        "baal, loop": of_baal(False, False),
        "baal, cached": of_baal(False, True),
    }


def calibration(folder: Path) -> None:
    """Compute and time every peer's ECE on the inputs of the other side."""
    from netcal.metrics import ACE, ECE, MCE
    from torchmetrics.functional.classification import (
        binary_calibration_error,
        multiclass_calibration_error,
    )

    inputs = np.load(folder / "calibration.npz")
    for case in json.loads((folder / "settings.json").read_text())["calibration"]:
        p, y = inputs[f"{case} p"], inputs[f"{case} y"]
        tensor, truth = torch.from_numpy(p), torch.from_numpy(y)
        many = p.ndim == 2

        def torchmetrics(norm, many=many, tensor=tensor, truth=truth):
            if many:
                found = multiclass_calibration_error(
                    tensor, truth, tensor.shape[1], n_bins=BINS, norm=norm
                )
            else:
                found = binary_calibration_error(tensor, truth, n_bins=BINS, norm=norm)
            return float(found)

        arms = {
            **{
                ("torchmetrics", norm): lambda norm=norm, arm=torchmetrics: arm(norm)
                for norm in ("l1", "l2", "max")
            },
            ("netcal", "l1"): lambda p=p, y=y: float(ECE(BINS).measure(p, y)),
            ("netcal", "max"): lambda p=p, y=y: float(MCE(BINS).measure(p, y)),
            ("netcal", "adaptive"): lambda p=p, y=y: float(ACE(BINS).measure(p, y)),
        }
        for (who, norm), work in arms.items():

            def measured(who=who, norm=norm, work=work, case=case):
                told(section="calibration", case=case, who=who, norm=norm, value=work(),
                     seconds=best_seconds(work))  # fmt: skip

            attempt(who, "calibration", case, measured)


class Zero:
    """A fitted regressor that answers 0: a residual is then an outcome."""

    n_features_in_ = 1

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


def conformal(folder: Path) -> None:
    """Keep MAPIE's and crepes's thresholds over the cells, and time a calibration."""
    from crepes import ConformalRegressor
    from mapie.regression import SplitConformalRegressor
    from sklearn.base import BaseEstimator, RegressorMixin

    class Model(Zero, RegressorMixin, BaseEstimator):
        pass

    def of_mapie(residuals, level):
        split = SplitConformalRegressor(Model(), confidence_level=level, prefit=True)
        split.conformalize(np.zeros((len(residuals), 1)), residuals)
        return float(split.predict_interval(np.zeros((1, 1)))[1][0, 1, 0])

    def of_crepes(residuals, level):
        fitted = ConformalRegressor().fit(residuals)
        with warnings.catch_warnings():  # of an infinite interval, where one is due
            warnings.simplefilter("ignore")
            return float(fitted.predict_int(np.zeros(1), confidence=level)[0, 1])

    inputs = np.load(folder / "conformal.npz")
    for who, threshold in {"MAPIE": of_mapie, "crepes": of_crepes}.items():
        found = []
        for n, level in CELLS:
            try:
                found.append(threshold(inputs["residuals"][:n], level))
            except Exception:
                found.append(None)  # refused
        seconds = {
            str(n): best_seconds(lambda n=n, t=threshold: t(inputs["residuals"][:n], 0.9))
            for n in SIZES
        }
        told(section="conformal", who=who, thresholds=found, seconds=seconds)


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    settings = json.loads((folder / "settings.json").read_text())
    sections = {"mc-dropout": mc_dropout, "calibration": calibration, "conformal": conformal}
    for name, section in sections.items():
        if name in settings["sections"]:
            attempt("peers", name, "", lambda section=section: section(folder))


if __name__ == "__main__":
    main()
