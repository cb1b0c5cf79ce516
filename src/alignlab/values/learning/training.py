"""Learn what is wanted from comparisons, and do it: the loop of asking, fitting and improving.

In each round [christiano2017deep, sec. 2.2] the policy is watched, pairs of segments of what it
does are put to a teacher, a reward is fitted to all answers so far, and the policy is improved
under that reward by Stable-Baselines3. The teacher may take days: while answers are missing the run
waits, or stops and goes on from its directory when they are there. All chance in a round comes from
the run's seed and the round's number, so where a run was stopped changes nothing.

What ended is worth nothing more, what was cut off is worth what it would have gone on to
[pardo2018time], and the learned reward's zero is what having ended pays (`segments`,
`learned_reward`): whether an agent should seek the end or put it off is then learned from answers,
and not from the sign that a network happens to have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from alignlab.charts import Chart, line_chart
from alignlab.datasets import PreferenceDataset
from alignlab.datasets.questions import Answer, Query, Teacher, preference_dataset
from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate, mean_estimate
from alignlab.progress import ProgressCallback, track
from alignlab.random import as_generator
from alignlab.values.learning.environments import Environments, is_count
from alignlab.values.learning.learned_reward import LearnedReward
from alignlab.values.learning.policies import (
    Policy,
)
from alignlab.values.learning.rounds import (
    asked_in_round,
    improved,
    next_questions,
    seed_for,
)
from alignlab.values.learning.runs import Round, Run, RunDirectory, Settings

__all__ = ["PreferenceTraining", "resume_training", "train_from_preferences"]

Selection = Literal["disagreement", "information gain", "random"]


@dataclass(frozen=True, eq=False, repr=False)
class PreferenceTraining:
    """A policy and a reward learned from comparisons, or a run that waits for answers.

    Attributes
    ----------
    state
        "done", or "waiting" for answers to `open`.
    policy
        The policy so far, as arrays; `actor` gives it as a function.
    reward
        What is learned of the reward; `None` before any answer told two segments apart.
    true_return
        Mean return per episode under the environment's own reward, after the last round; `None`
        before the first.
    history
        One `Round` each.
    queries, answers
        All that was asked and said.
    open
        The queries that wait.
    notes
        What a reader should know before trusting the policy, in sentences.
    directory
        Where the run is kept, or `None`.
    """

    state: Literal["done", "waiting"]
    policy: Policy
    reward: LearnedReward | None
    true_return: Estimate | None
    history: tuple[Round, ...]
    queries: tuple[Query, ...]
    answers: tuple[Answer, ...]
    open: tuple[Query, ...]
    notes: tuple[str, ...]
    directory: Path | None
    environments: Environments

    def __repr__(self) -> str:
        """Return the state, the number of comparisons and the true return."""
        told = [f"state: {self.state}", f"comparisons: {len(self.queries):,}"]
        if self.open:
            told.append(f"open: {len(self.open):,}")
        if self.true_return is not None:
            told.append(f"true return: {self.true_return}")
        return f"<PreferenceTraining; {', '.join(told)}>"

    @property
    def preferences(self) -> PreferenceDataset:
        """What was answered, as a dataset."""
        return preference_dataset(self.queries, self.answers)

    def actor(self) -> Callable[[Any], Any]:
        """Return the policy as a function from an observation to the action it thinks best."""
        return self.policy.act(self.environments)

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "state": self.state,
            "true_return": self.true_return and self.true_return.to_dict(),
            "history": [each.to_dict() for each in self.history],
            "open": [query.id for query in self.open],
            "notes": list(self.notes),
        }

    def to_frame(self) -> Any:
        """Return one row a round as a pandas data frame."""
        import pandas as pd

        rows = [
            {
                "round": each.number,
                "comparisons": each.comparisons,
                "ties": each.ties,
                "skipped": each.skipped,
                "ends": each.ends,
                "accuracy": None if each.accuracy is None else each.accuracy.value,
                "policy_steps": each.policy_steps,
                "true_return": each.true_return.value,
                "true_return_low": each.true_return.low,
                "true_return_high": each.true_return.high,
            }
            for each in self.history
        ]
        return pd.DataFrame(rows)

    def chart(self, question: str = "How much is gained by asking?") -> Chart:
        """Draw the true return against the number of comparisons."""
        rows = [
            {
                "comparisons": each.comparisons,
                "return": each.true_return.value,
                "low": each.true_return.low,
                "high": each.true_return.high,
            }
            for each in self.history
        ]
        return line_chart(
            question,
            rows,
            x="comparisons",
            y="return",
            x_title="comparisons asked",
            y_title="true return per episode (mean, with its interval)",
            band=("low", "high"),
            percent=False,
        )


def train_from_preferences(
    env: Any,
    teacher: Teacher,
    *,
    comparisons: int = 300,
    segment_length: int = 50,
    policy_steps: int = 100_000,
    rounds: int = 6,
    rollout_steps: int = 4096,
    query_selection: Selection = "disagreement",
    members: int = 3,
    reward_epochs: int = 30,
    algorithm: str = "PPO",
    algorithm_options: dict[str, Any] | None = None,
    n_envs: int = 8,
    episode_length: int | None = None,
    evaluation_episodes: int = 20,
    directory: str | Path | None = None,
    poll: float | None = None,
    level: float = 0.95,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> PreferenceTraining:
    """Learn a reward from a teacher's comparisons, and a policy from that reward.

    Use it where what is wanted can be recognised and not written down. Where the reward can be
    written down, train on it: comparisons then only lose. The environment's own reward is never
    learned from; it is what a synthetic teacher answers by and what `true_return` reports.

    Parameters
    ----------
    env
        A Gymnasium id, a function that makes an environment, or an environment, which is then used
        itself, one episode at a time. Observations are numbered (`Discrete`) or vectors (`Box`).
    teacher
        Has `ask(queries)` and `collect()`; see `Teacher`.
    comparisons
        Questions to ask in all. Skipped ones count.
    segment_length
        Steps of each of the two segments in a question; fewer where an episode ended.
    policy_steps
        Environment steps that the policy learns from in all, each round's share rounded up to whole
        updates; its learning rate falls in a line from the first update to the last.
    rounds
        Questions and policy steps are split evenly over so many rounds.
    rollout_steps
        Environment steps in which the policy is watched in each round.
    query_selection
        "disagreement" asks where the members of the ensemble disagree most on who wins,
        "information gain" where the answer is expected to tell most about which member is right,
        both out of ten times as many random pairs; "random" asks about random pairs, as the first
        round does anyway. See `select_queries`.
    members, reward_epochs
        Networks in the ensemble, and passes over the answers for each fit.
    algorithm, algorithm_options
        "PPO" or "A2C" of Stable-Baselines3, and its options by their names there.
    n_envs
        Copies of the environment.
    episode_length
        Steps after which episodes are cut off, for environments without a limit of their own.
    evaluation_episodes
        Episodes behind each true return.
    directory
        Where the run is kept; needed if the teacher does not answer at once.
    poll
        Seconds after which a teacher whose answers are missing is asked for them again, for as
        long as it takes; the run can be stopped at any moment and resumed. `None` does not wait.
    level
        Coverage of the intervals.
    seed
        Of everything.
    progress
        Told of each round instead of the terminal.

    Returns
    -------
    PreferenceTraining
        With `state` "waiting" if answers are missing and nobody waits for them (`poll`): call
        `resume_training` when they are there.

    Raises
    ------
    InputError
        If something given cannot be used, or answers are missing and there is no directory.
    MissingExtraError
        If Stable-Baselines3 is not installed.

    References
    ----------
    [christiano2017deep, sec. 2.2], [lee2021bpref, sec. 4]

    Examples
    --------
    >>> from alignlab.values.learning.teachers import SyntheticTeacher
    >>> training = train_from_preferences(
    ...     "CartPole-v1", SyntheticTeacher(), comparisons=8, rounds=1, segment_length=10,
    ...     policy_steps=64, rollout_steps=256, reward_epochs=20, evaluation_episodes=2,
    ...     algorithm_options={"n_steps": 8, "batch_size": 64, "n_epochs": 1})
    >>> training.state, len(training.answers)
    ('done', 8)
    """
    counts = {
        "comparisons": comparisons,
        "segment_length": segment_length,
        "policy_steps": policy_steps,
        "rounds": rounds,
        "rollout_steps": rollout_steps,
        "members": members,
        "reward_epochs": reward_epochs,
        "evaluation_episodes": evaluation_episodes,
    }
    for name, given in counts.items():
        if not is_count(given):
            raise InputError(f"{name}={given!r} is not a whole number from 1.")
    if rounds > comparisons:
        raise InputError(f"rounds={rounds} is more than comparisons={comparisons}: ask in each.")
    require_choice(query_selection, get_args(Selection), what="query_selection")
    mean_estimate([0.0, 1.0], level=level)  # refuses what is no level
    if isinstance(seed, np.random.Generator):
        raise InputError("seed must be a whole number: it is written down with the run.")
    as_generator(seed)
    _require_teacher(teacher)
    _require_seconds(poll)
    environments = Environments(env, episode_length)
    settings = Settings(
        comparisons,
        segment_length,
        policy_steps,
        rounds,
        rollout_steps,
        query_selection,
        members,
        reward_epochs,
        evaluation_episodes,
        episode_length,
        level,
        int(seed),
        environments.name,
        str(environments.observation_space),
        str(environments.action_space),
    )
    policy = Policy(
        algorithm,
        dict(algorithm_options or {}),
        1 if environments.is_one else n_envs,
        seed_for(settings, "policy"),
        {},
    )
    run = Run(settings, policy)
    kept = None if directory is None else RunDirectory(Path(directory))
    if kept is not None:
        kept.begin(run)
    return _go_on(run, environments, teacher, kept, poll, progress)


def resume_training(
    directory: str | Path,
    env: Any,
    teacher: Teacher,
    *,
    poll: float | None = None,
    progress: ProgressCallback | None = None,
) -> PreferenceTraining:
    """Go on with a run where it stopped.

    Parameters
    ----------
    directory
        Where the run is kept.
    env
        The same environment, under the same name: an id, or a function's name.
    teacher
        Asked for what is still open, and told of what it was asked before.
    poll
        Seconds between two looks for missing answers; `None` does not wait for them.
    progress
        Told of each round instead of the terminal.

    Returns
    -------
    PreferenceTraining
        What the run would have come to had it not been stopped.

    Raises
    ------
    InputError
        If no run is kept there, it cannot be read, or the environment is another one.
    """
    kept = RunDirectory(Path(directory))
    run = kept.read()
    _require_teacher(teacher)
    _require_seconds(poll)
    settings = run.settings
    environments = Environments(env, settings.episode_length)
    for what, was, now in (
        ("observations", settings.observations, str(environments.observation_space)),
        ("actions", settings.actions, str(environments.action_space)),
    ):
        if was != now:
            raise InputError(
                f"The run in {directory} is of {settings.environment} with {what} {was}; "
                f"{environments.name} has {now}."
            )
    if environments.is_one and run.policy.n_envs != 1:
        raise InputError(
            f"The run in {directory} used {run.policy.n_envs} copies of {settings.environment}: "
            "give its id or a function that makes it, not one environment."
        )
    if environments.name != settings.environment:
        raise InputError(
            f"The run in {directory} is of {settings.environment}, and {environments.name} was "
            "given: go on in the same environment, under the same name."
        )
    return _go_on(run, environments, teacher, kept, poll, progress)


def _go_on(
    run: Run,
    environments: Environments,
    teacher: Teacher,
    kept: RunDirectory | None,
    poll: float | None,
    progress: ProgressCallback | None,
) -> PreferenceTraining:
    """Work through the rounds that are left, or until answers are missing and nobody waits."""
    left = range(len(run.history), run.settings.rounds)
    for at in track(left, total=len(left), name=lambda at: f"round {at + 1}", callback=progress):
        begins, ends = asked_in_round(run.settings, at)
        if len(run.queries) < ends:
            run = replace(run, queries=(*run.queries, *next_questions(run, environments)))
            if kept is not None:
                kept.save(run)
        if run.open:
            teacher.ask(run.queries[begins:ends])
            run = _told(run, teacher, kept)
            while run.open and poll is not None:
                time.sleep(poll)
                run = _told(run, teacher, kept)
        if run.open:
            if kept is None:
                raise InputError(
                    f"{len(run.open)} of {ends - begins} questions wait for an answer and nothing "
                    "keeps the run until then. Give directory=, such as directory='run', or wait "
                    "for them: poll=2."
                )
            return _result(run, environments, kept, "waiting")
        run = improved(run, environments)
        if kept is not None:
            kept.save(run)
    return _result(run, environments, kept, "done")


def _told(run: Run, teacher: Teacher, kept: RunDirectory | None) -> Run:
    """Return the run with the answers that have come in, kept."""
    answers = teacher.collect()
    told = run.told(answers)
    if kept is not None and len(told.answers) > len(run.answers):
        kept.save(told)
    told.require_known(answers)  # after the others are kept: a teacher may tell them once
    return told


def _result(
    run: Run,
    environments: Environments,
    kept: RunDirectory | None,
    state: Literal["done", "waiting"],
) -> PreferenceTraining:
    notes = []
    rounds = run.history
    seen = any(segment.ended for query in run.queries for segment in (query.first, query.second))
    if rounds and seen and not any(each.ends for each in rounds):
        notes.append(
            "Episodes ended, and no answer compares segments of different numbers of steps: "
            "whether the policy seeks the end or avoids it rests on nothing that was said."
        )
    if rounds and run.reward is None:
        notes.append(
            "No answer told two segments apart, so there is no reward and the policy is untrained."
        )
    return PreferenceTraining(
        state=state,
        policy=run.policy,
        reward=run.reward,
        true_return=rounds[-1].true_return if rounds else None,
        history=rounds,
        queries=run.queries,
        answers=run.answers,
        open=run.open,
        notes=tuple(notes),
        directory=None if kept is None else kept.path,
        environments=environments,
    )


def _require_seconds(poll: Any) -> None:
    number = isinstance(poll, int | float) and not isinstance(poll, bool)
    if poll is not None and not (number and 0 < poll < math.inf):
        raise InputError(f"poll={poll!r} is not a number of seconds above 0, such as 2.")


def _require_teacher(teacher: Any) -> None:
    if not all(callable(getattr(teacher, name, None)) for name in ("ask", "collect")):
        raise InputError(
            f"teacher={teacher!r} is no teacher: it needs ask(queries) and collect(). "
            "SyntheticTeacher and FileTeacher are two."
        )
