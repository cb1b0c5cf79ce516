import csv

import pytest

from alignlab.errors import InputError
from alignlab.study.literature.importing import import_works, read_library, read_works

RIS = "TY  - JOUR\r\nAU  - Guo, C.\r\nTI  - On Calibration of Networks\r\nPY  - 2017\r\nER  - \r\n"
BIB = "@article{g, author = {C. Guo}, title = {On calibration of {N}etworks}, year = 2017}"


def logged(literature):
    with open(literature / "imports.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [(row["file"], row["records"], row["duplicates"]) for row in rows]


def test_each_work_once_and_nothing_dropped_in_silence(tmp_path):
    (tmp_path / "a.ris").write_bytes(b"\xef\xbb\xbf" + RIS.encode())
    (tmp_path / "b.bib").write_text(BIB)
    found = import_works(tmp_path / "literature", [tmp_path / "a.ris", tmp_path / "b.bib"])
    assert found.records == {"a.ris": 1, "b.bib": 1}
    assert [each.key for each in read_library(tmp_path / "literature")] == ["guo2017calibration"]
    with open(tmp_path / "literature" / "duplicates.csv", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row == {
        "key": "guo2017calibration",
        "by": "title and year",
        "title": "On calibration of Networks",
        "source": "b.bib:1",
    }
    assert logged(tmp_path / "literature") == [("a.ris", "1", "0"), ("b.bib", "1", "1")]


def test_the_same_file_again_counts_once(tmp_path):
    (tmp_path / "a.ris").write_text(RIS)
    import_works(tmp_path / "l", [tmp_path / "a.ris"])
    before = (tmp_path / "l" / "references.bib").read_bytes()
    found = import_works(tmp_path / "l", [tmp_path / "a.ris"])
    assert found.before == ("a.ris",)
    assert (tmp_path / "l" / "references.bib").read_bytes() == before
    assert logged(tmp_path / "l") == [("a.ris", "1", "0")]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"", "'.txt' is not one of '.bib', '.ris', '.json'"),
        ("a.bib", b"@article{a,\n title = {T}", r"a\.bib:2: "),
        ("a.ris", b"TY  - JOUR\nTI  - \xff\n", r"a\.ris:2: this is not UTF-8"),
        ("a.bib", b"% nothing yet\n", r"a\.bib holds no records"),
    ],
)
def test_what_cannot_be_read_writes_nothing(tmp_path, name, content, told):
    (tmp_path / "good.ris").write_text(RIS)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told):
        import_works(tmp_path / "l", [tmp_path / "good.ris", tmp_path / name])
    assert not (tmp_path / "l").exists()


def test_a_file_that_is_not_there_is_named_with_its_neighbour(tmp_path):
    (tmp_path / "good.ris").write_text(RIS)
    with pytest.raises(InputError, match=r"Did you mean 'good\.ris'"):
        read_works(tmp_path / "god.ris")
