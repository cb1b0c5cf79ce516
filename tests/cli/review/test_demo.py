import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from alignlab.cli.review.demo import borderline
from alignlab.oversight.review import Review


@pytest.fixture
def stopped(monkeypatch):
    """Replace the server by one that listens for a moment."""

    def serve(review, *, host, port, hosts, https, ready, warn):
        ready(f"http://{host}:{port}")
        raise KeyboardInterrupt

    monkeypatch.setattr("alignlab.web.serving.serve", serve)


def test_the_cases_are_borderline_and_read_by_people():
    items = borderline(30, explain=False).items
    assert len(items) == 30
    assert max(each.advice.confidence for each in items) < 0.65
    assert {each.choices for each in items} == {("approve", "deny")}
    names = [name for name, _ in items[0].content["cells"]]
    assert "loan to value" in names
    assert not {"afam", "single", "insurance", "deny"} & set(names)
    assert {each.truth for each in items} == {"approve", "deny"}


def test_the_same_demo_twice():
    one, two = borderline(2).items, borderline(2).items
    assert one == two
    assert one[0].card["similar"] is not None


def test_a_named_folder_is_kept_and_gone_on_with(alignlab, here, stopped):
    code, out, err = alignlab("review demo d --cases 2 --arms none --no-browser")
    assert code == 0
    assert err == "Fitting a model, and explaining 2 of its decisions …\n"
    (first,) = re.findall(r"token=(\S+)", out)
    assert "Answers are kept in d" in out
    with Review.open("d") as review:
        case = review.next("you")
        assert (case.advice, case.card) == (None, None)
        review.submit("you", case.lease, {"decision": "approve"})
    code, out, err = alignlab("review demo d --no-browser")
    assert (code, err) == (0, "")
    assert "Stopped. 1 answer is kept." in out
    with Review.open("d") as review:
        assert review.person(first) is None
        assert review.person(re.findall(r"token=(\S+)", out)[0]).role == "owner"


def test_a_temporary_demo_is_kept_if_something_was_said(alignlab, here, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(here))

    def serve(review, *, ready, host, port, **_):
        ready(f"http://{host}:{port}")
        if says:
            review.submit("you", review.next("you").lease, {"decision": "deny"})
        raise KeyboardInterrupt

    monkeypatch.setattr("alignlab.web.serving.serve", serve)
    for says in (False, True):
        code, out, _ = alignlab("review demo --cases 1 --arms none --no-browser")
        assert code == 0
        place = Path(re.findall(r"Answers are kept in (\S+)", out)[0])
        assert place.exists() == says


def test_where_no_site_can_be_nothing_is_made(alignlab, here, monkeypatch):
    import importlib.util
    import tempfile

    from alignlab.errors import OutputError

    monkeypatch.setattr(tempfile, "tempdir", str(here))

    def taken(review, **_):
        raise OutputError("Nothing can listen there.")

    monkeypatch.setattr("alignlab.web.serving.serve", taken)
    before = set(here.iterdir())
    code, out, err = alignlab("review demo --cases 1 --arms none --port 8000")
    assert (code, out) == (2, "")
    assert "Nothing can listen there." in err
    assert set(here.iterdir()) == before

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    code, out, err = alignlab("review demo d")
    assert (code, out) == (2, "")
    assert "pip install 'alignlab[web]'" in err
    assert len(err.splitlines()) == 1
    assert set(here.iterdir()) == before


def test_nobody_is_invited_to_a_review_that_is_no_demo(alignlab, small):
    code, out, err = alignlab("review demo r --no-browser")
    assert (code, out) == (2, "")
    assert "holds another review, 'Review'. It goes on with: alignlab review serve r" in err
    with Review.open("r") as review:
        assert review.reviewers() == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--cases 0", "--cases 0: there are 1,190 applications"),
        ("--cases 5000", "there are 1,190 applications"),
        ("--arms adivce", "Did you mean 'advice'?"),
        ("taken", "taken is not empty"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(alignlab, here, line, told):
    Path("taken").mkdir()
    Path("taken/mine").write_text("mine")
    code, out, err = alignlab(f"review demo {line}")
    assert (code, out) == (2, "")
    assert told in err.splitlines()[-1]
    assert [each.name for each in here.iterdir() if each.name != "p.csv"] == ["taken"]


@pytest.mark.slow
def test_from_the_command_to_the_first_decision(here):
    """A real start: one line to type, one link to open, a decision, Ctrl-C."""
    command = Path(sys.executable).parent / "alignlab"
    with subprocess.Popen(
        [command, "review", "demo", "d", "--cases", "3", "--no-browser", "--arms", "explanation"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here,
    ) as running:  # fmt: skip
        printed = ""
        while "Ctrl-C" not in printed:
            line = running.stdout.readline()
            assert line, running.stderr.read()
            printed += line
        (link,) = re.findall(r"http://127\.0\.0\.1:\d+/enter\?token=\S+", printed)
        with httpx.Client(follow_redirects=True) as browser:
            page = browser.get(link, headers={"sec-fetch-site": "none"})
        assert page.status_code == 200
        assert "token" not in str(page.url)
        assert "The model says" in page.text
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    assert "Stopped. 0 answers are kept." in out
    assert "Traceback" not in err
