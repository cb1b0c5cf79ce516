"""What the loop relies on in every term, tested on small made-up batches of many shapes.

A plug-in's test is one line: `assert_term_conforms(Mine(weight=1.0))`. The built-in terms pass it
too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from alignlab.training.objective import Batch, Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["assert_term_conforms"]

N, FEATURES, CLASSES = 24, 5, 3

TOLERANCE = 1e-9
"""In float64: the order in which numbers are added up is all that may differ."""


def assert_term_conforms(
    term: Term,
    *,
    data: TrainingData | None = None,
    module: torch.nn.Module | None = None,
    row_order: bool = True,
) -> None:
    """Test that a term keeps the promises that training relies on.

    Its value is one number, differentiable, and its gradient is finite: on batches as they are, of
    one row, of one class, without a row of some group, and where all logits are equal or very
    large. The order of the rows changes nothing. Neither the batch nor torch's global random
    numbers are changed by it, the same generator gives the same value, its state makes a journey,
    and when it has finished the module is as it was.

    Parameters
    ----------
    term
        Made with the settings to be tested; it is copied for each trial.
    data
        Rows that its settings fit; by default rows of 5 numbers in 3 classes ("a", "b", "c"), with
        a column "group" of 3 levels.
    module
        What is trained; by default a small network in float64.
    row_order
        Whether the order of the rows may change nothing; `False` for a term whose random numbers
        are drawn row by row.

    Raises
    ------
    AssertionError
        If a promise is broken; the message names the case and the promise.

    Examples
    --------
    >>> from alignlab.training.terms.cross_entropy import CrossEntropy
    >>> assert_term_conforms(CrossEntropy())
    """
    import torch

    data = _rows() if data is None else data
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        made = _network(data) if module is None else module
        with _Trial(term, made, data, term.name) as trial:
            trial.nothing_else_moves(torch.arange(len(data)))
            trial.state_makes_a_journey()
        for case, rows in _cases(data):
            with _Trial(term, made, data, f"{term.name} on {case}") as trial:
                trial.value_is_a_number(rows)
        for case, change in _LOGITS.items():
            changed = deepcopy(made)
            change(changed)
            with _Trial(term, changed, data, f"{term.name} where {case}") as trial:
                trial.value_is_a_number(torch.arange(len(data)))
        if row_order:
            with _Trial(term, made, data, term.name) as trial:
                trial.order_is_nothing(torch.arange(len(data)))


class _Trial:
    """A copy of the term and of the module, prepared; both judged again when it is over."""

    def __init__(self, term: Term, module: Any, data: TrainingData, where: str) -> None:
        self.term, self.module, self.data, self.where = (
            deepcopy(term),
            deepcopy(module),
            data,
            where,
        )

    def __enter__(self) -> _Trial:
        self.module.train()
        self.before = _snapshot(self.module)
        self.term.prepare(self.module, self.data)
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        self.term.finish(self.module)
        if kind is None:
            self.promise(
                _snapshot(self.module) == self.before,
                "the module is not as it was after finish: take off hooks, layers and attributes.",
            )

    def promise(self, kept: bool, what: str) -> None:
        if not kept:
            raise AssertionError(f"{self.where}: {what}")

    def batch(self, rows: torch.Tensor) -> Batch:
        import torch

        return Batch(
            self.module,
            self.data.x[rows].clone(),
            self.data.y[rows].clone(),
            {name: codes[rows].clone() for name, codes in self.data.columns.items()},
            rows,
            torch.Generator().manual_seed(1),
        )

    def value(self, rows: torch.Tensor) -> torch.Tensor | None:
        """Return the value as it is the first time, whatever the term remembers."""
        import torch

        torch.default_generator.manual_seed(2)
        return deepcopy(self.term).value(self.batch(rows)) if _copies(self.term) else None

    def value_is_a_number(self, rows: torch.Tensor) -> None:
        import torch

        value = self.term.value(self.batch(rows))
        if value is None:
            return
        self.promise(value.shape == (), f"the value has the shape {tuple(value.shape)}, not ().")
        number = float(value.detach())
        self.promise(isfinite(number), f"the value is {number}.")
        self.promise(
            value.requires_grad or number == 0.0,
            "the value does not depend on the module's parameters, and is not 0.",
        )
        if value.requires_grad:
            trained = [each for each in self.module.parameters() if each.requires_grad]
            gradients = torch.autograd.grad(value, trained, allow_unused=True)
            finite = all(bool(each.isfinite().all()) for each in gradients if each is not None)
            self.promise(finite, "the gradient is not finite.")

    def nothing_else_moves(self, rows: torch.Tensor) -> None:
        import torch

        batch = self.batch(rows)
        whole = replace(batch, x=batch.x.clone(), y=batch.y.clone())
        state = torch.get_rng_state()
        self.term.value(batch)
        self.promise(
            torch.equal(torch.get_rng_state(), state) or _draws(self.module),
            "torch's global random numbers were used: draw from batch.generator.",
        )
        same = torch.equal(batch.x, whole.x) and torch.equal(batch.y, whole.y)
        self.promise(same, "the batch was changed: work on a copy.")
        first, again = self.value(rows), self.value(rows)
        if first is not None and again is not None:
            self.promise(
                torch.equal(first, again), "the same generator gave another value the second time."
            )

    def state_makes_a_journey(self) -> None:
        import torch

        state = {name: value.clone() for name, value in self.term.state().items()}
        anew = deepcopy(self.term)
        anew.restore(state)
        same = state.keys() == anew.state().keys() and all(
            torch.equal(value, anew.state()[name]) for name, value in state.items()
        )
        self.promise(same, "restore(state()) does not give the same state.")

    def order_is_nothing(self, rows: torch.Tensor) -> None:
        value, turned = self.value(rows), self.value(rows.flip(0))
        if value is None or turned is None:
            return
        here, there = float(value.detach()), float(turned.detach())
        near = abs(here - there) <= TOLERANCE * max(1.0, abs(here))
        self.promise(near, f"another order of the rows gives {there}, not {here}.")


def _rows() -> TrainingData:
    import torch

    generator = torch.Generator().manual_seed(0)
    return TrainingData(
        torch.rand(N, FEATURES, generator=generator, dtype=torch.float64),
        torch.arange(N) % CLASSES,
        ("a", "b", "c"),
        {"group": torch.arange(N) // 2 % 3},
        {"group": ("x", "y", "z")},
    )


def _network(data: TrainingData) -> torch.nn.Module:
    from torch import nn

    return nn.Sequential(
        nn.Flatten(), nn.Linear(data.x[0].numel(), 8), nn.Tanh(), nn.Linear(8, len(data.classes))
    ).to(data.x.dtype)


def _cases(data: TrainingData) -> Iterator[tuple[str, torch.Tensor]]:
    import torch

    every = torch.arange(len(data))
    yield "all rows", every
    yield "one row", every[:1]
    yield "one class", every[data.y == data.y[0]]
    for name, codes in data.columns.items():
        yield f"rows of one level of {name!r}", every[codes == codes[0]]
        yield f"rows without one level of {name!r}", every[codes != codes[0]]


def _equal(module: Any) -> None:
    import torch

    with torch.no_grad():
        for each in list(module.parameters())[-2:]:
            each.zero_()


def _large(module: Any) -> None:
    import torch

    with torch.no_grad():
        for each in list(module.parameters())[-2:]:
            each.mul_(1000)


_LOGITS: dict[str, Callable[[Any], None]] = {
    "all logits are equal": _equal,
    "the logits are very large": _large,
}


def _snapshot(module: Any) -> tuple[Any, ...]:
    """Return all that a term could leave behind."""
    return (
        {name: value.detach().numpy().tobytes() for name, value in module.state_dict().items()},
        [(name, type(part)) for name, part in module.named_modules()],
        [
            (len(part._forward_hooks), len(part._forward_pre_hooks), len(part._backward_hooks))
            for part in module.modules()
        ],
        ["forward" in vars(part) for part in module.modules()],
        [each.requires_grad for each in module.parameters()],
        [part.training for part in module.modules()],
    )


def _draws(module: Any) -> bool:
    """Whether the module itself draws random numbers while it is trained."""
    return any("Dropout" in type(part).__name__ for part in module.modules())


def _copies(term: Term) -> bool:
    return type(term).value is not Term.value
