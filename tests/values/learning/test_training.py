import gymnasium
import numpy as np
import pytest
import stable_baselines3
from gymnasium import spaces

from alignlab.datasets.questions import Answer
from alignlab.errors import InputError
from alignlab.values.learning.teachers import FileTeacher, SyntheticTeacher
from alignlab.values.learning.training import resume_training, train_from_preferences

OPTIONS = {"n_steps": 16, "batch_size": 32, "n_epochs": 2, "learning_rate": 0.01}


class Corridor(gymnasium.Env):
    """Five cells to the exit on the right; each step costs 1, or pays 1; cut off after 12."""

    observation_space = spaces.Discrete(5)
    action_space = spaces.Discrete(2)

    def __init__(self, pays=-1.0):
        self.pays = pays

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at, self.count = int(self.np_random.integers(4)), 0
        return self.at, {}

    def step(self, action):
        self.at = max(self.at + (1 if action else -1), 0)
        self.count += 1
        return min(self.at, 4), self.pays, self.at == 5, self.count == 12, {}


def small(env=Corridor, teacher=None, **changes):
    given = {
        "comparisons": 24,
        "rounds": 3,
        "segment_length": 4,
        "policy_steps": 192,
        "rollout_steps": 128,
        "reward_epochs": 5,
        "evaluation_episodes": 4,
        "episode_length": 12,
        "n_envs": 2,
        "algorithm_options": OPTIONS,
        "seed": 1,
    }
    return train_from_preferences(env, teacher or SyntheticTeacher(), **{**given, **changes})


def assert_same(one, two):
    assert one.state == two.state == "done"
    assert one.to_dict() == two.to_dict()
    assert [q.id for q in one.queries] == [q.id for q in two.queries]
    said = [{a.id: a.preferred for a in each.answers} for each in (one, two)]
    assert said[0] == said[1]
    for arrays, others in (
        (one.policy.arrays, two.policy.arrays),
        (one.reward.arrays, two.reward.arrays),
    ):
        assert arrays.keys() == others.keys()
        assert all(np.array_equal(arrays[key], others[key]) for key in arrays)


class Slow:
    """Gives three answers whenever it is asked, the last ones first."""

    def __init__(self):
        self.inner = SyntheticTeacher(rationality=3.0, score_sd=1.5, seed=5)
        self.waiting, self.told = [], set()

    def ask(self, queries):
        self.inner.ask(queries)
        self.waiting = [answer for answer in self.inner.collect() if answer.id not in self.told]

    def collect(self):
        given, self.waiting = self.waiting[-3:], self.waiting[:-3]
        self.told |= {answer.id for answer in given}
        return given


class Given:
    """Gives the answers that are put into it."""

    def __init__(self, answers=()):
        self.answers = list(answers)

    def ask(self, queries):
        self.queries = queries

    def collect(self):
        return self.answers


def test_a_run_stopped_and_resumed_is_the_run_that_was_not_stopped(tmp_path):
    whole = small(teacher=SyntheticTeacher(rationality=3.0, score_sd=1.5, seed=5))
    teacher = Slow()
    stopped = small(teacher=teacher, directory=tmp_path / "run")
    stops = []
    while stopped.state == "waiting":
        stops.append(len(stopped.open))
        stopped = resume_training(tmp_path / "run", Corridor, teacher)
    assert stops == [5, 2] * 3
    assert_same(whole, stopped)
    # Done is done: nothing is asked again and nothing changes.
    assert_same(whole, resume_training(tmp_path / "run", Corridor, Given()))


class Later:
    """Answers one question each time that somebody looks, and none at the first look."""

    def __init__(self):
        self.inner = SyntheticTeacher(rationality=3.0, score_sd=1.5, seed=5)
        self.asked, self.looks = [], 0

    def ask(self, queries):
        self.asked.append([query.id for query in queries])
        self.inner.ask(queries)
        self.ready, self.looks = list(self.inner.collect()), 0

    def collect(self):
        self.looks += 1
        return self.ready[: self.looks - 1]


@pytest.mark.parametrize("kept", [True, False])
def test_a_run_waits_for_as_long_as_it_takes_and_asks_once(tmp_path, kept):
    whole = small(teacher=SyntheticTeacher(rationality=3.0, score_sd=1.5, seed=5))
    teacher = Later()
    waited = small(teacher=teacher, poll=1e-4, directory=tmp_path / "run" if kept else None)
    assert_same(whole, waited)
    assert [len(each) for each in teacher.asked] == [8, 8, 8]


def test_a_run_that_is_killed_while_it_waits_loses_no_answer(tmp_path):
    whole = small(teacher=SyntheticTeacher(rationality=3.0, score_sd=1.5, seed=5))

    class Killed(Later):
        def collect(self):
            if self.looks == 5:
                raise KeyboardInterrupt
            return super().collect()

    with pytest.raises(KeyboardInterrupt):
        small(teacher=Killed(), poll=1e-4, directory=tmp_path)
    stopped = resume_training(tmp_path, Corridor, Given())
    assert len(stopped.answers) == 4
    assert_same(whole, resume_training(tmp_path, Corridor, Later(), poll=1e-4))


@pytest.mark.parametrize("poll", [0, -1.0, True, float("nan"), float("inf"), "2"])
def test_a_pause_that_is_none_is_refused(tmp_path, poll):
    with pytest.raises(InputError, match="is not a number of seconds above 0"):
        small(teacher=Given(), poll=poll)
    small(teacher=Given(), directory=tmp_path)
    with pytest.raises(InputError, match="is not a number of seconds above 0"):
        resume_training(tmp_path, Corridor, Given(), poll=poll)


@pytest.mark.parametrize(("policy_steps", "rounds"), [(32, 1), (64, 2), (100, 3)])
def test_every_update_moves_the_policy(policy_steps, rounds, monkeypatch):
    moved = []
    real = stable_baselines3.PPO.train

    def train(self):
        before = [weight.clone() for weight in self.policy.parameters()]
        real(self)
        rate = self.policy.optimizer.param_groups[0]["lr"]
        pairs = zip(before, self.policy.parameters(), strict=True)
        moved.append(rate > 0 and any(not old.equal(new) for old, new in pairs))

    monkeypatch.setattr(stable_baselines3.PPO, "train", train)
    small(policy_steps=policy_steps, rounds=rounds)
    # One update learns from 32 steps, and a round's share is made of whole ones.
    assert moved == [True] * rounds * -(-policy_steps // rounds // 32)


def test_a_run_that_is_killed_between_its_rounds_goes_on(tmp_path):
    class Killed(SyntheticTeacher):
        def ask(self, queries):
            if queries[0].number >= 8:
                raise KeyboardInterrupt
            super().ask(queries)

    with pytest.raises(KeyboardInterrupt):
        small(teacher=Killed(), directory=tmp_path / "run")
    assert_same(small(), resume_training(tmp_path / "run", Corridor, SyntheticTeacher()))


def test_the_same_seed_gives_the_same_run_and_another_another():
    assert_same(small(), small())
    other = small(seed=2)
    assert [q.id for q in other.queries] != [q.id for q in small().queries]


def test_a_person_answers_by_a_file_in_the_runs_own_directory(tmp_path):
    teacher = FileTeacher(tmp_path / "queries.jsonl", tmp_path / "answers.jsonl")
    training = small(teacher=teacher, directory=tmp_path, rounds=2, comparisons=6)
    assert (training.state, len(training.open), training.true_return) == ("waiting", 3, None)
    while training.state == "waiting":
        teacher = FileTeacher(tmp_path / "queries.jsonl", tmp_path / "answers.jsonl")
        inner = SyntheticTeacher()
        inner.ask(training.open)
        with teacher.answers.open("a") as stream:
            for answer in inner.collect():
                word = {0.0: "first", 1.0: "second", 0.5: "tie"}[answer.preferred]
                stream.write(
                    f'{{"id": "{answer.id}", "preferred": "{word}", "annotator": "ana"}}\n'
                )
        training = resume_training(tmp_path, Corridor, teacher)
    assert training.state == "done"
    assert len(training.answers) == 6
    assert {answer.annotator for answer in training.answers} == {"ana"}
    assert len((tmp_path / "queries.jsonl").read_text().splitlines()) == 6


class Once(Given):
    """Tells its answers once."""

    def collect(self):
        given, self.answers = self.answers, []
        return given


def test_an_answer_to_no_question_costs_no_other_answer(tmp_path):
    waiting = small(teacher=Given(), directory=tmp_path)
    said = [Answer(query.id, 1.0, "ana") for query in waiting.open[:3]]
    teacher = Once([said[0], Answer("0042-aaaaaaaaaaaa", 0.5), *said[1:]])
    with pytest.raises(InputError, match="'0042-aaaaaaaaaaaa' is to no query of this run"):
        resume_training(tmp_path, Corridor, teacher)
    assert resume_training(tmp_path, Corridor, teacher).answers == tuple(said)


def test_a_line_that_was_wrong_can_be_corrected(tmp_path):
    teacher = FileTeacher(tmp_path / "queries.jsonl", tmp_path / "answers.jsonl")
    waiting = small(teacher=teacher, directory=tmp_path)
    right = f'{{"id": "{waiting.open[0].id}", "preferred": "first"}}\n'
    for wrong in ('{"id": "0042-aaaaaaaaaaaa", "preferred": "tie"}\n', '{"id": "x"}\n'):
        teacher.answers.write_text(right + wrong)
        for _ in range(2):
            with pytest.raises(InputError, match=r'no query of this run|has no "preferred"'):
                resume_training(tmp_path, Corridor, teacher)
    teacher.answers.write_text(right)
    assert len(resume_training(tmp_path, Corridor, teacher).answers) == 1


def test_a_teacher_that_never_answers_needs_a_directory(tmp_path):
    with pytest.raises(InputError, match=r"8 of 8 questions wait .*Give directory="):
        small(teacher=Given())
    training = small(teacher=Given(), directory=tmp_path)
    assert training.state == "waiting"
    assert training.history == ()
    assert "open: 8" in repr(training)
    again = resume_training(tmp_path, Corridor, Given())
    assert [q.id for q in again.open] == [q.id for q in training.open]


def test_a_teacher_that_skips_everything_teaches_nothing_and_it_is_said():
    training = small(teacher=SyntheticTeacher(skip_below=100.0))
    assert training.state == "done"
    assert training.reward is None
    assert training.policy.steps == 0
    assert [each.skipped for each in training.history] == [8, 8, 8]
    assert any("no reward and the policy is untrained" in note for note in training.notes)


def test_ties_alone_are_no_reward():
    training = small(teacher=SyntheticTeacher(equal_within=100.0))
    assert training.reward is None
    assert [each.ties for each in training.history] == [8, 8, 8]


@pytest.mark.parametrize(("pays", "length"), [(-1.0, 3.0), (1.0, 12.0)])
def test_whether_to_end_or_to_go_on_is_learned_from_answers(pays, length):
    """The exit is sought where a step costs and avoided where it pays; nothing else differs."""
    training = small(
        lambda: Corridor(pays),
        comparisons=60,
        rounds=2,
        segment_length=6,
        policy_steps=2000,
        rollout_steps=400,
        reward_epochs=30,
        evaluation_episodes=20,
    )
    steps = abs(training.true_return.value)
    assert abs(steps - length) < 1.0
    assert sum(each.ends for each in training.history) > 5
    assert not training.notes


def test_answers_that_never_compare_an_end_are_noted():
    class NoEnds(SyntheticTeacher):
        def ask(self, queries):
            self.skipped = [q for q in queries if len(q.first) != len(q.second)]
            super().ask([q for q in queries if len(q.first) == len(q.second)])

        def collect(self):
            return [*super().collect(), *(Answer(q.id, None) for q in self.skipped)]

    training = small(teacher=NoEnds(equal_within=None))
    # Some ended after as many steps as others went on for; a constant per step is then unknown.
    asked = [q for q in training.queries if len(q.first) == len(q.second)]
    assert any(query.first.ended != query.second.ended for query in asked)
    assert training.reward.arrays["shift"].any()
    assert any("rests on nothing that was said" in note for note in training.notes)


def test_what_is_found_is_shown(tmp_path):
    training = small()
    frame = training.to_frame()
    assert frame["comparisons"].tolist() == [8, 16, 24]
    assert frame["policy_steps"].tolist() == [64, 128, 192]
    assert frame["accuracy"].isna().tolist()[0]
    assert training.chart().table.columns == ("comparisons", "return", "low", "high")
    assert len(training.chart().table.rows) == 3
    assert training.to_dict()["state"] == "done"
    assert len(training.preferences) == 24
    assert training.actor()(0) in (0, 1)
    assert "true return: " in repr(training)


def test_random_questions_and_one_environment():
    one = Corridor()
    training = small(one, query_selection="random", algorithm_options={**OPTIONS, "n_steps": 32})
    assert training.state == "done"
    assert training.policy.n_envs == 1


def test_vectors_as_actions():
    class Push(Corridor):
        action_space = spaces.Box(-1.0, 1.0, (1,))
        observation_space = spaces.Box(0.0, 5.0, (2,))

        def reset(self, **options):
            super().reset(**options)
            return self.seen(), {}

        def seen(self):
            return np.array([self.at, self.count / 12], np.float32)

        def step(self, action):
            _, *rest = super().step(float(action[0]) > 0)
            return self.seen(), *rest

    training = small(Push, rounds=2)
    assert training.queries[0].first.actions.shape[1] == 1
    assert training.queries[0].first.states.shape[1] == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"comparisons": 0}, "comparisons=0 is not a whole number from 1"),
        ({"comparisons": 2.5}, "comparisons=2.5"),
        ({"rounds": 25}, "rounds=25 is more than comparisons=24"),
        ({"segment_length": 13, "teacher": SyntheticTeacher()}, "segment_length=13 is longer"),
        ({"query_selection": "disagrement"}, "Did you mean 'disagreement'"),
        ({"algorithm": "SAC"}, "algorithm='SAC' is not one of"),
        ({"teacher": "ana"}, "teacher='ana' is no teacher"),
        ({"env": "CartPool-v1"}, "Did you mean 'CartPole-v1'"),
        ({"episode_length": None}, "has no time limit"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": np.random.default_rng(0)}, "written down with the run"),
        ({"level": 1.0}, "level=1.0"),
        ({"n_envs": 3}, "batch_size=32 does not divide"),
        (
            {"rollout_steps": 2, "segment_length": 2, "env": Corridor()},
            "nothing to compare it with",
        ),
    ],
)
def test_what_cannot_be_done_is_said(changes, says):
    changes = dict(changes)
    env = changes.pop("env", Corridor)
    if not isinstance(env, str | type):
        changes["algorithm_options"] = {**OPTIONS, "n_steps": 32}
    if changes.get("segment_length") == 13:
        # Here nothing ends, so a segment of 13 steps is in no episode of 12.
        class Endless(Corridor):
            def step(self, action):
                seen, paid, _, cut, told = super().step(0)
                return seen, paid, False, cut, told

        env = Endless
    with pytest.raises(InputError, match=says):
        small(env, **changes)


def test_a_directory_is_one_runs_and_an_environment_is_the_same_one(tmp_path):
    small(teacher=Given(), directory=tmp_path)
    with pytest.raises(InputError, match="holds a run already"):
        small(directory=tmp_path)
    with pytest.raises(InputError, match=r"of Corridor with observations Discrete\(5\)"):
        resume_training(tmp_path, "CartPole-v1", Given())
    with pytest.raises(InputError, match="used 2 copies of Corridor"):
        resume_training(tmp_path, Corridor(), Given())

    def other():
        return Corridor(pays=1.0)

    with pytest.raises(InputError, match="is of Corridor, and other was given"):
        resume_training(tmp_path, other, Given())
    with pytest.raises(InputError, match="holds no run"):
        resume_training(tmp_path / "elsewhere", Corridor, Given())


CARTPOLE = {
    "comparisons": 60,
    "rounds": 2,
    "policy_steps": 24_000,
    "evaluation_episodes": 10,
    "algorithm_options": {
        "n_steps": 32,
        "batch_size": 256,
        "n_epochs": 20,
        "gamma": 0.98,
        "gae_lambda": 0.8,
        "learning_rate": 1e-3,
    },
}


@pytest.mark.slow
def test_cartpole_is_learned_from_answers_and_unlearned_from_their_opposites():
    right = train_from_preferences("CartPole-v1", SyntheticTeacher(), **CARTPOLE)
    # 90 % of 500, which the true reward reaches; an untrained policy falls after about 20.
    assert right.true_return.value >= 450
    wrong = train_from_preferences(
        "CartPole-v1", SyntheticTeacher(mistakes=1.0), **{**CARTPOLE, "policy_steps": 8_000}
    )
    assert wrong.true_return.value < 50
