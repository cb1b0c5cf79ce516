import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# Each worker of pytest-xdist has a core: threads beyond it would spin while they wait for another
# worker's. Libraries read this as they are imported, which is after this file.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A deadline would time the machine that others share, and no test here is about time.
settings.register_profile("alignlab", deadline=None)
settings.load_profile("alignlab")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data files that may not be passed on, beside the checkout."""
    directory = Path(__file__).parents[2] / "shared" / "data"
    if not (directory / "adult.csv.gz").exists():
        pytest.skip(f"the data files are not at {directory}")
    return directory


@pytest.fixture(scope="session")
def start(tmp_path_factory) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run a Python program in a process of its own, with warnings as errors: see starter.py."""
    printed = [str(tmp_path_factory.mktemp("printed") / name) for name in ("out", "err")]
    starter = subprocess.Popen(
        [sys.executable, "-W", "error", str(Path(__file__).parent / "starter.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(
        program: Path, *words: str, directory: Path, typed: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        for file in printed:
            Path(file).write_bytes(b"")
        asked = {
            "program": str(program),
            "words": words,
            "directory": str(directory),
            "streams": [os.devnull if typed is None else str(typed), *printed],
            "environment": environment,
        }
        starter.stdin.write(f"{json.dumps(asked)}\n")
        starter.stdin.flush()
        code = int(starter.stdout.readline())
        out, err = (Path(file).read_text(encoding="utf-8") for file in printed)
        return subprocess.CompletedProcess([str(program), *words], code, out, err)

    with starter:
        yield run
        starter.stdin.close()


@pytest.fixture(scope="session")
def answered() -> Callable[..., list]:
    """Make answers to cases by people whose faults are known, as a review yields them."""
    from alignlab.oversight.items import Advice, Answered

    other = {"no": "yes", "yes": "no"}

    def make(
        cases: int = 60,
        *,
        people: int = 6,
        gold: int = 0,
        arms: tuple[str, ...] = ("advice",),
        alone: float = 0.7,
        model: float = 0.75,
        follows: float = 0.5,
        drawn: str = "random",
        seed: int = 0,
    ) -> list[Answered]:
        """Return answers: right alone with one chance, as advised with another."""
        rng = np.random.default_rng(seed)
        found = []
        for case in range(cases + gold):
            truth = ("no", "yes")[rng.integers(2)]
            advice = truth if rng.random() < model else other[truth]
            planted = case >= cases
            for person in range(people):
                arm = arms[rng.integers(len(arms))]
                own = truth if rng.random() < alone else other[truth]
                final = advice if arm != "none" and rng.random() < follows else own
                answer = Answered(
                    seq=len(found) + 1,
                    key=f"case {case}",
                    kind="decide",
                    reviewer=f"ann {person}",
                    at=float(len(found)),
                    answer={"decision": final, "confidence": 0.5 + rng.random() / 2, "reason": ""},
                    own={"decision": own} if arm == "own first" else None,
                    said=(),
                    arm=arm,
                    advice_seen=arm != "none",
                    card_seen=False,
                    swapped=False,
                    visible_ms=900.0,
                    server_ms=1000.0,
                    drawn="gold" if planted else drawn,
                    stratum="",
                    group="",
                    advice=Advice(advice, 0.8),
                    truth=truth,
                    gold=truth if planted else None,
                    source={},
                    choices=("no", "yes"),
                )
                found.append(answer)
        return found

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Debian's Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian's package `chromium`)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()
