import pytest

from alignlab.guide import references
from alignlab.lessons.reading_list import PROBLEMS, bearing, parsed, typst_warnings

ENTRY = "@misc{%s,\n  author = {A, B},\n  title = {{T}},\n  year = {2020}\n}\n"
KEYS = ("ng1999policy", "amodei2016concrete", "christiano2017deep", "gleave2021quantifying",
        "skalse2022defining")  # fmt: skip


def listing(keys=KEYS) -> str:
    return "\n".join(ENTRY % key for key in keys)


def statement(problem="reward hacking", methods=("values.check_shaping", "values.epic_distance")):
    return f"problem: {problem}\nmethods:\n" + "".join(f"  - alignlab.{each}\n" for each in methods)


def test_a_right_list_holds(learner):
    held = learner(2, {"reading.bib": listing(), "reading.yaml": statement()})
    assert all(each.holds for each in held), held


@pytest.mark.parametrize(
    ("keys", "at", "says"),
    [
        (KEYS[:3], 0, "3 works"),
        ((*KEYS[:4], "nobody2020nothing"), 1, "nobody2020nothing is not"),
        ((*KEYS[:4], "ng1999polici"), 1, "Did you mean 'ng1999policy'?"),
        ((*KEYS[:4], "clopper1934use"), 2, "nothing here ties clopper1934use to reward hacking"),
    ],
)
def test_a_wrong_list_is_told_why(learner, keys, at, says):
    held = learner(2, {"reading.bib": listing(keys), "reading.yaml": statement()})
    assert not held[at].holds
    assert says in str(held[at])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no entry"),
        ("@misc{a2020b, title = {T", "reading.bib"),
    ],
)
def test_what_does_not_parse_is_one_line(learner, text, says):
    (held,) = learner(2, {"reading.bib": text or "nothing", "reading.yaml": statement()})
    assert says in held.found


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("problem:\n", 2, "is still blank"),
        ("problem: reward hakking\n", 2, "Did you mean 'reward hacking'?"),
        ("problem: [\n", 2, "cannot be read"),
        (statement(methods=["values.check_shaping"]), 3, "alignlab.values.check_shaping"),
        (statement(methods=["values.no_such", "os.system"]), 3, "there is no"),
        (statement(methods=["fairness.disparity", "values.epic_distance"]), 3, "is not of"),
    ],
)
def test_a_wrong_statement_is_told_why(learner, text, at, says):
    held = learner(2, {"reading.bib": listing(), "reading.yaml": text})
    assert not held[at].holds
    assert says in held[at].found


def test_every_problem_has_a_list_to_read():
    known = references()
    for problem in PROBLEMS:
        found = bearing(problem)
        assert found <= known.keys()
        assert 5 <= len(found) < len(known) / 2, problem


def test_typst_says_what_it_does_not_like():
    assert typst_warnings(listing()) == []
    assert typst_warnings("@misc{a2020b, title = {T") != []


def test_a_list_that_is_too_long_is_not_read(tmp_path):
    (tmp_path / "a.bib").write_text("%" * 1_000_001)
    assert parsed(tmp_path / "a.bib") == ((), "a.bib has more than 1,000,000 bytes")
