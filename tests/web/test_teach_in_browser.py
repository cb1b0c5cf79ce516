"""A reward taught through the real page, while the training runs and the server is killed once.

The full one, against the return under the true reward, is benchmarks/teach_in_browser.py.
"""

from __future__ import annotations

import threading
import time

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COMPARISONS = 24
PPO = {
    "n_steps": 32,
    "batch_size": 256,
    "n_epochs": 20,
    "gamma": 0.98,
    "gae_lambda": 0.8,
    "learning_rate": 1e-3,
}

LOOK = """() => {
  const lease = document.querySelector("#work[data-ready] input[name=lease]");
  if (!lease) return null;
  const steps = [...document.querySelectorAll(".side")]
    .map((side) => side.querySelectorAll("tbody tr").length);
  const sure = document.querySelector("input[name=confidence]:checked");
  return {lease: lease.value, steps, sure: Boolean(sure)};
}"""


@pytest.fixture
def training(tmp_path):
    """Start a training run in a thread of its own; what it returned or raised is in the list."""
    threads = []

    def started(review) -> tuple[threading.Thread, list]:
        from alignlab.oversight.loop import ReviewTeacher
        from alignlab.values.learning import train_from_preferences

        came = []

        def train():
            try:
                found = train_from_preferences(
                    "CartPole-v1",
                    ReviewTeacher(review, scene="cartpole"),
                    comparisons=COMPARISONS,
                    rounds=2,
                    policy_steps=8_000,
                    rollout_steps=1024,
                    evaluation_episodes=20,
                    algorithm_options=PPO,
                    directory=tmp_path / "run",
                    poll=0.1,
                    progress=lambda *_: None,
                )
            except BaseException as error:
                found = error
            came.append(found)

        thread = threading.Thread(target=train, daemon=True)
        thread.start()
        threads.append(thread)
        return thread, came

    yield started
    for thread in threads:
        thread.join(60)


def answer(page, seen: dict, sent: dict) -> None:
    """Say which stood longer; a key that went nowhere is pressed again after a while."""
    if sent.get("lease") == seen["lease"] and time.monotonic() < sent["until"]:
        return
    one, two = seen["steps"]
    page.keyboard.press("3" if one == two else "1" if one > two else "2")
    if one != two and not seen["sure"]:
        page.keyboard.press("9")
    sent |= {"lease": seen["lease"], "until": time.monotonic() + 3}


def test_two_people_teach_cartpole_and_the_server_dies_on_the_way(serve_apart, visit, training):
    from alignlab.oversight import Review

    site, token = serve_apart([], media={}, question="Which balances better?")
    with Review.open(site.folder) as review:
        entrances = [f"{site.address}/enter?token={each}" for each in (token, review.invite("bob"))]
        people = [(visit(each), {}) for each in entrances]
        thread, came = training(review)
        killed = False
        end = time.monotonic() + 150
        while thread.is_alive() and time.monotonic() < end:
            for page, sent in people:
                seen = page.evaluate(LOOK)
                if seen is None:
                    page.wait_for_timeout(30)
                else:
                    answer(page, seen, sent)
            if not killed and review.status().answers >= COMPARISONS // 3:
                site.kill()
                killed = True
                site.start()
        thread.join(1)
        (found,) = came
        assert found.state == "done"
        assert killed
        told = list(review.answers())
        assert len(told) == len({each.key for each in told}) == COMPARISONS
        assert {each.reviewer for each in told} == {"ana", "bob"}
        assert {each.swapped for each in told} == {True, False}
        assert review.verify().ok
        # An untrained policy falls after 20 steps or so.
        assert found.history[-1].true_return.value > 60
