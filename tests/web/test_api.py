"""The typed API: the work of a program, every refusal, and anything at all as a body."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import OutputError
from alignlab.oversight.review import Review


class Program:
    def __init__(self, desk, token):
        self.client, self.token = desk.client, token

    def post(self, path, body=None, **how):
        headers = {"authorization": f"Bearer {self.token}"}
        return self.client.post(f"/api/{path}", json=body, headers=headers, **how)

    def get(self, path):
        headers = {"authorization": f"Bearer {self.token}"}
        return self.client.get(f"/api/{path}", headers=headers)


@pytest.fixture
def program(desk):
    def made(items, *, role="owner", **stated):
        made_desk = desk(items, **stated)
        found = Program(made_desk, made_desk.review.invite("ana", role=role))
        found.review = made_desk.review
        return found

    return made


def test_the_work_by_api(program, item):
    ana = program([item(), item()])
    case = ana.post("next").json()["case"]
    assert case["advice"] == {"decision": "refuse", "confidence": 0.81}
    assert case["choices"] == ["grant", "refuse"]
    said = {"verdict": "accept", "confidence": 0.8}
    done = ana.post("submit", {"lease": case["lease"], "said": said, "visible_ms": 10}).json()
    assert done["case"] is None
    assert done["receipt"]["hash"] == ana.review.head.hash
    again = ana.post("submit", {"lease": case["lease"], "said": said, "and_next": True}).json()
    assert again["receipt"] == {**done["receipt"], "duplicate": True}
    assert again["case"]["key"] != case["key"]
    status = ana.get("status").json()
    assert (status["items"], status["answers"]) == (2, 1)
    assert status["head"]["hash"] == ana.review.head.hash
    back = ana.post("undo").json()["case"]
    assert back["key"] == case["key"]
    assert ana.review.status().answers == 0


def test_what_an_arm_withholds_is_withheld_here_too_and_the_arm_is_not_told(program, item):
    ana = program([item(explained=True)], arms=("own first",))
    found = ana.post("next")
    case = found.json()["case"]
    assert (case["stage"], case["advice"], case["card"]) == ("own", None, None)
    assert "own first" not in found.text
    assert not {"arm", "swapped", "gold", "truth"} & set(case)
    after = ana.post("step", {"lease": case["lease"], "said": {"decision": "grant"}})
    told = after.json()["case"]
    assert told["advice"]["decision"] == "refuse"
    assert told["card"]["happened"] is None
    assert "What happened is" not in after.text


def test_an_explanation_on_demand(program, item):
    ana = program([item(explained=True)], arms=("on demand",))
    case = ana.post("next").json()["case"]
    assert (case["card"], case["on_demand"]) == (None, True)
    card = ana.post("reveal", {"lease": case["lease"]}).json()["card"]
    assert card["decision"] == "refuse"
    assert card["happened"] is None


def test_an_export_is_whole_and_names_its_head(program, item):
    ana = program([item(), item()])
    case = ana.post("next").json()["case"]
    ana.post("submit", {"lease": case["lease"], "said": {"verdict": "accept"}})
    file = ana.get("export")
    assert file.headers["x-alignlab-head"] == ana.review.head.hash
    assert file.headers["x-alignlab-rows"] == "1"
    (line,) = file.text.splitlines()
    assert json.loads(line)["reviewer"] == "ana"
    hidden = ana.get("export?format=jsonl&pseudonyms=true")
    assert json.loads(hidden.text)["reviewer"] != "ana"
    assert ana.get("export?format=parquet").content.startswith(b"PAR1")
    assert ana.get("export?format=word").status_code == 422


def test_the_archive_is_verified(program, item):
    ana = program([item()])
    head = ana.review.head.hash
    found = ana.post(f"verify?head={head}").json()
    assert (found["ok"], found["fault"]) == (True, None)
    missing = ana.post(f"verify?head={'0' * 64}").json()
    assert not missing["ok"]
    assert missing["fault"]


@pytest.mark.parametrize("path", ["next", "step", "submit", "undo", "reveal", "verify"])
@pytest.mark.parametrize("token", [None, "", "x", "é", "x" * 5000])
def test_without_a_token_nothing_opens(program, item, path, token):
    ana = program([item()])
    headers = {} if token is None else {"authorization": f"Bearer {token}".encode()}
    body = {"lease": "x", "said": {}} if path in ("step", "submit") else {"lease": "x"}
    refused = ana.client.post(f"/api/{path}", json=body, headers=headers)
    assert refused.status_code in (401, 403)
    assert len(refused.json()["error"].splitlines()) == 1
    assert token in (None, "") or refused.status_code == 403


def test_a_cookie_opens_nothing_here(desk, item):
    ana = desk([item()]).enter(role="owner")
    assert ana.see().status_code == 200
    assert ana.client.post("/api/next").status_code == 401
    assert ana.client.get("/api/export").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "status"), ("GET", "export"), ("POST", "verify")]
)
def test_the_owners_addresses_are_the_owners(program, item, method, path):
    ana = program([item()], role="reviewer")
    headers = {"authorization": f"Bearer {ana.token}"}
    assert ana.client.request(method, f"/api/{path}", headers=headers).status_code == 403


def test_a_token_that_was_taken_back_opens_nothing(program, item):
    ana = program([item()])
    lease = ana.post("next").json()["case"]["lease"]
    ana.review.revoke("ana")
    refused = ana.post("submit", {"lease": lease, "said": {"verdict": "accept"}})
    assert refused.status_code == 403
    assert ana.review.status().answers == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"lease": "x"}, 422),
        ({"lease": "x", "said": {"verdict": "accept"}}, 409),
        ({"lease": "", "said": {}}, 422),
        ({"lease": "x" * 300, "said": {}}, 422),
        ({"lease": "x", "said": {}, "visible_ms": -1}, 422),
        ({"lease": "x", "said": {}, "visible_ms": 1e300}, 422),
        ({"lease": "x", "said": {}, "reviewer": "bo"}, 422),
        ({"lease": "x", "said": []}, 422),
        ([], 422),
        (None, 422),
    ],
)
def test_a_slip_is_named_in_one_line(program, item, body, status):
    refused = program([item()]).post("submit", body)
    assert refused.status_code == status
    assert len(refused.json()["error"].splitlines()) == 1


def test_what_cannot_be_kept_is_not_acknowledged(program, item, monkeypatch):
    ana = program([item()])
    lease = ana.post("next").json()["case"]["lease"]

    def full(*_, **__):
        raise OutputError("The disk is full. Nothing was saved.")

    monkeypatch.setattr(Review, "submit", full)
    refused = ana.post("submit", {"lease": lease, "said": {"verdict": "accept"}})
    assert refused.status_code == 503
    assert refused.json() == {"error": "The disk is full. Nothing was saved."}


def test_the_description_names_every_address_and_needs_no_other_site(desk):
    site = desk()
    told = site.client.get("/api/openapi.json").json()
    assert set(told["paths"]) == {
        f"/api/{each}"
        for each in ("next", "step", "submit", "undo", "reveal", "status", "export", "verify")
    }
    for path in told["paths"].values():
        for operation in path.values():
            assert operation["security"]
            assert operation["summary"]
    assert site.client.get("/docs").status_code == 404
    assert site.client.get("/redoc").status_code == 404


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**60, max_value=2**80)
    | st.floats()
    | st.text()
    | st.sampled_from(["accept", "grant", "refuse", "defer", "cannot tell", "\ud800", "a\0b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
said = st.dictionaries(
    st.sampled_from(["verdict", "decision", "confidence", "reason", "question", "reply", "\ud800"]),
    plain,
    max_size=5,
)


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_sent_is_taken_or_refused_and_never_fails(shared, data):
    """Bodies of any shape under a live lease: 200 or a refusal, and the archive stays whole."""
    path = data.draw(st.sampled_from(["step", "submit", "reveal"]))
    held = shared.post("next").json()["case"]
    lease = data.draw(st.just(held["lease"] if held else "x") | st.text(max_size=20))
    body = data.draw(
        st.fixed_dictionaries(
            {"lease": st.just(lease), "said": said}, optional={"visible_ms": plain}
        )
        if path != "reveal"
        else st.fixed_dictionaries({"lease": st.just(lease)})
    ) | data.draw(st.sampled_from([{}, {}, {}, {"and_next": True}, {"other": 1}]))
    text = json.dumps(body, allow_nan=True)
    headers = {"authorization": f"Bearer {shared.token}", "content-type": "application/json"}
    told = shared.client.post(f"/api/{path}", content=text.encode(), headers=headers)
    assert told.status_code in (200, 409, 422), (told.status_code, told.text, text)


@given(body=st.binary(max_size=200) | plain.map(lambda each: json.dumps(each).encode()))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_refused(shared, body):
    for path in ("submit", "step", "reveal"):
        headers = {"authorization": f"Bearer {shared.token}", "content-type": "application/json"}
        told = shared.client.post(f"/api/{path}", content=body, headers=headers)
        assert 400 <= told.status_code < 500
    form = {"content-type": "application/x-www-form-urlencoded"}
    for path in ("/answer", "/sign-in", "/undo"):
        assert 400 <= shared.client.post(path, content=body, headers=form).status_code < 500


@pytest.fixture
def shared(program, item):
    ana = program(
        [
            *(item(explained=True) for _ in range(400)),
            *(item("prefer", "text") for _ in range(200)),
            *(item("interview", "amounts") for _ in range(200)),
        ],
        arms=("own first", "on demand", "none", "explanation"),
    )
    yield ana
    assert ana.review.verify().ok


@pytest.mark.parametrize(
    "said",
    [
        '{"decision": "approve", "confidence": NaN}',
        '{"decision": "approve", "confidence": -Infinity}',
        '{"decision": "approve", "more": ' + "[" * 900 + "]" * 900 + "}",
        '{"decision": "approve", "more": ' + '{"a":' * 900 + "1" + "}" * 900 + "}",
    ],
    ids=["nan", "infinity", "lists", "objects"],
)
def test_what_no_json_holds_or_nobody_nests_is_refused_in_a_line(program, item, said, caplog):
    ana = program([item()], arms=("none",))
    lease = ana.post("next").json()["case"]["lease"]
    headers = {"authorization": f"Bearer {ana.token}", "content-type": "application/json"}
    body = f'{{"lease": "{lease}", "said": {said}}}'
    told = ana.client.post("/api/submit", content=body, headers=headers)
    assert told.status_code == 422
    assert len(told.json()["error"]) < 120
    assert not caplog.records
    assert ana.review.status().answers == 0


@pytest.mark.parametrize("body", [b"\xff", b"[" * 30_000, b'{"lease": ' + b"9" * 5000 + b"}"])
def test_a_body_that_cannot_be_read_is_refused_in_the_same_form(program, item, body):
    ana = program([item()])
    headers = {"authorization": f"Bearer {ana.token}", "content-type": "application/json"}
    told = ana.client.post("/api/submit", content=body, headers=headers)
    assert (told.status_code, list(told.json())) == (400, ["error"])


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"sure": 1, "probability": 0.5, "best": 1000.0},
        {"sure": "x", "probability": 0.5, "best": 1000.0, "worst": 0.0},
        {"sure": {"a": 1}, "probability": [], "best": 1000.0, "worst": 0.0},
        {"sure": 500.0, "probability": 5, "best": 1000.0, "worst": 0.0},
        {"sure": 9e9, "probability": 0.5, "best": 1000.0, "worst": 0.0},
        "a text",
    ],
)
@pytest.mark.parametrize("path", ["step", "submit"])
def test_a_reply_to_a_question_of_another_interview_is_not_kept(program, item, path, question):
    """Kept, it would fail every page of the case and whatever is learned from it."""
    ana = program([item("interview", "amounts")])
    lease = ana.post("next").json()["case"]["lease"]
    said = {"question": question, "reply": "sure"}
    told = ana.post(path, {"lease": lease, "said": said})
    assert told.status_code == 422
    good = {"sure": 500.0, "probability": 0.5, "best": 1000.0, "worst": 0.0}
    told = ana.post("step", {"lease": lease, "said": {"question": good, "reply": "sure"}})
    assert len(told.json()["case"]["said"]) == 1
