"""State a small study, run it, stop it half-way, and go on: every run is made once."""

import tempfile
from pathlib import Path

from alignlab.errors import StoppedError
from alignlab.study import create_study, run_study


def main() -> None:
    folder = Path(tempfile.mkdtemp(), "labels")
    study = create_study(folder, question="Do three people label better than one?")

    def stop_after_seven(name: str, done: int, total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    try:
        run_study(study, progress=stop_after_seven)
    except StoppedError as stopped:
        print(str(stopped).partition(":")[0], "after", end=" ")
    print(len(study.records_path.read_text().splitlines()), "runs")
    print(run_study(study).headline)
    print(run_study(study, workers=2).headline)


if __name__ == "__main__":
    main()
