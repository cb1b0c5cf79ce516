import pytest

from alignlab.cli.values.processes import (
    described,
    environment_options,
    read_process,
    require_small,
)
from alignlab.errors import InputError


def test_an_environment_is_read_with_its_options():
    process = read_process(
        "FrozenLake-v1", discount=0.9, horizon=5, options=["is_slippery=false", "map_name=8x8"]
    )
    assert (process.n_states, process.discount, process.horizon) == (64, 0.9, 5)
    assert process.transitions.data.min() == 1.0
    told = described("lake", process)
    assert told == "lake: 64 states (11 end it), 4 actions, discount 0.9, 5 steps"


def test_what_ends_like_a_file_is_one(chain):
    process = read_process(chain, discount=0.5, horizon=None)
    assert process.state_names == ("home", "office", "pub")
    with pytest.raises(InputError, match=r"other\.parquet"):
        read_process("other.parquet", discount=0.5, horizon=None)


@pytest.mark.parametrize("word", ["slippery", "=1", "a b=1", "a="])
def test_an_option_is_a_name_and_a_value(word):
    with pytest.raises(InputError, match="write NAME=VALUE"):
        environment_options([word])


def test_a_switch_is_true_or_false_and_nothing_else():
    for value in ("true", "False"):
        told = environment_options([f"is_slippery={value}"], "FrozenLake-v1")
        assert told == {"is_slippery": value.lower() == "true"}
    with pytest.raises(InputError, match="it is true or false"):
        environment_options(["is_slippery=maybe"], "FrozenLake-v1")
    assert environment_options(["map_name=8x8"], "FrozenLake-v1") == {"map_name": "8x8"}
    assert environment_options(["is_slippery=maybe"], "absent") == {"is_slippery": "maybe"}


def test_numbers_that_would_overflow_are_refused():
    require_small([1e99, -1e99], "a reward")
    for wrong in (1e101, float("inf"), float("nan")):
        with pytest.raises(InputError, match="a reward is"):
            require_small([0, wrong], "a reward")


def test_values_are_read_as_python_or_json_writes_them():
    assert environment_options(["a=True", "b=[1, 2]", "c=None"]) == {
        "a": True,
        "b": [1, 2],
        "c": None,
    }
