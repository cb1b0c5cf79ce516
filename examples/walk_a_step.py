"""Walk the first step of the guide's path as a learner would, once wrongly and once rightly.

python examples/walk_a_step.py

On the command line the same is `alignlab guide path --step 1`, then `--step 1 --check`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from alignlab.lessons import Progress, begin, check_step

BACKUP = """while True:
        new = (rewards + discount * transitions @ values).max(axis=1)
        change, values = np.abs(new - values).max(), new
        if change < {enough}:
            return values"""


def main() -> None:
    with TemporaryDirectory() as folder:
        (path,) = begin(1, folder)
        blank = path.read_text(encoding="utf-8")
        for said, enough in (("0.999", "1e-6"), ("0.92", "1e-9 * (1 - discount) / discount")):
            text = blank.replace(
                'raise NotImplementedError("back the values up")\n    return values',
                BACKUP.format(enough=enough),
            )
            path.write_text(text.replace("ACCURACY = ...", f"ACCURACY = {said}"), encoding="utf-8")
            for held in check_step(1, folder):
                print("+" if held.holds else "-", held)
        print(f"step 1: {Progress.read(Path(folder)).state(1)}")


if __name__ == "__main__":
    main()
