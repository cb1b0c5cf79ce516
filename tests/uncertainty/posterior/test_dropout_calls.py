"""Where dropout happens, and that what is not dropped stays as torch computes it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from alignlab.uncertainty.posterior.dropout_calls import DropoutCalls, DropoutSite


class Seen:
    """Keeps everything, and notes what was to be dropped."""

    def __init__(self):
        self.sites = []

    def __call__(self, x, site):
        self.sites.append(site)
        return x.clone()


def watched(call, **options):
    seen = Seen()
    with torch.no_grad(), DropoutCalls(seen, **options):
        return call(), seen.sites


X = torch.randn(3, 4, 5)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: functional.dropout(x, 0.3), (3, 4, 5)),
        (lambda x: functional.dropout(x.clone(), 0.3, inplace=True), (3, 4, 5)),
        (lambda x: torch.dropout(x, 0.3, True), (3, 4, 5)),
        (lambda x: torch.dropout_(x.clone(), 0.3, True), (3, 4, 5)),
        (lambda x: functional.alpha_dropout(x, 0.3, True), (3, 4, 5)),
        (lambda x: functional.dropout1d(x, 0.3), (3, 4, 1)),
        (lambda x: functional.dropout1d(x[0], 0.3), (4, 1)),
        (lambda x: functional.dropout2d(x[..., None], 0.3), (3, 4, 1, 1)),
        (lambda x: functional.dropout3d(x[..., None, None], 0.3), (3, 4, 1, 1, 1)),
        (lambda x: functional.dropout3d(x[..., None], 0.3), (3, 1, 1, 1)),
        (lambda x: functional.feature_alpha_dropout(x, 0.3, True), (3, 4, 1)),
        (lambda x: torch.feature_dropout(x, 0.3, True), (3, 4, 1)),
    ],
)
def test_every_function_is_seen(call, shape):
    found, sites = watched(lambda: call(X))
    assert [(site.shape, site.p) for site in sites] == [(shape, 0.3)]
    assert torch.equal(
        found.reshape(-1), X[: len(found) if found.ndim == 3 else 3].reshape(-1)
    ) or (found.shape == (4, 5))


def test_what_does_not_drop_is_not_touched():
    for call in (
        lambda: functional.dropout(X, 0.5, training=False),
        lambda: functional.dropout(X, 0.0),
        lambda: functional.relu(X),
    ):
        found, sites = watched(call)
        assert sites == []
        assert torch.equal(found, call())
    _, sites = watched(lambda: functional.dropout(X, 0.5, training=False), forced=True)
    assert len(sites) == 1
    everything, sites = watched(lambda: functional.dropout(X, 1.0))
    assert sites == []
    assert not everything.any()
    with pytest.raises(ValueError, match="between 0 and 1"):
        watched(lambda: functional.dropout(X, 1.5))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("mask", [None, "truth", "numbers"])
def test_attention_without_dropping_is_torchs(causal, mask):
    if causal and mask:
        return
    query, key, value = torch.randn(3, 2, 4, 6, 8).unbind()
    given = {None: None, "truth": torch.rand(6, 6) < 0.8, "numbers": torch.randn(6, 6)}[mask]
    if mask == "truth":
        given[:, 0] = True
    found, sites = watched(
        lambda: functional.scaled_dot_product_attention(
            query, key, value, given, dropout_p=0.2, is_causal=causal, scale=0.3
        )
    )
    plain = functional.scaled_dot_product_attention(
        query, key, value, given, is_causal=causal, scale=0.3
    )
    assert torch.allclose(found, plain, atol=1e-6)
    assert [(site.name, site.shape) for site in sites] == [("attention", (2, 4, 6, 6))]


def test_grouped_attention_without_dropping_is_torchs():
    query, key = torch.randn(2, 4, 6, 8), torch.randn(2, 2, 6, 8)

    def call(p):
        return functional.scaled_dot_product_attention(
            query, key, key, dropout_p=p, enable_gqa=True
        )

    found, _ = watched(lambda: call(0.2))
    assert torch.allclose(found, call(0.0), atol=1e-6)


@pytest.mark.parametrize("weights", [True, False])
def test_an_attention_layer_without_dropping_is_torchs(weights):
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True).eval()
    x = torch.randn(3, 6, 8)
    with torch.no_grad():
        plain, plain_weights = layer(x, x, x, need_weights=weights)
        layer.train()
        (found, found_weights), sites = watched(lambda: layer(x, x, x, need_weights=weights))
    assert torch.allclose(found, plain, atol=1e-6)
    if weights:
        assert torch.allclose(found_weights, plain_weights, atol=1e-6)
    assert [(site.name, math.prod(site.shape)) for site in sites] == [("attention", 3 * 2 * 36)]
    layer.eval()
    _, sites = watched(lambda: layer(x, x, x), forced=True)
    assert len(sites) == 1


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("both", [False, True])
def test_recurrent_layers_without_dropping_are_torchs(kind, packed, both):
    torch.manual_seed(0)
    net = kind(5, 4, num_layers=3, dropout=0.3, bidirectional=both, batch_first=True)
    x = torch.randn(3, 6, 5)
    if packed:
        x = nn.utils.rnn.pack_padded_sequence(x, [6, 4, 1], batch_first=True)
    with torch.no_grad():
        plain = net.eval()(x)
        net.train()
        found, sites = watched(lambda: net(x))
    for one, other in zip(_tensors(found), _tensors(plain), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert [site.p for site in sites] == [0.3, 0.3]
    assert all(site.name.startswith("packed") == packed for site in sites)


def _tensors(value):
    if isinstance(value, torch.Tensor):
        return [value]
    return [tensor for each in value if each is not None for tensor in _tensors(each)]


def test_what_is_kept_has_the_moments_that_it_should():
    torch.manual_seed(0)
    x = torch.randn(200_000, dtype=torch.float64)
    for alpha in (False, True):
        site = DropoutSite("dropout", tuple(x.shape), 0.25, alpha=alpha)
        kept = torch.rand(x.shape) < 0.75
        found = site.finished(x, kept)
        if alpha:  # mean 0 and variance 1 stay what they are
            assert abs(float(found.mean())) < 0.01
            assert float(found.var()) == pytest.approx(1, abs=0.02)
            torch.manual_seed(1)
            torchs = functional.alpha_dropout(x, 0.25, True)
            assert float(found.min()) == pytest.approx(float(torchs.min()), rel=0.2)
            dropped = torch.unique(found[~kept])
            assert len(dropped) == 1
            assert bool((torch.isclose(torchs, dropped, atol=1e-9)).double().mean() > 0.2)
        else:
            assert torch.equal(found, torch.where(kept, x * (1 / 0.75), 0))


def test_masks_are_seen_where_they_are_drawn_alike():
    for call in (
        lambda: torch.empty(3, 1).bernoulli_(0.7),
        lambda: torch.bernoulli(torch.full((3, 1), 0.7)),
        lambda: torch.bernoulli(torch.zeros(3, 1), 0.7),
    ):
        _, sites = watched(call)
        assert len(sites) == 1
        assert sites[0].mask
        assert sites[0].p == pytest.approx(0.3)
        assert watched(call, bernoulli=False)[1] == []
    assert watched(lambda: torch.bernoulli(torch.tensor([0.2, 0.7])))[1] == []
