"""Square finds the corner of a linear model, on any shape, and batches change nothing."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.random import row_streams
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.attacks.losses import margin
from alignlab.robustness.attacks.square import Square, _Pace
from alignlab.robustness.attacks.windows import layout_of
from alignlab.robustness.search import Search
from alignlab.robustness.threats import L1, L2, Linf

NORMS = pytest.mark.parametrize("ball", [Linf, L2, L1])
RADII = {Linf: 0.05, L2: 0.25, L1: 1.0}


class Flat(torch.nn.Module):
    """A linear model of images of any shape."""

    def __init__(self, shape, classes=3, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = torch.nn.Parameter(
            torch.randn(classes, int(np.prod(shape)), generator=generator, dtype=torch.float64)
        )

    def forward(self, x):
        return (x - 0.5).flatten(1) @ self.weight.T


def rows_of(shape, classes=3, n=30):
    module = Flat(shape, classes).eval()
    x = torch.rand(n, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return module, x, module(x).argmax(1).detach()


@pytest.mark.parametrize("classes", [2, 4])
def test_on_a_small_table_it_finds_every_corner(linear, search_of, classes):
    module, x, y = linear(classes=classes, features=5, rows=100)
    search = search_of(module, x, y, Linf(0.1))
    Square(queries=400, rescale=True)(search)
    weight, bias = module.weight.detach(), module.bias.detach()
    low, high = (x - 0.1).clamp(min=0), (x + 0.1).clamp(max=1)
    best = []
    for other in range(classes):
        slope = weight[other] - weight[y]
        reached = (slope * torch.where(slope > 0, high, low)).sum(1) + bias[other] - bias[y]
        best.append(torch.where(y == other, -torch.inf, reached))
    expected = torch.stack(best).amax(0) > 0
    assert 10 < expected.sum() < 90
    assert not (search.broken & ~expected).any()
    # With more than two classes a margin may have an edge on which no window raises it.
    assert (search.broken != expected).sum() <= (0 if classes == 2 else 2)


@NORMS
@pytest.mark.parametrize("shape", [(1, 4, 9), (2, 9, 4), (1, 1, 20), (3, 2, 2), (6, 6), (12,)])
def test_any_shape_is_attacked_within_the_threat(search_of, ball, shape):
    module, x, y = rows_of(shape)
    threat = ball(RADII[ball])
    search = search_of(module, x, y, threat)
    Square(queries=100)(search)
    assert search.broken.any()
    assert threat.allows(search.witnesses, x).all()
    assert (module(search.witnesses).argmax(1)[search.broken] != y[search.broken]).all()
    assert torch.equal(search.witnesses[~search.broken], x[~search.broken])


def test_the_last_row_and_column_are_reached(search_of):
    """Only the last pixel matters; the stripes of the start have it wrong in half of the rows."""

    class Corner(torch.nn.Module):
        def forward(self, x):
            return torch.stack([torch.zeros(len(x)), x[:, 0, -1, -1] - 0.55], 1)

    search = search_of(Corner(), torch.full((64, 1, 6, 8), 0.5), torch.zeros(64).long(), Linf(0.1))
    Square(queries=1_000, rescale=True)(search)
    assert search.broken.all()


@NORMS
@pytest.mark.parametrize("shape", [(1, 5, 7), (9,)])
def test_the_size_of_a_batch_and_who_is_open_change_nothing(search_of, ball, shape):
    module, x, y = rows_of(shape)
    threat = ball(0.4 * RADII[ball])
    found = []
    for batch_rows in (1, 7, 250):
        search = search_of(module, x, y, threat, batch_rows=batch_rows)
        Square(queries=40)(search)
        found.append((search.broken, search.witnesses))
    assert 0 < found[0][0].sum() < len(x)
    for broken, witnesses in found[1:]:
        assert torch.equal(broken, found[0][0])
        assert torch.equal(witnesses, found[0][1])
    # A row alone meets the fate that it meets among others.
    for row in (0, 5, 11):
        model = AttackedModel(as_predictor(module, classes=[0, 1, 2]))
        streams = row_streams(0, len(x), "attack")[[row]]
        alone = Search(model, threat, x[[row]], y[[row]], streams)
        Square(queries=40)(alone)
        assert torch.equal(alone.witnesses[0], found[0][1][row])


def test_several_steps_at_once_are_what_one_at_a_time_gives(search_of, monkeypatch):
    """The published loop, one window of one row a call, beside nine of each row at once."""
    monkeypatch.setattr(_Pace, "tries", lambda pace, x: 9)
    module, x, y = rows_of((1, 6, 6))
    threat, n = Linf(0.03), 20
    search = search_of(module, x[:n], y[:n], threat, batch_rows=128)
    attack = Square(queries=200)
    attack(search)
    layout = layout_of((1, 6, 6))
    low, high = (each.flatten(1) for each in threat.limits(x))
    broken, ends = [], []
    for row in range(n):
        streams = row_streams(0, n, "attack")[[row]].child("square")
        up = layout.first(streams.child("first"), float("inf"))[0, 0] > 0
        best = -torch.inf
        for step in range(-1, attack.queries):
            tried = up.clone()
            if step >= 0:
                drawn = streams.uniform(layout.draws, step=step)
                size = layout.size(float(attack.shares(np.array(step))), patterned=False)
                tried[layout.window(drawn, size)[0]] = layout.signs(drawn, size)[0, 0, 0]
            moved = torch.where(tried, high[row], low[row]).reshape(1, 1, 6, 6)
            found = margin(module(moved), y[[row]]).item()
            if found > best + 1e-13:
                up, best = tried, found
            if best > 0:
                break
        broken.append(best > 0)
        ends.append(torch.where(up, high[row], low[row]).reshape(1, 6, 6))
    assert 0 < sum(broken) < n
    assert search.broken.tolist() == broken
    assert torch.equal(search.witnesses[broken], torch.stack(ends)[broken])


def test_what_would_change_nothing_is_not_asked(search_of):
    module, x, y = rows_of((1, 6, 6))
    search = search_of(module, x, y, Linf(1e-6))
    Square(queries=1_000, share=1e-6)(search)  # windows of one pixel: every other one is no change
    asked = search.model.forward_rows / len(x) / 1_000
    assert not search.broken.any()
    assert asked < 0.62
    still = search_of(module, x, y, Linf(0.0))
    Square(queries=50)(still)
    assert still.model.forward_rows == len(x)
    assert not still.broken.any()


def test_nothing_is_paid_for_a_row_that_is_broken(search_of):
    module, x, y = rows_of((1, 6, 6))
    search = search_of(module, x, (y + 1) % 3, Linf(1e-9))
    Square(queries=100)(search)
    assert search.broken.all()
    assert search.model.forward_rows == len(x)


def black_box(answer, classes=(0, 1, 2)):
    return AttackedModel(as_predictor(answer, classes=list(classes)))


def test_black_boxes_saturated_probabilities_and_decisions_alone():
    random = np.random.default_rng(0)
    X = random.random((300, 4))
    y = (X.sum(1) > 2).astype(int)
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    x = torch.from_numpy(X[:30])
    truth = torch.from_numpy(forest.predict(X[:30]))

    def certain(rows):
        return np.eye(2)[forest.predict(rows)]

    found = {}
    for name, model in {"votes": forest.predict_proba, "certain": certain}.items():
        search = Search(
            black_box(model, (0, 1)), Linf(0.08), x, truth, row_streams(0, 30, "attack")
        )
        Square(queries=150, rescale=True)(search)
        found[name] = search.broken
        assert search.broken.any()
    # Votes say which way to go; a walk on the plateau of certainty finds some of the way.
    assert found["votes"].sum() >= found["certain"].sum()


def test_a_plateau_is_crossed_by_windows_that_change_no_answer():
    """Two features have to move, one window holds one, and half of the way shows nothing."""

    def both(rows):
        return (rows[:, :2] > 0.55).all(1).astype(float)

    x = torch.full((40, 6), 0.5, dtype=torch.float64)
    search = Search(
        black_box(both, (0, 1)), Linf(0.1), x, torch.zeros(40).long(), row_streams(0, 40, "attack")
    )
    Square(queries=300, share=1e-6)(search)
    assert search.broken.all()


def test_the_window_shrinks_as_published_and_in_proportion():
    at = np.array([0, 10, 11, 50, 51, 8_000, 8_001])
    expected = [0.8, 0.8, 0.4, 0.4, 0.2, 0.8 / 256, 0.8 / 512]
    assert Square(10_000).shares(at).tolist() == expected
    assert Square(100, rescale=True).shares(np.array([0, 1, 80, 81])).tolist() == [
        0.8,
        0.2,
        0.8 / 256,
        0.8 / 512,
    ]


def test_seeds_reproduce_and_differ(search_of):
    module, x, y = rows_of((1, 6, 6))
    witnesses = []
    for seed in (0, 0, 1):
        search = search_of(module, x, y, Linf(0.03), seed=seed)
        Square(queries=50)(search)
        witnesses.append(search.witnesses)
    assert torch.equal(witnesses[0], witnesses[1])
    assert not torch.equal(witnesses[0], witnesses[2])


def test_settings_that_are_none_are_refused(search_of):
    with pytest.raises(InputError, match="queries=0 is not a whole number from 1"):
        Square(queries=0)
    with pytest.raises(InputError, match=r"share=1\.5 is not a number above 0"):
        Square(share=1.5)
    module, x, y = rows_of((4,))
    search = search_of(module, x, y)
    search.threat = "a table"
    with pytest.raises(InputError, match="not within a table"):
        Square()(search)
