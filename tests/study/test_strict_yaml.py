from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.study.strict_yaml import parse_yaml, read_yaml


def test_values_are_what_they_look_like():
    text = (
        "a: 1\nb: 1e-3\nc: 1.0\nd: true\ne: False\nf: ~\ng: 'no'\nh: 2024-01-01\ni: -.5\nj:\n"
        "k: [x, 2]\nl: 1.2.3\n'yes': 0\nm: v1e3\nn: '012'"
    )
    assert parse_yaml(text).value == {
        "a": 1, "b": 0.001, "c": 1.0, "d": True, "e": False, "f": None, "g": "no",
        "h": "2024-01-01", "i": -0.5, "j": None, "k": ["x", 2], "l": "1.2.3", "yes": 0,
        "m": "v1e3", "n": "012",
    }  # fmt: skip
    assert type(parse_yaml("1.0").value) is float
    assert type(parse_yaml("1").value) is int
    assert parse_yaml("").value is None


def test_lines_are_those_of_the_keys():
    stated = parse_yaml("a:\n  b: 1\n\n  c:\n    - x\n    - y\n", name="f.yaml")
    assert stated.at(("a", "c", 1)) == "f.yaml:6"
    assert stated.at(("a", "b")) == "f.yaml:2"
    assert stated.at(("a", "missing", "deep")) == "f.yaml:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: no", "f:1: a holds no, which some readers of YAML take for false: write 'no' in"),
        ("a: [On]", "a holds On, which some readers of YAML take for true"),
        ("a: 012", "f:1: a holds 012, about which readers of YAML disagree"),
        ("a: 0x1F", "disagree"),
        ("a: 1_000", "disagree"),
        ("a: 1:30", "disagree"),
        ("a: .nan", "disagree"),
        ("a: -.INF", "disagree"),
        ("no: 1", "f:1: some readers of YAML do not take the key no for a word"),
        ("a:\n  b: 1\n  c: 2\n  b: 3", "f:4: a.b stands here and in line 2. Keep one of them."),
        ("a: &x [1]\nb: *x", "repeats what stands elsewhere"),
        ("a: &x [*x]", "repeats what stands elsewhere"),
        ("a: {b: 1}\nc:\n  <<: {d: 1}\n  <<: {e: 1}", "f:4: c.<< stands here"),
        ("a: !!python/object/apply:os.system ['true']", "bears the tag"),
        ("a: !thing 1", "f:1: a bears the tag"),
        ("? [1, 2]\n: 3", "a key is a word"),
        ("a: 1\n---\na: 2", "f:2: a second document begins at ---"),
        ("a: b: c", "A text that holds a colon stands in quotes"),
        ("a: {b: Why?}", "Within { } and [ ], a text that holds ? stands in quotes."),
        ("a:\n\t- b", "f:2: this is not YAML"),
        ("a: [1, 2", "f:1: this is not YAML"),
        ("a: 'x", "this is not YAML"),
        ("a: *b", "undefined alias"),
        ("a: \x07", "a character that YAML does not allow"),
        ("[" * 30 + "]" * 30, "nested deeper than 20 levels"),
        ("[" * 1000, "nested deeper"),
    ],
)
def test_what_readers_disagree_about_is_refused_with_its_line(text, said):
    with pytest.raises(InputError) as refused:
        parse_yaml(text, name="f")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / "study.yaml").write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InputError, match=r"study\.yaml:2: this is not UTF-8"):
        read_yaml(tmp_path / "study.yaml")
    with pytest.raises(InputError, match=r"Cannot read .*Did you mean 'study\.yaml'"):
        read_yaml(tmp_path / "studdy.yaml")
    (tmp_path / "marked.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(tmp_path / "marked.yaml").value == {"a": 1}


keys = st.text("abcdef", min_size=1, max_size=4)
scalars = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.text("abcxyz -_.:#'0123456789\n", max_size=12),
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@given(trees)
def test_what_a_dumper_writes_with_texts_in_quotes_reads_back(tree):
    class Quoting(yaml.SafeDumper):
        def ignore_aliases(self, data):
            return True

    quoted = {"style": '"'}
    Quoting.add_representer(
        str, lambda self, text: self.represent_scalar("tag:yaml.org,2002:str", text, **quoted)
    )
    assert parse_yaml(yaml.dump(tree, Dumper=Quoting)).value == tree
