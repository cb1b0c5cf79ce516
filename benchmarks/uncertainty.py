"""What does it cost to know what a model does not know? Beside the peers, on the same inputs.

    python benchmarks/uncertainty.py
    python benchmarks/uncertainty.py --only conformal
    python benchmarks/uncertainty.py --only mc-dropout --passes 10   # to see that it runs
    python benchmarks/uncertainty.py --without-peers

Sections: mc-dropout (100 passes beside the naive loop, the repeated batch, torch-uncertainty and
baal; the physical limit is one deterministic pass where dropout is in the head alone), batches (the
same by the number of rows, ours alone), calibration (beside netcal and torchmetrics), conformal
(thresholds beside MAPIE and crepes over cells of rows and level, against the rank by whole numbers)
and posterior (an ensemble stacked and one after another; Laplace in the last layer). The peers have
an environment of their own; the docstring of `peers_uncertainty.py` says how it is made. Prints
Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from fractions import Fraction
from math import ceil
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from peers_uncertainty import (
    BINS,
    CELLS,
    SIZES,
    best_seconds,
    everywhere,
    networks,
    peak_bytes,
)
from scipy import special
from shared import by_peers, chosen
from torch import nn

from alignlab.uncertainty.posterior import PosteriorPredictive

SECTIONS = ("mc-dropout", "batches", "calibration", "conformal", "posterior")
CLASSES = tuple(range(10))


# --- 100 passes of dropout ------------------------------------------------------------------------


def dropout_arms(module, x, passes):
    """Return ways to make the passes: functions that return logits (T, n, K)."""
    randomness = (nn.modules.dropout._DropoutNd, nn.MultiheadAttention)

    def switched():
        module.eval()
        for part in module.modules():
            if isinstance(part, randomness):
                part.training = True
        module.training = True  # what a functional dropout asks

    def loop():
        switched()
        with torch.no_grad():
            found = torch.stack([module(x) for _ in range(passes)])
        module.eval()
        return found

    def repeated():
        switched()
        with torch.no_grad():
            found = module(x.repeat(passes, *([1] * (x.ndim - 1))))
        module.eval()
        return found.reshape(passes, len(x), -1)

    def train_mode():
        kept = {name: value.clone() for name, value in module.state_dict().items()}
        module.train()
        with torch.no_grad():
            found = torch.stack([module(x) for _ in range(passes)])
        module.load_state_dict(kept)
        module.eval()
        return found

    return {
        "loop, model.train()": train_mode,
        "loop, dropout alone": loop,
        "repeated batch": repeated,
    }


def mc_dropout_section(peers, passes):
    """Print seconds, passes, memory and mutual information for each network."""
    from alignlab.uncertainty.posterior import mc_dropout

    for case, (module, x) in networks().items():

        def single(module=module, x=x):
            with torch.no_grad():
                return module(x)

        limit = best_seconds(single, repeats=30)
        found = [("one deterministic pass", limit, peak_bytes(single), None)]

        def ours(module=module, x=x):
            return mc_dropout(module, x, passes, classes=CLASSES)

        found.append(("alignlab", best_seconds(ours), peak_bytes(ours), ours()))
        for who, work in dropout_arms(module, x, passes).items():
            samples = torch.softmax(work().double(), dim=-1).numpy()
            seconds = best_seconds(work, repeats=3)
            found.append((who, seconds, peak_bytes(work), as_predictive(samples)))
        failed = []
        for each in peers:
            if each["section"] == "mc-dropout" and each["case"] == case:
                if "failed" in each:
                    failed.append(f"{each['who']}: {each['failed']}")
                    continue
                drawn = as_predictive(each["array"])
                found.append((each["who"], each["seconds"], each["peak"], drawn))
        print(f"\n### {passes} passes, dropout {case}, batch {len(x)}\n")
        print("| by | seconds | single passes | peak memory | mutual information |")
        print("|---|---|---|---|---|")
        for who, seconds, peak, drawn in found:
            told = "" if drawn is None else information(drawn)
            cells = f"{seconds:.4f} | {seconds / limit:.1f} | {peak / 2**20:.0f} MiB"
            print(f"| {who} | {cells} | {told} |")
        for line in failed:
            print(f"\nNot run: {line}")


def batches_section(passes):
    """Print what the passes cost by the size of the batch, where dropout is in the head alone."""
    from alignlab.uncertainty import mc_dropout

    print(
        f"\n### {passes} passes, dropout in the head, in single passes by the size of the batch\n"
    )
    print("| network | 16 | 64 | 256 | 1,024 |")
    print("|---|---|---|---|---|")
    for case, (module, x) in networks().items():
        if "head" not in case:
            continue
        ratios = []
        for n in (16, 64, 256, 1024):
            rows = x.repeat(n // len(x), 1, 1, 1)

            def single(module=module, rows=rows):
                with torch.no_grad():
                    return module(rows)

            def ours(module=module, rows=rows):
                return mc_dropout(module, rows, passes, classes=CLASSES)

            ratios.append(best_seconds(ours) / best_seconds(single, repeats=30))
        print(f"| {case} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


def as_predictive(samples):
    return PosteriorPredictive(samples, "theirs", classes=CLASSES)


def information(drawn):
    if np.ptp(drawn.samples, axis=0).max() == 0:
        return "no randomness found: all passes equal"
    value, error = drawn.mutual_information, drawn.mutual_information_error
    return f"{value.mean():.4f} ± {np.sqrt(np.sum(error**2)) / len(error):.4f}"


# --- calibration error ----------------------------------------------------------------------------


def calibration_inputs():
    """Return what both sides measure: probabilities and what came true."""
    generator = np.random.default_rng(0)
    smooth = generator.random(2_000)
    rounded = np.round(smooth, 2)
    ends = np.where(smooth < 0.1, 0.0, np.where(smooth > 0.9, 1.0, smooth))
    many = special.softmax(2 * generator.normal(size=(2_000, 5)), axis=1)
    right = (generator.random((2_000, 1)) < np.cumsum(many, axis=1)).argmax(axis=1)
    inputs = {
        name: (p, (generator.random(2_000) < 0.9 * p).astype(np.int64))
        for name, p in (("smooth", smooth), ("two decimals", rounded), ("0 and 1", ends))
    }
    return inputs | {"five classes": (many, right)}


ADAPTIVE = "bins of equal mass are made otherwise there, and averaged without weights"


def ones_apart(p, y, norm):
    """Return what bins of equal width give if a score of 1 has a bin of its own."""
    score, right = (p, y) if p.ndim == 1 else (p.max(axis=1), p.argmax(axis=1) == y)
    at = np.floor(score * BINS).astype(int)  # 1 is the last, alone
    gaps = [(np.mean(at == b), abs((score - right)[at == b].mean())) for b in np.unique(at)]
    share, gap = np.array(gaps).T
    return {"l1": share @ gap, "l2": np.sqrt(share @ gap**2), "max": gap.max()}[norm]


def reason(p, y, norm, theirs, value):
    """Return why a peer's value is not ours, where it is not."""
    if norm == "adaptive":
        return ADAPTIVE
    if abs(theirs - value) < 1e-6:
        return "agrees"
    if abs(theirs - ones_apart(p, y, norm)) < 1e-6:
        return "a score of 1 has a bin of its own there: with one, ours agrees"
    return "not known"


def calibration_section(peers, inputs):
    """Print every value beside ours, and why they differ where they do."""
    from alignlab.uncertainty.calibration import calibration_error

    print("\n### Calibration errors as plugged in, 15 bins, 2,000 rows\n")
    print("| input | norm | by | value | less ours | milliseconds | why |")
    print("|---|---|---|---|---|---|---|")
    names = {"l1": "expected_plug_in", "l2": "root_mean_square_plug_in", "max": "largest_plug_in"}
    for case, (p, y) in inputs.items():
        values = {}
        for norm, binning in (("l1", "equal-width"), ("adaptive", "equal-mass")):

            def work(p=p, y=y, binning=binning):
                return calibration_error(p, y, bins=BINS, binning=binning, redraws=0)

            seconds, result = best_seconds(work), work()
            if norm == "adaptive":
                values[norm] = result.expected_plug_in, seconds
            else:
                values |= {key: (getattr(result, name), seconds) for key, name in names.items()}
        for norm, (value, seconds) in values.items():
            print(f"| {case} | {norm} | alignlab, with intervals | {value:.6f} | | "
                  f"{1e3 * seconds:.2f} | |")  # fmt: skip
            for each in peers:
                if (each["section"], each.get("case"), each.get("norm")) != (
                    "calibration", case, norm,
                ) or "failed" in each:  # fmt: skip
                    continue
                theirs = each["value"]
                why = reason(p, y, norm, theirs, value)
                print(f"| {case} | {norm} | {each['who']} | {theirs:.6f} | {theirs - value:+.6f} | "
                      f"{1e3 * each['seconds']:.2f} | {why} |")  # fmt: skip


# --- conformal thresholds -------------------------------------------------------------------------


def exact_threshold(residuals, level):
    """Return the threshold by whole numbers alone: the definition."""
    rank = ceil((len(residuals) + 1) * Fraction(str(level)))
    return np.inf if rank > len(residuals) else float(np.sort(np.abs(residuals))[rank - 1])


def usual_threshold(residuals, level):
    """Return what the tutorials compute by numpy's "higher"."""
    n = len(residuals)
    share = min(np.ceil((n + 1) * level) / n, 1.0)
    return float(np.quantile(np.abs(residuals), share, method="higher"))


def conformal_section(peers, residuals):
    """Print in how many cells each threshold is the exact one, and what it takes."""
    from alignlab.uncertainty.conformal import conformal_threshold

    exact = [exact_threshold(residuals[:n], level) for n, level in CELLS]
    feasible = np.isfinite(exact)
    arms = {
        "alignlab": lambda r, level: conformal_threshold(np.abs(r), level),
        "numpy's quantile, higher": usual_threshold,
    }
    found = []
    for who, threshold in arms.items():
        thresholds = [threshold(residuals[:n], level) for n, level in CELLS]
        seconds = [
            best_seconds(lambda n=n, t=threshold: t(residuals[:n], 0.9), repeats=50) for n in SIZES
        ]
        found.append((who, thresholds, seconds))
    found += [
        (each["who"], each["thresholds"], [each["seconds"][str(n)] for n in SIZES])
        for each in peers
        if each["section"] == "conformal" and "thresholds" in each
    ]
    sort = [best_seconds(lambda n=n: np.sort(np.abs(residuals[:n])), repeats=50) for n in SIZES]
    print(f"\n### Thresholds over {len(CELLS)} cells of rows and level\n")
    print(f"A finite threshold is due in {feasible.sum()}, an infinite one in the others.\n")
    notes = []
    print("| by | exact | too large | too small | infinite due: infinite / finite / refused | "
          + " | ".join(f"ms at n = {n:,}" for n in SIZES) + " |")  # fmt: skip
    print("|---|---|---|---|---|" + "---|" * len(SIZES))
    for who, thresholds, seconds in found:
        refused = np.array([value is None for value in thresholds])
        values = np.array([np.nan if value is None else value for value in thresholds])
        same = np.isclose(values, exact, rtol=1e-12, atol=0) & feasible
        large, small = (values > exact) & feasible & ~same, (values < exact) & feasible & ~same
        due = (
            f"{(np.isinf(values) & ~feasible).sum()} / {(np.isfinite(values) & ~feasible).sum()} / "
        )
        due += f"{(refused & ~feasible).sum()}"
        more = f" ({(refused & feasible).sum()} refused)" if (refused & feasible).any() else ""
        times = " | ".join(f"{1e3 * each:.3f}" for each in seconds)
        for what, cells in (("too large", large), ("refused", refused & feasible)):
            if cells.any():
                at = [str(cell) for cell, is_one in zip(CELLS, cells, strict=True) if is_one]
                notes.append(
                    f"{who}, {what} at (n, level) {', '.join(at[:12])}{' …' * (len(at) > 12)}"
                )
        print(f"| {who} | {same.sum()}{more} | {large.sum()} | {small.sum()} | {due} | {times} |")
    print("| one sort alone | | | | | " + " | ".join(f"{1e3 * each:.3f}" for each in sort) + " |")
    for note in notes:
        print(f"\n{note}")


# --- ensembles and Laplace ------------------------------------------------------------------------


def posterior_section():
    """Print what other posteriors cost, in passes of one network."""
    from alignlab.uncertainty.posterior import deep_ensemble, last_layer_laplace

    print("\n### An ensemble of M networks on n rows: milliseconds one after another / stacked\n")
    print("| network | M = 5, n = 16 | M = 5, n = 1,024 | M = 50, n = 16 | M = 50, n = 1,024 |")
    print("|---|---|---|---|---|")

    def small():
        return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    for name, make in {"64-32-10": small, "64-256-256-10": everywhere}.items():
        cells = []
        for members, n in ((5, 16), (5, 1024), (50, 16), (50, 1024)):
            torch.manual_seed(0)
            networks_, x = [make() for _ in range(members)], torch.randn(n, 64)
            times = [
                best_seconds(
                    lambda s=s, m=networks_, x=x: deep_ensemble(m, x, classes=CLASSES, stacked=s)
                )
                for s in (False, True)
            ]
            cells.append(" / ".join(f"{1e3 * each:.1f}" for each in times))
        print(f"| {name} | " + " | ".join(cells) + " |")
    torch.manual_seed(0)
    module, x = everywhere().eval(), torch.randn(2_000, 64)
    y = np.random.default_rng(0).integers(0, 10, len(x))

    def single():
        with torch.no_grad():
            return module(x)

    limit = best_seconds(single)
    print(
        "\n### Laplace in the last layer of 64-256-256-10, 2,000 rows, in single passes over them\n"
    )
    print("| structure | fitted, prior by evidence | 100 draws | closed form |")
    print("|---|---|---|---|")
    for structure in ("full", "kronecker", "diagonal"):

        def fitted(structure=structure):
            return last_layer_laplace(module, x, y, structure=structure, classes=CLASSES)

        made = fitted()
        times = [
            best_seconds(fitted, repeats=2),
            best_seconds(lambda m=made: m.predict(x), repeats=3),
            best_seconds(lambda m=made: m.probabilities(x), repeats=3),
        ]
        print(f"| {structure} | " + " | ".join(f"{each / limit:.1f}" for each in times) + " |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by name")
    parser.add_argument("--passes", type=int, default=100, help="of dropout; 10 to see it run")
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    sections = chosen(given.only, SECTIONS, parser)
    torch.set_num_threads(1)
    inputs = calibration_inputs()
    residuals = np.random.default_rng(1).normal(size=max(SIZES))
    peers = []
    if not given.without_peers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            settings = {"sections": sections, "calibration": list(inputs), "passes": given.passes}
            (folder / "settings.json").write_text(json.dumps(settings))
            np.savez(folder / "conformal.npz", residuals=residuals)
            arrays = {f"{case} p": p for case, (p, _) in inputs.items()}
            arrays |= {f"{case} y": y for case, (_, y) in inputs.items()}
            np.savez(folder / "calibration.npz", **arrays)
            peers = by_peers("uncertainty", folder)
            for each in peers:
                if "samples" in each:
                    each["array"] = np.load(folder / f"{each['samples']}.npy")
    if "mc-dropout" in sections:
        mc_dropout_section(peers, given.passes)
    if "batches" in sections:
        batches_section(given.passes)
    if "calibration" in sections:
        calibration_section(peers, inputs)
    if "conformal" in sections:
        conformal_section(peers, residuals)
    if "posterior" in sections:
        posterior_section()


if __name__ == "__main__":
    main()
