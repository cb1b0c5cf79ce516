"""CartPole taught through the review site: people in a browser compare while the training runs.

    OMP_NUM_THREADS=1 python benchmarks/teach_in_browser.py [--seeds 3] [--comparisons 300]

The training asks; its questions stand in a review that a server in its own process shows; three
simulated people in headless Chromium, in another process, look at both behaviours on the page, say
by key which stood longer, and go on. Half-way through, the server is killed as by a power cut and
started again. What the people cannot see on the page they do not know: the true reward never leaves
the training. The share is the learned policy's true return over what the same algorithm reaches in
as many steps under the true reward.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from review_serving import Served
from values_cartpole import PPO, STEPS, under

from alignlab.intervals import mean_estimate
from alignlab.oversight import Review, Settings
from alignlab.oversight.loop import ReviewTeacher
from alignlab.values import train_from_preferences
from alignlab.values.learning.policies import evaluate_policy

PEOPLE = 3
NAMES = ("cart position", "cart speed", "pole angle", "pole speed")
ACTIONS = ("push left", "push right")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]

LOOK = """() => {
  const work = document.querySelector("#work[data-ready]");
  if (!work || !work.querySelector("input[name=lease]")) return null;
  const steps = [...work.querySelectorAll(".side")]
    .map((side) => side.querySelectorAll("tbody tr").length);
  return {
    lease: work.querySelector("input[name=lease]").value,
    steps,
    sure: Boolean(work.querySelector("input[name=confidence]:checked")),
  };
}"""
"""What a person reads off the page; null while nothing waits or the page is still settling."""


def answer(page, before: dict[str, str]) -> bool:
    """Look at a page and press what a person would; returns whether there was something to say."""
    seen = page.evaluate(LOOK)
    if seen is None:
        return False
    if seen["lease"] == before["lease"] and time.monotonic() < before["until"]:
        return False  # sent, and on its way
    one, two = seen["steps"]
    page.keyboard.press("3" if one == two else "1" if one > two else "2")
    if one != two and not seen["sure"]:
        page.keyboard.press("9")
    before["lease"], before["until"] = seen["lease"], time.monotonic() + 3
    return True


def people(entrances: list[str]) -> None:
    """Answer at every page until the process is ended."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        pages = []
        for entrance in entrances:
            page = browser.new_context().new_page()
            page.goto(entrance)
            pages.append((page, {"lease": "", "until": 0.0}))
        while True:
            acted = [answer(*each) for each in pages]
            if not any(acted):
                pages[0][0].wait_for_timeout(50)


def taught(seed: int, comparisons: int, steps: int) -> dict[str, float]:
    """Train from what people say; returns what was reached and what was counted on the way."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "review"
        settings = Settings(title="CartPole", question="Which balances better?", seed=seed)
        with Review.create(folder, [], settings=settings) as review:
            tokens = [review.invite(f"person {i}") for i in range(PEOPLE)]
        with Served(folder) as served, Review.open(folder) as review:
            entrances = [f"{served.address}/enter?token={token}" for token in tokens]
            crowd = subprocess.Popen([sys.executable, __file__, "--people", *entrances])
            killer = threading.Thread(
                target=kill_once, args=(served, review, comparisons // 2), daemon=True
            )
            killer.start()
            try:
                training = train_from_preferences(
                    "CartPole-v1",
                    ReviewTeacher(review, scene="cartpole", names=NAMES, action_names=ACTIONS),
                    comparisons=comparisons,
                    policy_steps=steps,
                    algorithm_options=PPO,
                    evaluation_episodes=10,
                    directory=Path(place) / "run",
                    poll=0.2,
                    seed=seed,
                )
            finally:
                crowd.kill()
                crowd.wait()
            killer.join(10)
            verified = review.verify()
            answers = sum(1 for _ in review.answers())
        returns = evaluate_policy(training.policy, training.environments, episodes=100, seed=seed)
    return {
        "return": float(returns.mean()),
        "answers": answers,
        "kills": served.kills,
        "chain": verified.ok,
    }


def kill_once(served: Served, review: Review, after: int) -> None:
    while review.status().answers < after:
        time.sleep(0.1)
    served.kill()
    time.sleep(1)
    served.start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--comparisons", type=int, default=300)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    if options.people:
        people(options.people)
    warnings.simplefilter("error")
    import torch

    torch.set_num_threads(1)
    shares = []
    print("| seed | true reward | answers | kills | chain | taught | share | s |")
    print("|---|---|---|---|---|---|---|---|")
    for seed in range(options.seeds):
        base = under(None, "CartPole-v1", seed)
        begun = time.perf_counter()
        found = taught(seed, options.comparisons, options.steps)
        seconds = time.perf_counter() - begun
        shares.append(found["return"] / base)
        print(
            f"| {seed} | {base:.0f} | {found['answers']} | {found['kills']} | "
            f"{'intact' if found['chain'] else 'broken'} | {found['return']:.0f} | "
            f"{shares[-1]:.2f} | {seconds:.0f} |",
            flush=True,
        )
    told = mean_estimate(np.array(shares)) if len(shares) > 1 else f"{shares[0]:.3f}"
    print(f"\nShare of the return under the true reward: {told} (goal: 0.9)")


if __name__ == "__main__":
    main()
