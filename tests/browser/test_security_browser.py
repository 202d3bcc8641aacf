"""A real browser agrees: our forms pass, TMDb may send people back, and another site's page reaches nothing."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from crosswatch.settings import Settings
from crosswatch.web.problems import problem
from crosswatch.web.security import Security

pytestmark = pytest.mark.browser


class NoPassword:
    async def password_is_set(self) -> bool:
        return False

    async def is_signed_in(self, session: str) -> bool:
        return False


@contextmanager
def served(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, proxy_headers=False, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def listening() -> tuple[socket.socket, int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(50)
    return listener, listener.getsockname()[1]


def test_our_forms_pass_and_another_sites_page_does_not(chromium: str, tmp_path: object) -> None:
    (ours, port), (theirs, their_port) = listening(), listening()
    here, there = f"http://localhost:{port}", f"http://127.0.0.1:{their_port}"
    reached: list[tuple[str, str | None]] = []

    def seen(request: Request, answer: Response) -> Response:
        reached.append((request.url.path, request.headers.get("origin")))
        return answer

    async def start(request: Request) -> Response:
        return HTMLResponse(
            '<form method="post" action="/go" target="_blank"><button id="go">Connect</button></form>'
        )

    async def go(request: Request) -> Response:
        return seen(request, RedirectResponse(f"{there}/approve", 303))

    async def back(request: Request) -> Response:
        return seen(request, RedirectResponse("/end", 303))

    async def end(request: Request) -> Response:
        return seen(request, HTMLResponse('<p id="end">Connected</p>'))

    async def api(request: Request) -> Response:
        return seen(request, JSONResponse({}))

    async def approve(request: Request) -> Response:
        return HTMLResponse(f"""<form method="post" action="/yes"><button id="yes">Yes</button></form>
            <img src="{here}/connect/tmdb_sync/state"><iframe src="{here}/end"></iframe>
            <script>
              const tries = [
                fetch("{here}/api/x"),
                fetch("{here}/api/x", {{mode: "no-cors"}}),
                fetch("{here}/api/x", {{method: "POST", mode: "no-cors", body: "{{}}"}}),
                fetch("{here}/api/x", {{method: "PUT", headers: {{"Content-Type": "application/json"}}}}),
              ]
              Promise.allSettled(tries).then(() => document.body.id = "tried")
            </script>""")

    async def yes(request: Request) -> Response:
        return RedirectResponse(f"{here}/connect/tmdb_sync/state", 302)

    app = Security(
        Starlette(
            routes=[
                Route("/", start),
                Route("/go", go, methods=["POST"]),
                Route("/connect/tmdb_sync/{state}", back),
                Route("/end", end),
                Route("/api/x", api, methods=["GET", "POST", "PUT", "OPTIONS"]),
            ]
        ),
        settings=Settings(home=str(tmp_path)),
        door=NoPassword(),
        render_error=lambda code, status, params, request: problem(code, status, **params),
        tmdb_web_url=lambda: there,
    )
    other = Starlette(routes=[Route("/approve", approve), Route("/yes", yes, methods=["POST"])])
    with served(app, ours), served(other, theirs), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{here}/")
        with page.expect_popup() as opened:
            page.click("#go")
        tab = opened.value
        tab.wait_for_selector("body#tried")
        assert reached == [("/go", here)]
        tab.click("#yes")
        tab.wait_for_selector("#end")
        assert reached == [("/go", here), ("/connect/tmdb_sync/state", None), ("/end", None)]
        browser.close()
