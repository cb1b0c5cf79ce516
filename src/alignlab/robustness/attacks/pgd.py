"""Projected gradient ascent on the loss from a random start, on open rows only.

    x_{t+1} = Π(x_t + step · steepest(∇ loss(x_t)))        [madry2018towards, sec. 2.1]

Every iterate is tested, the last one included, and a row whose iterate breaks it is done. The
projection stands outside of what is differentiated: a clamp inside it leaves pixels on the box
without a gradient, which looks like robustness.
"""

from __future__ import annotations

from dataclasses import dataclass

from alignlab.errors import InputError, require_choice
from alignlab.robustness.attacks.losses import LOSSES
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.search import Search

__all__ = ["PGD"]


@dataclass(frozen=True)
class PGD:
    """Projected gradient descent (on the negative loss), the standard first attack.

    Parameters
    ----------
    steps
        Gradients a restart.
    step_size
        As a share of the radius; `None` for 2.5 / steps, which reaches the boundary from anywhere.
    restarts
        Random starts; a row that is broken by one is not given to the next.
    loss
        "margin", "cross-entropy" or "dlr"; see `losses`.

    References
    ----------
    [madry2018towards]
    """

    steps: int = 40
    step_size: float | None = None
    restarts: int = 1
    loss: str = "margin"

    name = "pgd"
    needs_gradients = True

    def __post_init__(self) -> None:
        require_choice(self.loss, list(LOSSES), what="loss")
        require_whole(steps=self.steps, restarts=self.restarts)
        if self.step_size is not None and not self.step_size > 0:
            raise InputError(f"step_size={self.step_size!r} is not above 0: a share of the radius.")

    def __call__(self, search: Search, /) -> None:
        """Settle what can be settled."""
        threat = search.ball(self.name)
        if not len(search):
            return
        loss = LOSSES[self.loss]
        size = threat.radius * (2.5 / self.steps if self.step_size is None else self.step_size)
        for restart in range(self.restarts):
            x = threat.start(search.x, search.streams_of_open(f"pgd {restart}"))
            center = None
            for _ in range(self.steps):
                passed = search.gradient(x, loss)
                x, gradient = search.settle(x, passed.logits, passed.gradient)
                if not len(search):
                    return
                if center is not search.x:
                    center, project = search.x, threat.around(search.x)
                x = project(threat.step(x, gradient, size))
            search.settle(x, search.logits(x))
            if not len(search):
                return
