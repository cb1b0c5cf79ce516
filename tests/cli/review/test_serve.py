import pytest


@pytest.fixture
def stopped(monkeypatch):
    """Replace the server by one that listens for a moment; returns what it was asked."""
    asked = {}

    def serve(review, *, host, port, hosts, https, ready, warn):
        asked.update(host=host, port=port, hosts=hosts, https=https)
        if host != "127.0.0.1":
            warn("Other machines can reach it.")
        ready(f"http://{host}:{port}")
        raise KeyboardInterrupt

    monkeypatch.setattr("alignlab.web.serving.serve", serve)
    return asked


def test_what_is_said_and_asked(alignlab, small, stopped):
    code, out, err = alignlab("review serve r --port 8123 --no-browser")
    assert (code, err) == (0, "")
    assert "Review: http://127.0.0.1:8123" in out
    assert (
        "Nobody is invited yet: alignlab review invite r NAME --address http://127.0.0.1:8123"
        in out
    )
    assert "Stopped. 0 answers are kept." in out
    assert stopped == {"host": "127.0.0.1", "port": 8123, "hosts": (), "https": False}


def test_others_can_reach_it_only_where_that_is_said(alignlab, small, stopped):
    alignlab("review invite r ana")
    code, out, err = alignlab(
        "review serve r --host 0.0.0.0 --port 1 --https --name review.example.org"
    )
    assert code == 0
    assert "Nobody is invited" not in out
    assert "Other machines can reach it" in err
    assert stopped["hosts"] == ["review.example.org"]
    assert stopped["https"]


@pytest.mark.parametrize("port", ["0x", "-1", "70000"])
def test_a_port_that_is_none(alignlab, small, port):
    code, out, err = alignlab(f"review serve r --port {port}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "defect" not in err
