"""Radii are too large as seldom as their level says, and abstaining is being wrong."""

import numpy as np
import pytest
import torch
from scipy import special, stats
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from alignlab.errors import InputError
from alignlab.predictors import Predictor, as_predictor
from alignlab.robustness.certificates.smoothing import certified_radius, smooth

LINE = Predictor(lambda X: (X[:, 0] > 0) * 1.0, "classification", classes=("left", "right"))


def rows_at(distances):
    distances = np.asarray(distances, float)
    return distances[:, None], np.where(distances > 0, "right", "left")


def test_the_radius_is_the_one_sided_limit_by_hand():
    # All of n: the limit is alpha^(1/n), which no number of agreements passes.
    assert certified_radius(100, 100, sigma=2.0, level=0.95) == pytest.approx(
        2 * special.ndtri(0.05 ** (1 / 100))
    )
    one_sided = stats.binomtest(90, 100, alternative="greater").proportion_ci(0.99, "exact").low
    assert certified_radius(90, 100, sigma=0.5, level=0.99) == pytest.approx(
        0.5 * special.ndtri(one_sided)
    )
    assert certified_radius([0, 50, 55], 100, sigma=1.0).tolist() == [0, 0, 0]


@pytest.mark.parametrize("p", [0.55, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("level", [0.9, 0.99])
def test_the_limit_covers_at_its_level_exactly_and_not_much_more(p, level):
    """Summed over all counts, so that chance has no part in it."""
    counts = np.arange(201)
    radii = certified_radius(counts, 200, sigma=1.0, level=level)
    chance = stats.binom.pmf(counts, 200, p)
    too_large = chance[radii > special.ndtri(p)].sum()
    assert too_large <= 1 - level
    # All 200 of 200 do not reach a probability of 0.99, so there the limit is never too large.
    assert too_large > (1 - level) / 5 or p == 0.99


def test_in_simulation_radii_are_too_large_as_seldom_as_stated():
    """Beside a line the smoothed model's true radius is the distance to it."""
    distance = np.repeat([0.1, 0.4, 0.8], 500)
    X, y = rows_at(distance)
    found = smooth(LINE, X, y, sigma=0.5, selection=20, estimation=100, level=0.9, seed=3)
    wrong = found.radii > distance
    assert wrong.mean() < 0.1 + 3 * np.sqrt(0.09 / len(X))
    for each in (0.1, 0.4, 0.8):
        assert 0.005 < wrong[distance == each].mean() < 0.1 + 3 * np.sqrt(0.09 / 500)


def test_one_sample_for_both_choosing_and_bounding_would_be_too_sure():
    """Among equal classes, the one that came first in the very draws it is judged by looks best."""
    drawn = np.random.default_rng(0).multinomial(30, [0.25] * 4, size=4000)
    same = certified_radius(drawn.max(1), 30, sigma=1.0, level=0.9) > 0
    apart = certified_radius(drawn[:, 0], 30, sigma=1.0, level=0.9) > 0
    half = np.random.default_rng(1).multinomial(30, [0.5, 0.5], size=4000)
    assert (certified_radius(half.max(1), 30, sigma=1.0, level=0.9) > 0).mean() > 0.1
    assert (certified_radius(half[:, 0], 30, sigma=1.0, level=0.9) > 0).mean() < 0.1
    assert apart.sum() <= same.sum()


def test_the_class_is_chosen_by_other_draws_than_bound_it():
    """On the line both classes are alike; chosen by the same draws, twice as many are certified."""
    X, y = rows_at(np.zeros(2000))
    found = smooth(LINE, X, y, sigma=0.5, selection=100, estimation=100, level=0.9)
    assert 0.05 < (found.radii > 0).mean() < 0.12


def test_abstaining_counts_as_wrong():
    X, y = rows_at([0.0, 2.0, -2.0])
    found = smooth(LINE, X, y, sigma=0.5, selection=20, estimation=100)
    assert found.decisions.tolist() == [-1, 1, 0]
    assert found.abstained.tolist() == [True, False, False]
    assert found.certified(0).tolist() == [False, True, True]
    assert found.certified_accuracy().value == pytest.approx(2 / 3)
    assert found.certified_accuracy(9.0).value == 0
    wrong = smooth(LINE, X, ["left", "left", "right"], sigma=0.5, selection=20, estimation=100)
    assert not wrong.certified(0).any()


def test_nothing_depends_on_the_batch_or_on_the_company_of_a_row():
    X, y = load_iris(return_X_y=True)
    model = as_predictor(LogisticRegression(max_iter=500).fit(X, y))
    settings = {"sigma": 1.0, "selection": 10, "estimation": 70}
    whole = smooth(model, X[:9], y[:9], **settings)
    for batch_rows in (1, 33, 4000):
        part = smooth(model, X[:9], y[:9], batch_rows=batch_rows, **settings)
        assert (part.counts == whole.counts).all()
    few = smooth(model, X[:4], y[:4], **settings)
    assert (few.counts == whole.counts[:4]).all()
    assert (smooth(model, X[:9], y[:9], seed=1, **settings).counts != whole.counts).any()
    assert whole.rows_evaluated == 9 * 80


def test_a_module_is_smoothed_and_left_as_it_was():
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(4, 2))
    x = torch.rand(3, 1, 2, 2)
    before = torch.random.get_rng_state()
    found = smooth(module, x, [0, 0, 1], classes=[0, 1], sigma=0.1, selection=8, estimation=40)
    assert module.training
    assert torch.equal(torch.random.get_rng_state(), before)
    assert found.to_dict()["rows_evaluated"] == 3 * 48
    assert len(found.chart().table.rows) == 61


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sigma": 0}, "sigma=0 is not a number above 0"),
        ({"estimation": 0}, "estimation=0"),
        ({"level": 1.0}, "level=1.0 is not between 0 and 1"),
        ({"X": np.zeros((3, 1), int)}, "takes floats"),
        ({"y": ["left"]}, "3 rows in X and 1 classes"),
        ({"y": ["left", "left", "up"]}, "'up'"),
    ],
)
def test_what_cannot_be_smoothed_is_said(change, said):
    given = {"X": np.zeros((3, 1)), "y": ["left"] * 3, "sigma": 0.5, **change}
    with pytest.raises(InputError, match=said):
        smooth(LINE, given.pop("X"), given.pop("y"), **given)


def test_a_number_is_not_certified():
    with pytest.raises(InputError, match="predicts a number"):
        smooth(Predictor(len, "regression"), np.zeros((2, 1)), [0, 1], sigma=1.0)
