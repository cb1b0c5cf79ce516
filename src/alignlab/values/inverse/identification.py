"""What no demonstration could tell: directions of the weights that leave every decision as it is.

Weights w and w + δ give the same policy if and only if there are potentials Φ with Φ = 0 after the
end and δ·φ(s, a) = Φ(s) - γ Σ_s' P(s' | s, a) Φ(s') wherever somebody decides [ng1999policy;
cao2021identifiability]; with a horizon Φ depends on the time too. Such δ are the null space of

    M = Σ_s Σ_a [G(s, a) - U(s)] [G(s, a) - U(s)]ᵀ

for the successor features G, U of any one policy that tries every action. Summed over all states it
tells what this process hides from everybody; summed over the states that these demonstrations could
have gone through, what it hides from them. Only the ratio of the rewards to the temperature is ever
identified, so the temperature is the unit of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from alignlab.errors import listed
from alignlab.values.inverse.demonstrations import Demonstrations
from alignlab.values.inverse.dual import successor_features
from alignlab.values.inverse.features import Features

__all__ = ["Hidden", "Identification", "identify"]

Floats = NDArray[np.float64]

NOTHING = 1e-12
"""An eigenvalue of M this far below the largest one is rounding."""

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
        "out of reach": decisions change only where the demonstrations could not have been.
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
        return f"{self.kind}: adding any multiple of {terms} changes nothing seen ({why})."

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
        shape (k, number of directions).
    """

    hidden: tuple[Hidden, ...]
    null: Floats


def identify(demonstrations: Demonstrations, features: Features) -> Identification:
    """Return the directions of the weights that demonstrations from these starts cannot tell."""
    table = features.expected / features.scale
    everywhere, within = _spread(demonstrations, table)
    null = _null(within)
    by_kind: list[tuple[Kind, Floats]] = []
    if null.shape[1]:
        reached = _reachable(demonstrations)[-1]
        shown = np.abs(table[reached]).max(axis=(0, 1), initial=0.0)
        unseen = np.eye(len(shown))[:, shown == 0]
        by_kind.append(("never seen", unseen))
        structural = _null(everywhere)
        rows = table[demonstrations.mdp.available]
        by_kind.append(("redundant", _null(rows.T @ rows)))
        constant = _constant(rows, structural)
        by_kind.append(("constant", constant))
        by_kind.append(("shaping", structural))
        by_kind.append(("out of reach", null))
    hidden: list[Hidden] = []
    found = np.zeros((table.shape[-1], 0))
    for kind, span in by_kind:
        fresh = _beyond(found, span)
        found = np.column_stack([found, fresh])
        readable = fresh if kind in ("never seen", "constant") else _sparse_basis(fresh)
        for column in readable.T:
            weights = column / features.scale
            weights = weights / weights[np.abs(weights).argmax()]
            direction = {
                name: float(value)
                for name, value in zip(features.names, weights, strict=True)
                if abs(value) > 1e-7
            }
            hidden.append(Hidden(kind, direction))
    return Identification(tuple(hidden), null)


def _spread(demonstrations: Demonstrations, table: Floats) -> tuple[Floats, Floats]:
    """Return M over all states and over those within reach, for the policy that tries everything.

    The states within reach at each step are those that some trajectory could have decided in.
    """
    mdp = demonstrations.mdp
    k = table.shape[-1]
    tried = mdp.available / np.maximum(mdp.available.sum(axis=1, keepdims=True), 1)
    reach = _reachable(demonstrations)
    if mdp.horizon is None:
        G, U = successor_features(mdp, tried, table)
        centred = (G - U[:, None, :]) * mdp.available[..., None]
        inside = centred[reach[-1]].reshape(-1, k)
        centred = centred.reshape(-1, k)
        return centred.T @ centred, inside.T @ inside
    everywhere, within = np.zeros((k, k)), np.zeros((k, k))
    U = np.zeros((mdp.n_states, k))
    for t in range(mdp.horizon - 1, -1, -1):
        G = table + mdp.discount * (mdp.transitions @ U).reshape(table.shape)
        U = np.einsum("sa,sak->sk", tried, G)
        centred = (G - U[:, None, :]) * mdp.available[..., None]
        if t < len(reach):
            inside = centred[reach[t]].reshape(-1, k)
            within += inside.T @ inside
        centred = centred.reshape(-1, k)
        everywhere += centred.T @ centred
    return everywhere, within


def _reachable(demonstrations: Demonstrations) -> list[NDArray[np.bool_]]:
    """Return where somebody could have decided at each step, and at the end of the list at any.

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
    return [*steps, union]


def _null(matrix: Floats) -> Floats:
    values, vectors = linalg.eigh(matrix)
    return np.asarray(vectors[:, values <= NOTHING * max(float(values[-1]), 1e-300)])


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
