"""The curvature of a likelihood in a last linear layer's weights, diagonalised once.

With logits z = W phi the Hessian of minus the log-likelihood in W (K outputs, D inputs) is

    H = sum_i L_i (x) phi_i phi_i'

    L = diag(p) - p p' for a softmax,  p (1 - p) for one logit,  1 for regression with noise 1

which is also its generalised Gauss–Newton matrix, since z is linear in W
[daxberger2021laplace, sec. 2]. "full" keeps all of it; "kronecker" replaces it by
mean_i(L_i) (x) sum_i phi_i phi_i' [ritter2018scalable, sec. 3], which is exact where all L_i are
equal; "diagonal" keeps its diagonal. Each is stored as eigenvectors and eigenvalues, so that any
prior precision d is one addition: the covariance is (H + d I)^-1, never a product of two factors
that were damped one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from alignlab.errors import InputError

__all__ = ["Curvature", "CurvatureSum", "Structure", "output_curvature"]

Floats = NDArray[np.float64]
Structure = Literal["full", "kronecker", "diagonal"]

MOST_PARAMETERS = 4_000
"""Of a full matrix: it is diagonalised, which takes about a minute on one core at this size."""

AT_ONCE = 2**22
"""Numbers that are held at a time."""


@dataclass(frozen=True, eq=False)
class Curvature:
    """A symmetric matrix over weights (K, D), by its eigenvectors.

    Attributes
    ----------
    eigenvalues
        Shape (K, D); none below 0.
    left, right
        Kronecker form: orthogonal (K, K) and (D, D), of which the eigenvectors are products;
        `None` for the identity.
    vectors
        Full form: orthogonal, shape (K * D, K * D), a column an eigenvector.
    """

    eigenvalues: Floats
    left: Floats | None = None
    right: Floats | None = None
    vectors: Floats | None = None

    def scaled(self, factor: float) -> Curvature:
        """Return the matrix times a number."""
        return Curvature(self.eigenvalues * factor, self.left, self.right, self.vectors)

    def rotated(self, weights: Floats) -> Floats:
        """Return coordinates (…, K, D) of weights (…, K, D) along the eigenvectors."""
        if self.vectors is not None:
            flat = weights.reshape(*weights.shape[:-2], -1) @ self.vectors
            return flat.reshape(weights.shape)
        if self.left is not None:
            weights = self.left.T @ weights
        return weights if self.right is None else weights @ self.right

    def draws(self, normal: Floats, precision: float) -> Floats:
        """Return draws (T, K, D) with covariance (H + precision I)^-1 from standard normals."""
        scaled = normal / np.sqrt(self.eigenvalues + precision)
        if self.vectors is not None:
            flat = scaled.reshape(len(scaled), -1) @ self.vectors.T
            return flat.reshape(scaled.shape)
        if self.left is not None:
            scaled = self.left @ scaled
        return scaled if self.right is None else scaled @ self.right.T

    def output_covariance(self, inputs: Floats, precision: float) -> Floats:
        """Return the covariance (n, K, K) of the outputs for inputs (n, D)."""
        outputs = len(self.eigenvalues)
        variances = 1 / (self.eigenvalues + precision)
        if self.vectors is None:
            turned = inputs if self.right is None else inputs @ self.right
            along = turned**2 @ variances.T
            left = np.eye(outputs) if self.left is None else self.left
            return np.einsum("ka,na,la->nkl", left, along, left, optimize=True)
        by_output = self.vectors.reshape(outputs, -1, variances.size)
        step = max(1, AT_ONCE // (outputs * variances.size))
        found = []
        for start in range(0, len(inputs), step):
            turned = np.tensordot(inputs[start : start + step], by_output, axes=(1, 1))
            found.append((turned * variances.ravel()) @ turned.transpose(0, 2, 1))
        return np.concatenate(found)


@dataclass(eq=False)
class CurvatureSum:
    """A curvature that is added up batch by batch, so that no row needs to be kept.

    Attributes
    ----------
    structure
        "full", "kronecker" or "diagonal".
    outputs, inputs
        K and D.
    rows
        How many rows were added.
    """

    structure: Structure
    outputs: int
    inputs: int
    rows: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        size = self.outputs * self.inputs
        if self.structure == "full" and size > MOST_PARAMETERS:
            raise InputError(
                f"structure='full' would diagonalise a matrix of {size:,} weights by {size:,}; at "
                f"most {MOST_PARAMETERS:,} are taken. Use structure='kronecker'."
            )
        shape = {
            "full": (self.outputs, self.inputs, self.outputs, self.inputs),
            "kronecker": (self.inputs, self.inputs),
            "diagonal": (self.outputs, self.inputs),
        }[self.structure]
        self._sum = np.zeros(shape)
        self._outer = np.zeros((self.outputs, self.outputs))

    def add(self, inputs: Floats, curvature: Floats) -> None:
        """Add rows: inputs (n, D) and the curvature in the outputs (n, K, K)."""
        self.rows += len(inputs)
        if self.structure == "kronecker":
            self._sum += inputs.T @ inputs
            self._outer += curvature.sum(axis=0)
        elif self.structure == "diagonal":
            self._sum += np.einsum("nkk->kn", curvature) @ inputs**2
        else:
            for k in range(self.outputs):
                for other in range(k + 1):
                    block = inputs.T @ (curvature[:, k, other, None] * inputs)
                    self._sum[k, :, other] += block
                    if other != k:
                        self._sum[other, :, k] += block

    def curvature(self) -> Curvature:
        """Return the sum, diagonalised."""
        shape = (self.outputs, self.inputs)
        if self.structure == "diagonal":
            return Curvature(self._sum)
        if self.structure == "kronecker":
            left_values, left = linalg.eigh(self._outer / self.rows)
            right_values, right = linalg.eigh(self._sum)
            # Rounding leaves eigenvalues that are 0 in truth a little below it.
            values = np.outer(np.maximum(left_values, 0), np.maximum(right_values, 0))
            return Curvature(values, left=left, right=right)
        size = self.outputs * self.inputs
        values, vectors = linalg.eigh(self._sum.reshape(size, size))
        return Curvature(np.maximum(values, 0).reshape(shape), vectors=vectors)


def output_curvature(probabilities: Floats, *, single: bool) -> Floats:
    """Return minus the second derivatives of log p(y) in the logits, shape (n, K, K).

    Parameters
    ----------
    probabilities
        Shape (n, n_classes).
    single
        Whether the two classes share a single logit, so that K = 1.

    Examples
    --------
    >>> output_curvature(np.array([[0.5, 0.5]]), single=False)
    array([[[ 0.25, -0.25],
            [-0.25,  0.25]]])
    """
    if single:
        return (probabilities[:, 0] * probabilities[:, 1])[:, None, None]
    outer = -probabilities[:, :, None] * probabilities[:, None, :]
    at = np.arange(probabilities.shape[1])
    outer[:, at, at] += probabilities
    return outer
