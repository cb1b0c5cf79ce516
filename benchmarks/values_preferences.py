"""Rewards from preferences: speed and accuracy beside choix, networks batched or not, coverage.

    python benchmarks/values_preferences.py [scores] [network] [coverage] [queries]

With no name all four run, in about six minutes; they print Markdown tables. choix runs in the
peers' environment (benchmarks/.venv) where there is one. "one pair a forward" is the same network
and the same loss with a Python loop over pairs, the way the `imitation` package computes it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from shared import best_time

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.values.preferences import choice_loss, choices_of, fit_reward, select_queries
from alignlab.values.preferences.maximum_likelihood import ChoiceModel, maximise
from alignlab.values.preferences.reward_features import encoder_for
from alignlab.values.preferences.reward_networks import _batch, choice_loss_of

PEERS = Path(__file__).parent / ".venv" / "bin" / "python"
WEIGHTS = np.array([1.0, -0.5, 0.0])


def compared(n_items: int, n_pairs: int, seed: int = 0) -> PreferenceDataset:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=n_items)
    first = rng.integers(0, n_items, n_pairs)
    second = (first + rng.integers(1, n_items, n_pairs)) % n_items
    said = (rng.random(n_pairs) > expit(scores[first] - scores[second])).astype(float)
    return PreferenceDataset.from_pairs(np.zeros((n_items, 1)), first, second, said)


def scores() -> None:
    print("| items, pairs | who | seconds | largest gradient |\n|---|---|---:|---:|")
    for n_items, n_pairs in ((200, 20_000), (2_000, 200_000), (10_000, 500_000)):
        data = compared(n_items, n_pairs)
        choices = choices_of(data)

        def gradient(at: Sequence[float], choices=choices) -> float:
            loss = choice_loss(choices.members @ np.asarray(at), choices)
            return float(np.abs(choices.members.T @ loss.gradient).max())

        maximise(ChoiceModel(choices, None))
        ours = best_time(lambda data=data: maximise(ChoiceModel(choices_of(data), None)), 3)
        found = maximise(ChoiceModel(choices, None)).parameters
        size = f"{n_items:,}, {n_pairs:,}"
        print(f"| {size} | alignlab, Newton | {ours:.3f} | {gradient(found):.1e} |")
        # One pass over the pairs: what any method must at least do once a step.
        once = best_time(
            lambda choices=choices, found=found: choice_loss(choices.members @ found, choices)
        )
        print(f"| {size} | one evaluation of the loss and its gradient | {once:.4f} | |")
        if PEERS.exists() and n_items <= 200:
            pairs = data.pairs()
            with tempfile.TemporaryDirectory() as place:
                np.savez(f"{place}/pairs.npz", first=pairs.first, second=pairs.second,
                         preferred=pairs.preferred, n_items=n_items)  # fmt: skip
                script = str(Path(__file__).with_name("peers_preferences.py"))
                told = subprocess.run([PEERS, script, f"{place}/pairs.npz"], check=True,
                                      capture_output=True, text=True).stdout  # fmt: skip
            for name, each in json.loads(told).items():
                steep = gradient(each["scores"])
                print(f"| {size} | choix {name} | {each['seconds']:.3f} | {steep:.1e} |")


def network() -> None:
    rng = np.random.default_rng(0)
    walks = [Trajectory(rng.normal(size=(51, 4)), rng.integers(0, 2, 50)) for _ in range(200)]
    first = rng.integers(0, 200, 500)
    second = (first + rng.integers(1, 200, 500)) % 200
    data = PreferenceDataset.from_pairs(walks, first, second, rng.integers(0, 2, 500))
    steps = encoder_for(data).steps(data.items)
    choices = choices_of(data)
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.Tanh(),
        torch.nn.Linear(32, 1),
    )  # fmt: skip
    tensors = [torch.tensor(each.states[:-1]).float() for each in walks]
    preferred = data.pairs().preferred
    losses = {}

    def batched() -> None:
        loss = choice_loss_of(
            net, torch.zeros(0), _batch(choices, steps, steps.inputs, np.arange(500))
        )
        loss.backward()
        losses["batched"] = loss.item()

    def by_pair() -> None:
        total = torch.zeros(())
        for one, two, said in zip(first, second, preferred, strict=True):
            gap = net(tensors[one]).sum() - net(tensors[two]).sum()
            total = total + torch.nn.functional.softplus(gap if said else -gap)
        total.backward()
        losses["by pair"] = total.item()

    one, many = best_time(by_pair, 3), best_time(batched, 3)
    print("\n| loss and backward, 500 pairs × 50 steps | seconds | loss |\n|---|---:|---:|")
    print(f"| one pair a forward | {one:.3f} | {losses['by pair']:.4f} |")
    less = f"{one / many:.0f}× less"
    print(f"| one forward a minibatch | {many:.3f} ({less}) | {losses['batched']:.4f} |")


def answers(rng: np.random.Generator, n: int, **people: np.ndarray) -> PreferenceDataset:
    rows = rng.normal(size=(40, 3))
    first = rng.integers(0, 40, n)
    second = (first + rng.integers(1, 40, n)) % 40
    who = people.get("who")
    weights = WEIGHTS + people["deviation"][who] if "deviation" in people else WEIGHTS
    gap = np.sum((rows[first] - rows[second]) * weights, axis=1)
    gap = gap * people["tau"][who] if "tau" in people else gap
    said = (rng.random(n) > expit(gap)).astype(float)
    return PreferenceDataset.from_pairs(rows, first, second, said, annotators=who)


def coverage(times: int = 1_000) -> None:
    tau = np.array([2.0, 1.5, 1.0, 1.0, 0.0, -0.5])
    tau = tau / tau.mean()
    print(f"\n| 95 % intervals, {times:,} simulations | coverage |\n|---|---:|")
    for n in (60, 120, 500):
        inside = []
        for seed in range(times):
            fitted = fit_reward(answers(np.random.default_rng(seed), n), model="linear", holdout=0)
            inside += [e.low <= w <= e.high for e, w in zip(fitted.estimates, WEIGHTS, strict=True)]
        print(f"| 3 weights, {n} pairs | {np.mean(inside):.3f} |")
    for n in (150, 600):
        inside = []
        for seed in range(times // 2):
            rng = np.random.default_rng(seed)
            truth = np.linspace(-1, 1, 15)
            first = rng.integers(0, 15, n)
            second = (first + rng.integers(1, 15, n)) % 15
            said = (rng.random(n) > expit(truth[first] - truth[second])).astype(float)
            data = PreferenceDataset.from_pairs(np.zeros((15, 1)), first, second, said)
            fitted = fit_reward(data, holdout=0)
            inside += [e.low <= w <= e.high for e, w in zip(fitted.estimates, truth, strict=True)]
        print(f"| 15 scores, {n} pairs | {np.mean(inside):.3f} |")
    for people, each in ((12, 50), (30, 30)):
        who = np.repeat(np.arange(people), each)
        made = []
        for seed in range(times // 2):
            rng = np.random.default_rng(seed)
            data = answers(
                rng, people * each, who=who, deviation=rng.normal(size=(people, 3)) * 0.6
            )
            alone = PreferenceDataset(data.items, data.members, data.ranks, data.starts)
            made.append([fit_reward(d, model="linear", holdout=0).estimates for d in (data, alone)])
        truth = np.mean([[e.value for e in clustered] for clustered, _ in made], axis=0)
        for at, name in enumerate(("clustered by annotator", "annotators ignored")):
            inside = [
                e.low <= w <= e.high for both in made for e, w in zip(both[at], truth, strict=True)
            ]
            who_are = f"{people} annotators who differ, {each} pairs each"
            print(f"| {who_are}, {name} | {np.mean(inside):.3f} |")
    for each in (60, 200):
        who = np.repeat(np.arange(6), each)
        inside = []
        for seed in range(times // 5):
            data = answers(np.random.default_rng(seed), 6 * each, tau=tau, who=who)
            fitted = fit_reward(data, model="linear", holdout=0, annotators="reliability")
            told = [r.reliability for r in fitted.reliabilities]
            inside += [e.low <= w <= e.high for e, w in zip(told, tau, strict=True)]
        print(f"| 6 reliabilities, {each} pairs each | {np.mean(inside):.3f} |")


def queries(seeds: int = 20) -> None:
    print("\n| questions after 5 random ones | pairs ordered as by the true weights |\n|---|---:|")
    plans = [("random", 1), ("information gain", 1), ("disagreement", 1), ("random", 10),
             ("information gain", 10), ("batch", 10)]  # fmt: skip
    for method, batch in plans:
        made = [learned(method, seed, rounds=30 // batch, batch=batch) for seed in range(seeds)]
        name = f"30 by {method}, {batch} at a time"
        print(f"| {name} | {np.mean(made):.3f} ± {np.std(made) / np.sqrt(seeds):.3f} |")


def learned(method: str, seed: int, *, rounds: int, batch: int) -> float:
    rng = np.random.default_rng(seed)
    rows, true = rng.normal(size=(60, 5)), rng.normal(size=5)
    test = rng.normal(size=(2, 4_000, 5))
    start = rng.integers(0, 60, 5)
    first, second = start, (start + 1 + rng.integers(0, 59, 5)) % 60
    said = (rng.random(5) > expit((rows[first] - rows[second]) @ true)).astype(float)
    for step in range(rounds + 1):
        data = PreferenceDataset.from_pairs(rows, first, second, said)
        reward = fit_reward(data, model="linear", holdout=0, regularization=0.25)
        if step == rounds:
            break
        asked = select_queries(
            reward, rows, batch, method=method, seed=step, exclude=np.c_[first, second]
        )
        gap = (rows[asked.first] - rows[asked.second]) @ true
        first, second = np.append(first, asked.first), np.append(second, asked.second)
        said = np.append(said, rng.random(len(gap)) > expit(gap))
    differ = test[0] - test[1]
    return float(np.mean(np.sign(differ @ reward.weights[0]) == np.sign(differ @ true)))


if __name__ == "__main__":
    every = {"scores": scores, "network": network, "coverage": coverage, "queries": queries}
    for name in sys.argv[1:] or every:
        every[name]()
