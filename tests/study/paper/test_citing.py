import pytest

from alignlab.errors import InputError
from alignlab.study.paper.citing import citable_works

OWN = "@article{doe2020own,\n  author = {Doe, J.},\n  title = {Own},\n  year = {2020}\n}\n"


def test_the_studys_own_literature_comes_first(tmp_path):
    clash = OWN.replace("doe2020own", "guo2017calibration")
    (tmp_path / "references.bib").write_text(OWN + clash)
    library = citable_works(tmp_path)
    works = library.cited(["holm1979simple", "guo2017calibration", "doe2020own", "doe2020own"])
    assert [each.key for each in works] == ["doe2020own", "guo2017calibration", "holm1979simple"]
    assert [each.title for each in works[:2]] == ["Own", "Own"]


def test_an_unknown_key_names_the_nearest(tmp_path):
    library = citable_works(tmp_path)
    library.require("guo2017calibration")
    with pytest.raises(InputError, match="Did you mean 'guo2017calibration'"):
        library.require("guo2017calibratoin")


def test_a_damaged_file_is_named_with_its_line(tmp_path):
    (tmp_path / "references.bib").write_text(OWN + "\n@article{broken, title = {A\n")
    with pytest.raises(InputError, match=r"literature/references\.bib:\d+: "):
        citable_works(tmp_path)
    (tmp_path / "references.bib").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        citable_works(tmp_path)
