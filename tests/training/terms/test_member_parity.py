"""Members of a super-class are compared with one another, and with nobody else."""

import numpy as np
import pytest
import torch

from alignlab.datasets.pets import drawn_pets
from alignlab.errors import InputError
from alignlab.training import Batch, TrainingData
from alignlab.training.data import as_training_data
from alignlab.training.terms.group_parity import GroupParity
from alignlab.training.terms.member_parity import MemberParity

BREEDS = ("beagle", "husky", "mau", "siamese")
SPECIES = {"beagle": "dog", "husky": "dog", "mau": "cat", "siamese": "cat"}


class Fixed(torch.nn.Module):
    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.as_tensor(logits, dtype=torch.float64))

    def forward(self, x):
        return self.logits


def value_of(term, p, data):
    """Return the term on all rows, the second time that it sees them."""
    term.prepare(torch.nn.Identity(), data)
    module, rows = Fixed(np.log(np.asarray(p))), torch.arange(len(data))
    for _ in range(2):
        batch = Batch(module, data.x, data.y, data.columns, rows, torch.Generator())
        value = term.value(batch)
    return value, module


def by_species(y, breeds):
    x = torch.zeros(len(y), 1)
    return TrainingData(
        x, torch.tensor(y), ("cat", "dog"), {"breed": torch.tensor(breeds)}, {"breed": BREEDS}
    )


def by_breed(y):
    return TrainingData(torch.zeros(len(y), 1), torch.tensor(y), BREEDS)


def test_labels_that_are_species_by_hand():
    p = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8], [0.5, 0.5]]
    data = by_species([0, 0, 1, 1, 1], [2, 3, 0, 1, 1])
    value, _ = value_of(MemberParity(column="breed"), p, data)
    cats, dogs = (0.9 - 0.6) ** 2, (0.7 - (0.8 + 0.5) / 2) ** 2
    assert float(value.detach()) == pytest.approx((cats + dogs) / 2, abs=1e-6)


def test_labels_that_are_breeds_by_hand():
    """The probability of a species is that of its breeds together."""
    p = [[0.5, 0.3, 0.1, 0.1], [0.1, 0.3, 0.3, 0.3], [0.1, 0.1, 0.8, 0.0], [0.3, 0.1, 0.2, 0.4]]
    data = by_breed([0, 1, 2, 3])
    value, _ = value_of(MemberParity(superclasses=SPECIES), np.array(p) + 1e-300, data)
    dogs, cats = (0.8 - 0.4) ** 2, (0.8 - 0.6) ** 2
    assert float(value.detach()) == pytest.approx((dogs + cats) / 2, abs=1e-6)


def test_breeds_confused_within_their_species_are_all_right():
    """A beagle called a husky was still called a dog."""
    p = [[0.8, 0.1, 0.05, 0.05], [0.8, 0.1, 0.05, 0.05], [0.0, 0.1, 0.2, 0.7], [0.1, 0.0, 0.7, 0.2]]
    value, module = value_of(
        MemberParity(superclasses=SPECIES), np.array(p) + 1e-300, by_breed(range(4))
    )
    (gradient,) = torch.autograd.grad(value, module.logits)
    assert float(value.detach()) == pytest.approx(0, abs=1e-12)
    assert float(gradient.abs().max()) == pytest.approx(0, abs=1e-12)


def test_nothing_is_asked_across_species():
    """Dogs may be easier than cats; parity over all breeds would forbid to tell them apart."""
    p = [[0.6, 0.4], [0.6, 0.4], [0.01, 0.99], [0.01, 0.99]]
    data = by_species([0, 0, 1, 1], [2, 3, 0, 1])
    value, _ = value_of(MemberParity(column="breed"), p, data)
    assert float(value.detach()) == pytest.approx(0, abs=1e-12)
    across, _ = value_of(GroupParity(column="breed"), p, data)
    assert float(across.detach()) > 0.2


@pytest.mark.parametrize("memory", [0, 100])
def test_row_order_names_of_breeds_and_a_constant_added_to_logits_change_nothing(memory):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 30)
    p, breeds = rng.dirichlet([1, 1], 30), 2 * (1 - y) + rng.integers(0, 2, 30)
    order, names = rng.permutation(30), np.array([3, 1, 0, 2])

    def value(p, y, breeds):
        term = MemberParity(column="breed", memory=memory)
        return float(value_of(term, p, by_species(y.tolist(), breeds.tolist()))[0].detach())

    plain = value(p, y, breeds)
    assert abs(plain) > 1e-4
    scaled = p * np.exp(rng.normal(size=(30, 1)) * 20)  # its logarithms are the logits
    for other in (
        value(p[order], y[order], breeds[order]),
        value(p, y, names[breeds]),
        value(scaled, y, breeds),
    ):
        assert other == pytest.approx(plain, abs=1e-12)


def test_unknown_breeds_are_left_out():
    p = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.1, 0.9]]
    data = by_species([0, 0, 1, 0], [2, 3, 0, -1])
    value, module = value_of(MemberParity(column="breed"), p, data)
    (gradient,) = torch.autograd.grad(value, module.logits)
    assert float(value.detach()) == pytest.approx(0.3**2, abs=1e-6)
    assert not bool(gradient[2:].any())  # the only dog, and the cat of no known breed


def test_drawn_pets_are_data_for_it():
    data = as_training_data(drawn_pets(200, size=8))
    term = MemberParity(column="breed")
    value, module = value_of(term, np.full((200, 2), 0.5), data)
    assert float(value.detach()) == pytest.approx(0, abs=1e-12)
    assert set(term.state()) == {"means", "seen"}
    other = MemberParity(column="breed")
    other.prepare(module, data)
    other.restore({})
    other.restore(term.state())
    assert torch.equal(other.state()["means"], term.state()["means"])


def test_what_cannot_be_is_refused():
    nothing = torch.nn.Identity()
    with pytest.raises(InputError, match="member_parity needs column='breed'"):
        MemberParity()
    with pytest.raises(InputError, match="whole number of rows from 0"):
        MemberParity(column="breed", memory=-1)
    data = by_species([0, 0, 1, 1], [2, 3, 0, 1])
    with pytest.raises(InputError, match="column='bread' is not one of 'breed'"):
        MemberParity(column="bread").prepare(nothing, data)
    with pytest.raises(InputError, match=r"'beagel', and the data has .* Did you mean 'beagle'"):
        MemberParity(superclasses={"beagel": "dog"}).prepare(nothing, by_breed(range(4)))
    with pytest.raises(InputError, match="leaves out mau, siamese"):
        MemberParity(superclasses={"beagle": "dog", "husky": "dog"}).prepare(
            nothing, by_breed(range(4))
        )
    with pytest.raises(InputError, match=r"'mau' of column 'breed' belongs to 2 super-classes"):
        MemberParity(column="breed").prepare(nothing, by_species([0, 0, 1, 1], [2, 3, 0, 2]))
    with pytest.raises(InputError, match="no two groups to compare"):
        MemberParity(column="breed").prepare(nothing, by_species([0, 1], [2, 0]))
    batch = Batch(Fixed([[0.0, 0.0]] * 4), data.x, data.y, data.columns, data.y, torch.Generator())
    with pytest.raises(InputError, match="was not prepared"):
        MemberParity(column="breed").value(batch)
