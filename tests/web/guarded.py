"""The guard around a tiny application, and a caller from anywhere with any headers."""

from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from crosswatch import words
from crosswatch.errors import HouseError
from crosswatch.settings import Settings
from crosswatch.web.security import (
    Security,
    drop_session_cookie,
    session_of,
    set_session_cookie,
)

HOST = "127.0.0.1:8787"
ME = ("127.0.0.1", 50000)
SOMEBODY = ("192.168.1.7", 50000)
PROXY = ("10.0.0.9", 50000)
PAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
JSON = {"Content-Type": "application/json"}


class Doors:
    """One session, where there is a password at all."""

    def __init__(self, *, password: bool) -> None:
        self.password = password
        self.broken = False

    async def password_is_set(self) -> bool:
        if self.broken:
            raise HouseError("database_broken", path="x", reason="torn")
        return self.password

    async def is_signed_in(self, session: str) -> bool:
        return session == "good"


async def echo(request: Request) -> Response:
    body = await request.body()
    client = request.client.host if request.client else ""
    return JSONResponse({
        "path": request.scope["path"], "root": request.scope.get("root_path", ""), "client": client,
        "scheme": request.url.scheme, "host": request.headers.get("host", ""), "length": len(body),
        "signed_in": request.scope["signed_in"], "base": str(request.base_url),
    })  # fmt: skip


async def sign_in(request: Request) -> Response:
    response = PlainTextResponse(session_of(request))
    set_session_cookie(response, "good", request)
    return response


async def sign_out(request: Request) -> Response:
    response = PlainTextResponse("")
    drop_session_cookie(response, request)
    return response


async def asset(_: Request) -> Response:
    return PlainTextResponse("x", headers={"Cache-Control": "max-age=31536000"})


ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROUTES = [
    Route("/assets/app.css", asset),
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/{rest:path}", echo, methods=ALL),
]


def page(code: str, status: int, params: Mapping[str, object], request: Request) -> Response:
    return PlainTextResponse(f"page: {words.say(code, params).whole} at {request.url.path}", status)


def guarded(
    *,
    door: Doors | None = None,
    web_url: Callable[[], str] = lambda: "https://www.themoviedb.org",
    **given: Any,
) -> Security:
    return Security(
        Starlette(routes=ROUTES),
        settings=Settings(**{"home": "/nowhere", **given}),
        door=door or Doors(password=False),
        render_error=page,
        tmdb_web_url=web_url,
    )


def ask(
    app: Security,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    client: tuple[str, int] = ME,
    content: bytes | None = None,
) -> httpx2.Response:
    async def run() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, client=client)
        async with httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}") as caller:
            return await caller.request(method, path, headers=headers, content=content)

    return anyio.run(run)


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["code"]) if "problem" in answer.headers["content-type"] else ""


LOCAL = guarded()
