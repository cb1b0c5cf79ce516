"""On linear models HopSkipJump comes near to the least distance, by decisions alone."""

import numpy as np
import pytest
import torch
from sklearn.tree import DecisionTreeClassifier

from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.random import row_streams
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.attacks.hopskipjump import HopSkipJump
from alignlab.robustness.attacks.hyperplanes import least_move
from alignlab.robustness.search import Search
from alignlab.robustness.threats import L1, L2, Linf

NORMS = pytest.mark.parametrize("ball", [Linf, L2])


@pytest.fixture
def balanced(linear):
    """Return a linear module whose boundary runs through the middle of the box, and rows."""

    def made(**settings):
        module, x, _ = linear(**{"classes": 2, **settings})
        with torch.no_grad():
            module.bias.copy_(-0.5 * module.weight.sum(1))
        y = module(x).argmax(1).detach()
        assert len(y.unique()) > 1
        return module, x, y

    return made


def least_distances(module, x, y, ball):
    """Return how far each row is from the boundary of a linear model of two classes."""
    slope = (module.weight[1] - module.weight[0]).detach().expand_as(x)
    behind = -(module(x) @ torch.tensor([-1.0, 1.0], dtype=x.dtype)).detach()
    move = least_move(x, slope, behind, ball(1.0))
    reached = ((slope * move).sum(1) - behind).abs() < 1e-9
    return ball(1.0).distance(move, torch.zeros_like(move)).where(reached, torch.inf)


@NORMS
@pytest.mark.parametrize("features", [6, 100])
def test_it_comes_near_to_the_least_distance(balanced, search_of, ball, features):
    module, x, y = balanced(features=features, rows=40)
    nearest = least_distances(module, x, y, ball)
    radius = float(nearest[torch.isfinite(nearest)].median())
    search = search_of(module, x, y, ball(radius))
    HopSkipJump(iterations=15)(search)
    assert not search.broken[nearest > radius].any()
    near = {Linf: 1.15, L2: 1.05}[ball] * nearest < radius
    assert near.sum() > 10
    assert search.broken[near].all()
    assert ball(radius).allows(search.witnesses, x).all()
    assert (module(search.witnesses).argmax(1) != y)[search.broken].all()


@NORMS
@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_size_of_a_batch_changes_nothing(balanced, search_of, ball, batch_rows):
    module, x, y = balanced(rows=20)
    radius = {Linf: 0.05, L2: 0.12}[ball]
    found = []
    for size in (250, batch_rows):
        search = search_of(module, x, y, ball(radius), batch_rows=size)
        HopSkipJump(iterations=4, probes=20)(search)
        found.append(search)
    assert 0 < found[0].broken.sum() < len(x)
    assert torch.equal(found[0].witnesses, found[1].witnesses)


@NORMS
def test_images_of_single_precision(search_of, ball):
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4 * 24, 3)
    ).eval()
    x = torch.rand(30, 1, 6, 8, generator=torch.Generator().manual_seed(1))
    y = module(x).argmax(1)
    threat = ball({Linf: 0.2, L2: 1.0}[ball])
    search = search_of(module, x, y, threat)
    clean = x.clone()
    HopSkipJump(iterations=5)(search)
    assert search.broken.sum() > 5
    assert threat.allows(search.witnesses, x).all()
    assert torch.equal(search.clean, clean)


def test_decisions_are_enough():
    random = np.random.default_rng(0)
    X = random.random((200, 3))
    y = (X[:, 0] > 0.5).astype(int)
    tree = DecisionTreeClassifier(max_depth=1).fit(X, y)
    x, truth = torch.from_numpy(X[:40]), torch.from_numpy(y[:40])
    model = AttackedModel(as_predictor(lambda rows: np.eye(2)[tree.predict(rows)], classes=[0, 1]))
    search = Search(model, Linf(0.1), x, truth, row_streams(0, 40, "attack"))
    HopSkipJump(iterations=10)(search)
    away = (x[:, 0] - tree.tree_.threshold[0]).abs()
    assert search.broken.sum() > 3
    assert not search.broken[away > 0.1].any()
    assert search.broken[away < 0.095].all()


def test_the_first_point_asked_on_the_way_is_the_one_at_the_radius(balanced, search_of):
    module, x, y = balanced()
    search = search_of(module, x, y, Linf(1.0))
    HopSkipJump()(search)
    assert search.broken.all()
    # The rows as they are, another row, and the point at the radius, for those that are not in it.
    assert search.model.forward_rows <= 3 * len(x)


def test_rows_without_a_start_stay_open_and_cost_their_tries(search_of):
    class Constant(torch.nn.Module):
        def forward(self, x):
            return torch.tensor([[1.0, 0.0]]).expand(len(x), 2)

    search = search_of(Constant(), torch.rand(5, 4), torch.zeros(5).long(), L2(0.5))
    HopSkipJump(starts=7)(search)
    assert not search.broken.any()
    assert search.model.forward_rows == 5 + 7 * 5


def test_a_row_alone_starts_from_a_random_point(balanced, search_of):
    module, x, y = balanced()
    nearest = least_distances(module, x, y, L2)
    row = int(nearest.argmin())
    search = search_of(module, x[[row]], y[[row]], L2(1.2 * float(nearest[row])))
    HopSkipJump(iterations=15)(search)
    assert search.broken.all()
    unbounded = L2(1.2 * float(nearest[row]), low=-float("inf"), high=float("inf"))
    search = search_of(module, x[[row]], y[[row]], unbounded)
    HopSkipJump(iterations=15)(search)
    assert search.broken.all()


def test_radius_0_and_rows_that_are_wrong(balanced, search_of):
    module, x, y = balanced()
    wrong = y.clone()
    wrong[:10] = 1 - wrong[:10]
    search = search_of(module, x, wrong, Linf(0.0))
    HopSkipJump()(search)
    assert search.broken.tolist() == [True] * 10 + [False] * 30
    assert search.model.forward_rows == len(x)


def test_seeds_reproduce_and_differ(balanced, search_of):
    module, x, y = balanced(rows=10)
    found = []
    for seed in (0, 0, 1):
        search = search_of(module, x, y, Linf(0.08), seed=seed)
        HopSkipJump(iterations=3)(search)
        found.append(search.witnesses)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_other_norms_and_settings_that_are_none_are_refused(balanced, search_of):
    with pytest.raises(InputError, match="knows Linf and L2, not an L1 distance of 1"):
        HopSkipJump()(search_of(*balanced(), L1(1.0)))
    for setting in ("iterations", "probes", "starts"):
        with pytest.raises(InputError, match=f"{setting}=0 is not a whole number from 1"):
            HopSkipJump(**{setting: 0})
