from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.values.inverse import max_causal_entropy_irl
from alignlab.values.inverse.result import estimate_of
from alignlab.values.processes import FiniteMDP, soft_solve


def fork():
    return FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])


WALKS = [Trajectory([0, 2], [1], ended=True)] * 30 + [Trajectory([0, 1], [0], ended=True)] * 10
RIGHT = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
LEFT = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])


@pytest.fixture(scope="module")
def found():
    return max_causal_entropy_irl(fork(), WALKS, features={"right": RIGHT, "left": LEFT})


def test_only_a_difference_is_told(found):
    """What is paid in either case changes nothing; the difference is the log odds."""
    assert [each.kind for each in found.not_identified] == ["constant"]
    assert not np.isfinite(found.weights["right"].low)
    gap = found.contrast({"right": 1, "left": -1})
    assert gap.value == pytest.approx(np.log(3), abs=5e-6)
    alone = max_causal_entropy_irl(fork(), WALKS, features={"right": RIGHT}).weights["right"]
    assert gap.high - gap.low == pytest.approx(alone.high - alone.low, rel=0.02)
    assert found.contrast({"right": 2, "left": -2}).high == pytest.approx(2 * gap.high)
    assert not np.isfinite(found.contrast({"right": 1, "left": -0.999}).low)


def test_there_must_be_such_a_feature(found):
    with pytest.raises(InputError, match=r"no feature 'rigth'. Did you mean 'right'"):
        found.contrast({"rigth": 1})


def test_it_is_written_and_shown(found):
    told = json.loads(to_json(found.to_dict()))
    assert told["converged"] is True
    assert told["weights"]["right"]["low"] is None
    assert told["not_identified"][0]["kind"] == "constant"
    frame = found.to_frame()
    assert frame["feature"].tolist() == ["right", "left"]
    assert frame["demonstrated"].tolist() == [0.75, 0.25]
    assert frame["modelled"].to_numpy() == pytest.approx([0.75, 0.25], abs=1e-6)
    assert repr(found).startswith("<IRLResult converged, gap ")
    assert "1 direction not identified" in repr(found)
    assert found.advice == (f"Not identified: {found.not_identified[0]}",)


def test_the_chart_marks_what_is_not_told(found):
    chart = found.chart()
    assert "right" in chart.svg()
    drawn = chart.spec["layer"][-1]
    assert drawn is not None
    rows = chart.spec["data"]["values"]
    assert [row["note"] for row in rows] == ["the demonstrations cannot tell"] * 2
    alone = max_causal_entropy_irl(fork(), WALKS, features={"right": RIGHT})
    assert [row["note"] for row in alone.chart().spec["data"]["values"]] == [""]


def test_the_policy_is_the_soft_one_of_the_reward(found):
    expected = soft_solve(fork().with_rewards(found.rewards)).policy()
    assert np.array_equal(found.policy.policy(), expected)
    assert found.policy.policy()[0] == pytest.approx([0.25, 0.75], abs=1e-5)


def test_a_network_has_no_weights_to_draw():
    net = torch.nn.Linear(1, 1, bias=False)
    found = max_causal_entropy_irl(fork(), WALKS, features={"right": RIGHT}, network=net)
    assert "a network" in repr(found)
    assert found.to_frame().columns.tolist() == ["feature", "demonstrated", "modelled"]
    with pytest.raises(InputError, match="A network has no weights to draw"):
        found.chart()


@pytest.mark.parametrize("factor", [1.0, 1e7, 1e12])
def test_features_of_unlike_units_that_say_the_same_are_both_unknown(factor):
    features = {"right": RIGHT, "in other units": factor * RIGHT}
    found = max_causal_entropy_irl(fork(), WALKS, features=features)
    (hidden,) = found.not_identified
    direction = [hidden.direction["right"], hidden.direction["in other units"] * factor]
    assert direction == pytest.approx([direction[0], -direction[0]])
    assert [each.method for each in found.weights.values()] == ["not identified"] * 2
    assert not np.isfinite(found.contrast({"right": 1, "in other units": -factor}).high)
    total = found.contrast({"right": 1, "in other units": factor})
    assert total.value == pytest.approx(np.log(3), abs=5e-6)
    assert 0.5 < total.high - total.low < 2


def test_a_lone_constant_has_a_weight_that_is_not_known():
    loop = FiniteMDP(np.eye(2)[[0, 1, 0, 1]], np.zeros(2), discount=0.99)
    walks = [Trajectory([0, 1, 0], [1, 0]), Trajectory([0, 0], [0])]
    found = max_causal_entropy_irl(loop, walks, features=np.ones((2, 1)))
    assert found.converged
    assert found.weights["feature 0"].method == "not identified"
    assert found.weights["feature 0"].value == 0.0


def test_too_few_steps_are_told(found):
    stopped = max_causal_entropy_irl(fork(), WALKS, features={"right": RIGHT}, max_iterations=1)
    assert "NOT converged" in repr(stopped)
    assert "after 1 iterations: give more (max_iterations)" in stopped.advice[0]
    assert stopped.advice[0].endswith('or match="decisions", which luck does not touch.')
    stopped = max_causal_entropy_irl(
        fork(), WALKS, features={"right": RIGHT}, max_iterations=1, match="decisions"
    )
    assert stopped.advice[0].endswith("or better start weights.")


def test_an_interval_by_hand():
    told = estimate_of(
        np.array([1.0, -1.0]),
        np.array([3.0, 1.0]),
        np.array([[1.0, 0.5], [0.5, 4.0]]),
        np.zeros((2, 0)),
        9,
        level=0.95,
        n=11,
    )
    # The variance is 1 + 4 - 2 * 0.5; t for 9 is 2.262.
    assert told.value == 2.0
    assert told.high == pytest.approx(2 + 2 * 2.262157)
    assert told.n == 11
