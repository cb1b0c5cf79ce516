"""What a posterior over models says of rows: answers of T models drawn from it, and their spread.

For class probabilities p_t of pass t, with p their mean over passes,

    variance of class c:   mean_t p_tc (1 - p_tc)  +  var_t p_tc        aleatoric + epistemic
    information in nats:   H(p)  -  mean_t H(p_t)                       what a label would tell

[depeweg2018decomposition, sec. 3], [houlsby2011bayesian]. The plug-in information is too small by
about sum_c var(p_c) / (2 T p_c), since the entropy is concave; the jackknife over passes removes
that term [miller1974jackknife]. For regression with means m_t and noise variances v_t the variance
is mean_t v_t + var_t m_t. Passes are taken to be drawn independently.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.predictors import Task, class_positions, class_text

__all__ = ["PosteriorPredictive"]

Floats = NDArray[np.float64]

AT_ONCE = 2**21
"""Numbers of the samples that are worked on at a time."""

DRAWN_ROWS = 400
"""A chart has no more points: more hide each other."""

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1: half-precision models round by about 1e-3."""


@dataclass(frozen=True, eq=False)
class PosteriorPredictive:
    """The answers of several models drawn from a posterior, for each of n rows.

    Attributes
    ----------
    samples
        Probabilities, shape (passes, n, n_classes), for classification; the models' means, shape
        (passes, n), for regression. float64 or float32.
    kind
        Where the models come from, in words ("100 passes of dropout").
    classes
        The labels of the probability columns; empty for regression.
    noise_variance
        Regression: the variance of an outcome around a model's mean, one number, shape (n,) or
        (passes, n); `None` where the models do not say it.
    evaluations
        Rows that a model was asked for; a row in each of 100 passes counts as 100.
    joint
        Whether one pass is one model for all rows. If not, each row has models of its own, and
        samples must not be compared across rows within a pass.

    Examples
    --------
    Two passes that agree that nothing is known, and two that contradict each other:

    >>> samples = [[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]]
    >>> drawn = PosteriorPredictive(np.array(samples), "two passes", classes=("no", "yes"))
    >>> drawn.mean[:, 1], drawn.aleatoric[:, 1], drawn.epistemic[:, 1]
    (array([0.5, 0.5]), array([0.25, 0.  ]), array([0. , 0.5]))
    """

    samples: NDArray[Any]
    kind: str
    classes: tuple[Hashable, ...] = ()
    noise_variance: Floats | None = None
    evaluations: int = 0
    joint: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", _floats(self.samples))
        object.__setattr__(self, "classes", tuple(self.classes))
        _require_samples(self.samples, self.classes)
        if self.noise_variance is not None:
            noise = np.asarray(self.noise_variance, dtype=np.float64)
            noise = np.full(len(self), noise) if noise.ndim == 0 else noise
            _require_noise(noise, self.samples, self.classes)
            object.__setattr__(self, "noise_variance", noise)

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.samples.shape[1])

    @property
    def task(self) -> Task:
        """Whether the models choose among classes or give numbers."""
        return "classification" if self.classes else "regression"

    @property
    def passes(self) -> int:
        """How many models were drawn."""
        return len(self.samples)

    @cached_property
    def mean(self) -> Floats:
        """The predictive mean: probabilities (n, n_classes), never of averaged logits; or (n,)."""
        return self.samples.mean(axis=0, dtype=np.float64)

    @cached_property
    def epistemic(self) -> Floats:
        """The variance between the models, unbiased, in the shape of `mean`: more data lowers it.

        For classes it is the variance of each class's probability.
        """
        return self._by_rows(lambda samples: samples.var(axis=0, ddof=1))

    @cached_property
    def aleatoric(self) -> Floats:
        """The mean variance that the models see in the outcome itself, in the shape of `mean`.

        NaN for regression without `noise_variance`.
        """
        if self.classes:
            return self._by_rows(lambda samples: (samples * (1 - samples)).mean(axis=0))
        if self.noise_variance is None:
            return np.full(len(self), np.nan)
        return np.atleast_2d(self.noise_variance).mean(axis=0)

    @cached_property
    def variance(self) -> Floats:
        """The variance of an outcome (of a class's indicator): `aleatoric` + `epistemic`."""
        return self.aleatoric + self.epistemic

    @cached_property
    def standard_error(self) -> Floats:
        """How far `mean` may be off for having few passes, in its shape: one standard error."""
        return np.sqrt(self.epistemic / self.passes)

    @cached_property
    def entropy(self) -> Floats:
        """The entropy of the mean probabilities, in nats, shape (n,)."""
        self._require_classes("entropy")
        return special.entr(self.mean).sum(axis=1)

    @cached_property
    def expected_entropy(self) -> Floats:
        """The mean of the models' entropies, in nats, shape (n,): what no label would resolve."""
        self._require_classes("expected_entropy")
        return self._by_rows(lambda samples: special.entr(samples).sum(axis=2).mean(axis=0))

    @property
    def mutual_information(self) -> Floats:
        """What a row's label would tell about the model, in nats, shape (n,).

        The bias of few passes is removed, so that it can be slightly below 0 where it is none,
        and it is not exactly `entropy - expected_entropy`.
        """
        return self._information[0]

    @property
    def mutual_information_error(self) -> Floats:
        """The standard error of `mutual_information` for having few passes, shape (n,).

        NaN for two passes: without one of them no information is left, whichever it is.
        """
        return self._information[1]

    @cached_property
    def decisions(self) -> NDArray[Any]:
        """The class that is most probable on average, or the mean, shape (n,)."""
        if not self.classes:
            return self.mean
        names = np.empty(len(self.classes), dtype=object)
        names[:] = self.classes
        return names[self.mean.argmax(axis=1)]

    def log_likelihood(self, y: Sequence[Hashable] | ArrayLike) -> Floats:
        """Return the log of the predictive probability (density) of each row's outcome.

        It is the log of a mean over passes, and not the mean of logs, which is smaller.

        Parameters
        ----------
        y
            Labels as people write them, or values; shape (n,).

        Returns
        -------
        numpy.ndarray
            Shape (n,), in nats; -inf where every pass rules the label out.

        Raises
        ------
        InputError
            If a label is unknown, the length is wrong, or regression has no `noise_variance`.
        """
        outcomes = np.asarray(y)
        if outcomes.shape != (len(self),):
            raise InputError(
                f"y has shape {outcomes.shape} and there are {len(self)} rows. Give one a row."
            )
        if self.classes:
            chosen = class_positions(outcomes, self.classes)
            with np.errstate(divide="ignore"):
                logs = np.log(self.samples[:, np.arange(len(self)), chosen].astype(np.float64))
            return special.logsumexp(logs, axis=0) - np.log(self.passes)
        noise = self._noise("log_likelihood")
        away = outcomes.astype(np.float64) - self.samples
        logs = -0.5 * (away**2 / noise + np.log(2 * np.pi * noise))
        return special.logsumexp(logs, axis=0) - np.log(self.passes)

    def quantiles(self, levels: float | Sequence[float]) -> Floats:
        """Return quantiles of the outcome where noise is known, else of the models' means.

        Parameters
        ----------
        levels
            One or several, between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Shape (n,) for one level, (n, levels) for several. With noise they are those of the
            mixture of the models' normal distributions, found by bisection.

        Raises
        ------
        InputError
            If a level is not between 0 and 1, or this is classification.

        Examples
        --------
        >>> drawn = PosteriorPredictive(np.zeros((2, 1)), "two", noise_variance=np.ones(1))
        >>> drawn.quantiles([0.025, 0.975]).round(3)
        array([[-1.96,  1.96]])
        """
        if self.classes:
            raise InputError(
                "quantiles are of a number, and this is classification. Use the mean "
                "probabilities, or a ConformalClassifier for sets of classes."
            )
        wanted = np.asarray(levels, dtype=np.float64)
        if wanted.size == 0 or not np.all((wanted > 0) & (wanted < 1)):
            raise InputError(f"levels={levels!r} are not between 0 and 1. Give such as 0.9.")
        flat = wanted.ravel()
        if self.noise_variance is None:
            found = np.quantile(self.samples.astype(np.float64), flat, axis=0).T
        else:
            found = np.column_stack([self._mixture_quantile(level) for level in flat])
        return found[:, 0] if wanted.ndim == 0 else found

    def to_frame(self) -> pd.DataFrame:
        """Return one row a row: the prediction, how unsure it is, and of what kind that is."""
        if not self.classes:
            columns = {"prediction": self.mean, "standard_error": self.standard_error}
            columns["epistemic"] = self.epistemic
            if self.noise_variance is not None:
                columns |= {"aleatoric": self.aleatoric, "variance": self.variance}
            return pd.DataFrame(columns)
        top = self.mean.argmax(axis=1)[:, None]
        frame = {
            "prediction": self.decisions,
            "probability": np.take_along_axis(self.mean, top, 1)[:, 0],
            "standard_error": np.take_along_axis(self.standard_error, top, 1)[:, 0],
            "entropy": self.entropy,
            "expected_entropy": self.expected_entropy,
            "mutual_information": self.mutual_information,
        }
        for name, column in zip(self.classes, self.mean.T, strict=True):
            frame[f"p({class_text(name)})"] = column
        return pd.DataFrame(frame)

    def to_dict(self) -> dict[str, Any]:
        """Return what was found, row by row, as plain values; the samples are left out."""
        return {
            "kind": self.kind,
            "task": self.task,
            "classes": [class_text(name) for name in self.classes],
            "passes": self.passes,
            "evaluations": self.evaluations,
            "joint": self.joint,
            "rows": self.to_frame().to_dict("records"),
        }

    def chart(self, question: str = "") -> Chart:
        """Draw, for each row, what the model does not know against what nobody can know.

        For regression: the spread of the models' means against their mean. Of more than 400 rows,
        400 are drawn, evenly spaced in that order.
        """
        if self.classes:
            across, up = self.expected_entropy, np.maximum(self.mutual_information, 0)
            asked = question or "Is the case unclear, or does the model not know?"
            across_name, across_title = (
                "unclear case",
                "the case is unclear (expected entropy, nats)",
            )
            up_name, up_title = "model unsure", "the model does not know (mutual information, nats)"
        else:
            across, up = self.mean, np.sqrt(self.epistemic)
            asked = question or "Where does the model not know?"
            across_name, across_title = "prediction", "prediction (mean over passes)"
            up_name, up_title = "spread", "spread of the models (standard deviation)"
        order = np.argsort(up, kind="stable")
        shown = order[
            np.unique(np.linspace(0, len(self) - 1, min(len(self), DRAWN_ROWS)).astype(int))
        ]
        rows = [{across_name: float(across[i]), up_name: float(up[i])} for i in shown]
        return line_chart(
            asked,
            rows,
            x=across_name,
            y=up_name,
            x_title=across_title,
            y_title=up_title,
            mark="point",
            percent=False,
        )

    @cached_property
    def _information(self) -> tuple[Floats, Floats]:
        self._require_classes("mutual_information")
        both = self._by_rows(_jackknifed_information)
        return both[:, 0], both[:, 1]

    def _by_rows(self, statistic: Callable[[Floats], Floats]) -> Floats:
        """Return a statistic over passes, a block of rows at a time and in double precision."""
        step = max(1, AT_ONCE * len(self) // max(self.samples.size, 1))
        starts = range(0, len(self), step) if len(self) else [0]
        return np.concatenate(
            [
                statistic(self.samples[:, start : start + step].astype(np.float64))
                for start in starts
            ]
        )

    def _noise(self, what: str) -> Floats:
        if self.noise_variance is None:
            raise InputError(
                f"{what} needs the variance of an outcome around a model's mean, and there is "
                "none. Give noise_variance, such as the residuals' variance on held-out rows."
            )
        return self.noise_variance

    def _require_classes(self, what: str) -> None:
        if not self.classes:
            raise InputError(
                f"{what} is of classes, and this is regression. Use epistemic, aleatoric and "
                "variance."
            )

    def _mixture_quantile(self, level: float) -> Floats:
        spread = np.sqrt(self._noise("quantiles"))
        # A mixture's quantile lies between its parts' quantiles.
        parts = self.samples + special.ndtri(level) * spread
        low, high = parts.min(axis=0), parts.max(axis=0)
        for _ in range(64):
            middle = (low + high) / 2
            below = special.ndtr((middle - self.samples) / spread).mean(axis=0) < level
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


def _jackknifed_information(samples: Floats) -> Floats:
    """Return the information and its standard error, shape (n, 2); samples (passes, n, classes)."""
    passes = len(samples)
    entropies = special.entr(samples).sum(axis=2)
    mean, expected = samples.mean(axis=0), entropies.mean(axis=0)
    without = (passes * mean - samples) / (passes - 1)
    # Rounding may leave a probability just below 0, where an entropy is -inf.
    left_out = special.entr(np.maximum(without, 0)).sum(axis=2)
    left_out -= (passes * expected - entropies) / (passes - 1)
    whole = special.entr(mean).sum(axis=1) - expected
    centre = left_out.mean(axis=0)
    value = passes * whole - (passes - 1) * centre
    error = np.sqrt((passes - 1) / passes * np.sum((left_out - centre) ** 2, axis=0))
    if passes == 2:
        error = np.full_like(error, np.nan)
    return np.stack([value, error], axis=1)


def _floats(samples: Any) -> NDArray[Any]:
    array = np.asarray(samples)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _require_samples(samples: NDArray[Any], classes: tuple[Hashable, ...]) -> None:
    wanted = f"(passes, n, {len(classes)})" if classes else "(passes, n)"
    dimensions = 3 if classes else 2
    if samples.ndim != dimensions or (classes and samples.shape[2] != len(classes)):
        raise InputError(
            f"samples have shape {samples.shape}; {wanted} was expected, with "
            f"{len(classes)} classes named."
        )
    if len(samples) < 2:
        raise InputError(
            f"There are {len(samples)} passes, and a spread needs at least two. Give passes=100."
        )
    step = max(1, AT_ONCE // max(samples[0].size, 1))
    for start in range(0, len(samples), step):
        drawn = samples[start : start + step]
        infinite = ~np.isfinite(drawn)
        if infinite.any():
            at, row = np.argwhere(infinite)[0][:2]
            raise InputError(
                f"The answer of pass {start + at} on row {row} is not a finite number."
            )
        if classes:
            totals = drawn.sum(axis=2)
            off = (np.abs(totals - 1) > SUM_TOLERANCE) | (drawn < 0).any(axis=2)
            if off.any():
                at, row = np.argwhere(off)[0]
                raise InputError(
                    f"The answer of pass {start + at} on row {row} is not probabilities: it sums "
                    f"to {totals[at, row]:.4g}, its least is {drawn[at, row].min():.4g}. Give "
                    "softmax probabilities and not logits."
                )


def _require_noise(noise: Floats, samples: NDArray[Any], classes: tuple[Hashable, ...]) -> None:
    if classes:
        raise InputError("noise_variance is for regression: class probabilities hold their own.")
    if noise.shape not in (samples.shape, samples.shape[1:]):
        raise InputError(
            f"noise_variance has shape {noise.shape}; {samples.shape[1:]} or {samples.shape} was "
            "expected."
        )
    if not np.all(np.isfinite(noise) & (noise > 0)):
        raise InputError("noise_variance holds numbers that are not above 0 and finite.")
