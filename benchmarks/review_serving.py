"""What the benchmarks of the review site share: the site in a process, reviewers, a PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from peers_review import Browsing, free_port, server_cpu, wait_for

SERVES = """
import sys
from alignlab.oversight import Review
from alignlab.web import serve

serve(Review.open(sys.argv[1], database=sys.argv[2] or None), port=int(sys.argv[3]))
"""


class Served:
    """The site in a process of its own, which can be killed and started again at its address."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self.folder, self.database, self.port = folder, database, free_port()
        self.kills = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = [str(self.folder), self.database or "", str(self.port)]
        with (self.folder / "served.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVES, *words], stdout=log, stderr=log
            )
        wait_for(self.port, self.process)

    def kill(self) -> None:
        """End it as a power cut would: nothing is finished, nothing is told."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def cpu(self) -> float:
        return server_cpu(self.process.pid)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


class Forms(HTMLParser):
    """The forms of a page: where each is sent, and what it holds before anybody has typed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._now: dict[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        told = dict(attrs)
        if tag == "form":
            self._now = self.forms.setdefault(told.get("action") or "", {})
        elif tag == "input" and told.get("type") == "hidden" and self._now is not None:
            self._now[told["name"]] = told.get("value") or ""

    def handle_endtag(self, tag) -> None:
        if tag == "form":
            self._now = None


def forms(page: str) -> dict[str, dict[str, str]]:
    return Forms(page).forms


class Reviewer(Browsing):
    """A person who works without a browser: signs in, reads the page's form, sends it."""

    def enter(self, token: str) -> str:
        """Sign in and return the first page."""
        status, page, onward = self.ask("GET", f"/enter?token={token}")
        while status in (302, 303, 307):
            status, page, onward = self.ask("GET", onward)
        return page


@contextlib.contextmanager
def postgresql() -> Iterator[str | None]:
    """Start a PostgreSQL of one's own on loopback; `None` where there is none to start."""
    found = [shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    initdb = next((each for each in reversed(found) if each), None)
    if initdb is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="alignlab-postgresql-"))
    # It refuses to run as root.
    as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_whom:
        shutil.chown(folder, "postgres")
    port, data = free_port(), folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.run(
            [*as_whom, initdb, "-D", data, "-U", "review", "-A", "trust", "-E", "UTF8"],
            cwd=folder, **quiet,
        )  # fmt: skip
        words = [f"-p{port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={folder}"]
        server = subprocess.Popen(
            [*as_whom, Path(initdb).with_name("postgres"), "-D", data, *words],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_for(port, server)
            yield f"postgresql://review@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
