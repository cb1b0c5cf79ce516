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

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from alignlab.errors import AccessError, AlignlabError, InputError
from alignlab.oversight.archive.people import Person
from alignlab.oversight.items import Case
from alignlab.plain import plain, printable
from alignlab.web.asking import Room
from alignlab.web.exporting import Format, exported
from alignlab.web.interviews import require_answerable
from alignlab.web.notices import notice_of
from alignlab.web.pages import MOST_MS, withheld

__all__ = ["add_api"]

MOST_DEEP = 8
"""Lists and objects within each other in an answer; an interview's reply has two."""

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
        400: "The body is not JSON.",
        401: "There is no token.",
        403: "The token opens nothing here.",
        409: "The case is no longer this person's.",
        413: "The body is too large.",
        422: "What was sent cannot be used.",
        503: "The database did not take it: nothing was saved.",
    }.items()
}


router = APIRouter(prefix="/api", tags=["review"], responses=ERRORS)
bearer = HTTPBearer(auto_error=False, description="The token of an invitation.")


async def room_of(request: Request) -> Room:
    """Return what the site's addresses share."""
    found: Room = request.app.state.room
    return found


RoomHere = Annotated[Room, Depends(room_of)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def person_of(room: RoomHere, given: Credentials) -> Person:
    """Return whose token was sent."""
    if given is None:
        raise _NoTokenError(NO_TOKEN)
    token = given.credentials
    found = await room.done(lambda: room.review.person(token)) if token.isascii() else None
    if found is None:
        raise AccessError("This token opens nothing: it is unknown, or was taken back.")
    return found


Someone = Annotated[Person, Depends(person_of)]


async def owner_of(person: Someone) -> Person:
    """Return whose token was sent, if it is an owner's."""
    if person.role != "owner":
        raise AccessError("This is the owner's: use an owner's token.")
    return person


Owner = Annotated[Person, Depends(owner_of)]


@router.post("/next")
async def next_case(room: RoomHere, who: Someone) -> NextOut:
    """Return the case that this person holds, or the next one."""
    return NextOut(case=_case(await room.done(lambda: room.review.next(who.name))))


@router.post("/step")
async def step(room: RoomHere, who: Someone, given: StepIn) -> NextOut:
    """Take an own answer before advice, or one reply of an interview."""
    said, seen = _clean(given.said), given.visible_ms
    await room.done(lambda: _require_answerable(room, who, said))
    case = await room.done(lambda: room.review.step(who.name, given.lease, said, visible_ms=seen))
    return NextOut(case=_case(case))


@router.post("/submit")
async def submit(room: RoomHere, who: Someone, given: SubmitIn) -> SubmittedOut:
    """Take an answer, to stay; the same answer sent again is acknowledged again."""
    review, said, seen = room.review, _clean(given.said), given.visible_ms
    case: Case | None = None
    await room.done(lambda: _require_answerable(room, who, said))
    if given.and_next:
        receipt, case = await room.done(
            lambda: review.submit_and_next(who.name, given.lease, said, visible_ms=seen)
        )
    else:
        receipt = await room.done(
            lambda: review.submit(who.name, given.lease, said, visible_ms=seen)
        )
    kept = ReceiptOut(seq=receipt.seq, hash=receipt.hash, duplicate=receipt.duplicate)
    return SubmittedOut(receipt=kept, case=_case(case))


@router.post("/undo")
async def undo(room: RoomHere, who: Someone) -> NextOut:
    """Take the last answer back and return its case; none where there is no such answer."""
    return NextOut(case=_case(await room.done(lambda: room.review.undo(who.name))))


@router.post("/reveal")
async def reveal(room: RoomHere, who: Someone, given: RevealIn) -> CardOut:
    """Return the explanation that waits to be asked for; that it was seen is recorded."""
    card = await room.done(lambda: room.review.reveal(who.name, given.lease))
    return CardOut(card=withheld(card))


@router.get("/status")
async def status(room: RoomHere, _: Owner) -> dict[str, Any]:
    """Return how far the review is."""
    found: dict[str, Any] = plain(asdict(await room.done(room.review.status)))
    return found


@router.get("/export", response_class=FileResponse)
async def export(
    room: RoomHere, _: Owner, format: Format = "jsonl", pseudonyms: bool = False
) -> Response:
    """Return what people said; the header `X-Alignlab-Head` is the archive's head."""
    return await room.done(lambda: exported(room.review, format, pseudonyms=pseudonyms))


@router.post("/verify")
async def verify(
    room: RoomHere, _: Owner, head: Annotated[str | None, Query(max_length=200)] = None
) -> dict[str, Any]:
    """Recompute the archive; with the head of an earlier export, that it is still in it."""
    found: dict[str, Any] = plain(asdict(await room.done(lambda: room.review.verify(head=head))))
    return found


def add_api(site: FastAPI, room: Room) -> None:
    """Add the addresses under `/api` to the site."""
    site.state.room = room
    site.include_router(router)

    @site.exception_handler(AlignlabError)
    async def refused(_: Request, error: Exception) -> Response:
        status = 401 if isinstance(error, _NoTokenError) else notice_of(error).status
        headers = {"www-authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": printable(str(error))}, status, headers)

    @site.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: Exception) -> Response:
        first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
        where = ".".join(str(part) for part in first.get("loc", ()))
        told = f"{where}: {first.get('msg', 'this cannot be used')}."
        return JSONResponse({"error": printable(told)}, 422)

    @site.exception_handler(400)
    async def unread(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": "The body is not JSON that can be read."}, 400)


class _NoTokenError(AccessError):
    pass


def _require_answerable(room: Room, who: Person, said: dict[str, Any]) -> None:
    if "question" in said:
        require_answerable(room.review.held(who.name), said)


def _clean(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said without what no file can hold, such as half letters."""
    return {printable(key): _printed(each, MOST_DEEP) for key, each in said.items()}


def _printed(value: Any, deep: int) -> Any:
    if deep == 0:
        raise InputError(f"An answer is nested at most {MOST_DEEP} deep.")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_printed(each, deep - 1) for each in value]
    if isinstance(value, dict):
        return {printable(key): _printed(each, deep - 1) for key, each in value.items()}
    # Python reads NaN and Infinity in JSON, which has neither.
    if isinstance(value, int | float) and not abs(value) < 2**53:
        raise InputError(f"{str(value)[:20]} is no number that an answer can hold.")
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
