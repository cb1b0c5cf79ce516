"""The peer of `review.py`: Potato, which serves the same applications to the same client.

    benchmarks/.venv-review/bin/python benchmarks/peers_review.py FOLDER

FOLDER holds settings.json and applications.jsonl. Potato is bound to loopback: its default is every
interface of the machine. Prints one line of JSON for each thing measured, in CPU seconds of the
server's process. What a reviewer waits for is measured: the answer is saved, then the next page is
asked for, as its page does it. `server_cpu` and `Browsing` serve both sides. To make the
environment:

    python -m venv benchmarks/.venv-review
    benchmarks/.venv-review/bin/pip install -r benchmarks/requirements-review.txt
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

TICKS = os.sysconf("SC_CLK_TCK")

CONFIGURATION = """
annotation_task_name: Decisions
task_dir: .
output_annotation_dir: output
output_annotation_format: jsonl
data_files: [applications.jsonl]
item_properties: {id_key: id, text_key: text}
require_password: false
user_config: {allow_all_users: true, users: []}
annotation_schemes:
  - annotation_type: radio
    name: decision
    description: Approve this application?
    labels: [approve, deny, cannot tell]
    label_requirement: {required: true}
assignment_strategy: fixed_order
max_annotations_per_user: -1
max_annotations_per_item: 1
site_dir: default
"""


def server_cpu(process: int) -> float:
    """Return the CPU seconds that a process and its threads have used; waiting does not count."""
    told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / TICKS


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Browsing:
    """One reviewer: a connection that is kept open, and the cookies that the server gave."""

    def __init__(self, port: int, timeout: float = 120) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.cookies: dict[str, str] = {}

    def ask(self, method, path, *, form=None, said=None, **headers) -> tuple[int, str, str]:
        """Return the status, the text and where one is sent on to."""
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        if said is not None:
            body, headers["Content-Type"] = json.dumps(said), "application/json"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={each}" for name, each in self.cookies.items())
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer.status, text, answer.headers.get("Location", "")

    def close(self) -> None:
        self.connection.close()


def wait_for(port: int, server: subprocess.Popen, seconds: float = 180) -> None:
    """Return once somebody listens; a server that has ended is an error."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nobody listens on port {port} after {seconds:g} s")


def potato(folder: Path, pairs: int):
    """Tell what saving an answer and asking for the next page cost Potato's server."""
    (folder / "config.yaml").write_text(CONFIGURATION, encoding="utf-8")
    port = free_port()
    words = ["start", "config.yaml", "-p", str(port), "--host", "127.0.0.1"]
    with (folder / "potato.log").open("w") as log:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("potato"), *words], cwd=folder, stdout=log, stderr=log
        )
    try:
        wait_for(port, server)
        browsing = Browsing(port)
        browsing.ask("POST", "/auth", form={"email": "ana", "pass": ""})
        page = browsing.ask("GET", "/annotate")[1]

        def save(page: str) -> str:
            item = re.search(r'name="instance_id"[^>]*value="([^"]+)"', page)[1]
            said = {"instance_id": item, "annotations": {"decision:::approve": "approve"}}
            status = browsing.ask("POST", "/updateinstance", said=said)[0]
            assert status == 200, status
            return item

        def onward(item: str) -> str:
            said = {"action": "next_instance", "instance_id": item}
            status, page, _ = browsing.ask("POST", "/annotate", said=said)
            assert status == 200, status
            return page

        for _ in range(5):  # the first ones import what it needs
            page = onward(save(page))
        for reloads in (False, True):
            begun, wall = server_cpu(server.pid), time.perf_counter()
            for _ in range(pairs):
                page = onward(save(page))
                if reloads:
                    page = browsing.ask("GET", "/annotate")[1]
            cpu = (server_cpu(server.pid) - begun) / pairs
            wall = (time.perf_counter() - wall) / pairs
            yield {"reloads": reloads, "pairs": pairs, "cpu_s": cpu, "wall_s": wall}
        browsing.close()
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def main(folder: Path) -> None:
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    try:
        for found in potato(folder, settings["pairs"]):
            print(json.dumps({"section": "peers", "who": "Potato", **found}), flush=True)
    except Exception as error:
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"
        print(json.dumps({"section": "peers", "who": "Potato", "failed": reason}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
