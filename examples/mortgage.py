"""Train a real model on real data and audit it: who is denied a mortgage in Boston, 1990.

    python examples/mortgage.py

Writes the model and its test rows to build/mortgage/ and the report to alignlab-report/.
What is wanted of the model is stated in examples/mortgage.toml.
"""

import os
import sys
from pathlib import Path

import skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import alignlab
from alignlab.cli import main

HERE = Path(__file__).parent
BUILD = HERE.parent / "build" / "mortgage"

table = alignlab.load_example("mortgage").frame
train, test = train_test_split(table, test_size=0.5, random_state=0, stratify=table["deny"])

# A lender may not decide by race or by family status, so the model does not read them.
numbers = ["pirat", "hirat", "lvrat", "chist", "mhist", "unemp"]
words = ["phist", "selfemp", "insurance", "condomin", "hschool"]
model = make_pipeline(
    make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), words)
    ),
    LogisticRegression(max_iter=1000),
)
model.fit(train[numbers + words], train["deny"])

BUILD.mkdir(parents=True, exist_ok=True)
skops.io.dump(model, BUILD / "model.skops")
test.to_csv(BUILD / "test.csv", index=False)

sys.exit(main(["audit", os.path.relpath(HERE / "mortgage.toml"), *sys.argv[1:]]))
