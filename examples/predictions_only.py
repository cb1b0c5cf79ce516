"""Audit a model that cannot be moved: all there is, is a CSV of what it decided.

python examples/predictions_only.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import alignlab

# A stand-in for an export from somebody else's system: outcome, decision, group.
rng = np.random.default_rng(0)
n = 3000
age = rng.choice(["under 30", "30 to 60", "over 60"], n, p=[0.3, 0.5, 0.2])
repaid = rng.random(n) < 0.7
lenient = np.where(age == "over 60", 0.75, 0.95)  # good payers over 60 are refused more often
granted = np.where(repaid, rng.random(n) < lenient, rng.random(n) < 0.3)

with TemporaryDirectory() as directory:
    file = Path(directory) / "decisions.csv"
    pd.DataFrame(
        {
            "repaid": np.where(repaid, "yes", "no"),
            "decision": np.where(granted, "yes", "no"),
            "age": age,
        }
    ).to_csv(file, index=False)

    result = alignlab.audit(
        predictions=file,
        target="repaid",
        prediction="decision",
        groups="age",
        favourable="yes",
        limits={"fairness.true_positive_rate": 0.05},
    )

for finding in result.findings:
    if finding.status != "not applicable":
        print(f"{finding.status:15}  {finding.check:30}  {finding.summary}")
