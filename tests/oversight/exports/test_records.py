import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.oversight.exports.records import COLUMNS, compact, flat_row, line
from alignlab.oversight.items import Advice


def moment(at):
    told = datetime.fromtimestamp(round(at * 1000) / 1000, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")


def record(answered, name, *, gold):
    """An answer as plain values: what a line holds."""
    advice = answered.advice
    told = {
        "seq": answered.seq,
        "key": answered.key,
        "kind": answered.kind,
        "reviewer": name(answered.reviewer),
        "at": moment(answered.at),
        "answer": answered.answer,
        "own": answered.own,
        "said": list(answered.said),
        "arm": answered.arm,
        "advice_seen": answered.advice_seen,
        "card_seen": answered.card_seen,
        "swapped": answered.swapped,
        "visible_ms": answered.visible_ms,
        "server_ms": answered.server_ms,
        "drawn": answered.drawn,
        "stratum": answered.stratum,
        "group": answered.group,
        "advice": None
        if advice is None
        else {
            "decision": advice.decision,
            "confidence": advice.confidence,
        },
        "truth": answered.truth,
    }
    if gold:
        told["gold"] = answered.gold
    told["source"] = answered.source
    return told


def test_everything_that_is_known_is_told(answered):
    one = answered(own={"decision": "yes", "confidence": 0.6}, group="over 60")
    told = json.loads(line(one, str.upper, gold=False))
    assert told["reviewer"] == "ANA"
    assert told["at"] == "2026-09-21T14:13:20.250Z"
    assert told["advice"] == {"decision": "yes", "confidence": 0.6}
    assert told["own"]["decision"] == "yes"
    assert json.loads(line(one, str, gold=True)).keys() - told.keys() == {"gold"}
    # What a row of a table holds is what a line holds.
    flat = dict(zip(COLUMNS, flat_row(one, str.upper), strict=True))
    assert flat["decision"] == told["answer"]["decision"]
    assert flat["advice_confidence"] == told["advice"]["confidence"]
    assert json.loads(flat["source"]) == told["source"]
    assert {k: flat[k] for k in told.keys() & flat.keys() - {"advice", "said", "source"}} == {
        k: told[k] for k in told.keys() & flat.keys() - {"advice", "said", "source"}
    }


def test_what_an_answer_of_its_kind_lacks_is_not_there(compared, answered):
    flat = dict(zip(COLUMNS, flat_row(compared("tie"), str), strict=True))
    assert (flat["preferred"], flat["decision"], flat["advice"]) == ("tie", None, None)
    said = ({"question": {"p": 0.5}, "reply": "sure"},)
    flat = dict(
        zip(
            COLUMNS,
            flat_row(answered(kind="interview", answer={"reply": "stop"}, said=said), str),
            strict=True,
        )
    )
    assert json.loads(flat["said"]) == [{"question": {"p": 0.5}, "reply": "sure"}]


def test_a_moment_is_told_to_the_millisecond(answered):
    told = [
        json.loads(line(answered(at=at), str, gold=False))["at"]
        for at in (1790000000.25, 0.9996, 59.0)
    ]
    assert told == [
        "2026-09-21T14:13:20.250Z",
        "1970-01-01T00:00:01.000Z",
        "1970-01-01T00:00:59.000Z",
    ]
    assert datetime.fromisoformat(told[0]).timestamp() == 1790000000.25


TEXTS = st.text(st.one_of(st.sampled_from('"\\\n,:{}'), st.characters(codec="utf-8")), max_size=8)
PLAIN = st.dictionaries(
    TEXTS, st.one_of(st.none(), st.booleans(), st.integers(), TEXTS), max_size=3
)

# In the order of canonical JSON, as the archive gives them.
DECISIONS = st.tuples(
    st.one_of(st.none(), st.floats(0, 1)), st.one_of(st.none(), TEXTS), TEXTS, TEXTS
).map(lambda said: dict(zip(("confidence", "decision", "reason", "verdict"), said, strict=True)))


@given(
    st.booleans(),
    st.fixed_dictionaries(
        {
            "answer": st.one_of(PLAIN, DECISIONS),
            "key": TEXTS,
            "at": st.floats(0, 4e9),
            "own": st.one_of(st.none(), PLAIN),
            "said": st.lists(PLAIN, max_size=2).map(tuple),
            "advice_seen": st.booleans(),
            "swapped": st.booleans(),
            "visible_ms": st.one_of(st.none(), st.floats(0, 1e10)),
            "server_ms": st.integers(0, 10**10),
            "group": TEXTS,
            "advice": st.one_of(
                st.none(), st.builds(Advice, TEXTS, st.one_of(st.none(), st.floats(0, 1)))
            ),
            "truth": st.one_of(st.none(), TEXTS),
            "gold": st.one_of(st.none(), TEXTS),
            "source": PLAIN,
        }
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_is_its_record(answered, gold, fields):
    one = answered(**fields)
    assert line(one, str.upper, gold=gold) == compact(record(one, str.upper, gold=gold))
