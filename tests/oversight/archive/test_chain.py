import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from alignlab.oversight.archive.chain import START, Head, event_hash, read_head
from alignlab.plain import canonical

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), inner
    ),
    max_leaves=10,
)  # fmt: skip


def test_by_hand():
    text = '[1,"answer","case \\"1\\"","ana",12.5,{"a":"é"}]'
    expected = hashlib.sha256(bytes(32) + text.encode()).digest()
    assert event_hash(START, 1, "answer", 'case "1"', "ana", 12.5, '{"a":"é"}') == expected


@given(PLAIN, st.text(st.characters(exclude_categories=["Cs"])))
def test_the_hash_is_that_of_the_whole_as_one_json_text(body, name):
    whole = json.dumps(
        [7, "x", name, name, 0.1, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    expected = hashlib.sha256(START + whole.encode()).digest()
    assert event_hash(START, 7, "x", name, name, 0.1, canonical(body)) == expected
    assert json.loads(canonical(body)) == body


def test_a_head_is_read_as_it_is_printed():
    head = Head(12, "ab" * 32)
    assert read_head(str(head)) == (12, head.hash)
    assert read_head(f" {head.hash.upper()}\n") == (None, head.hash)
    assert head.to_dict() == {"seq": 12, "hash": "ab" * 32}
