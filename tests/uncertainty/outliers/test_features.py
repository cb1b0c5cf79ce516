import numpy as np
import pytest
from scipy.spatial.distance import cdist, mahalanobis
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from alignlab.errors import InputError
from alignlab.uncertainty.outliers.features import Mahalanobis, NearestNeighbours


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(400, 3)) @ np.array(
        [[2.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 5.0]]
    )


def test_four_points_by_hand():
    """Spread 1 in both columns, no correlation: shrinkage changes nothing."""
    square = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    fitted = Mahalanobis.fitted(square)
    assert fitted.score([[3.0, 4.0], [0.0, 0.0]]) == pytest.approx([25, 0], abs=1e-6)
    near = NearestNeighbours.fitted(square, neighbours=2)
    assert near.score([[1.0, 1.0]]) == pytest.approx([2.0])


def test_it_is_the_distance_under_the_shrunk_covariance(rows):
    fitted = Mahalanobis.fitted(rows)
    scaled = (rows - rows.mean(0)) / rows.std(0)
    inverse = np.linalg.inv(LedoitWolf(assume_centered=True).fit(scaled).covariance_)
    expected = [mahalanobis(row, np.zeros(3), inverse) ** 2 for row in scaled[:20]]
    assert fitted.score(rows[:20]) == pytest.approx(expected, rel=1e-6)


def test_classes_share_one_covariance_and_the_nearest_mean_counts(rows):
    labels = np.arange(400) % 2
    rows = rows + 30 * labels[:, None]
    fitted = Mahalanobis.fitted(rows, labels)
    middle = rows.mean(axis=0, keepdims=True)
    assert fitted.score(middle)[0] > 10 * np.median(fitted.score(rows))
    assert Mahalanobis.fitted(rows).score(middle)[0] < 1e-6


def test_the_relative_distance_takes_off_the_distance_from_all_rows(rows):
    labels = np.arange(400) % 2
    rows = rows + 5 * labels[:, None]
    relative = Mahalanobis.fitted(rows, labels, relative=True).score(rows)
    both = Mahalanobis.fitted(rows, labels).score(rows)
    scale = Mahalanobis.fitted(rows, labels).scale
    alone = Mahalanobis.fitted(rows / scale)
    # The background is fitted in the units of the spread within classes.
    inverse = np.linalg.inv(
        LedoitWolf(assume_centered=True).fit((rows - rows.mean(0)) / scale).covariance_
    )
    away = (rows - rows.mean(0)) / scale
    expected = both - np.einsum("ij,jk,ik->i", away, inverse, away)
    assert relative == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert alone.background is None


def test_units_change_nothing(rows):
    units = np.array([1e-6, 1.0, 1e6])
    for fit in (Mahalanobis.fitted, NearestNeighbours.fitted):
        assert fit(rows * units).score(rows * units) == pytest.approx(
            fit(rows).score(rows), rel=1e-6
        )


def test_numbers_far_from_zero_keep_their_digits(rows):
    """Seconds since 1970: in 32 bits nothing of the spread would be left."""
    moved = rows + 1.6e9
    assert Mahalanobis.fitted(moved).score(moved) == pytest.approx(
        Mahalanobis.fitted(rows).score(rows), rel=1e-4
    )


def test_more_features_than_rows(rows):
    wide = np.random.default_rng(1).normal(size=(30, 100))
    fitted = Mahalanobis.fitted(wide)
    assert 0 < fitted.shrinkage <= 1
    assert np.isfinite(fitted.score(wide)).all()
    assert fitted.score(wide + 10).min() > fitted.score(wide).max()


def test_what_never_varied_and_now_does_is_unusual():
    rows = np.column_stack([np.random.default_rng(0).normal(size=300), np.full(300, 7.0)])
    fitted = Mahalanobis.fitted(rows)
    assert fitted.score([[0.0, 8.0]])[0] > fitted.score(rows).max()
    assert np.isfinite(Mahalanobis.fitted(np.ones((10, 2))).score([[1.0, 2.0]])).all()


def test_a_number_that_is_not_finite_is_infinitely_far(rows):
    for fit in (Mahalanobis.fitted, NearestNeighbours.fitted):
        assert fit(rows).score([[np.nan, 0, 0], [np.inf, 0, 0], [0, 0, 0]])[:2].tolist() == [
            np.inf,
            np.inf,
        ]


@pytest.mark.parametrize("by_length", [False, True])
def test_neighbours_are_those_of_scikit_learn(rows, by_length):
    new = np.random.default_rng(2).normal(size=(50, 3))
    if by_length:
        known, asked = (each / np.linalg.norm(each, axis=1)[:, None] for each in (rows, new))
    else:
        known, asked = ((each - rows.mean(0)) / rows.std(0) for each in (rows, new))
    expected = NearestNeighbors(n_neighbors=7).fit(known).kneighbors(asked)[0][:, -1]
    made = NearestNeighbours.fitted(rows, neighbours=7, by_length=by_length).score(new)
    assert made == pytest.approx(expected, rel=1e-12)
    assert made == pytest.approx(np.sort(cdist(asked, known))[:, 6], rel=1e-12)


def test_length_changes_nothing_where_rows_are_scaled_to_length_one(rows):
    near = NearestNeighbours.fitted(rows, by_length=True)
    assert near.score(rows * 9) == pytest.approx(near.score(rows), abs=1e-12)
    # and is what tells an extreme row of a table from a slight one
    table = NearestNeighbours.fitted(rows)
    assert table.score(rows[:1] * 9)[0] > 3 * table.score(rows[:1])[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: Mahalanobis.fitted(x[:2]), "2 reference rows of 1 classes"),
        (lambda x: Mahalanobis.fitted(x, [1, 2]), r"labels has the shape \(2,\)"),
        (lambda x: Mahalanobis.fitted(x, relative=True), "needs classes"),
        (lambda x: Mahalanobis.fitted(np.where(x > 9, np.nan, x)), "not finite"),
        (lambda x: Mahalanobis.fitted(x[0]), r"shape \(3,\)"),
        (lambda x: Mahalanobis.fitted(x).score(x[:, :2]), r"Give \(n, 3\)"),
        (lambda x: NearestNeighbours.fitted(x, neighbours=401), "from 1 to 400"),
        (lambda x: NearestNeighbours.fitted(x, neighbours=0.5), "neighbours=0.5"),
    ],
)
def test_what_cannot_be_used_is_said(rows, call, message):
    with pytest.raises(InputError, match=message):
        call(rows)
