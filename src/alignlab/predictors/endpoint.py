"""A model behind an HTTP address: a declared schema, one POST of JSON for each batch of rows."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from alignlab.errors import InputError, ModelError, listed
from alignlab.predictors.functions import from_function
from alignlab.predictors.predictor import Predictor, Task

if TYPE_CHECKING:
    import httpx

__all__ = ["Endpoint", "from_endpoint"]

TEMPORARY = (429, 502, 503, 504)
"""Statuses after which the same question may be answered a moment later."""


class Endpoint(BaseModel):
    """What an address expects and what it answers.

    Readable from a TOML table. Nothing is guessed: a key that is not listed here is an error.

    Examples
    --------
    >>> endpoint = Endpoint(url="http://127.0.0.1:8000/predict", classes=("no", "yes"))
    >>> endpoint.layout, endpoint.rows_key, endpoint.answers_key
    ('records', 'instances', 'predictions')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    """Where rows are sent with POST."""

    layout: Literal["records", "columns", "instances"] = "records"
    """`records`: a list of objects, one a row. `columns`: an object of lists, one a column.
    `instances`: a list of lists of values in the order of `features`."""

    rows_key: str = "instances"
    """The key of the rows in the body sent; empty if the rows are the whole body."""

    answers_key: str = "predictions"
    """Where the answers lie in the body received, as keys joined by dots; empty if they are the
    whole body. A key after a list is looked up in each of its elements."""

    classes: tuple[str, ...] | None = None
    """The classes in the order of the probabilities; `None` for regression, or if stated
    elsewhere. An answer may also be an object from class to probability."""

    features: tuple[str, ...] | None = None
    """The columns sent, in this order; `None` sends all."""

    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds that one answer may take."""

    batch_rows: Annotated[int, Field(ge=1)] = 1000
    """Rows in one request."""

    headers: dict[str, str] = {}
    """From a header's name to the name of the environment variable that holds its value, so that
    no secret stands in a file."""

    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a request is repeated after a time-out or a status of 429, 502, 503 or 504."""

    backoff: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds before the first repetition; each later one waits twice as long."""


def from_endpoint(
    endpoint: Endpoint,
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
) -> Predictor:
    """Return a Predictor that asks an address.

    Nothing is sent until it is called.

    Parameters
    ----------
    endpoint
        The declared schema.
    task, classes
        As for a function; `endpoint.classes` goes first.

    Raises
    ------
    InputError
        If neither classes nor `task="regression"` is given, or a header's environment variable
        is not set.
    """
    if endpoint.classes is not None and task != "regression":
        classes = endpoint.classes
    caller = _Caller(endpoint)
    predictor = from_function(caller, task=task, classes=classes, features=endpoint.features)
    caller.classes = predictor.class_names
    predictor.name = caller.name
    predictor.kind = "HTTP endpoint"
    predictor.batch_rows = endpoint.batch_rows
    return predictor


class _Caller:
    """Sends batches to one address over one kept connection."""

    classes: tuple[str, ...] = ()

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.headers = {name: _from_environment(name, of) for name, of in endpoint.headers.items()}
        # An address may hold a key or a password after "?" or before "@": neither is ever shown.
        scheme, _, rest = endpoint.url.partition("://")
        self.name = f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
        self.__name__ = self.name

    def __call__(self, rows: Any) -> Any:
        body = json.dumps(_payload(rows, self.endpoint), allow_nan=False)
        answers = _at(self._received(body, len(rows)), self.endpoint.answers_key, self.name)
        if not isinstance(answers, list) or len(answers) != len(rows):
            many = f"{len(answers)} answers" if isinstance(answers, list) else "no list of answers"
            asked = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
            raise ModelError(
                f"The endpoint {self.name} gave {'1 answer' if many == '1 answers' else many} for "
                f"{asked}. Check answers_key in [endpoint] of the audit file."
            )
        return [self._in_order(answer) for answer in answers]

    def _in_order(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            return answer
        if set(answer) != set(self.classes):
            raise ModelError(
                f"The endpoint {self.name} answered for the classes {listed(answer) or '(none)'}, "
                f"and the model's classes are stated as {listed(self.classes)}. State them as the "
                "endpoint does, in [endpoint] of the audit file, or rename the labels in the data."
            )
        return [answer[name] for name in self.classes]

    def _received(self, body: str, rows: int) -> Any:
        import httpx

        for attempt in range(self.endpoint.retries + 1):
            if attempt:
                time.sleep(self.endpoint.backoff * 2 ** (attempt - 1))
            try:
                response = self._client.post(self.endpoint.url, content=body)
            except httpx.TimeoutException:
                failure = f"did not answer {rows} rows within {self.endpoint.timeout:g} s"
                advice = "Raise timeout or lower batch_rows in [endpoint] of the audit file."
                continue
            except httpx.HTTPError as error:
                raise ModelError(
                    f"The endpoint {self.name} cannot be reached: {str(error).rstrip('.')}. "
                    "Check the address and that it is running."
                ) from error
            if response.is_success:
                return _parsed(response, self.name)
            failure = f"answered {response.status_code} {response.reason_phrase}{_said(response)}"
            advice = "Look into its log."
            if response.status_code in (401, 403):
                advice = "Declare what it asks for with headers in [endpoint] of the audit file."
            if response.status_code not in TEMPORARY:
                raise ModelError(f"The endpoint {self.name} {failure}. {advice}")
        tries = self.endpoint.retries + 1
        raise ModelError(f"The endpoint {self.name} {failure} (asked {tries} times). {advice}")

    @cached_property
    def _client(self) -> httpx.Client:
        import weakref

        import httpx

        client = httpx.Client(
            headers={"Content-Type": "application/json", **self.headers},
            timeout=self.endpoint.timeout,
        )
        weakref.finalize(self, client.close)
        return client


def _payload(rows: Any, endpoint: Endpoint) -> Any:
    """Return rows as plain values in the declared layout; a missing cell is null."""
    if not isinstance(rows, pd.DataFrame):
        if endpoint.layout != "instances":
            raise InputError(
                f"The layout {endpoint.layout!r} needs column names: ask the endpoint with a data "
                "frame, or declare its features."
            )
        rows = pd.DataFrame(np.asarray(rows))
    columns = {str(name): _plain(rows[name]) for name in rows.columns}
    payload: Any
    if endpoint.layout == "columns":
        payload = columns
    else:
        instances = zip(*columns.values(), strict=True)
        if endpoint.layout == "instances":
            payload = [list(values) for values in instances]
        else:
            payload = [dict(zip(columns, values, strict=True)) for values in instances]
    return {endpoint.rows_key: payload} if endpoint.rows_key else payload


def _plain(values: pd.Series[Any]) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.map(lambda moment: moment.isoformat(), na_action="ignore")
    present = values.notna() & ~values.isin([np.inf, -np.inf])
    plain: list[Any] = values.astype(object).where(present, None).tolist()
    return [value.item() if isinstance(value, np.generic) else value for value in plain]


def _parsed(response: httpx.Response, name: str) -> Any:
    try:
        return response.json()
    except ValueError as error:
        kind = response.headers.get("content-type", "no content type")
        raise ModelError(
            f"The endpoint {name} answered {response.status_code} with something that is not JSON "
            f"({kind}){_said(response)}. Check the address."
        ) from error


def _said(response: httpx.Response) -> str:
    """Return the first line that an answer says, to be quoted in an error."""
    lines = response.text.strip().splitlines()
    return f": {lines[0][:200]!r}" if lines else ""


def _at(body: Any, path: str, name: str) -> Any:
    for key in path.split(".") if path else []:
        elements = body if isinstance(body, list) else [body]
        for element in elements:
            if not isinstance(element, dict) or key not in element:
                has = (
                    f"the keys {listed(element)}"
                    if isinstance(element, dict) and element
                    else "no keys"
                )
                raise ModelError(
                    f"The endpoint {name} answered without {path!r}: where {key!r} was expected "
                    f"there are {has}. Set answers_key in [endpoint] of the audit file to where "
                    "its answers lie."
                )
        found = [element[key] for element in elements]
        body = found if isinstance(body, list) else found[0]
    return body


def _from_environment(header: str, variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise InputError(
            f"The header {header!r} takes its value from the environment variable {variable!r}, "
            "which is not set."
        )
    return value
