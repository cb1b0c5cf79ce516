import pytest

from alignlab.errors import InputError
from alignlab.study.folder import open_study
from alignlab.study.publishing.gathering import gather


def test_what_is_not_named_does_not_go_in(finished):
    (finished / "notes.txt").write_text("mine")
    (finished / "paper" / ".env").write_text("SECRET=1")
    (finished / "paper" / "draft.md~").write_text("old")
    found = gather(open_study(finished))
    assert {"study.yaml", "experiment.py", "rows.csv", "figures/H1.svg"} <= found.contents.keys()
    assert not {"notes.txt", ".env", "paper/.env", "paper/draft.md~"} & found.contents.keys()
    assert found.outside == ()


def test_nothing_from_outside_gets_in(finished, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (finished / "paper" / "link.md").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match=r"paper/link\.md leads outside"):
        gather(open_study(finished))
    (finished / "paper" / "link.md").unlink()
    text = (finished / "study.yaml").read_text().replace("[rows.csv]", "[rows.csv, ../secret.txt]")
    (finished / "study.yaml").write_text(text)
    found = gather(open_study(finished))
    assert b"secret" not in b"".join(
        each for name, each in found.contents.items() if name != "study.yaml"
    )
    assert found.outside == ("../secret.txt",)
    assert "../secret.txt" in found.sources.data


def test_a_private_key_stops_it(finished):
    (finished / "paper" / "notes.md").write_text("-----BEGIN RSA PRIVATE KEY-----\nMII\n")
    with pytest.raises(InputError, match=r"paper/notes\.md holds a private key"):
        gather(open_study(finished))


def test_the_log_tells_no_machine(finished):
    with (finished / "log.jsonl").open("a") as stream:
        stream.write('{"torn')
    log = gather(open_study(finished)).contents["log.jsonl"]
    assert len(log.splitlines()) == 6
    assert b"worker" not in log
    assert b"seconds" in log
