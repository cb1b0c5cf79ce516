"""The same work for programs: typed, with a token in the header, described by OpenAPI.

    POST /api/next      the case that this person holds, or the next one
    POST /api/step      an own answer before advice, or one reply of an interview
    POST /api/submit    an answer, to stay; with the next case if that is wanted
    POST /api/undo      take the last answer back
    POST /api/reveal    see the explanation that waits to be asked for
    GET  /api/status    how far the review is                                      (owner)
    GET  /api/export    what people said, as a file                                (owner)
    POST /api/verify    whether the archive is as it was written                   (owner)

The token goes into `Authorization: Bearer …`; a cookie opens nothing here, so that no page
elsewhere can use one. What an arm withholds is withheld here too, and neither the arm nor whether
sides are exchanged is told.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from alignlab.errors import AccessError, AlignlabError, InputError
from alignlab.oversight.items import Case
from alignlab.plain import plain, printable
from alignlab.web.asking import Room
from alignlab.web.exporting import Format, exported
from alignlab.web.notices import notice_of
from alignlab.web.pages import MOST_MS, withheld

__all__ = ["CaseOut", "add_api"]

T = TypeVar("T")

NO_TOKEN = "Send the token of an invitation: `Authorization: Bearer <token>`."

Lease = Annotated[str, Field(min_length=1, max_length=200, description="Of the case.")]
Visible = Annotated[
    int | None, Field(ge=0, le=MOST_MS, description="How long the case was visible.")
]
Said = Annotated[dict[str, Any], Field(description="What is said, by the kind of the case.")]


class Strict(BaseModel):
    """What comes in: an unknown field is a slip, and is refused."""

    model_config = ConfigDict(extra="forbid")


class StepIn(Strict):
    """What comes before an answer."""

    lease: Lease
    said: Said
    visible_ms: Visible = None


class SubmitIn(StepIn):
    """An answer."""

    and_next: Annotated[bool, Field(description="Whether the next case is wanted too.")] = False


class RevealIn(Strict):
    """Whose explanation to show."""

    lease: Lease


class AdviceOut(BaseModel):
    """What the model says."""

    decision: str
    confidence: float | None = None


class CaseOut(BaseModel):
    """A case as this person may see it now."""

    lease: str
    key: str
    kind: Literal["decide", "prefer", "interview"]
    content: dict[str, Any]
    choices: list[str]
    stage: Literal["own", "final", "question"]
    advice: AdviceOut | None
    card: dict[str, Any] | None
    on_demand: bool
    own: dict[str, Any] | None
    said: list[dict[str, Any]]
    answered: int
    expires: float


class ReceiptOut(BaseModel):
    """Where the answer stands in the archive."""

    seq: int
    hash: str
    duplicate: bool


class NextOut(BaseModel):
    """The next case; none where nothing waits."""

    case: CaseOut | None


class SubmittedOut(BaseModel):
    """That an answer is on the disk, and what comes next."""

    receipt: ReceiptOut
    case: CaseOut | None = None


class CardOut(BaseModel):
    """An explanation."""

    card: dict[str, Any] | None


class ErrorOut(BaseModel):
    """What went wrong, in one sentence."""

    error: str


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut, "description": words}
    for status, words in {
        401: "There is no token.",
        403: "The token opens nothing here.",
        409: "The case is no longer this person's.",
        413: "The body is too large.",
        422: "What was sent cannot be used.",
        503: "The database did not take it: nothing was saved.",
    }.items()
}


def add_api(site: FastAPI, room: Room) -> None:
    """Add the addresses under `/api` to the site."""
    review = room.review
    bearer = HTTPBearer(auto_error=False, description="The token of an invitation.")

    async def done(work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(room.worker, work)

    async def person(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Any:
        if given is None:
            raise _NoTokenError(NO_TOKEN)
        token = given.credentials
        found = await done(lambda: review.person(token)) if token.isascii() else None
        if found is None:
            raise AccessError("This token opens nothing: it is unknown, or was taken back.")
        return found

    async def owner(found: Annotated[Any, Depends(person)]) -> Any:
        if found.role != "owner":
            raise AccessError("This is the owner's: use an owner's token.")
        return found

    Someone, Owner = Annotated[Any, Depends(person)], Annotated[Any, Depends(owner)]
    add: Any = {"responses": ERRORS, "tags": ["review"]}

    @site.post("/api/next", **add)
    async def next_case(who: Someone) -> NextOut:
        """Return the case that this person holds, or the next one."""
        return NextOut(case=_case(await done(lambda: review.next(who.name))))

    @site.post("/api/step", **add)
    async def step(given: StepIn, who: Someone) -> NextOut:
        """Take an own answer before advice, or one reply of an interview."""
        said, seen = _clean(given.said), given.visible_ms
        case = await done(lambda: review.step(who.name, given.lease, said, visible_ms=seen))
        return NextOut(case=_case(case))

    @site.post("/api/submit", **add)
    async def submit(given: SubmitIn, who: Someone) -> SubmittedOut:
        """Take an answer, to stay; the same answer sent again is acknowledged again."""
        said, seen, case = _clean(given.said), given.visible_ms, None
        if given.and_next:
            receipt, case = await done(
                lambda: review.submit_and_next(who.name, given.lease, said, visible_ms=seen)
            )
        else:
            receipt = await done(
                lambda: review.submit(who.name, given.lease, said, visible_ms=seen)
            )
        kept = ReceiptOut(seq=receipt.seq, hash=receipt.hash, duplicate=receipt.duplicate)
        return SubmittedOut(receipt=kept, case=_case(case))

    @site.post("/api/undo", **add)
    async def undo(who: Someone) -> NextOut:
        """Take the last answer back and return its case; none where there is no such answer."""
        return NextOut(case=_case(await done(lambda: review.undo(who.name))))

    @site.post("/api/reveal", **add)
    async def reveal(given: RevealIn, who: Someone) -> CardOut:
        """Return the explanation that waits to be asked for; that it was seen is recorded."""
        card = await done(lambda: review.reveal(who.name, given.lease))
        return CardOut(card=withheld(card))

    @site.get("/api/status", **add)
    async def status(who: Owner) -> dict[str, Any]:
        """Return how far the review is."""
        found: dict[str, Any] = _plain(await done(review.status))
        return found

    @site.get("/api/export", **add, response_class=FileResponse)
    async def export(who: Owner, format: Format = "jsonl", pseudonyms: bool = False) -> Response:
        """Return what people said; the header `X-Alignlab-Head` is the archive's head."""
        return await done(lambda: exported(review, format, pseudonyms=pseudonyms))

    @site.post("/api/verify", **add)
    async def verify(who: Owner, head: Annotated[str | None, Field(max_length=200)] = None) -> Any:
        """Recompute the archive; with the head of an earlier export, that it is still in it."""
        return _plain(await done(lambda: review.verify(head=head)))

    @site.exception_handler(AlignlabError)
    async def refused(_: Request, error: Exception) -> Response:
        status = 401 if isinstance(error, _NoTokenError) else notice_of(error).status
        headers = {"www-authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": printable(str(error))}, status, headers)

    @site.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"error": printable(f"{where}: {first['msg']}.")}, 422)


class _NoTokenError(AccessError):
    pass


def _clean(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said without what no file can hold: half letters and numbers that are none."""
    found: dict[str, Any] = _printed(plain(said))
    return found


def _printed(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_printed(each) for each in value]
    if isinstance(value, dict):
        return {printable(key): _printed(each) for key, each in value.items()}
    if isinstance(value, int) and abs(value) >= 2**53:
        raise InputError(f"{str(value)[:20]}… is a larger number than an answer can hold.")
    return value


def _case(case: Case | None) -> CaseOut | None:
    if case is None:
        return None
    advice = case.advice
    return CaseOut(
        lease=case.lease,
        key=case.key,
        kind=case.kind,
        content=dict(case.content),
        choices=list(case.choices),
        stage=case.stage,
        advice=None
        if advice is None
        else AdviceOut(decision=advice.decision, confidence=advice.confidence),
        card=withheld(case.card),
        on_demand=case.on_demand,
        own=None if case.own is None else dict(case.own),
        said=[dict(each) for each in case.said],
        answered=case.answered,
        expires=case.expires,
    )


def _plain(found: Any) -> Any:
    return plain(asdict(found) if is_dataclass(found) and not isinstance(found, type) else found)
