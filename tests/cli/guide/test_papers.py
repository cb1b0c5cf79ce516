from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest


def test_words_find_works_with_their_links(alignlab):
    code, shown, _ = alignlab("guide papers guo calib")
    assert code == 0
    assert shown.startswith("guo2017calibration  On Calibration of Modern Neural Networks\n")
    assert "https://arxiv.org/abs/1706.04599" in shown
    assert "1 reference. More of one: alignlab guide show KEY" in shown


def test_without_words_the_topics_are_counted(alignlab):
    _, shown, _ = alignlab("guide papers")
    assert "references, verified or marked as not, as of 2026-" in shown
    lines = [line for line in shown.splitlines() if "whether it knows" in line]
    assert lines[0].split()[0] == "uncertainty"
    assert int(lines[0].split()[1]) > 40


def test_a_topic_is_listed_and_all_of_it_with_all(alignlab):
    _, few, _ = alignlab("guide papers --topic robustness")
    _, every, _ = alignlab("guide papers --topic robustness --all")
    assert "of the topic robustness; --all shows the other" in few
    assert every.count("https://") > few.count("https://") > 10


def test_nothing_found_says_what_may_be_meant(alignlab):
    assert alignlab("guide papers shaply")[1] == (
        'No reference has "shaply". Did you mean "shapley"?\n'
    )
    assert alignlab("guide papers guo2017 --topic values")[1] == (
        'No reference of the topic values has "guo2017". 1 reference of other topics.\n'
    )
    assert "no work has all: holm in" in alignlab("guide papers holm calibration")[1]
    assert alignlab("guide papers qqqqqq")[1] == 'No reference has "qqqqqq".\n'


def test_json_holds_all_that_was_found(alignlab):
    code, shown, _ = alignlab("guide papers madry --json")
    told = json.loads(shown)
    assert code == 0
    assert told["command"] == "alignlab guide papers madry --json"
    assert told["found"] == len(told["papers"]) >= 3
    assert told["papers"][0]["key"] == "madry2018towards"
    assert told["papers"][0]["topics"] == ["robustness"]


def test_an_unknown_topic_names_the_nearest(alignlab):
    code, shown, error = alignlab("guide papers --topic fairnes")
    assert (code, shown) == (2, "")
    assert "--topic fairnes is not one of" in error
    assert "Did you mean 'fairness'?" in error


@pytest.mark.parametrize("words", ["shapley", ""])
def test_it_answers_in_half_a_second(words):
    """Of the processor's time, which others on the machine do not change; once of five times."""
    code = f"from alignlab.cli import main; main(['guide', 'papers', *{words.split()!r}])"

    def spent() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert any(spent() < 0.5 for _ in range(5))


def test_nothing_heavy_is_imported():
    code = "from alignlab.cli import main; main(['guide', 'papers', 'x']); import sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print('modules:', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    kept_out = {"torch", "pandas", "numpy", "sklearn", "typst", "ray", "pybtex", "yaml", "httpx"}
    assert not kept_out & set(done.stdout.rpartition("modules:")[2].split())
