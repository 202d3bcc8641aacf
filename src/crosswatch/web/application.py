"""The application that answers every request: who may call, then pages and API over one open house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from crosswatch import __version__
from crosswatch.services.house import House
from crosswatch.web.api import (
    attention,
    config,
    documentation,
    pairs,
    plans,
    providers,
    runs,
    status,
    tmdb,
    tmdb_sync,
)
from crosswatch.web.api.documentation import Described
from crosswatch.web.api.errors import handle_errors
from crosswatch.web.faults import Faults
from crosswatch.web.pages import activity, connecting, home, inbox, metadata, pairing, planning, settings
from crosswatch.web.pages.entering import entering_routes
from crosswatch.web.pages.showing import Shower
from crosswatch.web.parts import Parts
from crosswatch.web.reached import listens_on_loopback
from crosswatch.web.rendering import ASSETS_PATH, DIST
from crosswatch.web.security import Security
from crosswatch.web.static import Built

_API = (status, tmdb_sync, tmdb, pairs, plans, runs, attention, providers, config, documentation)
_PAGES = (home, planning, pairing, inbox, activity, settings, metadata, connecting)


def make_application(house: House) -> ASGIApp:
    """Pages and API of an open house, right below a base path whether a proxy strips it or not.

    Its shutdown closes the house. Streams would keep a server from ending: call ``begin_to_close`` when it begins to.
    """
    parts, show = Parts.of(house), Shower(house)
    app = Described(
        title="CrossWatch",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=documentation.operation_id,
        lifespan=_lifespan,
    )
    app.state.parts, app.state.show = parts, show
    for module in (*_API, *_PAGES):
        app.include_router(module.router)
    app.router.routes.extend(entering_routes(parts.people, show.alone))
    app.mount(ASSETS_PATH, Built(DIST))
    handle_errors(app, show.tell)
    # The last one added is the outermost: nothing is looked at before it is known who may call.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Faults, tell=show.tell)
    app.add_middleware(
        Security,
        settings=house.settings,
        door=parts.people,
        render_error=show.tell,
        tmdb_web_url=lambda: house.config.tmdb_service().web_url,
    )
    return app


def begin_to_close(app: ASGIApp) -> None:
    """Ends the application's event streams within a second, as long as its server still waits for them."""
    assert isinstance(app, FastAPI)
    app.state.parts.closing.set()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    if not listens_on_loopback(parts.house.settings.host):
        await parts.people.announce_set_up()
    yield
    begin_to_close(app)
    await parts.house.close()
