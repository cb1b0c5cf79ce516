"""Compare two models on the same rows: what the credit history adds, and for whom.

python examples/compare_two.py
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import alignlab
from alignlab.cli import main

table = alignlab.load_example("mortgage").frame
train, test = train_test_split(table, test_size=0.5, random_state=0, stratify=table["deny"])


def audit_of(columns: list[str]) -> alignlab.audit.AuditResult:
    """Train on some columns and audit on the rows kept back."""
    model = make_pipeline(
        make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include="number")),
            (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
        ),
        LogisticRegression(max_iter=1000),
    )
    model.fit(train[columns], train["deny"])
    return alignlab.audit(model, test, target="deny", favourable="no", groups="afam")


ratios = ["pirat", "hirat", "lvrat", "selfemp", "condomin", "unemp"]
history = ["chist", "mhist", "phist"]

with TemporaryDirectory() as directory:
    before = audit_of(ratios).save(Path(directory, "before"))
    after = audit_of(ratios + history).save(Path(directory, "after"))
    sys.exit(main(["compare", f"{before}/report.json", f"{after}/report.json"]))
