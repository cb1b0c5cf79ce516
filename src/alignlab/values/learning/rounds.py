"""One round of learning from comparisons: what is asked, and what is made of the answers.

Both are functions of the run alone. All chance comes from the run's seed, the purpose it serves and
the number of the round, so that they give the same whether the run was stopped in between or not.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import numpy as np
from scipy.special import expit

from alignlab.datasets.preference_checks import content_of
from alignlab.datasets.questions import Query, preference_dataset
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate, share_estimate
from alignlab.random import as_generator
from alignlab.values.learning.environments import Environments
from alignlab.values.learning.learned_reward import LearnedReward, fit_learned_reward
from alignlab.values.learning.policies import evaluate_policy, roll_out, train_policy
from alignlab.values.learning.runs import Round, Run, Settings
from alignlab.values.learning.segments import draw_segments
from alignlab.values.preferences.queries import information

__all__ = ["asked_in_round", "improved", "next_questions", "seed_for"]

CANDIDATES = 10
"""Pairs drawn for each one that is asked where questions are chosen."""

ATTEMPTS = 20
"""Times that pairs are drawn in search of new ones before old ones are taken."""


def next_questions(run: Run, environments: Environments) -> tuple[Query, ...]:
    """Return the next round's questions about what the policy does now."""
    settings, at = run.settings, len(run.history)
    begins, ends = asked_in_round(settings, at)
    walks = roll_out(
        run.policy, environments, steps=settings.rollout_steps, seed=seed_for(settings, "watch", at)
    )
    rng = as_generator(settings.seed, "questions", str(at))
    chosen = settings.query_selection != "random" and run.reward is not None
    wanted = (ends - begins) * (CANDIDATES if chosen else 1)
    pairs = _pairs(walks, run.queries, wanted, settings, rng)
    if chosen and run.reward is not None:
        pairs = _best_pairs(pairs, run.reward, ends - begins, settings.query_selection)
    asked = datetime.now(UTC).isoformat(timespec="seconds")
    return tuple(Query(begins + i, *pair, asked=asked) for i, pair in enumerate(pairs))


def _pairs(
    walks: Sequence[Trajectory],
    before: Sequence[Query],
    wanted: int,
    settings: Settings,
    rng: np.random.Generator,
) -> list[tuple[Trajectory, Trajectory]]:
    """Return pairs of new segments; half of them of a new one and one that was shown before.

    What a policy does now is much alike: only beside what it did earlier does it show whether it
    is better, and a policy that has learned to please the reward and nobody else is found out. A
    pair that was asked about before, or whose sides are alike, is taken only where there is no
    other.
    """
    shown = [segment for query in before for segment in (query.first, query.second)]
    known = {_contents(query.first, query.second) for query in before}
    pairs: list[tuple[Trajectory, Trajectory]] = []
    spare: list[tuple[Trajectory, Trajectory]] = []
    for attempt in count():
        if len(pairs) >= wanted or (attempt >= ATTEMPTS and len(pairs) + len(spare) >= wanted):
            break
        drawn = draw_segments(walks, 2 * wanted, length=settings.segment_length, seed=rng)
        if len(drawn) < 2:
            raise InputError(
                f"There is one segment of {settings.segment_length} steps in "
                f"{settings.rollout_steps} steps of behaviour, and nothing to compare it with. "
                "Give more rollout_steps."
            )
        for one, two in zip(drawn[::2], drawn[1::2], strict=False):
            pair = one, two
            if shown and len(pairs) % 2 == 0:
                old = shown[rng.integers(len(shown))]
                pair = (one, old) if rng.random() < 0.5 else (old, one)
            contents = _contents(*pair)
            told_apart = len(contents) == 2
            (pairs if told_apart and contents not in known else spare).append(pair)
            known.add(contents)
    spare.sort(key=lambda pair: -len(_contents(*pair)))
    return (pairs + spare)[:wanted]


def _contents(one: Trajectory, two: Trajectory) -> frozenset[Hashable]:
    """Return what a pair shows, in whichever order; one content if both sides are alike."""
    return frozenset(content_of(segment) for segment in (one, two))


def _best_pairs(
    pairs: Sequence[tuple[Trajectory, Trajectory]], reward: LearnedReward, n: int, selection: str
) -> list[tuple[Trajectory, Trajectory]]:
    """Return the pairs whose answers are expected to teach the most (`queries`)."""
    one, two = (reward.utilities([pair[side] for pair in pairs]) for side in (0, 1))
    chance = expit(one - two)
    worth = chance.var(axis=0) if selection == "disagreement" else information(chance)
    return [pairs[at] for at in np.sort(np.argsort(-worth, kind="stable")[:n])]


def improved(run: Run, environments: Environments) -> Run:
    """Return the run after its answers were learned from and the policy was improved."""
    settings, at = run.settings, len(run.history)
    begins, ends = asked_in_round(settings, at)
    shares = np.diff(_shares(settings.policy_steps, settings.rounds)).tolist()
    said = {answer.id: answer.preferred for answer in run.answers}
    here = [(query, said[query.id]) for query in run.queries[begins:ends]]
    accuracy = _foretold(run.reward, here, settings.level)
    reward, policy = run.reward, run.policy
    # Where every answer is a tie there is nothing to be paid for, and noise must not be scaled up.
    if any(
        said[query.id] in (0.0, 1.0) and len(_contents(query.first, query.second)) == 2
        for query in run.queries
    ):
        reward = fit_learned_reward(
            preference_dataset(run.queries, run.answers),
            segment_length=settings.segment_length,
            n_states=_count(environments.observation_space),
            n_actions=_count(environments.action_space),
            members=settings.members,
            epochs=settings.reward_epochs,
            seed=as_generator(settings.seed, "reward", str(at)),
        )
        policy = train_policy(
            policy,
            environments,
            reward,
            steps=shares[at],
            seed=seed_for(settings, "learn", at),
            total=sum(policy.steps_for(share) for share in shares),
        )
    returns = evaluate_policy(
        policy,
        environments,
        episodes=settings.evaluation_episodes,
        seed=seed_for(settings, "evaluate", at),
    )
    answered = [(query, preferred) for query, preferred in here if preferred is not None]
    over = Round(
        number=at + 1,
        comparisons=int(ends),
        ties=sum(preferred == 0.5 for _, preferred in answered),
        skipped=len(here) - len(answered),
        ends=sum(len(query.first) != len(query.second) for query, _ in answered),
        accuracy=accuracy,
        policy_steps=policy.steps,
        true_return=mean_estimate(returns, level=settings.level),
    )
    return replace(run, policy=policy, reward=reward, history=(*run.history, over))


def _foretold(
    reward: LearnedReward | None,
    here: Sequence[tuple[Query, float | None]],
    level: float,
) -> Estimate | None:
    """Return how often a reward foretells answers that it was not fitted to; ties say nothing."""
    told = [(query, preferred) for query, preferred in here if preferred in (0.0, 1.0)]
    if reward is None or not told:
        return None
    one, two = (
        reward.returns([query.second if side else query.first for query, _ in told])
        for side in (0, 1)
    )
    said = np.array([preferred for _, preferred in told], float)
    right = (1 + np.sign(two - one) * np.sign(said - 0.5)) / 2  # what it cannot tell is half right
    return share_estimate(float(right.mean()), len(told), rows=len(told), level=level)


def asked_in_round(settings: Settings, at: int) -> tuple[int, int]:
    """Return the number of the round's first question and of the next round's."""
    begins, ends = _shares(settings.comparisons, settings.rounds)[at : at + 2]
    return begins, ends


def _shares(total: int, rounds: int) -> list[int]:
    """Return where each round begins and the last one ends, as even as whole numbers allow."""
    return [total * at // rounds for at in range(rounds + 1)]


def seed_for(settings: Settings, purpose: str, at: int = 0) -> int:
    """Return the seed of what serves one purpose in one round."""
    return int(as_generator(settings.seed, purpose, str(at)).integers(2**31 - 1))


def _count(space: Any) -> int:
    """Return how many there are if they are numbered, and 0 if they are vectors."""
    return int(getattr(space, "n", 0)) if type(space).__name__ == "Discrete" else 0
