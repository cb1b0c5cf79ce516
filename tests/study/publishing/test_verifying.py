import hashlib
import io
import json
import warnings
from zipfile import ZipFile

import pytest

from alignlab.errors import InputError
from alignlab.study.publishing.verifying import verify_archive
from alignlab.study.publishing.zipping import MANIFEST, manifest_text, zip_bytes

RESULTS = b'{"run": 1}\n'
CONTENTS = {
    "results.jsonl": RESULTS,
    "analysis.json": json.dumps({"results": hashlib.sha256(RESULTS).hexdigest()}).encode(),
    "paper/a.md": b"words",
}


def rewritten(path, change):
    """Write an archive whose files were changed after its manifest was written."""
    files = {f"s/{name}": each for name, each in CONTENTS.items()}
    files[f"s/{MANIFEST}"] = manifest_text(CONTENTS).encode()
    change(files)
    with ZipFile(path, "w") as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    return verify_archive(path)


def test_what_was_published_is_whole(tmp_path):
    (tmp_path / "a.zip").write_bytes(zip_bytes("s", CONTENTS))
    found = verify_archive(tmp_path / "a.zip")
    assert found.ok
    assert found.files == 3


def test_every_change_is_named(tmp_path):
    path = tmp_path / "a.zip"
    assert rewritten(path, lambda f: f.update({"s/paper/a.md": b"word"})).changed == ("paper/a.md",)
    assert rewritten(path, lambda f: f.pop("s/paper/a.md")).missing == ("paper/a.md",)
    assert rewritten(path, lambda f: f.update({"s/b": b""})).extra == ("b",)
    assert rewritten(path, lambda f: f.update({"../b": b""})).extra == ("../b",)
    assert rewritten(path, lambda f: f.update({f"s/{MANIFEST}": b"x"})).faults == (
        f"{MANIFEST}:1 is no digest and path.",
    )


def test_a_file_that_stands_twice(tmp_path):
    (tmp_path / "a.zip").write_bytes(zip_bytes("s", CONTENTS))
    with warnings.catch_warnings(), ZipFile(tmp_path / "a.zip", "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("s/paper/a.md", b"words")
    assert verify_archive(tmp_path / "a.zip").faults == ("s/paper/a.md stands twice.",)


def test_results_that_are_not_those_of_the_analysis(tmp_path):
    other = {**CONTENTS, "results.jsonl": b"{}\n"}
    (tmp_path / "a.zip").write_bytes(zip_bytes("s", other))
    assert "other results" in verify_archive(tmp_path / "a.zip").faults[0]


def test_any_byte_that_is_flipped_is_found(tmp_path):
    whole = zip_bytes("s", CONTENTS)
    before = hashlib.sha256(whole).hexdigest()
    at = whole.index(b"PK\x03\x04", 10) - 3
    (tmp_path / "a.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    found = verify_archive(tmp_path / "a.zip")
    assert not found.ok
    assert found.digest != before


def test_what_is_no_archive_is_one_line(tmp_path):
    (tmp_path / "study.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match="is no archive"):
        verify_archive(tmp_path / "study.zip")
    with pytest.raises(InputError, match=r"Did you mean 'study\.zip'"):
        verify_archive(tmp_path / "stdy.zip")
    held = io.BytesIO()
    with ZipFile(held, "w") as archive:
        archive.writestr("s/a", b"")
    (tmp_path / "b.zip").write_bytes(held.getvalue())
    with pytest.raises(InputError, match="has no MANIFEST"):
        verify_archive(tmp_path / "b.zip")


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"analysis.json": b"{"}, "analysis.json is damaged."),
        ({"analysis.json": b"[]"}, "analysis.json is damaged."),
        ({"../../x": b"1"}, "'s/../../x' would be unpacked outside of the archive's folder."),
    ],
)
def test_a_forged_manifest_does_not_make_it_whole(tmp_path, contents, said):
    analysis = json.dumps({"results": hashlib.sha256(b"").hexdigest()}).encode()
    path = tmp_path / "a.zip"
    whole = {"results.jsonl": b"", "analysis.json": analysis}
    path.write_bytes(zip_bytes("s", whole))
    assert verify_archive(path).ok
    path.write_bytes(zip_bytes("s", whole | contents))
    assert verify_archive(path).faults == (said,)


def test_an_encrypted_file_is_a_changed_one(tmp_path):
    content = bytearray(zip_bytes("s", {"a": b"1"}))
    for start, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(start) + flag] |= 1
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert not verify_archive(path).ok
