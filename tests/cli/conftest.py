import shlex

import numpy as np
import pandas as pd
import pytest

from alignlab.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory of one's own with a table of 400 predictions, `p.csv`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    rng = np.random.default_rng(11)
    n = 400
    deny = rng.random(n) < 0.4
    score = np.clip(0.3 + 0.4 * deny + rng.normal(0, 0.2, n), 0, 1).round(4)
    frame = pd.DataFrame(
        {
            "deny": np.where(deny, "yes", "no"),
            "p": score,
            "said": np.where(score > 0.5, "yes", "no"),
            "race": np.where(np.arange(n) % 2, "green", "blue"),
            "sex": rng.choice(["f", "m"], n),
            "income": rng.normal(50, 10, n).round(1),
        }
    )
    frame.to_csv("p.csv", index=False)
    return tmp_path


@pytest.fixture
def alignlab(here, capsys):
    """Run a command line in process; returns the exit code, standard output and standard error."""

    def run(line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(shlex.split(line))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def saved(monkeypatch):
    """Keep the results that would be written as reports, and write only their JSON: it is fast."""
    from alignlab.audit import AuditResult
    from alignlab.files import write_all
    from alignlab.report import report_json

    results = []

    def save(result, directory):
        results.append(result)
        write_all(directory, {"report.json": report_json(result)})
        return directory

    monkeypatch.setattr(AuditResult, "save", save)
    return results
