"""A reward that was fitted to preferences: what it says of items, and how sure it is.

The chance that the first of two items is preferred is, with u the items' utilities,

    P(first) = 1 / (1 + exp(u_second - u_first)),

and where ties are an answer of their own, proportional to exp(u_first), exp(u_second) and
exp((u_first + u_second) / 2 + delta). Utilities have no zero: only differences mean something, so
uncertainty is that of the difference to the mean item that the reward was fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.plain import plain
from alignlab.random import as_generator
from alignlab.values.preferences.held_out import HeldOut
from alignlab.values.preferences.reward_features import Encoder
from alignlab.values.preferences.reward_networks import RewardNetworks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedReward", "Reliability", "Triads", "log_answers"]

Floats = NDArray[np.float64]

PRIOR = 2.0
"""The standard deviation, in log odds, of what the comparisons say nothing of."""


@dataclass(frozen=True)
class Reliability:
    """How far an annotator's answers follow the reward that all of them were fitted by.

    Attributes
    ----------
    annotator
        The name.
    n_comparisons
        How many comparisons.
    reliability
        tau: the mean of all annotators is 1, a random clicker is at 0, one who answers the wrong
        way round is below 0.
    """

    annotator: str
    n_comparisons: int
    reliability: Estimate

    @property
    def verdict(self) -> str:
        """What the interval says, in words."""
        if self.reliability.high < 0:
            return "answers the wrong way round"
        if self.reliability.low <= 0:
            return "cannot be told from random answers"
        return "informative"


@dataclass(frozen=True)
class Triads:
    """Triples of items in which majorities go round in a circle.

    Attributes
    ----------
    circular, complete
        How many triples go round, of those whose three pairs were all decided.
    expected
        How many would go round by chance if the reward were right; `None` where the reward has no
        standard errors to tell.
    p_value
        The chance of as many or more if the reward were right, by simulation; `None` likewise.
    """

    circular: int
    complete: int
    expected: float | None
    p_value: float | None

    @property
    def share(self) -> float:
        """The share of circular triples; random answers give a quarter."""
        return self.circular / self.complete

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and the share as plain values."""
        return {**vars(self), "share": self.share}


@dataclass(frozen=True, eq=False, repr=False)
class FittedReward:
    """A reward fitted to preferences by `fit_reward`.

    Attributes
    ----------
    model
        "scores", "linear" or "network".
    names
        Of the items (scores) or the features (linear).
    weights
        Scores or weights of each member of the ensemble, (n_members, n); empty for networks.
    estimates
        Each score or weight with its interval; empty for networks.
    covariance
        Of the scores or weights, for one member; `None` for an ensemble.
    tie_sizes, tie_logs
        The delta of each size of tie; (n_members, number of sizes).
    reliabilities
        One an annotator, where they were asked for.
    held_out
        How it does on comparisons that it was not fitted to.
    triads
        Whether people's preferences go round in circles; `None` where no three items were compared
        with each other.
    n_comparisons
        How many it was fitted to.
    log_loss
        Mean negative log-likelihood of those.
    regularization
        The ridge that was used; 0 for maximum likelihood.
    standard_errors
        What the intervals are made of, in words.
    converged, iterations, gradient
        Of Newton's method; of networks the number of epochs.
    notes
        What should be known before the reward is used, one sentence each.
    encoder
        How items become numbers; `None` for scores.
    networks
        Of the model "network".
    flat
        Directions of scores or weights that the comparisons say nothing of, one a column, at a
        size of one log odds; `None` if there is no such thing.
    centre
        Mean features (linear) or mean utilities of each member (network) of the items fitted to.
    """

    model: str
    names: tuple[str, ...]
    weights: Floats
    estimates: tuple[Estimate, ...]
    covariance: Floats | None
    tie_sizes: tuple[int, ...]
    tie_logs: Floats
    n_comparisons: int
    log_loss: float
    regularization: float
    standard_errors: str
    converged: bool
    iterations: int
    gradient: float
    centre: Floats
    encoder: Encoder | None = None
    networks: RewardNetworks | None = None
    flat: Floats | None = None
    reliabilities: tuple[Reliability, ...] = ()
    held_out: HeldOut | None = None
    triads: Triads | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def n_members(self) -> int:
        """How many members the ensemble has."""
        return len(self.tie_logs)

    def __repr__(self) -> str:
        """Return the model, what it was fitted to, and how it does on what it was not."""
        told = [f"comparisons: {self.n_comparisons:,}"]
        if self.n_members > 1:
            told.append(f"members: {self.n_members}")
        if self.held_out is not None and self.held_out.accuracy is not None:
            told.append(f"held-out accuracy: {self.held_out.accuracy}")
        if self.regularization:
            told.append(f"ridge: {self.regularization:g}")
        if self.notes:
            told.append(f"notes: {len(self.notes)}")
        return f"<FittedReward {self.model}; {', '.join(told)}>"

    def utilities(self, items: Any = None) -> Floats:
        """Return what each member of the ensemble says of the items, (n_members, n).

        Parameters
        ----------
        items
            Rows, trajectories or texts; for scores positions of the items, `None` for all.
        """
        if self.encoder is None:
            n = self.weights.shape[1]
            at = np.arange(n) if items is None else np.atleast_1d(np.asarray(items))
            if at.dtype.kind not in "iu" or (at < 0).any() or (at >= n).any():
                raise InputError(f"Scores are of the items 0 to {n - 1}: give such positions.")
            return self.weights[:, at]
        if items is None:
            raise InputError("Give the items: rows, trajectories or texts.")
        steps = self.encoder.steps(items)
        if self.networks is None:
            return self.weights @ steps.total(steps.inputs).T
        return np.stack([steps.total(each) for each in self.networks.steps(steps.inputs)])

    def predict(self, items: Any = None) -> Floats:
        """Return the items' utilities, the ensemble's mean, (n,); only differences matter."""
        return self.utilities(items).mean(axis=0)

    def preference_probability(self, first: Any, second: Any) -> Floats:
        """Return the chance that the first is preferred, ties counting half; (n,).

        Parameters
        ----------
        first, second
            Items as in `predict`, as many of each.
        """
        one, two = self.utilities(first), self.utilities(second)
        if one.shape != two.shape:
            raise InputError(f"There are {one.shape[1]} first and {two.shape[1]} second items.")
        logs = self.log_answers(one, two)
        return (np.exp(logs[..., 0]) + np.exp(logs[..., 1]) / 2).mean(axis=0)

    def log_answers(self, first: Floats, second: Floats) -> Floats:
        """Return each member's log-probabilities of first, tie, second; (n_members, n, 3)."""
        pair = self.tie_logs[:, [size == 2 for size in self.tie_sizes]]
        delta = pair if pair.shape[1] else np.full((len(first), 1), -np.inf)
        return log_answers(first, second, delta)

    def uncertainty(self, items: Any = None) -> Floats:
        """Return the standard error of each item's difference to the mean item, (n,).

        By the spread of the ensemble where there is one, else by the delta method; infinite where
        the comparisons say nothing about the difference.
        """
        if self.covariance is None:
            if self.n_members < 2:
                return np.full(self.utilities(items).shape[1], np.nan)
            errors = self._around_mean(items).std(axis=0, ddof=1)
            return np.where((self._unknown(items) != 0).any(axis=1), np.inf, errors)
        if self.encoder is None:
            errors = np.sqrt(np.maximum(np.diag(self.covariance), 0))
            at = np.arange(len(errors)) if items is None else np.atleast_1d(np.asarray(items))
            return np.where((self._unknown(at) != 0).any(axis=1), np.inf, errors[at])
        steps = self.encoder.steps(items)
        off = steps.total(steps.inputs) - self.centre
        variance = np.einsum("ij,jk,ik->i", off, self.covariance, off)
        errors = np.sqrt(np.maximum(variance, 0))
        return np.where((self._unknown(items) != 0).any(axis=1), np.inf, errors)

    def sample_utilities(
        self, items: Any = None, *, n: int = 200, seed: int | np.random.Generator = 0
    ) -> Floats:
        """Return draws of the items' utilities: the normal posterior's, or the ensemble's members.

        What the comparisons say nothing of is drawn from a wide prior: of standard deviation 2 on
        the log odds, for a feature standard deviation of the items fitted to (or for 1, where all
        of those are the same).

        Returns
        -------
        ndarray
            Shape (n, n_items), or (n_members, n_items) for an ensemble.
        """
        rng = as_generator(seed, "reward", "posterior")
        if self.covariance is None:
            made = self._around_mean(items)
        else:
            spread, directions = np.linalg.eigh(self.covariance)
            root = directions * np.sqrt(np.maximum(spread, 0))
            drawn = self.weights[0] + rng.normal(size=(n, len(root))) @ root.T
            if self.encoder is None:
                made = drawn if items is None else drawn[:, np.atleast_1d(np.asarray(items))]
            else:
                steps = self.encoder.steps(items)
                made = drawn @ (steps.total(steps.inputs) - self.centre).T
        unknown = self._unknown(items)
        if unknown.shape[1]:
            made = made + PRIOR * rng.normal(size=(len(made), unknown.shape[1])) @ unknown.T
        return made

    def step_rewards(self, trajectory: Trajectory) -> Floats:
        """Return the reward of each step, (T,); their sum (or mean) is the trajectory's utility."""
        if self.encoder is None or self.encoder.kind != "trajectories":
            what = "scores of items" if self.encoder is None else f"a reward of {self.encoder.kind}"
            raise InputError(f"This is {what}: it has no rewards of steps. Fit a linear reward.")
        inputs = self.encoder.steps([trajectory]).inputs
        if self.networks is not None:
            return self.networks.steps(inputs).mean(axis=0)
        return inputs @ self.weights.mean(axis=0)

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "model": self.model,
            "n_comparisons": self.n_comparisons,
            "log_loss": self.log_loss,
            "regularization": self.regularization,
            "standard_errors": self.standard_errors,
            "converged": self.converged,
            "estimates": {
                name: each.to_dict() for name, each in zip(self.names, self.estimates, strict=False)
            },
            "tie_logs": dict(
                zip(map(str, self.tie_sizes), plain(self.tie_logs.mean(axis=0)), strict=True)
            ),
            "reliabilities": [
                {"annotator": each.annotator, "n_comparisons": each.n_comparisons,
                 **each.reliability.to_dict(), "verdict": each.verdict}
                for each in self.reliabilities
            ],
            "held_out": None if self.held_out is None else self.held_out.to_dict(),
            "triads": None if self.triads is None else self.triads.to_dict(),
            "notes": list(self.notes),
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return the scores or weights with their intervals, the largest first."""
        import pandas as pd

        if self.model == "network":
            raise InputError(
                "A network has no table of weights. Look at held_out, or predict items."
            )
        frame = pd.DataFrame(
            {
                "name": self.names,
                "value": [each.value for each in self.estimates],
                "low": [each.low for each in self.estimates],
                "high": [each.high for each in self.estimates],
            }
        )
        return frame.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)

    def chart(self, question: str | None = None, *, most: int = 25) -> Chart:
        """Draw the scores or weights with their intervals; of a network how it does held out."""
        if self.model == "network":
            if self.held_out is None:
                raise InputError("There is nothing to draw: no comparisons were held out.")
            return self.held_out.chart()
        order = sorted(
            range(len(self.names)),
            key=lambda at: self.estimates[at].value if self.model == "scores" else 0.0,
            reverse=True,
        )[:most]
        rows = [
            {"group": self.names[at], "n": self.estimates[at].n,
             **{k: getattr(self.estimates[at], k) for k in ("value", "low", "high")}}
            for at in order
            if np.isfinite(self.estimates[at].high)
        ]  # fmt: skip
        asked = {"scores": "Which items are preferred?", "linear": "What is preferred?"}[self.model]
        axis = {"scores": "score", "linear": "weight"}[self.model]
        return interval_chart(
            question or asked, rows, x=f"{axis} (log odds)", percent=False, reference=0.0
        )

    def save(self, path: str | Path) -> None:
        """Write the reward to an `.npz` file without pickle; see `load_reward`."""
        from alignlab.values.preferences.reward_files import save_reward

        save_reward(self, path)

    def _unknown(self, items: Any) -> Floats:
        """Return how far each item lies along what the comparisons say nothing of, (n, k)."""
        if self.flat is None or not self.flat.shape[1]:
            return np.zeros((self.utilities(items).shape[1], 0))
        if self.encoder is None:
            return self.flat if items is None else self.flat[np.atleast_1d(np.asarray(items))]
        steps = self.encoder.steps(items)
        off = steps.total(steps.inputs) - self.centre
        along = off @ self.flat
        # Features that cancel each other along a direction leave rounding errors of their sizes.
        size = np.abs(self.flat)
        rounding = 1e-6 * (np.abs(off) @ size) + 1e-12 * (np.abs(self.centre) @ size)
        return np.where(np.abs(along) > rounding, along, 0.0)

    def _around_mean(self, items: Any) -> Floats:
        """Return every member's utilities less its utility of the mean item fitted to."""
        made = self.utilities(items)
        if self.encoder is None:
            return made - self.weights.mean(axis=1, keepdims=True)
        if self.networks is not None:
            return made - self.centre[:, None]
        return made - (self.weights @ self.centre)[:, None]


def log_answers(first: ArrayLike, second: ArrayLike, delta: ArrayLike) -> Floats:
    """Return the log-probabilities of first, tie and second; (..., 3).

    Parameters
    ----------
    first, second
        Utilities.
    delta
        Of a tie of two; minus infinity where ties are no answer.

    Examples
    --------
    >>> np.exp(log_answers(1.0, 1.0, 0.0)).round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    half = (np.asarray(first, float) - np.asarray(second, float)) / 2
    made = np.stack(np.broadcast_arrays(half, np.asarray(delta, float), -half), axis=-1)
    return made - np.logaddexp.reduce(made, axis=-1, keepdims=True)
