import gzip
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import load_example
from alignlab.errors import InputError


def test_mortgage():
    data = load_example("mortgage")
    assert data.frame.shape == (2380, 14)
    assert (data.target, data.favourable, data.groups) == ("deny", "no", ("afam", "single"))
    denied = (data.outcomes == "yes").groupby(data.frame["afam"]).agg(["sum", "size"])
    assert denied.loc["yes"].tolist() == [96, 339]
    assert denied.loc["no"].tolist() == [189, 2041]
    assert not data.frame.isna().any().any()
    assert data.frame["unemp"].iloc[0] == 3.9


def test_mortgage_is_what_its_source_says(shared_data):
    source = pd.read_csv(shared_data / "hmda_boston.csv")
    shipped = load_example("mortgage").frame
    assert list(source.columns) == list(shipped.columns)
    for column in source.columns:
        if source[column].dtype == float:
            np.testing.assert_allclose(shipped[column], source[column], rtol=0, atol=5.1e-7)
        else:
            assert source[column].tolist() == shipped[column].tolist()


def test_the_file_shipped_is_small_and_its_columns_are_explained():
    directory = files("alignlab.datasets") / "data"
    content = directory.joinpath("mortgage.csv.gz").read_bytes()
    assert len(content) < 50_000
    explained = directory.joinpath("README.md").read_text(encoding="utf-8")
    for column in gzip.decompress(content).decode().splitlines()[0].split(","):
        assert f"| `{column}` |" in explained


@pytest.mark.parametrize(
    ("name", "shape", "target", "distinct"),
    [
        ("breast_cancer", (569, 31), "diagnosis", {"malignant", "benign"}),
        ("iris", (150, 5), "species", {"setosa", "versicolor", "virginica"}),
        ("wine", (178, 14), "cultivar", {"class_0", "class_1", "class_2"}),
        ("digits", (1797, 65), "digit", set("0123456789")),
    ],
)
def test_scikit_learns_tables(name, shape, target, distinct):
    data = load_example(name)
    assert data.frame.shape == shape
    assert data.target == target
    assert set(data.outcomes) == distinct
    assert data.name == name


def test_breast_cancers_labels_are_not_turned_round():
    data = load_example("breast_cancer")
    assert (data.outcomes == "malignant").sum() == 212


def test_diabetes_is_a_regression():
    data = load_example("diabetes")
    assert data.outcomes.between(25, 346).all()


def test_adult(shared_data):
    data = load_example("adult", shared_data)
    assert len(data.frame) == 48_842
    assert data.frame["workclass"].isna().sum() == 2799
    assert int(data.frame.isna().sum().sum()) == 6465
    assert (data.outcomes == ">50K").sum() == 7841 + 3846
    assert data.groups == ("sex", "race")
    assert {"income", "fnlwgt", "split"}.isdisjoint(data.features.columns)


def test_compas_keeps_propublicas_rows(shared_data):
    data = load_example("compas", shared_data / "compas_two_years.csv")
    assert len(data.frame) == 6172
    assert data.frame.index.tolist() == list(range(6172))
    assert data.frame["race"].value_counts()["African-American"] == 3175
    assert "decile_score" not in data.features


def test_german_credit(shared_data, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(shared_data))
    data = load_example("german_credit")
    assert (data.outcomes == 1).sum() == 700
    assert "marital-status" not in data.frame
    assert data.favourable == "1"


def test_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.delenv("ALIGNLAB_DATA", raising=False)
    with pytest.raises(InputError, match=r"'motgage'.*Did you mean 'mortgage'"):
        load_example("motgage")
    with pytest.raises(
        InputError, match=r"adult\.csv\.gz in the environment variable ALIGNLAB_DATA"
    ):
        load_example("adult")
    with pytest.raises(InputError, match="There is no file"):
        load_example("adult", tmp_path)
    with pytest.raises(InputError, match="not read from a file"):
        load_example("iris", tmp_path)
    (tmp_path / "adult.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column 'income'"):
        load_example("adult", tmp_path / "adult.csv")
