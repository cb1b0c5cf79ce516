"""Grad-CAM: by hand for one map, and every way to name a wrong layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError, ModelError
from alignlab.transparency.gradients import grad_cam

IMAGES = np.random.default_rng(0).random((5, 1, 9, 13))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.act = nn.ReLU()
        self.unused = nn.Conv2d(1, 1, 1)
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        return self.out(self.act(self.act(self.conv(x))).mean(dim=(2, 3)))


def test_one_map_by_hand():
    conv = nn.Conv2d(1, 1, 1)
    conv.weight.data.fill_(2.0)
    conv.bias.data.zero_()
    net = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    result = grad_cam(net, IMAGES, layer="0")
    # The slope of the mean is 1 / places, the same everywhere.
    assert result.values == pytest.approx(2 * IMAGES / (9 * 13))
    assert result.base is None


def test_the_map_has_the_images_size_whatever_the_layers():
    net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                        nn.Flatten(), nn.Linear(4, 2))  # fmt: skip
    result = grad_cam(net, IMAGES, layer="1")
    assert result.values.shape == (5, 1, 9, 13)
    assert (result.values >= 0).all()


def test_it_is_the_formula_of_the_paper():
    net = Net().double()
    result = grad_cam(net, IMAGES, layer="conv", target=2)
    maps = net.conv(torch.as_tensor(IMAGES)).detach().requires_grad_(True)
    scores = net.out(torch.relu(maps).mean(dim=(2, 3)))[:, 2]
    (slopes,) = torch.autograd.grad(scores.sum(), maps)
    heat = torch.relu((slopes.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1))
    assert result.values[:, 0] == pytest.approx(heat.detach().numpy(), abs=1e-12)


@pytest.mark.parametrize("inplace", [False, True])
def test_a_layer_behind_that_works_in_place_changes_nothing(inplace):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.Hardtanh(-9, 9, inplace=inplace),
        nn.ReLU(inplace=inplace),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    )
    maps = net[0].double()(torch.as_tensor(IMAGES)).detach()
    result = grad_cam(net.double(), IMAGES, layer="0", target=0)
    weights = net[5].weight[0].detach()[:, None, None] * (maps > 0).double().mean(
        dim=(2, 3), keepdim=True
    )
    heat = torch.relu((weights / maps[0, 0].numel() * maps).sum(dim=1, keepdim=True))
    wanted = torch.nn.functional.interpolate(heat, size=(9, 13), mode="bilinear")
    assert result.values == pytest.approx(wanted.numpy(), abs=1e-12)


def test_hooks_are_taken_off_again():
    net = Net()
    grad_cam(net, IMAGES, layer="conv")
    with pytest.raises(InputError):
        grad_cam(net, IMAGES, layer="act")
    assert not net.conv._forward_hooks
    assert not net.act._forward_hooks


@pytest.mark.parametrize(
    ("images", "layer", "said"),
    [
        (IMAGES, "convv", "Did you mean 'conv'?"),
        (IMAGES, "", "Its layers: conv, act, unused, out"),
        (IMAGES, 0, "Its layers: conv, act, unused, out"),
        (IMAGES, "unused", "never reached"),
        (IMAGES, "act", "used 2 times"),
        (IMAGES, "out", "no maps"),
    ],
)
def test_a_wrong_layer_is_named(images, layer, said):
    with pytest.raises((InputError, ModelError)) as caught:
        grad_cam(Net(), images, layer=layer)
    assert said in str(caught.value)


def test_a_table_has_no_places():
    with pytest.raises(InputError, match="needs images"):
        grad_cam(nn.Linear(3, 2), np.ones((2, 3)), layer="0")
