import csv
import io

import numpy as np
import pytest

from alignlab.lessons.screening import agreement_of, read_labels
from alignlab.oversight import krippendorff_alpha


def table(first, second, names=("ana", "ben")) -> str:
    stream = io.StringIO()
    rows = csv.writer(stream)
    pairs = zip(first, second, strict=True)
    rows.writerow(["key", "title", "abstract", *names, "reason"])
    rows.writerows([f"k{n}", "A", "B", *pair, ""] for n, pair in enumerate(pairs))
    return stream.getvalue()


RNG = np.random.default_rng(1)
FIRST = ["include" if RNG.random() < 0.4 else "exclude" for _ in range(32)]
SECOND = [each if RNG.random() < 0.8 else "exclude" for each in FIRST]
FOUND = krippendorff_alpha(np.array([FIRST, SECOND], dtype=object).T).estimate


def said(alpha=FOUND.value, low=FOUND.low, high=FOUND.high) -> str:
    return f"alpha: {alpha:.3f}\nlow: {low:.3f}\nhigh: {high:.3f}\n"


def test_a_right_reading_holds(learner):
    held = learner(5, {"screening.csv": table(FIRST, SECOND), "agreement.yaml": said()})
    assert all(each.holds for each in held), held
    assert "on 32 papers" in held[1].found


def test_alpha_is_that_of_counts():
    """Two raters without gaps: 1 - (n - 1) * (unequal pairs) / (2 * a * b), with n = 2 * papers."""
    labels = {"ana": FIRST, "ben": SECOND}
    unequal = sum(one != two for one, two in zip(FIRST, SECOND, strict=True))
    include = (FIRST + SECOND).count("include")
    n = 2 * len(FIRST)
    by_hand = 1 - (n - 1) * unequal / (include * (n - include))
    assert agreement_of(labels).value == pytest.approx(by_hand, abs=1e-12)


def test_the_share_of_equal_labels_is_not_alpha(learner):
    share = np.mean([one == two for one, two in zip(FIRST, SECOND, strict=True)])
    held = learner(5, {"screening.csv": table(FIRST, SECOND), "agreement.yaml": said(float(share))})
    assert [each.holds for each in held] == [True, False, True]
    assert "is how often they say the same" in held[1].advice


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (table(FIRST[:20], SECOND[:20]), "20 screened twice, by ana, ben"),
        (table(FIRST, [""] * 32), "0 screened twice"),
        ("key,title,abstract,ana,reason\na,b,c,include,\n", "0 screened twice, by ana"),
        (
            table(FIRST, ["maybe", *SECOND[1:]]),
            "screening.csv, paper 1: 'maybe' is none of include, exclude, unsure",
        ),
        ("title,ana,ben\nx,include,include\n", "screening.csv has no column 'key'"),
        ("", "screening.csv has no column 'key'"),
    ],
)
def test_a_list_that_is_not_done_is_told_where(learner, text, found):
    held = learner(5, {"screening.csv": text, "agreement.yaml": said()})
    assert not held[0].holds
    assert held[0].found.startswith(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alpha: 0.5\n", "low, high in agreement.yaml are still blank"),
        ("alpha: high\nlow: 0\nhigh: 1\n", "alpha in agreement.yaml is no number"),
        ("alpha: .nan\nlow: 0\nhigh: 1\n", "alpha, low, high in agreement.yaml is no number"),
        ("a: [", "agreement.yaml cannot be read"),
    ],
)
def test_numbers_that_are_not_there_are_told(learner, text, found):
    held = learner(5, {"screening.csv": table(FIRST, SECOND), "agreement.yaml": text})
    assert [each.holds for each in held] == [True, False, False]
    assert held[1].found.startswith(found)


def test_the_list_of_a_study_s_literature_is_read(learner):
    names = ("ana decision", "ana reason", "ben decision", "ben reason", "agreed decision")
    lines = [",".join(["key", "title", "abstract", "year", *names, "agreed reason"])]
    lines += [
        f"k{n},A,B,2020,{one},why,{two},,include,"
        for n, (one, two) in enumerate(zip(FIRST, SECOND, strict=True))
    ]
    held = learner(5, {"screening.csv": "\n".join(lines), "agreement.yaml": said()})
    assert all(each.holds for each in held), held
    assert held[0].found == "32 screened twice, by ana, ben"


def test_where_nobody_differs_alpha_is_undefined(learner):
    same = ["exclude"] * 30
    held = learner(5, {"screening.csv": table(same, same), "agreement.yaml": said()})
    assert held[1].found.startswith("Alpha is undefined")


def test_the_starter_lists_thirty_works(tmp_path, learner):
    (held,) = learner(5, {})
    assert held.found == "0 screened twice, by first, second"
    (path,) = tmp_path.rglob("screening.csv")
    labels, wrong = read_labels(path)
    assert (len(labels["first"]), wrong) == (30, "")
