import pytest

from alignlab.datasets import load_images
from alignlab.lessons import plugin

pytestmark = pytest.mark.usefixtures("in_process", "one_network")

BLANK = 'raise NotImplementedError("one step")'
STEP = """project = threat.around(search.x)
            x = project(threat.step(x, gradient, threat.radius * 2.5 / self.steps))"""
START = 'x = threat.start(search.x, search.streams_of_open("start"))'


@pytest.fixture(scope="module")
def network():
    known, _ = load_images("digits").split(1 / 3, seed=0)
    return plugin._network(known)


@pytest.fixture
def one_network(network, monkeypatch):
    """Train the network that is attacked once for all tests."""
    monkeypatch.setattr(plugin, "_network", lambda known: network)


def test_a_right_attack_holds(learner):
    conforms, breaks = learner(6, {"attack.py": [(BLANK, STEP)]})
    assert conforms.holds, conforms
    assert breaks.holds
    assert "PGD with 40 steps breaks" in breaks.found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            [(START, "import torch; x = search.x + torch.rand_like(search.x) / 99"), (BLANK, STEP)],
            "it uses torch's global random numbers: take the search's streams.",
        ),
        ([(BLANK, "x = search.x")], "it breaks nothing within"),
        (
            [(START, f"{START}; search.clean.add_(0.1)"), (BLANK, STEP)],
            "it changes the rows it is given.",
        ),
    ],
)  # fmt: skip
def test_a_broken_promise_is_named(learner, changes, says):
    conforms, _ = learner(6, {"attack.py": changes})
    assert not conforms.holds
    assert says in conforms.found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "attack.py: AttributeError: attack.py has no Mine any more"),
        ("class Mine:\n    def __init__(self, steps): pass", "TypeError"),
        ("class Mine:\n    name, needs_gradients = 'mine', True\n"
         "    def __call__(self, search):\n        raise SystemExit",
         "attack.py:4 ends the program by exit"),
    ],
)  # fmt: skip
def test_what_is_no_attack_is_one_line(learner, text, says):
    for each in learner(6, {"attack.py": text or "pass"}):
        assert not each.holds
        assert says in each.found
