"""The norm is that of the operator, as its dense matrix has it; training brings it down."""

import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.training import Batch, fit
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.spectral import Spectral, largest_singular_value

LAYERS = {
    "linear": (lambda: nn.Linear(7, 5), (7,)),
    "plain": (lambda: nn.Conv2d(2, 3, 3), (2, 7, 6)),
    "padded": (lambda: nn.Conv2d(2, 3, 3, padding=1), (2, 6, 6)),
    "same": (lambda: nn.Conv2d(2, 2, (3, 5), padding="same"), (2, 6, 5)),
    "strided": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1), (2, 7, 7)),
    "dilated groups": (lambda: nn.Conv2d(4, 4, 3, dilation=2, groups=2), (4, 7, 7)),
    "circular": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 6, 6)),
    "mirrored": (lambda: nn.Conv2d(2, 3, 3, padding=2, padding_mode="reflect"), (2, 6, 6)),
    "one axis": (lambda: nn.Conv1d(3, 2, 5, stride=3), (3, 20)),
    "three axes": (lambda: nn.Conv3d(1, 2, 2), (1, 4, 4, 4)),
}


def made(name):
    build, shape = LAYERS[name]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return build().double(), shape


def dense(layer, shape):
    """Return the layer's matrix, one column for each number of its input."""
    size = int(torch.tensor(shape).prod())
    basis = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    zero = layer(torch.zeros(1, *shape, dtype=torch.float64))
    return (layer(basis) - zero).flatten(1).T


@pytest.mark.parametrize("name", LAYERS)
def test_the_value_is_that_of_the_dense_operator(name):
    layer, shape = made(name)
    expected = torch.linalg.matrix_norm(dense(layer, shape).detach(), 2).item()
    assert largest_singular_value(layer, shape, iterations=600) == pytest.approx(expected, rel=1e-4)
    if name not in ("linear", "three axes"):
        reshaped = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item()
        assert expected > 1.02 * reshaped or name == "dilated groups"


def test_a_circular_convolution_is_diagonal_in_frequencies():
    """The largest singular value over all frequencies' matrices, by the Fourier transform."""
    layer, shape = made("circular")
    at_frequencies = torch.fft.fft2(layer.weight.detach(), s=shape[1:]).permute(2, 3, 0, 1)
    expected = torch.linalg.svdvals(at_frequencies).max().item()
    assert largest_singular_value(layer, shape, iterations=600) == pytest.approx(expected, rel=1e-4)


class Data:
    def __init__(self, x):
        self.x = x


def prepared(module, x, **options):
    term = Spectral(**options)
    term.prepare(module, Data(x))
    y = torch.zeros(len(x), dtype=torch.int64)
    return term, Batch(module, x, y, {}, torch.arange(len(x)), torch.Generator())


def small_network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(18, 3)
        ).double()


@pytest.mark.parametrize("target", [0.0, 0.7])
def test_the_term_and_its_gradient_are_those_of_the_singular_values(target):
    module, x = small_network(), torch.rand(4, 1, 6, 6, dtype=torch.float64)
    term, batch = prepared(module, x, target=target, iterations=600)
    sigmas = [
        torch.linalg.matrix_norm(dense(module[0], (1, 6, 6)), 2),
        torch.linalg.matrix_norm(module[3].weight, 2),
    ]
    expected = sum((sigma - target).clamp(min=0) ** 2 for sigma in sigmas)
    assert (sum(sigma.item() > target for sigma in sigmas)) >= 1
    value = term.value(batch)
    assert value.item() == pytest.approx(expected.item(), rel=1e-4)
    weights = [module[0].weight, module[3].weight]
    ours = torch.autograd.grad(value, weights)
    theirs = torch.autograd.grad(expected, weights)
    for mine, true in zip(ours, theirs, strict=True):
        assert (mine - true).norm() <= 0.02 * true.norm()


def test_layers_below_the_target_cost_nothing():
    module, x = small_network(), torch.rand(2, 1, 6, 6, dtype=torch.float64)
    term, batch = prepared(module, x, target=100.0)
    value = term.value(batch)
    value.backward()
    assert value.item() == 0
    assert (module[0].weight.grad == 0).all()


def test_vectors_follow_the_weights_and_outlive_a_layer_of_zeros():
    module, x = small_network(), torch.rand(2, 1, 6, 6, dtype=torch.float64)
    term, batch = prepared(module, x)
    whole = module[3].weight.detach().clone()
    with torch.no_grad():
        module[3].weight.zero_()
    assert torch.isfinite(term.value(batch))
    with torch.no_grad():
        module[3].weight.copy_(whole)
    for _ in range(600):
        value = term.value(batch)
    sigmas = [
        torch.linalg.matrix_norm(dense(module[0], (1, 6, 6)), 2),
        torch.linalg.matrix_norm(whole, 2),
    ]
    assert value.item() == pytest.approx(sum(sigma.item() ** 2 for sigma in sigmas), rel=2e-3)


def test_training_brings_every_layer_to_the_target_and_no_lower():
    X = torch.rand(60, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    y = (X[:, 0, :3].mean((1, 2)) > X[:, 0, 3:].mean((1, 2))).long() * 2
    module = small_network().float()
    with torch.no_grad():
        for layer in (module[0], module[3]):
            layer.weight.mul_(4)
    term = Spectral(weight=5.0, target=1.0)
    fit(module, (X, y), [CrossEntropy(), term], epochs=30, learning_rate=0.02, validation=None,
        batch_rows=20)  # fmt: skip
    assert 0.8 < largest_singular_value(module[0], (1, 6, 6)) < 1.2
    assert 0.8 < largest_singular_value(module[3], (18,)) < 1.2
    assert not any(part._forward_pre_hooks for part in module.modules())


def test_a_stopped_training_goes_on_with_the_same_vectors(tmp_path):
    X = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    y = torch.arange(40) % 3

    def trained(*epochs, out=None):
        module = small_network().float()
        for at, last in enumerate(epochs):
            fit(module, (X, y), [CrossEntropy(), Spectral(weight=1.0)], epochs=last, out=out,
                resume=at > 0, validation=None)  # fmt: skip
        return module[0].weight.detach()

    assert torch.equal(trained(4), trained(2, 4, out=tmp_path / "run"))


def test_what_has_no_singular_value_is_refused():
    with pytest.raises(InputError, match="no linear or convolutional layer in ReLU"):
        prepared(nn.ReLU(), torch.rand(2, 3))
    with pytest.raises(InputError, match="target=-1"):
        Spectral(target=-1)
    with pytest.raises(InputError, match="iterations=0"):
        Spectral(iterations=0)
