"""Integrated gradients: closed forms, completeness, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor
from alignlab.transparency.gradients import integrated_gradients
from alignlab.transparency.gradients.paths import KRONROD


class Of(nn.Module):
    """A module around a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def perceptron(act=nn.ReLU, inputs=6, outputs=3, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, 24), act(), nn.Linear(24, 24), act(), nn.Linear(24, outputs)
    )


def rows(n=12, d=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_the_rules_are_exact_for_polynomials_of_their_degree():
    knots, kronrod, gauss = KRONROD
    for power in range(12):
        assert kronrod @ knots**power == pytest.approx(1 / (power + 1), abs=1e-15)
        if power < 6:
            assert gauss @ knots**power == pytest.approx(1 / (power + 1), abs=1e-15)
    assert abs(kronrod @ knots**12 - 1 / 13) > 1e-9


def test_a_linear_module_gives_slope_times_difference():
    layer = nn.Linear(6, 1)
    X, base = rows(), rows(1, seed=1)[0]
    result = integrated_gradients(layer, X, baseline=base)
    assert result.values == pytest.approx((X - base) * layer.weight.detach().numpy(), abs=1e-14)
    assert result.relative_gap < 1e-12
    assert result.method == "integrated gradients, float64"


def test_a_product_is_shared_equally_and_a_square_is_its_own():
    # f = 3 x0 x1 + x2^2 from b: each factor's share is 3 (x - b) times the mean of the other.
    module = Of(lambda x: 3 * x[:, 0] * x[:, 1] + x[:, 2] ** 2)
    X, b = rows(9, 3), np.array([0.5, -1.0, 2.0])
    result = integrated_gradients(module, X, baseline=b)
    away, middle = X - b, (X + b) / 2
    wanted = np.stack(
        [
            3 * away[:, 0] * middle[:, 1],
            3 * away[:, 1] * middle[:, 0],
            X[:, 2] ** 2 - b[2] ** 2,
        ],
        axis=1,
    )
    assert result.values == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("act", [nn.ReLU, nn.Tanh, nn.GELU, nn.LeakyReLU, nn.SiLU, nn.Hardtanh])
def test_it_is_complete_to_one_in_a_million(act):
    result = integrated_gradients(perceptron(act), 2 * rows(), baseline=0.0)
    away = result.answers - result.base
    gap = result.answers - result.base - result.values.sum(axis=1)
    assert np.abs(gap / away).max() < 1e-6
    assert not result.notes


def test_each_input_is_right_and_not_their_sum_alone():
    """Errors that cancel in the sum: the answer never moves, so any rule looks complete."""
    module = Of(lambda x: torch.relu(x[:, 0] - 0.3) - torch.relu(x[:, 1] - 0.3))
    result = integrated_gradients(module, np.array([[1.0, 1.0]]), baseline=0.0)
    assert result.values == pytest.approx(np.array([[0.7, -0.7]]), abs=1e-3 * 0.7)


def test_a_kink_is_found_in_few_evaluations():
    module = Of(lambda x: torch.relu(x[:, 0] + x[:, 1] - 0.734))
    result = integrated_gradients(module, np.array([[1.0, 1.0]]), baseline=0.0)
    assert result.values == pytest.approx(np.full((1, 2), 0.633), abs=1e-9)
    assert result.evaluations < 80


def test_a_wide_network_takes_a_few_evaluations_for_each_of_its_kinks():
    """256 units with a kink each at most; splitting at ends of pieces took three times as many."""
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Linear(6, 256), nn.ReLU(), nn.Linear(256, 1))
    result = integrated_gradients(wide, rows(), baseline=0.3)
    assert result.relative_gap < 1e-6
    assert result.evaluations / 12 < 256 * 10


def test_where_the_evaluations_end_the_values_are_near_those_of_even_steps():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3),
                        nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 2)).double()  # fmt: skip
    image = np.random.default_rng(0).random((1, 3, 14, 14))
    result = integrated_gradients(net, image, baseline=0.0, max_evaluations=1_500, target=0)
    assert "reached max_evaluations" in result.notes[0]
    steps = (torch.arange(6_000, dtype=torch.float64) + 0.5) / 6_000
    points = (steps.reshape(-1, 1, 1, 1) * torch.as_tensor(image)).requires_grad_(True)
    (slopes,) = torch.autograd.grad(net(points)[:, 0].sum(), points)
    wanted = image[0] * slopes.mean(dim=0).numpy()
    assert np.abs(result.values[0] - wanted).max() < 2e-3 * np.abs(wanted).max()


def test_it_agrees_with_a_plain_sum_of_many_steps():
    net, X = perceptron(nn.ReLU).double(), rows(4)
    result = integrated_gradients(net, X, baseline=0.0, target=1)
    steps = (torch.arange(40_000, dtype=torch.float64) + 0.5) / 40_000
    for x, values in zip(torch.as_tensor(X), result.values, strict=True):
        points = (steps[:, None] * x).requires_grad_(True)
        (slopes,) = torch.autograd.grad(net(points)[:, 1].sum(), points)
        assert values == pytest.approx((x * slopes.mean(dim=0)).numpy(), abs=2e-4)


def test_the_module_and_torch_are_left_as_they_were():
    net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    net.train()
    net[2].eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state = torch.random.get_rng_state()
    first = integrated_gradients(net, rows(), baseline=0.0)
    again = integrated_gradients(net, rows(), baseline=0.0)
    assert (first.values == again.values).all()
    assert [part.training for part in net.modules()] == [True, True, True, False, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(each.grad is None and each.dtype == torch.float32 for each in net.parameters())
    assert torch.equal(state, torch.random.get_rng_state())


def test_it_works_under_no_grad_and_inference_mode_and_with_frozen_weights():
    net = perceptron().requires_grad_(False)
    wanted = integrated_gradients(net, rows(), baseline=0.0).values
    with torch.inference_mode():
        assert (integrated_gradients(net, rows(), baseline=0.0).values == wanted).all()


class Twice(nn.Module):
    """One layer under two names, and one weight in two layers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.other, self.out = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 1)
        self.again = self.first
        self.other.weight = self.first.weight

    def forward(self, x):
        return self.out(torch.tanh(self.again(self.other(torch.relu(self.first(x))))))


def test_layers_and_weights_used_twice_are_read_right_and_left_as_they_were():
    net = Twice()
    held = list(net.parameters())
    result = integrated_gradients(net, rows(), baseline=0.0)
    assert result.method.endswith("float64")
    assert result.relative_gap < 1e-6
    own = net(torch.as_tensor(rows(), dtype=torch.float32))[:, 0].detach().numpy()
    assert result.answers == pytest.approx(own, abs=1e-5)
    assert all(a is b for a, b in zip(net.parameters(), held, strict=True))
    assert all(each.dtype == torch.float32 for each in net.parameters())
    assert net.other.weight is net.first.weight


def test_a_module_that_works_in_place_is_explained_alike():
    plain = nn.Sequential(nn.ReLU(), nn.Linear(6, 2))
    inplace = nn.Sequential(nn.ReLU(inplace=True), plain[1])
    X = rows()
    kept = X.copy()
    wanted = integrated_gradients(plain, X, baseline=0.1).values
    assert (integrated_gradients(inplace, X, baseline=0.1).values == wanted).all()
    assert (kept == X).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_every_precision_is_complete(dtype):
    result = integrated_gradients(perceptron().to(dtype), rows(), baseline=0.0)
    assert result.relative_gap < 1e-6
    assert result.method.endswith("float64")


def test_a_module_that_insists_on_its_precision_is_taken_in_it():
    net = perceptron()
    result = integrated_gradients(Of(net), rows(), baseline=0.0)
    insists = Of(lambda x: net(x.float()))
    own = integrated_gradients(insists, rows(), baseline=0.0)
    assert own.method.endswith("float32")
    assert own.values == pytest.approx(result.values, abs=1e-4)


def test_many_rows_go_at_once_and_one_by_one_alike():
    net, X = perceptron(), rows(40)
    together = integrated_gradients(net, X, baseline=0.0, target=0)
    few = integrated_gradients(net, X[:3], baseline=0.0, target=0, batch_rows=5)
    assert few.values == pytest.approx(together.values[:3], rel=1e-9)


def test_large_batches_are_asked():
    calls = []
    net = perceptron(nn.Tanh)
    net.register_forward_hook(lambda *_: calls.append(1))
    result = integrated_gradients(net, rows(500), baseline=0.0)
    assert len(calls) < 60 < result.evaluations / 100


def test_the_baseline_may_be_a_row_rows_or_the_mean_of_a_background():
    net, X = perceptron(), rows()
    background = rows(20, seed=3)
    mean = background.mean(axis=0)
    wanted = integrated_gradients(net, X, baseline=mean, target=0).values
    by_rows = integrated_gradients(net, X, baseline=np.tile(mean, (12, 1)), target=0)
    by_background = integrated_gradients(net, X, background=background, target=0)
    assert by_rows.values == pytest.approx(wanted, abs=1e-12)
    assert by_background.values == pytest.approx(wanted, abs=1e-12)


def test_frames_are_read_by_their_columns_names():
    net = perceptron()
    frame = pd.DataFrame(rows(), columns=list("abcdef"))
    wanted = integrated_gradients(net, frame.to_numpy(), baseline=0.0, target=0).values
    other = frame[list("fedcba")]
    result = integrated_gradients(net, frame, background=other, target=0)
    assert result.features == tuple("abcdef")
    mean = frame.to_numpy().mean(axis=0)
    assert result.values == pytest.approx(
        integrated_gradients(net, frame.to_numpy(), baseline=mean, target=0).values, abs=1e-12
    )
    predictor = as_predictor(net, classes=["x", "y", "z"], features=list("abcdef"))
    named = integrated_gradients(predictor, other, baseline=0.0, target="x")
    assert named.values == pytest.approx(wanted, abs=1e-12)
    assert named.output_names == ("x", "y", "z")
    base = pd.Series(np.arange(6.0), index=list("fedcba"))
    wanted = integrated_gradients(net, frame.to_numpy(), baseline=np.arange(6.0)[::-1], target=0)
    for given in (base, base.to_frame().T):
        by_name = integrated_gradients(predictor, other, baseline=given, target="x")
        assert by_name.values == pytest.approx(wanted.values, abs=1e-12)


def test_logits_by_default_since_saturated_probabilities_are_flat():
    layer = nn.Linear(1, 2, bias=False)
    layer.weight.data = torch.tensor([[0.0], [60.0]])
    X = np.array([[1.0]])
    logit = integrated_gradients(layer, X, baseline=0.9)
    flat = integrated_gradients(layer, X, baseline=0.9, scale="probability")
    assert logit.values[0, 0] == pytest.approx(6)
    assert flat.values[0, 0] < 1e-20


def test_the_scales_are_the_functions_that_they_say():
    net, X = perceptron(outputs=4), rows()
    z = net(torch.as_tensor(X, dtype=torch.float32)).double().detach().numpy()
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    wanted = {"logit": z, "probability": p, "log odds": np.log(p / (1 - p))}
    for scale, outputs in wanted.items():
        result = integrated_gradients(net, X, baseline=0.0, scale=scale, target=2)
        assert result.answers == pytest.approx(outputs[:, 2], abs=1e-5)
        assert result.relative_gap < 1e-6


def test_the_first_of_two_classes_is_the_other_side_of_the_second():
    net = perceptron(outputs=1)
    predictor = as_predictor(net, classes=["no", "yes"])
    yes = integrated_gradients(predictor, rows(), baseline=0.0)
    no = integrated_gradients(predictor, rows(), baseline=0.0, target="no")
    assert yes.output_names[yes.targets[0]] == "yes"
    assert (no.values == -yes.values).all()


def test_where_no_target_is_named_each_row_explains_its_largest_output():
    net, X = perceptron(outputs=4), rows()
    result = integrated_gradients(net, X, baseline=0.0)
    z = net(torch.as_tensor(X, dtype=torch.float32)).detach()
    assert (result.targets == z.argmax(dim=1).numpy()).all()
    assert result.answers == pytest.approx(z.max(dim=1).values.numpy(), abs=1e-5)


def test_what_is_not_reached_is_said():
    result = integrated_gradients(perceptron(), rows(), baseline=0.0, max_evaluations=60)
    assert result.relative_gap > 1e-6
    assert "12 of 12 rows reached max_evaluations" in result.notes[0]


def test_images_of_odd_sizes():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    images = np.random.default_rng(0).random((2, 1, 7, 11))
    result = integrated_gradients(net, images, baseline=0.0)
    assert result.values.shape == images.shape
    assert result.relative_gap < 1e-6


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.words(x.long()).mean(dim=1))


class Placed(nn.Module):
    """Looks up places, which do not depend on the rows."""

    def __init__(self):
        super().__init__()
        self.places = nn.Embedding(6, 1)

    def forward(self, x):
        return (x * self.places(torch.arange(6))[:, 0]).sum(dim=1)


def test_an_embedding_of_places_is_no_obstacle():
    assert integrated_gradients(Placed(), rows(), baseline=0.0).relative_gap < 1e-9


def gone(x):
    with torch.no_grad():
        return x.sum(dim=1)


def overwritten(x):
    y = torch.exp(x)
    z = y.sum(dim=1)
    y += 1
    return z + torch.exp(x).sigmoid_().sum(dim=1) * 0 + (y * 0).sum(dim=1)


@pytest.mark.parametrize(
    ("module", "X", "options", "error", "said"),
    [
        (nn.Linear(6, 1), rows(), {}, InputError, "State what the rows are compared with"),
        (nn.Linear(6, 1), rows(), {"baseline": 0.0, "background": rows()}, InputError, "State"),
        (nn.Linear(6, 1), rows().astype(int), {"baseline": 0.0}, InputError, "astype(float)"),
        (nn.Linear(6, 1), torch.ones(2, 6, dtype=torch.long), {"baseline": 0.0}, InputError, "X"),
        (nn.Linear(6, 1), rows() * np.nan, {"baseline": 0.0}, InputError, "first in row 0"),
        (nn.Linear(6, 1), rows(0), {"baseline": 0.0}, InputError, "no rows"),
        (nn.Linear(6, 1), rows(), {"baseline": rows(3)}, InputError, "shape (6,)"),
        (nn.Linear(6, 1), rows(), {"baseline": 0.0, "tolerance": 2}, InputError, "tolerance=2"),
        (nn.Linear(6, 1), rows(), {"baseline": 0.0, "tolerance": "a"}, InputError, "tolerance='a'"),
        (nn.Linear(6, 1), rows(), {"baseline": 0.0, "max_evaluations": 0}, InputError, "from 1"),
        (nn.Linear(6, 1), rows(), {"baseline": 0.0, "batch_rows": 2.5}, InputError, "batch_rows"),
        (nn.Linear(6, 1), rows(), {"baseline": float("nan")}, InputError, "not a finite number"),
        (nn.Linear(6, 1), rows(), {"baseline": ["a"] * 6}, InputError, "baseline holds"),
        (nn.Linear(6, 1), np.array(1.0), {"baseline": 0.0}, InputError, "single number"),
        (nn.Linear(6, 1), rows(), {"baseline": 0.0, "scale": "odds"}, InputError, "scale='odds'"),
        (nn.Linear(6, 3), rows(), {"baseline": 0.0, "target": 3}, InputError, "3 outputs"),
        (nn.Linear(5, 1), rows(), {"baseline": 0.0}, ModelError, "shapes cannot be multiplied"),
        (Tokens(), rows() ** 2, {"baseline": 5.0}, InputError, "embedding 'words'"),
        (Of(gone), rows(), {"baseline": 0.0}, ModelError, "no_grad"),
        (Of(lambda x: x.detach().sum(dim=1)), rows(), {"baseline": 0.0}, ModelError, "detach"),
        (Of(overwritten), rows(), {"baseline": 0.0}, ModelError, "inplace operation"),
        (Of(lambda x: (x, x)), rows(), {"baseline": 0.0}, ModelError, "returned tuple"),
        (object(), rows(), {"baseline": 0.0}, InputError, "has no gradients"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_refused_in_one_line(module, X, options, error, said):
    with pytest.raises(error) as caught:
        integrated_gradients(module, X, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
