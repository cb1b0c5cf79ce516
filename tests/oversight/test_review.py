import json
import threading

import pytest

from alignlab.errors import AccessError, InputError, LeaseError
from alignlab.oversight.items import Advice, Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import ARMS, Settings


def case(key, **given):
    content = {"form": "text", "title": key, "text": f"What of {key}?"}
    return Item(**{"key": key, "content": content, "choices": ["yes", "no"], **given})


def pair(key, **given):
    content = {"form": "text", "first": {"text": "one"}, "second": {"text": "two"}}
    return Item(key=key, kind="prefer", content=content, **given)


def advised(key, **given):
    return case(key, advice=Advice("yes", 0.8), card={"title": "Why"}, **given)


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(tmp_path, database, clock):
    made = []

    def make(items, *people, media=None, **settings):
        review = Review.create(
            tmp_path / f"review {len(made)}",
            items,
            settings=Settings(**settings),
            media=media,
            database=database,
            clock=clock,
        )
        made.append(review)
        for name in people:
            review.invite(name)
        return review

    yield make
    for review in made:
        review.close()


def test_the_first_decision(make):
    with make([case("a")], "ana") as review:
        given = review.next("ana")
        assert (given.key, given.kind, given.choices) == ("a", "decide", ("yes", "no"))
        receipt = review.submit("ana", given.lease, {"decision": "no", "reason": "too risky"})
        assert review.next("ana") is None
        (said,) = review.answers()
        assert said.answer["decision"] == "no"
        assert (said.key, said.reviewer, said.seq) == ("a", "ana", receipt.seq)
        status = review.status()
        assert (status.items, status.complete, status.open, status.answers) == (1, 1, 0, 1)
        assert receipt.hash == status.head.hash
        assert review.verify(head=str(review.head)).ok


def test_a_review_is_reopened_where_it_was(make, database, clock):
    with make([case("a"), case("b")], "ana") as review:
        given = review.next("ana")
    with Review.open(review.folder, clock=clock) as again:
        assert again.next("ana") == given
        assert again.settings == review.settings


def test_what_came_first_stays_first_when_sent_twice(make):
    review = make([case("a"), case("b")], "ana")
    given = review.next("ana")
    first = review.submit("ana", given.lease, {"decision": "no"})
    again = review.submit("ana", given.lease, {"decision": "yes"})
    assert again.duplicate
    assert (again.seq, again.hash) == (first.seq, first.hash)
    assert [each.answer["decision"] for each in review.answers()] == ["no"]
    _, following = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    assert following.key != given.key


def test_an_expired_lease_is_refused_and_its_case_goes_on(make, clock):
    review = make([case("a")], "ana", "bob", lease_minutes=10)
    given = review.next("ana")
    assert review.next("bob") is None
    clock.now += 599.9
    assert review.next("bob") is None
    clock.now += 0.2
    with pytest.raises(LeaseError, match="no longer yours"):
        review.submit("ana", given.lease, {"decision": "no"})
    taken = review.next("bob")
    assert taken.key == "a"
    review.submit("bob", taken.lease, {"decision": "yes"})
    with pytest.raises(LeaseError):
        review.submit("ana", given.lease, {"decision": "no"})
    assert review.next("ana") is None
    assert [each.reviewer for each in review.answers()] == ["bob"]


def test_looking_does_not_extend_a_lease(make, clock):
    review = make([case("a")], "ana", lease_minutes=10)
    given = review.next("ana")
    clock.now += 300
    assert review.next("ana") == given
    assert review.held("ana") == given
    clock.now += 301
    assert review.held("ana") is None
    assert review.next("ana").lease != given.lease


def test_exactly_as_many_answers_as_wanted(make):
    review = make([case("a"), case("b", wanted=3)], "ana", "bob", "cyd", overlap=2)
    for name in ("ana", "bob", "cyd"):
        given = review.next(name)
        while given:
            _, given = review.submit_and_next(name, given.lease, {"decision": "yes"})
    keys = [each.key for each in review.answers()]
    assert (keys.count("a"), keys.count("b")) == (2, 3)


def test_a_case_handed_on_goes_to_a_colleague_and_never_back(make):
    review = make([case("a")], "ana", "bob")
    given = review.next("ana")
    _, following = review.submit_and_next("ana", given.lease, {"verdict": "defer"})
    assert following is None
    assert review.status().waiting == 1
    taken = review.next("bob")
    assert taken.key == "a"
    review.submit("bob", taken.lease, {"verdict": "cannot tell"})
    status = review.status()
    assert (status.complete, status.waiting) == (1, 0)
    verdicts = [(each.reviewer, each.answer["verdict"]) for each in review.answers()]
    assert verdicts == [("ana", "defer"), ("bob", "cannot tell")]
    assert review.verify().ok


def test_taking_back(make):
    review = make([case("a"), case("b")], "ana", "bob")
    first = review.next("ana")
    _, second = review.submit_and_next("ana", first.lease, {"decision": "no", "reason": "slip"})
    back = review.undo("ana")
    assert back.key == first.key
    assert back.taken_back["decision"] == "no"
    assert back.answered == 0
    assert list(review.answers()) == []
    with pytest.raises(LeaseError):
        review.submit("ana", second.lease, {"decision": "no"})
    with pytest.raises(LeaseError):
        review.submit("ana", first.lease, {"decision": "no"})
    _, after = review.submit_and_next("ana", back.lease, {"decision": "yes"})
    assert after.key == second.key
    assert after.taken_back is None
    assert [each.answer["decision"] for each in review.answers()] == ["yes"]
    assert review.verify().ok


def test_taking_back_goes_on_to_the_one_before(make):
    review = make([case(key) for key in "abc"], "ana")
    keys = []
    given = review.next("ana")
    for _ in range(3):
        keys.append(given.key)
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    assert [review.undo("ana").key for _ in range(3)] == keys[::-1]
    assert review.undo("ana") is None
    assert review.status().complete == 0
    assert review.verify().ok


def test_what_was_handed_on_comes_back_only_while_nobody_has_it(make):
    review = make([case("a")], "ana", "bob")
    review.submit("ana", review.next("ana").lease, {"verdict": "defer"})
    assert review.undo("ana").key == "a"
    assert review.status().waiting == 0
    review.submit("ana", review.held("ana").lease, {"verdict": "defer"})
    assert review.next("bob").key == "a"
    with pytest.raises(LeaseError, match="taken over"):
        review.undo("ana")
    assert review.verify().ok


def test_nothing_reaches_a_person_before_their_own_answer(make):
    secret = {"title": "the explanation that nobody may see"}
    item = case("a", advice=Advice("yes", 0.8125), card=secret)
    review = make([item], "ana", arms=("own first",))
    given = review.next("ana")
    assert (given.stage, given.advice, given.card, given.on_demand) == ("own", None, None, False)
    assert "0.8125" not in repr(given)
    assert "nobody may see" not in repr(given)
    with pytest.raises(InputError, match="own answer comes first"):
        review.submit("ana", given.lease, {"decision": "no"})
    final = review.step("ana", given.lease, {"decision": "no"}, visible_ms=900)
    assert (final.stage, final.lease) == ("final", given.lease)
    assert final.advice == Advice("yes", 0.8125)
    assert final.card == secret
    assert final.own["decision"] == "no"
    with pytest.raises(LeaseError, match="had its step"):
        review.step("ana", given.lease, {"decision": "yes"})
    review.submit("ana", given.lease, {"verdict": "accept"})
    (said,) = review.answers()
    assert (said.own["decision"], said.answer["verdict"]) == ("no", "accept")
    assert said.advice_seen
    assert said.card_seen


def test_the_own_answer_survives_an_expired_lease(make, clock):
    review = make([advised("a")], "ana", arms=("own first",))
    review.step("ana", review.next("ana").lease, {"decision": "no"})
    clock.now += 10_000
    again = review.next("ana")
    assert (again.stage, again.own["decision"]) == ("final", "no")


def test_each_arm_shows_what_it_should(make):
    seen = {}
    for arm in ARMS:
        review = make([advised("a")], "ana", arms=(arm,))
        given = review.next("ana")
        seen[arm] = (given.advice, given.card is not None, given.on_demand, given.stage)
        if given.on_demand:
            assert review.reveal("ana", given.lease) == {"title": "Why"}
            assert review.held("ana").card == {"title": "Why"}
    full = Advice("yes", 0.8)
    assert seen == {
        "none": (None, False, False, "final"),
        "advice": (Advice("yes"), False, False, "final"),
        "confidence": (full, False, False, "final"),
        "explanation": (full, True, False, "final"),
        "on demand": (full, False, True, "final"),
        "own first": (None, False, False, "own"),
    }


def test_an_explanation_asked_for_is_recorded(make):
    review = make([advised("a"), advised("b")], "ana", arms=("on demand",))
    given = review.next("ana")
    review.reveal("ana", given.lease)
    review.reveal("ana", given.lease)
    _, second = review.submit_and_next("ana", given.lease, {"verdict": "accept"})
    review.submit("ana", second.lease, {"verdict": "accept"})
    assert [each.card_seen for each in review.answers()] == [True, False]
    with pytest.raises(LeaseError):
        review.reveal("ana", given.lease)
    plain = make([advised("a")], "ana", arms=("none",))
    with pytest.raises(InputError, match="no explanation"):
        plain.reveal("ana", plain.next("ana").lease)


def test_arms_are_balanced_in_each_stratum_and_person(make):
    items = [advised(f"{s}{n}", stratum=s) for s in "xy" for n in range(30)]
    review = make(items, "ana", "bob", arms=("none", "advice", "explanation"), overlap=2)
    for name in ("ana", "bob"):
        counts = {}
        given = review.next(name)
        while given:
            of = counts.setdefault(given.key[0], dict.fromkeys(review.settings.arms, 0))
            of[given.arm] += 1
            assert max(of.values()) - min(of.values()) <= 1
            _, given = review.submit_and_next(name, given.lease, {"decision": "yes"})
        assert all(set(of.values()) == {10} for of in counts.values())
    assert review.verify().ok


def test_an_expired_case_keeps_its_arm_and_its_sides(make, clock):
    review = make([advised("a"), pair("p")], "ana", arms=("none", "explanation"))
    for _ in range(2):
        given = review.next("ana")
        clock.now += 10_000
        again = review.next("ana")
        assert (again.key, again.arm, again.swapped) == (given.key, given.arm, given.swapped)
        said = {"decision": "no"} if again.kind == "decide" else {"preferred": "tie"}
        review.submit("ana", again.lease, said)


def test_arms_by_reviewer_stay(make):
    items = [advised(f"{n}") for n in range(3)]
    names = [f"person {n}" for n in range(6)]
    arms = ("none", "explanation", "on demand")
    review = make(items, *names, arms=arms, arms_by="reviewer", overlap=6)
    had = []
    for name in names:
        first = review.next(name)
        _, second = review.submit_and_next(name, first.lease, {"decision": "no"})
        assert first.arm == second.arm
        had.append(first.arm)
    assert sorted(had[:3]) == sorted(had[3:]) == sorted(arms)


def test_an_owner_takes_no_reviewers_place_in_a_block(make):
    for seed in range(4):
        review = make(
            [advised("a")], arms=("none", "advice"), arms_by="reviewer", overlap=2, seed=seed
        )
        review.invite("olga", role="owner")
        review.invite("ana")
        review.invite("bo")
        assert {review.next(name).arm for name in ("ana", "bo")} == {"none", "advice"}


def test_sides_are_exchanged_half_the_time_and_turned_back(make):
    review = make([pair(f"p{n}") for n in range(60)], "ana")
    given, swapped = review.next("ana"), 0
    while given:
        shown = (given.content["first"]["text"], given.content["second"]["text"])
        assert shown == (("two", "one") if given.swapped else ("one", "two"))
        swapped += given.swapped
        side = "first" if shown[0] == "two" else "second"
        _, given = review.submit_and_next("ana", given.lease, {"preferred": side})
    assert 18 <= swapped <= 42  # beyond 3 standard deviations otherwise
    assert {each.answer["preferred"] for each in review.answers()} == {"second"}
    back = review.undo("ana")
    side = "first" if back.swapped else "second"
    assert back.taken_back["preferred"] == side


def test_an_interview_step_by_step(make):
    content = {"form": "amounts", "low": 0, "high": 100, "questions": 5}
    review = make([Item(key="i", kind="interview", content=content)], "ana")
    given = review.next("ana")
    assert given.stage == "question"
    question = {"sure": 50, "probability": 0.5}
    after = review.step("ana", given.lease, {"question": question, "reply": "sure"})
    assert after.said[0]["question"] == question
    with pytest.raises(InputError, match="names the question"):
        review.step("ana", given.lease, {"reply": "sure"})
    with pytest.raises(InputError, match="submit it"):
        review.step("ana", given.lease, {"question": question, "reply": "stop"})
    with pytest.raises(InputError, match="longer than"):
        review.step("ana", given.lease, {"question": {"x": "y" * 30_000}, "reply": "sure"})
    review.step("ana", given.lease, {"question": question, "reply": "gamble"})
    review.submit("ana", given.lease, {"reply": "stop"})
    (said,) = review.answers()
    assert [each["reply"] for each in said.said] == ["sure", "gamble"]
    assert said.answer == {"reply": "stop"}
    assert len(review.undo("ana").said) == 2


def test_planted_items_are_mixed_in_once_a_person_and_left_out(make):
    items = [case(f"c{n}") for n in range(200)]
    items += [case(f"g{n}", gold="yes") for n in range(10)]
    review = make(items, "ana", "bob", gold_rate=0.2, overlap=2)
    for name in ("ana", "bob"):
        keys = []
        given = review.next(name)
        while given:
            keys.append(given.key)
            _, given = review.submit_and_next(name, given.lease, {"decision": "yes"})
        places = [at for at, key in enumerate(keys) if key.startswith("g")]
        assert len(places) == len({keys[at] for at in places}) == 10
        assert max(places) - min(places) > 15  # mixed in, not in a block
    assert sum(1 for _ in review.answers()) == 400
    planted = [each for each in review.answers(gold=True) if each.gold is not None]
    assert len(planted) == 20
    assert {each.drawn for each in planted} == {"gold"}
    assert review.status().items == 200
    assert review.verify().ok


def test_a_planted_item_whose_time_ran_out_comes_again(make, clock):
    review = make([case("g", gold="yes")], "ana")
    given = review.next("ana")
    assert given.key == "g"
    clock.now += 10_000
    again = review.next("ana")
    assert (again.key, again.lease == given.lease) == ("g", False)
    review.submit("ana", again.lease, {"verdict": "defer"})
    assert review.next("ana") is None


def test_the_most_worthwhile_comes_first_but_for_the_random_share(make):
    items = [case(f"{n}", worth=float(n)) for n in range(100)]
    review = make(items, "ana", random_share=0.1)
    order, random = [], 0
    given = review.next("ana")
    while given:
        order.append(int(given.key))
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    drawn = [each.drawn for each in review.answers()]
    assert drawn.count("random") == 10
    for n in range(1, 100):
        random = drawn[:n].count("random")
        assert random >= min(0.1 * n, 10)
    valued = [key for key, how in zip(order, drawn, strict=True) if how == "value"]
    assert valued == sorted(valued, reverse=True)
    assert sorted(order) == list(range(100))


def test_a_new_worth_moves_items_even_behind_ones_cursor(make):
    review = make([case(f"{n}", worth=float(n)) for n in range(40)], "ana", "bob", overlap=2)
    given = review.next("ana")
    for _ in range(25):
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    open_to_ana = {f"{n}" for n in range(40)} - {each.key for each in review.answers()}
    open_to_ana -= {given.key}
    best = min(open_to_ana, key=int)
    review.reprioritise({best: 1000.0})
    _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    if given.key != best:  # the random sample had its turn
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    assert given.key == best or best in sampled(review, best)
    with pytest.raises(InputError, match="'nobody' is the key of no item"):
        review.reprioritise({"nobody": 1.0})
    with pytest.raises(InputError, match="not a finite number"):
        review.reprioritise({best: float("nan")})
    assert review.verify().ok


def sampled(review, key):
    with review._database.read() as work:
        rows = work.connection.execute("SELECT key FROM items WHERE drawn = 'random'").fetchall()
    return {each for (each,) in rows}


def test_items_added_later_are_met_by_those_who_were_through(make):
    review = make([case("a", worth=5)], "ana", "bob", overlap=2)
    review.submit("ana", review.next("ana").lease, {"decision": "yes"})
    assert review.next("ana") is None
    assert review.add([case("b", worth=9), case("c", worth=1)]) == 2
    got = set()
    given = review.next("ana")
    while given:
        got.add(given.key)
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    assert got == {"b", "c"}
    with pytest.raises(InputError, match="'b' stands twice"):
        review.add([case("d"), case("b")])
    assert review.known(["b", "d"]) == {"b"}
    assert review.status().items == 3
    assert review.verify().ok


def test_duplicate_keys_are_named_and_nothing_is_left(tmp_path, database):
    items = [case(f"{n}") for n in range(1500)] + [case("1200"), case("3")]
    with pytest.raises(InputError, match="'1200' stands twice"):
        Review.create(tmp_path / "r", items, database=database)
    assert not (tmp_path / "r").exists()
    with Review.create(tmp_path / "r", [case("a")], database=database) as review:
        assert review.status().items == 1
    with pytest.raises(InputError, match="holds a review already"):
        Review.create(tmp_path / "r", [case("a")], database=database)


def test_an_item_is_named_by_its_place(tmp_path, database):
    with pytest.raises(InputError, match=r"Item 2: 'b': choices=\['yes'\]"):
        Review.create(tmp_path / "r", [case("a"), case("b", choices=["yes"])], database=database)


def test_people_come_and_go(make):
    review = make([case("a"), case("b")])
    token = review.invite("ana", role="owner")
    assert review.person(token).role == "owner"
    assert review.person("nonsense") is None
    secret, csrf = review.begin_session(token)
    signed_in = review.session(secret)
    assert (signed_in.person.name, signed_in.csrf) == ("ana", csrf)
    assert review.session(csrf) is None
    given = review.next("ana")
    review.revoke("ana")
    assert review.session(secret) is None
    assert review.person(token) is None
    with pytest.raises(AccessError):
        review.begin_session(token)
    with pytest.raises(AccessError, match="'ana' is not invited"):
        review.submit("ana", given.lease, {"decision": "yes"})
    with pytest.raises(InputError, match="revoked before"):
        review.revoke("ana")
    review.invite("bob")
    assert review.next("bob").key == given.key
    again = review.invite("ana")
    assert review.person(again).role == "reviewer"
    assert review.person(token) is None
    assert [each.name for each in review.reviewers()] == ["ana", "bob"]
    secret, _ = review.begin_session(again)
    review.end_session(secret)
    assert review.session(secret) is None
    assert review.verify().ok


def test_a_session_ends_by_itself(make, clock):
    review = make([case("a")])
    secret, _ = review.begin_session(review.invite("ana"))
    clock.now += 29 * 24 * 3600
    assert review.session(secret)
    clock.now += 2 * 24 * 3600
    assert review.session(secret) is None


def test_no_secret_is_stored(make, database):
    review = make([case("a")])
    token = review.invite("ana")
    secret, csrf = review.begin_session(token)
    with review._database.read() as work:
        stored = [
            str(work.connection.execute(f"SELECT * FROM {table}").fetchall())
            for table in ("people", "sessions", "events")
        ]
    for each in (token, secret, csrf):
        assert each not in "".join(stored)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, None, "a\0"])
def test_what_is_no_name_is_refused(make, name):
    with pytest.raises(InputError, match="is no name"):
        make([case("a")]).invite(name)


def test_invitations_that_cannot_be(make):
    review = make([case("a")], "ana")
    with pytest.raises(InputError, match="invited already"):
        review.invite(" ana ")
    with pytest.raises(InputError, match="Did you mean 'owner'"):
        review.invite("bob", role="ownr")
    with pytest.raises(InputError, match="Did you mean 'ana'"):
        review.revoke("anna")
    with pytest.raises(AccessError):
        review.next("nobody")
    for odd in ("a\0", "\ud800"):
        with pytest.raises((AccessError, InputError)):
            review.next(odd)
        with pytest.raises(InputError):
            review.media(odd)
        assert review.person(odd) is None
        assert review.session(odd) is None


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({}, "decision=None"),
        ({"decision": "maybe"}, "decision='maybe'"),
        ({"verdict": "accept"}, "no advice"),
        ({"decision": "yes", "confidence": 2}, "confidence=2"),
        ({"decision": "yes", "reason": "x" * 5000}, "letters"),
        ({"decision": "yes", "reason": "\ud800"}, "whole character"),
    ],
)
def test_what_cannot_be_said_is_refused_and_the_case_kept(make, said, error):
    review = make([case("a")], "ana")
    given = review.next("ana")
    before = review.head
    with pytest.raises(InputError, match=error):
        review.submit("ana", given.lease, said)
    with pytest.raises(InputError, match="visible_ms"):
        review.submit("ana", given.lease, {"decision": "yes"}, visible_ms=-1)
    assert review.head == before
    assert review.submit("ana", given.lease, {"decision": "yes"}, visible_ms=1.5)


@pytest.mark.parametrize("lease", ["", "nonsense", None, "' OR 1=1 --", "\0"])
def test_a_lease_that_is_none(make, lease):
    review = make([case("a")], "ana")
    review.next("ana")
    with pytest.raises(LeaseError):
        review.submit("ana", lease, {"decision": "yes"})


def test_another_persons_lease_opens_nothing(make):
    review = make([case("a"), case("b")], "ana", "bob")
    given = review.next("ana")
    review.next("bob")
    with pytest.raises(LeaseError):
        review.submit("bob", given.lease, {"decision": "yes"})
    review.submit("ana", given.lease, {"decision": "yes"})
    with pytest.raises(LeaseError):
        review.submit("bob", given.lease, {"decision": "yes"})


def test_trust_is_kept(make):
    review = make([case("a")], "ana")
    review.trust("ana", {"wary": 3})
    (kept,) = review.trust_answers()
    assert (kept.reviewer, kept.answers) == ("ana", {"wary": 3})
    with pytest.raises(InputError, match="JSON"):
        review.trust("ana", {"wary": float("nan")})
    assert review.verify().ok


def test_pictures(make):
    picture = bytes.fromhex("89504e470d0a1a0a") + b"rest"
    content = {"form": "image", "image": {"media": "dog.png", "alt": "a dog"}}
    item = Item(key="a", content=content, choices=["yes", "no"])
    review = make([item], "ana", media={"dog.png": picture})
    assert review.media("dog.png") == ("image/png", picture)
    with pytest.raises(InputError, match=r"no picture 'cat\.png'"):
        review.media("cat.png")
    with pytest.raises(InputError, match="already"):
        review.add([], media={"dog.png": picture})
    with pytest.raises(InputError, match=r"shows the picture 'dog\.png', which is not among"):
        make([item])
    assert review.verify().ok


def test_answers_are_a_snapshot_and_can_be_left(make):
    review = make([case(f"{n}") for n in range(30)], "ana")
    given = review.next("ana")
    for _ in range(20):
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    reading = review.answers(content=True)
    first = next(reading)
    assert first.content["text"] == f"What of {first.key}?"
    for _ in range(5):
        _, given = review.submit_and_next("ana", given.lease, {"decision": "yes"})
    assert len(list(reading)) == 19
    left = review.answers()
    next(left)
    left.close()


def test_threads_share_a_review(make):
    review = make([case(f"{n}") for n in range(60)], *(f"p{n}" for n in range(6)))
    failed = []

    def work(name):
        try:
            given = review.next(name)
            while given:
                _, given = review.submit_and_next(name, given.lease, {"decision": "yes"})
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    keys = [each.key for each in review.answers()]
    assert len(keys) == len(set(keys)) == 60
    assert review.verify().ok


def test_the_source_and_the_rest_of_an_item_come_back(make):
    item = case(
        "a", advice=Advice("no", 0.25), truth="yes", stratum="s", group="g", source={"row": 7}
    )
    review = make([item], "ana", arms=("none",))
    review.submit("ana", review.next("ana").lease, {"decision": "yes"}, visible_ms=12)
    (said,) = review.answers()
    assert (said.advice, said.truth, said.gold) == (Advice("no", 0.25), "yes", None)
    assert (said.stratum, said.group, said.source) == ("s", "g", {"row": 7})
    assert (said.advice_seen, said.visible_ms, said.choices) == (False, 12.0, ("yes", "no"))
    assert json.dumps(dict(said.answer))
