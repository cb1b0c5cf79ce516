"""Each sign is seen on a defence that was planted to give it, and on no model without one."""

import time
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from alignlab.errors import InputError
from alignlab.predictors import Predictor, as_predictor
from alignlab.random import row_streams
from alignlab.robustness import masking
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.evaluation import evaluate_robustness
from alignlab.robustness.masking import Outcome, detect_masking, require_evaluation_mode
from alignlab.robustness.search import Search
from alignlab.robustness.threats import L1, L2, Linf

nn = torch.nn
DIGITS = load_digits()
X = torch.tensor(DIGITS.images / 16, dtype=torch.float32)[:, None]
Y = torch.tensor(DIGITS.target)
HELD_OUT = slice(1300, 1500)


def by_centroids():
    """Return z_k = 2 c_k · x - ‖c_k‖², the nearest mean of a class: right 9 times of 10."""
    means = torch.stack([X[:1300][Y[:1300] == k].mean(0).flatten() for k in range(10)])
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with torch.no_grad():
        module[1].weight.copy_(2 * means)
        module[1].bias.copy_(-(means**2).sum(1))
    return module.eval()


def mlp(width=64):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, stride=2), nn.BatchNorm2d(12), nn.ReLU(), nn.Dropout(0.1),
        nn.Flatten(), nn.Linear(192, 10),
    )  # fmt: skip


def trained(module, epochs, rate=4e-3, radius=0.0):
    """Return a module trained on the digits, on moved ones where there is a radius."""
    generator = torch.Generator().manual_seed(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for part in module.modules():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()
        optimizer = torch.optim.Adam(module.parameters(), lr=rate)
        loss = nn.functional.cross_entropy
        for _ in range(epochs):
            for rows in torch.randperm(1300, generator=generator).split(100):
                x, y = X[rows], Y[rows]
                for _ in range(4 * (radius > 0)):
                    x = x.detach().requires_grad_()
                    (slope,) = torch.autograd.grad(loss(module(x), y), x)
                    moved = x.detach() + radius / 2 * slope.sign()
                    x = Linf(radius).project(moved, X[rows])
                optimizer.zero_grad()
                loss(module(x.detach()), y).backward()
                optimizer.step()
    return module.eval()


CLEAN = {
    "linear": by_centroids,
    "mlp": lambda: trained(mlp(), 12),
    "cnn": lambda: trained(cnn(), 5),
    "adversarially trained": lambda: trained(mlp(128), 12, radius=0.15),
    "overfitted and sure of itself": lambda: trained(mlp(256), 60, rate=2e-2),
}


@cache
def clean(name):
    return CLEAN[name]()


class Wrapped(nn.Module):
    """A model behind a defence: before(x) goes in, after(logits) comes out."""

    def __init__(self, before=lambda x: x, after=lambda z: z, model=None):
        super().__init__()
        self.model, self.before, self.after = model or by_centroids(), before, after

    def forward(self, x):
        return self.after(self.model(self.before(x)))


class Misled(torch.autograd.Function):
    """Hands rows on as they are, and gradients the other way round."""

    @staticmethod
    def forward(_, x):
        return x.clone()

    @staticmethod
    def backward(_, gradient):
        return -gradient


class Scrambled(torch.autograd.Function):
    """Hands rows on as they are, and instead of gradients something that looks like them."""

    @staticmethod
    def forward(_, x):
        return x.clone()

    @staticmethod
    def backward(_, gradient):
        return torch.sin(1e6 * gradient + torch.arange(64.0).reshape(1, 8, 8))


def evaluated(module, radius=0.1, attack=None, missed=None, norm=Linf, **options):
    """Return the signs after an attack, how much of the accuracy is left, and what both cost."""
    x, y, threat = X[HELD_OUT], Y[HELD_OUT], norm(radius)
    with AttackedModel(as_predictor(module, classes=list(range(10)))) as model:
        right = (model.decided(model.logits(x)) == y).numpy()
        at = np.flatnonzero(right)
        search = Search(model, threat, x[at], y[at], row_streams(0, at, "attack"))
        (attack or PGD(20))(search)
        stands = np.zeros(len(x), dtype=bool)
        stands[at[search.open.numpy()]] = True
        before = (model.forward_rows, model.backward_rows)
        missed = ~right & False if missed is None else missed(right)
        outcome = Outcome(right, stands, missed)
        signs = detect_masking(model, x, y, threat, outcome, **options)
        cost = model.forward_rows - before[0], model.backward_rows - before[1]
    return signs, stands.mean() / right.mean(), cost


def names(signs):
    return [each.name for each in signs]


@pytest.mark.parametrize("radius", [0.0, 0.02, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("name", CLEAN)
def test_no_sign_on_models_without_a_defence(name, radius):
    signs, _, _ = evaluated(clean(name), radius)
    assert not signs


@pytest.mark.parametrize(("norm", "radius"), [(L2, 0.3), (L2, 1.5), (L1, 0.5), (L1, 4.0)])
@pytest.mark.parametrize("name", CLEAN)
def test_no_sign_in_any_norm(name, norm, radius):
    signs, _, _ = evaluated(clean(name), radius, norm=norm)
    assert not signs


@pytest.mark.parametrize("norm", [Linf, L2, L1])
@pytest.mark.parametrize("used", [1, 2, 3])
def test_no_sign_where_few_numbers_matter(used, norm):
    class Few(nn.Module):
        def forward(self, x):
            total = x.flatten(1)[:, 27 : 27 + used].sum(1) - used / 2
            return torch.stack([total, -total], 1)

    module, x = Few().eval(), X[:200]
    result = evaluate_robustness(module, x, module(x).argmax(1), norm(0.05), attacks="pgd")
    assert result.robust_accuracy.value > 0.5
    assert not result.warnings


PLANTED = {
    "logits x 1000": ({"after": lambda z: 1000 * z}, "saturated"),
    "rounded pixels": ({"before": lambda x: (4 * x).round() / 4}, "zero gradients"),
    "gradients that are not finite": (
        {"before": lambda x: x + torch.sqrt(0 * x)}, "zero gradients",
    ),
    "gradients the other way round": ({"before": Misled.apply}, "flat loss"),
    "gradients that say nothing": ({"before": Scrambled.apply}, "flat loss"),
    "a ripple": ({"before": lambda x: x + 0.02 * torch.sin(500 * x)}, "unlimited"),
    "noise": ({"before": lambda x: x + 0.05 * torch.randn_like(x)}, "randomised"),
    "noise that few would see": ({"before": lambda x: x + 1e-3 * torch.rand_like(x)}, "randomised"),
    "the batch's mean": ({"before": lambda x: x - x.mean(0, keepdim=True) / 4}, "batch"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_defence_is_seen(name):
    defence, sign = PLANTED[name]
    signs, _, _ = evaluated(Wrapped(**defence))
    assert sign in names(signs)
    for each in signs:
        assert each.summary.endswith(".")
        assert "\n" not in each.summary
        assert each.to_dict() == {"name": each.name, "summary": each.summary}


def test_blind_moves_that_break_rows_are_a_sign():
    signs, left, _ = evaluated(Wrapped(Misled.apply), 0.2)
    _, truth, _ = evaluated(by_centroids(), 0.2)
    assert left > 0.9 > 0.2 > truth
    assert "black box" in names(signs)
    # An attack that hardly looks leaves what blind moves find, and no gradient is at fault.
    blink, _, _ = evaluated(by_centroids(), 0.2, attack=PGD(1, step_size=1e-6))
    assert names(blink) == ["black box"]


def test_rows_that_only_an_attack_without_gradients_broke_are_a_sign():
    def some(count):
        def missed(right):
            return right & (np.cumsum(right) <= count)

        return missed

    assert names(evaluated(by_centroids(), missed=some(20))[0]) == ["black box"]
    told = evaluated(by_centroids(), missed=some(20))[0][0].summary
    assert "an attack without them broke 20 of " in told
    assert not evaluated(by_centroids(), missed=some(3))[0]


def test_scale_is_flagged_though_margins_do_not_mind_it():
    _, left, _ = evaluated(clean("mlp"))
    thousand = Wrapped(after=lambda z: 1000 * z, model=clean("mlp"))
    signs, same, _ = evaluated(thousand)
    assert same == left
    assert names(signs) == ["saturated"]
    assert "On 100% of the rows" in signs[0].summary
    # What the sign warns of: the same attack on cross-entropy.
    signs, fabricated, _ = evaluated(thousand, attack=PGD(20, loss="cross-entropy"))
    assert fabricated > left + 0.2
    assert names(signs) == ["saturated", "black box"]


def test_saturation_is_where_floats_end():
    """In float32, exp(-104) is 0 and exp(-100) is not: so is the gradient."""
    y = torch.zeros(4, dtype=torch.long)
    for apart, seen in ((100.0, False), (104.0, True)):
        logits = torch.tensor([[apart, 0.0, 0.0]]).repeat(4, 1).requires_grad_()
        nn.functional.cross_entropy(logits, y).backward()
        assert bool((logits.grad == 0).all()) is seen
        assert (masking._saturated(logits.detach(), y) is not None) is seen
        double = masking._saturated(logits.detach().double(), y)
        assert double is None


def test_a_single_logit_between_0_and_1_is_a_sign():
    class Single(nn.Module):
        def __init__(self, squash):
            super().__init__()
            self.squash = squash

        def forward(self, x):
            return self.squash(x.flatten(1).sum(1) - 20)

    x = X[HELD_OUT]
    everything = np.ones(len(x), dtype=bool)
    for squash, expected in ((torch.sigmoid, ["probabilities"]), (lambda z: z, [])):
        module = Single(squash)
        y = (module(x) > 0).long()
        with AttackedModel(as_predictor(module, classes=["no", "yes"])) as model:
            outcome = Outcome(everything, ~everything, ~everything)
            assert names(detect_masking(model, x, y, Linf(0.1), outcome)) == expected


def test_a_constant_has_nothing_to_hide():
    signs, left, _ = evaluated(Wrapped(after=lambda z: 0 * z + torch.eye(10)[3]))
    assert left == 1
    assert not signs


def test_a_model_that_says_one_class_of_all_rows_may_be_right_without_limits():
    leaning = Wrapped(after=lambda z: z + 80 * torch.eye(10)[3])
    assert not evaluated(leaning)[0]


def test_a_model_without_gradients_is_only_asked_again():
    module = by_centroids()

    def answer(rows):
        return torch.softmax(module(torch.as_tensor(rows)), 1).detach().numpy()

    def unsteady(rows):
        noise = np.random.default_rng().random((len(rows), 10))
        return noise / noise.sum(axis=1, keepdims=True)

    x, y = X[HELD_OUT], Y[HELD_OUT]
    everything = np.ones(len(x), dtype=bool)
    for function, expected in ((answer, []), (unsteady, ["randomised"])):
        model = AttackedModel(Predictor(function, "classification", tuple(range(10))))
        with model:
            outcome = Outcome(everything, everything, ~everything)
            assert names(detect_masking(model, x, y, Linf(0.1), outcome)) == expected
        assert model.forward_rows <= 3 * masking.ROWS


def test_where_no_gradient_was_followed_none_can_have_misled():
    module, x = Wrapped(Misled.apply), X[HELD_OUT]
    everything = np.ones(len(x), dtype=bool)
    with AttackedModel(as_predictor(module, classes=list(range(10)))) as model:
        y = model.logits(x).argmax(1)
        signs = {
            gradients: names(
                detect_masking(
                    model, x, y, Linf(0.02), Outcome(everything, everything, ~everything, gradients)
                )
            )
            for gradients in (False, True)
        }
    assert signs[False] == []
    assert {"flat loss", "unlimited"} <= {*signs[True]}


def test_it_costs_two_passes_where_nothing_stands_and_few_where_all_does():
    signs, left, cost = evaluated(by_centroids(), 0.5)
    assert (len(signs), left, cost) == (0, 0, (2 * masking.ROWS, 0))
    _, left, cost = evaluated(by_centroids(), 0.02)
    assert left > 0.9
    assert cost[0] < 30 * masking.ROWS
    assert cost[1] < 6 * masking.ROWS


def test_the_same_seed_sees_the_same_and_nothing_global_is_drawn():
    module = Wrapped(Misled.apply)
    state = torch.get_rng_state()
    first, again = (evaluated(module, 0.15)[0] for _ in range(2))
    assert first == again
    assert torch.equal(torch.get_rng_state(), state)


def test_signs_seen_before_the_time_was_over_are_kept():
    module = Wrapped(after=lambda z: 1000 * z)
    x, y = X[HELD_OUT], Y[HELD_OUT]
    everything = np.ones(len(x), dtype=bool)
    outcome = Outcome(everything, everything, ~everything)
    with AttackedModel(as_predictor(module, classes=list(range(10)))) as model:
        gradient = model.gradient

        def last(*given):
            model.deadline = time.perf_counter() - 1
            return gradient(*given)

        model.gradient = last
        assert names(detect_masking(model, x, y, Linf(0.1), outcome)) == ["saturated"]
        assert detect_masking(model, x, y, Linf(0.1), outcome) == ()


def test_training_mode_is_refused_where_it_answers_otherwise():
    module = cnn()
    model = AttackedModel(as_predictor(module, classes=list(range(10))), deadline=0.0)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for rows in (X[:64], X[:1]):
        with pytest.raises(InputError, match=r"in training mode, .*call module.eval\(\) first\.$"):
            require_evaluation_mode(model, rows)
    assert module.training
    assert all(torch.equal(before[name], now) for name, now in module.state_dict().items())
    module.eval()
    module[3].train()  # dropout alone, as some leave it on to sample
    with pytest.raises(InputError, match="dropout"):
        require_evaluation_mode(model, X[:64])
    module.eval()
    require_evaluation_mode(model, X[:64])


def test_training_mode_that_changes_nothing_is_let_in():
    module = mlp().train()
    model = AttackedModel(as_predictor(module, classes=list(range(10))))
    require_evaluation_mode(model, X[:64])
    assert module.training
    asked = model.forward_rows
    require_evaluation_mode(model, X[:64])
    assert model.forward_rows > asked
    module.eval()
    asked = model.forward_rows
    require_evaluation_mode(model, X[:64])
    assert model.forward_rows == asked


def test_a_box_without_walls_is_as_wide_as_the_rows():
    rows = torch.tensor([[0.0, 1.0], [3.0, -2.0]])
    assert masking._whole(Linf(0.5, low=float("-inf"), high=float("inf")), rows).radius == 3
    assert masking._whole(Linf(0.5, low=[-1.0, -9.0], high=[4.0, float("inf")]), rows).radius == 10
    assert masking._whole(L1(0.25), rows.clamp(0, 1)).radius == 1


def test_logits_that_are_not_finite_are_a_sign():
    signs, left, _ = evaluated(Wrapped(before=lambda x: x + 0 / (x[:, :, :1, :1] < 0.05)))
    assert names(signs)[0] == "not finite"
    assert left > 0
