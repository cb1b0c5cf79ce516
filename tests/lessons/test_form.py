from alignlab.lessons.form import Exercise, Held


def exercise(*needs: str) -> Exercise:
    return Exercise("a", ("do",), dict, lambda _: (), needs=needs, extra="study")


def test_what_holds_needs_no_advice():
    assert str(Held("it", True, "0.9", "Try more.")) == "it: 0.9"


def test_what_does_not_hold_is_one_line_with_advice():
    assert str(Held("it", False, "two\nlines", "Try\tmore.")) == "it: two lines. Try more."


def test_what_is_absent_is_said_in_a_sentence():
    assert exercise("json", "alignlab.study").absent() == ""
    assert exercise("no_such_package").absent() == (
        "It needs the package no_such_package: pip install 'alignlab[study]'"
    )
    assert "upgrade" in exercise("alignlab.no_such_room.file").absent()
