"""Serves the states of page_states.py on 127.0.0.1, under the content policy that the real pages have."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crosswatch.web.pages.views import Frame
from crosswatch.web.rendering import ASSETS_PATH, DIST, Assets, Pages
from tests.browser.page_parts import NOW, State
from tests.browser.page_states import STATES
from tests.browser.page_states_settings import tmdb

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; "
    "form-action 'self' https://www.themoviedb.org; frame-ancestors 'none'; base-uri 'none'"
)
PAGES = Pages(Assets())


def render(state: State, *, theme: str = "auto", base_path: str = "", fragment: str = "") -> str:
    """One state as HTML; ``fragment`` instead of its own template."""
    frame = Frame(
        NOW, state.area, base_path, theme, version="0.1.0", nav=state.nav, signed_in=state.signed_in
    )
    return PAGES.render(fragment or state.template, frame, state.view)


@dataclass
class Served:
    """A running server: its address and what it was asked for.

    ``connection`` is what polls of the connection see; ``stream`` is sent one by one, each when ``next_message``
    is set, and then the stream says that it is done; ``broken`` makes it
    fail, ``left`` tells that the page has closed it after its end.
    """

    url: str
    asked: list[str] = field(default_factory=list)
    connection: State = field(default_factory=tmdb)
    stream: tuple[State, ...] = ()
    broken: bool = False
    next_message: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)


def _message(state: State) -> bytes:
    html = render(state, fragment="fragments/home_live.html")
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode() + b"\n"


def _application(served: Callable[[], Served]) -> Starlette:
    async def page(request: Request) -> Response:
        served().asked.append(request.url.path)
        theme = request.query_params.get("theme", "auto")
        return HTMLResponse(
            render(STATES[request.path_params["name"]], theme=theme),
            headers={"Content-Security-Policy": POLICY},
        )

    async def connection(request: Request) -> Response:
        served().asked.append(request.url.path)
        return HTMLResponse(render(served().connection, fragment="fragments/tmdb_sync_state.html"))

    async def stream(_request: Request) -> Response:
        if served().broken:
            return Response("Service unavailable", 503)

        async def messages() -> AsyncIterator[bytes]:
            yield b": open\n\n"
            for state in served().stream:
                while not (served().next_message.is_set() or served().closing.is_set()):
                    await anyio.sleep(0.02)
                served().next_message.clear()
                yield _message(state)
            if served().stream:
                yield b"event: done\ndata:\n\n"
            try:
                while not served().closing.is_set():
                    await anyio.sleep(0.02)
            finally:
                if not served().closing.is_set():
                    served().left.set()

        return StreamingResponse(messages(), media_type="text/event-stream")

    async def connect(request: Request) -> Response:
        served().asked.append(request.url.path)
        return HTMLResponse("<title>TMDb</title>approve here")

    return Starlette(
        routes=[
            Route("/state/{name}", page),
            Route("/settings/tmdb_sync/state", connection),
            Route("/settings/tmdb_sync/connect", connect, methods=["POST"]),
            Route("/stream", stream),
            Route("/runs/{id}/stream", stream),
            Mount(ASSETS_PATH, StaticFiles(directory=DIST)),
        ]
    )


@contextmanager
def serving() -> Iterator[Served]:
    """The server on a free port, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(
        uvicorn.Config(
            _application(lambda: served), log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.closing.set()
        server.should_exit = True
        thread.join(10)
        listener.close()
