"""What no demonstration could tell: directions of the weights that leave every decision as it is.

Weights w and w + δ give the same policy if and only if there are potentials Φ with Φ = 0 after the
end and δ·φ(s, a) = Φ(s) - γ Σ_s' P(s' | s, a) Φ(s') wherever somebody decides [ng1999policy;
cao2021identifiability]; with a horizon Φ depends on the time too. Such δ are the null space of

    G(s, a) - U(s),    one row for each state and action, one column for each feature,

for the successor features G, U of a policy: any will do for the rows of all states, which tell what
this process hides from everybody. The rows of the states that the demonstrations could have gone
through tell what it hides from them; how many directions is the same for nearly all policies, which
ones is a matter of the policy, so that these are right next to its weights. A column is nothing if
it is rounding beside G, and the others are compared at equal lengths: features differ in reach as
they do in units. Only the ratio of the rewards to the temperature is ever identified, so the
temperature is the unit of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from alignlab.errors import listed
from alignlab.values.inverse.demonstrations import Demonstrations
from alignlab.values.inverse.dual import successor_features
from alignlab.values.inverse.features import Features
from alignlab.values.processes import FiniteMDP

__all__ = ["Hidden", "Identification", "complement", "identify"]

Floats = NDArray[np.float64]

Stage = tuple[Floats, Floats, NDArray[np.bool_]]

NOTHING = 1e-10
"""A column of G - U this much shorter than that of G is rounding."""

PART = 1e-7
"""A feature with a smaller share in a direction takes no part in it."""

Kind = Literal["never seen", "redundant", "constant", "shaping", "out of reach"]


@dataclass(frozen=True, eq=False)
class Hidden:
    """One direction of the weights that the demonstrations cannot tell.

    Attributes
    ----------
    kind
        "never seen": a feature that is 0 wherever the demonstrations could have gone. "redundant":
        features of which one says what others say. "constant": every step pays the same more, and
        nothing that is done changes how many there are. "shaping": a difference of potentials.
        "out of reach": next to these weights, decisions change only where the demonstrations could
        not have been.
    direction
        From a feature's name to how much its weight changes; features that do not are left out.
    """

    kind: Kind
    direction: dict[str, float]

    def __str__(self) -> str:
        """Return the direction as a sentence."""
        terms = " ".join(f"{value:+.3g}·{name}" for name, value in self.direction.items())
        if self.kind == "never seen":
            return (
                f"never seen: {listed(self.direction)} is 0 wherever the demonstrations could have "
                "gone, so its weight can be anything."
            )
        why = {
            "redundant": "these features say the same, so that the reward stays what it was",
            "constant": "the same for every step, whatever is done: no decision depends on it",
            "shaping": "a difference of potentials, which changes no decision anywhere",
            "out of reach": "it changes only decisions where the demonstrations could not be",
        }[self.kind]
        how = "a little" if self.kind == "out of reach" else "any multiple"
        return f"{self.kind}: adding {how} of {terms} changes nothing seen ({why})."

    def to_dict(self) -> dict[str, Any]:
        """Return the kind, the direction and the sentence."""
        return {"kind": self.kind, "direction": dict(self.direction), "says": str(self)}


@dataclass(frozen=True, eq=False)
class Identification:
    """What the demonstrations can and cannot tell about the weights.

    Attributes
    ----------
    hidden
        The directions that cannot be told, none a combination of the others.
    null
        Their span in scaled weights (each feature's largest absolute value is 1), orthonormal,
        shape (k, number of directions); exactly 0 for a feature that takes no part.
    """

    hidden: tuple[Hidden, ...]
    null: Floats


def identify(
    demonstrations: Demonstrations,
    features: Features,
    *,
    policy: Callable[[int], Floats] | None = None,
) -> Identification:
    """Return the directions of the weights that demonstrations from these starts cannot tell.

    Parameters
    ----------
    demonstrations
        What was demonstrated; only the starts and the cuts are looked at.
    features
        What the weights are of.
    policy
        The soft policy, (S, A), of a step: the answer is then about weights next to its own. What
        is out of reach has other directions there than elsewhere, though as many.
    """
    table = features.expected / features.scale
    steps, union = _reachable(demonstrations)
    everywhere, within = _spreads(demonstrations, table, steps, union, policy)
    # In these units a weight of 1 moves decisions alike, whatever the feature's own reach.
    unit = np.where(everywhere.told, everywhere.length, 1.0)
    null = _null(within, unit)
    by_kind: list[tuple[Kind, Floats]] = []
    if null.shape[1]:
        shown = np.abs(table[union]).max(axis=(0, 1), initial=0.0)
        # What is beyond a cut is 0 all along the way and may yet be what people went for.
        unseen = np.eye(len(shown))[:, (shown == 0) & ~within.told]
        by_kind.append(("never seen", unseen))
        structural = _null(everywhere, unit)
        rows = table[demonstrations.mdp.available]
        said = _Spread(rows.shape[-1])
        said.add(table, np.zeros_like(table[:, 0]), demonstrations.mdp.available)
        by_kind.append(("redundant", _null(said, unit)))
        by_kind.append(("constant", _constant(rows / unit, structural)))
        by_kind.append(("shaping", structural))
        by_kind.append(("out of reach", null))
    hidden: list[Hidden] = []
    found = np.zeros((table.shape[-1], 0))
    for kind, span in by_kind:
        fresh = _beyond(found, span)
        found = np.column_stack([found, fresh])
        readable = fresh if kind in ("never seen", "constant") else _sparse_basis(fresh)
        for column in readable.T:
            part = np.abs(column) > PART * np.abs(column).max()
            weights = np.where(part, column / (unit * features.scale), 0.0)
            weights = weights / weights[np.abs(weights).argmax()]
            direction = dict(zip(features.names, weights.tolist(), strict=True))
            hidden.append(Hidden(kind, {name: w for name, w in direction.items() if w}))
    return Identification(tuple(hidden), _orthonormal(null / unit[:, None]))


def complement(span: Floats) -> Floats:
    """Return an orthonormal basis of what is orthogonal to `span`.

    A feature that takes no part in it keeps an axis of its own, so that weak features are not mixed
    with strong ones.
    """
    part = span.any(axis=1)
    across = linalg.null_space(span[part].T) if part.any() else np.zeros((0, 0))
    basis = linalg.block_diag(np.eye(int((~part).sum())), across)
    return np.asarray(basis[np.argsort(np.argsort(part, kind="stable"))])


class _Spread:
    """The rows G(s, a) - U(s), added up.

    Attributes
    ----------
    factor
        A triangle with the singular values and vectors of all rows, shape (k, k).
    size
        The largest entry of each column of G anywhere, shape (k,).
    rounding
        How much of that is rounding.
    """

    def __init__(self, k: int, condition: float = 1.0) -> None:
        self.factor: Floats = np.zeros((0, k))
        self.size = np.zeros(k)
        self.rounding = NOTHING + 4 * float(np.finfo(float).eps) * condition

    def add(self, G: Floats, U: Floats, where: NDArray[np.bool_]) -> None:
        """Add the rows of the states and actions `where`."""
        rows = (G - U[:, None, :])[where]
        self.factor = np.asarray(np.linalg.qr(np.vstack([self.factor, rows]), mode="r"))
        self.size = np.maximum(self.size, np.abs(G).max(axis=(0, 1)))

    @property
    def length(self) -> Floats:
        """The length of each column, shape (k,)."""
        return np.asarray(np.linalg.norm(self.factor, axis=0))

    @property
    def told(self) -> NDArray[np.bool_]:
        """Which columns are more than rounding, shape (k,)."""
        return np.asarray(self.length > self.rounding * self.size)


def _spreads(
    demonstrations: Demonstrations,
    table: Floats,
    steps: list[NDArray[np.bool_]],
    union: NDArray[np.bool_],
    policy: Callable[[int], Floats] | None,
) -> tuple[_Spread, _Spread]:
    """Return the spread over all states and over those within reach."""
    mdp = demonstrations.mdp
    k = table.shape[-1]
    if mdp.horizon is None:
        if policy is None:
            even = mdp.available / np.maximum(mdp.available.sum(axis=1, keepdims=True), 1)
            tried = _leaning(mdp, successor_features(mdp, even, table)[0])
        else:
            tried = policy(0)
        # How long it takes to end, from where that takes longest, is how U multiplies an error.
        timed = np.concatenate([table, mdp.available[..., None]], axis=-1)
        G, U = successor_features(mdp, tried, timed)
        condition = float(U[:, k].max())
        stages: Iterable[Stage] = [(G[..., :k], U[:, :k], union)]
    else:
        condition = float(mdp.horizon)
        stages = _backwards(mdp, table, steps, policy)
    everywhere, within = _Spread(k, condition), _Spread(k, condition)
    for G, U, reach in stages:
        everywhere.add(G, U, mdp.available)
        within.add(G, U, mdp.available & reach[:, None])
    return everywhere, within


def _leaning(mdp: FiniteMDP, G: Floats) -> Floats:
    """Return a policy, shape (S, A), that leans towards no feature in particular.

    Like that of a reward it tells actions apart only by what they lead to; an even one would make
    coincidences, and hide what the demonstrations tell for nearly all weights.
    """
    G = np.where(mdp.available[..., None], G, 0.0)
    centred = G - G.sum(axis=1, keepdims=True) / np.maximum(
        mdp.available.sum(axis=1)[:, None, None], 1
    )
    largest = np.abs(centred).max(axis=(0, 1))
    moved = largest > NOTHING * np.abs(G).max(axis=(0, 1))
    k = G.shape[-1]
    lean = (0.5 + np.sqrt(np.arange(2, k + 2)) % 1) / np.sqrt(k)
    pull = centred @ np.divide(lean, largest, out=np.zeros(k), where=moved)
    share = np.where(mdp.available, np.exp(pull), 0.0)
    return np.asarray(share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300))


def _backwards(
    mdp: FiniteMDP,
    table: Floats,
    steps: list[NDArray[np.bool_]],
    policy: Callable[[int], Floats] | None,
) -> Iterator[Stage]:
    """Yield G, U and the states within reach, from the last step to the first."""
    U = np.zeros((mdp.n_states, table.shape[-1]))
    nowhere = np.zeros(mdp.n_states, bool)
    for t in range(int(mdp.horizon or 0) - 1, -1, -1):
        G = table + mdp.discount * (mdp.transitions @ U).reshape(table.shape)
        U = np.einsum("sa,sak->sk", _leaning(mdp, G) if policy is None else policy(t), G)
        yield G, U, steps[t] if t < len(steps) else nowhere


def _reachable(
    demonstrations: Demonstrations,
) -> tuple[list[NDArray[np.bool_]], NDArray[np.bool_]]:
    """Return where somebody could have decided at each step, and where at any.

    A trajectory that was cut off after T steps shows no decision later than its step T - 1, so with
    each state goes the latest limit of the trajectories that could be there.
    """
    seen, mdp = demonstrations, demonstrations.mdp
    forever = int(mdp.horizon or np.iinfo(np.int64).max)
    limits = np.where(seen.cut, seen.lengths, forever)
    finite = int(seen.lengths[seen.cut].max(initial=0))
    here = np.zeros(mdp.n_states, np.int64)
    np.maximum.at(here, seen.starts, limits)
    graph = mdp.successors
    source = np.repeat(np.arange(mdp.n_states), np.diff(graph.indptr))
    steps: list[NDArray[np.bool_]] = []
    union = np.zeros(mdp.n_states, bool)
    for t in range(forever):
        decides = (here > t) & ~mdp.terminal
        if not decides.any() or (
            mdp.horizon is None and t > finite and not (decides & ~union).any()
        ):
            break
        union |= decides
        steps.append(decides)
        after = np.zeros(mdp.n_states, np.int64)
        np.maximum.at(after, graph.indices, np.where(decides, here, 0)[source])
        here = after
    return steps, union


def _null(spread: _Spread, unit: Floats) -> Floats:
    """Return a basis of what some rows do not tell, in weights of `unit`, orthonormal.

    Each column is divided by its length, so that what is weak is not taken for what is nothing.
    """
    k = len(unit)
    told, length = spread.told, spread.length
    silent = np.eye(k)[:, ~told]
    if not told.any():
        return silent
    _, values, across = linalg.svd(spread.factor[:, told] / length[told])
    values = np.append(values, np.zeros(len(across) - len(values)))
    noise = 1e-3 * NOTHING * np.linalg.norm(spread.size[told] / length[told])
    null = across[values <= max(NOTHING, float(noise))].T
    # A feature with no more than rounding in every direction takes part in none.
    null = np.where(np.linalg.norm(null, axis=1, keepdims=True) > PART, null, 0.0)
    among = np.zeros((k, null.shape[1]))
    among[told] = null * (unit / np.where(told, length, 1.0))[told, None]
    return np.column_stack([silent, _orthonormal(among)])


def _orthonormal(basis: Floats) -> Floats:
    """Return an orthonormal basis of the same span; rows of zeros stay so."""
    part = basis.any(axis=1)
    found = np.zeros_like(basis)
    if part.any():
        found[part] = np.linalg.qr(basis[part] / np.linalg.norm(basis, axis=0))[0]
    return found


def _constant(rows: Floats, structural: Floats) -> Floats:
    """Return the combination within `structural` that is 1 for every step, if there is one."""
    k = rows.shape[-1]
    if not structural.shape[1]:
        return np.zeros((k, 0))
    shown = rows @ structural
    mix, *_ = np.linalg.lstsq(shown, np.ones(len(rows)), rcond=None)
    if np.abs(shown @ mix - 1).max() > 1e-8:
        return np.zeros((k, 0))
    return (structural @ mix)[:, None]


def _beyond(found: Floats, span: Floats) -> Floats:
    """Return a basis of what `span` adds to `found`; `span` itself where nothing is found yet."""
    if not found.shape[1] or not span.shape[1]:
        return span
    known = linalg.orth(found)
    rest = span - known @ (known.T @ span)
    return linalg.orth(rest, rcond=1e-7) if np.abs(rest).max() > 1e-7 else span[:, :0]


def _sparse_basis(span: Floats) -> Floats:
    """Return a basis of the same span in which each direction has a feature of its own."""
    count = span.shape[1]
    if count == 0:
        return span
    _, _, order = linalg.qr(span.T, pivoting=True, mode="economic")
    basis = span @ np.linalg.inv(span[order[:count]])
    return np.where(np.abs(basis) < 1e-9, 0.0, basis)
