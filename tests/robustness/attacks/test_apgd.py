"""Where the answer is known Auto-PGD finds it, and nothing but the row decides what it finds."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.attacks.apgd import APGD, TargetedAPGD, far_start, targets_in_order
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.threats import L1, L2, Linf, ball

RADII = {"linf": 0.1, "l2": 0.3, "l1": 0.6}


def balanced(linear, classes):
    """Return a linear module that decides for every class about as often."""
    module, x, _ = linear(classes=classes, features=10, rows=100)
    with torch.no_grad():
        module.bias -= module(x).mean(0)
    return module, x, module(x).argmax(1).detach()


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_towards_every_class_a_linear_model_breaks_exactly_where_it_can(
    linear, search_of, worst_margins, norm, classes
):
    module, x, y = balanced(linear, classes)
    shares = []
    for factor in (0.5, 1, 2, 4):
        radius = factor * RADII[norm]
        search = search_of(module, x, y, ball(norm, radius))
        TargetedAPGD(steps=50, loss="margin")(search)
        worst = worst_margins(module, x, y, norm, radius)
        # A row whose worst point is this near to the line may fall on either side in floats.
        clear = worst.abs() > 1e-9
        assert torch.equal(search.broken[clear], (worst > 0)[clear])
        shares.append(float(search.broken.double().mean()))
    assert any(0.05 < share < 0.95 for share in shares)


@pytest.mark.parametrize("loss", ["cross-entropy", "dlr", "margin"])
@pytest.mark.parametrize("norm", RADII)
def test_untargeted_ascent_is_near_it(linear, search_of, worst_margins, norm, loss):
    module, x, y = balanced(linear, 4)
    search = search_of(module, x, y, ball(norm, RADII[norm]))
    APGD(steps=50, restarts=2, loss=loss)(search)
    expected = worst_margins(module, x, y, norm, RADII[norm]) > 0
    assert not (search.broken & ~expected).any()
    assert (expected & ~search.broken).sum() <= 0.05 * expected.sum()


@pytest.mark.parametrize(
    "attack", [PGD(steps=10), APGD(steps=10), TargetedAPGD(steps=5, targets=2, order="gradient")]
)
@pytest.mark.parametrize("threat", [Linf(0.08), L2(0.5), L1(2.0)])
def test_the_size_of_a_batch_and_the_rows_beside_change_nothing(digits, search_of, attack, threat):
    module, x, y = digits
    x, y = x[:40], y[:40]
    verdicts = []
    for batch_rows in (1, 7, 250):
        search = search_of(module, x, y, threat, batch_rows=batch_rows)
        attack(search)
        verdicts.append(search.broken)
    assert 0 < verdicts[0].sum() < len(x)
    assert all(torch.equal(each, verdicts[0]) for each in verdicts)


@pytest.mark.parametrize("attack", [PGD(steps=10), APGD(steps=10), TargetedAPGD(steps=10)])
@pytest.mark.parametrize("threat", [Linf, L2, L1])
def test_no_radius_breaks_nothing_and_the_whole_box_everything(digits, search_of, attack, threat):
    module, x, y = digits
    x, y = x[:40], y[:40]
    search = search_of(module, x, y, threat(0.0))
    attack(search)
    assert not search.broken.any()
    search = search_of(module, x, y, threat({Linf: 1.0, L2: 8.0, L1: 64.0}[threat]))
    attack(search)
    assert search.broken.all()
    witnesses = search.witnesses
    assert (module(witnesses).argmax(1) != y).all()
    assert search.threat.allows(witnesses, x).all()


@pytest.mark.parametrize(
    "attack",
    [
        PGD(steps=20),
        PGD(steps=20, loss="dlr"),
        APGD(steps=20, loss="margin"),
        APGD(steps=20, loss="dlr"),
        TargetedAPGD(steps=10, targets=3),
        TargetedAPGD(steps=10, targets=3, loss="margin", order="gradient"),
    ],
    ids=str,
)
def test_logits_times_1000_change_nothing(digits, search_of, attack):
    class Loud(torch.nn.Module):
        def forward(self, x):
            return 1000 * module(x)

    module, x, y = digits
    one, other = (search_of(each, x[:80], y[:80], Linf(0.08)) for each in (module, Loud()))
    attack(one)
    attack(other)
    assert 0 < one.broken.sum() < 80
    assert (one.broken != other.broken).sum() == 0


def test_loud_logits_silence_the_cross_entropy(digits, search_of):
    """Why the losses above exist: in float32 there is nothing left to climb."""

    class Loud(torch.nn.Module):
        def forward(self, x):
            return 1000 * module(x.double()).float()

    module, x, y = digits
    x = x[:80].float()
    fooled, seen = (search_of(Loud(), x, y[:80], Linf(0.08)) for _ in range(2))
    APGD(steps=20)(fooled)
    APGD(steps=20, loss="margin")(seen)
    assert seen.broken.sum() > fooled.broken.sum() + 10


def test_a_search_within_what_is_differentiated_looks_like_robustness(digits, search_of):
    """Clamping inside the graph leaves pixels on the box without a gradient."""

    class Clamped(torch.nn.Module):
        def forward(self, x):
            # What an attack that clamps its own variable would differentiate through.
            return module(x.clamp(1e-9, 1 - 1e-9))

    module, x, y = digits
    right, wrong = (search_of(each, x, y, Linf(0.1)) for each in (module, Clamped()))
    PGD(steps=20, step_size=0.1)(right)
    PGD(steps=20, step_size=0.1)(wrong)
    held_right, held_wrong = (float((~each.broken).double().mean()) for each in (right, wrong))
    assert held_wrong > held_right + 0.1


def test_broken_rows_cost_nothing_more(linear, search_of):
    module, x, y = linear()
    for attack in (APGD(restarts=3), TargetedAPGD()):
        search = search_of(module, x, (y + 1) % 3)
        attack(search)
        assert search.broken.all()
        assert search.model.backward_rows <= len(x)


def test_targets_by_logits_and_by_how_far_their_lines_are(linear, search_of):
    module, x, y = linear(classes=5, features=8)
    search = search_of(module, x, y, L2(0.1))
    logits = module(x).detach()
    ranked = targets_in_order(search, "logits")
    assert torch.equal(torch.cat([y[:, None], ranked], 1), logits.argsort(dim=1, descending=True))
    for threat, order in ((Linf(0.1), 1), (L2(0.1), 2), (L1(0.1), torch.inf)):
        search = search_of(module, x, y, threat)
        nearest = targets_in_order(search, "gradient")[:, 0]
        slopes = (module.weight[:, None] - module.weight[y]).norm(p=order, dim=2).detach()
        distances = (logits[torch.arange(len(y)), y] - logits.T) / slopes
        distances[y, torch.arange(len(y))] = torch.inf
        assert torch.equal(nearest, distances.argmin(0))


def test_a_start_is_on_the_surface_of_the_ball(search_of, linear):
    module, x, y = linear(features=30)
    search = search_of(module, x, y)
    for norm in RADII:
        threat = ball(norm, 0.3, low=-9, high=9)
        start = far_start(threat, x, search.streams_of_open("start"))
        assert torch.allclose(threat.distance(start, x), torch.full((len(x),), 0.3).double())


def test_the_model_and_the_global_randomness_are_as_they_were(digits, search_of):
    module, x, y = digits
    before = {name: each.clone() for name, each in module.state_dict().items()}
    state = torch.get_rng_state()
    search = search_of(module, x[:20], y[:20], Linf(0.1))
    with search.model:
        APGD(steps=5)(search)
        TargetedAPGD(steps=5)(search)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())
    assert all(each.grad is None for each in module.parameters())


def test_settings_that_are_none_are_refused(linear, search_of):
    with pytest.raises(InputError, match="Did you mean 'dlr'"):
        APGD(loss="dlrs")
    with pytest.raises(InputError, match="steps=0 is not a whole number from 1"):
        APGD(steps=0)
    with pytest.raises(InputError, match="targets=0 is not"):
        TargetedAPGD(targets=0)
    with pytest.raises(InputError, match="Did you mean 'gradient'"):
        TargetedAPGD(order="gradients")
    with pytest.raises(InputError, match="moves rows within a ball"):
        APGD()(search_of(*linear(), threat=object()))
