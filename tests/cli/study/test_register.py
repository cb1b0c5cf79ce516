import json
from pathlib import Path


def edit(old, new):
    path = Path("mine/study.yaml")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_plan_is_frozen_once(alignlab):
    alignlab("study new mine")
    code, out, err = alignlab("study register mine")
    assert (code, err) == (0, "")
    held = json.loads(Path("mine/registration.json").read_text())
    assert f"Digest {held['digest']}" in out
    code, out, err = alignlab("study register mine")
    assert (code, out) == (2, "")
    assert "and that stays. To record a changed plan: alignlab study register --amend" in err
    assert json.loads(Path("mine/registration.json").read_text()) == held


def test_an_amendment_says_what_changed(alignlab):
    alignlab("study new mine")
    alignlab("study register mine")
    edit("seeds: 5", "seeds: 3")
    code, out, _ = alignlab("study register mine --amend 'less time'")
    told = " ".join(out.split())
    assert code == 0
    assert "- The number of seeds was changed from 5 to 3. Amended on" in told
    assert "before any run: less time." in told
    assert "for the 80% wanted it takes 5 seeds" in told


def test_a_changed_statement_that_cannot_be_read_is_refused(alignlab):
    alignlab("study new mine")
    alignlab("study register mine")
    before = Path("mine/registration.json").read_bytes()
    edit("seeds: 5", "seeds: [5")
    code, out, err = alignlab("study register mine --amend why")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "mine/study.yaml:" in err
    assert Path("mine/registration.json").read_bytes() == before
    assert alignlab("study register mine --amend ''")[0] == 2
