import io
from zipfile import ZipFile

from hypothesis import given
from hypothesis import strategies as st

from alignlab.study.publishing.zipping import MANIFEST, manifest_text, zip_bytes

names = st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}){0,2}\.[a-z]{1,3}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=50), max_size=5))
def test_the_same_files_give_the_same_bytes(contents):
    archive = zip_bytes("s", contents)
    assert archive == zip_bytes("s", dict(reversed(contents.items())))
    with ZipFile(io.BytesIO(archive)) as opened:
        assert opened.namelist() == sorted(f"s/{name}" for name in (*contents, MANIFEST))
        assert {name: opened.read(f"s/{name}") for name in contents} == contents


def test_a_line_is_what_sha256sum_writes():
    assert manifest_text({"a": b"abc"}) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"
    )
