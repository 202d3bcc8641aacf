"""Serves the states of page_states.py on 127.0.0.1, under the content policy that the real pages have."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crosswatch.web.pages.views import Frame, PairState
from crosswatch.web.rendering import ASSETS_PATH, DIST, Assets, Pages
from tests.browser.page_states import NOW, READING, STATES, State, home, pair, tmdb

POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "form-action 'self' https://www.themoviedb.org"
)
PAGES = Pages(Assets())


def render(state: State, *, theme: str = "auto", base_path: str = "", fragment: str = "") -> str:
    """One state as HTML; ``fragment`` instead of its own template."""
    frame = Frame(NOW, state.area, base_path, theme, version="0.1.0", nav=state.nav, signed_in=state.signed_in)
    return PAGES.render(fragment or state.template, frame, state.view)


@dataclass
class Served:
    """A running server: its address, what it was asked for, and the state that polls of the connection see."""

    url: str
    asked: list[str] = field(default_factory=list)
    connection: State = field(default_factory=tmdb)
    next_message: threading.Event = field(default_factory=threading.Event)


def _message(state: State) -> bytes:
    html = render(state, fragment="fragments/home_live.html")
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode() + b"\n"


def _application(served: Callable[[], Served]) -> Starlette:
    async def page(request: Request) -> Response:
        served().asked.append(request.url.path)
        theme = request.query_params.get("theme", "auto")
        return HTMLResponse(
            render(STATES[request.path_params["name"]], theme=theme), headers={"Content-Security-Policy": POLICY}
        )

    async def connection(request: Request) -> Response:
        served().asked.append(request.url.path)
        return HTMLResponse(render(served().connection, fragment="fragments/tmdb_sync_state.html"))

    async def stream(request: Request) -> Response:
        half = replace(READING, done=2602, phase="writing")
        states = (home(pair(PairState.RUNNING, half)), home(pair(PairState.IN_STEP)))

        async def messages() -> AsyncIterator[bytes]:
            for state in states:
                yield _message(state)
                while not served().next_message.is_set():
                    await _short_pause()
                served().next_message.clear()
            yield b"event: done\ndata:\n\n"

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
            Mount(ASSETS_PATH, StaticFiles(directory=DIST)),
        ]
    )


async def _short_pause() -> None:
    import anyio

    await anyio.sleep(0.02)


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
        served.next_message.set()
        server.should_exit = True
        thread.join(10)
        listener.close()


