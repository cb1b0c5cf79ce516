from pathlib import Path

import pytest

from alignlab.cli.review.stating import labels_of, require_free, settings_of, spec_of
from alignlab.errors import InputError, OutputError


def test_settings_are_said_by_their_options():
    assert settings_of({"title": None}, "own-first", default=(), seed=1).arms == ("own first",)
    with pytest.raises(InputError, match="--lease -1"):
        settings_of({"lease_minutes": -1}, None, default=("none",), seed=0)


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path):
    require_free(tmp_path / "new", None)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="it is a file"):
        require_free(tmp_path / "file", None)
    with pytest.raises(InputError, match="is not empty"):
        require_free(tmp_path, None)
    with pytest.raises(InputError):
        require_free(tmp_path / "new", "mysql://ana@host/reviews")


def test_flags_go_over_the_audits_file(tmp_path):
    utilities = tmp_path / "worth.toml"
    utilities.write_text("[utilities]\nno = { no = 5, yes = -10 }\n")
    asked = spec_of(None, {"model": "m.skops", "seed": 3, "target": None}, str(utilities))
    assert (asked.model, asked.seed, asked.target) == ("m.skops", 3, None)
    assert asked.utilities == {"no": {"no": 5, "yes": -10}}
    with pytest.raises(InputError, match="--target is empty"):
        spec_of(None, {"target": " "}, None)
    with pytest.raises(InputError, match="is a directory"):
        spec_of(Path(tmp_path), {}, None)
    utilities.write_text("worth = 1")
    with pytest.raises(InputError, match=r"no table \[utilities\]"):
        spec_of(None, {}, str(utilities))


def test_labels_are_names_and_texts():
    assert labels_of(["lvrat=loan to value", " a = b=c "]) == {"lvrat": "loan to value", "a": "b=c"}
    assert labels_of(None) == {}
    with pytest.raises(InputError, match="--label 'lvrat' is no NAME=TEXT"):
        labels_of(["lvrat"])
