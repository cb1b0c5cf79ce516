"""What is measured on validation rows after each epoch, and which of two epochs is the better one.

accuracy
    share of rows decided right.
loss
    mean cross-entropy.
robust accuracy
    share of rows decided right and, by PGD [madry2018towards], under every perturbation found.
worst gap in <column>
    the greatest difference between two of the column's levels, of what the objective's parity term
    on that column compares; without one, of accuracy within a class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError, listed, nearest, require_choice
from alignlab.predictors import as_predictor, undisturbed
from alignlab.random import row_streams
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.search import Search
from alignlab.robustness.threats import Threat
from alignlab.training.objective import Objective, Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["MEASURES", "Measure", "measure_for"]

MEASURES = ("accuracy", "loss", "robust accuracy", "worst gap in <column>")
"""By name."""

GAP = "worst gap in "

PGD_STEPS = 20
"""Of the attack behind "robust accuracy"."""

BATCH_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Measure:
    """A number that tells which epoch was best.

    Attributes
    ----------
    name
        What results call it.
    of
        From the module, the validation rows and their logits to the number.
    sign
        1 if more is better, -1 if less is.
    """

    name: str
    of: Callable[[torch.nn.Module, TrainingData, torch.Tensor], float]
    sign: int = 1

    def better(self, now: float, best: float) -> bool:
        """Whether a number is better than the best one so far; any is better than NaN."""
        return now == now and (best != best or self.sign * now > self.sign * best)


def measure_for(
    stated: str | Callable[..., float],
    *,
    objective: Objective,
    data: TrainingData,
    threat: Threat | None,
    seed: int,
) -> Measure:
    """Return the measure that is asked for.

    Parameters
    ----------
    stated
        One of `MEASURES`, or a function from a module and `TrainingData` to a number of which
        more is better.
    objective
        Its terms' threat is that of "robust accuracy", unless one is given.
    data
        Has the columns.
    threat
        What "robust accuracy" is measured under.
    seed
        Of the attack.

    Raises
    ------
    InputError
        If there is no such measure or column, or no threat for it.
    """
    if callable(stated):
        name = getattr(stated, "__name__", "measure")
        return Measure(name, lambda module, data, _: float(stated(module, data)))
    if not isinstance(stated, str):
        raise InputError(f"measure={stated!r} is neither a function nor one of {listed(MEASURES)}.")
    if stated.startswith(GAP):
        column = stated.removeprefix(GAP)
        if column not in data.columns:
            raise InputError(
                f"measure={stated!r}: the data has no column {column!r}."
                f"{nearest(column, data.columns)} Columns: {listed(data.columns) or 'none'}."
            )
        term = next((each for each in objective.terms if _compares(each, column)), None)
        return Measure(
            stated, lambda _, data, logits: worst_gap(data, logits, column, term), sign=-1
        )
    require_choice(stated, MEASURES, what="measure")
    if stated == "accuracy":
        return Measure(stated, lambda _, data, logits: accuracy(data, logits))
    if stated == "loss":
        return Measure(stated, lambda _, data, logits: loss(data, logits), sign=-1)
    found = threat if threat is not None else objective_threat(objective)
    if found is None:
        raise InputError(
            "measure='robust accuracy' needs a threat, and no term of the objective has one. Give "
            "threat=Linf(0.1), or train with a term such as Adversarial(threat=Linf(0.1))."
        )
    against: Threat = found
    return Measure(
        stated, lambda module, data, _: robust_accuracy(module, data, against, seed=seed)
    )


def _compares(term: Term, column: str) -> bool:
    parity = term.name in ("group_parity", "member_parity")
    return parity and getattr(term, "column", None) == column


def objective_threat(objective: Objective) -> Threat | None:
    """Return the threat of the first term that trains against one."""
    threats = (getattr(term, "threat", None) for term in objective.terms)
    return next((each for each in threats if each is not None), None)


def logits_of(module: torch.nn.Module, data: TrainingData) -> torch.Tensor:
    """Return a module's logits for all rows, shape (n, n_classes), in evaluation mode."""
    import torch

    with torch.no_grad(), undisturbed(module):
        logits = torch.cat([module(part) for part in data.x.split(BATCH_ROWS)])
    if logits.ndim == 1 or logits.shape[1:] == (1,):
        logits = logits.reshape(-1, 1)
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    return logits


def accuracy(data: TrainingData, logits: torch.Tensor) -> float:
    """Return the share of rows decided right."""
    return float((logits.argmax(1) == data.y).double().mean())


def loss(data: TrainingData, logits: torch.Tensor) -> float:
    """Return the mean cross-entropy."""
    import torch

    return float(torch.nn.functional.cross_entropy(logits.double(), data.y))


def worst_gap(
    data: TrainingData, logits: torch.Tensor, column: str, term: Term | None = None
) -> float:
    """Return the greatest difference between two levels of a column.

    Of what a parity term compares, with probabilities; without one, of the share decided right,
    within each class.
    """
    import torch

    probabilities = logits.double().softmax(1)
    if term is None:
        values, strata = (logits.argmax(1) == data.y).double()[:, None], data.y
    elif term.name == "group_parity":
        values, strata = _of_groups(probabilities, data, term)
    else:
        values, strata = _of_members(probabilities, data, term)
    codes = data.columns[column]
    gaps = [torch.zeros((), dtype=torch.float64)]
    for stratum in strata.unique().tolist():
        inside = (strata == stratum) & (codes >= 0)
        if stratum >= 0 and bool(inside.any()):
            levels = codes[inside].unique()
            means = torch.stack([values[inside & (codes == each)].mean(0) for each in levels])
            gaps.append((means.amax(0) - means.amin(0)).max().cpu())
    return float(torch.stack(gaps).max())


def _of_groups(
    probabilities: torch.Tensor, data: TrainingData, term: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    from alignlab.fairness.penalties import compared

    favourable = None if term.favourable is None else data.classes.index(term.favourable)
    return compared(probabilities, data.y, term.notion, favourable=favourable)


def _of_members(
    probabilities: torch.Tensor, data: TrainingData, term: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    names = [(term.superclasses or {}).get(name, name) for name in data.classes]
    kinds = torch.tensor([names.index(name) for name in names], device=data.y.device)
    right = kinds[None, :] == kinds[data.y][:, None]
    return (probabilities * right).sum(1, keepdim=True), kinds[data.y]


def robust_accuracy(
    module: torch.nn.Module, data: TrainingData, threat: Any, *, seed: int, steps: int = PGD_STEPS
) -> float:
    """Return the share of rows that are decided right and that PGD does not break."""
    predictor = as_predictor(module, classes=data.classes)
    with AttackedModel(predictor, batch_rows=BATCH_ROWS) as model:
        x = threat.encode(data.x)
        search = Search(model, threat, x, data.y, row_streams(seed, len(x), "validation"))
        search.settle(x, model.logits(x))
        if len(search):
            PGD(steps=steps)(search)
    return float((~search.broken).double().mean())
