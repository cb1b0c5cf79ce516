"""The queue against a plain model of it, under any order of events; and a search by index."""

import itertools
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alignlab.errors import LeaseError
from alignlab.oversight.archive.database import Sqlite
from alignlab.oversight.items import Advice, Item
from alignlab.oversight.queue import delivery
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings

PEOPLE = ("ana", "bob", "cyd")
MINUTES = 10.0


def item(number, *, gold=False, pair=False, worth=0.0, wanted=None):
    key = f"{'g' if gold else 'c'}{number}"
    if pair:
        content = {"form": "text", "first": {"text": "one"}, "second": {"text": "two"}}
        return Item(key=key, kind="prefer", content=content, worth=worth, wanted=wanted)
    return Item(
        key=key,
        content={"form": "text", "text": key},
        choices=["yes", "no"],
        advice=Advice("yes", 0.7),
        card={"title": "Why"},
        gold="yes" if gold else None,
        worth=worth,
        wanted=wanted,
        stratum="s" if number % 2 else "t",
    )


class Queue(RuleBasedStateMachine):
    """What people may rely on, kept in plain dictionaries beside the real thing."""

    database = None

    @initialize(
        overlap=st.integers(1, 3),
        count=st.integers(0, 8),
        planted=st.integers(0, 2),
        arms=st.sampled_from([("explanation",), ("none", "own first"), ("own first",)]),
        seed=st.integers(0, 3),
    )
    def begin(self, overlap, count, planted, arms, seed):
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1_000_000.0
        self.overlap = overlap
        self.settings = Settings(
            overlap=overlap, arms=arms, seed=seed, gold_rate=0.3, random_share=0.25,
            lease_minutes=MINUTES,
        )  # fmt: skip
        items = [item(n, pair=n % 3 == 2, worth=float(n % 4)) for n in range(count)]
        items += [item(n, gold=True) for n in range(planted)]
        self.wanted = {each.key: overlap for each in items if each.gold is None}
        self.numbers = itertools.count(count)
        self.review = Review.create(
            Path(self.folder.name) / "r", items, settings=self.settings,
            database=self.database, clock=lambda: self.now,
        )  # fmt: skip
        for name in PEOPLE:
            self.review.invite(name)
        self.standing = []  # (person, key, handed on, answer): what was acknowledged and stands
        self.holds = {}  # person -> (case, when it ends)
        self.heads = []
        self.given = Counter()

    def teardown(self):
        if hasattr(self, "review"):
            self.forget_expired()
            for person in PEOPLE:
                while person in self.holds or self.could_have(person):
                    self.answer(person, "decide", False, False)
                self.ask(person)
            assert self.review.verify(head=self.heads[0] if self.heads else None).ok
            self.review.close()
            self.folder.cleanup()

    def counting(self, key):
        return sum(1 for _, k, deferred, _ in self.standing if k == key and not deferred)

    def live(self, person):
        found = self.holds.get(person)
        return found if found and found[1] > self.now else None

    def forget_expired(self):
        self.holds = {p: held for p, held in self.holds.items() if held[1] > self.now}

    def closed_to(self, person, key):
        return any(p == person and k == key for p, k, _, _ in self.standing)

    def could_have(self, person):
        """Every open item that the person may take, by the definition."""
        taken = Counter(case.key for p, (case, _) in self.holds.items())
        return {
            key
            for key, wanted in self.wanted.items()
            if self.counting(key) + taken[key] < wanted and not self.closed_to(person, key)
        }

    def took(self, person, case):
        if case is None:
            self.holds.pop(person, None)
            assert not self.could_have(person)  # nothing starves
            return
        if not (self.live(person) and self.holds[person][0].lease == case.lease):
            assert case.key in self.could_have(person) or case.key.startswith("g")
            assert not self.closed_to(person, case.key)
            self.holds[person] = (case, case.expires)

    @rule(person=st.sampled_from(PEOPLE))
    def ask(self, person):
        before = self.live(person)
        self.forget_expired()
        case = self.review.next(person)
        if before:
            assert case == before[0]
        self.took(person, case)

    @rule(
        person=st.sampled_from(PEOPLE),
        how=st.sampled_from(["decide", "decide", "defer", "cannot tell"]),
        twice=st.booleans(),
        onward=st.booleans(),
    )
    def answer(self, person, how, twice, onward):
        if person not in self.holds:
            self.ask(person)
        held = self.holds.get(person)
        if held is None:
            return
        case, ends = held
        if case.kind == "prefer":
            said = {"preferred": "cannot tell" if how == "cannot tell" else "first"}
            how = "decide" if how == "defer" else how
        elif how == "decide":
            said = {"decision": "no", "reason": f"{self.now}"}
        else:
            said = {"verdict": how}
        if case.stage == "own" and how != "defer":
            if ends > self.now:
                case = self.review.step(person, case.lease, {"decision": "no"})
                assert case.stage == "final"
                self.holds[person] = (case, case.expires)
            else:
                with pytest.raises(LeaseError):
                    self.review.step(person, case.lease, {"decision": "no"})
                return
        if ends <= self.now and self.holds[person][1] <= self.now:
            with pytest.raises(LeaseError):
                self.review.submit(person, case.lease, said)
            return
        if onward:
            self.forget_expired()
            receipt, following = self.review.submit_and_next(person, case.lease, said)
        else:
            receipt, following = self.review.submit(person, case.lease, said), None
        assert not receipt.duplicate
        self.heads.append(str(self.review.head))
        self.standing.append((person, case.key, how == "defer", receipt.seq))
        del self.holds[person]
        if onward:
            self.took(person, following)
        if twice:
            again = self.review.submit(person, case.lease, said)
            assert again.duplicate
            assert (again.seq, again.hash) == (receipt.seq, receipt.hash)

    @rule(person=st.sampled_from(PEOPLE))
    def take_back(self, person):
        mine = [each for each in self.standing if each[0] == person]
        self.forget_expired()
        if not mine:
            assert self.review.undo(person) is None
            return
        _, key, handed_on, _ = mine[-1]
        taken = Counter(case.key for case, _ in self.holds.values())
        full = key in self.wanted and self.counting(key) + taken[key] >= self.wanted[key]
        if handed_on and full:
            with pytest.raises(LeaseError):
                self.review.undo(person)
            return
        case = self.review.undo(person)
        assert case.key == key
        self.standing.remove(mine[-1])
        self.holds[person] = (case, case.expires)

    @rule(minutes=st.sampled_from([1.0, 5.0, 11.0]))
    def wait(self, minutes):
        self.now += 60 * minutes

    @rule(
        what=st.sampled_from(["restart", "add", "reprioritise", "leave"]),
        person=st.sampled_from(PEOPLE),
        data=st.data(),
        worth=st.floats(0, 9),
    )
    def something_rare(self, what, person, data, worth):
        if what == "restart":
            self.review.close()
            self.review = Review.open(self.review.folder, clock=lambda: self.now)
        elif what == "add":
            new = [item(next(self.numbers), worth=worth)]
            self.review.add(new)
            self.wanted |= {each.key: self.overlap for each in new}
        elif what == "reprioritise" and self.wanted:
            key = data.draw(st.sampled_from(sorted(self.wanted)))
            self.review.reprioritise({key: worth})
        elif what == "leave":
            self.review.revoke(person)
            self.holds.pop(person, None)
            self.review.invite(person)

    @invariant()
    def nothing_is_lost_or_too_much(self):
        if not hasattr(self, "review"):
            return
        kept = [
            (each.reviewer, each.key, each.answer.get("verdict") == "defer", each.seq)
            for each in self.review.answers(gold=True)
        ]
        assert kept == sorted(self.standing, key=lambda each: each[3])
        taken = Counter(case.key for case, ends in self.holds.values() if ends > self.now)
        for key, wanted in self.wanted.items():
            assert self.counting(key) + taken[key] <= wanted
        status = self.review.status()
        complete = sum(self.counting(key) == wanted for key, wanted in self.wanted.items())
        assert (status.items, status.complete) == (len(self.wanted), complete)
        assert status.answers == len(self.standing)
        waiting = {
            key for _, key, deferred, _ in self.standing
            if deferred and key in self.wanted and self.counting(key) < self.wanted[key]
        }  # fmt: skip
        assert status.waiting == len(waiting)


BOUNDED = settings(
    max_examples=25,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


def test_the_queue_keeps_its_promises():
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Queue, settings=BOUNDED)


@pytest.mark.slow
def test_the_queue_keeps_its_promises_for_long():
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Queue, settings=settings(BOUNDED, max_examples=150, stateful_step_count=50)
    )


def test_the_queue_keeps_its_promises_in_postgresql(server):
    from hypothesis.stateful import run_state_machine_as_test

    class InPostgres(Queue):
        @property
        def database(self):
            return server.emptied()

    bounded = settings(BOUNDED, max_examples=2, stateful_step_count=20)
    run_state_machine_as_test(InPostgres, settings=bounded)


def test_the_next_item_is_found_by_one_search_of_the_index(tmp_path):
    with Review.create(tmp_path / "r", [item(n) for n in range(5)]) as review:
        database = review._database
        assert isinstance(database, Sqlite)
        with database.read() as work:
            values = {"stream": 2, "rank": 0.0, "tie": 0, "person": 1}
            query = f"EXPLAIN QUERY PLAN {delivery.NEXT.text('sqlite')}"
            plan = [row[3] for row in work.connection.execute(query, values)]
    assert plan[0] == "SEARCH items USING INDEX items_waiting (stream=? AND (rank,tie)>(?,?))"
    assert not any("TEMP B-TREE" in step or "SCAN items" in step for step in plan)


def test_a_person_ahead_does_not_slow_the_one_behind(tmp_path):
    """With overlap 2 what one has answered stays open for others: nobody walks over it again."""
    items = [item(n) for n in range(400)]
    with Review.create(tmp_path / "r", items, settings=Settings(overlap=2)) as review:
        for name in ("ana", "bob"):
            review.invite(name)
        steps = []
        with review._database.write() as work:
            connection = work.connection
        for name, count in (("ana", 300), ("bob", 5), ("ana", 5)):
            given = review.next(name)
            for _ in range(count):
                ticks = []
                connection.set_progress_handler(lambda ticks=ticks: ticks.append(1) and None, 10)
                _, given = review.submit_and_next(name, given.lease, {"decision": "yes"})
                connection.set_progress_handler(None, 0)
                steps.append(len(ticks))
    # A walk over 300 items would take thousands of the database's own steps more.
    assert max(steps) < 2.5 * min(steps)


def test_advice_about_a_pair_is_kept_back_and_not_recorded_as_seen(tmp_path):
    """Its sides may stand exchanged, and its page has no place for advice."""
    pairs = [
        Item(
            key=f"p{n}", kind="prefer", advice=Advice("first", 0.9),
            content={"form": "text", "first": {"text": "a"}, "second": {"text": "b"}},
        )
        for n in range(6)
    ]  # fmt: skip
    with Review.create(tmp_path / "r", pairs) as review:
        review.invite("ana")
        case = review.next("ana")
        while case is not None:
            assert (case.advice, case.card, case.arm) == (None, None, "")
            _, case = review.submit_and_next("ana", case.lease, {"preferred": "first"})
        assert not any(each.advice_seen for each in review.answers())
        assert review.verify().ok
