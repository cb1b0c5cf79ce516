"""Dropout at prediction time, against the honest loop and against all masks."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import special
from sklearn.dummy import DummyClassifier
from torch import nn
from torch.nn import functional

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor
from alignlab.predictors.model_folder import trained_predictor
from alignlab.predictors.table_encoding import TableEncoding
from alignlab.uncertainty.posterior import dropout_passes, mc_dropout

DROPS = nn.modules.dropout._DropoutNd
PASSES = 300


class FunctionalNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)

    def forward(self, x):
        hidden = self.norm(functional.relu(self.first(x)))
        return self.last(functional.dropout(hidden, 0.3, self.training))


class Attention(nn.Module):
    def __init__(self, rows_first, weights):
        super().__init__()
        self.inner = nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=rows_first)
        self.last, self.rows_first, self.weights = nn.Linear(8, 3), rows_first, weights

    def forward(self, x):
        x = x if self.rows_first else x.transpose(0, 1)
        seen = self.inner(x, x, x, need_weights=self.weights)[0]
        return self.last(seen.mean(1 if self.rows_first else 0))


class Sequence(nn.Module):
    def __init__(self, inner, width=8, *, rows_first=True):
        super().__init__()
        self.inner, self.last, self.rows_first = inner, nn.Linear(width, 3), rows_first

    def forward(self, x):
        seen = self.inner(x if self.rows_first else x.transpose(0, 1))
        seen = seen[0] if isinstance(seen, tuple) else seen
        return self.last(seen.mean(1 if self.rows_first else 0))


class FusedAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.Linear(8, 24), nn.Linear(8, 3)

    def forward(self, x):
        parts = (t.unflatten(-1, (2, 4)).transpose(1, 2) for t in self.inner(x).chunk(3, -1))
        p = 0.4 if self.training else 0.0
        seen = functional.scaled_dot_product_attention(*parts, dropout_p=p, is_causal=True)
        return self.last(seen.transpose(1, 2).flatten(2).mean(1))


class StochasticDepth(nn.Module):
    def forward(self, x):
        if not self.training:
            return x
        kept = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(0.7)
        return x * kept.div_(0.7)


class Noisy(nn.Module):
    def forward(self, x):
        x = functional.dropout(x, 0.4, self.training)
        return x + 5 * torch.randn_like(x) if self.training else x


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        dropped = functional.dropout(x, 0.5, self.training)
        return self.last(dropped if dropped.sum() > -1e9 else -dropped)


class ReadsAgain(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last, self.drop = nn.Linear(8, 8), nn.Linear(8, 3), nn.Dropout(0.5, True)

    def forward(self, x):
        hidden = self.first(x)
        self.drop(hidden)
        return self.last(hidden)


class DropsWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 8) / 3)

    def forward(self, x):
        return x @ functional.dropout(self.weight, 0.5, self.training).T


class AddsInPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last, self.drop = nn.Linear(8, 8), nn.Linear(8, 3), nn.Dropout(0.5)

    def forward(self, x):
        hidden = self.first(x)
        hidden += self.drop(x)
        return self.last(hidden)


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.drop = nn.Linear(8, 3), nn.Dropout(0.5)

    def forward(self, x):
        said = self.last(self.drop(x))
        return (said, said) if self.training else said


class TimeMajor(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        flat = x.transpose(0, 1).reshape(-1, 8)
        dropped = functional.dropout(flat, 0.5, self.training)
        return self.last(dropped.unflatten(0, (x.shape[1], -1)).mean(0))


class Remembers(nn.Module):
    """Puts a mean of what it has seen, which differs between passes, in place of a buffer."""

    def __init__(self):
        super().__init__()
        self.last, self.drop = nn.Linear(8, 3), nn.Dropout(0.5)
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x):
        dropped = self.drop(x)
        self.mean = 0.9 * self.mean + 0.1 * dropped.mean(0)
        return self.last(dropped if dropped.sum() > -1e9 else -dropped)


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.LSTM(8, 5, 2, batch_first=True, dropout=0.4)
        self.last = nn.Linear(5, 3)

    def forward(self, x):
        lengths = [x.shape[1]] * len(x)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return self.last(self.inner(packed)[1][0][-1])


def encoder_layer(**options):
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, **options)


FLAT, STEPS, IMAGES = (4, 8), (4, 6, 8), (4, 1, 10, 10)
NETS = {
    "layer": (lambda: nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.4), nn.Linear(8, 3)), FLAT),
    "first and in place": (
        lambda: nn.Sequential(
            nn.Dropout(0.2), nn.Linear(8, 8), nn.Dropout(0.4, True), nn.ReLU(True), nn.Linear(8, 3)
        ),
        FLAT,
    ),
    "alpha": (
        lambda: nn.Sequential(nn.Linear(8, 8), nn.SELU(), nn.AlphaDropout(0.4), nn.Linear(8, 3)),
        FLAT,
    ),
    "channels": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3),
            nn.BatchNorm2d(4),
            nn.Dropout2d(0.3),
            nn.Flatten(),
            nn.Linear(256, 3),
        ),
        IMAGES,
    ),
    "alpha channels": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.FeatureAlphaDropout(0.3), nn.Flatten(), nn.Linear(256, 3)
        ),
        IMAGES,
    ),
    "channels of steps": (lambda: Sequence(nn.Dropout1d(0.3)), STEPS),
    "function": (FunctionalNet, FLAT),
    "attention": (lambda: Attention(True, True), STEPS),
    "fused attention in a layer": (lambda: Attention(False, False), STEPS),
    "fused attention": (FusedAttention, STEPS),
    "encoder": (lambda: Sequence(nn.TransformerEncoder(encoder_layer(batch_first=True), 2)), STEPS),
    "encoder layer": (lambda: Sequence(encoder_layer(), rows_first=False), STEPS),
    "lstm": (
        lambda: Sequence(
            nn.LSTM(8, 5, 3, dropout=0.4, bidirectional=True, proj_size=2), 4, rows_first=False
        ),
        STEPS,
    ),
    "gru": (
        lambda: Sequence(
            nn.Sequential(nn.Dropout(0.2), nn.GRU(8, 5, 2, batch_first=True, dropout=0.4)), 5
        ),
        STEPS,
    ),
    "rnn": (lambda: Sequence(nn.RNN(8, 5, 2, dropout=0.4), 5, rows_first=False), STEPS),
    "stochastic depth": (
        lambda: nn.Sequential(nn.Linear(8, 8), StochasticDepth(), nn.Linear(8, 3)),
        FLAT,
    ),
    "weights": (DropsWeights, FLAT),
    "branching": (Branching, FLAT),
    "reads again": (ReadsAgain, FLAT),
    "adds in place": (AddsInPlace, FLAT),
    "two outputs": (TwoOutputs, FLAT),
    "remembers": (Remembers, FLAT),
    "time major": (TimeMajor, STEPS),
    "packed": (Packed, STEPS),
}
FROM_THE_START = {"branching", "remembers", "reads again", "adds in place", "packed"}
REASONS = {
    "reads again": "computed from the start (it reads again what dropout changes in place)",
    "packed": "computed from the start (it packs sequences of unequal length)",
}
UNKNOWN_ROWS = {"time major", "packed"}


def made(name):
    torch.manual_seed(0)
    build, shape = NETS[name]
    return build().double().eval(), torch.randn(shape, dtype=torch.float64)


def honest_loop(net, rows, passes):
    """Dropout alone in training mode, one pass after another."""
    for part in net.modules():
        only_drops = not isinstance(part, nn.modules.batchnorm._NormBase | TwoOutputs)
        part.training = only_drops
    with torch.no_grad():
        found = torch.stack([net(rows.clone()) for _ in range(passes)])
    net.eval()
    return special.softmax(found.numpy(), axis=2)


@pytest.mark.parametrize("name", NETS)
def test_moments_are_those_of_the_honest_loop(name):
    net, rows = made(name)
    drawn = mc_dropout(net, rows, PASSES, classes=range(3))
    loop = honest_loop(net, rows, PASSES)
    error = np.sqrt((loop.var(axis=0) + drawn.epistemic) / PASSES)
    assert np.all(np.abs(drawn.mean - loop.mean(axis=0)) < 4.5 * error + 1e-12)
    for one, other in ((drawn.samples, loop), (loop, drawn.samples)):
        fourth = ((other - other.mean(axis=0)) ** 4).mean(axis=0)
        error = np.sqrt(2 * fourth / PASSES)
        gap = one.var(axis=0) - other.var(axis=0)
        assert np.all(np.abs(gap) < 4.5 * error + 1e-12)
    assert ("from the start" in drawn.kind) == (name in FROM_THE_START)
    assert REASONS.get(name, "") in drawn.kind
    assert ("left in evaluation" in drawn.kind) == (name == "two outputs")


@pytest.mark.parametrize("name", sorted(set(NETS) - UNKNOWN_ROWS))
def test_neither_memory_nor_the_way_changes_a_number(name, monkeypatch):
    net, rows = made(name)
    whole = mc_dropout(net, rows, 12, classes=range(3)).samples
    parts = mc_dropout(net, rows, 12, classes=range(3), memory=8000).samples
    np.testing.assert_allclose(parts, whole, atol=1e-6)

    def unmappable(*_):
        raise NotImplementedError("no rule")

    monkeypatch.setattr(dropout_passes, "mapped_passes", unmappable)
    repeated = mc_dropout(net, rows, 12, classes=range(3))
    np.testing.assert_allclose(repeated.samples, whole, atol=1e-12)
    assert "no rule" in repeated.kind


@pytest.mark.parametrize("name", sorted(set(NETS) - UNKNOWN_ROWS))
def test_rows_may_share_their_masks(name):
    net, rows = made(name)
    same = rows[:1].repeat(4, *(1,) * (rows.ndim - 1))
    shared = mc_dropout(net, same, 20, classes=range(3), consistent=True)
    np.testing.assert_allclose(shared.samples, shared.samples[:, :1].repeat(4, 1), atol=1e-12)
    assert shared.joint
    own = mc_dropout(net, same, 20, classes=range(3))
    assert not own.joint
    if name != "weights":
        assert np.ptp(own.samples, axis=1).max() > 1e-6


@pytest.mark.parametrize("name", sorted(UNKNOWN_ROWS))
def test_masks_that_cannot_be_shared_are_refused(name):
    net, rows = made(name)
    with pytest.raises(InputError, match="does not tell the rows apart"):
        mc_dropout(net, rows, 20, classes=range(3), consistent=True)


def test_all_masks_of_a_small_network():
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.3), nn.Linear(4, 3), nn.Dropout(0.5)
    )
    net = nn.Sequential(net, nn.Linear(3, 2)).double()
    rows = torch.randn(2, 3, dtype=torch.float64)
    inner, last = net[0], net[1]
    with torch.no_grad():
        hidden = inner[1](inner[0](rows))
        mean, entropy = 0.0, 0.0
        for first in itertools.product([0, 1], repeat=4):
            for second in itertools.product([0, 1], repeat=3):
                chance = np.prod(np.where(first, 0.7, 0.3)) * 0.5**3
                dropped = inner[3](hidden * torch.tensor(first) / 0.7)
                said = last(dropped * torch.tensor(second) / 0.5).softmax(1).numpy()
                mean = mean + chance * said
                entropy = entropy + chance * special.entr(said).sum(axis=1)
    information = special.entr(mean).sum(axis=1) - entropy
    drawn = mc_dropout(net, rows, 20_000, classes=("no", "yes"))
    assert np.all(np.abs(drawn.mean - mean) < 4 * drawn.standard_error)
    gap = drawn.mutual_information - information
    assert np.all(np.abs(gap) < 4 * drawn.mutual_information_error)
    # The error is small against what is measured, so that the test can fail.
    assert np.all(drawn.mutual_information_error < 0.05 * information)


def test_batch_norm_is_not_touched_and_nothing_is_left_changed():
    net, rows = made("function")
    net.norm.running_mean.fill_(0.3)
    net.train()
    net.norm.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    flags = [part.training for part in net.modules()]
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    drawn = mc_dropout(net, rows, 10, classes=range(3))
    assert torch.equal(torch.rand(3), wanted)
    assert [part.training for part in net.modules()] == flags
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    # A row's answers do not depend on the rows beside it, as they would with batch statistics.
    alone = mc_dropout(net, rows[:1], 10, classes=range(3))
    np.testing.assert_allclose(alone.samples[:, 0], drawn.samples[:, 0], atol=1e-12)


class Keeps(nn.Module):
    """Keeps a context and the last activation seen, drops both in place, and may fail."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 3)
        self.drop = nn.Dropout(0.5, inplace=True)
        self.context = torch.ones(8)
        self.fail = False
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        self.seen = self.drop(self.first(x))
        if self.fail and len(x) > 3:
            raise ValueError("out of luck")
        return self.last(self.seen + self.drop(self.context))


@pytest.mark.parametrize("mapped", [True, False])
def test_dropout_in_place_does_not_spoil_what_is_kept(mapped, monkeypatch):
    torch.manual_seed(0)
    net, rows = Keeps(), torch.randn(4, 8)
    drawn = mc_dropout(net, rows, 50, classes=range(3))
    if not mapped:

        def unmappable(*_):
            raise NotImplementedError("no rule")

        monkeypatch.setattr(dropout_passes, "mapped_passes", unmappable)
        repeated = mc_dropout(net, rows, 50, classes=range(3))
        np.testing.assert_allclose(repeated.samples, drawn.samples, atol=1e-6)
    assert net.context.tolist() == [1] * 8
    assert not hasattr(net, "seen")
    assert float(net.calls) == 0


def test_everything_is_put_back_after_an_exception():
    net, rows = Keeps().train(), torch.randn(5, 8)
    net.fail = True
    state = torch.get_rng_state()
    with pytest.raises(ModelError, match="out of luck"):
        mc_dropout(net, rows, 10, classes=range(3))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in net.modules())
    assert float(net.calls) == 0
    assert not hasattr(net, "seen")


def test_noise_is_not_dropout():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 8), Noisy(), nn.Linear(8, 3)).double()
    rows = torch.randn(4, 8, dtype=torch.float64)
    drawn = mc_dropout(net, rows, 400, classes=range(3))
    assert drawn.kind.endswith("Noisy left in evaluation mode")
    quiet = nn.Sequential(net[0], nn.Dropout(0.4), net[2])
    np.testing.assert_allclose(
        drawn.samples, mc_dropout(quiet, rows, 400, classes=range(3)).samples, atol=1e-12
    )


def test_the_prefix_is_computed_once():
    asked = []
    net = nn.Sequential(nn.Linear(8, 8), nn.Dropout(), nn.Linear(8, 3))
    net[0].register_forward_hook(lambda module, args, out: asked.append(out.numel()))
    drawn = mc_dropout(net, torch.randn(50, 8), 100, classes=range(3))
    assert asked.count(50 * 8) == 1
    assert sum(asked) <= 56 * 8  # and a few rows to learn where dropout is
    assert drawn.evaluations == 5000


def test_memory_bounds_the_tensors():
    sizes = []
    net = nn.Sequential(nn.Dropout(), nn.Linear(8, 64), nn.Linear(64, 3))

    class Largest(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                sizes.append(out.untyped_storage().nbytes())
            return out

    rows = torch.randn(200, 8)
    for memory in (2**22, 2**17):
        sizes.clear()
        with Largest():
            mc_dropout(net, rows, 100, classes=range(3), memory=memory)
        assert memory / 16 < max(sizes) <= memory / 4


def test_samples_take_single_precision_where_memory_asks():
    net, rows = made("layer")
    assert mc_dropout(net, rows, 20, classes=range(3)).samples.dtype == np.float64
    assert mc_dropout(net, rows, 20, classes=range(3), memory=1000).samples.dtype == np.float32


def test_compiled_parts_run_as_they_were_written():
    net, rows = made("layer")
    wanted = mc_dropout(net, rows, 20, classes=range(3)).samples
    inner = nn.Sequential(torch.compile(net[:2], backend="eager"), net[2])
    whole = torch.compile(net, backend="eager")
    itself, _ = made("layer")
    itself.compile(backend="eager")
    for each in (inner, whole, itself):
        found = mc_dropout(each, rows, 20, classes=range(3)).samples
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_scripted_module_shows_no_dropout():
    with pytest.warns(DeprecationWarning, match="deprecated"):
        net = torch.jit.script(nn.Sequential(nn.Dropout(), nn.Linear(8, 3)))
    with pytest.raises(InputError, match="has no dropout to switch on"):
        mc_dropout(net, torch.randn(4, 8), 10, classes=range(3))


def test_seeds():
    net, rows = made("layer")
    one, same, other = (
        mc_dropout(net, rows, 20, classes=range(3), seed=seed).samples for seed in (0, 0, 1)
    )
    assert one.tobytes() == same.tobytes()
    assert np.abs(one - other).max() > 0.01
    generators = [np.random.default_rng(4) for _ in range(2)]
    drawn = [mc_dropout(net, rows, 20, classes=range(3), seed=g).samples for g in generators]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_any_number_of_rows(n):
    net, _ = made("attention")
    rows = torch.randn(7, 6, 8, dtype=torch.float64)
    whole = mc_dropout(net, rows, 15, classes=range(3)).samples
    few = mc_dropout(net, rows[:n], 15, classes=range(3)).samples
    np.testing.assert_allclose(few, whole[:, :n], atol=1e-12)


def test_tables_predictors_and_regression():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 1))
    frame = pd.DataFrame({"b": [1.0, 2.0], "other": ["x", "y"], "a": [0.5, 0.1]})
    model = as_predictor(net, task="regression", features=["a", "b"])
    drawn = mc_dropout(model, frame, 30, noise_variance=0.25)
    plain = mc_dropout(net, frame[["a", "b"]].to_numpy(), 30, task="regression")
    np.testing.assert_array_equal(drawn.samples, plain.samples)
    assert drawn.samples.shape == (30, 2)
    np.testing.assert_allclose(drawn.aleatoric, 0.25)
    binary = mc_dropout(net, frame[["a", "b"]], 30, classes=("no", "yes"))
    np.testing.assert_allclose(binary.samples[..., 1], special.expit(plain.samples), atol=1e-7)
    with pytest.raises(InputError, match="reads the column 'a'"):
        mc_dropout(model, frame[["b"]], 30)


class ZeroedInput(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x * 0, 0.5, self.training)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nn.Linear(8, 3), "has no dropout to switch on"),
        (nn.Sequential(nn.Dropout(0.0), nn.Linear(8, 3)), "has no dropout to switch on"),
        (nn.Sequential(nn.BatchNorm1d(8), nn.RReLU(), nn.Linear(8, 3)), "has no dropout"),
        (nn.Sequential(nn.Linear(8, 3), ZeroedInput()), "no answer depends on them"),
        (DummyClassifier().fit([[0], [1]], [0, 1]), "mc_dropout works on torch modules"),
    ],
)
def test_no_randomness_is_an_error_and_not_certainty(net, message):
    classes = None if isinstance(net, DummyClassifier) else range(3)
    with pytest.raises(InputError, match=message):
        mc_dropout(net, torch.randn(4, 8), 10, classes=classes)


def test_arguments_that_cannot_be_used():
    net, rows = made("layer")
    for passes in (1, 10.5, "10", True):
        with pytest.raises(InputError, match="is not a whole number from 2"):
            mc_dropout(net, rows, passes, classes=range(3))
    with pytest.raises(InputError, match=r"noise_variance has shape \(2,\)"):
        mc_dropout(
            nn.Sequential(net, nn.Linear(3, 1)).double(),
            rows,
            10,
            task="regression",
            noise_variance=[1.0, 2.0],
        )
    with pytest.raises(InputError, match="memory=0"):
        mc_dropout(net, rows, 10, classes=range(3), memory=0)
    with pytest.raises(InputError, match="seed=-1"):
        mc_dropout(net, rows, 10, classes=range(3), seed=-1)
    with pytest.raises(InputError, match="no rows in X"):
        mc_dropout(net, rows[:0], 10, classes=range(3))
    with pytest.raises(InputError, match="Name classes"):
        mc_dropout(net, rows, 10)
    with pytest.raises(InputError, match="does not fit the 7 columns"):
        mc_dropout(net, rows[:, :7], 10, classes=range(3))
    with pytest.raises(ModelError, match="4 logits a row were expected"):
        mc_dropout(net, rows, 10, classes=range(4))


class OneAnswer(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.drop = nn.Linear(8, 3), nn.Dropout(0.5)

    def forward(self, x):
        return self.last(self.drop(x)).mean(0, keepdim=True)


def test_one_answer_for_all_rows_is_not_handed_to_each():
    with pytest.raises(ModelError, match=r"shape \(1, 3\) for 4 rows"):
        mc_dropout(OneAnswer(), torch.randn(4, 8), 10, classes=range(3))


def test_arrays_that_run_backwards_and_lists():
    net, rows = made("layer")
    backwards = rows.numpy()[::-1]
    found = mc_dropout(net, backwards, 10, classes=range(3)).samples
    again = mc_dropout(net, backwards.tolist(), 10, classes=range(3)).samples
    np.testing.assert_array_equal(found, again)


def test_rows_that_are_encoded_before_the_module():
    frame = pd.DataFrame({"n": [1.0, 2.0, 4.0], "c": ["x", "y", "x"]})
    encoding = TableEncoding.fitted(frame)
    net = nn.Sequential(nn.Linear(encoding.width, 8), nn.Dropout(), nn.Linear(8, 2))
    model = trained_predictor(net, inputs=encoding, classes=("no", "yes"))
    with pytest.raises(InputError, match="encodes its rows before its module sees them"):
        mc_dropout(model, frame, 10)
    drawn = mc_dropout(net, encoding.encode(frame), 10, classes=model.classes)
    assert drawn.samples.shape == (10, 3, 2)
