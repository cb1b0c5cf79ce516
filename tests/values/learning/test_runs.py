import json

import numpy as np
import pytest

from alignlab.datasets.lines import append_lines
from alignlab.datasets.questions import Answer, Query
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.values.learning.learned_reward import LearnedReward
from alignlab.values.learning.policies import Policy
from alignlab.values.learning.runs import Round, Run, RunDirectory, Settings

SETTINGS = Settings(
    4, 2, 10, 2, 8, "random", 1, 5, 2, None, 0.95, 0, "Corridor", "Discrete(3)", "Discrete(2)"
)
QUERIES = tuple(
    Query(at, Trajectory([0, at], [1], [0.1], ended=True), Trajectory([0, 1, 2], [1, 1]), "now")
    for at in range(3)
)
ROUND = Round(
    1, 2, 0, 1, 1, Estimate(0.5, 0.1, 0.9, 0.95, 2, "exact"), 5, Estimate(1, 1, 1, 0.95, 2, "t")
)


def run(**changes):
    policy = Policy("PPO", {"gamma": 0.9}, 2, 3, {"weights.a": np.arange(3.0)}, steps=5)
    reward = LearnedReward({"scale": np.ones(1), "weight.0": np.ones((1, 2, 1))}, 3, 2, 2)
    given = {
        "settings": SETTINGS,
        "policy": policy,
        "reward": reward,
        "queries": QUERIES,
        "answers": (Answer(QUERIES[1].id, 1.0, "ana"), Answer(QUERIES[0].id, None)),
        "history": (ROUND,),
    }
    return Run(**{**given, **changes})


def test_a_run_comes_back_as_it_was(tmp_path):
    kept = RunDirectory(tmp_path / "run")
    kept.begin(run())
    back = kept.read()
    assert back.settings == SETTINGS
    assert back.history == (ROUND,)
    assert back.answers == run().answers
    assert [query.to_dict() for query in back.queries] == [q.to_dict() for q in QUERIES]
    assert (back.policy.algorithm, back.policy.n_envs, back.policy.seed) == ("PPO", 2, 3)
    assert back.policy.options == run().policy.options
    assert back.policy.steps == 5
    assert np.array_equal(back.policy.arrays["weights.a"], np.arange(3.0))
    assert np.array_equal(back.reward.arrays["weight.0"], np.ones((1, 2, 1)))
    assert (back.reward.n_states, back.reward.n_actions) == (3, 2)
    bare = RunDirectory(tmp_path / "bare")
    bare.begin(run(reward=None, history=(), queries=(), answers=()))
    assert bare.read().reward is None


def test_answers_are_appended_and_the_first_one_stands(tmp_path):
    one = run(answers=())
    told = one.told([Answer(QUERIES[2].id, 0.5, "ana"), Answer(QUERIES[2].id, 1.0, "bo")])
    told = told.told([Answer(QUERIES[2].id, 0.0, "late")])
    assert [answer.annotator for answer in told.answers] == ["ana"]
    assert told.open == QUERIES[:2]
    kept = RunDirectory(tmp_path)
    kept.begin(told)
    before = (tmp_path / "answered.jsonl").read_text()
    kept.save(told.told([Answer(QUERIES[0].id, 1.0, "cy")]))
    after = (tmp_path / "answered.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 2
    # One that is to no query is not kept, and the others are.
    mixed = [Answer("0009-x", 1.0), Answer(QUERIES[0].id, 1.0)]
    assert one.told(mixed).answers == (mixed[1],)
    with pytest.raises(InputError, match=r"'0009-x' is to no query of this run. Its queries are 0"):
        one.require_known(mixed)
    one.require_known(mixed[1:])


def test_an_interrupted_save_leaves_the_state_before(tmp_path, monkeypatch):
    kept = RunDirectory(tmp_path)
    kept.begin(run(queries=QUERIES[:2], answers=()))
    real = kept.read()

    def stop(path, content):
        raise KeyboardInterrupt

    monkeypatch.setattr("alignlab.values.learning.runs.write_whole", stop)
    with pytest.raises(KeyboardInterrupt):
        kept.save(run())
    monkeypatch.undo()
    back = kept.read()
    # The queries were appended, but the run does not know of them yet; the answer is kept, since
    # it was given.
    assert len(back.queries) == len(real.queries) == 2
    assert [answer.annotator for answer in back.answers] == ["ana", ""]
    kept.save(run())
    assert len((tmp_path / "asked.jsonl").read_text().splitlines()) == 3
    assert len(kept.read().queries) == 3


def test_a_question_that_was_left_behind_takes_no_others_place(tmp_path):
    kept = RunDirectory(tmp_path)
    kept.begin(run(queries=QUERIES[:1], answers=()))
    orphan = Query(1, QUERIES[1].second, QUERIES[1].first)
    append_lines(tmp_path / "asked.jsonl", [orphan.to_dict()])
    append_lines(tmp_path / "answered.jsonl", [Answer(orphan.id, 0.0).to_dict()])
    kept.save(run())
    back = kept.read()
    assert [query.id for query in back.queries] == [query.id for query in QUERIES]
    assert back.answers == run().answers
    # As many answers, but not the run's own.
    lines = (tmp_path / "answered.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "answered.jsonl").write_text("".join(lines[:2] * 2))
    with pytest.raises(InputError, match=rf"0 queries and 1 answers .* {QUERIES[0].id}"):
        kept.read()


def test_nothing_that_is_read_can_run_code(tmp_path):
    kept = RunDirectory(tmp_path)
    kept.begin(run())
    (arrays,) = tmp_path.glob("*.npz")
    np.savez(arrays, **{"policy/weights.a": np.array([object()])})
    with pytest.raises(InputError, match="cannot be read: ValueError"):
        kept.read()


def test_old_arrays_are_removed_once_the_new_ones_count(tmp_path):
    kept = RunDirectory(tmp_path)
    kept.begin(run(history=()))
    kept.save(run())
    assert [path.name for path in tmp_path.glob("*.npz")] == ["round-0001.npz"]


def test_what_is_wrong_with_a_directory_is_said(tmp_path):
    kept = RunDirectory(tmp_path / "run")
    with pytest.raises(InputError, match="holds no run"):
        kept.read()
    kept.begin(run())
    with pytest.raises(InputError, match=r"holds a run already. Go on .* resume_training\("):
        kept.begin(run())
    text = (kept.path / "run.json").read_text()
    for changed, says in [
        ("{", "cannot be read: JSONDecodeError"),
        (text.replace('"format": 1', '"format": 2'), "has format 2; this version reads 1"),
        (text.replace('"rounds"', '"round"'), "cannot be read: TypeError"),
        (text.replace("round-0001", "round-0007"), "cannot be read: FileNotFoundError"),
        (json.dumps({"format": 1}), "cannot be read: KeyError"),
    ]:
        (kept.path / "run.json").write_text(changed)
        with pytest.raises(InputError, match=says):
            kept.read()
    (kept.path / "run.json").write_text(text)
    (kept.path / "answered.jsonl").write_text("")
    with pytest.raises(InputError, match="lacks 0 queries and 2 answers"):
        kept.read()
