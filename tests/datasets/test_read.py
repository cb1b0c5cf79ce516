import gzip
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.datasets import read_table
from alignlab.errors import InputError


@pytest.fixture
def csv(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def column(frame, name):
    return frame[name].astype(object).where(frame[name].notna(), None).tolist()


def test_text_is_kept_as_it_stands_and_only_an_empty_cell_is_missing(csv):
    frame = read_table(csv('job,n\nNone,1\nNA,2\n,3\n"",4\n nan ,5\n'))
    assert column(frame, "job") == ["None", "NA", None, None, " nan "]


def test_in_a_column_of_numbers_the_usual_spellings_are_missing(csv):
    frame = read_table(csv("a,b,c\n1,0.5,NA\n,nan,2\nN/A, ?,3\n-4,1e3,None\n+5,-.5,4\n"))
    np.testing.assert_array_equal(frame["a"], [1, np.nan, np.nan, -4, 5])
    np.testing.assert_array_equal(frame["b"], [0.5, np.nan, np.nan, 1000, -0.5])
    np.testing.assert_array_equal(frame["c"], [np.nan, 2, 3, np.nan, 4])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2"], [1, 2]),
        (["1", "2.5"], [1.0, 2.5]),
        (["007", "12"], ["007", "12"]),
        (["0", "0.5"], [0.0, 0.5]),
        (["0x10", "1"], ["0x10", "1"]),
        (["12345678901234567890", "1"], ["12345678901234567890", "1"]),
        (["1", "two"], ["1", "two"]),
        (["True", "false"], [True, False]),
        (["True", "maybe"], ["True", "maybe"]),
        (["NA", "NA"], ["NA", "NA"]),
        (["1,5", "2"], ["1,5", "2"]),
        (["2020-01-02", "2021-01-02"], ["2020-01-02", "2021-01-02"]),
        (["0.1", "0.30000000000000004"], [0.1, 0.30000000000000004]),
    ],
)
def test_what_a_column_holds(csv, cells, expected):
    frame = read_table(csv("x,y\n" + "".join(f'"{cell}",1\n' for cell in cells)))
    assert frame["x"].tolist() == expected
    assert [type(value) for value in frame["x"].tolist()] == [type(value) for value in expected]


def test_separators_quotes_lines_and_marks(csv):
    assert read_table(csv("a;b\n1;x\n"))["a"].tolist() == [1]
    assert read_table(csv("a\tb\n1\tx\n", "t.tsv"))["b"].tolist() == ["x"]
    assert read_table(csv("\ufeffa,b\r\n1,x\r\n"))["a"].tolist() == [1]
    frame = read_table(csv('"a, b",c\n"x, ""y""","two\nlines"\n'))
    assert frame.iloc[0].to_dict() == {"a, b": 'x, "y"', "c": "two\nlines"}
    assert read_table(csv(gzip.compress(b"a,b\n1,2\n"), "t.csv.gz")).shape == (1, 2)
    assert read_table(csv("a,b\n1,2"))["b"].tolist() == [2]
    assert column(read_table(csv("only\n1\n\n3\n")), "only") == [1, None, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file table.csv is empty"),
        (b"a,b\n", "has 0 rows"),
        (b"\n1,2\n", "first line of table.csv is empty"),
        (b"a,\n1,2\n", "Column 2 of table.csv has no name"),
        (b"a,b,a\n1,2,3\n", r"two columns named 'a' \(the second is number 3\)"),
        (b"a,b\n1,2\n3\n", "Line 3 of table.csv has 1 cell, and its first line names 2"),
        (b"a,b\n1,2\n\n3,4,5\n", "Line 4 of table.csv has 3 cells"),
        (b'sex,y,p\n"M,1,0\nM,0,0', "quote in line 2 of table.csv is never closed"),
        (b'sex,y,p\n"M,1,0\nF,"x",0\n', "begins in line 2 of table.csv has text after a clos"),
        (b'a,b\n0,1\n1,"2\n3,4\n', "quote in line 3 of table.csv is never closed"),
        (b"a,b\n1,2\n3,caf\xe9\n", r"Line 3 of table.csv is not UTF-8 text \(byte 0xe9\)"),
        ("a,b\n1,2\n".encode("utf-16"), r"Line 1 of table.csv is not UTF-8 text \(byte 0xff\)"),
        (b"PK\x03\x04\xff\xfe\x00", "is not UTF-8"),
    ],
)
def test_what_no_table_has_is_told_with_its_place(csv, content, said):
    with pytest.raises(InputError, match=said) as raised:
        read_table(csv(content))
    assert "\n" not in str(raised.value)


def test_a_ragged_row_far_down_is_found(csv):
    rows = "".join(f"{n},x\n" for n in range(200_000))
    with pytest.raises(InputError, match=r"Line 200002 of table.csv has 3 cells"):
        read_table(csv("a,b\n" + rows + "1,2,3\n"))


def test_a_compressed_file_cut_short(csv):
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    for cut in (content[:-4], content[:30], b"a,b\n1,2\n"):
        with pytest.raises(InputError, match=r"t\.csv\.gz .*cut short"):
            read_table(csv(cut, "t.csv.gz"))


@pytest.mark.parametrize("ending", ["parquet", "pq", "feather", "arrow"])
def test_categories_stay_categories(tmp_path, ending):
    frame = pd.DataFrame(
        {
            "kind": pd.Categorical(["b", "a", None], categories=["c", "b", "a"], ordered=True),
            "text": ["x", None, "None"],
            "n": [1, 2, 3],
            "when": pd.to_datetime(["2020-01-01"] * 3),
        }
    )
    path = tmp_path / f"t.{ending}"
    frame.to_parquet(path) if ending in ("parquet", "pq") else frame.to_feather(path)
    pd.testing.assert_frame_equal(read_table(path), frame)


def test_an_arrow_stream_and_a_named_index_and_decimals(tmp_path):
    table = pa.table({"price": pa.array(["1.50", "2.25"]).cast(pa.decimal128(5, 2))})
    with pa.ipc.new_stream(tmp_path / "t.arrow", table.schema) as writer:
        writer.write_table(table)
    assert read_table(tmp_path / "t.arrow")["price"].tolist() == [1.5, 2.25]
    pd.DataFrame({"x": [1]}, index=pd.Index([7], name="id")).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").to_dict("list") == {"id": [7], "x": [1]}
    pd.DataFrame({"x": [1]}, index=[7]).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").to_dict("list") == {"x": [1]}


def test_arrow_files_that_are_no_tables(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"hello, this is not parquet")
    with pytest.raises(InputError, match=r"t.parquet is not a Parquet file"):
        read_table(tmp_path / "t.parquet")
    (tmp_path / "t.feather").write_bytes(b"hello, this is not arrow")
    with pytest.raises(InputError, match=r"t.feather is not an Arrow file"):
        read_table(tmp_path / "t.feather")
    pa.parquet.write_table(pa.table({"x": [[1, 2]]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"Column 'x' of t.parquet holds list.*single values"):
        read_table(tmp_path / "t.parquet")
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pa.feather.write_feather(twice, tmp_path / "t.feather")
    with pytest.raises(InputError, match="two columns named 'a'"):
        read_table(tmp_path / "t.feather")
    pa.parquet.write_table(pa.table({"x": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="0 rows"):
        read_table(tmp_path / "t.parquet")


def test_a_frame_is_copied_with_its_rows_numbered():
    frame = pd.DataFrame({1: [1, 2], "b": pd.Categorical(["x", "y"])}, index=[5, 5])
    table = read_table(frame)
    assert table.index.tolist() == [0, 1]
    assert list(table.columns) == ["1", "b"]
    assert table["b"].dtype == frame["b"].dtype
    table.loc[0, "1"] = 99
    assert frame[1].tolist() == [1, 2]
    assert list(frame.columns) == [1, "b"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"a": [1]}, "A value of type dict is not a table"),
        (pd.DataFrame({"a": []}), "The table mine has 0 rows"),
        (pd.DataFrame(index=[0]), "The table mine has no column"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "The table mine has two columns named 'a'"),
    ],
)
def test_what_is_no_table_in_memory(source, said):
    with pytest.raises(InputError, match=said):
        read_table(source, name="mine")


def test_what_is_no_table_on_disk(csv, tmp_path):
    csv("a,b\n1,2\n", "data.csv")
    for name, said in [
        ("date.csv", "There is no file .*Did you mean 'data.csv'"),
        (".", "is a directory"),
        ("book.xlsx", "book.xlsx has no ending of a table.*save a spreadsheet as CSV"),
        ("data.parqet", "Did you mean '.parquet'"),
    ]:
        if name not in (".", "date.csv"):
            csv(b"x", name)
        with pytest.raises(InputError, match=said):
            read_table(tmp_path / name)


text = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.floats(allow_nan=False), text),
        min_size=1,
        max_size=20,
    )
)
def test_what_pandas_writes_is_read_back(csv, rows):
    frame = pd.DataFrame(rows, columns=["n", "x", "text"])
    frame["text"] = "t" + frame["text"]
    path = csv(frame.to_csv(index=False))
    pd.testing.assert_frame_equal(read_table(path), frame, check_exact=True)


def test_a_million_rows_take_less_than_three_seconds(tmp_path):
    rng = np.random.default_rng(0)
    n = 1_000_000
    frame = pd.DataFrame(
        {"y": rng.integers(0, 2, n), "p": rng.random(n), "sex": rng.choice(["f", "m"], n)}
    )
    pa.csv.write_csv(pa.Table.from_pandas(frame), tmp_path / "t.csv")
    start = time.perf_counter()
    assert len(read_table(tmp_path / "t.csv")) == n
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1"] * 150 + ["x"], object),
        ([""] * 150 + ["1"], float),
        (["NA"] * 150 + ["1"], float),
        (["True"] * 150 + ["maybe"], object),
        (["1"] * 150 + ["007"], object),
        (["7"] * 150 + ["0.5"], float),
    ],
)
def test_what_a_column_holds_is_not_judged_by_its_first_cells(csv, cells, kind):
    values = read_table(csv("x,y\n" + "".join(f"{cell},1\n" for cell in cells)))["x"]
    assert pd.api.types.is_float_dtype(values) == (kind is float)
    assert pd.api.types.is_string_dtype(values) == (kind is object)


def test_a_cell_too_long_is_called_so(tmp_path):
    long = tmp_path / "long.csv"
    long.write_text(f"text,said\n{'x' * 3_000_000},yes\nb,no\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"begins in line 2 of long\.csv has a cell too long"):
        read_table(long)
