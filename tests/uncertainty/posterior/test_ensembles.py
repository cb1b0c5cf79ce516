"""Deep ensembles: asked as each member would answer alone."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError, ModelError
from alignlab.uncertainty.posterior.ensembles import deep_ensemble

CLASSES = ("a", "b", "c")


def member(seed, outputs=3):
    torch.manual_seed(seed)
    made = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, outputs)
    )
    made[1].running_mean[:] = torch.randn(6)
    made[1].running_var[:] = torch.rand(6) + 0.5
    return made


class Scaled(nn.Module):
    """Holds a number that is no tensor."""

    def __init__(self, seed, scale):
        super().__init__()
        self.inner, self.scale = member(seed), scale

    def forward(self, x):
        return self.scale * self.inner(x)


class Twice(nn.Module):
    """A layer that stands under two names."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Linear(4, 4)
        self.again = self.layer
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.again(torch.relu(self.layer(x))))


class Branching(nn.Module):
    def __init__(self, seed):
        super().__init__()
        self.inner = member(seed)

    def forward(self, x):
        out = self.inner(x)
        return out if bool(out.sum() > 0) else 2 * out


def rows(n=9):
    return np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)


def alone(module, X):
    module = copy.deepcopy(module).eval()
    with torch.no_grad():
        return torch.softmax(module(torch.from_numpy(X)).double(), dim=1).numpy()


@pytest.mark.parametrize("stacked", [True, False, None])
def test_each_pass_is_a_member_alone(stacked):
    members, X = [member(seed) for seed in range(4)], rows()
    drawn = deep_ensemble(members, X, classes=CLASSES, stacked=stacked)
    expected = np.stack([alone(each, X) for each in members])
    np.testing.assert_allclose(drawn.samples, expected, atol=1e-6)
    np.testing.assert_allclose(drawn.mean, expected.mean(axis=0), atol=1e-6)
    assert ("stacked" in drawn.kind) is bool(stacked)
    assert drawn.evaluations == 4 * (9 + 2 * bool(stacked))


@pytest.mark.parametrize("stacked", [True, False])
def test_batches_change_nothing(stacked, monkeypatch):
    members, X = [member(seed) for seed in range(3)], rows()
    whole = deep_ensemble(members, X, classes=CLASSES, stacked=stacked)
    monkeypatch.setattr("alignlab.uncertainty.posterior.asking.MOST_ROWS", 4)
    parts = deep_ensemble(members, X, classes=CLASSES, stacked=stacked)
    np.testing.assert_allclose(parts.samples, whole.samples, atol=1e-6)


@pytest.mark.parametrize("stacked", [True, False])
def test_members_are_left_as_they_were(stacked):
    members = [member(seed).train() for seed in range(3)]
    members[1].eval()
    members[2][3].eval()
    before = copy.deepcopy([each.state_dict() for each in members])
    state = torch.get_rng_state()
    deep_ensemble(members, rows(), classes=CLASSES, stacked=stacked)
    assert [each.training for each in members] == [True, False, True]
    assert members[2][1].training
    assert not members[2][3].training
    assert torch.equal(state, torch.get_rng_state())
    for each, held in zip(members, before, strict=True):
        assert all(torch.equal(held[name], value) for name, value in each.state_dict().items())


@pytest.mark.parametrize("stacked", [True, False])
def test_a_layer_under_two_names_keeps_its_weights(stacked):
    members, X = [Twice(0), Twice(1)], rows()
    before = [alone(each, X) for each in members]
    said = deep_ensemble(members, X, classes=CLASSES, stacked=stacked)
    for each, answer, sample in zip(members, before, said.samples, strict=True):
        assert np.array_equal(alone(each, X), answer)
        assert sample == pytest.approx(answer, abs=1e-6)


def test_copies_are_refused_by_name():
    first = member(0)
    with pytest.raises(InputError, match="Members 0 and 2 have the same parameters"):
        deep_ensemble([first, member(1), copy.deepcopy(first)], rows(), classes=CLASSES)
    with pytest.raises(InputError, match="Members one and two have the same"):
        deep_ensemble({"one": first, "two": first}, rows(), classes=CLASSES)
    other = copy.deepcopy(first)
    other[1].running_mean += 1  # another buffer makes no other model of it
    with pytest.raises(InputError, match="Members 0 and 1"):
        deep_ensemble([first, other], rows(), classes=CLASSES)


def test_members_that_began_alike_are_refused():
    begun = [member(seed).state_dict() for seed in (0, 1, 1)]
    trained = [member(seed) for seed in (5, 6, 7)]
    with pytest.raises(InputError, match="Members 1 and 2 had the same parameters before training"):
        deep_ensemble(trained, rows(), classes=CLASSES, initial=begun)
    deep_ensemble(trained, rows(), classes=CLASSES, initial=[member(s) for s in range(3)])
    with pytest.raises(InputError, match="initial holds an entry of type int"):
        deep_ensemble(trained, rows(), classes=CLASSES, initial=[1, 2, 3])
    with pytest.raises(InputError, match="initial has 2 entries for 3 members"):
        deep_ensemble(trained, rows(), classes=CLASSES, initial=begun[:2])


@pytest.fixture
def accelerated(monkeypatch):
    """As on an accelerator, where stacking is tried first."""
    monkeypatch.setattr(
        "alignlab.uncertainty.posterior.ensembles._on_accelerator", lambda modules: True
    )


@pytest.mark.usefixtures("accelerated")
def test_what_can_be_stacked_is_where_that_pays():
    assert "stacked" in deep_ensemble([member(0), member(1)], rows(), classes=CLASSES).kind


@pytest.mark.usefixtures("accelerated")
def test_what_members_hold_beside_tensors_is_not_the_first_ones():
    members, X = [Scaled(0, 1.0), Scaled(1, 5.0)], rows()
    with pytest.raises(InputError, match="member 1 answers otherwise by itself"):
        deep_ensemble(members, X, classes=CLASSES, stacked=True)
    drawn = deep_ensemble([Scaled(s, 1.0 + s) for s in range(3)], X, classes=CLASSES)
    assert "one after another" in drawn.kind
    np.testing.assert_allclose(drawn.samples[2], alone(Scaled(2, 3.0), X), atol=1e-6)


@pytest.mark.parametrize(
    "members",
    [[Branching(s) for s in range(3)], [member(s) for s in
     range(2)] + [nn.Linear(4, 3)]],
    ids=["branching", "other architecture"],
)  # fmt: skip
@pytest.mark.usefixtures("accelerated")
def test_what_cannot_be_stacked_is_asked_one_after_another(members):
    drawn = deep_ensemble(members, rows(), classes=CLASSES)
    assert "one after another" in drawn.kind
    np.testing.assert_allclose(drawn.samples[-1], alone(members[-1], rows()), atol=1e-6)
    with pytest.raises(InputError, match="can't be stacked"):
        deep_ensemble(members, rows(), classes=CLASSES, stacked=True)


def test_probabilities_are_averaged_and_not_logits():
    apart = [nn.Linear(1, 2) for _ in range(2)]
    for each, logit in zip(apart, (8.0, -4.0), strict=True):
        nn.init.zeros_(each.weight)
        each.bias.data = torch.tensor([0.0, logit])
    drawn = deep_ensemble(apart, np.zeros((1, 1)), classes=("no", "yes"))
    expected = (1 / (1 + np.exp(-8)) + 1 / (1 + np.exp(4))) / 2
    assert drawn.mean[0, 1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("second", ["variance", "log_variance"])
@pytest.mark.parametrize("stacked", [True, False])
def test_regression_with_a_variance_of_its_own(second, stacked):
    members = [member(seed, 2) for seed in range(3)]
    X = rows()
    if second == "variance":
        members = [nn.Sequential(each, nn.Softplus()) for each in members]
    drawn = deep_ensemble(members, X, task="regression", second_output=second, stacked=stacked)
    with torch.no_grad():
        raw = torch.stack([copy.deepcopy(m).eval()(torch.from_numpy(X)) for m in members])
    noise = raw[:, :, 1].exp() if second == "log_variance" else raw[:, :, 1]
    np.testing.assert_allclose(drawn.noise_variance, noise, rtol=1e-5)
    np.testing.assert_allclose(drawn.mean, raw[:, :, 0].mean(0), atol=1e-6)
    np.testing.assert_allclose(drawn.aleatoric, noise.mean(0), rtol=1e-5)


def test_bad_input():
    good = [member(0), member(1)]
    with pytest.raises(InputError, match="1 members, and an ensemble needs"):
        deep_ensemble(good[:1], rows(), classes=CLASSES)
    with pytest.raises(InputError, match="members is a generator"):
        deep_ensemble((each for each in good), rows(), classes=CLASSES)
    with pytest.raises(InputError, match="second_output is for regression"):
        deep_ensemble(good, rows(), classes=CLASSES, second_output="variance")
    with pytest.raises(InputError, match="second_output='std'"):
        deep_ensemble(good, rows(), task="regression", second_output="std")
    with pytest.raises(ModelError, match="two outputs a row"):
        deep_ensemble(good, rows(), task="regression", second_output="variance")
    with pytest.raises(InputError, match="works on torch modules"):
        deep_ensemble([lambda x: x, lambda x: x], rows(), classes=CLASSES)
    with pytest.raises(ModelError, match="Member 0 raised RuntimeError"):
        deep_ensemble(good, rows()[:, :3], classes=CLASSES)
