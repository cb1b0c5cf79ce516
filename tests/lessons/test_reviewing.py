import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from alignlab.lessons.reviewing import WITH, WITHOUT, by_card
from alignlab.oversight import Advice, Item, Review
from alignlab.oversight.settings import Settings
from alignlab.transparency import explain


@pytest.fixture(scope="module")
def card() -> dict:
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"income": rng.normal(40, 10, 80), "debt": rng.normal(0.3, 0.1, 80)}).round(2)
    y = np.where(X["income"] - 60 * X["debt"] + rng.normal(0, 5, 80) > 22, "grant", "refuse")
    model = LogisticRegression(max_iter=1000).fit(X, y)
    return explain(model, 3, data=X, outcomes=y, favourable="grant").to_dict()


@pytest.fixture
def reviewed(tmp_path, card):
    """Make a review of n cases by two people who decide by rules of their own."""

    def make(n=24, explained=lambda at: at % 2 == 0, people=("ana", "ben"), settled=False):
        rng = np.random.default_rng(7)
        items = [
            Item(
                key=f"case {at}",
                content={"form": "text", "text": f"Case {at}"},
                choices=["approve", "deny"],
                advice=Advice("deny" if rng.random() < 0.5 else "approve", 0.6),
                card=card if explained(at) else None,
                truth="deny" if at % 2 else "approve",
            )
            for at in range(n)
        ]
        place = tmp_path / "09-reviewing" / "review"
        settings = Settings(overlap=2, arms=("own first",))
        with Review.create(place, items, settings=settings) as review:
            for person in people:
                review.invite(person)
                while (case := review.next(person)) is not None:
                    own = "approve" if settled or rng.random() < 0.5 else "deny"
                    final = review.step(person, case.lease, {"decision": own})
                    takes = final.advice is not None and rng.random() < 0.5
                    said = final.advice.decision if takes else own
                    review.submit(person, case.lease, {"decision": said})
        return place

    return make


def test_a_review_of_two_holds_with_its_numbers(reviewed, learner):
    reviewed(48)
    held = learner(9, {})
    assert all(each.holds for each in held), held
    assert held[0].found.startswith("ana, ben: 48 cases decided by both, 0 conflicts; all")
    assert held[1].found.startswith("Alpha (nominal) is ")
    assert held[2].found.startswith("without 0.")
    assert "; with explanation 0." in held[2].found


def test_the_card_tells_the_arm(reviewed):
    with Review.open(reviewed()) as review:
        told = by_card(list(review.answers()))
    assert {(int(each.key.split()[1]) % 2 == 0, each.arm) for each in told} == {
        (True, WITH),
        (False, WITHOUT),
    }


@pytest.mark.parametrize(
    ("made", "failing", "says"),
    [
        ({"people": ("ana",)}, 0, "ana: 0 cases decided by both"),
        ({"n": 6}, 0, "ana, ben: 6 cases decided by both"),
        ({"explained": lambda _: True}, 2, "Explain some of the cases and not the others"),
        ({"settled": True}, 1, "Alpha is undefined"),
        ({"n": 10}, 3, "Decide more cases"),
    ],
)
def test_what_is_missing_is_told(reviewed, learner, made, failing, says):
    reviewed(**made)
    held = learner(9, {})
    assert not held[failing].holds
    assert says in str(held[failing])


def test_an_empty_folder_is_told(tmp_path, learner):
    (held,) = learner(9, {})
    assert held.found.startswith("there is no review in")
    (tmp_path / "09-reviewing" / "review").mkdir()
    (held,) = learner(9, {})
    assert not held.holds


def test_an_archive_that_was_altered_is_told(reviewed, learner):
    place = reviewed(n=12)
    (path,) = [each for each in place.iterdir() if each.suffix in (".db", ".sqlite")]
    with sqlite3.connect(path) as database:
        found = database.execute("select name from sqlite_master where type = 'trigger'")
        for (name,) in list(found):
            database.execute(f"drop trigger {name}")
        database.execute("delete from answers where rowid = 1")
    database.close()
    held = learner(9, {})
    assert not held[0].holds
    assert "archive was altered" in held[0].advice
