"""How far a row lies from reference rows: Mahalanobis distance and distance to near neighbours.

For features x, class means m_c and one covariance S shared by all classes [lee2018simple, eq. 2],

    Mahalanobis            min_c (x - m_c)' S^-1 (x - m_c)
    relative Mahalanobis   the same, less (x - m)' S_0^-1 (x - m)    [ren2021simple, eq. 2]
    nearest neighbours     distance to the k-th nearest reference row    [sun2022out, sec. 3]

where m and S_0 are the mean and covariance of all rows without classes. **Larger is more unusual.**
The features are first scaled to spread 1 within classes, so that units change nothing, and S is
shrunk towards the identity by as much as Ledoit and Wolf estimate to be best [ledoit2004well]: with
more features than rows the plain covariance has no inverse. All of it in 64-bit floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError

__all__ = ["Mahalanobis", "NearestNeighbours"]

Floats = NDArray[np.float64]

CELLS = 2**22
"""Numbers in one block of distances."""


@dataclass(frozen=True, eq=False)
class Mahalanobis:
    """The distance to class means under one shrunk covariance.

    Attributes
    ----------
    scale
        What each feature is divided by, shape (d,).
    means
        Of the scaled features, by class, shape (n_classes, d).
    factor
        L with L L' = S, lower triangular, shape (d, d).
    shrinkage
        How much of S is the identity, from 0 to 1.
    background
        Mean and factor of all rows without classes where the distance is relative, else `None`.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(500, 2)) @ [[1.0, 0.9], [0.0, 0.3]]
    >>> fitted = Mahalanobis.fitted(rows)
    >>> far, along = fitted.score([[1.0, -1.0], [1.0, 1.0]])
    >>> bool(far > 10 * along)
    True
    """

    scale: Floats
    means: Floats
    factor: Floats
    shrinkage: float
    background: tuple[Floats, Floats] | None = None

    @classmethod
    def fitted(cls, features: Any, labels: Any = None, *, relative: bool = False) -> Mahalanobis:
        """Return the distance to the means of reference rows.

        Parameters
        ----------
        features
            Shape (n, d).
        labels
            Each row's class, shape (n,); `None` for one mean.
        relative
            Whether to subtract the distance from all rows: it leaves what sets a row apart from
            the classes and not only from the mean, which helps near outliers. Needs labels.

        Raises
        ------
        InputError
            If there are fewer than two rows more than classes, a number is not finite, or
            `relative` is asked without two classes.
        """
        x = _rows(features)
        codes = np.zeros(len(x), dtype=np.intp)
        if labels is not None:
            if np.shape(labels) != (len(x),):
                raise InputError(
                    f"labels has the shape {np.shape(labels)}, and there are {len(x)} rows. Give "
                    "one a row."
                )
            _, codes = np.unique(np.asarray(labels), return_inverse=True)
        classes = int(codes.max()) + 1 if len(x) else 0
        if len(x) < classes + 2:
            raise InputError(
                f"There are {len(x)} reference rows of {classes} classes: a spread needs two rows "
                "more than classes."
            )
        if relative and classes < 2:
            raise InputError(
                "The relative Mahalanobis distance needs classes: give the reference's labels, or "
                "ask for score='mahalanobis'."
            )
        centre = x.mean(axis=0)
        x = x - centre
        count = np.bincount(codes)
        means = np.zeros((classes, x.shape[1]))
        np.add.at(means, codes, x)
        means /= count[:, None]
        inside = x - means[codes]
        spread = np.sqrt(np.mean(inside**2, axis=0))
        # What does not vary among the reference keeps its unit.
        scale = np.where(spread > 0, spread, 1.0)
        factor, shrinkage = _shrunk(inside / scale)
        background = (centre / scale, _shrunk(x / scale)[0]) if relative else None
        return cls(scale, (means + centre) / scale, factor, shrinkage, background)

    def score(self, features: Any) -> Floats:
        """Return each row's squared distance, shape (n,); larger is more unusual.

        A row with a number that is not finite is infinitely far.
        """
        x = _rows(features, width=len(self.scale), finite=False)
        known = np.isfinite(x).all(axis=1)
        far = np.full(len(x), np.inf)
        scaled = x[known] / self.scale
        nearest = np.min([_squared(scaled - mean, self.factor) for mean in self.means], axis=0)
        if self.background is not None:
            mean, factor = self.background
            nearest = nearest - _squared(scaled - mean, factor)
        far[known] = nearest
        return far


@dataclass(frozen=True, eq=False)
class NearestNeighbours:
    """The distance to the k-th nearest reference row.

    Attributes
    ----------
    rows
        The reference rows, scaled, shape (n, d).
    neighbours
        k.
    by_length
        Whether rows are scaled to length 1 each, as the representations inside a network are; else
        each feature is scaled to spread 1, as a table's columns are.
    centre, scale
        Each feature's mean and spread, shape (d,).

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(200, 3))
    >>> fitted = NearestNeighbours.fitted(rows, neighbours=5)
    >>> near, far = fitted.score([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]])
    >>> bool(far > near)
    True
    """

    rows: Floats
    neighbours: int
    by_length: bool
    centre: Floats
    scale: Floats

    @classmethod
    def fitted(
        cls, features: Any, *, neighbours: int = 10, by_length: bool = False
    ) -> NearestNeighbours:
        """Return the distance to reference rows.

        Parameters
        ----------
        features
            Shape (n, d).
        neighbours
            Which neighbour counts: a larger number bears with outliers among the reference.
        by_length
            Scale each row to length 1 rather than each feature to spread 1. Right for what a
            network computes, whose length says how sure it is; wrong for a table, where a row that
            is extreme everywhere would look like one that is slightly so.

        Raises
        ------
        InputError
            If there are not so many rows, or a number is not finite.
        """
        x = _rows(features)
        whole = isinstance(neighbours, int | np.integer) and not isinstance(neighbours, bool)
        if not whole or not 1 <= neighbours <= len(x):
            raise InputError(
                f"neighbours={neighbours!r} is not a whole number from 1 to {len(x)}, the number "
                "of reference rows."
            )
        spread = x.std(axis=0)
        if by_length:
            centre, scale = np.zeros(x.shape[1]), np.ones(x.shape[1])
        else:
            centre, scale = x.mean(axis=0), np.where(spread > 0, spread, 1.0)
        made = cls(x, int(neighbours), by_length, centre, scale)
        return cls(made._scaled(x), int(neighbours), by_length, centre, scale)

    def score(self, features: Any) -> Floats:
        """Return each row's distance, shape (n,); larger is more unusual."""
        x = _rows(features, width=len(self.scale), finite=False)
        known = np.isfinite(x).all(axis=1)
        far = np.full(len(x), np.inf)
        far[known] = self._distances(self._scaled(x[known]))
        return far

    def _scaled(self, x: Floats) -> Floats:
        if not self.by_length:
            return (x - self.centre) / self.scale
        length = np.linalg.norm(x, axis=1, keepdims=True)
        return np.asarray(x / np.where(length > 0, length, 1.0))

    def _distances(self, x: Floats) -> Floats:
        squares = np.einsum("ij,ij->i", self.rows, self.rows)
        at = self.neighbours - 1
        step = max(1, CELLS // max(len(self.rows), 1))
        parts = []
        for start in range(0, len(x), step):
            block = x[start : start + step]
            rough = squares - 2 * block @ self.rows.T
            # By this formula near rows lose digits, so that only who is near is taken from it.
            who = np.argpartition(rough, at, axis=1)[:, : self.neighbours]
            exact = np.linalg.norm(self.rows[who] - block[:, None, :], axis=2)
            parts.append(exact.max(axis=1))
        return np.concatenate(parts) if parts else np.zeros(0)


def _shrunk(centred: Floats) -> tuple[Floats, float]:
    """Return the factor of the shrunk covariance of centred rows, and how much it is shrunk."""
    from sklearn.covariance import ledoit_wolf

    # Without a column that varies there is nothing to shrink towards but the unit itself.
    if not centred.any():
        return np.eye(centred.shape[1]), 1.0
    covariance, shrinkage = ledoit_wolf(centred, assume_centered=True)
    # With few features the best shrinkage can be 0 to all digits, and columns can be copies.
    floor = 1e-8 * np.trace(covariance) / len(covariance)
    return np.linalg.cholesky(covariance + floor * np.eye(len(covariance))), float(shrinkage)


def _squared(away: Floats, factor: Floats) -> Floats:
    from scipy.linalg import solve_triangular

    white = solve_triangular(factor, away.T, lower=True, check_finite=False)
    return np.asarray(np.einsum("ij,ij->j", white, white))


def _rows(given: Any, *, width: int | None = None, finite: bool = True) -> Floats:
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    x = np.asarray(given, dtype=np.float64)
    if x.ndim != 2 or (width is not None and x.shape[1] != width):
        meant = "(n, d)" if width is None else f"(n, {width})"
        raise InputError(f"The features have the shape {x.shape}. Give {meant}.")
    if finite and not np.isfinite(x).all():
        row = int((~np.isfinite(x).all(axis=1)).argmax())
        raise InputError(f"Row {row} of the reference holds a number that is not finite.")
    return x
