"""What running a study costs beside its runs: an empty experiment, and plain joblib next to it.

    python benchmarks/study.py [--runs 400]

Each run of ours is recorded, flushed to the disk, seeded, isolated and limited to one thread;
plain joblib calls the function. What ours costs more is the price of that, in milliseconds a run.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from joblib import Parallel, cpu_count, delayed
from shared import best_time

from alignlab.study.folder import open_study
from alignlab.study.runs.running import run_study

STATEMENT = """\
study: empty
title: Nothing is done
question: What does nothing cost?
run: experiment:run
factors:
  way: [a, b]
seeds: {seeds}
measures:
  score: {{primary: true}}
hypotheses:
  H1: {{says: No., measure: score, factor: way, of: a, against: b, smallest-effect: 1, spread: 1}}
"""

EXPERIMENT = "def run(config, seed):\n    return {'score': 0.0}\n"


def nothing(number: int) -> dict[str, float]:
    return {"score": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs // 2 * 2
    print(f"{runs} runs of an empty experiment, on {cpu_count()} cores\n")
    print("| workers | who | ms a run |\n| --- | --- | --- |")
    for workers in (1, 2):
        for who, seconds in (
            ("alignlab", ours(runs, workers)),
            ("joblib, a task at a time", plain(runs, workers, 1)),
            ("joblib, in batches", plain(runs, workers, "auto")),
        ):
            print(f"| {workers} | {who} | {seconds / runs * 1000:.2f} |")
    print(f"\nFinding that nothing is left to do: {1000 * again(runs):.0f} ms in all.")


def ours(runs: int, workers: int) -> float:
    with tempfile.TemporaryDirectory() as place:
        folder = stated(Path(place), runs)
        run_study(folder, workers=workers)  # workers start, and stay for the next call

        def work() -> None:
            folder.log_path.unlink()
            assert run_study(folder, workers=workers).executed == runs

        return best_time(work)


def again(runs: int) -> float:
    with tempfile.TemporaryDirectory() as place:
        folder = stated(Path(place), runs)
        run_study(folder)
        return best_time(lambda: run_study(folder))


def plain(runs: int, workers: int, batch: int | str) -> float:
    def work() -> None:
        Parallel(n_jobs=workers, batch_size=batch)(delayed(nothing)(n) for n in range(runs))

    work()
    return best_time(work)


def stated(place: Path, runs: int):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "study.yaml").write_text(STATEMENT.format(seeds=runs // 2))
    (place / "experiment.py").write_text(EXPERIMENT)
    return open_study(place)


if __name__ == "__main__":
    main()
