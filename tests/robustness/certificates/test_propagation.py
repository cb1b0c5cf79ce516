"""What interval bounds certify no attack breaks, and no unit leaves its interval."""

import itertools

import pytest
import torch
from torch import nn

from alignlab.predictors import as_predictor
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.certificates.linear import certify_linear
from alignlab.robustness.certificates.propagation import certify_intervals, margin_bounds
from alignlab.robustness.certificates.sequential import layers_of
from alignlab.robustness.threats import L1, L2, Linf

THREATS = [Linf(0.02), L2(0.1), L1(0.2)]


def normalisation(kind, channels, generator):
    layer = kind(channels)
    with torch.no_grad():
        layer.running_mean.copy_(torch.randn(channels, generator=generator))
        layer.running_var.copy_(torch.rand(channels, generator=generator) + 0.2)
        layer.weight.copy_(torch.randn(channels, generator=generator))
        layer.bias.copy_(torch.randn(channels, generator=generator))
    return layer


def networks():
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {
            "mlp": nn.Sequential(
                nn.Flatten(), nn.Linear(128, 12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 3)
            ),
            "cnn": nn.Sequential(
                normalisation(nn.BatchNorm2d, 2, generator),
                nn.Conv2d(2, 4, 3, stride=2, padding=1),
                nn.Sequential(nn.ReLU(), nn.Conv2d(4, 6, 3, padding="same", groups=2, bias=False)),
                normalisation(nn.BatchNorm2d, 6, generator),
                nn.MaxPool2d(2, ceil_mode=True),
                nn.Flatten(),
                nn.Linear(24, 3),
            ),
            "average": nn.Sequential(
                nn.Conv2d(2, 4, 3, dilation=2), nn.ReLU(), nn.AvgPool2d(2, padding=1),
                nn.Conv2d(4, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            ),
            "mirrored": nn.Sequential(
                nn.Conv2d(2, 3, 5, padding=3, padding_mode="reflect", bias=False), nn.ReLU(),
                nn.Flatten(), nn.Linear(300, 12), normalisation(nn.BatchNorm1d, 12, generator),
                nn.ReLU(), nn.Linear(12, 3),
            ),
            "one logit": nn.Sequential(nn.Flatten(), nn.Linear(128, 6), nn.ReLU(), nn.Linear(6, 1)),
        }  # fmt: skip


def given(name, rows=40):
    module = networks()[name].eval()
    x = torch.rand(rows, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    logits = module(x).detach()
    y = (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)
    return module, x, y


def margins_of(module, x, y):
    logits = module(x).detach().double()
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    margins = logits - logits.gather(1, y[:, None])
    return margins.scatter(1, y[:, None], -torch.inf)


@pytest.mark.parametrize("name", networks())
@pytest.mark.parametrize("threat", THREATS, ids=str)
def test_no_allowed_row_leaves_the_bounds(name, threat):
    module, x, y = given(name)
    bounds = margin_bounds(layers_of(module), x, y, threat)
    drawn = torch.Generator().manual_seed(2)
    for size in (0.0, 0.01, 1.0, 100.0):
        for _ in range(10):
            moved = threat.project(x + size * torch.randn(x.shape, generator=drawn), x)
            assert (margins_of(module, moved, y) <= bounds).all()
    assert (bounds[bounds > -torch.inf] < 60).all()


@pytest.mark.parametrize("name", networks())
@pytest.mark.parametrize("threat", THREATS, ids=str)
def test_what_holds_is_broken_by_no_attack(search_of, name, threat):
    module, x, y = given(name)
    classes = range(max(2, module(x[:1]).shape[1]))
    for radius in (0.02, 0.1, 1.0):
        near = threat.with_radius(radius * threat.radius)
        found = certify_intervals(as_predictor(module, classes=classes), x, y, near)
        search = search_of(module, x, y, near, classes=classes)
        PGD(steps=20)(search)
        assert not (search.broken & found.holds).any()
        assert not found.broken.any()
        if radius == 0.02:
            assert found.holds.sum() > 10


@pytest.mark.parametrize("classes", [2, 5])
def test_one_linear_layer_loses_nothing(linear, classes):
    module, x, y = linear(classes=classes, rows=200)
    predictor = as_predictor(nn.Sequential(nn.Flatten(), module), classes=range(classes))
    for radius in (0.02, 0.1):
        found = certify_intervals(predictor, x, y, Linf(radius))
        exact = certify_linear(predictor, x, y, Linf(radius))
        assert 0 < exact.holds.sum() < 200
        assert torch.equal(found.holds, exact.holds)


@pytest.mark.parametrize("threat", [L2(0.2), L1(0.3)], ids=str)
def test_far_from_the_box_the_dual_norm_of_one_linear_layer_is_exact(linear, threat):
    module, x, y = linear(classes=4, rows=200)
    wide = type(threat)(threat.radius, low=-9, high=9)
    predictor = as_predictor(module, classes=range(4))
    exact = certify_linear(predictor, x, y, wide)
    assert 0 < exact.holds.sum() < 200
    assert torch.equal(certify_intervals(predictor, x, y, wide).holds, exact.holds)


def test_all_corners_of_a_tiny_network_are_within_its_bounds_and_near():
    """With weights of one sign nothing is lost, so brute force meets the bounds."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mixed = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)).double()
        rising = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1)).double()
    with torch.no_grad():
        for parameter in rising.parameters():
            parameter.abs_()
        rising[2].bias.sub_(3)
    x = torch.rand(30, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    threat = Linf(0.1)
    low, high = threat.limits(x)
    grid = [
        low + (high - low) * torch.tensor(share, dtype=x.dtype)
        for share in itertools.product([0, 0.25, 0.5, 0.75, 1], repeat=3)
    ]
    for module, loss in ((mixed, 0.5), (rising, 1e-9)):
        y = (
            margins_of(module, x, torch.zeros(30, dtype=torch.int64))[:, 1]
            .le(0)
            .logical_not()
            .long()
        )
        reached = torch.stack([margins_of(module, each, y) for each in grid]).amax((0, 2))
        bound = margin_bounds(layers_of(module), x, y, threat).amax(1)
        assert (reached <= bound).all()
        assert (bound - reached).max() < loss


def test_the_dual_norm_certifies_what_the_box_around_the_ball_does_not():
    module, x, y = given("mlp")
    ball, cube = L2(0.05), Linf(0.05)
    by_ball = margin_bounds(layers_of(module), x, y, ball)
    by_cube = margin_bounds(layers_of(module), x, y, cube)
    assert (by_ball.amax(1) < by_cube.amax(1) - 0.1).all()
    predictor = as_predictor(module, classes=range(3))
    found = certify_intervals(predictor, x, y, ball).holds
    assert found.sum() > certify_intervals(predictor, x, y, cube).holds.sum()


def test_mirrored_padding_puts_two_weights_on_one_number():
    """The norm of a kernel would be too small a bound: 1 + 1 on the number beside the edge."""
    layer = nn.Conv2d(1, 1, (1, 3), padding=(0, 1), padding_mode="reflect", bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 0.0, 1.0]).reshape(1, 1, 1, 3))
    chosen = nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        chosen.weight.copy_(torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    module = nn.Sequential(layer, nn.Flatten(), chosen)
    x, y = torch.full((1, 1, 1, 3), 0.5), torch.tensor([0])
    moved = x.clone()
    moved[0, 0, 0, 1] += 0.25
    assert margins_of(module, moved, y)[0, 1] == 1.5
    assert margin_bounds(layers_of(module), x, y, L2(0.25))[0, 1] == pytest.approx(1.5)


@pytest.mark.parametrize(("ball", "dual"), [(L2, 2), (L1, float("inf"))])
def test_a_scaling_before_the_first_layer_is_part_of_its_dual_norm(ball, dual):
    generator = torch.Generator().manual_seed(0)
    scaling = normalisation(nn.BatchNorm1d, 4, generator).eval().double()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hidden = nn.Linear(4, 5).double()
    layers = [scaling, hidden, nn.Flatten()]
    x = torch.rand(6, 4, dtype=torch.float64, generator=generator)
    y = torch.zeros(6, dtype=torch.int64)
    factor = (scaling.weight / (scaling.running_var + scaling.eps).sqrt()).detach()
    steepness = torch.linalg.vector_norm(hidden.weight.detach() * factor, dual, dim=1)
    out = hidden(scaling(x)).detach()
    expected = (out + 0.2 * steepness) - (out[:, :1] - 0.2 * steepness[0])
    bounds = margin_bounds(layers, x, y, ball(0.2, low=-9, high=9))
    torch.testing.assert_close(bounds[:, 1:], expected[:, 1:], rtol=1e-6, atol=0)


def test_rounding_in_the_model_is_part_of_the_bounds():
    """1e8 z - 1e8 z + z is z on paper; in float32 it is whatever is left of it."""
    module = nn.Sequential(nn.Linear(1, 3, bias=False), nn.ReLU(), nn.Linear(3, 2, bias=False))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1e8], [1.0], [1e8]]))
        module[2].weight.copy_(torch.tensor([[0.0, 0.0, 0.0], [1.0, -1.0, -1.0]]))
    x = torch.rand(500, 1, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    y = torch.zeros(500, dtype=torch.int64)
    exact = module.double()(x.double())
    assert (exact[:, 0] > exact[:, 1]).all()
    module = module.float()
    assert (margins_of(module, x, y).amax(1) >= 0).any()
    found = certify_intervals(as_predictor(module, classes=[0, 1]), x, y, Linf(0.0))
    assert not found.holds.any()
    tame = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU())
    with torch.no_grad():
        tame[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    assert certify_intervals(as_predictor(tame, classes=[0, 1]), x, y, Linf(1e-6)).holds.all()


@pytest.mark.parametrize(
    "layer",
    [nn.Sigmoid(), nn.BatchNorm1d(4, track_running_stats=False), nn.Flatten(0), nn.LSTM(4, 4)],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_is_not_known_gives_no_certificate(layer):
    predictor = as_predictor(nn.Sequential(layer, nn.Linear(4, 2)), classes=[0, 1])
    rows, y = torch.rand(2, 4), torch.zeros(2, dtype=torch.int64)
    assert certify_intervals(predictor, rows, y, Linf(0.1)) is None


def test_the_module_is_left_as_it_was():
    module, x, y = given("cnn")
    module.train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    certify_intervals(as_predictor(module, classes=range(3)), x, y, Linf(0.01))
    assert module.training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
