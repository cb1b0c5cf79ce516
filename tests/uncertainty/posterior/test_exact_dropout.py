"""The moments of one dropout before one linear layer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from torch import nn

from alignlab.errors import InputError
from alignlab.uncertainty.posterior import (
    dropout_moments,
    linear_dropout_moments,
    mc_dropout,
)


def test_all_masks_of_a_small_layer_by_enumeration():
    generator = np.random.default_rng(0)
    h, w, b = generator.normal(size=(2, 6)), generator.normal(size=(3, 6)), generator.normal(size=3)
    p = 0.3
    masks = np.array(list(itertools.product([0, 1], repeat=6)))
    chance = np.prod(np.where(masks, 1 - p, p), axis=1)
    outputs = np.einsum("mi,ni,ki->mnk", masks / (1 - p), h, w) + b
    mean = np.einsum("m,mnk->nk", chance, outputs)
    away = outputs - mean
    covariance = np.einsum("m,mnk,mnl->nkl", chance, away, away)
    moments = linear_dropout_moments(h, w, b, p=p)
    np.testing.assert_allclose(moments.mean, mean, atol=1e-12)
    np.testing.assert_allclose(moments.covariance, covariance, atol=1e-12)
    np.testing.assert_allclose(
        moments.standard_deviation, np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)), atol=1e-12
    )


def test_a_network_has_them_and_its_passes_agree():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 1), nn.Flatten(0))
    X = torch.randn(5, 4)
    moments = dropout_moments(net, X)
    passes = 4000
    drawn = mc_dropout(net, X, passes, task="regression")
    z = (drawn.mean - moments.mean[:, 0]) / drawn.standard_error
    assert np.abs(z).max() < 4
    variance = moments.covariance[:, 0, 0]
    assert np.abs(drawn.epistemic / variance - 1).max() < 4 * np.sqrt(2 / passes)
    assert net.training
    net.eval()
    with torch.no_grad():
        np.testing.assert_allclose(moments.mean[:, 0], net(X).numpy(), atol=1e-6)


class TwoReaders(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 4)

    def forward(self, x):
        dropped = nn.functional.dropout(x, 0.5, self.training)
        return self.head(dropped) + dropped


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nn.Linear(4, 2), "has no dropout"),
        (nn.Sequential(nn.Dropout(), nn.Linear(4, 4), nn.Dropout(), nn.Linear(4, 2)), "2 times"),
        (nn.Sequential(nn.Dropout(), nn.Linear(4, 2), nn.ReLU()), "does more after"),
        (nn.Sequential(nn.Dropout(), nn.Linear(4, 2), nn.ReLU(inplace=True)), "does more after"),
        (nn.Sequential(nn.Dropout(), nn.ReLU(), nn.Linear(4, 2)), "not read by one linear"),
        (nn.Sequential(nn.AlphaDropout(), nn.Linear(4, 2)), "does not drop single"),
        (TwoReaders(), "not read by one linear"),
    ],
)
def test_other_networks_are_refused(net, message):
    with pytest.raises(InputError, match=message):
        dropout_moments(net, torch.randn(3, 4))


def test_arguments_that_do_not_fit():
    with pytest.raises(InputError, match="were expected"):
        linear_dropout_moments(np.ones((2, 3)), np.ones((1, 4)), p=0.5)
    with pytest.raises(InputError, match="not a chance"):
        linear_dropout_moments(np.ones((2, 3)), np.ones((1, 3)), p=1.0)
    estimator = DummyClassifier().fit([[0], [1]], [0, 1])
    with pytest.raises(InputError, match="works on torch modules"):
        dropout_moments(estimator, np.zeros((1, 1)))
