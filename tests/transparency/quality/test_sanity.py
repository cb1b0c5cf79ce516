"""Sanity checks: what follows the model passes, what shows the rows alone fails."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn

from alignlab.errors import InputError
from alignlab.transparency.gradients import integrated_gradients, smooth_gradients
from alignlab.transparency.quality import sanity_check

X = np.random.default_rng(0).normal(size=(30, 12))


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(12, 16),
        nn.BatchNorm1d(16),
        nn.Tanh(),
        nn.Linear(16, 8),
        nn.Tanh(),
        nn.Linear(8, 1),
    )


def slopes(model):
    return lambda rows: smooth_gradients(model, rows, background=X, draws=4).values


def test_slopes_change_with_the_weights_layer_by_layer():
    net = network()
    before = {name: each.clone() for name, each in net.state_dict().items()}
    state = torch.random.get_rng_state()
    found = sanity_check(net, slopes, X, draws=6)
    assert found.passed
    names = [each.name for each in found.steps]
    assert names[:3] == ["the same model", "from layer 5 on", "from layer 3 on"]
    assert names[-1] == "from layer 0 on"
    assert found.steps[0].signed.value == pytest.approx(1)
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())
    assert torch.equal(state, torch.random.get_rng_state())


def test_an_edge_detector_is_caught():
    found = sanity_check(network(), lambda _: lambda rows: rows, X, draws=3)
    assert found.passed is False
    assert "shows the rows more than the model" in found.sentence


def test_what_changes_with_the_same_model_too_is_not_passed():
    rng = np.random.default_rng(0)
    noise = sanity_check(network(), lambda _: lambda rows: rng.normal(size=rows.shape), X, draws=5)
    assert noise.passed is None
    assert "changes as much with the same model" in noise.sentence
    nothing = sanity_check(network(), lambda _: lambda rows: 0 * rows, X, draws=5)
    assert nothing.passed is None


def test_an_explanation_without_an_order_is_refused():
    one = nn.Linear(1, 1)
    with pytest.raises(InputError, match="no order"):
        sanity_check(one, lambda _: lambda rows: rows, X[:, :1])
    with pytest.raises(InputError, match="not finite"):
        sanity_check(network(), lambda _: lambda rows: rows * np.nan, X)
    with pytest.raises(InputError, match="returned a dict"):
        sanity_check(network(), lambda _: lambda rows: {}, X)


def test_only_signs_that_flip_are_no_change_of_sizes():
    """Signed ranks alone would pass an explanation whose sizes never change."""
    flips = iter([1, *[s for s in (1, -1, 1, -1, 1, -1, 1, -1) for _ in range(2)] * 20])

    def explainer_of(model):
        sign = 1 if model is original else next(flips)
        return lambda rows: sign * rows

    original = nn.Sequential(nn.Linear(12, 1))
    found = sanity_check(original, explainer_of, X, draws=8)
    assert found.steps[-1].sizes.value == pytest.approx(1)
    assert found.passed is False


def test_labels_are_shuffled_where_there_is_a_fit():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, 12))
    labels = rows @ np.arange(12.0) + rng.normal(size=300)

    def fit(a, b):
        return LinearRegression().fit(a, b)

    found = sanity_check(
        fit(rows, labels), lambda m: lambda r: np.tile(m.coef_, (len(r), 1)), X,
        fit=fit, training=(rows, labels), draws=12,
    )  # fmt: skip
    same, shuffled = found.steps
    assert (same.name, shuffled.name) == ("the same labels", "shuffled labels")
    assert same.signed.low > 0.9
    assert abs(shuffled.signed.value) < 0.4
    assert found.kind == "labels"


def test_the_same_seed_gives_the_same_bytes_and_charts():
    def explainer_of(net):
        return lambda rows: integrated_gradients(net, rows, baseline=0.0)

    first, second = (sanity_check(network(), explainer_of, X[:5], draws=2) for _ in range(2))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
    assert first.chart().svg() == second.chart().svg()
    assert list(first.to_frame().columns)[:4] == ["step", "signed", "signed_low", "signed_high"]


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (LinearRegression(), {}, "Give fit=…"),
        (nn.Sequential(nn.ReLU()), {}, "has no weights"),
        (nn.Linear(12, 1), {"draws": 1}, "draws=1"),
        (nn.Linear(12, 1), {"limit": 2}, "limit=2"),
        (nn.Linear(12, 1), {"fit": min}, "go together"),
        (nn.Linear(12, 1), {"fit": min, "training": ([1], [1, 2])}, "1 rows and 2 labels"),
    ],
)
def test_what_cannot_be_done_is_refused(model, options, said):
    with pytest.raises(InputError) as caught:
        sanity_check(model, lambda _: lambda rows: rows, X, **options)
    assert said in str(caught.value)


def test_an_explainer_of_another_shape_is_refused():
    with pytest.raises(InputError, match="attributions of shape"):
        sanity_check(nn.Linear(12, 1), lambda _: lambda rows: rows[:3], X)
