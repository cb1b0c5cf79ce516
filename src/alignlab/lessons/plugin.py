"""Step 6: an attack of one's own, held to what every attack here promises.

The conformance check is the package's own, `alignlab.robustness.conformance`, which a plug-in's
tests call as well: the attack asks only for open rows, draws from the rows' own random numbers,
stays inside the threat, leaves the model alone, and breaks what is easily broken. Beside it the
attack meets a network on real digits, and projected gradient descent [madry2018towards] goes first.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.lessons.form import Exercise, Files, Held
from alignlab.lessons.working import run, unanswered

if TYPE_CHECKING:
    import torch

    from alignlab.datasets import ImageData

__all__ = ["EXERCISE", "conformance_of", "success_of"]

FILE = "attack.py"
DIGITS = 60
RADIUS = 0.1
STEPS = 60

CONFORMS = "your attack keeps every promise that the evaluation relies on"
BREAKS = "your attack breaks digits that a network reads right"

STARTER = '''\
"""Step 6: an attack of your own.

An attack is a function of a search. The search holds the rows that are still open; what breaks a
row is handed to `settle`, and that row leaves at once. It is one readable file:
python -c "import alignlab.robustness.search as search; print(search.__file__)"
"""

from alignlab.robustness.attacks.losses import LOSSES


class Mine:
    """An attack within a ball."""

    name = "mine"
    needs_gradients = True

    def __init__(self, steps=10):
        self.steps = steps

    def __call__(self, search):
        """Settle what can be settled."""
        threat = search.ball(self.name)  # refuses what is no ball
        if not len(search):
            return
        # A random start inside the ball, with random numbers that belong to the open rows.
        x = threat.start(search.x, search.streams_of_open("start"))
        for _ in range(self.steps):
            passed = search.gradient(x, LOSSES["margin"])
            x, gradient = search.settle(x, passed.logits, passed.gradient)
            if not len(search):
                return
            # Blank: move x by a step along the gradient (threat.step(x, gradient, size)), and back
            # into the ball around the rows as they are (threat.around(search.x)).
            raise NotImplementedError("one step")
        search.settle(x, search.logits(x))
'''


def _starter() -> Files:
    return {FILE: STARTER}


def _check(folder: Path) -> tuple[Held, ...]:
    path = folder / FILE
    told = run(path, {"kept": (conformance_of, None), "success": (success_of, None)})
    kept, success = told["kept"], told["success"]
    held: tuple[Held, ...]
    if kept.value is None:
        held = unanswered(kept, CONFORMS)
    else:
        broken = kept.value["broken"]
        advice = "The promises: alignlab.robustness.conformance.assert_attack_conforms."
        held = (Held(CONFORMS, not broken, broken or f"{kept.value['name']} keeps them", advice),)
    if success.value is None:
        return (*held, *unanswered(success, BREAKS))
    mine, theirs, open_rows = (success.value[name] for name in ("mine", "pgd", "rows"))
    found = f"{mine} of {open_rows} within L∞ {RADIUS:g}; PGD with 40 steps breaks {theirs}"
    advice = (
        "Go up the gradient, with steps of 2.5 · radius / steps, and test the last iterate too."
    )
    return (*held, Held(BREAKS, mine > 0, found, advice))


def conformance_of(module: Any, _: Any) -> dict[str, str]:
    """Return which promise the learner's attack breaks, if any: a probe."""
    from alignlab.robustness.conformance import assert_attack_conforms

    attack = module.function("Mine")()
    name = str(getattr(attack, "name", "Mine"))
    try:
        assert_attack_conforms(attack)
    except AssertionError as error:
        return {"name": name, "broken": " ".join(str(error).split()) or "an assertion of its own"}
    return {"name": name, "broken": ""}


def success_of(module: Any, _: Any) -> dict[str, int]:
    """Return how many digits the learner's attack breaks, and how many PGD does: a probe."""
    from alignlab.datasets import load_images
    from alignlab.robustness import PGD, Linf, evaluate_robustness

    attacks = (("mine", module.function("Mine")()), ("pgd", PGD()))
    known, held = load_images("digits").split(1 / 3, seed=0)
    net = _network(known)
    rows = held.take(range(DIGITS))
    broke = {}
    for name, attack in attacks:
        found = evaluate_robustness(
            net, rows.images, rows.labels, Linf(RADIUS), attacks=[attack], certify=False,
            masking=False,
        )  # fmt: skip
        broke[name] = int((found.broken_by == attack.name).sum())
        right = round(found.accuracy.value * len(rows))
    return {**broke, "rows": right}


def _network(known: ImageData) -> torch.nn.Module:
    """Return a small network, trained on all rows at once for a moment."""
    import torch

    from alignlab.predictors.networks import Architecture, network

    x, y = torch.from_numpy(known.images), torch.from_numpy(known.labels)
    net = network(Architecture("mlp", hidden=(32,)), (1, 8, 8), 10, seed=0)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net.eval()


EXERCISE = Exercise(
    subject="plug-in",
    do=(
        "Fill the blank in {folder}/attack.py: one step of an attack. Then make it your own.",
        "It passes when it keeps every promise of alignlab.robustness.conformance and breaks real "
        "digits. As the entry point alignlab.attacks of a package it is found by every audit.",
    ),
    starter=_starter,
    check=_check,
)
