"""How long an audit of Adult takes, beside the raw evaluations of its model and beside peers.

    python benchmarks/audit.py [DATA]      # make bench makes the peers' environment first

DATA is a directory that holds adult.csv.gz (UCI Adult with a column `split`); it is the variable
ALIGNLAB_DATA, or ../shared/data, unless given. Prints a Markdown table; figures worth keeping go
to benchmarks/RESULTS.md as ratios.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.fairness import RateByGroup, cell_table, disparity, from_rate
from alignlab.predictors import as_predictor
from alignlab.report import read_report
from alignlab.transparency import permutation_importance

HERE = Path(__file__).parent
PEERS = HERE / ".venv" / "bin" / "python"
GROUPS = "sex,race,sex*race"


def main() -> None:
    """Prepare the work in a temporary directory, do it both ways, print the table."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ALIGNLAB_DATA", ""))
    data = data if (data / "adult.csv.gz").exists() else HERE.parents[1] / "shared" / "data"
    if not (data / "adult.csv.gz").exists():
        sys.exit(f"There is no adult.csv.gz in {data}. Name its directory.")
    with tempfile.TemporaryDirectory() as name:
        _run(data, Path(name))


def _run(data: Path, directory: Path) -> None:
    model, features, target, rows = _prepare(data, directory)
    start = time.perf_counter()
    model.predict_proba(features)
    once = time.perf_counter() - start

    common = ["--target", "income", "--groups", GROUPS, "--favourable", ">50K"]
    whole = _command(
        directory, ["--model", "model.skops", "--data", "adult.csv", *common, "--out", "whole"]
    )
    alone = _command(
        directory,
        ["--predictions", "predictions.csv", "--prediction", "decision", "--probability", "p",
         *common, "--out", "alone"],
    )  # fmt: skip
    report = json.loads((directory / "whole" / "report.json").read_text())
    asked = report["subject"]["model"]["rows_evaluated"]
    raw = once * asked / len(features)

    outcome, decision = (rows[c].eq(">50K").to_numpy(int) for c in ("income", "decision"))
    group = rows.groupby(["race", "sex"]).ngroup().to_numpy()
    start = time.perf_counter()
    cells = cell_table(outcome, decision, group, favourable=1)
    names = ["selection_rate", "true_positive_rate", "false_positive_rate"]
    drawn = cells.bootstrap(names, replicates=10_000, seed=0)
    for each in drawn.values():
        np.nanquantile(each.max(axis=1) - each.min(axis=1), [0.025, 0.975])
    bootstrap = time.perf_counter() - start

    sample = np.random.default_rng(0).choice(len(features), 10_000, replace=False)
    predictor = as_predictor(model)
    codes = target.iloc[sample].eq(">50K").to_numpy(int)
    start = time.perf_counter()
    permutation_importance(predictor, features.iloc[sample], codes, repeats=5, seed=0)
    importance = time.perf_counter() - start

    print("| work on Adult, 48,842 rows | wall s | beside | ratio |\n|---|---|---|---|")
    _line("one raw evaluation of all rows", once, "", None)
    _line(f"audit of the model ({asked:,} rows asked)", whole[0], "raw evaluations", whole[0] / raw)
    _line("audit of predictions alone", alone[0], "one raw evaluation", alone[0] / once)
    size = max(path.stat().st_size for path in (directory / "whole").iterdir())
    _parts(directory / "whole")
    print(f"\npeak memory: model {whole[1]:.2f} GiB, predictions {alone[1]:.2f} GiB; "
          f"largest file of the report {size / 2**20:.2f} MiB\n")  # fmt: skip
    if not PEERS.exists():
        print("The peers' environment is missing; `make bench` makes it.")
        return
    asked_peers = [str(PEERS), str(HERE / "peers_audit.py"), str(directory)]
    peers = json.loads(subprocess.run(asked_peers, check=True, capture_output=True).stdout)
    print("| the same work | alignlab s | peer | peer s | peer / alignlab |\n|---|---|---|---|---|")
    peer = peers["bootstrap_per_replicate"]
    print(f"| 10,000 bootstrap replicates, 3 rates, 10 groups | {bootstrap:.2f} | fairlearn | "
          f"{10_000 * peer:.0f} (from 20) | {10_000 * peer / bootstrap:,.0f} |")  # fmt: skip
    peer = peers["importance"]
    print(f"| permutation importance, 10,000 rows, 5 repeats, with intervals | {importance:.2f} | "
          f"scikit-learn (no intervals) | {peer:.2f} | {peer / importance:.2f} |")  # fmt: skip


def _parts(report: Path) -> None:
    """Print where a whole process spends its time besides the checks."""
    command = Path(sys.executable).with_name("alignlab")
    _line(
        "of it: `import skops.io` in a fresh process",
        _wall([sys.executable, "-c", "import skops.io"]),
        "",
        None,
    )
    result = read_report(report)
    start = time.perf_counter()
    result.save(report.with_name("again"))
    _line("of it: drawing and writing the report", time.perf_counter() - start, "", None)
    _line(
        "`alignlab --help`, median of 5",
        median(_wall([command, "--help"]) for _ in range(5)),
        "",
        None,
    )
    sizes = np.full(600, 40)
    shares = np.random.default_rng(0).binomial(sizes, 0.3) / sizes
    rate = RateByGroup(shares, sizes.astype(float), sizes)
    start = time.perf_counter()
    disparity(from_rate(rate, [str(k) for k in range(600)]))
    _line("comparing 600 groups, one measure", time.perf_counter() - start, "", None)


def _wall(command: list[str | Path]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _prepare(data: Path, directory: Path) -> tuple[object, pd.DataFrame, pd.Series, pd.DataFrame]:
    """Train on Adult's training rows; write the model, the rows and the predictions."""
    table = pd.read_csv(data / "adult.csv.gz", na_filter=False)
    training = table.pop("split") == "train"
    table = table.drop(columns="fnlwgt")
    features, target = table.drop(columns="income"), table["income"]
    numbers = features.select_dtypes("number").columns
    words = features.columns.difference(numbers)
    model = make_pipeline(
        make_column_transformer(
            (StandardScaler(), list(numbers)), (OneHotEncoder(handle_unknown="ignore"), list(words))
        ),
        LogisticRegression(max_iter=1000),
    ).fit(features[training], target[training])
    skops.io.dump(model, directory / "model.skops")
    joblib.dump((model, features, target), directory / "model.joblib")
    table.to_csv(directory / "adult.csv", index=False)
    rows = table[["income", "sex", "race"]].assign(
        p=model.predict_proba(features)[:, 1], decision=model.predict(features)
    )
    rows.to_csv(directory / "predictions.csv", index=False)
    return model, features, target, rows


def _command(directory: Path, arguments: list[str]) -> tuple[float, float]:
    """Return the wall seconds and the peak GiB of one `alignlab audit`."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("alignlab"), "audit", *arguments],
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"alignlab audit {' '.join(arguments)} ended with {status}")
    seconds = time.perf_counter() - start
    return seconds, _peak(usage)


def _peak(usage: resource.struct_rusage) -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 2**30


def _line(work: str, seconds: float, beside: str, ratio: float | None) -> None:
    print(f"| {work} | {seconds:.2f} | {beside} | {'' if ratio is None else f'{ratio:.1f}'} |")


if __name__ == "__main__":
    main()
