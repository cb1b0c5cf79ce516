"""What the review site costs, and what it keeps while it is killed again and again.

    python benchmarks/review.py                       # about an hour
    python benchmarks/review.py --only cost,peers
    python benchmarks/review.py --quick               # two minutes, to see that it runs
    python benchmarks/review.py --without-peers

Sections: cost (server CPU of an answer with the next case in the same response, over HTTP, at
10,000 and 1,000,000 items, and its parts), stress (16 reviewers, 20,000 items, overlap 1 to 3,
leases that run out, cases left to colleagues, the server killed every few seconds, on SQLite and on
PostgreSQL), export (1,000,000 decisions as JSONL and as Parquet) and peers (Potato, served the same
applications, asked by the same client). CPU is the server process's own, from /proc: neither the
client nor other programs on the machine are in it. Potato has an environment of its own; the
docstring of `peers_review.py` says how it is made. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from review_serving import Reviewer, Served, postgresql
from shared import by_peers, chosen

from alignlab.oversight import Advice, Item, Review, Settings

SECTIONS = ("cost", "stress", "export", "peers")
CHOICES = ("approve", "deny")
LEASE = re.compile(r'name="lease" value="([^"]*)"')
TITLE = re.compile(r'id="case-title"[^>]*>Application ([0-9]+)<')
NO_ANSWER = (OSError, HTTPException)
"""What a client meets when the server is killed under it."""


def applications(n: int, seed: int = 0) -> Iterator[Item]:
    """Make decisions about mortgages, advised, each worth something else."""
    worth = np.random.default_rng(seed).random(n)
    for i in range(n):
        cells = [
            ["income", f"{30 + i % 90},000"],
            ["debt to income", f"{0.1 + i % 70 / 100:.2f}"],
            ["loan", f"{100 + i % 400},000"],
            ["purpose", "a house"],
            ["payments late", str(i % 4)],
            ["employed for", f"{i % 30} years"],
        ]
        yield Item(
            key=f"a{i}",
            content={"form": "row", "title": f"Application {i}", "cells": cells},
            choices=CHOICES,
            advice=Advice(CHOICES[i % 2], 0.6),
            worth=float(worth[i]),
            stratum=f"stratum {i % 4}",
        )


# --- cost -----------------------------------------------------------------------------------------


class Clerk(Reviewer):
    """A reviewer who sends what the page's form sends, as its script sends it."""

    def send(self, path: str, lease: str, **said: str) -> tuple[int, str]:
        """Return the status and what comes in the place of the case."""
        form = {"lease": lease, "kind": "decide", "visible_ms": "1500", "csrf": self.csrf, **said}
        status, page, _ = self.ask("POST", path, form=form, **self.scripted)
        return status, page

    def enter(self, token: str) -> str:
        page = super().enter(token)
        self.csrf = re.search(r'name="csrf" value="([^"]*)"', page)[1]
        self.scripted = {"HX-Request": "true", "X-CSRF-Token": self.csrf, "HX-Target": "work"}
        return page


def lease_in(page: str) -> str | None:
    found = LEASE.search(page)
    return found and found[1]


def per_pair(served: Served, token: str, pairs: int) -> tuple[float, float]:
    """Return the server's CPU and wall seconds for an answer that brings the next case."""
    clerk = Clerk(served.port)
    lease = lease_in(clerk.enter(token))
    for turn in range(pairs + 100):
        if turn == 100:  # by now everything is imported and compiled
            cpu, wall = served.cpu(), time.perf_counter()
        said = {"decision": CHOICES[turn % 2], "confidence": "0.8", "reason": ""}
        status, page = clerk.send("/answer", lease, **said)
        lease = lease_in(page)
        if status != 200 or lease is None:
            raise RuntimeError(f"answer {turn} was met by status {status}: {page[:300]}")
    clerk.close()
    return (served.cpu() - cpu) / pairs, (time.perf_counter() - wall) / pairs


def cost(options: argparse.Namespace) -> dict[int, float]:
    print("## Server CPU of an answer and the next case\n")
    print("| items | made in | server CPU, ms | wall, ms | times the smallest | goal |")
    print("|---|---|---|---|---|---|")
    found: dict[int, float] = {}
    for n in options.sizes:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "review"
            begun = time.perf_counter()
            with Review.create(folder, applications(n), settings=Settings()) as review:
                made = time.perf_counter() - begun
                token = review.invite("ana")
            with Served(folder) as served:
                cpu, wall = per_pair(served, token, options.pairs)
        found[n] = cpu
        ratio = cpu / found[options.sizes[0]]
        goal = "≤ 1 ms" if n == options.sizes[0] else "≤ 1.3 times"
        print(
            f"| {n:,} | {made:.0f} s | {cpu * 1e3:.2f} | {wall * 1e3:.2f} | {ratio:.2f} | {goal} |",
            flush=True,
        )
    print()
    return found


# --- stress ---------------------------------------------------------------------------------------


@dataclass
class Told:
    """What the reviewers know: what was acknowledged to them, what was refused."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    acknowledged: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """By the reason, which is unlike any other: who said it, of which item, and what."""
    refused_late: int = 0
    taken_late: int = 0
    resent: int = 0
    faults: list[str] = field(default_factory=list)


class Stressed:
    """A reviewer under whom the server is killed, who then sends the same answer again."""

    def __init__(self, name: str, token: str, served: Served, told: Told, lease_s: float) -> None:
        self.name, self.token, self.served, self.told = name, token, served, told
        self.lease_s, self.number = lease_s, 0
        self.rng = np.random.default_rng([ord(letter) for letter in name])
        self.clerk: Clerk | None = None

    def work(self, done: threading.Event) -> None:
        page = ""
        while not done.is_set():
            try:
                page = self.turn(page)
            except NO_ANSWER:
                page = self.again()
            except Exception as error:
                self.told.faults.append(f"{self.name}: {type(error).__name__}: {error}")
                return

    def again(self) -> str:
        """Wait until the server is back; sessions are in the archive, so one is still signed in."""
        time.sleep(0.2)
        if self.clerk is not None:
            self.clerk.close()
        return ""

    def turn(self, page: str) -> str:
        if self.clerk is None:
            clerk = Clerk(self.served.port)
            page = clerk.enter(self.token)
            self.clerk = clerk
        elif not page:
            page = self.clerk.ask("GET", "/")[1]
        lease, title = lease_in(page), TITLE.search(page)
        if lease is None or title is None:
            time.sleep(0.5)  # nothing now; a lease may run out, a colleague may leave a case
            return ""
        return self.say(lease, int(title[1]))

    def say(self, lease: str, item: int) -> str:
        self.number += 1
        reason, decision = f"{self.name} {self.number}", CHOICES[int(self.rng.integers(2))]
        said = {"decision": decision, "confidence": "0.7", "reason": reason}
        chance = self.rng.random()
        late = chance < 0.0005
        if late:
            time.sleep(self.lease_s * 1.2)
        elif chance < 0.001:
            return ""  # the page is loaded again: the same case
        elif chance < 0.02:
            decision = "defer"
            said = {"verdict": "defer", "reason": reason}
        sent = 0
        while True:
            try:
                status, page = self.clerk.send("/answer", lease, **said)
                break
            except NO_ANSWER:  # whether it was stored nobody knows: send the same again
                sent += 1
                self.again()
                if sent > 600:
                    raise
        with self.told.lock:
            self.told.resent += sent > 0
            if status == 200:
                self.told.acknowledged[reason] = (self.name, item, decision)
                self.told.taken_late += late and not sent
            elif status in (403, 409, 410):
                self.told.refused_late += 1
            elif status != 503:
                self.told.faults.append(f"{self.name}: status {status}: {page[:200]}")
        return page if status == 200 else ""


def killing(served: Served, done: threading.Event, kills: int | None, every: float) -> None:
    rng = np.random.default_rng(0)
    while not done.wait(every * (0.5 + rng.random())):
        if kills is not None and served.kills >= kills:
            return
        served.kill()
        served.start()


def stressed(n: int, people: int, overlap: int, database: str | None, options) -> dict[str, Any]:
    """Let people work until everything is answered, kill the server meanwhile, then look."""
    lease_s = options.lease_s
    settings = Settings(overlap=overlap, lease_minutes=lease_s / 60, random_share=0.2)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "review"
        with Review.create(folder, applications(n), settings=settings, database=database) as made:
            tokens = {f"reviewer {i}": made.invite(f"reviewer {i}") for i in range(people)}
        told, done = Told(), threading.Event()
        begun = time.perf_counter()
        with Served(folder, database) as served:
            workers = [
                threading.Thread(target=Stressed(*each, served, told, lease_s).work, args=(done,))
                for each in tokens.items()
            ]
            killer = threading.Thread(
                target=killing, args=(served, done, options.kills, options.kill_every)
            )
            for each in (*workers, killer):
                each.start()
            with Review.open(folder, database=database) as review:
                while review.status().complete < n and time.perf_counter() - begun < options.most_s:
                    time.sleep(0.5)
                    if not any(each.is_alive() for each in workers):
                        break
            seconds = time.perf_counter() - begun
            done.set()
            for each in (*workers, killer):
                each.join()
            kills = served.kills
        with Review.open(folder, database=database) as review:
            return {"seconds": seconds, "kills": kills, **looked_at(review, told, n, overlap)}


def looked_at(review: Review, told: Told, n: int, overlap: int) -> dict[str, Any]:
    """Return what is wrong with an archive, in counts that should be 0, and what is in it."""
    kept: dict[str, tuple[str, int, str]] = {}
    people: dict[int, list[str]] = {}
    twice = 0
    for each in review.answers():
        said = each.answer
        item = int(each.key[1:])
        word = "defer" if said["verdict"] == "defer" else said["decision"]
        twice += said["reason"] in kept
        kept[said["reason"]] = (each.reviewer, item, word)
        if word != "defer":
            people.setdefault(item, []).append(each.reviewer)
    counts = Counter(len(each) for each in people.values())
    verified = review.verify()
    return {
        "answers": len(kept),
        "acknowledged": len(told.acknowledged),
        "lost": sum(kept.get(reason) != said for reason, said in told.acknowledged.items()),
        "stored twice": twice,
        "over-delivered": sum(times for count, times in counts.items() if count > overlap),
        "twice to one": sum(len(set(each)) < len(each) for each in people.values()),
        "starved": n - counts[overlap],
        "late taken": told.taken_late,
        "refused": told.refused_late,
        "sent again": told.resent,
        "chain": "intact" if verified.ok else verified.fault,
        "faults": told.faults,
    }


def stress(options: argparse.Namespace) -> None:
    n, people = options.items, options.people
    print(f"## {people} reviewers, {n:,} items, the server killed\n")
    rows = (
        "answers", "acknowledged", "lost", "stored twice", "over-delivered", "twice to one",
        "starved", "late taken", "refused", "sent again", "chain",
    )  # fmt: skip
    print(f"| archive | overlap | seconds | kills | {' | '.join(rows)} |")
    print("|" + "---|" * (len(rows) + 4))
    for archive in ("SQLite", "PostgreSQL"):
        for overlap in options.overlaps:
            if archive == "SQLite":
                found = stressed(n, people, overlap, None, options)
            else:
                with postgresql() as database:
                    if database is None:
                        print("\nThere is no PostgreSQL here.\n")
                        break
                    found = stressed(n, people, overlap, database, options)
            told = " | ".join(f"{found[row]:,}" if row != "chain" else found[row] for row in rows)
            print(
                f"| {archive} | {overlap} | {found['seconds']:.0f} | {found['kills']} | {told} |",
                flush=True,
            )
            for fault in found["faults"][:5]:
                print(f"\n{fault}\n", file=sys.stderr)
    print()


# --- export ---------------------------------------------------------------------------------------

EXPORTS = """
import resource, sys
from alignlab.oversight import Review
from alignlab.oversight.exports import export

before = resource.getrusage(resource.RUSAGE_SELF)
with Review.open(sys.argv[1]) as review:
    export(review, sys.argv[2], format=sys.argv[2].rpartition(".")[2])
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024)
"""


def answered(folder: Path, n: int) -> None:
    """Make a review with n decisions, all by one person."""
    with Review.create(folder, applications(n), settings=Settings()) as review:
        review.invite("ana")
        case = review.next("ana")
        turn = 0
        while case is not None:
            said = {"decision": CHOICES[turn % 3 > 0], "confidence": 0.8, "reason": ""}
            _, case = review.submit_and_next("ana", case.lease, said, visible_ms=1500)
            turn += 1


def export(options: argparse.Namespace) -> None:
    n = options.decisions
    print(f"## {n:,} decisions exported\n")
    print("| file | CPU, s | peak memory, MiB | size, MB | goal |")
    print("|---|---|---|---|---|")
    # A million answers, each written to the disk for good, would take hours; memory waits for none.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as place:
        folder = Path(place) / "review"
        answered(folder, n)
        for name in ("decisions.jsonl", "decisions.parquet"):
            file = Path(place) / name
            done = subprocess.run(
                [sys.executable, "-c", EXPORTS, folder, file],
                check=True, text=True, stdout=subprocess.PIPE,
            )  # fmt: skip
            cpu, memory = map(float, done.stdout.split())
            print(
                f"| {name} | {cpu:.1f} | {memory:.0f} | {file.stat().st_size / 1e6:.0f} | "
                "< 20 s, < 300 MiB |",
                flush=True,
            )
    print()


# --- peers ----------------------------------------------------------------------------------------


def peers(options: argparse.Namespace) -> None:
    print("## Beside Potato\n")
    n = 2_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with (folder / "applications.jsonl").open("w", encoding="utf-8") as lines:
            for each in applications(n):
                cells = "; ".join(f"{name}: {text}" for name, text in each.content["cells"])
                lines.write(json.dumps({"id": each.key, "text": cells}) + "\n")
        (folder / "settings.json").write_text(json.dumps({"pairs": options.peer_pairs}))
        theirs = [each for each in by_peers("review", folder) if "cpu_s" in each]
        ours = folder / "review"
        with Review.create(ours, applications(n), settings=Settings()) as review:
            token = review.invite("ana")
        with Served(ours) as served:
            cpu, wall = per_pair(served, token, options.pairs if n > options.pairs + 101 else 500)
    print("| server | server CPU, ms | wall, ms | times ours |")
    print("|---|---|---|---|")
    print(
        f"| alignlab: answer, next case in the response | {cpu * 1e3:.2f} | {wall * 1e3:.2f} | 1 |"
    )
    for each in theirs:
        how = "saved, next asked for, page loaded" if each["reloads"] else "saved, next asked for"
        print(
            f"| {each['who']}: {how} | {each['cpu_s'] * 1e3:.1f} | {each['wall_s'] * 1e3:.1f} | "
            f"{each['cpu_s'] / cpu:.0f} |"
        )
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without-peers", action="store_true")
    options = parser.parse_args()
    sections = chosen(options.only, SECTIONS, parser)
    full = {
        "sizes": (10_000, 1_000_000), "pairs": 5_000, "items": 20_000, "people": 16,
        "overlaps": (1, 2, 3), "lease_s": 20.0, "kills": None, "kill_every": 10.0,
        "most_s": 3_600.0, "decisions": 1_000_000, "peer_pairs": 300,
    }  # fmt: skip
    little = {
        "sizes": (1_000, 10_000), "pairs": 400, "items": 500, "people": 6, "overlaps": (2,),
        "lease_s": 8.0, "kills": 3, "kill_every": 1.5, "most_s": 90.0, "decisions": 2_000,
        "peer_pairs": 40,
    }  # fmt: skip
    for name, value in (little if options.quick else full).items():
        setattr(options, name, value)
    for section in sections:
        if section != "peers" or not options.without_peers:
            globals()[section](options)


if __name__ == "__main__":
    main()
