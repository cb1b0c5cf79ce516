"""A curvature by its eigenvectors."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.curvature import CurvatureSum, output_curvature


def summed(structure, n=30, outputs=3, inputs=4, seed=0):
    generator = np.random.default_rng(seed)
    phi = generator.normal(size=(n, inputs))
    bend = output_curvature(generator.dirichlet(np.ones(outputs), n), single=False)
    total = CurvatureSum(structure, outputs, inputs)
    total.add(phi[:11], bend[:11])
    total.add(phi[11:], bend[11:])
    return phi, bend, total.curvature()


def dense(structure, phi, bend):
    whole = np.einsum("nkl,nd,ne->kdle", bend, phi, phi)
    size = whole.shape[0] * whole.shape[1]
    if structure == "full":
        return whole.reshape(size, size)
    if structure == "diagonal":
        return np.diag(np.diag(whole.reshape(size, size)))
    return np.kron(bend.mean(axis=0), phi.T @ phi)


@pytest.mark.parametrize("structure", ["full", "kronecker", "diagonal"])
def test_every_form_is_its_dense_matrix(structure):
    phi, bend, found = summed(structure)
    matrix = dense(structure, phi, bend)
    inverse = np.linalg.inv(matrix + 0.7 * np.eye(12))
    new = np.random.default_rng(1).normal(size=(5, 4))
    jacobian = np.einsum("kl,nd->nkld", np.eye(3), new).reshape(5, 3, 12)
    expected = jacobian @ inverse @ jacobian.transpose(0, 2, 1)
    np.testing.assert_allclose(found.output_covariance(new, 0.7), expected, atol=1e-12)
    np.testing.assert_allclose(
        np.sort(found.eigenvalues.ravel()), np.linalg.eigvalsh(matrix), atol=1e-11
    )
    # The draws of the unit vectors are a square root of the covariance.
    root = found.draws(np.eye(12).reshape(12, 3, 4), 0.7).reshape(12, 12)
    np.testing.assert_allclose(root.T @ root, inverse, atol=1e-12)
    slope = np.random.default_rng(2).normal(size=(3, 4))
    turned = found.rotated(slope)
    length = np.sum(turned**2 / (found.eigenvalues + 0.7))
    assert length == pytest.approx(slope.ravel() @ inverse @ slope.ravel())
    np.testing.assert_allclose(found.scaled(2.0).eigenvalues, 2 * found.eigenvalues)


def test_covariances_in_blocks_are_the_same(monkeypatch):
    phi, _, found = summed("full")
    whole = found.output_covariance(phi, 1.0)
    monkeypatch.setattr("alignlab.uncertainty.posterior.curvature.AT_ONCE", 50)
    np.testing.assert_allclose(found.output_covariance(phi, 1.0), whole, rtol=1e-12)


def test_equal_curvature_in_all_rows_makes_kronecker_exact():
    phi = np.random.default_rng(0).normal(size=(30, 4))
    bend = np.tile(output_curvature(np.array([[0.2, 0.3, 0.5]]), single=False), (30, 1, 1))
    np.testing.assert_allclose(dense("kronecker", phi, bend), dense("full", phi, bend), atol=1e-12)


def test_too_many_weights_for_a_full_matrix():
    with pytest.raises(InputError, match="5,120 weights by 5,120; at most 4,000"):
        CurvatureSum("full", 10, 512)
