"""Real tables to try alignlab on, their columns' roles set.

One comes with the package, five with scikit-learn; the others are read from files that a person
has, because they may not be passed on or are too large.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import pandas as pd

from alignlab.datasets.read import read_table
from alignlab.datasets.table import TableData, require_column
from alignlab.errors import InputError, require_choice

__all__ = ["DATA_DIRECTORY", "EXAMPLES", "load_example"]

DATA_DIRECTORY = "ALIGNLAB_DATA"
"""The environment variable that names the directory of data files."""


def load_example(name: str, path: str | Path | None = None) -> TableData:
    """Return a real table with the roles of its columns.

    Parameters
    ----------
    name
        `mortgage` (Boston 1990, comes with alignlab); `breast_cancer`, `iris`, `wine`,
        `diabetes`, `digits` (come with scikit-learn); `adult`, `compas`, `german_credit` (read
        from a file).
    path
        For the last three: the file, or the directory that it lies in. By default the directory
        that the environment variable ALIGNLAB_DATA names.

    Returns
    -------
    TableData
        With target, groups and favourable outcome where the data has such.

    Raises
    ------
    InputError
        If there is no such example or no such file.

    Examples
    --------
    >>> table = load_example("mortgage")
    >>> table.target, table.groups, table.favourable
    ('deny', ('afam', 'single'), 'no')
    """
    require_choice(name, EXAMPLES, what="example")
    if name in _FROM_FILES:
        file_name, read = _FROM_FILES[name]
        return read(_found(name, file_name, path))
    if path is not None:
        raise InputError(f"The example {name!r} is not read from a file. Leave path away.")
    return _mortgage() if name == "mortgage" else _from_sklearn(name)


def _mortgage() -> TableData:
    with as_file(files("alignlab.datasets") / "data" / "mortgage.csv.gz") as path:
        frame = read_table(path)
    return TableData(
        frame, target="deny", groups=("afam", "single"), favourable="no", name="mortgage"
    )


def _from_sklearn(name: str) -> TableData:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    columns = [str(column).replace(" ", "_") for column in bunch.feature_names]
    frame = pd.DataFrame(bunch.data, columns=columns)
    if name == "diabetes":
        frame["progression"] = bunch.target
        return TableData(frame, target="progression", name=name)
    target = {
        "breast_cancer": "diagnosis",
        "iris": "species",
        "wine": "cultivar",
        "digits": "digit",
    }
    labels = pd.Series([str(label) for label in bunch.target_names])
    frame[target[name]] = labels.take(bunch.target).to_numpy()
    return TableData(frame, target=target[name], name=name)


def _adult(path: Path) -> TableData:
    """Return UCI Adult: whether a person of the 1994 census earned more than 50,000 dollars."""
    frame = read_table(path)
    for column in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            # The file writes "?" where the person did not answer.
            frame[column] = frame[column].where(frame[column] != "?")
    # fnlwgt is a weight of the survey, not a trait of the person; split is ours.
    return TableData(
        _required(frame, ("income", "sex", "race"), path),
        target="income",
        groups=("sex", "race"),
        favourable=">50K",
        not_features=tuple(name for name in ("fnlwgt", "split") if name in frame.columns),
        name="adult",
    )


def _compas(path: Path) -> TableData:
    """Return ProPublica's COMPAS table: whether a defendant in Broward County was charged again.

    The rows are those that ProPublica kept: the charge lies within 30 days of the screening, it
    is known whether the person was charged again, the charge is not a mere traffic offence, and
    there is a score. Screenings after April 2014 hold hardly any but people charged again, an error
    of the two-year cut-off that stays in the table.
    """
    frame = read_table(path)
    needed = (
        "two_year_recid", "race", "sex", "days_b_screening_arrest", "is_recid", "c_charge_degree",
        "score_text",
    )  # fmt: skip
    frame = _required(frame, needed, path)
    kept = (
        frame["days_b_screening_arrest"].between(-30, 30)
        & (frame["is_recid"] != -1)
        & (frame["c_charge_degree"] != "O")
        & (frame["score_text"].notna() & (frame["score_text"] != "N/A"))
    )
    # What is known only afterwards, what the score is, and what names the person.
    not_features = (
        "id", "compas_screening_date", "decile_score", "score_text", "v_decile_score",
        "v_score_text", "is_recid", "is_violent_recid", "event", "start", "end",
    )  # fmt: skip
    return TableData(
        frame[kept].reset_index(drop=True),
        target="two_year_recid",
        groups=("race", "sex"),
        favourable="0",
        not_features=tuple(name for name in not_features if name in frame.columns),
        name="compas",
    )


def _german_credit(path: Path) -> TableData:
    """Return Statlog German Credit: whether a loan was a good one (1) or not (0)."""
    frame = _required(read_table(path), ("class-label", "sex", "foreign-worker"), path)
    # This column is wrong in the decoded copies that go around: they give "divorced/separated" to
    # every woman and to most men, because one code of the original held sex and status together.
    frame = frame.drop(columns="marital-status", errors="ignore")
    return TableData(
        frame,
        target="class-label",
        groups=("sex", "foreign-worker"),
        favourable="1",
        name="german_credit",
    )


def _required(frame: pd.DataFrame, columns: tuple[str, ...], path: Path) -> pd.DataFrame:
    for column in columns:
        require_column(frame, column, role=f"the example in {path.name}")
    return frame


def _found(name: str, file_name: str, path: str | Path | None) -> Path:
    given = path or os.environ.get(DATA_DIRECTORY)
    if not given:
        raise InputError(
            f"The example {name!r} is read from a file. Give its path, or name the directory of "
            f"{file_name} in the environment variable {DATA_DIRECTORY}."
        )
    found = Path(given)
    if found.is_dir():
        found /= file_name
    if not found.is_file():
        raise InputError(f"There is no file {str(found)!r} for the example {name!r}.")
    return found


_FROM_FILES: dict[str, tuple[str, Callable[[Path], TableData]]] = {
    "adult": ("adult.csv.gz", _adult),
    "compas": ("compas_two_years.csv", _compas),
    "german_credit": ("german_credit.csv", _german_credit),
}

EXAMPLES = (
    "mortgage", "breast_cancer", "iris", "wine", "diabetes", "digits", *_FROM_FILES,
)  # fmt: skip
"""The names that `load_example` knows."""
