"""The peers' side of `robustness.py`: ART, foolbox, torchattacks, and AutoAttack's own checkout.

benchmarks/.venv/bin/python benchmarks/peers_robustness.py FOLDER [--autoattack CHECKOUT]

FOLDER holds settings.json and <model>.npz (weights, x, y) for each model. Prints one line of JSON
for each attack made, and writes what it returned beside them. `Network` and `seconds_a_row` serve
both sides.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

BATCH = 256


class Network(torch.nn.Module):
    """The network that is attacked: two convolutions and two layers, for 28×28 pixels.

    It is a module of its own because ART asks the layers of a Sequential one by one, which no hook
    counts, and it casts because ART's HopSkipJump gives doubles under NumPy 2.
    """

    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 49, 100), nn.ReLU(), nn.Linear(100, 10),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x.float())


class Passes:
    """How many rows went through a module, and for how many gradients by the rows came back."""

    def __init__(self, module):
        self.forward = self.backward = 0
        module.register_forward_hook(self._count)

    def _count(self, module, given, output):
        self.forward += len(output)
        if output.requires_grad and given[0].requires_grad:
            output.register_hook(self._count_back)

    def _count_back(self, gradient):
        # FAB asks for one class after another of the same pass; rows without a gradient are free.
        self.backward += int((gradient != 0).flatten(1).any(1).sum())


def seconds_a_row(module, x):
    """Return what one row takes forward, and forward with its gradient, in full batches."""
    x = x[torch.arange(BATCH) % len(x)]

    def forward():
        with torch.no_grad():
            module(x)

    def both():
        leaf = x.clone().requires_grad_()
        torch.autograd.grad(module(leaf).sum(), leaf)

    found = []
    for work in (forward, both):
        times = []
        for _ in range(12):
            begun = perf_counter()
            work()
            times.append(perf_counter() - begun)
        found.append(float(np.median(times[2:])) / BATCH)
    return found


def art_attacks(module, settings):
    """Return ART's attacks: what to call, with how many of the rows."""
    from art.attacks.evasion import (
        AutoAttack,
        AutoProjectedGradientDescent,
        HopSkipJump,
        ProjectedGradientDescent,
        SquareAttack,
    )
    from art.estimators.classification import PyTorchClassifier

    eps, steps = settings["radius"], settings["pgd_steps"]
    model = PyTorchClassifier(
        module, torch.nn.CrossEntropyLoss(), (1, 28, 28), 10, clip_values=(0.0, 1.0)
    )
    common = {"norm": np.inf, "eps": eps, "batch_size": BATCH, "verbose": False}
    pgd = {"eps_step": 2.5 * eps / steps, "max_iter": steps, "num_random_init": 1}
    apgd = {"eps_step": 2 * eps, "max_iter": 100, "nb_random_init": 1}
    jumps = {"max_iter": settings["hopskipjump_iterations"], "norm": np.inf, "verbose": False}

    def call(make):
        def made(x, y):
            return torch.from_numpy(make().generate(x.numpy(), y.numpy()))

        return made

    return {
        "pgd": (call(lambda: ProjectedGradientDescent(model, **common, **pgd)), "rows"),
        "apgd": (
            call(
                lambda: AutoProjectedGradientDescent(
                    model, **common, **apgd, loss_type="cross_entropy"
                )
            ),
            "rows",
        ),
        "square": (
            call(lambda: SquareAttack(model, max_iter=settings["square_queries"], **common)),
            "rows",
        ),
        "hopskipjump": (call(lambda: HopSkipJump(model, batch_size=BATCH, **jumps)), "slow_rows"),
        "standard": (
            call(lambda: AutoAttack(model, np.inf, eps, eps / 5, batch_size=BATCH)),
            "slowest_rows",
        ),
    }


def foolbox_attacks(module, settings):
    """Return foolbox's attacks."""
    import foolbox

    eps, steps = settings["radius"], settings["pgd_steps"]
    model = foolbox.PyTorchModel(module, bounds=(0, 1), device="cpu")
    attack = foolbox.attacks.LinfPGD(rel_stepsize=2.5 / steps, steps=steps)

    def pgd(x, y):
        _, clipped, _ = attack(model, x, y, epsilons=eps)
        return clipped

    return {"pgd": (in_batches(pgd), "rows")}


def torchattacks_attacks(module, settings):
    """Return torchattacks' attacks; its AutoAttack as it is, with 10 steps where 100 are meant."""
    import torchattacks

    eps, steps = settings["radius"], settings["pgd_steps"]
    queries = settings["square_queries"]
    made = {
        "pgd": torchattacks.PGD(module, eps=eps, alpha=2.5 * eps / steps, steps=steps),
        "apgd": torchattacks.APGD(module, eps=eps, steps=100),
        "square": torchattacks.Square(module, eps=eps, n_queries=queries, resc_schedule=False),
        "standard": torchattacks.AutoAttack(module, eps=eps),
    }
    return {name: (in_batches(attack), "rows") for name, attack in made.items()}


def reference_attacks(module, settings):
    """Return AutoAttack from its authors' checkout, which is on the path."""
    from autoattack import AutoAttack

    def run(*names):
        def attacked(x, y):
            evaluation = AutoAttack(
                module, eps=settings["radius"], seed=0, verbose=False, device="cpu"
            )
            evaluation.square.n_queries = settings["square_queries"]
            if names:
                evaluation.attacks_to_run = list(names)
            return evaluation.run_standard_evaluation(x, y, bs=BATCH)

        return attacked

    def apgd(x, y):
        evaluation = AutoAttack(module, eps=settings["radius"], verbose=False, device="cpu")
        evaluation.attacks_to_run, evaluation.apgd.n_restarts = ["apgd-ce"], 1
        return evaluation.run_standard_evaluation(x, y, bs=BATCH)

    return {
        "apgd": (apgd, "rows"),
        "square": (run("square"), "rows"),
        "standard": (run(), "rows"),
    }


def in_batches(attack):
    """Return an attack that is given rows in batches."""

    def attacked(x, y):
        parts = zip(x.split(BATCH), y.split(BATCH), strict=True)
        return torch.cat([attack(*part) for part in parts])

    return attacked


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--autoattack")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    settings = json.loads((given.folder / "settings.json").read_text())
    sides = {"ART": art_attacks, "foolbox": foolbox_attacks, "torchattacks": torchattacks_attacks}
    if given.autoattack:
        sys.path.insert(0, given.autoattack)
        sides["AutoAttack"] = reference_attacks
    for name in settings["models"]:
        held = np.load(given.folder / f"{name}.npz")
        module = Network().eval()
        state = {key: torch.from_numpy(held[key]) for key in module.state_dict()}
        module.load_state_dict(state)
        x, y = torch.from_numpy(held["x"]), torch.from_numpy(held["y"])
        forward, both = seconds_a_row(module, x)
        passes = Passes(module)
        for who, attacks in sides.items():
            for attack, (work, size) in attacks(module, settings).items():
                if attack not in settings["attacks"]:
                    continue
                rows = settings[size]
                torch.manual_seed(0)
                np.random.seed(0)  # noqa: NPY002 - where ART draws
                passes.forward = passes.backward = 0
                begun = perf_counter()
                moved = work(x[:rows], y[:rows])
                seconds = perf_counter() - begun
                np.save(given.folder / f"{name} {who} {attack}.npy", moved.detach().numpy())
                print(json.dumps({
                    "model": name, "who": who, "attack": attack, "rows": rows,
                    "forward": passes.forward, "backward": passes.backward, "seconds": seconds,
                    "raw": passes.forward * forward + passes.backward * (both - forward),
                }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
