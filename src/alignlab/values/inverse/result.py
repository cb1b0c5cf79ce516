"""What inverse reinforcement learning found: weights with intervals, a reward, and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate, critical_value
from alignlab.plain import plain
from alignlab.values.inverse.identification import PART, Hidden
from alignlab.values.processes import FiniteMDP, Rewards, SoftSolution, soft_solve

if TYPE_CHECKING:
    import pandas as pd
    import torch

__all__ = ["IRLResult"]

Floats = NDArray[np.float64]

LUCK = ', or match="decisions", which luck does not touch'


@dataclass(frozen=True, eq=False, repr=False)
class IRLResult:
    """A reward that explains demonstrations, how sure it is, and what they could not tell.

    Attributes
    ----------
    mdp
        The process with the rewards that were found.
    weights
        From a feature's name to its weight, with an interval; empty for a network. Infinite limits:
        the demonstrations do not tell this weight by itself.
    demonstrated, modelled
        From a feature's name to its discounted sum a trajectory: as the demonstrations showed it,
        and as the reward's soft policy would have, over the same stretches.
    temperature
        How random people were taken to be; the weights are in its unit.
    match
        Which of the two objectives: "features", the definition, or "decisions", for demonstrations
        that are few or cut off and for processes with luck.
    converged
        Whether the gradient is below the tolerance at a finite maximum.
    gap
        The largest entry of the gradient on what can be told, each feature scaled to at most 1.
    iterations
        How many steps that took.
    not_identified
        Directions of the weights that these demonstrations cannot tell, next to those found.
    runaway
        Weights that have no finite maximum, and in which proportion they run away; empty if none.
    log_likelihood
        Of a demonstrated decision, on average, in nats; -log(number of actions) is a blind guess.
    trajectories, decisions
        How many were demonstrated; trajectories without a step are left out.
    network
        The trained copy of the network that was given, if one was.
    """

    mdp: FiniteMDP
    weights: Mapping[str, Estimate]
    demonstrated: Mapping[str, float]
    modelled: Mapping[str, float]
    temperature: float
    match: str
    converged: bool
    gap: float
    iterations: int
    not_identified: tuple[Hidden, ...]
    runaway: Mapping[str, float]
    log_likelihood: float
    trajectories: int
    decisions: int
    level: float
    network: torch.nn.Module | None = None
    _covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _unknown: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _freedom: int = 0

    def __repr__(self) -> str:
        """Return the state of the search and the weights."""
        state = "converged" if self.converged else "NOT converged"
        shown = ", ".join(f"{name} {value.value:.3g}" for name, value in self.weights.items())
        hidden = len(self.not_identified)
        more = f"; {hidden} direction{'s' * (hidden > 1)} not identified" * bool(hidden)
        more += f"; no finite maximum for {', '.join(self.runaway)}" * bool(self.runaway)
        return (
            f"<IRLResult {state}, gap {self.gap:.1e}; {shown or 'a network'}{more}; "
            f"trajectories: {self.trajectories:,}, decisions: {self.decisions:,}>"
        )

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do about what is wrong, one sentence each; empty if nothing is."""
        found = []
        if self.runaway:
            names = ", ".join(self.runaway)
            found.append(
                f"No finite weights of {names} explain the demonstrations best: they always, or "
                "never, did what these weights are about, or had luck that no policy has. Give "
                "more demonstrations or a regularization such as 0.01"
                + LUCK * (self.match == "features")
                + "."
            )
        elif not self.converged:
            found.append(
                f"The gradient is {self.gap:.1e} after {self.iterations} iterations: give more "
                "(max_iterations), or better start weights"
                + LUCK * (self.match == "features")
                + "."
            )
        found += [f"Not identified: {each}" for each in self.not_identified]
        return tuple(found)

    @property
    def rewards(self) -> Rewards:
        """The reward, in the simplest of the three forms that holds it."""
        return self.mdp.rewards

    @property
    def expected_rewards(self) -> Floats:
        """What a step is expected to pay, shape (S, A)."""
        return self.mdp.expected_rewards

    @cached_property
    def policy(self) -> SoftSolution:
        """The soft policy of the reward."""
        return soft_solve(self.mdp, temperature=self.temperature)

    def contrast(self, weights: Mapping[str, float]) -> Estimate:
        """Return a combination of weights with its interval.

        Use it where single weights are not identified and differences of them are.

        Parameters
        ----------
        weights
            From a feature's name to its factor, such as `{"left": 1, "right": -1}`.

        Returns
        -------
        Estimate
            With infinite limits if the demonstrations do not tell this combination either.

        Raises
        ------
        InputError
            If there is no such feature.
        """
        names = list(self.weights)
        factors = np.zeros(len(names))
        for name, factor in weights.items():
            if name not in names:
                raise InputError(f"There is no feature {name!r}.{nearest(name, names)}")
            factors[names.index(name)] = factor
        values = np.array([each.value for each in self.weights.values()])
        return estimate_of(
            factors,
            values,
            self._covariance,
            self._unknown,
            self._freedom,
            level=self.level,
            n=self.trajectories,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all but the policy and the process as plain values."""
        return {
            "weights": {name: value.to_dict() for name, value in self.weights.items()},
            "demonstrated": dict(self.demonstrated),
            "modelled": dict(self.modelled),
            "temperature": self.temperature,
            "match": self.match,
            "converged": self.converged,
            "gap": self.gap,
            "iterations": self.iterations,
            "not_identified": [each.to_dict() for each in self.not_identified],
            "runaway": dict(self.runaway),
            "log_likelihood": self.log_likelihood,
            "trajectories": self.trajectories,
            "decisions": self.decisions,
            "expected_rewards": plain(self.expected_rewards),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a feature: weight, limits, demonstrated and modelled sums."""
        import pandas as pd

        rows = []
        for name in self.demonstrated:
            told = self.weights.get(name)
            ends = (
                {} if told is None else {"weight": told.value, "low": told.low, "high": told.high}
            )
            shown = {"demonstrated": self.demonstrated[name], "modelled": self.modelled[name]}
            rows.append({"feature": name, **ends, **shown})
        return pd.DataFrame(rows)

    def chart(self, question: str = "What did people care about?") -> Chart:
        """Draw the weights with their intervals; hollow where the data cannot tell."""
        rows = []
        for name, told in self.weights.items():
            known = bool(np.isfinite(told.high - told.low))
            rows.append(
                {
                    "group": name,
                    "value": told.value,
                    "low": told.low if known else told.value,
                    "high": told.high if known else told.value,
                    "n": told.n,
                    "quiet": not known,
                }
            )
        if not rows:
            raise InputError("A network has no weights to draw: draw its `expected_rewards`.")
        return interval_chart(
            question,
            rows,
            x="weight (reward in units of the temperature)" if self.temperature == 1 else "weight",
            reference=0.0,
            reference_label="does not matter",
            percent=False,
            quiet_label=(
                "pulled towards 0, no interval"
                if np.isinf(self._covariance).any()
                else "the demonstrations cannot tell"
            ),
        )


def estimate_of(
    factors: Floats,
    values: Floats,
    covariance: Floats,
    unknown: Floats,
    freedom: int,
    *,
    level: float,
    n: int,
) -> Estimate:
    """Return factors · values with Student's interval; infinite along an unknown direction.

    An infinite covariance stands for values that were pulled towards 0: what they vary by is not
    how far they are from the true ones.
    """
    value = float(factors @ values)
    method = f"sandwich over trajectories, Student's t for {freedom}"
    # Each term beside itself: weights have the units of their features.
    terms = factors[:, None] * unknown
    if np.linalg.norm(terms.sum(axis=0)) > PART * np.linalg.norm(terms, axis=1).sum():
        return Estimate(value, -np.inf, np.inf, level, n, "not identified")
    if np.isinf(covariance).any():
        return Estimate(value, -np.inf, np.inf, level, n, "pulled towards 0")
    if freedom < 1 or not np.isfinite(covariance).all():
        return Estimate(value, -np.inf, np.inf, level, n, "too few trajectories")
    error = float(np.sqrt(np.maximum(factors @ covariance @ factors, 0.0)))
    half = critical_value(level, freedom=freedom) * error
    return Estimate(value, value - half, value + half, level, n, method)
