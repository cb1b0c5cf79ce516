import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Endpoint, load_model

FRAME = pd.DataFrame({"p": [0.1, 0.6, 0.9], "text": ["a", None, "ü"], "n": [1, 2, 3]})


class Server:
    """A model behind an address on this machine; `answer` maps a request to (status, body)."""

    def __init__(self):
        self.requests = []
        self.headers = []
        self.answer = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                server.headers.append(self.headers)
                status, answer = server.answer(body)
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/predict"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def model(server, **options):
    options = {"classes": ["no", "yes"], "backoff": 0.0} | options
    return load_model(server.url, endpoint=options)


def test_records_are_sent_and_probabilities_come_back(server):
    server.answer = lambda body: (200, {"predictions": [row["p"] for row in body["instances"]]})
    predictor = model(server, batch_rows=2)
    np.testing.assert_allclose(predictor(FRAME)[:, 1], FRAME["p"])
    assert server.requests[0] == {
        "instances": [{"p": 0.1, "text": "a", "n": 1}, {"p": 0.6, "text": None, "n": 2}]
    }
    assert [len(each["instances"]) for each in server.requests] == [2, 1]
    assert (predictor.kind, predictor.name) == ("HTTP endpoint", server.url)
    assert predictor.rows_evaluated == 3


def test_columns(server):
    server.answer = lambda body: (200, body["p"])
    predictor = model(server, layout="columns", rows_key="", answers_key="", features=["n", "p"])
    np.testing.assert_allclose(predictor(FRAME)[:, 1], FRAME["p"])
    assert server.requests == [{"n": [1, 2, 3], "p": [0.1, 0.6, 0.9]}]


@pytest.mark.parametrize("rows", [FRAME[["p", "n"]], FRAME[["p", "n"]].to_numpy()])
def test_instances_and_answers_inside_answers(server, rows):
    server.answer = lambda body: (
        200,
        {"out": {"rows": [{"score": {"yes": r[0], "no": 1 - r[0]}} for r in body["inputs"]]}},
    )
    predictor = model(server, layout="instances", rows_key="inputs", answers_key="out.rows.score")
    np.testing.assert_allclose(predictor(rows)[:, 1], FRAME["p"])
    assert server.requests[0]["inputs"][0] == [0.1, 1]


def test_a_regression(server):
    server.answer = lambda body: (
        200,
        {"predictions": [[row["n"] * 2] for row in body["instances"]]},
    )
    predictor = load_model(server.url, task="regression")
    assert predictor(FRAME).tolist() == [2, 4, 6]


def test_a_secret_comes_from_the_environment_and_is_never_shown(server, monkeypatch):
    monkeypatch.setenv("MODEL_TOKEN", "s3cret")
    server.answer = lambda body: (500, b"boom")
    predictor = load_model(
        server.url + "?key=s3cret",
        classes=["no", "yes"],
        endpoint={"headers": {"Authorization": "MODEL_TOKEN"}},
    )
    with pytest.raises(ModelError) as raised:
        predictor(FRAME)
    assert server.headers[0]["Authorization"] == "s3cret"
    assert "s3cret" not in str(raised.value) + repr(predictor.name)
    monkeypatch.delenv("MODEL_TOKEN")
    with pytest.raises(InputError, match="'MODEL_TOKEN', which is not set"):
        model(server, headers={"Authorization": "MODEL_TOKEN"})


def test_500_stops_at_once(server):
    server.answer = lambda body: (500, b"out of memory\nstack")
    with pytest.raises(ModelError) as raised:
        model(server, batch_rows=1)(FRAME)
    assert str(raised.value) == (
        f"The endpoint {server.url} answered 500 Internal Server Error: 'out of memory'. "
        "Look into its log."
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_passing_failure_is_asked_again(server, status):
    answers = iter([(status, b"wait"), (status, b"wait"), (200, {"predictions": [0.1, 0.2, 0.3]})])
    server.answer = lambda body: next(answers)
    np.testing.assert_allclose(model(server)(FRAME)[:, 1], [0.1, 0.2, 0.3])
    assert len(server.requests) == 3


def test_asking_again_ends(server):
    server.answer = lambda body: (503, b"")
    with pytest.raises(ModelError, match=r"503 Service Unavailable \(asked 3 times\)"):
        model(server)(FRAME)
    assert len(server.requests) == 3


def test_a_time_out_is_told(server):
    server.answer = lambda body: time.sleep(0.5) or (200, {})
    with pytest.raises(ModelError, match=r"3 rows within 0.05 s \(asked 2 times\).*batch_rows"):
        model(server, timeout=0.05, retries=1)(FRAME)


def test_a_connection_that_breaks_is_told_with_one_full_stop(server):
    def hang_up(body):
        raise ConnectionAbortedError

    server.http.handle_error = lambda *args: None
    server.answer = hang_up
    with pytest.raises(ModelError, match=r"without sending a response\. Check the address"):
        model(server)(FRAME)


def test_waiting_doubles(server, monkeypatch):
    waits = []
    monkeypatch.setattr("alignlab.predictors.endpoint.time.sleep", waits.append)
    server.answer = lambda body: (503, b"")
    with pytest.raises(ModelError):
        model(server, retries=3, backoff=0.5)(FRAME)
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, b"<html>hello"), "not JSON.*'<html>hello'"),
        (
            (200, {"predictions": [0.1]}),
            "gave 1 answer for 3 rows.*answers_key in .endpoint. of the audit file",
        ),
        ((200, {"predictions": 0.1}), "gave no list of answers for 3 rows"),
        ((200, {"scores": [0.1]}), "without 'predictions'.*the keys scores"),
        ((200, {}), "without 'predictions'.*there are no keys"),
        ((401, b""), "401 Unauthorized. .*headers in .endpoint. of the audit file"),
        ((200, [1, 2, 3]), "without 'predictions'.*no keys"),
        ((200, {"predictions": [0.1, None, 0.3]}), "nan on row 1"),
        ((200, {"predictions": [0.1, "high", 0.3]}), "not an array of numbers"),
        ((200, {"predictions": [{"no": 1, "maybe": 0}] * 3}), "classes no, maybe.*no, yes"),
        ((301, b""), "301 Moved Permanently"),
        ((404, {"detail": "no such model"}), "404 Not Found: .*no such model"),
    ],
)
def test_wrong_answers_are_told_in_one_line(server, answer, said):
    server.answer = lambda body: answer
    with pytest.raises(ModelError, match=said) as raised:
        model(server)(FRAME)
    assert "\n" not in str(raised.value)
    assert len(server.requests) == 1


def test_nobody_there():
    predictor = load_model("http://127.0.0.1:9/", classes=["no", "yes"])
    with pytest.raises(ModelError, match=r"cannot be reached.*Check the address"):
        predictor(FRAME)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layuot": "records"}, "'layuot' cannot be used.*Did you mean 'layout'"),
        ({"layout": "rows"}, "'layout' cannot be used: Input should be 'records'"),
        ({"timeout": 0}, "'timeout' cannot be used"),
        ({"retries": 1000}, "'retries' cannot be used"),
    ],
)
def test_a_wrong_schema_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        load_model("http://127.0.0.1:9/", classes=["no", "yes"], endpoint=options)


def test_a_schema_for_another_address_is_refused():
    with pytest.raises(InputError, match="and not 'http://b/'"):
        load_model("http://b/", endpoint=Endpoint(url="http://a/"))
    with pytest.raises(InputError, match="is not an address"):
        load_model("model.skops", endpoint={"timeout": 1})


def test_records_need_column_names(server):
    with pytest.raises(InputError, match="needs column names"):
        model(server)(np.ones((2, 2)))


def test_times_become_text_and_infinity_null(server):
    server.answer = lambda body: (200, {"predictions": [0.5] * len(body["instances"])})
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2020-01-02", None]),
            "x": [np.inf, 1.5],
            "kind": pd.Categorical(["u", None]),
            "flag": [True, False],
            "maybe": pd.array([1, None], dtype="Int64"),
        }
    )
    model(server)(frame)
    assert server.requests[0]["instances"] == [
        {"when": "2020-01-02T00:00:00", "x": None, "kind": "u", "flag": True, "maybe": 1},
        {"when": None, "x": 1.5, "kind": None, "flag": False, "maybe": None},
    ]
