"""The review site: one application over one review.

    from alignlab.web import app
    application = app(Review.open("my-review"))

Pages are for people with a browser and a session; `/api` is for programs with a token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from alignlab.oversight.review import Review
from alignlab.web import dashboard, entering, findings, keys, pages, trusting
from alignlab.web.api import add_api
from alignlab.web.asking import Room, endpoint, refusal
from alignlab.web.notices import NO_SUCH_PAGE
from alignlab.web.rendering import assets, warm
from alignlab.web.security import LOOPBACK, Guard

__all__ = ["app"]

WORKERS = 4
"""Threads in which pages wait for the database."""

SILENT: Any = dict.fromkeys(("tracing", "metrics", "logs", "auto_configure"), False)
"""FastAPI reports addresses, with an invitation's token, and bodies where the environment, or the
program that the site is a part of, names a collector; versions that know of none pass it over."""

FOREVER = "public, max-age=31536000, immutable"


def app(
    review: Review,
    *,
    hosts: Collection[str] = LOOPBACK,
    addresses: bool = False,
    https: bool = False,
) -> FastAPI:
    """Return the site of a review, as an ASGI application.

    `serve` runs it; take the application itself to run it under a server of your own.

    Parameters
    ----------
    review
        An open review; the site does not close it.
    hosts
        The names by which people reach the site, without port. A request for any other name is
        refused.
    addresses
        Whether any address in numbers is accepted as well.
    https
        Whether people reach the site by TLS, such as behind a proxy: cookies are then sent by TLS
        only.

    Returns
    -------
    fastapi.FastAPI
        Its OpenAPI description is at `/api/openapi.json`.
    """
    worker = ThreadPoolExecutor(WORKERS, thread_name_prefix="review")
    room = Room(review, worker, https)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker.submit(warm)
        yield
        worker.shutdown(wait=True)

    site = FastAPI(
        title="A review site of alignlab",
        description="What a program may do in a review, with a person's token.",
        openapi_url="/api/openapi.json",
        # Both load scripts of other sites.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=SILENT,
    )
    # A redirect to the same address with or without a slash would be an address that is nowhere.
    site.router.redirect_slashes = False
    routes = _routes(room)
    site.router.routes.extend(routes)
    add_api(site, room)
    site.add_middleware(Direct, routes=routes)
    site.add_middleware(Guard, hosts=hosts, addresses=addresses, https=https)

    nowhere = endpoint(room, lambda asked: refusal(asked, NO_SUCH_PAGE), entered=False)

    @site.exception_handler(404)
    async def lost(request: Request, _: Exception) -> Response:
        return await nowhere(request)

    return site


class Direct:
    """Answers the addresses of pages before the router and its layers, which serve the API.

    They take a tenth of the time of an answer and do nothing for it. What is not found here, such
    as another method, goes on to the router.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[Route]) -> None:
        self.app = app
        self.pages = {
            (method, route.path): route.endpoint
            for route in routes
            if "{" not in route.path
            for method in (route.methods or set()) - {"HEAD"}
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the router."""
        page = self.pages.get((scope.get("method", ""), scope.get("path", "")))
        if page is None:
            await self.app(scope, receive, send)
            return
        response = await page(Request(scope, receive))
        await response(scope, receive, send)


def _routes(room: Room) -> list[Route]:
    def route(path: str, page: Any, method: str = "GET", **how: Any) -> Route:
        return Route(path, endpoint(room, page, **how), methods=[method], include_in_schema=False)

    here = {"on_fault": pages.in_place}
    return [
        route("/answer", pages.answer, "POST", short=True, **here),
        route("/step", pages.step, "POST", **here),
        route("/", pages.work, short=True),
        route("/work", pages.work_part, short=True),
        route("/undo", pages.undo, "POST", **here),
        route("/reveal", pages.reveal, "POST", **here),
        route("/media/{name}", pages.media),
        route("/keys", keys.keys_page),
        route("/trust", trusting.trust_form),
        route("/trust", trusting.trusted, "POST", on_fault=trusting.in_place),
        route("/dashboard", dashboard.dashboard_page, owner=True),
        route("/dashboard/verify", dashboard.verified, "POST", owner=True),
        route("/dashboard/export", dashboard.download, owner=True),
        route("/findings", findings.findings_page, owner=True),
        route("/enter", entering.enter, entered=False),
        route("/sign-in", entering.sign_in_form, entered=False),
        route("/sign-in", entering.sign_in, "POST", entered=False),
        route("/sign-out", entering.leave, "POST"),
        Route("/static/{name}", _static, methods=["GET"], include_in_schema=False),
    ]


async def _static(request: Request) -> Response:
    found = assets().get(request.path_params["name"])
    if found is None:
        return Response("There is no such file.\n", 404, media_type="text/plain")
    # Under its digest a file never changes; modules that load each other name none.
    named = request.query_params.get("v") == found.digest
    headers = {"etag": f'"{found.digest}"', "cache-control": FOREVER if named else "no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, 200, {**headers, "content-type": found.kind})
