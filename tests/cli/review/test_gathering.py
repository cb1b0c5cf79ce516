import numpy as np
import pandas as pd
import pytest

from alignlab.cli.review.gathering import Wishes, cards_of, gathered
from alignlab.cli.review.subjects import Subject
from alignlab.errors import InputError


@pytest.fixture
def subject():
    said = np.array([[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.5, 0.5]])
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "y": ["a", "b", "a", "b"]})
    return Subject(
        name="four", classes=("a", "b"), decisions=said.argmax(axis=1), probabilities=said,
        frame=frame, features=frame[["x"]], target="y", truth=frame["y"].to_numpy(object),
    )  # fmt: skip


def test_the_value_of_asking_is_the_chance_of_error_where_nothing_is_stated(subject):
    found = gathered(subject, Wishes(), seed=0)
    assert [each.worth for each in found.items] == pytest.approx([0.1, 0.45, 0.2, 0.5])


def test_utilities_change_which_case_comes_first(subject):
    from dataclasses import replace

    stated = replace(subject, utilities=np.array([[0.0, -10.0], [-1.0, 0.0]]), asking_cost=0.5)
    found = gathered(stated, Wishes(most=1), seed=0)
    # Where b is missed at ten times the cost, the surest a is the one to ask about.
    assert [each.key for each in found.items] == ["0"]
    assert found.items[0].worth == pytest.approx(0.9 - 0.5)
    assert "in 2 of 4 it gains more than the 0.5 that asking costs" in found.notes[0]


def test_without_probabilities_all_are_alike(subject):
    from dataclasses import replace

    found = gathered(replace(subject, probabilities=None), Wishes(), seed=0)
    assert {each.worth for each in found.items} == {0.0}
    assert found.items[0].advice.confidence is None


def test_cards_leave_out_what_happened_in_their_cases_and_keep_the_rest(monkeypatch, subject):
    from dataclasses import replace

    import alignlab.transparency as room

    asked = {}

    def explain_many(model, rows, **said):
        asked.update(said, rows=rows)
        return []

    monkeypatch.setattr(room, "explain_many", explain_many)
    with pytest.raises(ValueError, match="zip"):
        cards_of(replace(subject, predictor=object()), np.array([1, 3]), Wishes(), seed=0)
    assert asked["outcomes"].tolist() == ["a", None, "a", None]
    assert asked["outcomes"].name == "y"


def test_what_cannot_be_wished_for_together(subject):
    for wishes, told in (
        (Wishes(balanced=2, policy="p"), "--policy"),
        (Wishes(explain=True), "--explain asks the model"),
        (Wishes(text="y", show=["x"]), "give one of them"),
        (Wishes(in_turn=True), "needs groups"),
        (Wishes(show=["y"]), "that is what happened"),
    ):
        with pytest.raises(InputError, match=told):
            gathered(subject, wishes, seed=0)
