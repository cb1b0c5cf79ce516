"""Groups' mean probabilities: by hand, blind to what is no prediction, and trained towards."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import expit

from alignlab.errors import InputError
from alignlab.training import Batch, Objective, TrainingData
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.group_parity import GroupParity
from alignlab.training.terms.member_parity import MemberParity

NOTIONS = ("demographic_parity", "equal_opportunity", "equalized_odds")


class Fixed(torch.nn.Module):
    """Answers with logits of its own, whatever the rows."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.as_tensor(logits, dtype=torch.float64))

    def forward(self, x):
        return self.logits


def data_of(groups, y, classes=("no", "yes"), name="sex"):
    groups, y = torch.tensor(groups), torch.tensor(y)
    levels = tuple(f"group {code}" for code in range(int(groups.max()) + 1))
    x = torch.zeros(len(y), 1, dtype=torch.float64)
    return TrainingData(x, y, classes, {name: groups}, {name: levels})


def batch_of(module, data):
    rows = torch.arange(len(data))
    return Batch(module, data.x, data.y, data.columns, rows, torch.Generator())


def value_of(term, logits, data):
    """Return the term's value on the batch of all rows, the second time that it sees it."""
    term.prepare(torch.nn.Identity(), data)
    module = Fixed(logits)
    term.value(batch_of(module, data))
    return term.value(batch_of(module, data)), module


def logit(p):
    p = np.asarray(p)
    return np.stack([np.zeros_like(p), np.log(p / (1 - p))], 1)


P = [0.2, 0.6, 0.5, 0.9, 0.3]
GROUPS = [0, 0, 1, 1, -1]
Y = [0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("notion", "expected"),
    [
        ("demographic_parity", 0.3**2),
        ("equal_opportunity", 0.3**2),
        ("equalized_odds", (0.3**2 + 0.3**2) / 2),
    ],
)
def test_a_batch_by_hand(notion, expected):
    term = GroupParity(column="sex", notion=notion, favourable="yes")
    value, _ = value_of(term, logit(P), data_of(GROUPS, Y))
    assert float(value.detach()) == pytest.approx(expected, abs=1e-6)


def test_many_classes_and_groups_by_hand():
    p = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    data = data_of([0, 1, 2, 1], [0, 1, 1, 2], classes=("a", "b", "c"))
    distances = [
        ((p[0] - p[[1, 3]].mean(0)) ** 2).sum(),
        ((p[0] - p[2]) ** 2).sum(),
        ((p[2] - p[[1, 3]].mean(0)) ** 2).sum(),
    ]
    value, _ = value_of(GroupParity(column="sex"), np.log(p), data)
    assert float(value.detach()) == pytest.approx(np.mean(distances), abs=1e-6)
    # Only of the class b are there rows of two groups, 1 and 2.
    value, _ = value_of(GroupParity(column="sex", notion="equal_opportunity"), np.log(p), data)
    assert float(value.detach()) == pytest.approx((0.2 - 0.8) ** 2, abs=1e-6)
    value, _ = value_of(GroupParity(column="sex", notion="equalized_odds"), np.log(p), data)
    assert float(value.detach()) == pytest.approx(((p[1] - p[2]) ** 2).sum(), abs=1e-6)


@pytest.mark.parametrize("memory", [0, 100])
@pytest.mark.parametrize("notion", NOTIONS)
def test_row_order_group_names_and_a_constant_added_to_logits_change_nothing(notion, memory):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    groups, order = rng.integers(-1, 4, 40), rng.permutation(40)
    names = np.array([2, 0, 3, 1, -1])  # the last one is that of -1

    def value(z, g, labels):
        term = GroupParity(column="sex", notion=notion, memory=memory)
        got, _ = value_of(term, z, data_of(g.tolist(), labels.tolist(), classes=("a", "b", "c")))
        return float(got.detach())

    plain = value(logits, groups, y)
    assert abs(plain) > 1e-4
    for other in (
        value(logits[order], groups[order], y[order]),
        value(logits, names[groups], y),
        value(logits + rng.normal(size=(40, 1)) * 50, groups, y),
    ):
        assert other == pytest.approx(plain, abs=1e-12)


def test_it_is_no_function_of_single_rows():
    """Spread within groups is no gap between them: a penalty per row would forbid it."""
    apart = [0.1, 0.9, 0.1, 0.9]
    term = GroupParity(column="sex", favourable="yes")
    value, module = value_of(term, logit(apart), data_of([0, 0, 1, 1], [0, 1, 0, 1]))
    (gradient,) = torch.autograd.grad(value, module.logits)
    assert float(value.detach()) == pytest.approx(0, abs=1e-12)
    assert float(gradient.abs().max()) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("memory", [0, 100])
@pytest.mark.parametrize("notion", NOTIONS)
def test_its_gradient_is_that_of_differences(notion, memory):
    rng = np.random.default_rng(1)
    data = data_of(rng.integers(0, 3, 12).tolist(), rng.integers(0, 2, 12).tolist())
    term = GroupParity(column="sex", notion=notion, favourable="yes", memory=memory)
    term.prepare(torch.nn.Identity(), data)
    first = Fixed(rng.normal(size=(12, 2)))
    term.value(batch_of(first, data))
    remembered = {name: value.clone() for name, value in term.state().items()}

    def value(logits):
        term.restore(remembered)
        module = Fixed([[0.0]])
        module.forward = lambda x: logits
        return term.value(batch_of(module, data))

    logits = torch.tensor(rng.normal(size=(12, 2)), requires_grad=True)
    assert torch.autograd.gradcheck(value, (logits,))


@pytest.mark.parametrize("memory", [0, 100])
def test_a_group_that_is_absent_from_a_batch_adds_nothing_and_stays_finite(memory):
    data = data_of([0, 0, 1, 1], [0, 1, 0, 1])
    term = GroupParity(column="sex", favourable="yes", memory=memory)
    term.prepare(torch.nn.Identity(), data)
    for groups in ([0, 0], [1, 0], [-1, -1], [1]):
        part = data_of([*groups, 1], [0] * (len(groups) + 1))
        rows = range(len(groups))
        module = Fixed(logit([0.3, 0.8][: len(groups)]))
        batch = Batch(
            module, part.x[rows], part.y[rows], {"sex": part.columns["sex"][: len(groups)]},
            torch.arange(len(groups)), torch.Generator(),
        )  # fmt: skip
        value = term.value(batch)
        (gradient,) = torch.autograd.grad(value, module.logits)
        assert bool(torch.isfinite(value.detach()))
        assert bool(torch.isfinite(gradient).all())
        if groups == [-1, -1]:
            assert not bool(gradient.any())


def test_what_it_remembers_goes_into_a_checkpoint():
    data = data_of(GROUPS, Y)
    term = GroupParity(column="sex", favourable="yes")
    assert term.state() == {}
    value_of(term, logit(P), data)
    other = GroupParity(column="sex", favourable="yes")
    other.prepare(torch.nn.Identity(), data)
    other.restore({})
    other.restore(term.state())
    batch = batch_of(Fixed(logit(P)), data)
    assert float(other.value(batch).detach()) == float(term.value(batch).detach())


def test_members_across_classes_are_groups_of_equal_opportunity():
    rng = np.random.default_rng(2)
    logits, y = rng.normal(size=(30, 3)), rng.integers(0, 3, 30)
    breeds = y * 2 + rng.integers(0, 2, 30)
    data = data_of(breeds.tolist(), y.tolist(), classes=("a", "b", "c"), name="breed")
    one, _ = value_of(GroupParity(column="breed", notion="equal_opportunity"), logits, data)
    other, _ = value_of(MemberParity(column="breed"), logits, data)
    assert float(one.detach()) == pytest.approx(float(other.detach()), abs=1e-12)


def test_batches_of_eight_rows_end_where_all_rows_at_once_do():
    """The least objective over all rows is found independently, by scipy."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 2, 1000)
    x = np.stack([rng.normal(size=1000), groups - 0.5], 1)
    y = (x[:, 0] + 2 * x[:, 1] + 0.5 * rng.normal(size=1000) > 0).astype(int)

    def gap_and_loss(parameters):
        z = x @ parameters[:2] + parameters[2]
        p = expit(z)
        gap = p[groups == 1].mean() - p[groups == 0].mean()
        return gap, np.logaddexp(0, -z * (2 * y - 1)).mean()

    def objective(parameters):
        gap, loss = gap_and_loss(parameters)
        return loss + 3 * gap**2

    best = minimize(objective, np.zeros(3)).x
    unfair = minimize(lambda parameters: gap_and_loss(parameters)[1], np.zeros(3)).x
    assert gap_and_loss(unfair)[0] > 0.3
    assert gap_and_loss(best)[0] < 0.15

    data = TrainingData(
        torch.tensor(x), torch.tensor(y), ("no", "yes"), {"sex": torch.tensor(groups)}
    )
    module = torch.nn.Linear(2, 1, dtype=torch.float64)  # begins at the unfair parameters
    module.load_state_dict(
        {"weight": torch.tensor(unfair[None, :2]), "bias": torch.tensor(unfair[2:])}
    )
    terms = Objective([CrossEntropy(), GroupParity(column="sex", favourable="yes", weight=3.0)])
    for term in terms.terms:
        term.prepare(module, data)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    mean = np.zeros(3)
    for step in range(600):
        rows = torch.tensor(rng.choice(1000, 8, replace=False))
        columns = {"sex": data.columns["sex"][rows]}
        batch = Batch(module, data.x[rows], data.y[rows], columns, rows, torch.Generator())
        optimizer.zero_grad()
        terms.total(terms.values(batch)).backward()
        optimizer.step()
        if step >= 200:
            mean += np.r_[module.weight.detach()[0], module.bias.detach()] / 400
    assert gap_and_loss(mean)[0] == pytest.approx(gap_and_loss(best)[0], abs=0.02)
    # Not by predictions made constant, as the squared gap of a batch's means would have it.
    assert gap_and_loss(mean)[1] == pytest.approx(gap_and_loss(best)[1], abs=0.02)


def test_what_cannot_be_is_refused():
    data = data_of(GROUPS, Y)
    with pytest.raises(InputError, match="Did you mean 'demographic_parity'"):
        GroupParity(column="sex", notion="demografic_parity")
    for memory in (-1, 0.5, True):
        with pytest.raises(InputError, match="whole number of rows from 0"):
            GroupParity(column="sex", memory=memory)
    with pytest.raises(InputError, match="column='sax' is not one of 'sex'"):
        GroupParity(column="sax").prepare(torch.nn.Identity(), data)
    with pytest.raises(InputError, match=r"favourable='yess' is not one of .* Did you mean 'yes'"):
        GroupParity(column="sex", favourable="yess").prepare(torch.nn.Identity(), data)
    with pytest.raises(InputError, match="by the column 'sex', and the data has none"):
        GroupParity(column="sex").prepare(
            torch.nn.Identity(), TrainingData(data.x, data.y, data.classes)
        )
    with pytest.raises(InputError, match="column='3' is not one of"):
        GroupParity(column=3).prepare(torch.nn.Identity(), data)
    with pytest.raises(InputError, match="favourable='True' is not one of"):
        GroupParity(column="sex", favourable=True).prepare(torch.nn.Identity(), data)
    with pytest.raises(InputError, match="no two groups to compare"):
        GroupParity(column="sex").prepare(torch.nn.Identity(), data_of([0, 0], [0, 1]))
    with pytest.raises(InputError, match="was not prepared"):
        GroupParity(column="sex").value(batch_of(Fixed(logit(P)), data))
