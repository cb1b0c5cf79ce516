"""The state of a training run, in memory and in a directory that can be stopped at any moment.

    asked.jsonl      one question a line, appended
    answered.jsonl   one answer a line, appended; the first answer to a question stands
    round-0002.npz   the policy and the reward after so many rounds, as plain arrays
    run.json         the settings, the history, and which arrays belong to it

`run.json` is replaced last and whole, and names the questions and answers that belong to the run:
whatever interrupts a save, the directory holds the state before or the state after. Questions that
were appended and are not named there are drawn again, mostly the same; on another machine they may
be others, and those that were left behind are then nobody's.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.lines import append_lines, read_lines
from alignlab.datasets.questions import Answer, Query
from alignlab.errors import InputError, nearest
from alignlab.files import require_writable, write_whole
from alignlab.intervals import Estimate
from alignlab.plain import to_json
from alignlab.values.learning.learned_reward import LearnedReward
from alignlab.values.learning.policies import Policy

__all__ = ["Round", "Run", "RunDirectory", "Settings"]

FORMAT = 1
ASKED, ANSWERED = "asked.jsonl", "answered.jsonl"


@dataclass(frozen=True)
class Settings:
    """What a run was told to do; see `train_from_preferences`."""

    comparisons: int
    segment_length: int
    policy_steps: int
    rounds: int
    rollout_steps: int
    query_selection: str
    members: int
    reward_epochs: int
    evaluation_episodes: int
    episode_length: int | None
    level: float
    seed: int
    environment: str
    observations: str
    actions: str


@dataclass(frozen=True)
class Round:
    """One round of asking, fitting and improving.

    Attributes
    ----------
    number
        From 1.
    comparisons
        Questions asked so far, whether or not they were answered.
    ties, skipped
        Of this round's questions, how many were called alike and how many were not answered.
    ends
        Of this round's answered questions, in how many the segments took different numbers of
        steps, since an episode ended. They alone tell what having ended is worth.
    accuracy
        How often the reward learned before foretold this round's answers, ties apart; `None` where
        there was no reward yet or nothing to foretell.
    policy_steps
        Steps that the policy has learned from so far.
    true_return
        Mean return per episode under the environment's own reward, after this round.
    """

    number: int
    comparisons: int
    ties: int
    skipped: int
    ends: int
    accuracy: Estimate | None
    policy_steps: int
    true_return: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Round:
        """Return a round from what `to_dict` gave."""
        accuracy = given["accuracy"]
        return cls(
            **{
                **given,
                "accuracy": None if accuracy is None else Estimate(**accuracy),
                "true_return": Estimate(**given["true_return"]),
            }
        )


@dataclass(frozen=True, eq=False)
class Run:
    """Everything that a run knows between two steps.

    Attributes
    ----------
    settings
        What it was told.
    policy, reward
        What it has learned; no reward before the first answers.
    queries, answers
        What was asked and said so far.
    history
        The rounds that are over.
    """

    settings: Settings
    policy: Policy
    reward: LearnedReward | None = None
    queries: tuple[Query, ...] = ()
    answers: tuple[Answer, ...] = ()
    history: tuple[Round, ...] = field(default=())

    @property
    def done(self) -> bool:
        """Whether all rounds are over."""
        return len(self.history) == self.settings.rounds

    @property
    def open(self) -> tuple[Query, ...]:
        """The queries that wait for an answer."""
        said = {answer.id for answer in self.answers}
        return tuple(query for query in self.queries if query.id not in said)

    def told(self, answers: Sequence[Answer]) -> Run:
        """Return the run with the answers to its queries added; the first to a query stands."""
        known = {query.id for query in self.queries}
        kept = {answer.id: answer for answer in self.answers}
        for answer in answers:
            if answer.id in known:
                kept.setdefault(answer.id, answer)
        return replace(self, answers=tuple(kept.values()))

    def require_known(self, answers: Sequence[Answer]) -> None:
        """Raise if an answer is to no query of this run."""
        ids = [query.id for query in self.queries]
        unknown = [answer.id for answer in answers if answer.id not in set(ids)]
        if unknown:
            raise InputError(
                f"The answer to {unknown[0]!r} is to no query of this run. Its queries are "
                f"{ids[0]} to {ids[-1]}.{nearest(unknown[0], ids)}"
            )


@dataclass(frozen=True)
class RunDirectory:
    """Where a run is kept.

    Attributes
    ----------
    path
        The directory.
    """

    path: Path

    @property
    def holds_a_run(self) -> bool:
        """Whether a run was kept here."""
        return any((self.path / name).exists() for name in ("run.json", ASKED, ANSWERED))

    def begin(self, run: Run) -> None:
        """Keep a new run.

        Raises
        ------
        InputError
            If one is kept here already.
        OutputError
            If nothing can be written here.
        """
        if self.holds_a_run:
            raise InputError(
                f"{self.path} holds a run already. Go on with it by "
                f"resume_training({str(self.path)!r}, env, teacher), or name another directory."
            )
        require_writable(self.path)
        self.save(run)

    def save(self, run: Run) -> None:
        """Keep the run as it is now: lines first, then arrays, then the one file that counts."""
        self._append(ASKED, [query.to_dict() for query in run.queries])
        self._append(ANSWERED, [answer.to_dict() for answer in run.answers])
        name = f"round-{len(run.history):04d}.npz"
        write_whole(self.path / name, _packed(run))
        reward = run.reward
        write_whole(
            self.path / "run.json",
            to_json(
                {
                    "format": FORMAT,
                    "settings": asdict(run.settings),
                    "policy": {
                        "algorithm": run.policy.algorithm,
                        "options": run.policy.options,
                        "n_envs": run.policy.n_envs,
                        "seed": run.policy.seed,
                        "steps": run.policy.steps,
                    },
                    "reward": reward
                    and {
                        "n_states": reward.n_states,
                        "n_actions": reward.n_actions,
                        "segment_length": reward.segment_length,
                    },
                    "arrays": name,
                    "queries": [query.id for query in run.queries],
                    "answers": [answer.id for answer in run.answers],
                    "history": [each.to_dict() for each in run.history],
                }
            ),
        )
        for old in self.path.glob("round-*.npz"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def read(self) -> Run:
        """Return the run that is kept here.

        Raises
        ------
        InputError
            If there is none, or a file is not what a run writes.
        """
        try:
            text = (self.path / "run.json").read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{self.path} holds no run: {error.strerror}. Begin one by "
                "train_from_preferences(env, teacher, directory=…)."
            ) from error
        try:
            told = json.loads(text)
            if told["format"] != FORMAT:
                raise InputError(
                    f"The run in {self.path} has format {told['format']}; this version reads "
                    f"{FORMAT}."
                )
            arrays = _unpacked((self.path / told["arrays"]).read_bytes())
            policy = Policy(**_only(Policy, told["policy"]), arrays=arrays["policy"])
            reward = told["reward"] and LearnedReward(arrays["reward"], **told["reward"])
            settings = Settings(**told["settings"])
            history = tuple(Round.from_dict(each) for each in told["history"])
            asked, answered = list(told["queries"]), list(told["answers"])
        except InputError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"The run in {self.path} cannot be read: {type(error).__name__}, {error}. "
                "Restore its files as they were written."
            ) from error
        lines = (Query.from_dict(line) for _, line in read_lines(self.path / ASKED))
        queries = {query.id: query for query in lines}
        answers = [Answer.from_dict(line) for _, line in read_lines(self.path / ANSWERED)]
        lost = set(asked) - queries.keys(), set(answered) - {answer.id for answer in answers}
        if any(lost):
            raise InputError(
                f"{self.path} lacks {len(lost[0])} queries and {len(lost[1])} answers of its run, "
                f"such as {min(set.union(*lost))}. Restore its files."
            )
        # Queries that the run does not know of were drawn by one that was interrupted.
        known = tuple(queries[each] for each in asked)
        run = Run(settings, policy, reward, known, (), history)
        return run.told(answers)

    def _append(self, name: str, values: Sequence[Mapping[str, Any]]) -> None:
        kept = {line["id"] for _, line in read_lines(self.path / name)}
        append_lines(self.path / name, [each for each in values if each["id"] not in kept])


def _only(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {key: value for key, value in given.items() if key in names}


def _packed(run: Run) -> bytes:
    """Return the run's arrays as one npz, which holds no objects and runs no code when read."""
    arrays = {f"policy/{key}": value for key, value in run.policy.arrays.items()}
    if run.reward is not None:
        arrays |= {f"reward/{key}": value for key, value in run.reward.arrays.items()}
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def _unpacked(content: bytes) -> dict[str, dict[str, NDArray[Any]]]:
    parts: dict[str, dict[str, NDArray[Any]]] = {"policy": {}, "reward": {}}
    with np.load(io.BytesIO(content), allow_pickle=False) as packed:
        for key in packed.files:
            part, _, name = key.partition("/")
            parts[part][name] = packed[key]
    return parts
