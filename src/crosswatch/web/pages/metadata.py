"""Metadata: TMDb: the key that makes matching better. It is tested before it is kept, and never shown again."""

import asyncio
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from crosswatch.errors import CrossWatchError
from crosswatch.web.pages.forms import read_form
from crosswatch.web.pages.home import to
from crosswatch.web.pages.showing import ShowDep, notice_of
from crosswatch.web.pages.views import Area, KeyView, MetadataView, Notice
from crosswatch.web.parts import Parts, PartsDep

router = APIRouter(include_in_schema=False)

PAGE = "/settings/tmdb_metadata"
_KEY = "tmdb.api_key"


@router.api_route(PAGE, methods=["GET", "HEAD"])
async def metadata(request: Request, parts: PartsDep, show: ShowDep, said: str = "") -> Response:
    """How the key stands as far as it is stored; TMDb is asked by Verify and Save alone."""
    view = metadata_view(parts)
    good = said == "accepted" and (view.key.stored or view.shared)
    return show.page(request, "tmdb_metadata.html", replace(view, accepted=good), area=Area.SETTINGS)


@router.post(f"{PAGE}/save")
async def save(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Keeps a key that TMDb accepts."""
    key = (await read_form(request)).get("api_key")
    try:
        await parts.metadata.save(key)
    except CrossWatchError as error:
        return _again(request, parts, show, error)
    return to(request, f"{PAGE}?said=accepted")


@router.post(f"{PAGE}/verify")
async def verify(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Asks TMDb about the key that is used."""
    error = await parts.metadata.verify()
    if error is not None:
        return _again(request, parts, show, error)
    return to(request, f"{PAGE}?said=accepted")


@router.post(f"{PAGE}/remove")
async def remove(request: Request, parts: PartsDep, show: ShowDep) -> Response:
    """Forgets the key; that of the default account is used then, where there is one."""
    try:
        await asyncio.to_thread(parts.metadata.remove)
    except CrossWatchError as error:
        return _again(request, parts, show, error)
    return to(request, PAGE)


def metadata_view(parts: Parts) -> MetadataView:
    """The key as far as it may be seen."""
    config = parts.house.config
    own = config.masked()["tmdb"].get("api_key") or {}
    key = KeyView(bool(own.get("set")), str(own.get("hint", "")), config.variable(_KEY))
    return MetadataView(
        key,
        shared=not key.stored and bool(config.metadata_key()),
        keys_page=f"{config.tmdb_service().web_url}/settings/api",
    )


def _again(request: Request, parts: Parts, show: ShowDep, error: CrossWatchError) -> Response:
    view = replace(metadata_view(parts), notice=Notice(notice_of(error).said))
    return show.page(request, "tmdb_metadata.html", view, area=Area.SETTINGS, error=error)
