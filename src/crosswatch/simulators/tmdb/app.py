"""The Starlette app: the API under /3, TMDb's web pages, its images, and the simulator's own controls."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
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
    from crosswatch.simulators.tmdb.edge import Edge

    edge = Edge(sim)
    routes = [Mount("/3", app=edge), Mount("/4", app=edge)]
    return Starlette(routes=routes, middleware=[Middleware(ResolvePath)])
