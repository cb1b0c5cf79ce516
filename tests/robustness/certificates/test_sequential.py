"""A module is read where its forward is known, in order, and not otherwise."""

import torch
from torch import nn

from alignlab.robustness.certificates.sequential import layers_of


class Named(nn.Sequential):
    """Says how it is made, and runs as a sequence does."""

    def __init__(self):
        super().__init__(nn.Linear(2, 3), nn.ReLU())


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x):
        return self.inner(x).abs()


def test_nested_sequences_are_one_and_what_does_nothing_is_left_out():
    first, last = Named(), nn.Linear(3, 2)
    module = nn.Sequential(nn.Identity(), first, nn.Sequential(nn.Dropout(0.3), last))
    layers = layers_of(module)
    assert [type(each) for each in layers] == [nn.Linear, nn.ReLU, nn.Linear]
    x = torch.rand(4, 2)
    out = x
    for layer in layers:
        out = layer(out)
    assert torch.equal(out, module.eval()(x))


def test_what_may_compute_anything_is_not_read():
    assert layers_of(Own()) is None
    assert layers_of(nn.Sequential(nn.Linear(2, 2), Own())) is None
    hooked = nn.Sequential(nn.Linear(2, 2))
    handle = hooked[0].register_forward_pre_hook(lambda module, given: (given[0] * 2,))
    assert layers_of(hooked) is None
    handle.remove()
    assert layers_of(hooked) is not None
