import hashlib
import hmac
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from alignlab.errors import InputError, OutputError
from alignlab.oversight.exports.pseudonyms import Pseudonyms, kept_key


def test_a_pseudonym_is_keyed():
    digest = hmac.new(b"k" * 32, b"ana", hashlib.sha256).hexdigest()
    assert Pseudonyms(b"k" * 32)("ana") == f"p-{digest[:16]}"
    assert Pseudonyms(b"q" * 32)("ana") != f"p-{digest[:16]}"
    assert hashlib.sha256(b"ana").hexdigest()[:16] not in Pseudonyms(b"k" * 32)("ana")


def test_the_folder_keeps_one_key_that_its_owner_alone_reads(tmp_path):
    key = kept_key(tmp_path)
    assert len(key) == 32
    assert kept_key(tmp_path) == key
    assert os.listdir(tmp_path) == ["pseudonyms.key"]
    assert (tmp_path / "pseudonyms.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    assert kept_key(tmp_path / "other") != key


def test_exports_that_begin_at_once_get_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(kept_key, [tmp_path] * 32))) == 1
    assert os.listdir(tmp_path) == ["pseudonyms.key"]


@pytest.mark.parametrize("key", [b"short", "k" * 32, None])
def test_a_key_that_can_be_tried_out_is_refused(key):
    with pytest.raises(InputError, match="at least 16 random bytes"):
        Pseudonyms(key)


def test_a_key_that_was_damaged_is_not_replaced_by_another(tmp_path):
    (tmp_path / "pseudonyms.key").write_text("no key\n")
    with pytest.raises(InputError, match="does not hold a key"):
        kept_key(tmp_path)
    assert (tmp_path / "pseudonyms.key").read_text() == "no key\n"


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(OutputError, match="cannot be read or made"):
        kept_key(tmp_path / "gone")


def test_two_people_are_never_one(monkeypatch):
    monkeypatch.setattr("alignlab.oversight.exports.pseudonyms.DIGITS", 0)
    names = Pseudonyms(bytes(32))
    names("ana")
    with pytest.raises(InputError, match="Two people"):
        names("bo")
