from __future__ import annotations

import pytest

from alignlab.errors import InputError
from alignlab.values.utility import CRRA, PiecewiseLinear, elicit, elicit_outcomes, simulated_person

WORTH = {"approve bad": 0.0, "deny good": 0.6, "deny bad": 0.9, "approve good": 1.0}


def outcomes():
    return elicit_outcomes(
        simulated_person(WORTH, noise=0.01, lapse=0.0), ["deny good", "deny bad"],
        worst="approve bad", best="approve good",
    ).utility()  # fmt: skip


def test_a_matrix_has_the_utilities_where_the_layout_names_them():
    found = outcomes()
    matrix = found.matrix([["deny bad", "deny good"], ["approve bad", "approve good"]])
    assert matrix[1].tolist() == [0, 1]
    assert matrix[0].tolist() == pytest.approx([0.9, 0.6], abs=0.05)
    assert found.function is None
    assert found.aversion is None
    assert [row[0] for row in found.table().rows] == [
        "approve bad", "deny good", "deny bad", "approve good",
    ]  # fmt: skip
    assert found.chart().table.rows[0][0] == "approve bad"
    assert found.to_dict()["utilities"][0]["item"] == "deny good"


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ([["deny bad", "deny god"]], "'deny god' is not an outcome .* Did you mean 'deny good'"),
        ([["deny bad"], []], "equally long"),
        ([], "equally long"),
    ],
)
def test_a_wrong_layout_is_said_in_one_line(layout, message):
    with pytest.raises(InputError, match=message):
        outcomes().matrix(layout)


def test_amounts_give_a_function_that_agrees_with_the_estimates():
    free = elicit(simulated_person(CRRA(0.5)), 0, 100, questions=12).utility()
    assert isinstance(free.function, PiecewiseLinear)
    assert free.function(list(free.items)) == pytest.approx([e.value for e in free.estimates])
    family = elicit(simulated_person(CRRA(0.5)), 0, 100, form="CRRA", questions=12).utility()
    assert isinstance(family.function, CRRA)
    assert family.function.aversion == family.aversion.value
    assert family.aversion.low < family.aversion.value < family.aversion.high
    assert len(family.to_frame()) == 21
    assert family.chart().table.columns == ("amount", "utility", "low", "high")
