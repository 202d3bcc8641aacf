"""The Starlette app: the API under /3, TMDb's web pages, its images, and the simulator's own controls."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator


class ResolvePath:
    """Resolves ".." after the one decoding of percent-escapes, as TMDb's edge does (seen live by others)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "/.." in scope["path"]:
            scope = {**scope, "path": posixpath.normpath(scope["path"])}
        await self._app(scope, receive, send)


def make_app(sim: Simulator) -> Starlette:
    """The app that serves this simulator."""
    from crosswatch.simulators.tmdb.control import control_routes
    from crosswatch.simulators.tmdb.edge import Edge
    from crosswatch.simulators.tmdb.images import image
    from crosswatch.simulators.tmdb.pages import Pages

    def draw(request: Request) -> Response:
        sim.traffic.counters["GET /t/p"] += 1
        return image(sim, request)

    edge = Edge(sim)
    routes = [
        Mount("/3", app=edge),
        Mount("/4", app=edge),
        Route("/t/p/{size}/{path}", draw),
        *control_routes(sim),
        *Pages(sim).routes,
    ]
    return Starlette(routes=routes, middleware=[Middleware(ResolvePath)])
