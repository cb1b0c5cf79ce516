import threading

import pytest

from alignlab.cli.review import site
from alignlab.errors import OutputError


@pytest.fixture
def served(monkeypatch):
    """Replace the server by one that tells where it was asked to listen, and stops."""
    asked = []

    def serve(review, *, host, port, hosts, https, ready, warn):
        asked.append(port)
        if port in taken:
            raise OutputError("taken")
        ready(f"http://{host}:{port}")
        raise KeyboardInterrupt

    taken = set()
    monkeypatch.setattr("alignlab.web.serving.serve", serve)
    return asked, taken


def test_ctrl_c_is_the_way_to_end_it(served):
    told = []
    site.run(None, host="127.0.0.1", port=None, listening=lambda at: told.append(at))
    assert told == ["http://127.0.0.1:8000"]


def test_where_the_port_is_taken_another_is_found_unless_it_was_named(served):
    asked, taken = served
    taken.add(8000)
    site.run(None, host="127.0.0.1", port=None, listening=lambda at: None)
    assert asked == [8000, 0]
    with pytest.raises(OutputError):
        site.run(None, host="127.0.0.1", port=8000, listening=lambda at: None)


@pytest.mark.parametrize("screen", [True, False])
def test_a_browser_opens_only_where_there_is_a_screen(served, monkeypatch, screen):
    opened = threading.Event()
    monkeypatch.setattr(site, "has_screen", lambda: screen)
    monkeypatch.setattr("webbrowser.open", lambda target: opened.set())
    site.run(None, host="127.0.0.1", port=1, listening=lambda at: f"{at}/enter")
    assert opened.wait(2 if screen else 0.1) == screen


def test_a_machine_without_a_screen_is_known(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not site.has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert site.has_screen()


def test_a_browser_that_fails_is_no_error(monkeypatch):
    import webbrowser

    def broken(target):
        raise webbrowser.Error("none")

    monkeypatch.setattr("webbrowser.open", broken)
    site._open("http://127.0.0.1")
