"""On linear models attack and certificate meet: every row is broken or holds, and rightly so."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize_scalar
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from alignlab.predictors import as_predictor
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.certificates.linear import certify_linear, farthest
from alignlab.robustness.threats import L1, L2, Linf

X, DIGIT = load_digits(return_X_y=True)
X = X[:, X.std(0) > 1] / 16


def test_the_worst_point_by_hand():
    gains, room = np.array([2.0, 1.0, 0.0]), np.array([0.3, 5.0, 5.0])
    assert farthest(gains, room, 0.5, np.inf).tolist() == [0.3, 0.5, 0]
    assert farthest(gains, room, 0.5, 1).tolist() == pytest.approx([0.3, 0.2, 0])
    assert farthest(gains, room, 0.5, 2) == pytest.approx([0.3, 0.4, 0])  # a 3-4-5 triangle
    assert farthest(gains, room, 9.0, 2).tolist() == pytest.approx([0.3, 5, 0])
    assert farthest(gains, np.full(3, np.inf), 1.0, 2) == pytest.approx([0.8**0.5, 0.2**0.5, 0])
    assert farthest(np.zeros(3), room, 1.0, 2).tolist() == [0, 0, 0]


problems = st.integers(1, 6).flatmap(
    lambda d: st.tuples(
        st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 10)), min_size=d, max_size=d),
        st.lists(
            st.one_of(st.just(0.0), st.just(np.inf), st.floats(1e-3, 3)), min_size=d, max_size=d
        ),
        st.floats(1e-3, 4),
    )
)


@settings(max_examples=60, deadline=None)
@given(problems)
def test_no_move_gains_more_than_the_farthest(problem):
    gains, room, radius = (np.array(each) for each in problem)
    best_l1 = linprog(
        -gains, A_ub=np.ones((1, len(gains))), b_ub=[radius], bounds=[(0, c) for c in room]
    )
    assert gains @ farthest(gains, room, radius, 1) == pytest.approx(-best_l1.fun, abs=1e-9)
    moves = farthest(gains, room, radius, 2)
    assert (moves <= room).all()
    assert np.linalg.norm(moves) <= radius * (1 + 1e-12)
    caps = np.where(gains > 0, np.minimum(room, radius), 0)

    def bound(log_level):  # any level bounds the gain (weak duality), and the best one attains it
        level = np.exp(log_level)
        free = np.minimum(caps, gains / level)
        return gains @ free - level / 2 * (free @ free) + level / 2 * radius**2

    best_l2 = minimize_scalar(bound, bounds=(-25, 12), method="bounded", options={"xatol": 1e-9})
    assert gains @ moves == pytest.approx(best_l2.fun, rel=1e-7, abs=1e-9)


def brute_force_margins(module, x, y, radius):
    """Return the worst margin over all corners of the L∞ ball within [0, 1]."""
    low, high = Linf(radius).limits(x)
    corners = [
        torch.where(torch.tensor(pick), high, low)
        for pick in itertools.product([False, True], repeat=x.shape[1])
    ]
    scores = torch.stack([module(corner).detach() for corner in corners])
    own = scores.gather(2, y.expand(len(corners), -1)[..., None])
    return (scores - own).scatter(2, y.expand(len(corners), -1)[..., None], -torch.inf).amax((0, 2))


@pytest.mark.parametrize("classes", [2, 4])
def test_all_corners_say_the_same(linear, classes):
    module, x, y = linear(classes=classes, rows=200, features=6)
    found = certify_linear(as_predictor(module, classes=range(classes)), x, y, Linf(0.1))
    expected = brute_force_margins(module, x, y, 0.1) > 0
    assert 20 < expected.sum() < 180
    assert torch.equal(found.broken, expected)
    assert torch.equal(found.holds, ~expected)


MODELS = [
    LogisticRegression(max_iter=300),
    make_pipeline(StandardScaler(), LinearSVC(random_state=0)),
    make_pipeline(MinMaxScaler(), SGDClassifier(random_state=0)),
    RidgeClassifier(),
]


@pytest.mark.parametrize("two", [False, True], ids=["ten classes", "two classes"])
@pytest.mark.parametrize("threat", [Linf(0.02), L2(0.15), L1(0.4)], ids=str)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_every_row_of_an_estimator_is_settled_and_its_witness_convinces(model, threat, two):
    y = (DIGIT > 4).astype(int) if two else DIGIT
    model.fit(X[:800], y[:800])
    x, true = torch.from_numpy(X[800:1200]), torch.from_numpy(y[800:1200])
    found = certify_linear(as_predictor(model), x, true, threat)
    assert not found.undecided.any()
    assert not (found.holds & found.broken).any()
    clean = torch.from_numpy(model.predict(X[800:1200]) == y[800:1200])
    assert (found.broken & clean).sum() >= 10
    assert found.holds.sum() > 10
    assert not (found.holds & ~clean).any()
    told = model.predict(found.witnesses.numpy())
    assert (told[found.broken] != true.numpy()[found.broken]).all()
    assert threat.allows(found.witnesses, x).all()
    assert torch.equal(found.witnesses[~found.broken], x[~found.broken])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("threat", [Linf(0.08), L2(0.4), L1(1.2)], ids=str)
@pytest.mark.parametrize("outputs", [1, 2, 7])
def test_every_row_of_a_module_is_settled_and_no_attack_gets_farther(
    search_of, threat, outputs, dtype
):
    generator = torch.Generator().manual_seed(outputs)
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(27, outputs, dtype=dtype))
    with torch.no_grad():
        module[1].weight.copy_(torch.randn(outputs, 27, generator=generator))
        module[1].bias.copy_(torch.randn(outputs, generator=generator))
    x = torch.rand(250, 3, 3, 3, generator=generator, dtype=dtype)
    z = module(x)
    y = (z[:, 0] > 0).long() if outputs == 1 else z.argmax(1)
    classes = list(range(max(outputs, 2)))
    found = certify_linear(as_predictor(module, classes=classes), x, y, threat)
    assert not found.undecided.any()
    assert found.broken.sum() > 10
    assert found.holds.sum() > 10
    assert threat.allows(found.witnesses, x).all()
    search = search_of(module, x, y, threat, classes=classes)
    PGD(steps=30, restarts=2)(search)
    assert not (search.broken & found.holds).any()
    # Ascent on the margin nearly reaches what is exact, and cannot pass it.
    assert search.broken.sum() >= 0.8 * found.broken.sum()


def test_without_a_box_the_distance_is_the_dual_norm(linear):
    module, x, y = linear(classes=2, rows=100)
    slope = (module.weight[1] - module.weight[0]).detach()
    gap = (module(x)[:, 0] - module(x)[:, 1]).abs().detach()
    predictor = as_predictor(module, classes=[0, 1])
    for threat, dual in ((Linf, slope.abs().sum()), (L2, slope.norm()), (L1, slope.abs().max())):
        nearest = gap / dual
        radius = float(nearest.median()) * 1.0001
        found = certify_linear(predictor, x, y, threat(radius, low=-torch.inf, high=torch.inf))
        assert torch.equal(found.broken, nearest < radius)
        assert torch.equal(found.holds, nearest > radius)


def test_a_margin_of_exactly_0_counts_as_the_model_decides():
    """All numbers are sums of a few powers of 2, so nothing is rounded."""
    module = torch.nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        module.weight.copy_(4 * torch.eye(2))
    predictor = as_predictor(module, classes=["first", "second"])
    x, y = torch.tensor([[0.75, 0.25], [0.25, 0.75]]), torch.tensor([0, 1])
    found = certify_linear(predictor, x, y, Linf(0.25))  # both can reach [0.5, 0.5], a tie
    assert module(torch.tensor([[0.5, 0.5]])).argmax(1).item() == 0
    assert found.holds.tolist() == [True, False]
    assert found.broken.tolist() == [False, True]
    assert found.witnesses[1].tolist() == [0.5, 0.5]
    nearly = certify_linear(predictor, x, y, Linf(0.2499999))
    assert nearly.holds.tolist() == [True, True]
    beyond = certify_linear(predictor, x, y, Linf(0.2500001))
    assert beyond.broken.tolist() == [True, True]


def test_a_score_of_exactly_0_is_the_first_class():
    module = torch.nn.Linear(1, 1)
    with torch.no_grad():
        module.weight.fill_(1.0)
        module.bias.fill_(-0.5)
    x, y = torch.tensor([[0.25], [0.75]]), torch.tensor([0, 1])
    found = certify_linear(as_predictor(module, classes=[0, 1]), x, y, Linf(0.25))
    assert found.holds.tolist() == [True, False]
    assert found.broken.tolist() == [False, True]


def test_nothing_certified_is_broken_by_rounding(linear):
    """Radii at each row's own distance, where float32 decides by its rounding alone."""
    generator = torch.Generator().manual_seed(5)
    module = torch.nn.Linear(50, 2)
    with torch.no_grad():
        module.weight.copy_(torch.randn(2, 50, generator=generator))
        module.bias.copy_(torch.randn(2, generator=generator))
    x = torch.rand(30, 50, generator=generator)
    y = module(x).argmax(1)
    predictor = as_predictor(module, classes=range(2))
    weight, bias = module.weight.double().detach(), module.bias.double().detach()
    certified = 0
    for row in range(len(x)):
        other = 1 - y[row]
        slope = weight[other] - weight[y[row]]
        gap = -(slope @ x[row].double() + bias[other] - bias[y[row]])
        for nudge in (-1e-2, -1e-3, -1e-4, -1e-5, -1e-6, -1e-7, 0, 1e-7):
            radius = float(gap / slope.abs().sum() * (1 + nudge))
            threat = Linf(radius, low=-9, high=9)
            found = certify_linear(predictor, x[row : row + 1], y[row : row + 1], threat)
            certified += int(found.holds[0])
            low, high = threat.limits(x[row])
            corner = torch.where(slope > 0, high, low)
            near = torch.rand(100, 50, generator=generator) < 0.1
            inwards = torch.nextafter(corner, x[row]).expand(100, 50)
            candidates = torch.where(near, inwards, corner)
            broken = (module(candidates).argmax(1) != y[row]).any()
            assert not (bool(broken) and bool(found.holds[0]))
    assert certified > 10


def test_a_row_that_is_wrong_already_is_broken(linear):
    module, x, y = linear()
    found = certify_linear(as_predictor(module, classes=range(3)), x, (y + 1) % 3, Linf(0.01))
    assert found.broken.all()


def test_the_order_and_the_company_of_rows_change_nothing(linear):
    module, x, y = linear(rows=60)
    predictor = as_predictor(module, classes=range(3))
    whole = certify_linear(predictor, x, y, L2(0.2))
    for at in ([3], [59, 0, 17], list(range(59, -1, -1))):
        part = certify_linear(predictor, x[at], y[at], L2(0.2))
        assert torch.equal(part.broken, whole.broken[at])
        assert torch.equal(part.holds, whole.holds[at])


def test_a_box_given_number_by_number_is_kept(linear):
    module, x, y = linear(rows=100)
    low, high = np.full(6, 0.0), np.full(6, 1.0)
    low[2], high[2] = x[:, 2].min(), np.nextafter(float(x[:, 2].max()), 2)
    for threat in (Linf, L2, L1):
        found = certify_linear(as_predictor(module, classes=range(3)), x, y, threat(0.4, low, high))
        assert not found.undecided.any()
        assert (found.witnesses.numpy() <= high).all()
        assert (found.witnesses.numpy() >= low).all()


def test_a_model_that_is_not_linear_has_no_such_certificate():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    rows, y = torch.rand(3, 2), torch.zeros(3, dtype=torch.int64)
    assert certify_linear(as_predictor(module, classes=[0, 1]), rows, y, Linf(0.1)) is None
