import numpy as np
import pandas as pd
import pytest

from alignlab.audit.reference import read_reference
from alignlab.datasets import ImageData, TableData
from alignlab.errors import InputError


@pytest.fixture
def features():
    return pd.DataFrame({"age": [30.0, 40.0], "home": ["own", "rent"]})


@pytest.fixture
def images():
    return ImageData(np.zeros((4, 1, 8, 8)), [0, 1, 0, 1])


def test_the_columns_are_those_of_the_rows_in_their_order(features, tmp_path):
    other = pd.DataFrame({"home": ["own"], "more": [1], "age": [5]})
    other.to_csv(tmp_path / "old.csv", index=False)
    for given in (other, TableData(other), tmp_path / "old.csv", str(tmp_path / "old.csv")):
        read = read_reference(given, features=features, images=None)
        assert list(read.columns) == ["age", "home"]
        assert read["age"].tolist() == [5]
    assert read_reference(None, features=features, images=None) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.head(0), "has (no|0) rows"),
        (lambda t: t.rename(columns={"age": "agee"}), "column 'age', .* Did you mean 'agee'"),
        (lambda t: t[["age"]].rename(columns={"age": "x"}), r"'age' \(2 such\), .* columns: x\."),
        (lambda t: t.assign(age=["a", "b"]), "'age' holds .* in the audited rows"),
    ],
)
def test_what_cannot_be_compared_is_said(features, change, message):
    with pytest.raises(InputError, match=message):
        read_reference(change(features), features=features, images=None)


def test_pictures_are_compared_with_pictures_of_one_size(features, images):
    assert read_reference(images, features=features, images=images) is images
    with pytest.raises(InputError, match="is a table, and the audited rows are images"):
        read_reference(features, features=features, images=images)
    with pytest.raises(InputError, match="is images, and the audited rows are a table"):
        read_reference(images, features=features, images=None)
    larger = ImageData(np.zeros((4, 1, 9, 9)), [0, 1, 0, 1])
    with pytest.raises(InputError, match="9×9 pixels, grey, and the audited ones have 8×8"):
        read_reference(larger, features=features, images=images)


def test_a_file_is_named_in_the_error(features, tmp_path):
    features[["age"]].to_csv(tmp_path / "old.csv", index=False)
    with pytest.raises(InputError, match=r"--reference .*old\.csv does not have the column 'home'"):
        read_reference(tmp_path / "old.csv", features=features, images=None)
