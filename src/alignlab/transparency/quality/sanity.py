"""Whether an explanation follows the model: other weights, or other labels, must change it.

The rank correlation of explanations of the same rows, before and after the model is randomised
[adebayo2018sanity, sec. 3]:

    weights   the layers are drawn anew one after another, from the last to the first (a cascade)
    labels    the model is fitted anew on shuffled labels

An explanation that stays the same shows something of the rows, not of the model. Ranks of sizes
hide changes of sign, and ranks of signed values show change where only signs flip, so both are
given, over several draws, with intervals over the draws.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate
from alignlab.random import as_generator
from alignlab.transparency.quality.measures import rank_correlation

if TYPE_CHECKING:
    import torch

__all__ = ["SanityCheck", "SanityStep", "sanity_check"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SanityStep:
    """How alike explanations are after one step of randomisation.

    Attributes
    ----------
    name
        What was randomised: "the same model", "from layer ... on",
        "the same labels" or "shuffled labels".
    signed, sizes
        The mean rank correlation over rows, of signed values and of their sizes, over the draws.
    """

    name: str
    signed: Estimate
    sizes: Estimate


@dataclass(frozen=True)
class SanityCheck:
    """Whether an explanation changes with the model.

    Attributes
    ----------
    kind
        "weights" or "labels".
    steps
        The control first; then each step of randomisation, the last one the full one.
    limit
        Explanations are said to have changed where both correlations are surely below it, and
        surely below those of the control.
    rows, draws
        How many.
    """

    kind: str
    steps: tuple[SanityStep, ...]
    limit: float
    rows: int
    draws: int

    @property
    def passed(self) -> bool | None:
        """Whether the explanation changes: `True`, `False`, or `None` where it is not settled."""
        control, last = self.steps[0], self.steps[-1]
        highest = max(last.signed.high, last.sizes.high)
        # What is as unlike itself where nothing is randomised does not follow the model either.
        if highest < min(self.limit, max(control.signed.low, control.sizes.low)):
            return True
        if max(last.signed.low, last.sizes.low) > self.limit:
            return False
        return None

    def __repr__(self) -> str:
        """Return the sentence; `to_frame` has the numbers."""
        return f"<SanityCheck: {self.sentence}>"

    @property
    def sentence(self) -> str:
        """What came out, for a reader without statistics."""
        last = self.steps[-1]
        done = (
            "all weights are drawn anew"
            if self.kind == "weights"
            else "the model is fitted on shuffled labels"
        )
        alike = max(last.signed.value, last.sizes.value)
        if self.passed:
            return f"The explanation changes when {done} (rank correlation at most {alike:.2f})."
        if self.passed is False:
            return (
                f"The explanation hardly changes when {done} (rank correlation {alike:.2f}): it "
                "shows the rows more than the model."
            )
        control = max(self.steps[0].signed.value, self.steps[0].sizes.value)
        if max(last.signed.high, last.sizes.high) < self.limit:
            return (
                f"Whether the explanation changes when {done} cannot be told: it changes as much "
                f"with {self.steps[0].name} (rank correlation {control:.2f})."
            )
        return (
            f"Whether the explanation changes enough when {done} is not settled by {self.draws} "
            f"draws (rank correlation {alike:.2f}, limit {self.limit:g})."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one line a step."""
        return pd.DataFrame(
            [
                {
                    "step": each.name,
                    **{
                        f"{kind}{end}": getattr(getattr(each, kind), end.strip("_") or "value")
                        for kind in ("signed", "sizes")
                        for end in ("", "_low", "_high")
                    },
                }
                for each in self.steps
            ]
        )

    def chart(self) -> Chart:
        """Return the correlations after each step."""
        rows = [
            {
                "ranks of": kind,
                "step": each.name,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": self.draws,
            }
            for kind in ("signed values", "sizes")
            for each in self.steps
            for found in [each.signed if kind == "signed values" else each.sizes]
        ]
        return interval_chart(
            "Does the explanation change when the model does?",
            rows,
            x="rank correlation with the explanation of the model",
            y="step",
            facet="ranks of",
            reference=self.limit,
            reference_label="limit",
            percent=False,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "kind": self.kind,
            "passed": self.passed,
            "sentence": self.sentence,
            "limit": self.limit,
            "rows": self.rows,
            "draws": self.draws,
            "steps": [
                {"name": s.name, "signed": s.signed.to_dict(), "sizes": s.sizes.to_dict()}
                for s in self.steps
            ],
        }


def sanity_check(
    model: Any,
    explainer_of: Callable[[Any], Callable[[Any], Any]],
    X: Any,
    *,
    fit: Callable[[Any, Any], Any] | None = None,
    training: tuple[Any, Any] | None = None,
    draws: int = 10,
    limit: float = 0.5,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
) -> SanityCheck:
    """Return whether explanations change when the model's weights, or its labels, are random.

    Use it for a method before it is used for a model; a pass does not make an explanation true.
    The model given is not changed: copies are.

    Parameters
    ----------
    model
        A torch module, whose layers are drawn anew; or any model, with `fit` and `training`.
    explainer_of
        From a model to an explainer: a function from rows to attributions of any shape (n, ...).
    X
        The rows explained.
    fit
        From rows and labels to a new model; with it the labels are shuffled instead of the weights.
    training
        The rows and labels that `fit` is given.
    draws
        Independent randomisations.
    limit
        The rank correlation below which an explanation has changed.
    level
        The intervals' level. They are over draws.
    seed
        Of weights and labels.

    Returns
    -------
    SanityCheck

    Raises
    ------
    InputError
        If there are neither weights nor a `fit`, or fewer than two draws.

    References
    ----------
    [adebayo2018sanity]

    Examples
    --------
    >>> import torch
    >>> from alignlab.transparency.gradients import integrated_gradients
    >>> net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    >>> X = np.random.default_rng(0).normal(size=(20, 6))
    >>> def rows_alone(model):
    ...     return lambda rows: rows  # an "explanation" that never looks at the model
    >>> sanity_check(net, rows_alone, X).passed
    False
    """
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 2:
        raise InputError(f"draws={draws!r} is not a whole number from 2: an interval needs two.")
    if not isinstance(limit, int | float) or not 0 < limit < 1:
        raise InputError(f"limit={limit!r} is not between 0 and 1. Give one, such as limit=0.5.")
    if (fit is None) != (training is None):
        raise InputError("fit and training go together: fit=… and training=(rows, labels).")
    rng = as_generator(seed, "sanity check")
    before = _explained(explainer_of, model, X)
    if fit is not None and training is not None:
        found = _by_labels(fit, training, explainer_of, X, before, draws, rng)
    else:
        found = _by_weights(model, explainer_of, X, before, draws, rng)
    steps = tuple(
        SanityStep(
            name,
            mean_estimate([each[0] for each in pairs], level=level),
            mean_estimate([each[1] for each in pairs], level=level),
        )
        for name, pairs in found.items()
    )
    return SanityCheck("weights" if fit is None else "labels", steps, limit, len(before), draws)


Pairs = dict[str, list[tuple[float, float]]]


def _explained(explainer_of: Callable[[Any], Any], model: Any, X: Any) -> Floats:
    found = explainer_of(model)(X)
    try:
        values = np.asarray(getattr(found, "values", found), dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"The explainer returned a {type(found).__name__}; attributions of shape (rows, ...) "
            "are needed."
        ) from None
    if values.ndim < 2 or len(values) != len(X):
        raise InputError(
            f"The explainer returned the shape {values.shape} for {len(X)} rows; attributions of "
            "shape (rows, ...) are needed."
        )
    if not np.isfinite(values).all():
        raise InputError("The explainer returned numbers that are not finite.")
    values = values.reshape(len(values), -1)
    if values.shape[1] < 2:
        raise InputError("The explainer returned one number a row, which has no order to compare.")
    return values


def _alike(before: Floats, after: Floats) -> tuple[float, float]:
    """Return the mean rank correlations of signed values and of sizes."""
    pairs = ((before, after), (np.abs(before), np.abs(after)))
    # Where all values are equal there is no order left, and none is shared.
    signed, sizes = (float(np.nan_to_num(rank_correlation(a, b)).mean()) for a, b in pairs)
    return signed, sizes


def _by_weights(
    model: Any,
    explainer_of: Callable[[Any], Any],
    X: Any,
    before: Floats,
    draws: int,
    rng: np.random.Generator,
) -> Pairs:
    import torch

    if not isinstance(model, torch.nn.Module):
        raise InputError(
            f"A {type(model).__name__} has no layers of weights. Give fit=… and training=(rows, "
            "labels), and its labels are shuffled instead."
        )
    names = [
        name
        for name, layer in model.named_modules()
        if any(True for _ in layer.parameters(recurse=False))
    ]
    if not names:
        raise InputError(f"The torch module {type(model).__name__} has no weights.")
    cards = sorted({p.device.index for p in model.parameters() if p.device.type == "cuda"})
    found: Pairs = {"the same model": []}
    for _ in range(draws):
        found["the same model"].append(_alike(before, _explained(explainer_of, model, X)))
        random = copy.deepcopy(model)
        layers = dict(random.named_modules())
        with torch.random.fork_rng(devices=cards):
            torch.manual_seed(int(rng.integers(2**62)))
            for name in reversed(names):
                _draw_anew(layers[name], rng)
                after = _explained(explainer_of, random, X)
                label = f"from layer {name or type(model).__name__} on"
                found.setdefault(label, []).append(_alike(before, after))
    return found


def _draw_anew(layer: torch.nn.Module, rng: np.random.Generator) -> None:
    """Draw a layer's weights as when it was made; shuffle them where it does not say how."""
    import torch

    reset = getattr(layer, "reset_parameters", None)
    before = [each.detach().clone() for each in layer.parameters(recurse=False)]
    if callable(reset):
        reset()
    with torch.no_grad():
        for each, old in zip(layer.parameters(recurse=False), before, strict=True):
            if torch.equal(each, old):  # such as a norm's, which begin at one constant
                order = torch.as_tensor(rng.permutation(each.numel()), device=each.device)
                each.copy_(old.reshape(-1)[order].reshape(old.shape))


def _by_labels(
    fit: Callable[[Any, Any], Any],
    training: tuple[Any, Any],
    explainer_of: Callable[[Any], Any],
    X: Any,
    before: Floats,
    draws: int,
    rng: np.random.Generator,
) -> Pairs:
    rows, labels = training
    if len(rows) != len(labels):
        raise InputError(f"training has {len(rows)} rows and {len(labels)} labels.")
    found: Pairs = {"the same labels": [], "shuffled labels": []}
    for _ in range(draws):
        # Another sample of the same rows: how far explanations differ between fair fits.
        again = rng.integers(len(rows), size=len(rows))
        fair = fit(_taken(rows, again), _taken(labels, again))
        found["the same labels"].append(_alike(before, _explained(explainer_of, fair, X)))
        shuffled = fit(rows, _taken(labels, rng.permutation(len(rows))))
        found["shuffled labels"].append(_alike(before, _explained(explainer_of, shuffled, X)))
    return found


def _taken(rows: Any, at: NDArray[Any]) -> Any:
    if isinstance(rows, pd.DataFrame | pd.Series):
        return rows.take(at).reset_index(drop=True)
    return np.asarray(rows)[at]
