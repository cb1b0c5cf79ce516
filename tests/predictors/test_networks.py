"""Networks are what their settings say, and folding changes where a number is scaled, not what."""

import numpy as np
import pytest
import torch

from alignlab.errors import InputError
from alignlab.predictors.networks import Architecture, folded, network


def test_the_layers_are_those_of_the_settings():
    built = network(Architecture("mlp", hidden=(5, 4)), (3,), 2)
    assert [tuple(each.shape) for each in built.parameters()] == [
        (5, 3), (5,), (4, 5), (4,), (2, 4), (2,),
    ]  # fmt: skip
    images = network(Architecture("cnn", channels=(2, 3), hidden=(7,)), (1, 9, 8), 10)
    assert [type(each).__name__ for each in images] == [
        "Conv2d", "ReLU", "Conv2d", "ReLU", "Flatten", "Linear", "ReLU", "Linear",
    ]  # fmt: skip
    assert images[5].in_features == 3 * 5 * 4
    assert images(torch.rand(6, 1, 9, 8)).shape == (6, 10)


@pytest.mark.parametrize(
    ("name", "images"),
    [("linear", True), ("mlp", True), ("cnn", True), ("linear", False), ("mlp", False)],
)
def test_folding_changes_nothing_but_the_place(name, images):
    rng = np.random.default_rng(0)
    shape = (3, 5, 6) if images else (4,)
    options = {"scale": rng.uniform(0.1, 9, (3, 1, 1) if images else 4)}
    if not images:
        options["shift"] = rng.normal(0, 5, 4)
    module = network(Architecture(name), shape, 3, **options).double()
    x = torch.randn(7, *shape, dtype=torch.float64)
    plain = folded(module)
    assert all(type(each).__module__.startswith("torch.nn") for each in plain)
    assert len(plain) == len(module) - 1
    assert torch.allclose(plain(x), module(x), atol=1e-12)
    without = torch.nn.Sequential(*list(module)[1:])
    assert not torch.allclose(without(x), module(x), atol=1e-2)
    assert folded(plain) is plain


def test_a_seed_says_the_parameters_and_nothing_else_is_drawn():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, again, other = (network(Architecture(), (4,), 2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first[0].weight, again[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "mpl"}, "Did you mean 'mlp'"),
        ({"name": "mlp", "hidden": [8, 0]}, "0 is not a width"),
        ({"name": "mlp", "hidden": "64"}, "not a list of widths"),
        ({"name": "mlp", "hidden": [True]}, "True is not a width"),
        ({"name": "mlp", "hidden": []}, "is the architecture 'linear'"),
        ({"name": "linear", "hidden": [3]}, "has no hidden"),
        ({"name": "mlp", "channels": [3]}, "has no channels"),
        ({"name": "cnn", "channels": []}, "is the architecture 'mlp'"),
    ],
)
def test_settings_that_make_no_network_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Architecture(**settings)


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="is for images"):
        network(Architecture("cnn"), (4,), 2)
    with pytest.raises(InputError, match="neither those of a table"):
        network(Architecture(), (4, 4), 2)
    with pytest.raises(InputError, match="take no shift"):
        network(Architecture(), (1, 4, 4), 2, shift=np.ones(1))
