"""What episodes can say about a shaping: they can refute that it is one, never prove it.

On observed steps the question is whether some Φ solves γ Φ(s') - Φ(s) = F, with Φ = 0 after a step
that terminated. Where states can be told apart, let r be the least-squares residual of these
equations B Φ = F. Any Φ that solves them up to an error ε on each has

    ||r||² - ε ||r||_1  <=  ||B' r||_1 · max |Φ - Φ_fit|,

so a residual with B' r near 0 and more than ε's worth of r leaves no room for any potential of
sensible size: a refutation that rounding cannot fake. What is not refuted may still fail on steps
that were not seen. So Φ is fitted to one half of the episodes and tried on the other, and the share
of episodes with any step that it does not explain, or cannot speak about, comes with its exact
interval: episodes are independent, steps are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import lsmr

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate, share_estimate
from alignlab.plain import plain
from alignlab.values.rewards.sampled_steps import Episode, has_listable_states, play
from alignlab.values.rewards.steps import reward_scale

__all__ = ["SampledShapingCheck", "SampledVerdict", "check_sampled"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SampledVerdict = Literal[
    "refuted", "not refuted", "not this potential", "not explained by these features"
]

ABSURD = 1e6
"""A potential this many times the largest reward is no explanation of it."""

MOST_FEATURES = 500
"""Squares and products of more observed numbers than give these are left out."""


@dataclass(frozen=True, eq=False, repr=False)
class SampledShapingCheck:
    """What episodes say about whether an added reward is a potential difference.

    Attributes
    ----------
    verdict
        "refuted": no potential of the observation explains the steps seen. "not refuted": none of
        them contradicts a potential, which is not a proof. "not this potential": the stated one
        fails. "not explained by these features": no potential linear in them fits; another may.
    unexplained
        The share of held-out episodes with a step that the potential does not explain or cannot
        speak about, with its exact interval.
    residual
        The largest |F - (γ Φ(s') - Φ(s))| of an episode, averaged over held-out episodes, over the
        steps of which the potential can speak.
    tolerance
        Up to which a residual counts as rounding, in units of reward.
    worst
        The step with the largest residual in words.
    states, potential
        The observed states and their fitted potential, or no states and the features' weights.
    episodes, steps
        How many were played.
    """

    verdict: SampledVerdict
    unexplained: Estimate
    residual: Estimate
    tolerance: float
    worst: str
    states: tuple[Any, ...]
    potential: Floats
    episodes: int
    steps: int

    def __repr__(self) -> str:
        """Return the verdict; `summary` says more."""
        return f"<SampledShapingCheck {self.verdict!r}; unexplained: {self.unexplained}>"

    @property
    def summary(self) -> str:
        """The result in a few sentences."""
        share = (
            f"{self.unexplained.value:.1%} of {self.unexplained.n:,} held-out episodes hold a step "
            f"that it does not explain or was not fitted to "
            f"({self.unexplained.level:.0%} interval {self.unexplained.low:.1%} to "
            f"{self.unexplained.high:.1%})"
        )
        if self.verdict == "refuted":
            return (
                "The added reward is no potential difference: no potential of the observation "
                f"explains the steps seen. {self.worst}"
            )
        if self.verdict == "not this potential":
            return (
                f"The added reward is not the difference of this potential: {share}. {self.worst}"
            )
        if self.verdict == "not explained by these features":
            return (
                "No potential that is linear in these features explains the added reward; another "
                f"may: {share}. {self.worst}"
            )
        return (
            f"No step seen contradicts a potential, which is not a proof: {share}, under the "
            "actions that were taken here."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "verdict": self.verdict,
            "summary": self.summary,
            "unexplained": self.unexplained.to_dict(),
            "residual": self.residual.to_dict(),
            "tolerance": self.tolerance,
            "worst": self.worst,
            "states": plain(self.states),
            "potential": plain(self.potential),
            "episodes": self.episodes,
            "steps": self.steps,
        }

    def chart(
        self, question: str = "How many episodes hold a step that a potential does not explain?"
    ) -> Chart:
        """Draw the share with its interval."""
        estimate = self.unexplained
        rows = [{"group": "held-out episodes", **estimate.to_dict()}]
        return interval_chart(question, rows, x="episodes (share)")


@dataclass(frozen=True, eq=False)
class _Equations:
    """One row a step: γ φ(s') - φ(s), and what the potential must make of it."""

    rows: sparse.csr_array
    added: Floats
    episode: NDArray[np.intp]

    def of(self, chosen: Bools) -> _Equations:
        return _Equations(self.rows[chosen], self.added[chosen], self.episode[chosen])


def check_sampled(
    original: Any,
    shaped: Any,
    *,
    discount: float | None,
    potential: Callable[[Any], float] | None,
    features: Callable[[Any], ArrayLike] | None,
    policy: Callable[[Any], Any] | None,
    steps: int,
    level: float,
    tolerance: float,
    seed: int | np.random.Generator,
) -> SampledShapingCheck:
    """Play both environments and say what the steps show; see `check_shaping`."""
    if discount is None or not 0 <= discount <= 1:
        raise InputError(
            f"discount={discount!r}: an environment does not know the agent's discount; give a "
            "number from 0 to 1."
        )
    if not (np.isfinite(tolerance) and 0 <= tolerance < 1):
        raise InputError(f"tolerance={tolerance!r} is not a number from 0 to below 1.")
    if potential is not None and features is not None:
        raise InputError("potential and features were both given: a potential needs no features.")
    episodes = play(original, shaped, steps=steps, policy=policy, seed=seed)
    added = np.concatenate([each.added for each in episodes])
    paid = np.concatenate([each.paid for each in episodes])
    limit = tolerance * reward_scale(paid, paid + added)
    listable = potential is None and features is None and has_listable_states(original)
    states: tuple[Any, ...] = ()
    if listable:
        states, numbers = _numbered(episodes)
        equations = _state_equations(episodes, numbers, len(states), discount)
    else:
        described = _described(episodes, potential, features)
        equations = _feature_equations(episodes, described, discount)
    held = equations.episode >= (0 if potential is not None else (len(episodes) + 1) // 2)
    if held.all() and potential is None:
        raise InputError("one episode was played, and half of them is none: give more steps.")
    weights = np.ones(1) if potential is not None else _fitted(equations.of(~held))
    left = np.abs(equations.added - equations.rows @ weights)
    spoken = _determined(equations, ~held, discount) if listable else np.ones(len(left), dtype=bool)
    bad = (left > limit) | ~spoken
    shown = np.where(spoken, left, 0.0)
    own = equations.episode[held]
    found, at = np.unique(own, return_inverse=True)
    failing = np.bincount(at, bad[held]) > 0
    largest = np.zeros(len(found))
    np.maximum.at(largest, at, shown[held])
    unexplained = share_estimate(failing.mean(), len(found), rows=len(found), level=level)
    verdict: SampledVerdict = "not refuted"
    if listable:
        weights = _fitted(equations)
        shown = np.abs(equations.added - equations.rows @ weights)
        if _refutes(equations, weights, limit, reward_scale(paid, paid + added)):
            verdict = "refuted"
    elif failing.any():
        verdict = "not this potential" if potential else "not explained by these features"
    return SampledShapingCheck(
        verdict=verdict,
        unexplained=unexplained,
        residual=mean_estimate(largest, level=level),
        tolerance=limit,
        worst=_told(episodes, equations, weights, int(shown.argmax())),
        states=states,
        potential=weights,
        episodes=len(episodes),
        steps=len(added),
    )


def _numbered(episodes: tuple[Episode, ...]) -> tuple[tuple[Any, ...], list[NDArray[np.intp]]]:
    """Return the observations that differ, and each episode's as their numbers."""
    known: dict[bytes, int] = {}
    states: list[Any] = []
    numbers = []
    for episode in episodes:
        own = []
        for observation, flat in zip(episode.observations, episode.flat, strict=True):
            key = flat.tobytes()
            if key not in known:
                known[key] = len(states)
                states.append(observation)
            own.append(known[key])
        numbers.append(np.array(own, dtype=np.intp))
    return tuple(states), numbers


def _state_equations(
    episodes: tuple[Episode, ...], numbers: list[NDArray[np.intp]], n: int, discount: float
) -> _Equations:
    source = np.concatenate([each[:-1] for each in numbers])
    target = np.concatenate([each[1:] for each in numbers])
    ahead = _ahead(episodes)
    at = np.arange(len(source))
    entries = np.concatenate([np.full(int(ahead.sum()), discount), np.full(len(at), -1.0)])
    columns = np.concatenate([target[ahead], source])
    rows = sparse.csr_array(
        (entries, (np.concatenate([at[ahead], at]), columns)), shape=(len(at), n)
    )
    return _Equations(rows, *_rest(episodes))


def _feature_equations(
    episodes: tuple[Episode, ...], described: list[Floats], discount: float
) -> _Equations:
    now = np.concatenate([each[:-1] for each in described])
    after = np.concatenate([each[1:] for each in described]) * _ahead(episodes)[:, None]
    return _Equations(sparse.csr_array(discount * after - now), *_rest(episodes))


def _ahead(episodes: tuple[Episode, ...]) -> Bools:
    """Return for each step whether the state after it has a future."""
    return np.concatenate(
        [np.arange(len(e.actions)) < len(e.actions) - int(e.ended) for e in episodes]
    )


def _rest(episodes: tuple[Episode, ...]) -> tuple[Floats, NDArray[np.intp]]:
    sizes = [len(each.actions) for each in episodes]
    return np.concatenate([e.added for e in episodes]), np.repeat(np.arange(len(sizes)), sizes)


def _described(
    episodes: tuple[Episode, ...],
    potential: Callable[[Any], float] | None,
    features: Callable[[Any], ArrayLike] | None,
) -> list[Floats]:
    """Return each episode's features, shape (T + 1, k); a stated potential is the only one."""
    if potential is not None or features is not None:
        function: Any = potential if potential is not None else features
        name = "potential" if potential is not None else "features"
        described = []
        for each in episodes:
            # An end has the potential 0: the function need not be defined there.
            asked = each.observations[: len(each.actions) + (not each.ended)]
            found = np.array([np.ravel(function(seen)) for seen in asked], float)
            described.append(np.pad(found, ((0, int(each.ended)), (0, 0))))
        if not all(np.isfinite(each).all() for each in described):
            raise InputError(f"{name} returned a number that is infinite or missing.")
        return described
    d = episodes[0].flat.shape[1]
    first, second = np.triu_indices(d)
    products = len(first) + d + 1 <= MOST_FEATURES
    return [
        np.column_stack(
            [
                np.ones(len(each.flat)),
                each.flat,
                *([each.flat[:, first] * each.flat[:, second]] if products else []),
            ]
        )
        for each in episodes
    ]


def _fitted(equations: _Equations) -> Floats:
    if equations.rows.shape[1] <= MOST_FEATURES and equations.rows.shape[0] <= 10**6:
        return np.linalg.lstsq(equations.rows.toarray(), equations.added, rcond=None)[0]
    found = lsmr(equations.rows, equations.added, atol=1e-15, btol=1e-15, conlim=0, maxiter=10**4)
    return np.asarray(found[0], float)


def _determined(equations: _Equations, fitted: Bools, discount: float) -> Bools:
    """Return of which steps the fit can speak: those between states whose Φ it leaves no choice."""
    n = equations.rows.shape[1]
    # One more node, the end, joins every step that terminates.
    known = equations.rows[fitted]
    size = abs(known)
    link = sparse.csr_array((size.T @ size) > 0)
    _, part = connected_components(link, directed=False)
    seen = np.bincount(known.indices, minlength=n) > 0
    ending = np.diff(known.indptr) == 1
    pinned = np.zeros(part.max() + 1, dtype=bool)
    # A step with one entry ended, or stayed where it was: with discount below 1 either pins Φ.
    lone = known.indices[known.indptr[:-1][ending]]
    lone_value = known.data[known.indptr[:-1][ending]]
    pinned[part[lone[lone_value != 0]]] = True
    if 0 < discount < 1:
        # A part without an end is pinned unless all its rounds balance, which is when
        # h(s') = h(s) + 1 has a solution: then Φ may grow by γ^-h and nothing is known.
        ones = sparse.csr_array(
            (np.where(known.data > 0, 1.0, -1.0), known.indices, known.indptr), known.shape
        )
        steps = _Equations(ones, np.ones(known.shape[0]), equations.episode[fitted])
        off = np.abs(ones @ _fitted(steps) - 1) > 1e-6
        pinned[part[known.indices[known.indptr[:-1][off]]]] = True
    elif discount == 0:
        pinned[:] = True
    rows = equations.rows
    first = rows.indices[rows.indptr[:-1]]
    last = rows.indices[rows.indptr[1:] - 1]
    both = seen[first] & seen[last]
    within = part[first] == part[last]
    whole = pinned[part[first]] & pinned[part[last]]
    if discount == 1:
        return both & (whole | (within & (np.diff(rows.indptr) == 2)))
    return both & whole


def _refutes(equations: _Equations, weights: Floats, limit: float, scale: float) -> bool:
    left = equations.added - equations.rows @ weights
    room = float(np.abs(equations.rows.T @ left).sum()) * (
        ABSURD * scale + float(np.abs(weights).max(initial=0.0))
    )
    return float(left @ left) - limit * float(np.abs(left).sum()) > room


def _told(episodes: tuple[Episode, ...], equations: _Equations, weights: Floats, at: int) -> str:
    episode = episodes[equations.episode[at]]
    t = at - int(np.searchsorted(equations.episode, equations.episode[at]))
    explained = float((equations.rows[[at]] @ weights)[0])
    here, action, there = (
        _short(each)
        for each in (episode.observations[t], episode.actions[t], episode.observations[t + 1])
    )
    return (
        f"Worst is the step from {here} by {action} to {there}: it adds {equations.added[at]:.4g}, "
        f"the nearest potential {explained:.4g}."
    )


def _short(value: Any) -> str:
    array = np.asarray(value)
    return str(array.tolist() if array.ndim == 0 else array.round(3).tolist())
