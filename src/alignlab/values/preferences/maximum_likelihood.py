"""Utilities by maximum likelihood: Newton's method, the covariance, and what is not identified.

The parameters are theta (one score an item, or weights of features: u = Phi theta), the deltas of
ties, and where wanted one reliability tau for each annotator. With J the derivative of eta, P the
probabilities and y what was chosen, the gradient is J^T (w P - y) and the Hessian

    sum over choices of w J^T (diag(P) - P P^T) J,

to which joint reliabilities add the curvature of tau * u. Newton's steps are damped only as far as
they must be to go downhill [more1978levenberg]. Many scores are solved for by preconditioned
conjugate gradients instead of a factorisation. With reliabilities the likelihood is not concave: a
point without a slope is left along a direction of negative curvature, and a second start is what
annotators who contradict each other agree on, the leading singular vector of their gradients.

A ridge of strength r adds r/2 |theta|^2 to the summed negative log-likelihood: a normal prior of
standard deviation 1/sqrt(r). The covariance is the inverse of the Hessian H, or the sandwich
H^-1 B H^-1 with B the sum over clusters of the squared sums of gradients, times G / (G - 1) for G
clusters [cameron2015practitioner, sec. II]. A direction in which no answer pulls either way (every
tie as half a preference either way, say) is not certain: there B is H.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, cg

from alignlab.values.preferences.comparisons import ChoiceLoss, Choices, choice_loss
from alignlab.values.preferences.existence import Connection, connection

__all__ = ["ChoiceModel", "Maximum", "inverse", "maximise", "sandwich"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DENSE = 500
"""With more scores than this the Hessian is not written out."""

DENSE_JOINT = 3_000
"""So with reliabilities, whose Hessian may be indefinite: conjugate gradients would not do."""

MANY_PEOPLE = 20
"""With more annotators than this the derivative by their reliabilities is held sparse."""

KEEPS_REGULAR = 1e-9
"""Damping that is always there: flat directions stay solvable, and Newton's speed is kept."""

NULL = 1e-9
"""A direction whose curvature is below this share of the largest is not identified."""

STILL = 1e-8
"""Where answers vary by less than this share of what the likelihood expects, nothing pulls."""

BENT = 1e-7
"""A direction whose curvature is below minus this share of the largest leads off a saddle."""


@dataclass(frozen=True, eq=False)
class ChoiceModel:
    """A log-likelihood of choices as a function of one vector of parameters.

    Attributes
    ----------
    choices
        What was chosen.
    features
        Phi, shape (n_items, d), or `None` for one score an item.
    annotator
        Who made each comparison, as a number; `None` if all are alike.
    ridge
        What each parameter is pulled to `centre` by; shape (n_parameters,).
    """

    choices: Choices
    features: Floats | None
    annotator: Ints | None = None
    ridge: Floats | float = 0.0

    @property
    def n_weights(self) -> int:
        """How many parameters are scores or weights."""
        return self.choices.members.shape[1] if self.features is None else self.features.shape[1]

    @property
    def n_annotators(self) -> int:
        """How many parameters are reliabilities."""
        return 0 if self.annotator is None else int(self.annotator.max()) + 1

    @cached_property
    def start(self) -> Floats:
        """Where to start, and where the ridge pulls to: all alike, everybody reliable."""
        ties = len(self.choices.tie_sizes)
        return np.concatenate([np.zeros(self.n_weights + ties), np.ones(self.n_annotators)])

    @cached_property
    def connection(self) -> Connection:
        """How the items hang together."""
        return connection(self.choices)

    @cached_property
    def _alternatives(self) -> Any:
        """The features of every alternative: sparse for scores, dense otherwise."""
        members = self.choices.members
        return members if self.features is None else members @ self.features

    @cached_property
    def _who(self) -> Ints | None:
        """Who chose, for every alternative."""
        if self.annotator is None:
            return None
        return self.annotator[self.choices.comparison][self.choices.choice]

    @cached_property
    def _pairs(self) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """The two items of every choice, where all choices are between two single items."""
        plain = self.features is None and self.annotator is None and not self.choices.tie_sizes
        if not plain or not np.all(np.diff(self.choices.starts) == 2):
            return None
        items = self.choices.members.indices
        return items[0::2], items[1::2]

    def eta(self, at: Floats) -> Floats:
        """Return eta for every alternative."""
        d, ties = self.n_weights, len(self.choices.tie_sizes)
        eta = self._alternatives @ at[:d]
        if self._who is not None:
            eta = eta * at[d + ties :][self._who]
        return eta + self.choices.tie_columns @ at[d : d + ties] if ties else eta

    def value(self, at: Floats) -> tuple[float, ChoiceLoss]:
        """Return what is minimised, and the loss without the ridge."""
        loss = choice_loss(self.eta(at), self.choices)
        return loss.value + float(np.sum(self.ridge * (at - self.start) ** 2)) / 2, loss

    def gradient(self, at: Floats, loss: ChoiceLoss) -> Floats:
        """Return the derivative of `value`."""
        jacobian = self.jacobian(at)
        return jacobian.T @ loss.gradient + self.ridge * (at - self.start)

    def hessian(self, at: Floats, loss: ChoiceLoss) -> Floats:
        """Return the second derivative of `value`, dense."""
        ridge = np.diag(np.broadcast_to(np.asarray(self.ridge, float), at.shape))
        if self._pairs is not None:
            return self._laplacian(loss) + ridge
        jacobian = self.jacobian(at)
        weight = self.choices.weight[self.choices.choice] * loss.probabilities
        if _is_sparse(jacobian):
            weighted = sparse.diags_array(weight) @ jacobian
            mean = self._sums @ weighted
            scaled = sparse.diags_array(1 / self.choices.weight) @ mean
            curved = (jacobian.T @ weighted - mean.T @ scaled).toarray()
        else:
            weighted = weight[:, None] * jacobian
            mean = np.add.reduceat(weighted, self.choices.starts[:-1], axis=0)
            curved = jacobian.T @ weighted - (mean / self.choices.weight[:, None]).T @ mean
        return curved + ridge + self._bend(at, loss)

    def product(self, at: Floats, loss: ChoiceLoss) -> Callable[[Floats], Floats]:
        """Return the function that multiplies a vector by the Hessian, which is not made."""
        jacobian = self.jacobian(at)
        weight = self.choices.weight[self.choices.choice] * loss.probabilities

        def times(direction: Floats) -> Floats:
            along = jacobian @ direction
            mean = np.add.reduceat(loss.probabilities * along, self.choices.starts[:-1])
            return (
                jacobian.T @ (weight * (along - mean[self.choices.choice])) + self.ridge * direction
            )

        return times

    def diagonal(self, at: Floats, loss: ChoiceLoss) -> Floats:
        """Return an upper bound of the Hessian's diagonal, to precondition by."""
        jacobian = self.jacobian(at)
        squares = jacobian.power(2) if _is_sparse(jacobian) else jacobian**2
        weight = self.choices.weight[self.choices.choice] * loss.probabilities
        return squares.T @ (weight * (1 - loss.probabilities)) + self.ridge

    def scores(self, at: Floats, loss: ChoiceLoss, cluster: Ints) -> Floats:
        """Return the gradient of each cluster of comparisons; (n_clusters, n_parameters)."""
        jacobian = self.jacobian(at)
        group = cluster[self.choices.comparison][self.choices.choice]
        n = len(group)
        picked = sparse.csr_array(
            (loss.gradient, (group, np.arange(n))), shape=(group.max() + 1, n)
        )
        made = picked @ jacobian
        return made.toarray() if _is_sparse(made) else made

    @cached_property
    def _sums(self) -> sparse.csr_array:
        n = len(self.choices.choice)
        return sparse.csr_array(
            (np.ones(n), np.arange(n), self.choices.starts), shape=(len(self.choices), n)
        )

    def jacobian(self, at: Floats) -> Any:
        """Return the derivative of eta: by weights, by deltas, by reliabilities."""
        d, ties = self.n_weights, len(self.choices.tie_sizes)
        if self._who is None and not ties:
            return self._alternatives
        blocks: list[Any] = [self._alternatives]
        if self.n_annotators > MANY_PEOPLE:
            blocks[0] = sparse.csr_array(blocks[0])
        if self._who is not None:
            tau = at[d + ties :][self._who]
            is_sparse = _is_sparse(blocks[0])
            scale = sparse.diags_array(tau)
            blocks[0] = scale @ blocks[0] if is_sparse else tau[:, None] * blocks[0]
        blocks.append(self.choices.tie_columns)
        if self._who is not None:
            n = len(self._who)
            worth = self._alternatives @ at[:d]
            shape = (n, self.n_annotators)
            by_person = sparse.csr_array((worth, (np.arange(n), self._who)), shape=shape)
            blocks.append(by_person if _is_sparse(blocks[0]) else by_person.toarray())
        if _is_sparse(blocks[0]):
            return sparse.hstack([sparse.csr_array(block) for block in blocks], format="csr")
        return np.hstack(blocks)

    def _bend(self, at: Floats, loss: ChoiceLoss) -> Floats | float:
        """Return what the curvature of tau * u adds to the Hessian."""
        if self._who is None:
            return 0.0
        n, d = len(self._who), self.n_weights
        shape = (self.n_annotators, n)
        picked = sparse.csr_array((loss.gradient, (self._who, np.arange(n))), shape=shape)
        cross = picked @ self._alternatives
        cross = cross.toarray() if _is_sparse(cross) else cross
        bend = np.zeros((len(at), len(at)))
        bend[-len(cross) :, :d] = cross
        return bend + bend.T

    def _laplacian(self, loss: ChoiceLoss) -> Floats:
        """Return the Hessian of scores compared in pairs: a Laplacian with weights p (1 - p)."""
        one, two = self._pairs  # type: ignore[misc]
        n = self.n_weights
        first = loss.probabilities[0::2]
        weight = self.choices.weight * first * loss.probabilities[1::2]
        joined = np.bincount(one * n + two, weight, n * n).reshape(n, n)
        joined += joined.T
        return np.diag(joined.sum(axis=0)) - joined


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest.

    Attributes
    ----------
    parameters
        Weights, deltas and reliabilities.
    loss
        The loss there, without the ridge.
    gradient
        The largest component of the gradient.
    iterations
        Newton steps taken.
    converged
        Whether the gradient is below the tolerance.
    """

    parameters: Floats
    loss: ChoiceLoss
    gradient: float
    iterations: int
    converged: bool


def maximise(model: ChoiceModel, *, tolerance: float = 1e-9, max_iterations: int = 200) -> Maximum:
    """Return the maximum of the (penalised) likelihood by damped Newton steps.

    Parameters
    ----------
    model
        What to fit.
    tolerance
        The largest component of the gradient to stop at, for the sum over all comparisons.
    max_iterations
        Steps after which it gives up; what it has is returned, with `converged` false.
    """
    best = _climb(model, model.start, tolerance, max_iterations)
    if model.annotator is None or not model.n_weights:
        return best
    other = _climb(model, _opposed(model), tolerance, max_iterations)
    lower = model.value(best.parameters)[0] - model.value(other.parameters)[0]
    return other if lower > 1e-9 * (1 + best.loss.value) else best


def _climb(model: ChoiceModel, at: Floats, tolerance: float, max_iterations: int) -> Maximum:
    value, loss = model.value(at)
    damping = 0.0
    for step in range(max_iterations):
        slope = model.gradient(at, loss)
        largest = float(np.abs(slope).max(initial=0.0))
        if largest <= tolerance:
            away = _off_saddle(model, at, loss, value)
            if away is None:
                return Maximum(at, loss, largest, step, True)
            at, damping = away, 0.0
            value, loss = model.value(at)
            continue
        solver = _solver(model, at, loss)
        while True:
            move = solver(slope, damping)
            if move is not None:
                new_value, new_loss = model.value(at - move)
                # Near the optimum a step's gain drowns in rounding, and the full step is right.
                rounding = 1e-13 * (1 + abs(value))
                if value - new_value > 1e-4 * (slope @ move) - rounding:
                    break
            damping = max(10 * damping, 1e-6)
            if damping > 1e12:
                return Maximum(at, loss, float(np.abs(slope).max()), step, False)
        at, value, loss = at - move, new_value, new_loss
        damping = 0.0 if damping < 1e-5 else damping / 10
    largest = float(np.abs(model.gradient(at, loss)).max())
    settled = largest <= tolerance and _off_saddle(model, at, loss, value) is None
    return Maximum(at, loss, largest, max_iterations, settled)


def _opposed(model: ChoiceModel) -> Floats:
    """Return the start at which annotators count as far as they agree, or contradict each other."""
    loss = model.value(model.start)[1]
    pulls = model.scores(model.start, loss, model.annotator)[:, : model.n_weights]  # type: ignore[arg-type]
    tau = np.linalg.svd(pulls, full_matrices=False)[0][:, 0]
    tau = tau * np.sqrt(len(tau)) * (1 if tau.sum() >= 0 else -1)
    return np.concatenate([model.start[: -len(tau)], tau])


def _off_saddle(model: ChoiceModel, at: Floats, loss: ChoiceLoss, value: float) -> Floats | None:
    """Return a lower point along the most negative curvature; `None` where there is none."""
    if model.annotator is None:
        return None
    curvature, directions = linalg.eigh(model.hessian(at, loss))
    if curvature[0] >= -BENT * np.abs(curvature).max():
        return None
    for size in 0.5 ** np.arange(20):
        for way in (size, -size):
            there = at + way * directions[:, 0]
            if model.value(there)[0] < value + curvature[0] * size**2 / 10:
                return np.asarray(there)
    return None


def inverse(matrix: Floats) -> tuple[Floats, Floats]:
    """Return the pseudo-inverse of a Hessian, and the directions in which it is flat.

    Returns
    -------
    (inverse, flat)
        `flat` has one unit vector a column; none where everything is identified.
    """
    diagonal = np.diag(matrix)
    if not diagonal.any():
        return np.zeros_like(matrix), np.eye(len(matrix))
    scale = np.sqrt(np.where(diagonal > 0, diagonal, max(float(diagonal.mean()), 1e-300)))
    curvature, directions = linalg.eigh(matrix / np.outer(scale, scale))
    known = curvature > NULL * max(curvature.max(), np.finfo(float).tiny)
    if known.all():
        scaled = (directions / curvature) @ directions.T
        return scaled / np.outer(scale, scale), np.zeros((len(matrix), 0))
    flat = np.linalg.qr(directions[:, ~known] / scale[:, None])[0]
    across = np.eye(len(matrix)) - flat @ flat.T
    size = np.trace(matrix) / len(matrix)
    # Filled in along the flat directions the matrix is regular; what was filled in is taken out.
    return across @ linalg.inv(across @ matrix @ across + size * (flat @ flat.T)) @ across, flat


def sandwich(inverted: Floats, scores: Floats) -> Floats:
    """Return the covariance that stays right where comparisons of a cluster are not independent.

    Parameters
    ----------
    inverted
        The inverse Hessian.
    scores
        The gradient of each cluster, (n_clusters, n_parameters).
    """
    n = len(scores)
    spread, directions = np.linalg.eigh(inverted)
    root = directions * np.sqrt(np.maximum(spread, 0))
    pulls = scores @ root
    share, along = np.linalg.eigh(pulls.T @ pulls * (n / max(n - 1, 1)))
    root = root @ along
    return (root * np.where(share > STILL, share, 1.0)) @ root.T


def _is_sparse(matrix: Any) -> bool:
    return bool(sparse.issparse(matrix))


def _solver(
    model: ChoiceModel, at: Floats, loss: ChoiceLoss
) -> Callable[[Floats, float], Floats | None]:
    """Return the function that solves (H + damping) x = slope; None if that is not downhill."""
    if model.annotator is None and len(at) > DENSE:
        times, diagonal = model.product(at, loss), model.diagonal(at, loss)
        return lambda slope, damping: _conjugate(times, diagonal, slope, damping)
    hessian = model.hessian(at, loss)
    scale = np.maximum(np.diag(hessian), 1e-12 * max(float(np.diag(hessian).max()), 1e-300))

    def solve(slope: Floats, damping: float) -> Floats | None:
        damped = hessian + np.diag(scale * (damping + KEEPS_REGULAR))
        try:
            return np.asarray(linalg.cho_solve(linalg.cho_factor(damped), slope))
        except linalg.LinAlgError:
            return None

    return solve


def _conjugate(
    times: Callable[[Floats], Floats], diagonal: Floats, slope: Floats, damping: float
) -> Floats:
    n = len(slope)
    scale = np.maximum(diagonal, 1e-12 * diagonal.max())
    damped: Any = LinearOperator(
        (n, n), matvec=lambda x: times(x) + (damping + KEEPS_REGULAR) * scale * x, dtype=float
    )
    jacobi: Any = LinearOperator((n, n), matvec=lambda x: x / scale, dtype=float)
    # Solved the more exactly the nearer the optimum is: Newton's speed without its waste.
    exact = min(0.1, float(np.sqrt(np.abs(slope).max())))
    return cg(damped, slope, rtol=exact * 1e-2, maxiter=20 * n, M=jacobi)[0]
