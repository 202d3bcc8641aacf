"""How every page is answered: its frame, its status, and its errors in words."""

import logging
import os
import shlex
from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from crosswatch import __version__, words
from crosswatch.errors import CrossWatchError, HouseError
from crosswatch.services.house import House
from crosswatch.web.api.errors import is_api
from crosswatch.web.pages.alone import ErrorView
from crosswatch.web.pages.views import Area, Frame, Notice
from crosswatch.web.problems import headers_for, problem_response, status_of
from crosswatch.web.rendering import Assets, Pages
from crosswatch.web.security import CALLBACK

log = logging.getLogger(__name__)

SETTINGS = "/settings/tmdb_sync"
_LOCALTIME = Path("/etc/localtime")
# After these nothing else here can be used, so the page leads nowhere.
_ALONE = frozenset(
    {
        "forbidden_host",
        "forbidden_origin",
        "setup_required",
        "config_broken",
        "key_wrong",
        "sealed_damaged",
        "database_newer",
        "database_broken",
    }
)
_CONNECT_AGAIN = frozenset(
    {"not_connected", "session_ended", "invalid_api_key", "suspended_api_key", "account_changed"}
)


class Shower:
    """Answers with pages. One per application; nothing is loaded before the first page is asked for."""

    def __init__(self, house: House) -> None:
        self._house = house

    @cached_property
    def _pages(self) -> Pages:
        return Pages(Assets())

    def page(
        self,
        request: Request,
        template: str,
        view: object,
        *,
        area: Area = Area.NONE,
        nav: bool = True,
        error: CrossWatchError | None = None,
    ) -> Response:
        """A page; with the status and headers of ``error``, which stands in its view."""
        frame = self._frame(request, area, nav=nav)
        status = 200 if error is None else status_of(error)
        headers = {} if error is None else headers_for(status, error.params)
        return HTMLResponse(self._pages.render(template, frame, view), status, headers)

    def fragment(self, request: Request, template: str, view: object) -> str:
        """A part of a page as HTML, as it is at this moment."""
        return self._pages.render(f"fragments/{template}", self._frame(request, Area.NONE), view)

    def alone(self, request: Request, template: str, view: object, status: int) -> Response:
        """A page without the navigation, for whoever is not in yet."""
        frame = self._frame(request, Area.NONE, nav=False)
        return HTMLResponse(self._pages.render(template, frame, view), status)

    def tell(self, code: str, status: int, params: Mapping[str, object], request: Request) -> Response:
        """The answer to an error wherever it happens: a page for browsers, a problem document for programs."""
        if is_api(request):
            return problem_response(code, status, params)
        notice = Notice(words.say(code, params), *_way_out(code))
        view = ErrorView(status, notice, _command(code, params))
        nav = code not in _ALONE and not _path(request).startswith(CALLBACK)
        try:
            html = self._pages.render("error.html", self._frame(request, Area.NONE, nav=nav), view)
        except HouseError as error:  # the pages' own files are missing, so there are words and nothing else
            log.error("no page can be shown: %s", error)
            said = words.say(error.code, error.params)
            return PlainTextResponse(f"{notice.said.whole}\n\n{said.whole}\n", status_of(error))
        return HTMLResponse(html, status, headers_for(status, params))

    @property
    def zone(self) -> tzinfo:
        """The time zone in which pages tell the time."""
        return self._taste()[1]

    def _frame(self, request: Request, area: Area, *, nav: bool = True) -> Frame:
        theme, zone = self._taste()
        return Frame(
            now=self._house.clock.now_ms(),
            area=area,
            base_path=request.scope.get("root_path", ""),
            theme=theme,
            zone=zone,
            version=__version__,
            nav=nav,
            signed_in=nav and request.scope.get("signed_in", False),
        )

    def _taste(self) -> tuple[str, tzinfo]:
        """Theme and time zone; an unreadable document is told elsewhere, and its page has the defaults."""
        try:
            config = self._house.config
            return str(config.get("ui.theme")), _zone(str(config.get("ui.timezone")))
        except HouseError:
            return "auto", _zone("")


async def shower_of(request: Request) -> Shower:
    """The one of the application that answers this request."""
    show = request.app.state.show
    assert isinstance(show, Shower)
    return show


ShowDep = Annotated[Shower, Depends(shower_of)]


def notice_of(error: CrossWatchError) -> Notice:
    """An error in words, with a button to where the next step is taken."""
    return notice(error.code, error.params)


def notice(code: str, params: Mapping[str, object]) -> Notice:
    """The same by code."""
    link = (SETTINGS, "Look at the connection") if code in _CONNECT_AGAIN else ("", "")
    return Notice(words.say(code, params), *link)


def _way_out(code: str) -> tuple[str, str]:
    if code == "setup_required":
        return "/set-up", "Set a password"
    if code in _ALONE or code == "too_large":
        return "", ""
    if code in _CONNECT_AGAIN or code == "unknown_instance":
        return SETTINGS, "Look at the connection"
    return "/", "Go to Home"


def _command(code: str, params: Mapping[str, object]) -> str:
    """What mends it, ready to copy."""
    if code != "config_broken" or not params.get("last_good"):
        return ""
    return shlex.join(["cp", str(params["last_good"]), str(params["path"])])


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))


@lru_cache(maxsize=8)
def _zone(name: str) -> tzinfo:
    """The time zone that was chosen, else that of this machine."""
    try:
        if name or os.environ.get("TZ"):
            return ZoneInfo(name or os.environ["TZ"].lstrip(":"))
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return UTC
