import gymnasium
import pytest
from gymnasium import spaces

from alignlab.errors import InputError
from alignlab.values.learning.environments import Environments


class Still(gymnasium.Env):
    """Goes nowhere and never ends."""

    def __init__(self, seen=None, done=None):
        self.observation_space = spaces.Discrete(2) if seen is None else seen
        self.action_space = spaces.Discrete(2) if done is None else done

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return 0, {}

    def step(self, action):
        return 0, 0.0, False, False, {}


def test_an_id_and_a_function_give_copies_and_an_environment_gives_itself():
    assert Environments("CartPole-v1").copies(3).num_envs == 3
    assert Environments(Still, 10).copies(3).num_envs == 3
    one = Still()
    given = Environments(one, 10).copies(3)
    assert given.num_envs == 1
    assert given.envs[0].unwrapped is one


def test_a_function_that_makes_one_environment_over_and_over_is_refused():
    one = Still()
    with pytest.raises(InputError, match="returned one environment twice"):
        Environments(lambda: one, 10).copies(2)


def test_an_episode_length_cuts_episodes_off():
    venv = Environments(Still, 3).copies(1)
    venv.reset()
    for _ in range(3):
        *_, dones, infos = venv.step([0])
    assert dones.tolist() == [True]
    assert infos[0]["TimeLimit.truncated"]


def test_names():
    assert Environments("CartPole-v1").name == "CartPole-v1"
    assert Environments(Still, 3).name == "Still"
    assert Environments(gymnasium.make("CartPole-v1")).name == "CartPole-v1"
    assert Environments(Still(), 3).name == "the environment"


@pytest.mark.parametrize(
    ("source", "length", "says"),
    [
        ("CartPol-v1", None, "'CartPol-v1' is not an environment .* Did you mean 'CartPole-v1'"),
        ("nowhere/Nothing-v0", None, "is not an environment of Gymnasium"),
        (3, None, "env=3 is not an environment"),
        (lambda: 4, None, "made int, not an environment"),
        (Still, None, r"Still has no time limit: .*episode_length="),
        (Still(), None, "no time limit"),
        (Still, 0, "episode_length=0"),
        (Still, True, "episode_length=True"),
        (lambda: Still(seen=spaces.Dict({"a": spaces.Discrete(2)})), 9, "observations are Dict"),
        (lambda: Still(done=spaces.Text(4)), 9, "actions are Text"),
        (lambda: Still(done=spaces.Box(-float("inf"), 1.0)), 9, "actions have no bounds"),
        (lambda: Still(done=spaces.Discrete(2, start=1)), 9, "does not count from 0"),
    ],
)
def test_what_cannot_be_learned_in_is_said_at_the_door(source, length, says):
    with pytest.raises(InputError, match=says):
        Environments(source, length)
